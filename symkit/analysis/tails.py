"""How far out the integrand counts, and whether it falls off at all.

f**power times the density is followed on a ladder of points, in logarithms, so that nothing overflows. The range ends
where it stays below 2**-110 of its peak; `abs(x)**x` at a variance of 4 needs 20 deviations, relu 13.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from symkit.analysis.breakpoints import REACH
from symkit.analysis.curve import Curve, Floats, Normal

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
    bell = -0.5 * ladder**2 / math.log(2) + np.log2(ladder)
    core = curve(normal.mean + normal.deviation * np.linspace(-FIRST, FIRST, 64)).log2()
    points = [normal.mean + sign * normal.deviation * ladder for sign in (-1, 1)]
    quick = [curve(x).log2() for x in points]
    peaks = {p: _highest([p * core, *(_smoothed(p * side + bell) for side in quick)]) for p in powers}

    def judged(heights: Floats) -> dict[int, Tail]:
        return {p: _judged(ladder, _smoothed(p * heights + bell), peaks[p]) for p in powers}

    found = []
    for x, heights in zip(points, quick, strict=True):
        verdicts = judged(heights)
        if any(tail.divergent or not tail.settled for tail in verdicts.values()):
            # Noise of float64 may grow where f does not.
            verdicts = judged(curve.exactly(x).log2())
        found.append(verdicts)
    return {p: (found[0][p], found[1][p]) for p in powers}


def _highest(parts: Sequence[Floats]) -> float:
    every = np.concatenate(parts)
    return float(np.max(every[np.isfinite(every)], initial=-math.inf))


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
    # Where f is 0 an octave before the end and not at it, that is noise.
    if not lost.size and min(bits[-1], bits[-1 - RUNGS]) > -math.inf and bits[-1] - bits[-1 - RUNGS] > FALLING:
        return Tail(end, divergent=True)
    counts = np.flatnonzero(known > peak - NEGLIGIBLE)
    last = int(counts[-1]) if counts.size else 0
    if last < len(known) - 1:
        return Tail(float(ladder[last + 1]))
    return Tail(end, settled=not lost.size and bool(bits[-1] <= peak - SMALL))
