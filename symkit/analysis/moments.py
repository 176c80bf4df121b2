"""Gaussian moments of activation functions, and what they do to a gradient."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from symkit.analysis.breakpoints import DENSE, breakpoints
from symkit.analysis.curve import Curve, Normal
from symkit.analysis.expectation import expectations
from symkit.analysis.features import features
from symkit.analysis.obstacles import hole
from symkit.errors import DomainError
from symkit.ir import Program, ProgramBuilder
from symkit.text import Expression, parse
from symkit.text.expression import needed_constants
from symkit.transform import gradient, stabilise


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
    subject = _Subject.of(expression, mean, variance, parameters)
    return subject.moments(subject.breakpoints)


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
    subject = _Subject.of(expression, mean, variance, parameters)
    return subject.backward_gain(subject.joint_breakpoints)


def analyze(
    expression: Expression | str,
    *,
    mean: float = 0.0,
    variance: float = 1.0,
    parameters: Mapping[str, float] | None = None,
) -> Analysis:
    """Moments, backward gain, kinks and poles at once; arguments and errors as for `moments`."""
    subject = _Subject.of(expression, mean, variance, parameters)
    points = subject.joint_breakpoints
    gain, reason = subject.backward_gain(points)
    measured = subject.moments(points)
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


@dataclass(frozen=True)
class _Subject:
    """An activation with a value for everything but its input, and the distribution of that."""

    program: Program
    values: Mapping[str, float]
    variable: str
    normal: Normal

    @classmethod
    def of(
        cls, expression: Expression | str, mean: float, variance: float, parameters: Mapping[str, float] | None
    ) -> _Subject:
        e = parse(expression) if isinstance(expression, str) else expression
        if e.kind != "activation":
            raise DomainError(
                f"{e} is of kind {e.kind}, of {', '.join(e.inputs) or 'no input'}; moments are those of an activation, "
                "a function of x alone"
            )
        if not math.isfinite(mean):
            raise DomainError(f"mean {mean!r} is not finite")
        if not (0 < variance < math.inf):
            raise DomainError(f"variance {variance!r} is not positive and finite; it is the square of the deviation")
        given = {name: float(value) for name, value in (parameters or {}).items()}
        settable = (*e.parameters, *needed_constants(e.program))
        unknown = [name for name in given if name not in settable]
        if unknown:
            raise DomainError(f"{unknown[0]!r} is no parameter; there are {', '.join(settable) or 'none'}")
        for name, value in given.items():
            if not math.isfinite(value):
                raise DomainError(f"parameter {name} = {value!r} is not finite")
        values = {**e.constant_values(**given), **e.parameters, **given}
        return cls(stabilise(e.program), values, e.inputs[0], Normal(float(mean), math.sqrt(variance)))

    @cached_property
    def curve(self) -> Curve:
        return Curve(self.program, self.values, self.variable)

    @cached_property
    def derivative(self) -> Program:
        return gradient(self.program, [self.variable])

    @cached_property
    def slope(self) -> Curve:
        return Curve(self.derivative, self.values, self.variable)

    @property
    def breakpoints(self) -> list[float]:
        """Those of f."""
        return breakpoints(self.program, self.values, self.variable, self.normal)

    @property
    def joint_breakpoints(self) -> list[float]:
        """Those of f and f'."""
        builder = ProgramBuilder()
        roots = [builder.include(program)[program.root] for program in (self.program, self.derivative)]
        return breakpoints(builder.build(roots), self.values, self.variable, self.normal)

    def moments(self, points: list[float]) -> Moments:
        first, second, spread = expectations(
            self.curve, self.normal, points, (1, 2), variable=self.variable, centred=True
        )
        reason = ""
        if first.reason:
            reason = f"No mean: the function {first.reason}."
        elif spread.reason:
            reason = f"No variance: the square of the function {spread.reason}."
        return Moments(first.value, spread.value, second.value, first.error, spread.error, False, reason)

    def backward_gain(self, points: list[float]) -> tuple[float | None, str]:
        gap = hole(self.curve, self.normal, points, self.variable)
        if gap:
            return None, f"No backward gain: the function {gap}."
        (squared,) = expectations(self.slope, self.normal, points, (2,), variable=self.variable)
        if squared.value is None:
            return None, f"No backward gain: the square of the derivative {squared.reason}."
        jumps = features(self.curve, self.normal, points).jumps
        for point, jump in zip(points, jumps, strict=True):
            if jump:
                return None, f"No backward gain: the function jumps at {self.variable} = {point:.6g}."
        return squared.value, ""
