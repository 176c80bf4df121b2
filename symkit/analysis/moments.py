"""Gaussian moments of activation functions, and what they do to a gradient, with proofs where there are any."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from symkit.analysis.certified.certificate import Answer, Request, expectations
from symkit.analysis.certified.quadrature import BITS
from symkit.analysis.measure import Measures, Moments, measured_gain, measured_moments
from symkit.analysis.subject import Subject
from symkit.evaluation.analytic import has_exact_slope, precision
from symkit.evaluation.point_bounds import float_above
from symkit.evaluation.time_limit import OutOfTime, time_limit
from symkit.text import Expression

SECONDS = 1.0
"""Time for proofs, after which the numbers are measured."""

LOOSE = 1e-9
"""A proved error larger than this part of the root mean square says less than an estimate."""

CONSTANT = 1e-20
"""A variance that may be 0 is, if it is known to this part of the second moment."""

MEAN, SECOND, COVARIANCE = Request(0, 1), Request(0, 2), Request(0, 1, weighted=True)
GAIN = Request(1, 2)


@dataclass(frozen=True, slots=True)
class Gain:
    """The backward gain E[f'(X)**2], the factor on a gradient's variance.

    Attributes:
        value: None where there is no such number.
        error: how far it is off at most; None where there is no number.
        certified: whether that is proved, or that there is no number; else the error is not known.
        reason: why there is no number, in one sentence.
    """

    value: float | None
    error: float | None
    certified: bool
    reason: str


def moments(
    expression: Expression | str,
    *,
    mean: float = 0.0,
    variance: float = 1.0,
    certified: bool = True,
    parameters: Mapping[str, float] | None = None,
) -> Moments:
    """Mean and variance of f(X) and its covariance with X, X normal.

    Args:
        expression: an activation, or its text.
        mean, variance: of X; the variance, not the standard deviation.
        certified: look for proved errors; False measures, with estimates of the errors.
        parameters: values of learnable parameters and of settable constants by name; initial values where not given.

    The integrals are taken piece by piece between the points where f is not smooth. A number that does not exist, or
    cannot be had reliably, is None, and `reason` says why.

    Raises:
        DomainError: for a loss, an unknown parameter, or a variance that is not positive and finite.
    """
    subject = Subject.of(expression, mean, variance, parameters)
    return moments_of(subject) if certified else measured_moments(subject)


def backward_gain(
    expression: Expression | str,
    *,
    mean: float = 0.0,
    variance: float = 1.0,
    parameters: Mapping[str, float] | None = None,
) -> tuple[float | None, str]:
    """(E[f'(X)**2], ""), or (None, why there is no such number), measured; arguments and errors as for `moments`.

    A function that jumps has none: its derivative is 0 on both sides and no function at the jump.
    """
    subject = Subject.of(expression, mean, variance, parameters)
    return measured_gain(subject)


def moments_of(subject: Subject, measured: Moments | None = None) -> Moments:
    """The moments with proved errors, or as measured where there is no proof."""
    first, second, both = _proved(subject, [MEAN, SECOND, COVARIANCE], slope=False)
    if first.value is not None and second.value is not None and both.value is not None:
        found = _all_four(first.value, second.value, both.value)
        if found is not None:
            return found
    if measured is None:
        measured = measured_moments(subject)
    if first.diverges:
        reason = measured.reason if measured.mean is None else f"No mean: {_grows(subject)}."
        return Moments(None, None, None, None, None, True, reason)
    if first.value is not None and second.diverges:
        middle, error = _number(first.value)
        reason = measured.reason if measured.variance is None else f"No variance: {_grows(subject)}."
        is_tight = measured.mean is None or error <= max(LOOSE * abs(middle), measured.mean_error or 0.0)
        if is_tight and math.isfinite(middle) and math.isfinite(error):
            pair = _number(both.value) if both.value is not None else (None, None)
            return Moments(middle, None, None, error, None, True, reason, None, *pair)
    return measured


def _all_four(first: Any, second: Any, both: Any) -> Moments | None:
    """The numbers of these balls, unless they say less than estimates would."""
    with precision(BITS):
        spread = second - first * first
    numbers = [_number(ball) for ball in (first, spread, second, both)]
    (m, dm), (v, dv), (s, ds), (c, dc) = numbers
    size = math.sqrt(max(s, 0.0))
    if spread.contains(0) and dv <= CONSTANT * s:
        v, dv = 0.0, math.nextafter(dv + abs(v), math.inf) if v else dv
    if not all(math.isfinite(x) for pair in numbers for x in pair) or dm > LOOSE * size or dv > LOOSE * v > 0 or v < 0:
        return None
    return Moments(m, v, s, dm, dv, True, "", ds, c, dc) if v or dv <= CONSTANT * s else None


def gain_of(subject: Subject, measured: Measures) -> Gain:
    """The backward gain with a proved error, or as measured where there is no proof."""
    value, reason = measured.backward_gain, measured.backward_reason
    (found,) = _proved(subject, [GAIN], slope=True)
    if found.diverges:
        reason = reason if value is None else "No backward gain: the square of the derivative has no integral."
        return Gain(None, None, True, reason)
    if value is None or found.value is None or not has_exact_slope(subject.program):
        return Gain(value, None, False, reason)
    number, error = _number(found.value)
    if not (math.isfinite(number) and error <= LOOSE * number):
        return Gain(value, None, False, reason)
    return Gain(number, error, True, "")


def _grows(subject: Subject) -> str:
    return f"beside a point, or as {subject.variable} goes to an infinity, the function has no integral"


def _proved(subject: Subject, requests: list[Request], *, slope: bool) -> list[Answer]:
    try:
        with time_limit(SECONDS):
            return expectations(subject, requests, slope=slope)
    except OutOfTime:
        return [Answer() for _ in requests]


def _number(ball: Any) -> tuple[float, float]:
    """The float nearest to the middle of a ball, and how far from it the ball reaches."""
    middle = float(ball.mid())
    return middle + 0.0, abs(float_above(abs(ball - middle).upper()))
