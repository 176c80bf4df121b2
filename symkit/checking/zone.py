"""Zones: what a requirement is about, with bounds that may be left out; and what covers a zone of the reals."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from symkit.checking.explain import number_text
from symkit.checking.region import Boxes, Region
from symkit.evaluation.formats import FORMATS, Ordinals
from symkit.evaluation.interval_arithmetic import Bools

CUTS = (1e-300, 1e-20, 1e-8, 1e-3, 0.03, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 20.0, 40.0, 100.0)
CUTS_FAR_OUT = (1e3, 1e5, 1e10, 1e100, 1e300)
"""Sizes at which a line is cut before anything is looked at; the last piece on either side is a tail."""

MOST_BOXES = 30_000
CHUNK = 256
PIECES = 4
FEW, MANY_PIECES = 16, 16
"""So few boxes are cut into so many: what is hard is near a point, which is reached in fewer steps."""


@dataclass(frozen=True)
class Side:
    """A range of one name; an infinite bound is never a value."""

    low: float
    high: float
    low_open: bool = False
    high_open: bool = False

    def __str__(self) -> str:
        if self.low == self.high:
            return number_text(self.low)
        left, right = "(" if self.low_open else "[", ")" if self.high_open else "]"
        return f"{left}{number_text(self.low)}, {number_text(self.high)}{right}"


@dataclass(frozen=True)
class Zone:
    """A range for every name, over the reals."""

    sides: Mapping[str, Side]

    @property
    def region(self) -> Region:
        """The closed ranges, whose boxes hold the zone."""
        found = Region.of({name: (side.low, side.high) for name, side in self.sides.items()}, None)
        # Of the two zeros the one inside is the bound where 0 is left out: between them there is no real number.
        low = [max(bound, 0) if side.low_open and side.low == 0 else bound for bound, side in self._with(found.low)]
        high = [
            min(bound, -1) if side.high_open and side.high == 0 else bound for bound, side in self._with(found.high)
        ]
        return replace(found, low=tuple(low), high=tuple(high))

    def _with(self, bounds: tuple[int, ...]) -> list[tuple[int, Side]]:
        return list(zip(bounds, self.sides.values(), strict=True))

    def inner(self, dtype: str) -> Region:
        """The numbers of a dtype in the zone."""
        form = FORMATS[dtype]
        box: dict[str, tuple[float, float]] = {}
        for name, side in self.sides.items():
            low = _next(form.dtype.type, side.low, math.inf) if side.low_open else side.low
            high = _next(form.dtype.type, side.high, -math.inf) if side.high_open else side.high
            box[name] = low, high
        return Region.of(box, dtype)

    @property
    def varying(self) -> tuple[str, ...]:
        return tuple(name for name, side in self.sides.items() if side.low < side.high)

    def open_ends(self, boxes: Boxes) -> dict[str, tuple[Bools, Bools]]:
        """Where boxes end at a bound that is left out."""
        bounds = boxes.bounds
        return {
            name: (side.low_open & (bounds[name][0] == side.low), side.high_open & (bounds[name][1] == side.high))
            for name, side in self.sides.items()
        }

    def pieces(self, cuts: Iterable[float] = ()) -> Boxes:
        """The zone cut where functions tend to change, if it is a line, and at these numbers."""
        region = self.region
        if len(self.varying) != 1:
            return region.boxes
        place = region.names.index(self.varying[0])
        low, high = region.low[place], region.high[place]
        sizes = np.array([*CUTS, *CUTS_FAR_OUT, *cuts])
        places = region.format.ordinals(np.concatenate([-sizes, [-0.0, 0.0], sizes]))
        inner = np.unique(places[(places > low) & (places < high)])
        ends = np.concatenate([[low], inner, [high]]).astype(np.int64)
        return _with_column(region, place, ends[:-1], ends[1:])

    def __str__(self) -> str:
        return ", ".join(_side_text(name, side) for name, side in self.sides.items()) or "no input"


def _next(number: Callable[[float], np.floating], value: float, towards: float) -> float:
    """The next number of a dtype that is not the value itself."""
    with np.errstate(over="ignore"):
        nearest = number(value)
        beyond = float(nearest) > value if towards > 0 else float(nearest) < value
        return float(nearest) if beyond else float(np.nextafter(nearest, number(towards)))


def _side_text(name: str, side: Side) -> str:
    if (side.low, side.high) == (-math.inf, math.inf):
        return f"all real {name}"
    if side.low == side.high:
        return f"{name} = {side}"
    if math.isinf(side.high):
        return f"{name} {'>' if side.low_open else '>='} {side.low:g}"
    if math.isinf(side.low):
        return f"{name} {'<' if side.high_open else '<='} {side.high:g}"
    return f"{name} in {side}"


def _with_column(region: Region, place: int, low: Ordinals, high: Ordinals) -> Boxes:
    lows = np.tile(np.array(region.low, dtype=np.int64), (len(low), 1))
    highs = np.tile(np.array(region.high, dtype=np.int64), (len(low), 1))
    lows[:, place], highs[:, place] = low, high
    return Boxes(region, lows, highs)


@dataclass(frozen=True)
class Coverage:
    """What is left of a zone after boxes that are sure were taken away.

    Attributes:
        single: boxes that are not sure and cannot be cut.
        open: some that could be, were there time.
        boxes: how many were looked at.
    """

    single: Boxes
    open: Boxes
    boxes: int

    @property
    def is_complete(self) -> bool:
        return not len(self.single) and not len(self.open)


def cover(start: Boxes, sure: Callable[[Boxes], Bools], deadline: float) -> Coverage:
    """Takes away boxes that are sure, and cuts the others, until one cannot be cut, none is left, or time is over."""
    pending, single = start, start[:0]
    looked_at = 0
    is_line = len(start.region.names) == 1
    while len(pending):
        boxes, pending = pending[-CHUNK:], pending[:-CHUNK]
        looked_at += len(boxes)
        left = boxes[~np.broadcast_to(sure(boxes), (len(boxes),))]
        if not len(left):
            continue
        whole = left.is_single
        single = joined(single, left[whole])
        rest = left[~whole]
        if len(rest):
            pieces = 2 if not is_line else PIECES if len(rest) > FEW else MANY_PIECES
            pending = joined(pending, rest.split(pieces))
        if looked_at > MOST_BOXES or len(single) or time.monotonic() > deadline:
            break
    return Coverage(single, pending, looked_at)


def joined(a: Boxes, b: Boxes) -> Boxes:
    return Boxes(a.region, np.concatenate([a.low, b.low]), np.concatenate([a.high, b.high]))
