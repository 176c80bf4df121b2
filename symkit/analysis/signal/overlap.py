"""E[f(u1) f(u2)] for two normals of one variance q and correlation c, as the gap E[f**2] - E[f(u1) f(u2)].

With the coefficients a_k of f in normalised Hermite polynomials it is the sum of a_k**2 c**k. What the terms past the
last one can add is known, since all of them add up to E[f**2]. Where that is too much, as near c = 1 for an f with
kinks, the plane is integrated, along lines on which every kink is at a known place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from symkit.analysis.curve import Curve, Floats, Normal
from symkit.analysis.quadrature import FINE, FINE_NODES, Panels, sampled, stretch
from symkit.analysis.tails import tails

TERMS = 160
"""Hermite polynomials in use."""

WIDEST = 0.5
"""Deviations to a panel that those can be integrated on."""

NEGLIGIBLE = 1e-14
"""Part of E[f**2] that the terms left out may add."""

WIDTHS = (2.0, 1.0, 0.5, 0.25)
"""Deviations to a panel of the plane; the first is taken that leaves only rounding between it and the series."""

COMPARED = (0.5, 0.8)
"""The correlations at which they are compared."""

ROUNDING = 1e-15
"""By how much they may differ, as a part of E[f**2],"""

AGREED, NEARLY = 1e-13, 1e-8
"""or by this, where panels twice as wide differ by no more than that."""

HOPEFUL = 0.1
"""By this they must shrink with the width, or it takes too long."""

ROUND = 8.5
"""Deviations past which a normal is left out,"""

UNSEEN = 1e-18
"""or the part of E[f**2] that is."""

MOST_NODES = 1_000_000
"""A plane of more nodes than this is not integrated."""

BLOCK = 20_000
"""Nodes at a time, so that they stay in the cache."""


@dataclass(frozen=True)
class Overlap:
    """Of a function and a variance q.

    Attributes:
        curve: the function.
        points: where it may be not smooth, ascending.
        deviation: the square root of q.
        second_moment: E[f**2].
    """

    curve: Curve
    points: Sequence[float]
    deviation: float
    second_moment: float

    def gap(self, correlation: float) -> float:
        """E[f**2] - E[f(u1) f(u2)]; NaN where it cannot be told to 1e-13 of E[f**2]."""
        if self._left(abs(correlation)) <= NEGLIGIBLE * self.second_moment:
            return self._series(correlation)
        return self._plane(correlation, self._width) if self._width else math.nan

    def derivative(self, correlation: float) -> float:
        """That of E[f(u1) f(u2)] by the correlation, from the series; NaN where too much is left out."""
        k = np.arange(1, TERMS + 1)
        terms = k * self._squares[1:] * correlation ** (k - 1)
        size = abs(correlation)
        # k*c**(k-1) falls from k = 1/(1 - c) on.
        if size > 1 - 1 / TERMS or (TERMS + 1) * self._left(size) > NEGLIGIBLE * self.second_moment * size:
            return math.nan
        return math.fsum(terms)

    @cached_property
    def _samples(self) -> tuple[Floats, Floats, Floats]:
        """z ascending, f(sqrt(q) z), and the weights of an integral over z."""
        s = self.deviation
        left, right = tails(self.curve, Normal(0.0, s), (2,))[2]
        reach = max(left.end, right.end) * s
        inside = [point for point in self.points if -reach < point < reach]
        panels = [stretch(0.0, low, high, WIDEST * s) for low, high in pairwise([-reach, *inside, reach]) if low < high]
        samples = sampled(self.curve, Normal(0.0, s), Panels.joined(panels), (1, 2))
        x, heights, density = (
            part[:, : len(FINE)] for part in (samples.x, samples.heights.floats(), samples.density.floats())
        )
        order = np.argsort(x, axis=None)
        return x.ravel()[order] / s, heights.ravel()[order], (density * FINE).ravel()[order]

    @cached_property
    def _reach(self) -> float:
        """Deviations within which f**2 counts."""
        z, heights, weights = self._samples
        order = np.argsort(np.abs(z))[::-1]
        beyond = np.cumsum((heights**2 * weights)[order])
        return max(ROUND, float(np.abs(z)[order][np.searchsorted(beyond, UNSEEN * self.second_moment)]))

    @cached_property
    def _squares(self) -> Floats:
        """a_k**2, k from 0 to TERMS."""
        z, heights, weights = self._samples
        terms = heights * weights
        before, now = np.zeros_like(z), np.ones_like(z)
        found = np.empty(TERMS + 1)
        for k in range(TERMS + 1):
            found[k] = terms @ now
            before, now = now, (z * now - math.sqrt(k) * before) / math.sqrt(k + 1)
        return found**2

    @cached_property
    def _rest(self) -> float:
        """The sum of a_k**2 past the last."""
        return max(self.second_moment - math.fsum(self._squares), 0.0)

    def _left(self, size: float) -> float:
        """What the terms past the last can add at most."""
        return float(self._rest * size ** (TERMS + 1))

    def _series(self, correlation: float) -> float:
        k = np.arange(1, TERMS + 1)
        if correlation > 0:
            part = -np.expm1(k * math.log1p(correlation - 1))
        else:
            part = 1 - correlation**k
        return math.fsum([*(self._squares[1:] * part), self._rest])

    @cached_property
    def _width(self) -> float | None:
        """Of the panels of the plane; None if none serves."""
        before = math.inf
        for width in WIDTHS:
            differ = sum(abs(self._plane(c, width) - self._series(c)) for c in COMPARED) / self.second_moment
            if differ <= ROUNDING or (differ <= AGREED and before <= NEARLY):
                return width
            if not differ < HOPEFUL * before:
                return None
            before = differ
        return None

    def _plane(self, correlation: float, width: float) -> float:
        """u1 and u2 are s*(large*t + small*v) and, for c >= 0, s*(large*t - small*v), else s*(small*v - large*t).

        t and v are independent. For every v the kinks of the integrand lie at known t, and the integral over t is
        smooth in v but where two of them meet. For c >= 0 it is that of (f(u1) - f(u2))**2/2, which keeps its digits
        near 1 and does not change with the sign of v; the product does not with that of t.
        """
        s, near = self.deviation, correlation >= 0
        large, small = (math.sqrt(0.5 * (1 + sign * abs(correlation))) for sign in (1, -1))
        kinks = np.array([point / s for point in self.points if abs(point) < self._reach * s])
        end_t, end_v = large * self._reach + small * ROUND, small * self._reach + large * ROUND
        low_t, low_v = (-end_t, 0.0) if near else (0.0, -end_v)
        if small:
            meet = (kinks[:, None] + (-kinks if near else kinks)).ravel() / (2 * small)
            v, outer = _rule(np.sort(np.concatenate([_even(low_v, end_v, width), np.clip(meet, low_v, end_v)])))
        else:
            v, outer = np.zeros(1), np.ones(1)
        even = _even(low_t, end_t, width)
        if v.size * (len(even) + 2 * len(kinks)) * len(FINE) > MOST_NODES:
            return math.nan
        moved = small * v.reshape(-1, 1)
        cuts = np.concatenate([kinks - moved, (kinks + moved if near else moved - kinks)], axis=1) / large
        ends = [np.broadcast_to(even, (v.size, len(even))), np.clip(cuts, low_t, end_t)]
        edges = np.sort(np.concatenate(ends, axis=1), axis=1)
        rows = max(1, BLOCK // (edges.shape[1] * len(FINE)))
        parts = [
            self._lines(edges[i : i + rows], s * moved[i : i + rows, :, None], s * large, near)
            for i in range(0, v.size, rows)
        ]
        whole = float(outer.ravel() @ np.concatenate(parts))
        return whole if near else self.second_moment - whole

    def _lines(self, edges: Floats, moved: Floats, scale: float, near: bool) -> Floats:
        """The integral over t between the edges, one line of them for every v."""
        t, weights = _rule(edges)
        one = self.curve.floats(scale * t + moved)
        other = self.curve.floats(scale * t - moved if near else moved - scale * t)
        with np.errstate(over="ignore", invalid="ignore"):
            values = (one - other) ** 2 if near else 2 * one * other
            return np.asarray((values * weights).sum(axis=(1, 2)))


def _even(low: float, high: float, width: float) -> Floats:
    return np.linspace(low, high, math.ceil((high - low) / width) + 1)


def _rule(edges: Floats) -> tuple[Floats, Floats]:
    """Nodes between the edges (last axis), and weights with the standard normal density in them."""
    half = 0.5 * np.diff(edges)[..., None]
    nodes = 0.5 * (edges[..., 1:] + edges[..., :-1])[..., None] + half * FINE_NODES
    return nodes, half * FINE * np.exp(-0.5 * nodes**2) / math.sqrt(2 * math.pi)
