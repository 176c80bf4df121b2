"""How far out the integrand counts, and whether it falls off at all.

f**power times the density is followed on a ladder of points, in logarithms, so that nothing overflows. The range ends
where it stays below 2**-110 of its peak; `abs(x)**x` at a variance of 4 needs 20 deviations, relu 13.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from symkit.analyze.breakpoints import REACH
from symkit.analyze.curve import Curve, Floats, Normal

NEGLIGIBLE = 110.0
SMALL = 50.0
"""Bits below the peak at which the integrand no longer counts, and at which the last point of the ladder may end it."""

FIRST = 1.9371
"""The first point of the ladder, in deviations; no round number, so that no point is likely to be a pole."""

RUNGS = 12
"""Points of the ladder to a doubling."""

FALLING = -0.02
"""Bits per doubling by which |z|*f**power*density must at least fall for its integral to exist."""


@dataclass(frozen=True, slots=True)
class Tail:
    """One direction.

    Attributes:
        end: how far the integrand counts, in deviations.
        divergent: whether the integral of |f|**power does not exist there.
        infinite: whether f itself is infinite from the first rung on.
        settled: whether the ladder shows what it is at all.
    """

    end: float
    divergent: bool = False
    infinite: bool = False
    settled: bool = True


def tails(curve: Curve, normal: Normal, powers: Sequence[int]) -> dict[int, tuple[Tail, Tail]]:
    """For every power the left and the right Tail."""
    ladder = np.geomspace(FIRST, REACH, math.ceil(RUNGS * math.log2(REACH / FIRST)) + 1)
    core = curve(normal.mean + normal.deviation * np.linspace(-2.0, 2.0, 65)).log2()
    sides = [curve(normal.mean + sign * normal.deviation * ladder).log2() for sign in (-1, 1)]
    bell = -0.5 * ladder**2 / math.log(2)
    found = {}
    for p in powers:
        bits = [_smoothed(p * side + bell + np.log2(ladder)) for side in sides]
        every = np.concatenate([p * core, *bits])
        peak = float(np.max(every[np.isfinite(every)], initial=-math.inf))
        found[p] = (_judged(ladder, bits[0], peak), _judged(ladder, bits[1], peak))
    return found


def _smoothed(bits: Floats) -> Floats:
    """The largest of each value and its neighbours: a zero of f is no sign that it falls off."""
    padded = np.pad(bits, 1, mode="edge")
    return np.maximum(np.maximum(padded[:-2], padded[1:-1]), padded[2:])


def _judged(ladder: Floats, bits: Floats, peak: float) -> Tail:
    end = float(ladder[-1])
    lost = np.flatnonzero(np.isnan(bits) | (bits == math.inf))
    known = bits[: lost[0]] if lost.size else bits
    if lost.size and bits[lost[0]] == math.inf and (len(known) < 3 or known[-1] > known[-3]):
        # Exact values end at 2**65536, those of inner terms included; what rose up to there is f.
        return Tail(end, divergent=True, infinite=not len(known))
    if not lost.size and bits[-1] > -math.inf and bits[-1] - bits[-1 - RUNGS] > FALLING:
        return Tail(end, divergent=True)
    counts = np.flatnonzero(known > peak - NEGLIGIBLE)
    last = int(counts[-1]) if counts.size else 0
    if last < len(known) - 1:
        return Tail(float(ladder[last + 1]))
    return Tail(end, settled=not lost.size and bool(bits[-1] <= peak - SMALL))
