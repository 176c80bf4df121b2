"""What happens right beside a breakpoint: whether |f|**p can be integrated up to it, and what the last bit adds.

The stretch beside the point is cut into octaves, each half as far away as the one before. Their integrals fall off
geometrically where the whole exists (by 2**(a - 1) for |x|**-a, by a half where f is bounded) and do not where it does
not. What lies beyond the last octave is the rest of that series.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from symkit.analysis.curve import Curve, Floats, Normal, Scaled
from symkit.analysis.series import LEAST, Rest, Series

OCTAVES = 44
DEEPER = 240
"""Octaves looked at; more of them beside 0, whose neighbourhood floats resolve without end, where they are needed."""

FEWEST = 8
"""A series of fewer octaves than this tells nothing; the exact evaluator is asked instead of float64."""

RESOLVED = 46
"""Closer than 2**-46 of a point's own size, floats beside it are too coarse."""

CHECKED = 16
"""Sides, those nearest to the mean, whose float64 values are held against exact ones."""

TRUSTED = 0.01
"""How far a float64 value may be off, relative to the exact one."""

NODES, WEIGHTS = np.polynomial.legendre.leggauss(20)


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a breakpoint.

    Attributes:
        point: the breakpoint.
        reach: signed distance to where this side ends.
        offset: signed distance at which ordinary quadrature may stop.
        rests: for each power the integral of f**power between the point and the offset, the density being 1 at the
            point.
    """

    point: float
    reach: float
    offset: float
    rests: dict[int, Rest]


def sides(
    curve: Curve,
    normal: Normal,
    stretches: Sequence[tuple[float, float]],
    powers: Sequence[int],
    counted: tuple[float, float],
) -> list[Side]:
    """A Side for every (point, reach), nearest to the mean first.

    Outside the range `counted`, where only a true pole matters, float64 is taken at its word.
    """
    ordered = sorted(stretches, key=lambda stretch: abs(stretch[0] - normal.mean))
    if not ordered:
        return []
    points, reaches = np.array(ordered).T
    x = points[:, None, None] + _offsets(reaches, OCTAVES)
    heights = curve.floats(x)
    found = []
    for i, (point, reach) in enumerate(ordered):
        depth = _resolved(point, reach)
        depth = _finite(heights[i, :depth])
        checked = i < CHECKED and counted[0] < point < counted[1]
        if checked:
            depth = _trusted(curve, x[i, :depth], heights[i, :depth])
        samples = Scaled.of(heights[i, :depth])
        if depth < FEWEST and checked:
            samples = curve.exactly(x[i])
        side, rough = _side(normal, point, reach, samples, powers)
        if rough and point == 0.0 and depth == OCTAVES:
            deep = curve.floats(_offsets(np.array([reach]), DEEPER)[0])
            side, _ = _side(normal, point, reach, Scaled.of(deep[: _finite(deep)]), powers)
        found.append(side)
    return found


def _offsets(reaches: Floats, octaves: int) -> Floats:
    """The nodes of every octave of every side."""
    return reaches[:, None, None] * np.exp2(-np.arange(octaves))[:, None] * (0.75 + 0.25 * NODES)


def _resolved(point: float, reach: float) -> int:
    """How many octaves floats can tell apart."""
    if point == 0.0:
        return OCTAVES
    return max(4, min(OCTAVES, math.floor(math.log2(abs(reach / point))) + RESOLVED))


def _finite(heights: Floats) -> int:
    """How many octaves have only finite heights, from the first on."""
    lost = np.flatnonzero(~np.isfinite(heights).all(axis=1))
    return int(lost[0]) if lost.size else len(heights)


def _trusted(curve: Curve, x: Floats, heights: Floats) -> int:
    """How many octaves have heights that have not cancelled to noise, judged by the largest of an octave."""

    def agrees(index: int) -> bool:
        largest = int(np.argmax(np.abs(heights[index])))
        exact = curve.exact_float(x[index, largest])
        return abs(float(heights[index, largest]) - exact) <= TRUSTED * abs(exact)

    low, high = 0, len(x)
    if not high or agrees(high - 1):
        return high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if agrees(middle - 1) else (low, middle)
    return low


def _side(normal: Normal, point: float, reach: float, samples: Scaled, powers: Sequence[int]) -> tuple[Side, bool]:
    """The Side, and whether deeper octaves could tell more."""
    depth = len(samples.mantissa)
    # Heights are taken relative to the largest, which may be far beyond float64.
    unit = int(np.max(samples.exponent, initial=0, where=np.isfinite(samples.mantissa) & (samples.mantissa != 0)))
    relative = Scaled(samples.mantissa, samples.exponent - unit)
    density = normal.relative_density(point, _offsets(np.array([reach]), depth)[0])
    weights = density * WEIGHTS * (0.25 * abs(reach) * np.exp2(-np.arange(depth)))[:, None]
    every: dict[int, Series] = {}
    for p in powers:
        with np.errstate(over="ignore", invalid="ignore"):
            terms = relative.power(p).floats() * weights
            every[p] = Series(terms.sum(axis=1), np.abs(terms).sum(axis=1))
    usable = [series.uncertainty for series in every.values() if series.settles]
    last, uncertainty = depth - 1, 0.0
    if usable:
        doubts = np.sum(usable, axis=0)[FEWEST - 1 :]
        # Of cuts that are as good as another the deepest leaves least to extrapolation.
        last = FEWEST - 1 + int(np.flatnonzero(doubts <= max(float(doubts.min()), LEAST))[-1])
        uncertainty = float(doubts[last - FEWEST + 1])
    rests = {p: series.rest(last, p * unit) for p, series in every.items()}
    rough = uncertainty > 10 * LEAST or any(series.divergent for series in every.values())
    return Side(point, reach, reach * 2.0 ** -(last + 1), rests), rough
