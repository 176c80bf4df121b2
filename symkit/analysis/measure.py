"""Gaussian moments and features measured in float64, quickly and without proof."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from symkit.analysis.breakpoints import DENSE
from symkit.analysis.curve import Curve
from symkit.analysis.expectation import Expectation, expectations
from symkit.analysis.features import features
from symkit.analysis.obstacles import hole
from symkit.analysis.subject import Subject
from symkit.evaluation.time_limit import OutOfTime, time_limit
from symkit.ir import ProgramBuilder
from symkit.text import Expression

SECONDS = 2.0
"""Time for measuring, which functions need that float64 cannot represent."""

TOO_LONG = f"takes more than {SECONDS:g} seconds to be measured"


@dataclass(frozen=True, slots=True)
class Moments:
    """Moments of f(X) for a normal X.

    Attributes:
        mean, variance, second_moment: E[f(X)], its variance and E[f(X)**2]; None where there is no such number.
        mean_error, variance_error: how far the numbers are off at most; None where there is no number.
        certified: whether all of this is proved: the errors, and that there is no number where there is none. Else
            the errors are estimates.
        reason: why a number is missing, in one sentence; empty if none is.
        second_moment_error: like the other errors.
        covariance, covariance_error: of f(X) and X, and its error.
    """

    mean: float | None
    variance: float | None
    second_moment: float | None
    mean_error: float | None
    variance_error: float | None
    certified: bool = False
    reason: str = ""
    second_moment_error: float | None = None
    covariance: float | None = None
    covariance_error: float | None = None


@dataclass(frozen=True, slots=True)
class Measures:
    """What a function does to a normal input and to a gradient, as far as it is measured quickly.

    Attributes:
        moments: of f(X).
        backward_gain: E[f'(X)**2], the factor on a gradient's variance; None where there is no such number.
        backward_reason: why it is missing, in one sentence.
        kinks: where f jumps, or f' jumps or has no bound, and f has one; ascending, within 10 deviations of the mean.
        poles: where f has no bound; likewise.
    """

    moments: Moments
    backward_gain: float | None
    backward_reason: str
    kinks: tuple[float, ...]
    poles: tuple[float, ...]


def measure(
    expression: Expression | str,
    *,
    mean: float = 0.0,
    variance: float = 1.0,
    parameters: Mapping[str, float] | None = None,
) -> Measures:
    """Moments, backward gain, kinks and poles at once; arguments and errors as for `moments`."""
    return measure_of(Subject.of(expression, mean, variance, parameters))


def measure_of(subject: Subject) -> Measures:
    """The same of a subject."""
    try:
        with time_limit(SECONDS):
            return _everything(subject)
    except OutOfTime:
        return Measures(_unmeasured(), None, f"No backward gain: the function {TOO_LONG}.", (), ())


def measured_moments(subject: Subject) -> Moments:
    """The moments."""
    try:
        with time_limit(SECONDS):
            return _moments(subject, subject.breakpoints)
    except OutOfTime:
        return _unmeasured()


def measured_gain(subject: Subject) -> tuple[float | None, str]:
    """E[f'(X)**2], or why there is no such number."""
    try:
        with time_limit(SECONDS):
            return _gain(subject, subject.joint_breakpoints)
    except OutOfTime:
        return None, f"No backward gain: the function {TOO_LONG}."


def _unmeasured() -> Moments:
    return Moments(None, None, None, None, None, False, f"No mean: the function {TOO_LONG}.")


def _everything(subject: Subject) -> Measures:
    points = subject.joint_breakpoints
    gain, reason = _gain(subject, points)
    found = _moments(subject, points)
    points = [point for point in points if abs(point - subject.normal.mean) <= DENSE * subject.normal.deviation]
    here, slope = (features(curve, subject.normal, points) for curve in (subject.curve, subject.slope))
    kinks = (here.jumps | slope.jumps | slope.unbounded) & ~here.unbounded
    return Measures(
        found,
        gain,
        reason,
        tuple(point for point, kink in zip(points, kinks, strict=True) if kink),
        tuple(point for point, pole in zip(points, here.unbounded, strict=True) if pole),
    )


def _moments(subject: Subject, points: Sequence[float]) -> Moments:
    """The moments, f being smooth but at `points`."""
    first, second, spread = expectations(
        subject.curve, subject.normal, points, (1, 2), variable=subject.variable, centred=True
    )
    reason = ""
    if first.reason:
        reason = f"No mean: the function {first.reason}."
    elif spread.reason:
        reason = f"No variance: the square of the function {spread.reason}."
    both = Expectation(None) if first.reason else _covariance(subject, points)
    return Moments(
        first.value,
        spread.value,
        second.value,
        first.error,
        spread.error,
        False,
        reason,
        second.error,
        both.value,
        both.error,
    )


def _covariance(subject: Subject, points: Sequence[float]) -> Expectation:
    """E[f(X)*(X - mean)]."""
    builder = ProgramBuilder()
    f = builder.term(builder.include(subject.program)[subject.program.root])
    x = builder.term(builder.input(subject.variable))
    product = builder.build([(f * (x - subject.normal.mean)).index])
    curve = Curve(product, subject.values, subject.variable)
    (found,) = expectations(curve, subject.normal, points, (1,), variable=subject.variable)
    return found


def _gain(subject: Subject, points: Sequence[float]) -> tuple[float | None, str]:
    gap = hole(subject.curve, subject.normal, points, subject.variable)
    if gap:
        return None, f"No backward gain: the function {gap}."
    (squared,) = expectations(subject.slope, subject.normal, points, (2,), variable=subject.variable)
    if squared.value is None:
        return None, f"No backward gain: the square of the derivative {squared.reason}."
    jumps = features(subject.curve, subject.normal, points).jumps
    for point, jump in zip(points, jumps, strict=True):
        if jump:
            return None, f"No backward gain: the function jumps at {subject.variable} = {point:.6g}."
    return squared.value, ""
