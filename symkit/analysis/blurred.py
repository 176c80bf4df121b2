"""Zeros where float64 is too blurred to see them, found by the exact evaluator."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from symkit.analysis.curve import Floats

Exact = Callable[[int, float], float]
"""The value of the function of a row at a point."""

UNDEFINED = 2
"""The class of a sample that is NaN; the others are the signs -1, 0 and 1."""

MOST = 64
"""Changes of class that are looked into; the rest are taken at their word."""

LOOKS = 33
"""Samples of a blurred stretch that are evaluated exactly."""

HALVINGS = 60


def blurred(
    exact: Exact, grid: Floats, classes: NDArray[np.int8], row: NDArray[np.intp], left: NDArray[np.intp], reach: float
) -> tuple[list[float], NDArray[np.bool_]]:
    """Zeros within stretches of float64 zeros that are none, and which of the changes of class bound such a stretch.

    Args:
        exact: a function at a point.
        grid, classes: the samples of all functions.
        row, left: where the class changes: between the samples `left` and `left + 1` of `row`.
        reach: how far from the middle of the grid float64 is not taken at its word.

    Underflow and cancellation make zeros of what is none, and overflow holes.
    """
    found: list[float] = []
    false = np.zeros(len(row), dtype=bool)
    middle = 0.5 * (grid[0] + grid[-1])
    near = np.flatnonzero(np.abs(grid[left] - middle) <= reach)[:MOST]
    for number, r, i in zip(near.tolist(), row[near].tolist(), left[near].tolist(), strict=True):
        for inside in (i, i + 1):
            kind = classes[r, inside]
            if kind not in (0, UNDEFINED):
                continue
            value = exact(r, float(grid[inside]))
            if value != 0 if kind == 0 else not math.isnan(value):
                false[number] = True
                if kind == 0 and inside == i + 1:
                    found.extend(_hidden(exact, r, grid[i:], classes[r, i:]))
    return found, false


def _hidden(exact: Exact, row: int, grid: Floats, classes: NDArray[np.int8]) -> list[float]:
    """Zeros in the stretch of class 0 that starts after the first sample."""
    others = np.flatnonzero(classes[1:] != 0)
    end = int(others[0]) + 1 if others.size else len(grid) - 1
    looked = np.unique(np.linspace(0, end, LOOKS).astype(int))
    points = [float(grid[i]) for i in looked]
    values = [exact(row, point) for point in points]
    found = [point for point, value in zip(points, values, strict=True) if value == 0]
    for i in range(len(points) - 1):
        if values[i] * values[i + 1] < 0:
            found.append(_crossing(exact, row, points[i], points[i + 1]))
    sizes = [abs(value) for value in values]
    for i in range(1, len(points) - 1):
        if 0 < sizes[i] < 0.5 * max(sizes[i - 1], sizes[i + 1]) and sizes[i] <= min(sizes[i - 1], sizes[i + 1]):
            touch = vertex(exact, row, points[i], points[i + 1] - points[i])
            if abs(exact(row, touch)) <= 1e-9 * sizes[i]:
                found.append(touch)
    return found


def _crossing(exact: Exact, row: int, low: float, high: float) -> float:
    below = exact(row, low)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if exact(row, middle) * below > 0 else (low, middle)
    return high


def vertex(exact: Exact, row: int, x: float, width: float) -> float:
    """A touch of 0 near x, which floats see to half their digits: a short decimal, or the vertex of a parabola."""
    for digits in range(7):
        short = round(float(x), digits)
        if abs(short - x) < 1e-6 * width and exact(row, short) == 0:
            return short
    for step in (1e-4 * width, 1e-6 * width, 1e-8 * width):
        left, middle, right = (exact(row, float(x + offset)) for offset in (-step, 0.0, step))
        curvature = left - 2 * middle + right
        if curvature != 0 and abs(right - left) < 8 * abs(curvature):
            x -= 0.5 * step * (right - left) / curvature
    return float(x)
