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
    value = _finite(rows.value.number(cut))
    slope = _finite(rows.slope.number(cut))
    left, right = _both(rows.value, cut, reach)
    slopes = [
        None if limit is None else _snapped(found, slope, 0.0)
        for limit, found in zip((left, right), _both(rows.slope, cut, reach), strict=True)
    ]
    slack = ROUNDED * abs(cut) * max((abs(s) for s in slopes if s is not None and math.isfinite(s)), default=0.0)
    left, right = _snapped(left, value, slack), _snapped(right, value, slack)
    kind = _kind(value, left, right, slopes[0], slopes[1])
    if kind is None:
        return Joint(cut, value, left, right, _order(rows, cut, reach), None)
    order = {"kink": 0.0, "vertical tangent": 0.0, "edge": math.inf}.get(kind, -1.0)
    seen = Break(cut, kind, left, right, slopes[0], slopes[1], value, slope)
    return Joint(cut, value, left, right, order, seen)


def _both(row: Row, cut: float, reach: float) -> tuple[float | None, float | None]:
    return one_sided(row, cut, -reach), one_sided(row, cut, reach)


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _snapped(limit: float | None, value: float | None, slack: float) -> float | None:
    """The value itself where the limit is that but for its last digits, or for the rounding of the point."""
    if limit is None or value is None:
        return limit
    return value if _alike(limit, value) or abs(limit - value) <= slack else limit


def _alike(a: float, b: float) -> bool:
    return a == b or math.isfinite(a - b) and abs(a - b) <= SAME * max(abs(a), abs(b))


Kind = Literal["kink", "jump", "pole", "vertical tangent", "hole", "edge"]


def _kind(
    value: float | None,
    left: float | None,
    right: float | None,
    left_slope: float | None,
    right_slope: float | None,
) -> Kind | None:
    limits = [limit for limit in (left, right) if limit is not None]
    if any(math.isinf(limit) for limit in limits):
        return "pole"
    if not limits:
        return "jump" if value is not None else "hole"
    if len(limits) == 2 and not _alike(*limits):
        return "jump"
    if value is None:
        return "hole" if len(limits) == 2 else "edge"
    if not _alike(limits[0], value):
        return "jump"
    slopes = [slope for slope in (left_slope, right_slope) if slope is not None]
    if any(math.isinf(slope) for slope in slopes):
        return "vertical tangent"
    if len(limits) == 1:
        return "edge"
    if len(slopes) == 2 and not _alike(*slopes):
        return "kink"
    return None if len(slopes) == 2 else "kink"


def _order(rows: Rows, cut: float, reach: float) -> float:
    """1 where f'' does not join, 2 where f''' does not, infinite where both do."""
    for order, row in ((1.0, rows.bend), (2.0, rows.third)):
        left, right = _both(row, cut, reach)
        if left is None or right is None or not math.isfinite(left) or not math.isfinite(right):
            return order
        if not np.isclose(left, right, rtol=1e-7, atol=1e-10):
            return order
    return math.inf
