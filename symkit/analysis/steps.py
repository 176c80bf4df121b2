"""Steps and spikes too narrow for sampling, which no record names: `erf(1e8*x)` is smooth, and rises at 0."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from symkit.analysis.curve import Floats
from symkit.analysis.zeros import Rows, sampled

STEEP = 8.0
"""A stretch counts that is so much steeper than the two beside it together,"""

VISIBLE = 1e-9
"""and rises by more than this part of its height."""

TINY = 2.0**-960
"""Rises among numbers that lose digits to underflow do not count."""

HALVINGS = 50


def steps(rows: Rows, grid: Floats, known: Sequence[float]) -> list[float]:
    """Where a row steps or spikes between two neighbouring samples, or at one, away from the points known.

    Args:
        rows: the functions.
        grid: where they are sampled, ascending and equally spaced.
        known: points that need no finding, ascending.
    """
    heights = rows(grid)
    with np.errstate(invalid="ignore", over="ignore"):
        rises = np.abs(np.diff(heights))
        visible = rises > VISIBLE * (np.abs(heights[:, 1:]) + np.abs(heights[:, :-1])) + TINY
        rises = np.where(np.isfinite(rises), np.where(visible, rises, 0.0), np.nan)
        rises[:, ~_away(grid, known)] = np.nan
        at_sample = np.minimum(rises[:, 1:-2], rises[:, 2:-1]) > STEEP * (rises[:, :-3] + rises[:, 3:])
        between = rises[:, 1:-1] > STEEP * (rises[:, :-2] + rises[:, 2:])
    row, left = np.nonzero(between)
    low, high = grid[left + 1], grid[left + 2]
    for _ in range(HALVINGS if len(row) else 0):
        middle = 0.5 * (low + high)
        ends = [sampled(rows, row, x) for x in (low, middle, high)]
        upper = np.abs(ends[2] - ends[1]) > np.abs(ends[1] - ends[0])
        low, high = np.where(upper, middle, low), np.where(upper, high, middle)
    return sorted({*grid[np.nonzero(at_sample)[1] + 2].tolist(), *(0.5 * (low + high)).tolist()})


def _away(grid: Floats, known: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Of every stretch between samples whether neither it nor one beside it holds a known point."""
    index = np.searchsorted(grid, np.array(known))
    close = np.zeros(len(grid) + 3, dtype=bool)
    for shift in range(4):
        close[np.clip(index + shift, 0, len(grid) + 2)] = True
    return ~close[2 : len(grid) + 1]
