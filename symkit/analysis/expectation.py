"""E[f(X)**power] for a normal X, and the variance, from one set of samples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from symkit.analysis.curve import Curve, Normal, Scaled, as_float
from symkit.analysis.obstacles import Survey, survey
from symkit.analysis.quadrature import Panels, Samples, Sums, octaves, sampled, stretch
from symkit.analysis.series import SETTLED

CHECKED = 8
"""Samples compared with the exact evaluator, for the error of float64 itself."""

LOST = 1e-6
"""Mean relative error of samples that no number is made from."""

EPSILON = 2.0**-52


@dataclass(frozen=True, slots=True)
class Expectation:
    """A value and an estimate of its error, or None and a clause that says why: "is undefined for x < 0"."""

    value: float | None
    error: float | None = None
    reason: str = ""


def expectations(
    curve: Curve,
    normal: Normal,
    points: Sequence[float],
    powers: Sequence[int],
    *,
    variable: str = "x",
    centred: bool = False,
) -> list[Expectation]:
    """E[f(X)**power] for every power and, if `centred`, the variance after them.

    Args:
        curve: f.
        normal: the distribution of X.
        points: where f may not be smooth, ascending.
        powers: ascending; for the variance, 1 and 2.
        variable: the name of the input in reasons.
    """
    found = survey(curve, normal, points, powers, variable)
    existing = [p for p in powers if p not in found.reasons]
    results = {p: Expectation(None, reason=reason) for p, reason in found.reasons.items()}
    spread: Expectation | None = None
    if existing:
        samples = sampled(curve, normal, _panels(found, normal), existing)
        noise = _noise(curve, samples, existing[-1])
        for p in existing:
            results[p] = _result(Sums.of(samples.terms(p)), _rests(found, normal, p), p * noise, samples, variable)
        if centred and results[powers[-1]].value is not None:
            mean = results[1].value
            assert mean is not None
            rests = _centred_rests(found, normal, mean)
            spread = _not_negative(_result(Sums.of(samples.centred(mean)), rests, 2 * noise, samples, variable))
    ordered = [results[p] for p in powers]
    if centred:
        ordered.append(spread if spread is not None else Expectation(None, reason=results[powers[-1]].reason))
    return ordered


def _panels(found: Survey, normal: Normal) -> Panels:
    """Panels over the whole range: octaves towards the breakpoints, and none wider than a deviation."""
    width = normal.deviation
    if not found.sides:
        return stretch(normal.mean, found.low - normal.mean, found.high - normal.mean, width)
    points = sorted({side.point for side in found.sides})
    halfway = [0.5 * (a + b) for a, b in pairwise(points)]
    left = dict(zip(points, [found.low, *halfway], strict=True))
    right = dict(zip(points, [*halfway, found.high], strict=True))
    parts: list[Panels] = []
    for side in found.sides:
        parts.append(octaves(side))
        end = (left if side.reach < 0 else right)[side.point] - side.point
        if abs(end) > (1 + 1e-9) * abs(side.reach):
            parts.append(stretch(side.point, min(end, side.reach), max(end, side.reach), width))
    return Panels.joined(parts)


def _rests(found: Survey, normal: Normal, power: int) -> list[tuple[float, float]]:
    """Of every breakpoint's sides the part that the panels leave out, and its error."""
    rests = [side.rests[power] for side in found.sides]
    density = normal.density(np.array([side.point for side in found.sides]), np.zeros(1))
    density = density * Scaled(np.ones(len(rests)), np.array([rest.exponent for rest in rests], dtype=np.int64))
    values = Scaled.of(np.array([rest.value for rest in rests])) * density
    errors = Scaled.of(np.array([rest.error for rest in rests])) * density
    return list(zip(values.floats().tolist(), errors.floats().tolist(), strict=True))


def _centred_rests(found: Survey, normal: Normal, mean: float) -> list[tuple[float, float]]:
    """The same for (f - mean)**2, and what it is outside the range, where f itself does not count."""
    first, second = _rests(found, normal, 1), _rests(found, normal, 2)
    rests = [
        (b - 2 * mean * a, d + 2 * abs(mean) * c + 4 * EPSILON * (abs(b) + 2 * abs(mean * a)))
        for (a, c), (b, d) in zip(first, second, strict=True)
    ]
    missing = math.fsum(normal.probability(*sorted((side.point, side.point + side.offset))) for side in found.sides)
    missing += normal.probability(-math.inf, found.low) + normal.probability(found.high, math.inf)
    return [*rests, (mean**2 * missing, 4 * EPSILON * mean**2 * missing)]


def _result(
    sums: Sums, rests: Sequence[tuple[float, float]], noise: float, samples: Samples, variable: str
) -> Expectation:
    if not np.isfinite(sums.size).all():
        where = samples.x[~np.isfinite(sums.size)][0, 0]
        if np.isnan(sums.size).any():
            return Expectation(None, reason=f"cannot be evaluated near {variable} = {where:.6g}")
        return Expectation(None, reason="has an expectation that is larger than float64 can hold")
    value = math.fsum(sums.value) + math.fsum(rest for rest, _ in rests)
    size = math.fsum(sums.size)
    if not noise <= LOST:
        return Expectation(None, reason="is lost in the rounding of float64")
    differ = math.fsum(sums.differ)
    if differ > SETTLED * size:
        where = samples.x[int(np.argmax(sums.differ)), 0]
        return Expectation(None, reason=f"varies too wildly near {variable} = {where:.6g} to be integrated")
    # The density carries a rounding error for every bit of its exponent.
    bits = float(sums.size @ np.abs(samples.density.exponent[:, 0]))
    error = differ + math.fsum(error for _, error in rests) + (noise + 4 * EPSILON) * size + EPSILON * bits
    return Expectation(value, error)


def _not_negative(found: Expectation) -> Expectation:
    """The variance of a constant may round to less than 0."""
    return found if found.value is None else replace(found, value=max(found.value, 0.0))


def _noise(curve: Curve, samples: Samples, power: int) -> float:
    """Mean relative error of float64 samples, over some that matter; infinite where they are 0 and should not be."""
    weight = np.abs(samples.terms(power)).ravel()
    if not weight.any():
        weight = samples.density.floats().ravel()
    order = np.cumsum(weight)
    if not math.isfinite(order[-1]):
        return 0.0
    errors = []
    for part in (np.arange(CHECKED) + 0.5) / CHECKED:
        index = int(np.searchsorted(order, part * order[-1]))
        mantissa, exponent = curve.exact(samples.x.flat[index])
        own = as_float(samples.heights.mantissa.flat[index], int(samples.heights.exponent.flat[index]) - exponent)
        errors.append(abs(own / mantissa - 1) if mantissa and own else 0.0 if mantissa == own else math.inf)
    return sum(errors) / CHECKED
