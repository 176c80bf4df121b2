"""What samples of many functions on one kind of layout say: four numbers each, or why there are none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symkit.analysis.batch.layout import COUNT, DISTANCES, LAST, RUNGS, Layout
from symkit.analysis.batch.tape import BLUR
from symkit.analysis.curve import Floats

Flags = NDArray[np.bool_]

AGREED = 3e-11
"""Part of the whole by which an integral may be uncertain."""

SMALLEST = 1e-6
"""A gain that is a smaller part of the second moment over the variance is not told from 0."""

FLOOR = 1e-11
"""Part of the root mean square that is not seen,"""

JUMP = 1e-8
"""and part of a function's size nearby that counts as a jump."""

NEGLIGIBLE = 55.0
"""Bits below the whole at which an integrand no longer counts beyond the panels."""

FADED = 300.0
LARGEST = 1000.0
"""Bits below it from which on an integrand that falls may leave float64, and bits of values that are about to."""

STEEP = 0.499
"""Power of 1/distance from which on a square cannot be integrated,"""

FLAT = 0.02
"""and up to which there is no pole."""

WEAK, LATER = 0.4, 1e-3
"""Power up to which graded panels manage a pole that gets steeper by no more than that."""

BLURRED = 1e-3
"""Part of a value beside a point by which rounding may put it off."""

ROUNDING = 2.0**-51
"""By how much rounding may put an operation off."""

TIMES = 4
"""Times that samples beside points are spoilt by rounding, each time by chance."""

FLIPPED = 0.03
"""Part of the root mean square by which no sample beside a point may change: a condition went the other way."""

DENSE = 10.0
"""Deviations within which steps are looked for."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Values of functions and of their slopes at the points of their lines, (functions, samples).

    Attributes:
        noise, slope_noise: how far rounding puts those at the samples `Blurred.places` off.
    """

    values: Floats
    slopes: Floats
    noise: Floats
    slope_noise: Floats


@dataclass(frozen=True, slots=True)
class Found:
    """Numbers of many functions and what is wrong with them.

    Attributes:
        numbers, errors: (functions, 4): mean, variance, second moment, backward gain.
        refused: reasons why there are no moments, or "".
        gain_refused: reasons why there is no gain, or "".
        doubtful, gain_doubtful: where finer samples may tell more.
        far: where samples farther from the mean may.
    """

    numbers: Floats
    errors: Floats
    refused: list[str]
    gain_refused: list[str]
    doubtful: Flags
    gain_doubtful: Flags
    far: Flags

    @classmethod
    def joined(cls, parts: Sequence[Found]) -> Found:
        """What was found of some functions, and then of others."""
        numbers, errors, doubtful, gain_doubtful, far = (
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("numbers", "errors", "doubtful", "gain_doubtful", "far")
        )
        refused, gain_refused = (
            [reason for part in parts for reason in getattr(part, name)] for name in ("refused", "gain_refused")
        )
        return cls(numbers, errors, refused, gain_refused, doubtful, gain_doubtful, far)


class Lines:
    """Layouts of one size, one for each function."""

    def __init__(self, layouts: Sequence[Layout], which: NDArray[np.intp], mean: float, deviation: float) -> None:
        self.layouts = layouts
        self.which = which
        self.mean, self.deviation = mean, deviation
        self.panels = layouts[0].panels
        self.count = len(layouts[0].points)
        sizes = [self.panels * COUNT, 2 * self.panels, 2 * len(DISTANCES) * self.count, 2 * RUNGS]
        self.bounds = np.cumsum([0, *sizes])

    def some(self, functions: slice) -> Lines:
        """The lines of some of the functions."""
        return Lines(self.layouts, self.which[functions], self.mean, self.deviation)

    def stacked(self, name: str) -> Floats:
        """An attribute of every function's layout; one row if all have the same."""
        rows = np.stack([np.asarray(getattr(layout, name)) for layout in self.layouts])
        return rows if len(rows) == 1 else rows[self.which]

    def part(self, samples: Floats, number: int, *shape: int) -> Floats:
        """Of samples those of panels, of ends, around points or beyond."""
        return samples[:, self.bounds[number] : self.bounds[number + 1]].reshape(len(samples), *shape)


def judge(lines: Lines, samples: Samples, blurred: NDArray[np.intp]) -> Found:
    """The numbers and the doubts of every function."""
    with np.errstate(all="ignore"):
        return _judge(lines, samples, blurred)


def _judge(lines: Lines, samples: Samples, blurred: NDArray[np.intp]) -> Found:
    panels = lines.panels
    weights = lines.stacked("weights")
    f, slope = (lines.part(rows, 0, panels, COUNT) for rows in (samples.values, samples.slopes))
    bad, slope_bad = (~np.all(np.isfinite(rows), axis=(1, 2)) for rows in (f, slope))
    blurred = blurred[blurred < panels * COUNT]
    masked = weights.reshape(len(weights), -1)[:, blurred] * (panels * COUNT / len(blurred))

    first = f * weights
    mean, mean_doubt = _sum(first)
    second, second_doubt = _sum(first * f)
    centred = f - mean[:, None, None]
    variance, variance_doubt = _sum(centred * centred * weights)
    weighted = slope * weights
    gain, gain_doubt = _sum(weighted * slope)
    scale = np.sqrt(second)

    own = samples.values[:, blurred]
    off, slope_off = (rows[:, : len(blurred)] * masked for rows in (samples.noise, samples.slope_noise))
    noise, square_noise = off.sum(axis=1), (2 * np.abs(own) * off).sum(axis=1)
    slope_noise = (2 * np.abs(samples.slopes[:, blurred]) * slope_off).sum(axis=1)

    errors = np.stack(
        [
            mean_doubt + noise,
            variance_doubt + square_noise + 2 * np.abs(mean) * noise,
            second_doubt + square_noise,
            gain_doubt + slope_noise,
        ],
        axis=1,
    )
    least = SMALLEST * second / lines.deviation**2
    units = np.stack([scale, second, second, np.maximum(gain, least)], axis=1)
    errors += 2.0**-46 * units
    vague = ~(errors <= AGREED * units)
    vague[units == 0] = False
    vague[:, :3] |= bad[:, None]
    vague[:, 3] |= slope_bad | bad

    far, grows = _outside(lines, samples.values, second)
    slope_far, slope_grows = _outside(lines, samples.slopes, gain)
    pole, harmless = _powers(lines, samples.values, samples.noise)
    slope_pole, slope_harmless = _powers(lines, samples.slopes, samples.slope_noise)
    stepped, jumps, broken = _steps(lines, samples, slope, scale, units[:, 3])

    refused = [""] * len(f)
    gain_refused = [""] * len(f)
    for i in np.flatnonzero((pole >= STEEP).any(axis=1) & ~np.isnan(pole).any(axis=1)).tolist():
        refused[i] = f"its square grows too steeply at {_at(lines, i, pole[i] >= STEEP)} to be integrated"
    for i in np.flatnonzero((slope_pole >= STEEP).any(axis=1) & ~np.isnan(slope_pole).any(axis=1)).tolist():
        gain_refused[i] = (
            f"the slope's square grows too steeply at {_at(lines, i, slope_pole[i] >= STEEP)} to be integrated"
        )
    for i in np.flatnonzero(jumps.any(axis=1)).tolist():
        gain_refused[i] = f"the function jumps at {_at(lines, i, jumps[i])}"
    for i in np.flatnonzero(grows).tolist():
        refused[i] = refused[i] or "it grows too fast far from the mean"
    for i in np.flatnonzero(slope_grows).tolist():
        gain_refused[i] = gain_refused[i] or "the slope grows too fast far from the mean"

    # Two numbers that are equal in float64 alone make a stretch that no point is.
    alike = _flipped(lines, samples.values, samples.noise, scale)
    steepness = np.maximum(np.sqrt(units[:, 3]), scale / lines.deviation)
    slope_alike = _flipped(lines, samples.slopes, samples.slope_noise, steepness)
    doubtful = alike | vague[:, :3].any(axis=1) | far | ~harmless.all(axis=1) | stepped
    gain_doubtful = alike | slope_alike | vague[:, 3] | slope_far | ~slope_harmless.all(axis=1) | stepped | broken
    numbers = np.stack([mean, variance, second, gain], axis=1)
    return Found(numbers, errors, refused, gain_refused, doubtful, gain_doubtful, far | slope_far)


def _at(lines: Lines, function: int, where: Flags) -> str:
    points = np.array(lines.layouts[lines.which[function]].points)[where]
    return f"x = {min(points, key=lambda p: abs(p - lines.mean)):.6g}"


def _sum(terms: Floats) -> tuple[Floats, Floats]:
    """The integral of every function, and how uncertain it is."""
    rest = np.abs(terms @ LAST).sum(axis=(1, 2))
    return terms.sum(axis=(1, 2)), rest


def _outside(lines: Lines, rows: Floats, whole: Floats) -> tuple[Flags, Flags]:
    """Whether the square of a function, times the density, counts beyond the panels; and whether it grows there.

    Where values leave float64, they must have been on their way as exponentials are: `x + 1e-300*exp(x**2)` is not.
    """
    rungs = lines.layouts[0].rungs
    heights = np.log2(np.abs(lines.part(rows, 3, 2, RUNGS)))
    bits = 2 * heights - 0.5 * rungs**2 / math.log(2) + np.log2(rungs)
    peak = np.where(whole > 0, np.log2(whole), -1000.0)
    counts, grows = np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    each = np.arange(len(rows))
    for side in (0, 1):
        own, height = bits[:, side], heights[:, side]
        lost = np.isnan(own) | (own == math.inf)
        first = np.where(lost.any(axis=1), lost.argmax(axis=1), RUNGS)
        known = np.arange(RUNGS) < first[:, None]
        counts |= (known & (own > peak[:, None] - NEGLIGIBLE)).any(axis=1)
        last, before = np.maximum(first - 1, 0), np.maximum(first - 2, 0)
        falls = own[each, last] <= own[each, before]
        expected = height[each, last] * (rungs[np.minimum(first, RUNGS - 1)] / rungs[last]) > LARGEST
        faded = (first >= 2) & falls & expected & (own[each, last] < peak - FADED)
        counts |= (first < RUNGS) & ~faded
        grows |= (first >= 2) & ~falls & (own[each, last] > peak)
    return counts, grows


def _powers(lines: Lines, rows: Floats, noise: Floats) -> tuple[Floats, Flags]:
    """For each point the power of 1/distance by which a function grows towards it, and whether that is no obstacle.

    It is NaN where it cannot be told. A logarithm or a weak pole is none where panels are graded towards it, if it does
    not get steeper: `1 + 1e-10/x` does.
    """
    if not lines.count:
        return np.zeros((len(rows), 0)), np.ones((len(rows), 0), dtype=bool)
    near = np.abs(lines.part(rows, 2, lines.count, 2, len(DISTANCES)))
    blurred = _beside(lines, noise) > BLURRED * near
    close, middle, wide = np.moveaxis(near, 3, 0)
    steps = np.log2(DISTANCES[1:] / DISTANCES[:-1])
    powers = np.where(close > middle, np.log2(close / middle) / steps[0], 0.0)
    earlier = np.where(middle > wide, np.log2(middle / wide) / steps[1], 0.0)
    hidden = np.isnan(near).any(axis=3) | blurred.any(axis=3) | (np.minimum(middle, wide) == 0)
    powers[hidden & (close > middle)] = math.nan
    powers[np.isnan(near).any(axis=3)] = math.nan
    harmless = powers <= FLAT
    if lines.layouts[0].graded:
        harmless |= (powers < WEAK) & (powers <= earlier + LATER)
    return powers.max(axis=2), np.asarray(harmless.all(axis=2))


def _beside(lines: Lines, noise: Floats) -> Floats:
    """How far rounding puts samples beside points off, (functions, points, 2, distances)."""
    shape = lines.count, 2, len(DISTANCES)
    most = noise[:, -TIMES * math.prod(shape) :].reshape(len(noise), TIMES, *shape).max(axis=1)
    return np.asarray(most)


def _flipped(lines: Lines, rows: Floats, noise: Floats, scale: Floats) -> Flags:
    """Whether rounding changes a function beside a point by much, at more than the point's own place."""
    if not lines.count:
        return np.zeros(len(rows), dtype=bool)
    near = lines.part(rows, 2, lines.count, 2, len(DISTANCES))
    size = np.maximum(np.abs(near), scale[:, None, None, None])
    flips = _beside(lines, noise) * (BLUR / ROUNDING) > FLIPPED * size
    moves = np.abs(near[..., 0] - near[..., 1]) > FLIPPED * size[..., 0]
    return np.asarray((flips[..., 1:].any(axis=3) | (flips[..., 0] & moves)).any(axis=(1, 2)) & (scale > 0))


def _steps(lines: Lines, samples: Samples, slope: Floats, scale: Floats, units: Floats) -> tuple[Flags, Flags, Flags]:
    """Whether a function steps where it should not, at which points it jumps, and whether it is not its slope's sum."""
    ends, slope_ends = (lines.part(rows, 1, lines.panels, 2) for rows in (samples.values, samples.slopes))
    lengths, density, joints = (lines.stacked(name) for name in ("lengths", "density", "joints"))
    # The ends lie a little inside the panels.
    insets = np.stack([lines.part(row[None], 1, lines.panels, 2)[0] for row in lines.stacked("x")]) - lines.stacked(
        "edges"
    )
    outer = ends - slope_ends * insets
    rise = (slope * lengths).sum(axis=2)
    size = np.abs(ends).max(axis=2)
    off = np.abs(outer[:, :, 1] - outer[:, :, 0] - rise)
    steepest = np.abs(slope).max(axis=2)
    counted = density > math.exp(-0.499 * DENSE**2) * density.max(axis=1, keepdims=True)
    broken = (off * steepest * density > AGREED * units[:, None]).any(axis=1)
    floor = FLOOR * scale[:, None]
    apart_from = np.logical_not(off <= JUMP * (size + np.abs(rise)) + floor)
    broken |= (counted & apart_from).any(axis=1)
    gaps = np.abs(outer[:, 1:, 0] - outer[:, :-1, 1])
    sizes = np.maximum(size[:, 1:], size[:, :-1])
    apart = gaps > JUMP * sizes + floor
    stepped = (apart & np.logical_not(joints) & counted[:, 1:]).any(axis=1)
    jumps = np.zeros((len(samples.values), lines.count), dtype=bool)
    if lines.count:
        near = lines.part(samples.values, 2, lines.count, 2, len(DISTANCES))
        close, middle, wide = np.moveaxis(np.abs(near[:, :, 1] - near[:, :, 0]), 2, 0)
        jumps = (close > JUMP * np.abs(near).max(axis=(2, 3))) & (close > 0.5 * middle) & np.isfinite(wide)
    return stepped, jumps, broken
