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

ROUND = 9.0
"""Deviations past which a normal is left out, but for what f makes of it."""

MOST_NODES = 6_000_000
"""A plane of more nodes than this is not integrated."""


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
    def _reach(self) -> float:
        """Deviations within which f**2 counts."""
        left, right = tails(self.curve, Normal(0.0, self.deviation), (2,))[2]
        return max(left.end, right.end, ROUND)

    @cached_property
    def _squares(self) -> Floats:
        """a_k**2, k from 0 to TERMS."""
        reach, s = self._reach * self.deviation, self.deviation
        inside = [point for point in self.points if -reach < point < reach]
        panels = [stretch(0.0, low, high, WIDEST * s) for low, high in pairwise([-reach, *inside, reach]) if low < high]
        samples = sampled(self.curve, Normal(0.0, s), Panels.joined(panels), (1, 2))
        fine = len(FINE)
        z = samples.x[:, :fine].ravel() / s
        terms = ((samples.heights * samples.density).floats()[:, :fine] * FINE).ravel()
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
            before = differ
        return None

    def _plane(self, correlation: float, width: float) -> float:
        """u1 and u2 are s*(large*t + small*v) and, for c >= 0, s*(large*t - small*v), else s*(small*v - large*t).

        t and v are independent. For every v the kinks of the integrand lie at known t, and the integral over t is
        smooth in v but where two of them meet. For c >= 0 it is that of (f(u1) - f(u2))**2/2, which keeps its digits
        near 1.
        """
        s, near = self.deviation, correlation >= 0
        large, small = (math.sqrt(0.5 * (1 + sign * abs(correlation))) for sign in (1, -1))
        kinks = np.array([point / s for point in self.points if abs(point) < self._reach * s])
        ends = [large * self._reach + small * ROUND, small * self._reach + large * ROUND]
        if small:
            meet = (kinks[:, None] + (-kinks if near else kinks)).ravel() / (2 * small)
            v, outer = _rule(np.sort(np.concatenate([_even(ends[1], width), np.clip(meet, -ends[1], ends[1])])))
        else:
            v, outer = np.zeros(1), np.ones(1)
        moved = small * v.reshape(-1, 1)
        cuts = np.concatenate([kinks - moved, (kinks + moved if near else moved - kinks)], axis=1) / large
        even = np.broadcast_to(_even(ends[0], width), (v.size, len(_even(ends[0], width))))
        edges = np.sort(np.concatenate([even, np.clip(cuts, -ends[0], ends[0])], axis=1), axis=1)
        if edges.size * len(FINE) > MOST_NODES:
            return math.nan
        t, inner = _rule(edges)
        moved = moved[:, :, None]
        one = self.curve.floats(s * (large * t + moved))
        other = self.curve.floats(s * (large * t - moved if near else moved - large * t))
        with np.errstate(over="ignore", invalid="ignore"):
            values = 0.5 * (one - other) ** 2 if near else one * other
            whole = float(outer.ravel() @ (values * inner).sum(axis=(1, 2)))
        return whole if near else self.second_moment - whole


def _even(end: float, width: float) -> Floats:
    return np.linspace(-end, end, math.ceil(2 * end / width) + 1)


def _rule(edges: Floats) -> tuple[Floats, Floats]:
    """Nodes between the edges (last axis), and weights with the standard normal density in them."""
    half = 0.5 * np.diff(edges)[..., None]
    nodes = 0.5 * (edges[..., 1:] + edges[..., :-1])[..., None] + half * FINE_NODES
    return nodes, half * FINE * np.exp(-0.5 * nodes**2) / math.sqrt(2 * math.pi)
