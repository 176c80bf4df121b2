"""Moments of f and its derivative under centred normals of many variances, from one set of samples.

The panels are octaves of |x|, cut at the breakpoints, and halved until two rules agree for every deviation of interest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symkit.analysis.curve import Curve, Floats
from symkit.analysis.quadrature import COARSE, FINE, NODES

LOWEST, HIGHEST = -20, 20
"""Powers of two of the deviations of interest."""

GRID: Floats = np.exp2(np.arange(2 * LOWEST, 2 * HIGHEST + 0.25, 0.5))
"""The variances looked at for fixed points; 1 is one of them."""

CUT = 39.0
"""Deviations past which the normal density is 0 in float64."""

INSIDE = 6
"""Octaves below the smallest deviation that panels reach."""

AGREED = 1e-14
ROUNDS = 40

BLOCK = 40_000
"""Values at a time, so that they stay in the cache."""

MOST_OPEN = 120
"""Where more panels than this stay open, the deviations farthest from 1 are given up: f may swing without end towards
large x, and be noise towards 0.
"""


@dataclass(frozen=True, slots=True)
class Means:
    """Moments at every one of some variances q, arrays of q's shape; NaN where the samples do not tell.

    Attributes:
        second, spread: E[f**2] and Var f.
        second_slope, spread_slope: their derivatives by q.
        gain: E[f'**2].
    """

    second: Floats
    spread: Floats
    second_slope: Floats
    spread_slope: Floats
    gain: Floats


@dataclass(frozen=True, slots=True)
class Sheet:
    """Samples for deviations up to a limit.

    Attributes:
        x: the nodes.
        weights: of the rule.
        heights: f(x) - base; the base, f(0), is what a variance at small q would drown in.
        slopes: f'(x).
        base: what was taken off.
        least, limit: the smallest and the largest deviation that the samples serve; none if the second is 0.
    """

    x: Floats
    weights: Floats
    heights: Floats
    slopes: Floats
    base: float
    least: float
    limit: float

    @classmethod
    def of(cls, curve: Curve, slope: Curve, points: Sequence[float]) -> Sheet:
        """Samples of f and f', which may be not smooth at `points`."""
        middle = curve.exact_float(0.0)
        base = middle if math.isfinite(middle) else 0.0
        deviations = np.exp2(np.arange(LOWEST, HIGHEST + 1.0))
        panels = _Panels.of(curve, slope, _edges(points))
        kept: list[_Panels] = []
        whole = np.zeros((3, len(deviations)))
        for _ in range(ROUNDS):
            sizes, differ = panels.judged(deviations)
            total = whole + np.nansum(sizes, axis=1)
            with np.errstate(invalid="ignore"):
                open_ = (differ > AGREED * np.maximum(total[:, None], sizes)).any(axis=0)
            near = _served(open_, deviations)
            deviations, open_, sizes = deviations[near], open_[:, near], sizes[:, :, near]
            again = open_.any(axis=1)
            whole = whole[:, near] + np.nansum(sizes[:, ~again], axis=1)
            kept.append(panels.where(~again))
            if not again.any():
                break
            panels = _Panels.of(curve, slope, panels.where(again).halves())
        else:
            kept.append(panels)
        return cls._joined(kept, base, deviations)

    @classmethod
    def _joined(cls, parts: Sequence[_Panels], base: float, deviations: Floats) -> Sheet:
        fine = len(FINE)
        x, heights, slopes = (
            np.concatenate([getattr(part, name)[:, :fine].ravel() for part in parts])
            for name in ("x", "heights", "slopes")
        )
        weights = np.concatenate([((part.high - part.low)[:, None] * (0.5 * FINE)).ravel() for part in parts])
        heights = heights - base
        with np.errstate(over="ignore", invalid="ignore"):
            lost = ~np.isfinite(heights**2)
        least = float(np.min(deviations, initial=math.inf))
        limit = min(float(np.max(deviations, initial=0.0)), float(np.min(np.abs(x[lost]), initial=math.inf)) / CUT)
        return cls(x, weights, np.where(lost, 0.0, heights), slopes, base, least, limit)

    def means(self, q: Floats) -> Means:
        """The moments at every variance, all of which are positive."""
        q = np.where((q >= self.least**2) & (q <= self.limit**2), q, math.nan)
        with np.errstate(over="ignore", invalid="ignore"):
            squares = self.slopes**2
        lost = ~np.isfinite(squares)
        gained = float(np.min(np.abs(self.x[lost]), initial=math.inf)) / CUT
        rows = np.stack([self.heights, self.heights**2, np.where(lost, 0.0, squares)])
        blocks = np.array_split(q, math.ceil(q.size * self.x.size / BLOCK))
        (first, second, gain), (first_slope, second_slope, _) = np.concatenate(
            [self._integrated(rows, block) for block in blocks], axis=2
        )
        base = self.base
        return Means(
            second=second + base * (2 * first + base),
            spread=np.maximum(second - first**2, 0.0),
            second_slope=second_slope + 2 * base * first_slope,
            spread_slope=second_slope - 2 * first * first_slope,
            gain=np.where(q <= gained**2, gain, math.nan),
        )

    def _integrated(self, rows: Floats, q: Floats) -> Floats:
        """The expectations of rows, and their derivatives by q (first axis)."""
        part = np.square(self.x)[:, None] / q
        density = np.exp(-0.5 * part)
        density *= self.weights[:, None] / np.sqrt(2 * math.pi * q)
        part -= 1
        part *= density
        return np.stack([rows @ density, (rows @ part) / (2 * q)])


@dataclass(frozen=True, slots=True)
class _Panels:
    """Intervals and samples at the nodes of both rules in each."""

    low: Floats
    high: Floats
    x: Floats
    heights: Floats
    slopes: Floats

    @classmethod
    def of(cls, curve: Curve, slope: Curve, ends: tuple[Floats, Floats]) -> _Panels:
        low, high = ends
        x = 0.5 * (high + low)[:, None] + 0.5 * (high - low)[:, None] * NODES
        return cls(low, high, x, curve.floats(x), slope.floats(x))

    def where(self, which: NDArray[np.bool_]) -> _Panels:
        return _Panels(self.low[which], self.high[which], self.x[which], self.heights[which], self.slopes[which])

    def halves(self) -> tuple[Floats, Floats]:
        middle = 0.5 * (self.low + self.high)
        return np.concatenate([self.low, middle]), np.concatenate([middle, self.high])

    def judged(self, deviations: Floats) -> tuple[Floats, Floats]:
        """Of f, f**2 and f'**2 (first axis), every panel and deviation: the size of the integral and how much the
        rules differ.
        """
        half = 0.5 * (self.high - self.low)[:, None, None]
        density = np.exp(-0.5 * (self.x[:, :, None] / deviations) ** 2) / deviations * half
        fine = len(FINE)
        with np.errstate(over="ignore", invalid="ignore"):
            rows = np.stack([self.heights, self.heights**2, self.slopes**2])
            terms = np.where(density == 0.0, 0.0, rows[..., None] * density)
            sums = np.einsum("rpnd,n->rpd", terms[:, :, :fine], FINE)
            return np.abs(sums), np.abs(sums - np.einsum("rpnd,n->rpd", terms[:, :, fine:], COARSE))


def _served(open_: NDArray[np.bool_], deviations: Floats) -> slice:
    """The deviations around 1 for which not too many panels are open, either way."""
    centre = int(np.searchsorted(deviations, 1.0))
    up, down = (
        int(np.searchsorted(np.logical_or.accumulate(part, axis=1).sum(axis=0), MOST_OPEN, side="right"))
        for part in (open_[:, centre:], open_[:, centre::-1])
    )
    return slice(centre + 1 - down, centre + up) if up and down else slice(0, 0)


def _edges(points: Sequence[float]) -> tuple[Floats, Floats]:
    octaves = np.exp2(np.arange(LOWEST - INSIDE, HIGHEST + 1.0 + math.ceil(math.log2(CUT))))
    inside = [point for point in points if abs(point) < octaves[-1]]
    edges = np.unique(np.concatenate([-octaves, [0.0], octaves, inside]))
    return edges[:-1], edges[1:]
