"""Where f or its derivatives are not continuous, and how smooth it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from symkit.analysis.shape.facts import Break
from symkit.analysis.shape.rows import Row, Rows
from symkit.analysis.shape.sided import one_sided

SAME = 1e-9
"""Limits of two sides that differ by less, relative to their size, are one."""

VISIBLE = 1e-12
"""Part of the values around a point below which nothing is seen there."""

ROUNDED = 2.0**-50
"""By what part of itself a breakpoint may be off."""

MOST = 64
"""Breakpoints, those nearest to the mean, whose sides are looked at."""


@dataclass(frozen=True, slots=True)
class Joint:
    """A breakpoint.

    Attributes:
        x: the point.
        value: f(x), None where that is no finite number.
        left, right: limits of f.
        order: how many derivatives join there, f itself being the first: -1 if f does not; infinite if all do that
            are looked at.
        seen: the break, None where f and f' are continuous.
    """

    x: float
    value: float | None
    left: float | None
    right: float | None
    order: float
    seen: Break | None

    @property
    def is_continuous(self) -> bool:
        return self.value is not None and self.left == self.value == self.right


def joints(rows: Rows, cuts: Sequence[float], low: float, high: float) -> list[Joint]:
    """Those of the breakpoints, ascending, between the ends of the window."""
    middle = 0.5 * (low + high)
    kept = sorted(sorted(cuts, key=lambda cut: abs(cut - middle))[:MOST])
    ends = [low, *cuts, high]
    found = []
    for cut in kept:
        place = ends.index(cut, 1)
        room = min(cut - ends[place - 1], ends[place + 1] - cut)
        found.append(_joint(rows, cut, _reach(cut, room)))
    return found


def _reach(cut: float, room: float) -> float:
    """A power of 2: places at such a distance are floats."""
    widest = min(0.25 * room, 0.25) if cut == 0 else min(0.25 * room, 0.25 * max(abs(cut), 2.0**-20))
    return math.ldexp(1.0, math.floor(math.log2(widest)))


def _joint(rows: Rows, cut: float, reach: float) -> Joint:
    slopes = _both(rows.slope, cut, reach)
    # A limit of slopes where f has none is one of a derivative that holds elsewhere.
    left, right = _both(rows.value, cut, reach)
    left_slope = None if left is None else slopes[0]
    right_slope = None if right is None else slopes[1]
    steep = max((abs(s) for s in (left_slope, right_slope) if s is not None and math.isfinite(s)), default=0.0)
    slack = ROUNDED * abs(cut) * steep + _size(rows.value, cut, reach)
    left, value, right = _merged(left, _finite(rows.value.number(cut)), right, slack)
    slack = _size(rows.slope, cut, reach)
    left_slope, slope, right_slope = _merged(left_slope, _finite(rows.slope.number(cut)), right_slope, slack)
    kind = _kind(value, left, right, left_slope, right_slope)
    if kind is None and left is None and right is None:
        return Joint(cut, value, None, None, math.inf, None)
    if kind is None:
        return Joint(cut, value, left, right, _order(rows, cut, reach), None)
    order = {"kink": 0.0, "vertical tangent": 0.0, "edge": math.inf}.get(kind, -1.0)
    left, right, left_slope, right_slope = (
        None if limit is None or math.isnan(limit) else limit for limit in (left, right, left_slope, right_slope)
    )
    seen = Break(cut, kind, left, right, left_slope, right_slope, value, slope)
    return Joint(cut, value, left, right, order, seen)


def _both(row: Row, cut: float, reach: float) -> tuple[float | None, float | None]:
    return one_sided(row, cut, -reach), one_sided(row, cut, reach)


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _size(row: Row, cut: float, reach: float) -> float:
    """What is too small to be seen beside the values around a point."""
    sizes = [abs(row.number(cut + side * reach)) for side in (-1, 1)]
    return VISIBLE * max((size for size in sizes if math.isfinite(size)), default=0.0)


def _merged(
    left: float | None, value: float | None, right: float | None, slack: float
) -> tuple[float | None, float | None, float | None]:
    """The three numbers, those that are the same but for rounding being the shortest of them."""
    found: list[float | None] = [left, value, right]
    for i, j in ((0, 2), (0, 1), (1, 2)):
        a, b = found[i], found[j]
        if a is not None and b is not None and _alike(a, b, slack):
            found[i] = found[j] = 0.0 if abs(a) <= slack else min(a, b, key=lambda number: len(repr(number)))
    return found[0], found[1], found[2]


def _alike(a: float, b: float, slack: float = 0.0) -> bool:
    return a == b or math.isfinite(a - b) and abs(a - b) <= max(SAME * max(abs(a), abs(b)), slack)


Kind = Literal["kink", "jump", "pole", "vertical tangent", "hole", "edge"]


def _kind(
    value: float | None,
    left: float | None,
    right: float | None,
    left_slope: float | None,
    right_slope: float | None,
) -> Kind | None:
    limits = [limit for limit in (left, right) if limit is not None]
    slopes = [slope for slope in (left_slope, right_slope) if slope is not None]
    if any(math.isinf(limit) for limit in limits):
        return "pole"
    if not limits:
        return None
    if limits[0] != limits[-1] or any(math.isnan(limit) for limit in limits):
        return "jump"
    if value is None:
        return "hole" if len(limits) == 2 else "edge"
    if limits[0] != value:
        return "jump"
    if any(math.isinf(slope) for slope in slopes):
        return "vertical tangent"
    if len(limits) == 1:
        return "edge"
    return None if len(slopes) == 2 and slopes[0] == slopes[1] else "kink"


def _order(rows: Rows, cut: float, reach: float) -> float:
    """1 where f'' does not join, 2 where f''' does not, infinite where both do."""
    for order, row in ((1.0, rows.bend), (2.0, rows.third)):
        left, right = _both(row, cut, reach)
        if left is None or right is None or not math.isfinite(left) or not math.isfinite(right):
            return order
        if not np.isclose(left, right, rtol=1e-7, atol=1e-10):
            return order
    return math.inf
