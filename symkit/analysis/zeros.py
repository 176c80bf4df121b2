"""Zeros of many functions of one variable at once: every evaluation serves them all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from symkit.analysis.blurred import UNDEFINED, Exact, blurred, vertex
from symkit.analysis.curve import Floats

Rows = Callable[[Floats], Floats]
"""Samples of every function, one a row, at points of one dimension."""

HALVINGS = 70
DESCENTS = 24
ROUNDED = 1e-15
"""How far, relative to its size, a zero is moved to a shorter decimal."""

SAME = 1e-13
"""Zeros this close, relative to their size, are one."""


def zeros(rows: Rows, exact: Exact, grid: Floats, tiny: float, reach: float) -> list[float]:
    """Every point where a row crosses or touches 0, or starts or stops being 0 or being defined, ascending.

    Args:
        rows: the functions; NaN where one is not defined.
        exact: one of them at one point, without rounding.
        grid: where they are sampled, ascending; two crossings between neighbours are missed unless |row| dips there.
        tiny: a distance that does not matter.
        reach: how far from the middle of the grid zeros that float64 blurs are told from those that are.

    A crossing is good to the last bit or so, and so is a touch like that of a square. A sample that is defined where
    neither neighbour is, as x**x is at -2, counts as undefined.
    """
    heights = rows(grid)
    classes = _classes(heights)
    classes[:, 1:-1][(classes[:, :-2] == UNDEFINED) & (classes[:, 2:] == UNDEFINED)] = UNDEFINED
    alone = _alone(classes)
    row, left = np.nonzero((classes[:, :-1] != classes[:, 1:]) & ~alone[:, :-1] & ~alone[:, 1:])
    hidden, false = blurred(exact, grid, classes, row, left, reach)
    row, left = row[~false], left[~false]
    dip, bottom = np.nonzero(_dips(heights, classes))
    lowest = _descended(rows, dip, grid[bottom - 1], grid[bottom + 1])
    below = sampled(rows, dip, lowest)
    crossed = (_classes(below) != classes[dip, bottom]) & (below != 0)
    touched = np.flatnonzero(np.abs(below) <= 1e-9 * np.abs(heights[dip, bottom]))
    found = [
        np.array(hidden),
        grid[np.nonzero(alone)[1]],
        _bisected(rows, row, grid[left], grid[left + 1], tiny),
        _bisected(rows, dip[crossed], grid[bottom - 1][crossed], lowest[crossed], tiny),
        _bisected(rows, dip[crossed], lowest[crossed], grid[bottom + 1][crossed], tiny),
        np.array([vertex(exact, int(dip[i]), lowest[i], grid[bottom[i] + 1] - grid[bottom[i]]) for i in touched]),
    ]
    return _distinct(np.concatenate(found) + 0.0, tiny)


def _classes(heights: Floats) -> NDArray[np.int8]:
    """-1, 0 or 1 by sign."""
    return np.where(np.isnan(heights), UNDEFINED, np.sign(heights)).astype(np.int8)


def _alone(classes: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Samples that hit a zero or a hole squarely: 0 or undefined, and neither neighbour is."""
    alone = np.zeros(classes.shape, dtype=bool)
    middle = classes[:, 1:-1]
    special = (middle == 0) | (middle == UNDEFINED)
    alone[:, 1:-1] = special & (classes[:, :-2] != middle) & (classes[:, 2:] != middle)
    return alone


def sampled(rows: Rows, row: NDArray[np.intp], x: Floats) -> Floats:
    """Of each point the height of its own row."""
    if not len(x):
        return x
    return rows(x)[row, np.arange(len(x))]


def _bisected(rows: Rows, row: NDArray[np.intp], low: Floats, high: Floats, tiny: float) -> Floats:
    """Where the class of `row` at `low` ends."""
    if not len(low):
        return low
    before = _classes(sampled(rows, row, low))
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        same = _classes(sampled(rows, row, middle)) == before
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return _shortest(rows, row, low, np.maximum(ROUNDED * np.abs(low), tiny), high)


def _shortest(rows: Rows, row: NDArray[np.intp], x: Floats, tolerance: Floats, other: Floats | None = None) -> Floats:
    """The shortest decimal within tolerance that is a zero or a hole, else the lowest of the candidates."""
    best, lowest = x, np.abs(sampled(rows, row, x))
    candidates = [np.round(x, digits) for digits in range(15, -1, -1)]
    for candidate in [*([other] if other is not None else []), *candidates]:
        height = np.abs(sampled(rows, row, candidate))
        better = (np.abs(candidate - x) <= tolerance) & ((height <= lowest) | np.isnan(height))
        best, lowest = np.where(better, candidate, best), np.where(better, height, lowest)
    return best


def _dips(heights: Floats, classes: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Lowest samples of |row| between two of the same sign, deep enough to hide a zero."""
    size = np.abs(heights)
    dips = np.zeros(size.shape, dtype=bool)
    left, middle, right = size[:, :-2], size[:, 1:-1], size[:, 2:]
    alike = (classes[:, 1:-1] == classes[:, :-2]) & (classes[:, 1:-1] == classes[:, 2:])
    signed = (classes[:, 1:-1] == 1) | (classes[:, 1:-1] == -1)
    dips[:, 1:-1] = alike & signed & (middle <= left) & (middle <= right) & (middle < 0.5 * np.maximum(left, right))
    return dips


def _descended(rows: Rows, row: NDArray[np.intp], low: Floats, high: Floats) -> Floats:
    """Where |row| is least between the bounds, by ever finer sampling around the lowest sample."""
    middle = 0.5 * (low + high)
    if not len(low):
        return middle
    each = np.arange(len(low))
    for _ in range(DESCENTS):
        points = np.linspace(low, high, 9)
        size = np.abs(rows(points.ravel())[np.tile(row, 9), np.arange(points.size)].reshape(points.shape))
        best = np.clip(np.argmin(size, axis=0), 1, 7)
        low, middle, high = points[best - 1, each], points[best, each], points[best + 1, each]
    return middle


def _distinct(points: Floats, tiny: float) -> list[float]:
    """Ascending, and of several that are the same up to rounding the shortest."""
    kept: list[float] = []
    for point in sorted(set(points.tolist())):
        if kept and point - kept[-1] <= max(tiny, SAME * abs(point)):
            kept[-1] = min(kept[-1], point, key=lambda p: len(repr(p)))
        else:
            kept.append(point)
    return kept
