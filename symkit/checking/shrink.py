"""Witnesses made simple: the same failure at numbers that one can read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from symkit.checking.probes import SIMPLE
from symkit.checking.prover import Claim, Point
from symkit.checking.region import Region
from symkit.evaluation.formats import Format

NEAR = 1e-5
"""A decimal this near, relative to it, stands for the first number that fails."""

TINY = 1e-6
"""A first failure nearer to 0 than this says only that failures begin at 0: a simple number says it better."""


def shrunk(claim: Claim, region: Region, point: Point) -> Point:
    """A point where the claim fails too, each coordinate as simple as can be found, one after the other.

    0, 1 and -1 are the simplest; else the first number that fails on the way from 0, as the shortest decimal beside it.
    """
    for name in region.names:
        point = {**point, name: _coordinate(claim, region, point, name)}
    return point


def _coordinate(claim: Claim, region: Region, point: Point, name: str) -> float:
    form = region.format
    place = region.names.index(name)
    low, high = region.low[place], region.high[place]
    simple = [value for value in SIMPLE if low <= int(form.ordinals(value)) <= high]
    for value in _failing(claim, form, point, name, [v for v in simple if abs(v) in (0.0, 1.0)]):
        return value
    first = _first(claim, region, point, name)
    if abs(first) < TINY:
        for value in _failing(claim, form, point, name, simple):
            return value
    decimals = [float(f"{first:.{digits}g}") for digits in range(1, 18)]
    decimals += [np.nextafter(d, np.inf * np.sign(first)) for d in decimals[:9]]
    near = [d for d in decimals if abs(d - first) <= NEAR * abs(first) and low <= int(form.ordinals(d)) <= high]
    up = [_raised(first, digits) for digits in range(1, 9)]
    near += [d for d in up if abs(d - first) <= NEAR * abs(first) and low <= int(form.ordinals(d)) <= high]
    near.sort(key=lambda d: len(repr(d)))
    return next(iter(_failing(claim, form, point, name, near)), first)


def _raised(value: float, digits: int) -> float:
    """The value rounded away from 0 to so many digits."""
    rounded = float(f"{value:.{digits - 1}e}")
    if abs(rounded) >= abs(value):
        return rounded
    unit = 10.0 ** (np.floor(np.log10(abs(value))) - digits + 1)
    return float(f"{value + np.sign(value) * unit:.{digits - 1}e}")


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
