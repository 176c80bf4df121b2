"""What a breakpoint is: a jump, a place without bound, or nothing of the kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symkit.analyze.curve import Curve, Normal

WIDE, CLOSE = 2.0**-16, 2.0**-40
"""Deviations from a breakpoint within which its two sides are looked at."""

RESOLVED = 2.0**-44
"""Part of a breakpoint's own size below which floats beside it are too coarse."""


@dataclass(frozen=True, slots=True)
class Features:
    """For each breakpoint whether the limits of the two sides differ, and whether there is no bound."""

    jumps: NDArray[np.bool_]
    unbounded: NDArray[np.bool_]


def features(curve: Curve, normal: Normal, points: Sequence[float]) -> Features:
    """Look at both sides of every point, at three distances from it."""
    where = np.array(points)
    if not len(where):
        none = np.zeros(0, dtype=bool)
        return Features(none, none)
    gaps = np.diff(where, prepend=-np.inf, append=np.inf)
    wide = np.minimum(WIDE * normal.deviation, 0.25 * np.minimum(gaps[:-1], gaps[1:]))
    close = np.maximum(CLOSE * normal.deviation, RESOLVED * np.abs(where))
    distances = np.stack([wide, np.sqrt(wide * close), close])
    sides = np.stack([curve.floats(where - distances), curve.floats(where + distances)])
    with np.errstate(invalid="ignore"):
        scale = np.abs(sides).max(axis=(0, 1))
        first, second = np.abs(np.diff(sides, axis=1)).transpose(1, 0, 2)
        # Towards a limit the steps shrink; those of a logarithm stay, those of a pole grow.
        steps = (second > 0.97 * first) & (second > 1e-9 * scale)
        unbounded = steps.any(axis=0) | np.isinf(sides).any(axis=(0, 1))
        _, far, near = np.abs(sides[1] - sides[0])
        jumps = (near > 0.5 * far) & (near > 1e-9 * scale) & ~unbounded
    return Features(jumps, unbounded)
