"""Samples of a function for drawing: dense where it bends, broken where it jumps or has no bound."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symkit.analysis.curve import Curve, Normal
from symkit.analysis.features import features

Floats = NDArray[np.float64]

EVENLY = 401
"""Points at equal distances."""

CLOSER = np.exp2(-np.arange(1.0, 31.0))
"""Where a breakpoint is looked at from both sides, in parts of the distance of even points."""

ROUNDS, BENT = 4, 0.002
"""So many times points are put in where the curve is off a straight line by more than this part of its height."""

BESIDE_POLES = 0.75
"""How far a picture goes beyond the bulk of a curve that has no bound, in parts of the bulk's height."""

WILD, GROWS = 8.0, 1.01
"""A curve that ends so many times higher than its bulk is, and still grows that much, leaves for an infinity."""


@dataclass(frozen=True, slots=True)
class Jump:
    """A jump: the heights next to it, and the value at it; NaN where there is none."""

    x: float
    left: float
    right: float
    value: float


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """A function along a range.

    Attributes:
        runs: unbroken pieces, each a pair of arrays x and y of one length, finite, x ascending.
        low, high: ends of the range.
        jumps: those between runs.
    """

    runs: tuple[tuple[Floats, Floats], ...]
    low: float
    high: float
    jumps: tuple[Jump, ...] = ()

    @property
    def x(self) -> Floats:
        """Of all samples."""
        return np.concatenate([x for x, _ in self.runs]) if self.runs else np.zeros(0)

    @property
    def y(self) -> Floats:
        """Of all samples."""
        return np.concatenate([y for _, y in self.runs]) if self.runs else np.zeros(0)

    @property
    def bulk(self) -> tuple[float, float]:
        """Heights that all but a tenth of the curve is between, at either end, by equal steps of x."""
        x = np.linspace(self.x[0], self.x[-1], 1001)
        low, high = np.quantile(np.interp(x, self.x, self.y), [0.1, 0.9])
        return float(low), float(high)

    @property
    def has_bound(self) -> bool:
        """Whether no run leaves for an infinity where it ends inside of the range."""
        low, high = self.bulk
        height = WILD * (high - low)
        for x, y in self.runs:
            if y.size < 3:
                continue
            for last, before, at_end in ((y[0], y[2], x[0] <= self.low), (y[-1], y[-3], x[-1] >= self.high)):
                if not at_end and abs(last) > max(height, GROWS * abs(before)) and abs(last) == np.abs(y).max():
                    return False
        return True


def traced(
    curve: Curve, points: Iterable[float], normal: Normal, low: float, high: float, domain: Curve | None = None
) -> Trace:
    """The curve from `low` to `high`, broken at those of its breakpoints where it jumps or has no bound.

    A formula of a derivative may have values where the function, its `domain`, has none.
    """

    def floats(x: Floats) -> Floats:
        values = curve.floats(x)
        return values if domain is None else np.where(np.isnan(domain.floats(x)), np.nan, values)

    inside = np.array([point for point in points if low <= point <= high])
    found = features(curve, normal, inside.tolist())
    jumps, poles = inside[found.jumps], inside[found.unbounded]
    runs = sampled(floats, low, high, inside, np.union1d(jumps, poles))
    near = CLOSER[-2] * (high - low)
    return Trace(runs, low, high, tuple(_jump(curve, float(x), runs, near) for x in jumps))


def sampled(
    function: Callable[[Floats], Floats], low: float, high: float, marks: Floats, cuts: Floats
) -> tuple[tuple[Floats, Floats], ...]:
    """Runs of finite samples of a function.

    Args:
        function: of an array, to one of its shape.
        low, high: ends of the range, both sampled.
        marks: points that are looked at closely.
        cuts: those of them where a run ends.
    """
    even = np.linspace(low, high, EVENLY)
    close = (even[1] - even[0]) * np.concatenate([CLOSER, -CLOSER])
    x = np.concatenate([even, marks, (marks[:, None] + close).ravel()])
    x = np.setdiff1d(x[(x >= low) & (x <= high)], cuts)
    y = function(x)
    for _ in range(ROUNDS):
        new = _between(x, y, cuts)
        if not new.size:
            break
        x = np.concatenate([x, new])
        order = np.argsort(x, kind="stable")
        x, y = x[order], np.concatenate([y, function(new)])[order]
    finite = np.isfinite(y)
    ends = np.searchsorted(x, cuts)
    starts = np.flatnonzero(np.diff(finite.astype(int))) + 1
    parts = np.split(np.arange(x.size), np.union1d(ends, starts).astype(int))
    return tuple((x[part], y[part]) for part in parts if part.size > 1 and finite[part].all())


def _between(x: Floats, y: Floats, cuts: Floats) -> Floats:
    """Middles of the gaps on both sides of samples where the curve turns."""
    finite = np.isfinite(y)
    if np.count_nonzero(finite) < 3:
        return np.zeros(0)
    height = np.subtract(*np.quantile(y[finite], [0.95, 0.05])) or 1.0
    with np.errstate(all="ignore"):
        share = (x[1:-1] - x[:-2]) / (x[2:] - x[:-2])
        off = np.abs(y[:-2] + share * (y[2:] - y[:-2]) - y[1:-1])
        bent = (off > BENT * height) | (finite[1:-1] & (finite[:-2] ^ finite[2:]))
    gaps = np.zeros(x.size - 1, dtype=bool)
    gaps[:-1] |= bent
    gaps[1:] |= bent
    gaps &= np.diff(x) > 1e-4 * (x[-1] - x[0])
    return 0.5 * (x[:-1] + x[1:])[gaps]


def _jump(curve: Curve, x: float, runs: Iterable[tuple[Floats, Floats]], near: float) -> Jump:
    left = next((float(ys[-1]) for xs, ys in runs if 0 < x - xs[-1] < near), np.nan)
    right = next((float(ys[0]) for xs, ys in runs if 0 < xs[0] - x < near), np.nan)
    return Jump(x, left, right, float(curve.floats(np.array([x]))[0]))


def heights(traces: Iterable[Trace], middle: tuple[float, float]) -> tuple[float, float]:
    """Ends of a vertical axis that shows curves well: all of them, if some do not leave the others no room.

    Args:
        traces: the curves.
        middle: the range of x that must be seen, unless a curve has no bound there.
    """
    tops, bottoms = [], []
    for trace in traces:
        x, y = trace.x, trace.y
        if not y.size:
            continue
        seen = y[(x >= middle[0]) & (x <= middle[1])]
        seen = seen if seen.size else y
        has_bound = trace.has_bound
        near, far = (float(seen.min()), float(seen.max())) if has_bound else trace.bulk
        room = (far - near) * (1.0 if has_bound else BESIDE_POLES) or math.inf
        bottoms.append(max(float(y.min()), near - room))
        tops.append(min(float(y.max()), far + room))
    if not tops:
        return -1.0, 1.0
    low, high = min(bottoms), max(tops)
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        room = 0.5 * max(abs(low), 1.0) if abs(low) < 1e6 else 0.5 * abs(low)
        return low - room, high + room
    room = 0.06 * (high - low)
    return low - room, high + room
