"""Witnesses made simple: the same failure at numbers that one can read."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from symkit.checking.probes import SIMPLE
from symkit.checking.prover import Claim, Point
from symkit.checking.region import Region
from symkit.evaluation.formats import Format
from symkit.evaluation.time_limit import OutOfTime

NEAR = 1e-5
"""A decimal this near, relative to it, stands for the first number that fails."""

TINY = 1e-6
"""A first failure nearer to 0 than this says only that failures begin at 0: a simple number says it better."""


def shrunk(claim: Claim, region: Region, point: Point, *, at_edge: bool = True) -> Point:
    """A point where the claim fails too, each coordinate as simple as can be found, one after the other.

    0, 1 and -1 are the simplest; else, if `at_edge`, it is the first number that fails going out from 0, or a short
    decimal beside it, and otherwise any simple number comes first. Coordinates are numbers of the region's format.
    Inside a `time_limit` some may stay as they are.
    """
    for name in region.names:
        try:
            point = {**point, name: region.format.rounded(_coordinate(claim, region, point, name, at_edge))}
        except OutOfTime:
            break
    return point


def _coordinate(claim: Claim, region: Region, point: Point, name: str, at_edge: bool) -> float:
    form = region.format
    place = region.names.index(name)
    low, high = region.low[place], region.high[place]

    def failing(values: Sequence[float]) -> list[float]:
        inside = [value for value in values if low <= int(form.ordinals(value)) <= high]
        return _failing(claim, form, point, name, inside)

    for value in failing([v for v in SIMPLE if abs(v) in (0.0, 1.0)] if at_edge else SIMPLE):
        return value
    first = _first(claim, region, point, name)
    if abs(first) < TINY:
        for value in failing(SIMPLE):
            return value
    decimals = [
        rounded for digits in range(1, 10) for rounded in (float(f"{first:.{digits}g}"), _raised(first, digits))
    ]
    near = [decimal for decimal in decimals if abs(decimal - first) <= NEAR * abs(first)]
    return next(iter(failing(sorted(near, key=lambda decimal: len(repr(decimal))))), first)


def _raised(value: float, digits: int) -> float:
    """The value rounded away from 0 to so many digits."""
    rounded = float(f"{value:.{digits - 1}e}")
    if abs(rounded) >= abs(value):
        return rounded
    unit = 10.0 ** (math.floor(math.log10(abs(value))) - digits + 1)
    return float(f"{value + math.copysign(unit, value):.{digits - 1}e}")


def _failing(claim: Claim, form: Format, point: Point, name: str, values: Sequence[float]) -> list[float]:
    """Those values of one coordinate at which the claim fails, in their order."""
    if not values:
        return []
    with np.errstate(over="ignore"):
        column = np.array(values).astype(form.dtype)
    points = {n: column if n == name else np.full(len(values), v, form.dtype) for n, v in point.items()}
    failing = np.broadcast_to(claim.fails(points), (len(values),))
    return [value for value, is_failing in zip(values, failing, strict=True) if is_failing]


def _first(claim: Claim, region: Region, point: Point, name: str) -> float:
    """Going from the failing coordinate towards 0, halving in ordinals: the last number that still fails."""
    form = region.format
    place = region.names.index(name)
    bad = int(form.ordinals(point[name]))
    good = min(max(0 if bad >= 0 else -1, region.low[place]), region.high[place])
    while abs(bad - good) > 1:
        middle = (bad + good) // 2
        number = float(form.numbers(middle))
        if _failing(claim, form, point, name, [number]):
            bad = middle
        else:
            good = middle
    return float(form.numbers(bad))
