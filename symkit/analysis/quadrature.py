"""Integrals against the normal density by Gauss-Legendre rules on panels that are halved until two rules agree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symkit.analysis.curve import Curve, Floats, Normal, Scaled
from symkit.analysis.singular import Side

ROUNDS = 40
MOST_PANELS = 10_000
AGREED = 1e-15
"""A panel is done when its two rules differ by less than this part of the whole,"""

ROUNDING = 2e-14
"""or by less than this part of itself."""


FINE_NODES, FINE = np.polynomial.legendre.leggauss(20)
COARSE_NODES, COARSE = np.polynomial.legendre.leggauss(10)
NODES = np.concatenate([FINE_NODES, COARSE_NODES])


@dataclass(frozen=True, slots=True)
class Panels:
    """Intervals from `anchor + low` to `anchor + high`: offsets keep their digits beside a breakpoint."""

    anchor: Floats
    low: Floats
    high: Floats

    def __len__(self) -> int:
        return len(self.anchor)

    def where(self, which: NDArray[np.bool_]) -> Panels:
        return Panels(self.anchor[which], self.low[which], self.high[which])

    def halved(self) -> Panels:
        middle = 0.5 * (self.low + self.high)
        low, high = np.concatenate([self.low, middle]), np.concatenate([middle, self.high])
        return Panels(np.tile(self.anchor, 2), low, high)

    @staticmethod
    def joined(parts: Sequence[Panels]) -> Panels:
        return Panels(
            np.concatenate([part.anchor for part in parts]),
            np.concatenate([part.low for part in parts]),
            np.concatenate([part.high for part in parts]),
        )


def stretch(anchor: float, low: float, high: float, width: float) -> Panels:
    """Equal panels over offsets from `low` to `high`, none wider than `width`."""
    count = max(1, math.ceil((high - low) / width))
    ends = np.linspace(low, high, count + 1)
    return Panels(np.full(count, anchor), ends[:-1], ends[1:])


def octaves(side: Side) -> Panels:
    """Panels from the end of a side to its offset, each half as wide as the one before."""
    count = round(math.log2(side.reach / side.offset))
    ends = side.reach * np.exp2(-np.arange(count + 1.0))
    return Panels(np.full(count, side.point), ends[1:], ends[:-1])


@dataclass(frozen=True, slots=True)
class Sums:
    """What the rules make of every panel: its integral, that of the absolute value, and how much the rules differ."""

    value: Floats
    size: Floats
    differ: Floats

    @classmethod
    def of(cls, terms: Floats) -> Sums:
        fine, coarse = terms[:, : len(FINE)], terms[:, len(FINE) :]
        with np.errstate(over="ignore", invalid="ignore"):
            value = fine @ FINE
            return cls(value, np.abs(fine) @ FINE, np.abs(value - coarse @ COARSE))


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples of f at the nodes of panels, and the density there times the half width."""

    x: Floats
    heights: Scaled
    density: Scaled

    @classmethod
    def of(cls, curve: Curve, normal: Normal, panels: Panels) -> Samples:
        half, middle = 0.5 * (panels.high - panels.low), 0.5 * (panels.high + panels.low)
        anchor, offset = panels.anchor[:, None], middle[:, None] + half[:, None] * NODES
        density = normal.density(anchor, offset) * Scaled.of(np.abs(half)[:, None])
        return cls(anchor + offset, curve(anchor + offset), density)

    def where(self, which: NDArray[np.bool_]) -> Samples:
        return Samples(self.x[which], self.heights[which], self.density[which])

    @staticmethod
    def joined(parts: Sequence[Samples]) -> Samples:
        heights = Scaled.joined([part.heights for part in parts])
        density = Scaled.joined([part.density for part in parts])
        return Samples(np.concatenate([part.x for part in parts]), heights, density)

    def terms(self, power: int) -> Floats:
        """f**power times the density."""
        return (self.heights.power(power) * self.density).floats()

    def centred(self, mean: float) -> Floats:
        """(f - mean)**2 times the density."""
        floats = self.heights.floats() - mean
        near = Scaled.of(np.where(np.isfinite(floats), floats, 0.0))
        return np.where(np.isfinite(floats), (near.power(2) * self.density).floats(), self.terms(2))


def sampled(curve: Curve, normal: Normal, panels: Panels, powers: Sequence[int]) -> Samples:
    """Samples on panels fine enough for the integral of f**power times the density, for every power."""
    done: list[Samples] = []
    sizes = dict.fromkeys(powers, 0.0)
    for round_ in range(ROUNDS):
        samples = Samples.of(curve, normal, panels)
        open_ = np.zeros(len(panels), dtype=bool)
        for p in powers:
            sums = Sums.of(samples.terms(p))
            whole = sizes[p] + float(sums.size.sum())
            open_ |= sums.differ > np.maximum(AGREED * whole, ROUNDING * sums.size)
            sizes[p] += float(sums.size[~open_].sum())
        last = round_ == ROUNDS - 1 or 2 * int(open_.sum()) > MOST_PANELS
        if last or not open_.any():
            done.append(samples)
            break
        done.append(samples.where(~open_))
        panels = panels.where(open_).halved()
    return Samples.joined(done)
