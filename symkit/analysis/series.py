"""The rest of a series of octave integrals that fall off geometrically."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from symkit.analysis.curve import Floats

DIVERGES = 0.9995
"""Octaves that fall by less than this factor do not add up to anything finite."""

SETTLED = 1e-7
"""A sum that is less certain than this is not believed."""

LEAST = 1e-17
"""Part of a sum that float64 does not notice."""

LONG = 8
"""Octaves that are needed for a judgement."""

WINDOW = 12
"""Octaves that are judged, but for as many after them, which rounding may blur; a spike may have ended before."""


@dataclass(frozen=True, slots=True)
class Rest:
    """What lies beyond an octave.

    Attributes:
        value, error: of the sum, in units of 2**exponent; `error` is an estimate.
        divergent: whether the sum of the sizes does not exist.
        settled: whether the octaves show what it is at all.
    """

    value: float = 0.0
    error: float = 0.0
    exponent: int = 0
    divergent: bool = False
    settled: bool = True


@dataclass(frozen=True)
class Series:
    """Octave integrals, the widest first.

    Attributes:
        signed: the integrals.
        sizes: those of the absolute value.
    """

    signed: Floats
    sizes: Floats

    @cached_property
    def total(self) -> float:
        return float(np.sum(self.sizes))

    @cached_property
    def divergent(self) -> bool:
        if len(self.sizes) < LONG:
            return False
        end = max(len(self.sizes) - WINDOW, len(self.sizes) // 2)
        start = max(end - 1 - WINDOW, end // 2)
        with np.errstate(all="ignore"):
            pace = (self.sizes[end - 1] / self.sizes[start]) ** (1 / (end - 1 - start))
        return bool(np.isinf(self.sizes).any() or pace >= DIVERGES)

    @cached_property
    def settles(self) -> bool:
        return len(self.sizes) >= LONG and not self.divergent and not np.isnan(self.sizes).any()

    @cached_property
    def beyond(self) -> Floats:
        """For each octave what a geometric series with the ratio of the last two leaves beyond it."""
        with np.errstate(all="ignore"):
            ratio = np.concatenate([[0.5], self.sizes[1:] / self.sizes[:-1]])
            rest = np.where(ratio < 1, self.sizes * ratio / (1 - ratio), math.inf)
            return np.where(self.sizes == 0, 0.0, rest)

    @cached_property
    def doubt(self) -> Floats:
        """For each octave by how much the sum changes if it is cut there and not one or two octaves earlier.

        Where a later octave is larger, something is still to come: no cut.
        """
        with np.errstate(invalid="ignore"):
            step = np.abs(self.sizes[1:] + self.beyond[1:] - self.beyond[:-1])
            doubt = np.concatenate([[math.inf, math.inf], step[1:] + step[:-1]])
            later = np.append(np.maximum.accumulate(self.sizes[:0:-1])[::-1], 0.0)
            falls = later <= 1.05 * self.sizes + LEAST * self.total
        return np.where(np.isnan(doubt) | ~falls, math.inf, doubt)

    @property
    def uncertainty(self) -> Floats:
        """The doubt relative to the sum."""
        return self.doubt / (self.total or 1.0)

    def rest(self, last: int, exponent: int) -> Rest:
        """What lies beyond the octave `last`."""
        if not self.settles:
            return Rest(divergent=self.divergent, settled=self.divergent)
        value, error = float(self.beyond[last]), float(self.doubt[last])
        settled = error <= SETTLED * self.total
        if abs(self.signed[last]) < 0.999 * self.sizes[last]:
            # The sign still changes within the octave: the rest may cancel.
            return Rest(0.0, error + value, exponent, settled=settled)
        return Rest(math.copysign(value, self.signed[last]), error, exponent, settled=settled)
