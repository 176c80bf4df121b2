"""Gaussian moments of activation functions, and what they do to a gradient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from symkit.analysis.breakpoints import DENSE
from symkit.analysis.expectation import expectations
from symkit.analysis.features import features
from symkit.analysis.obstacles import hole
from symkit.analysis.subject import Subject
from symkit.text import Expression


@dataclass(frozen=True, slots=True)
class Moments:
    """Moments of f(X) for a normal X.

    Attributes:
        mean, variance, second_moment: E[f(X)], its variance and E[f(X)**2]; None where there is no such number.
        mean_error, variance_error: estimates of how far the numbers are off; None where there is none.
        certified: whether the errors are proved bounds.
        reason: why a number is missing, in one sentence; empty if none is.
    """

    mean: float | None
    variance: float | None
    second_moment: float | None
    mean_error: float | None
    variance_error: float | None
    certified: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a function does to a normal input and to a gradient.

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


def moments(
    expression: Expression | str,
    *,
    mean: float = 0.0,
    variance: float = 1.0,
    parameters: Mapping[str, float] | None = None,
) -> Moments:
    """Mean and variance of f(X), X normal.

    Args:
        expression: an activation, or its text.
        mean, variance: of X; the variance, not the standard deviation.
        parameters: values of learnable parameters and of settable constants by name; initial values where not given.

    The integrals are taken piece by piece between the points where f is not smooth. A number that does not exist, or
    cannot be had reliably, is None, and `reason` says why.

    Raises:
        DomainError: for a loss, an unknown parameter, or a variance that is not positive and finite.
    """
    subject = Subject.of(expression, mean, variance, parameters)
    return _moments(subject, subject.breakpoints)


def backward_gain(
    expression: Expression | str,
    *,
    mean: float = 0.0,
    variance: float = 1.0,
    parameters: Mapping[str, float] | None = None,
) -> tuple[float | None, str]:
    """(E[f'(X)**2], ""), or (None, why there is no such number); arguments and errors as for `moments`.

    A function that jumps has none: its derivative is 0 on both sides and no function at the jump.
    """
    subject = Subject.of(expression, mean, variance, parameters)
    return _backward_gain(subject, subject.joint_breakpoints)


def analyze(
    expression: Expression | str,
    *,
    mean: float = 0.0,
    variance: float = 1.0,
    parameters: Mapping[str, float] | None = None,
) -> Analysis:
    """Moments, backward gain, kinks and poles at once; arguments and errors as for `moments`."""
    subject = Subject.of(expression, mean, variance, parameters)
    points = subject.joint_breakpoints
    gain, reason = _backward_gain(subject, points)
    measured = _moments(subject, points)
    points = [point for point in points if abs(point - mean) <= DENSE * subject.normal.deviation]
    here, slope = (features(curve, subject.normal, points) for curve in (subject.curve, subject.slope))
    kinks = (here.jumps | slope.jumps | slope.unbounded) & ~here.unbounded
    return Analysis(
        measured,
        gain,
        reason,
        tuple(point for point, kink in zip(points, kinks, strict=True) if kink),
        tuple(point for point, pole in zip(points, here.unbounded, strict=True) if pole),
    )


def _moments(subject: Subject, points: list[float]) -> Moments:
    first, second, spread = expectations(
        subject.curve, subject.normal, points, (1, 2), variable=subject.variable, centred=True
    )
    reason = ""
    if first.reason:
        reason = f"No mean: the function {first.reason}."
    elif spread.reason:
        reason = f"No variance: the square of the function {spread.reason}."
    return Moments(first.value, spread.value, second.value, first.error, spread.error, False, reason)


def _backward_gain(subject: Subject, points: list[float]) -> tuple[float | None, str]:
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
