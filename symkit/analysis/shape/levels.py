"""Where a function is near a limit, and the bumps between its ends."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symkit.analysis.curve import Floats
from symkit.analysis.shape.facts import Bump, End, Piece, Saturated

NEAR = 0.01
"""Part of its width within which a function is saturated."""

SECTIONS, ROUNDS = 17, 15
"""An edge is enclosed by cutting its stretch into 16 parts, 15 times."""

VISIBLE = 1e-9
"""Part of the largest value that a bump must have in height."""

Heights = Callable[[Floats], Floats]


def saturation(
    heights: Heights, x: Floats, cuts: Sequence[float], width: float, left: End, right: End
) -> tuple[Saturated, ...]:
    """Where f stays within a hundredth of the width of its limits.

    Args:
        heights: f.
        x: points where it is looked at, ascending and far out.
        cuts: where f may jump.
        width: of the values of f.
        left, right: its ends.
    """
    values = heights(x)
    found: list[Saturated] = []
    for end, way in ((left, -1), (right, 1)):
        if end.limit is None or not math.isfinite(end.limit) or not math.isfinite(width):
            continue
        level, tolerance = end.limit, NEAR * width
        apart = np.flatnonzero(~(np.abs(values - level) <= tolerance))
        if not apart.size:
            return (Saturated(-math.inf, math.inf, level),)
        last = int(apart[-1 if way > 0 else 0])
        if not 0 <= last + way < len(x):
            continue
        edge = _edge(heights, float(x[last]), float(x[last + way]), level, tolerance)
        edge = next((cut for cut in cuts if abs(cut - edge) <= 1e-12 * max(1.0, abs(cut))), edge)
        found.append(Saturated(edge, math.inf, level) if way > 0 else Saturated(-math.inf, edge, level))
    return tuple(found)


def _edge(heights: Heights, apart: float, near: float, level: float, tolerance: float) -> float:
    return _last(lambda x: np.abs(heights(x) - level) <= tolerance, apart, near)


def _last(holds: Callable[[Floats], NDArray[np.bool_]], low: float, high: float) -> float:
    """Where what does not hold at `low` begins to hold on the way to `high`."""
    for _ in range(ROUNDS):
        points = np.linspace(low, high, SECTIONS)
        points[-1] = high
        first = max(int(np.argmax([*holds(points[1:-1]), True])), 0)
        low, high = float(points[first]), float(points[first + 1])
    return high


@dataclass(frozen=True, slots=True)
class Stair:
    """A piece with the values it starts and ends with, which may be infinite."""

    piece: Piece
    first: float
    last: float


def bumps(heights: Heights, stairs: Sequence[Stair]) -> tuple[Bump, ...]:
    """The dips and humps of a function that is continuous along these pieces, ascending."""
    found = [*_dips(heights, stairs, 1), *_dips(heights, stairs, -1)]
    return tuple(sorted(found, key=lambda bump: bump.peak))


def _dips(heights: Heights, stairs: Sequence[Stair], way: int) -> list[Bump]:
    """Dips of way*f."""
    places = [stairs[0].piece.low, *(stair.piece.high for stair in stairs)] if stairs else []
    values = [way * value for value in ([stairs[0].first, *(stair.last for stair in stairs)] if stairs else [])]
    found = []
    index = 1
    while index < len(values) - 1:
        end = index
        while end + 1 < len(values) - 1 and values[end + 1] == values[index]:
            end += 1
        if values[index - 1] > values[index] < values[end + 1]:
            bump = _dip(heights, places, values, index, end, way)
            if bump is not None:
                found.append(bump)
        index = end + 1
    return found


def _dip(
    heights: Heights, places: Sequence[float], values: Sequence[float], first: int, last: int, way: int
) -> Bump | None:
    bottom = values[first]
    left = _side(values[:first][::-1], bottom)
    right = _side(values[last + 1 :], bottom)
    base = min(left, right)
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    if not math.isfinite(base) or base - bottom <= VISIBLE * largest:
        return None
    low = _reached(heights, places[: first + 1][::-1], values[: first + 1][::-1], base, way)
    high = _reached(heights, places[last:], values[last:], base, way)
    peak = 0.5 * (places[first] + places[last])
    return Bump(low, high, peak, base - bottom, "negative" if way > 0 else "positive")


def _side(values: Sequence[float], bottom: float) -> float:
    """The highest value before one that is below the bottom."""
    highest = -math.inf
    for value in values:
        if value < bottom:
            break
        highest = max(highest, value)
    return highest


def _reached(heights: Heights, places: Sequence[float], values: Sequence[float], base: float, way: int) -> float:
    """Where the base is reached on the way out."""
    for k in range(1, len(values)):
        if values[k] >= base - 1e-14 * abs(base):
            if values[k] <= base + 1e-14 * abs(base):
                return places[k]
            return _crossing(heights, places[k - 1], places[k], base, way)
    return places[-1]


def _crossing(heights: Heights, inner: float, outer: float, base: float, way: int) -> float:
    if math.isinf(outer):
        step = 1.0
        while step < 1e300 and way * float(heights(np.array([inner + math.copysign(step, outer)]))[0]) < base:
            step *= 2
        outer = inner + math.copysign(step, outer)
    place = _last(lambda x: way * heights(x) >= base, inner, outer)
    return place if abs(place) > 1e-15 else 0.0
