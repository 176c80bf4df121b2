"""Zeros of a function of a variance, seen on a grid and refined."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from scipy.optimize import brentq, minimize_scalar

from symkit.analysis.curve import Floats
from symkit.analysis.signal.sheet import GRID

ZERO = 1e-9
"""Values closer to 0 are taken for 0: float64 may leave as much of a function at the smallest variances."""

EXACT = 1e-13
"""A point of the grid this close to being a zero is one."""

DIP = 0.2
"""A value this near to 0 that lies between two that are farther may hide two zeros."""


def crossings(values: Floats, function: Callable[[Floats], Floats]) -> tuple[list[float], bool]:
    """The zeros between points of the grid, ascending, and whether the function is 0 at all of them.

    Args:
        values: the function on `GRID`, NaN where it is not known.
        function: the same at any variances, one axis.

    A stretch of zeros at either end of the grid is a limit, not a zero.
    """
    marks = np.flatnonzero(np.abs(values) > ZERO).tolist()
    if not marks and not np.isnan(values).all():
        return [], True

    def at(log_q: float) -> float:
        return float(function(np.exp([log_q]))[0])

    found: list[float] = []
    for i, j in pairwise(marks):
        between = values[i : j + 1]
        if np.isnan(between).any():
            continue
        best = i + int(np.argmin(np.abs(between)))
        if abs(values[best]) <= EXACT or (j > i + 1 and values[i] * values[j] > 0):
            found.append(float(GRID[best]))
        elif values[i] * values[j] < 0:
            found.append(_between(at, math.log(GRID[i]), math.log(GRID[j])))
    for i in range(1, len(GRID) - 1):
        before, here, after = (float(value) for value in values[i - 1 : i + 2])
        if ZERO < abs(here) < min(DIP, abs(before), abs(after)) and here * before > 0 and here * after > 0:
            found += _dip(at, math.log(GRID[i - 1]), math.log(GRID[i + 1]), math.copysign(1.0, here))
    return sorted(found), False


def _between(at: Callable[[float], float], low: float, high: float) -> float:
    return math.exp(brentq(at, low, high, xtol=1e-14, rtol=1e-14))


def _dip(at: Callable[[float], float], low: float, high: float, sign: float) -> list[float]:
    """Two zeros between points where the function has the same sign, if it has another in between."""
    lowest = minimize_scalar(lambda log_q: sign * at(log_q), bounds=(low, high), method="bounded")
    if not lowest.fun < -EXACT:
        return []
    return [_between(at, low, lowest.x), _between(at, lowest.x, high)]
