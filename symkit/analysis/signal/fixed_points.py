"""Fixed points of a variance map."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from symkit.analysis.curve import Floats
from symkit.analysis.signal.correlation import limit
from symkit.analysis.signal.crossings import ZERO, crossings
from symkit.analysis.signal.layer import VarianceMap
from symkit.analysis.signal.sheet import GRID

MARGIN = 1e-9
"""A slope within this of 1 is taken for 1."""

NOTHING = 1e-14
"""A slope that float64 does not tell from 0."""

AGREED = 1e-7
"""By how much the samples may miss the reliable integral at a fixed point, relative to it."""


@dataclass(frozen=True, slots=True)
class FixedPoint:
    """A variance q of pre-activations that a layer gives back.

    Attributes:
        q: the variance; 0 where the map leads to 0 from close by or away from it.
        slope: of the map at q; None where it has no bound.
        stable: whether a variance close to q comes closer with every layer.
        chi_1: weight_variance*E[f'(sqrt(q) z)**2], by which the variance of a gradient grows with a layer, and the
            difference of two inputs that hardly differ; None where there is no such number.
        c_star: the correlation that those of inputs go to, from 0 to 1; None at q = 0 or where it cannot be had.
        xi_c: layers in which the distance to c_star falls by a factor e; None where it does not fall so, as at the
            edge of chaos.
        xi_q: the same of the distance to q.
    """

    q: float
    slope: float | None
    stable: bool
    chi_1: float | None
    c_star: float | None
    xi_c: float | None
    xi_q: float | None


def fixed_points(variance_map: VarianceMap) -> tuple[tuple[FixedPoint, ...], str]:
    """All of them from 1e-12 to 1e12, and 0, ascending; and what to know of those that are missing.

    Where every q is one, the one that is listed is 1.
    """

    layer = variance_map.layer
    growth = variance_map.values(layer.means) / GRID - 1
    places, everywhere = crossings(growth, lambda q: variance_map.values(layer.sheet.means(q)) / q - 1)
    found = _at_zero(variance_map, growth)
    reasons = []
    if everywhere:
        places = [1.0]
        reasons.append(f"Every q is a fixed point of the {variance_map.name}; 1 stands for them all.")
    for q in places:
        analysis = layer.analysis(q)
        value = variance_map.reliable(analysis)
        if value is None:
            reasons.append(f"No fixed point at q = {q:.6g}: {analysis.moments.reason}")
        elif abs(value - q) > AGREED * q:
            reasons.append(f"No fixed point near q = {q:.6g}: the integrals there cannot be relied on.")
        else:
            found.append(_at(variance_map, q, growth))
            if found[-1].c_star is None:
                reasons.append(f"At q = {q:.6g} the correlations cannot be integrated reliably.")
    points = tuple(found)
    if not points and not reasons:
        reasons.append(f"No fixed point of the {variance_map.name} was found up to q = 1e12.")
    return points, " ".join(reasons)


def depth_scale(slope: float | None) -> float | None:
    """-1/log(abs(slope)), the layers in which a small distance falls by a factor e; None where it does not."""
    if slope is None or abs(slope) >= 1 - MARGIN:
        return None
    return -1 / math.log(abs(slope)) if abs(slope) > NOTHING else 0.0


def _at_zero(variance_map: VarianceMap, growth: Floats) -> list[FixedPoint]:
    value, slope = variance_map.at_zero
    if value != 0:
        return []
    gain = variance_map.layer.origin.gain
    chi_1 = None if gain is None else variance_map.weight_variance * gain
    stable = slope is not None and (slope < 1 - MARGIN or (slope <= 1 + MARGIN and _sign(growth) < 0))
    return [FixedPoint(0.0, slope, stable, chi_1, None, None, depth_scale(slope))]


def _at(variance_map: VarianceMap, q: float, growth: Floats) -> FixedPoint:
    layer, w = variance_map.layer, variance_map.weight_variance
    analysis = layer.analysis(q)
    slope = variance_map.slope(q)
    chi_1 = None if analysis.backward_gain is None else w * analysis.backward_gain
    above, below = growth[GRID > q], growth[GRID < q][::-1]
    stable = abs(slope) < 1 - MARGIN or (abs(slope) <= 1 + MARGIN and _sign(above) < 0 < _sign(below))
    known = limit(layer, w, q, analysis, chi_1)
    if known is None:
        return FixedPoint(q, slope, stable, chi_1, None, None, depth_scale(slope))
    return FixedPoint(q, slope, stable, chi_1, known[0], depth_scale(known[1]), depth_scale(slope))


def _sign(growth: Floats) -> float:
    """That of the first value that is none of 0 and NaN."""
    clear = growth[np.abs(growth) > ZERO]
    return float(np.sign(clear[0])) if clear.size else 0.0
