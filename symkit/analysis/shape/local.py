"""Zeros, fixed points, extrema, inflections and pieces: what the signs of f and its derivatives tell."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from symkit.analysis.curve import Floats
from symkit.analysis.shape.breaks import ROUNDED
from symkit.analysis.shape.facts import Extremum, Inflection, Interval, Piece, Trend
from symkit.analysis.shape.line import Line
from symkit.analysis.shape.rows import Row
from symkit.analysis.shape.signs import Run, runs

TRENDS: dict[int, Trend] = {1: "rises", -1: "falls", 0: "level"}

TOUCHES = 1e-22
"""What is so small a part of the function around it is a zero but for the rounding of where it lies."""

APART = 4
"""Samples on either side of one that is near a touch of 0 are so far away."""


def roots(line: Line, row: Row, slope: Row) -> tuple[tuple[float, ...], tuple[Interval, ...]]:
    """Points where a function of the line is 0, and ranges where it is 0 throughout; `slope` is its derivative.

    The function has the breakpoints and the holes of f.
    """
    points = {cut for cut in line.cuts if _vanishes(line, row, slope, cut)}
    ranges: list[tuple[float, float]] = []
    last: Run | None = None
    for stretch in line.stretches:
        found = runs(row, stretch.x, stretch.low, stretch.high)
        ranges += [(run.low, run.high) for run in found if run.sign == 0]
        points.update(run.high for run in found[:-1])
        if last is not None and found and last.high == stretch.low and last.sign * found[0].sign < 0:
            points.update({stretch.low} if line.joins(stretch.low) else ())
        if _dips(row.floats(stretch.x)):
            points.update(_touches(row, runs(slope, stretch.x, stretch.low, stretch.high), stretch.x))
        last = found[-1] if found else None
    joined = _joined(line, row, slope, ranges)
    inside = [point for point in points if not any(low <= point <= high for low, high in joined)]
    return tuple(sorted(point + 0.0 for point in inside)), tuple(Interval(low, high) for low, high in joined)


def _vanishes(line: Line, row: Row, slope: Row, cut: float) -> bool:
    """Whether a function is 0 at a breakpoint, or would be were that not rounded."""
    value = row.exact(cut)
    if not math.isfinite(value) or not value or not line.joins(cut):
        return bool(value == 0)
    step = 2.0**-20 * (line.high - line.low)
    steep = max(abs(slope.number(cut + side * step)) for side in (-1, 1))
    return math.isfinite(steep) and bool(abs(value) <= ROUNDED * abs(cut) * steep)


def _dips(heights: Floats) -> bool:
    """Whether a function comes so near to 0 between samples that it may touch it."""
    size = np.abs(heights)
    with np.errstate(invalid="ignore"):
        return bool((size[APART:-APART] < 0.1 * np.minimum(size[: -2 * APART], size[2 * APART :])).any())


def _touches(row: Row, turning: list[Run], x: Floats) -> list[float]:
    """Turning points at 0."""
    turns = [run.high for run in turning[:-1]]
    if not turns:
        return []
    size = max(abs(row.exact(float(place))) for place in x[:: max(1, len(x) // 4)])
    return [turn for turn in turns if abs(row.exact(turn)) <= TOUCHES * size]


def _joined(line: Line, row: Row, slope: Row, ranges: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for low, high in ranges:
        if low == line.low and line.trend_beyond(row, -1, 0):
            low = -math.inf
        if high == line.high and line.trend_beyond(row, 1, 0):
            high = math.inf
        if found and found[-1][1] == low and _vanishes(line, row, slope, low):
            found[-1] = found[-1][0], high
        else:
            found.append((low, high))
    return found


def pieces(line: Line) -> tuple[Piece, ...]:
    """Ranges of one trend, ascending; to an infinity where the trend at the end of the window goes on."""
    found: list[Piece] = []
    for stretch in line.stretches:
        for run in stretch.slope:
            low = _outer(line, run, -1)
            high = _outer(line, run, 1)
            trend = TRENDS[run.sign]
            if found and found[-1].trend == trend and found[-1].high == low and line.joins(low):
                found[-1] = Piece(found[-1].low, high, trend)
            else:
                found.append(Piece(low, high, trend))
    return tuple(found)


def _outer(line: Line, run: Run, way: int) -> float:
    place, end = (run.low, line.low) if way < 0 else (run.high, line.high)
    return way * math.inf if place == end and line.trend_beyond(line.rows.slope, way, run.sign) else place


def sign_changes(found: tuple[Piece, ...]) -> tuple[float, ...]:
    """Where f begins to fall after it rose, or the other way round; the middle of a level piece between."""
    changes = []
    moving = [piece for piece in found if piece.trend != "level"]
    for before, after in pairwise(moving):
        if before.trend != after.trend:
            changes.append(0.5 * (before.high + after.low))
    return tuple(changes)


def extrema(line: Line, found: tuple[Piece, ...]) -> tuple[Extremum, ...]:
    """Strict local ones, ascending."""
    points = []
    for before, after in pairwise(found):
        x = before.high
        if x != after.low:
            continue
        value = line.value_at(x)
        if value is None:
            continue
        below, above = _beside(line, x, value, before.trend, after.trend)
        if below:
            points.append(Extremum(x, value, "maximum"))
        elif above:
            points.append(Extremum(x, value, "minimum"))
    return tuple(points)


def _beside(line: Line, x: float, value: float, before: Trend, after: Trend) -> tuple[bool, bool]:
    """Whether f is below its value on both sides of a point, and whether above."""
    joint = line.joint(x)
    left, right = (value, value) if joint is None else (joint.left, joint.right)
    if left is None or right is None:
        return False, False
    below = (left < value or left == value and before == "rises") and (
        right < value or right == value and after == "falls"
    )
    above = (left > value or left == value and before == "falls") and (
        right > value or right == value and after == "rises"
    )
    return below, above


def inflections(line: Line) -> tuple[Inflection, ...]:
    """Ascending."""
    points = []
    last: Run | None = None
    for stretch in line.stretches:
        for run in stretch.bend:
            if last is not None and last.high == run.low and last.sign * run.sign < 0 and line.joins(run.low):
                points.append(Inflection(run.low, line.rows.value.number(run.low)))
            last = run
    return tuple(points)
