"""What a breakpoint is: a jump, a place without bound, or nothing of the kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symkit.analysis.curve import Curve, Floats, Normal, Scaled

AFAR, WIDE, CLOSE = 2.0**-3, 2.0**-16, 2.0**-40
"""Deviations from a breakpoint: where the function's size is taken, and within which its two sides are followed."""

RESOLVED = 2.0**-44
"""Part of a breakpoint's own size below which floats beside it are too coarse."""

VISIBLE = 1e-9
"""Part of the function's size that a jump must have."""

CONFIRMED = 32
"""So many suspected features are confirmed by the exact evaluator."""


@dataclass(frozen=True, slots=True)
class Features:
    """For each breakpoint whether the limits of the two sides differ, and whether there is no bound."""

    jumps: NDArray[np.bool_]
    unbounded: NDArray[np.bool_]


def features(curve: Curve, normal: Normal, points: Sequence[float]) -> Features:
    """Look at both sides of every point, first in float64, then exactly where there seems to be something."""
    where = np.array(points, dtype=np.float64)
    distances = _distances(where, normal)
    found = _compared(curve, where, distances)
    suspects = np.flatnonzero(found.jumps | found.unbounded)[:CONFIRMED]
    if suspects.size:
        sure = _compared(curve.exactly, where[suspects], distances[:, suspects])
        found.jumps[suspects], found.unbounded[suspects] = sure.jumps, sure.unbounded
    return found


def _distances(points: Floats, normal: Normal) -> Floats:
    """Four distances from each point, the widest first, none past the next point."""
    gaps = np.diff(points, prepend=-np.inf, append=np.inf)
    room = 0.25 * np.minimum(gaps[:-1], gaps[1:])
    afar, wide = (np.minimum(d * normal.deviation, room) for d in (AFAR, WIDE))
    close = np.maximum(CLOSE * normal.deviation, RESOLVED * np.abs(points))
    return np.stack([afar, wide, np.sqrt(wide * close), close])


def _compared(samples_at: Callable[[Floats], Scaled], points: Floats, distances: Floats) -> Features:
    samples = samples_at(np.stack([points - distances, points + distances]))
    # Relative to the largest of each point, which may be beyond float64.
    heights = Scaled(samples.mantissa, samples.exponent - samples.exponent.max(axis=(0, 1))).floats()
    with np.errstate(invalid="ignore"):
        scale = VISIBLE * np.abs(heights).max(axis=(0, 1))
        earlier, later = np.abs(np.diff(heights[:, 1:], axis=1)).transpose(1, 0, 2)
        # Towards a limit the steps shrink; those of a logarithm stay, those of a pole grow.
        unbounded = ((later > 0.97 * earlier) & (later > scale)).any(axis=0) | np.isinf(heights).any(axis=(0, 1))
        before, after = np.abs(heights[1] - heights[0])[2:]
        jumps = (after > 0.5 * before) & (after > scale) & ~unbounded
    return Features(jumps, unbounded)
