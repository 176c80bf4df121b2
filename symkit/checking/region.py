"""Regions: for each name a range of a format's numbers, or of the reals between them; and arrays of boxes inside."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symkit.errors import DomainError
from symkit.evaluation.formats import FORMATS, Floats, Format, Ordinals

Box = Mapping[str, tuple[float, float]]
"""Lowest and highest value by name; an infinite bound stands for the largest finite number."""


@dataclass(frozen=True)
class Region:
    """All boxes that a question is about.

    Attributes:
        format: of the numbers, which bound the boxes if it is about the reals.
        names: of what varies.
        low, high: ordinals of the bounds, one a name.
        is_real: whether boxes hold the reals between their bounds; then neighbours share a bound, and the outermost
            bounds may be infinite.
    """

    format: Format
    names: tuple[str, ...]
    low: tuple[int, ...]
    high: tuple[int, ...]
    is_real: bool = False

    @classmethod
    def of(cls, box: Box, dtype: str | None) -> Region:
        """The region of a box, in a dtype or (None) over the reals.

        A single value is rounded to the dtype; a range holds the numbers of the dtype inside it.

        Raises DomainError for bounds that are NaN, in the wrong order, or have no number of the dtype between them.
        """
        form = FORMATS["float64" if dtype is None else dtype]
        lows: list[int] = []
        highs: list[int] = []
        for name, (low, high) in box.items():
            if math.isnan(low) or math.isnan(high) or low > high:
                raise DomainError(f"{name} in [{low:g}, {high:g}] is no range; give the lower bound first")
            if low == high:
                low = high = form.rounded(low)
                if math.isinf(low):
                    raise DomainError(f"{name} is more than {form.name} holds, which is {form.largest:g}")
            first, last = _bounds(form, low, high, dtype is None)
            if first > last:
                raise DomainError(f"no {form.name} number lies in {name} in [{low!r}, {high!r}]")
            lows.append(first)
            highs.append(last)
        return cls(form, tuple(box), tuple(lows), tuple(highs), dtype is None)

    @property
    def boxes(self) -> Boxes:
        """The region as one box."""
        return Boxes(self, np.array([self.low], dtype=np.int64), np.array([self.high], dtype=np.int64))

    def only(self, names: Sequence[str]) -> Region:
        """The same ranges of some of the names."""
        places = [self.names.index(name) for name in names]
        low, high = ([bounds[i] for i in places] for bounds in (self.low, self.high))
        return Region(self.format, tuple(names), tuple(low), tuple(high), self.is_real)

    def extended(self, ranges: Box) -> Region:
        """The same region of the reals with ranges of more names."""
        more = Region.of(ranges, None)
        return Region(self.format, self.names + more.names, self.low + more.low, self.high + more.high, True)

    def spanned(self, *names: str) -> Region:
        """The same region, but for these names all that lies between the least and the greatest bound of any."""
        places = [self.names.index(name) for name in names]
        low, high = min(self.low[i] for i in places), max(self.high[i] for i in places)
        lows = [low if i in places else bound for i, bound in enumerate(self.low)]
        highs = [high if i in places else bound for i, bound in enumerate(self.high)]
        return Region(self.format, self.names, tuple(lows), tuple(highs), self.is_real)

    def bounds(self, name: str) -> tuple[float, float]:
        place = self.names.index(name)
        low, high = (float(self.format.numbers(bound[place])) for bound in (self.low, self.high))
        return low, high

    def __str__(self) -> str:
        """`x in [-10, 10]`, or `x` where it is all there is."""
        return ", ".join(self._text(name) for name in self.names) or "no input"

    def _text(self, name: str) -> str:
        low, high = self.bounds(name)
        most = math.inf if self.is_real else self.format.largest
        if (low, high) == (-most, most):
            return f"all real {name}" if self.is_real else f"all finite {self.format.name} {name}"
        first, last = (self.format.text(bound) for bound in (low, high))
        return f"{name} = {first}" if low == high else f"{name} in [{first}, {last}]"


def _bounds(form: Format, low: float, high: float, is_real: bool) -> tuple[int, int]:
    if is_real:
        return int(form.ordinals(low + 0.0 if low else -0.0)), int(form.ordinals(high + 0.0))
    low, high = max(low, -form.largest), min(high, form.largest)
    first, last = int(form.ordinals(low if low else -0.0)), int(form.ordinals(high + 0.0))
    # The bounds of the box are kept where rounding to the dtype would leave it.
    if float(form.numbers(first)) < low:
        first += 1
    if float(form.numbers(last)) > high:
        last -= 1
    return first, last


@dataclass(frozen=True)
class Boxes:
    """Many boxes inside a region: arrays of ordinals, a row a box and a column a name."""

    region: Region
    low: Ordinals
    high: Ordinals

    def __len__(self) -> int:
        return len(self.low)

    def __getitem__(self, chosen: Any) -> Boxes:
        return Boxes(self.region, self.low[chosen], self.high[chosen])

    @property
    def bounds(self) -> dict[str, tuple[Floats, Floats]]:
        """Lowest and highest numbers by name, one a box."""
        form = self.region.format
        return {
            name: (form.numbers(self.low[:, i]), form.numbers(self.high[:, i]))
            for i, name in enumerate(self.region.names)
        }

    @property
    def is_single(self) -> NDArray[np.bool_]:
        """Whether a box cannot be split: it holds one point, or over the reals nothing between two floats."""
        room = 1 if self.region.is_real else 0
        single: NDArray[np.bool_] = np.all(self._widths() <= room, axis=1)
        return single

    def _widths(self) -> NDArray[np.float64]:
        # As floats: the whole line of float64 is longer than an int64 can count.
        return self.high.astype(np.float64) - self.low.astype(np.float64)

    def split(self, pieces: int) -> Boxes:
        """Every box cut into so many along the name in which it is longest, counted in numbers of the format."""
        longest = np.argmax(self._widths(), axis=1)
        rows = np.arange(len(self))
        low, high = self.low[rows, longest], self.high[rows, longest]
        cuts = [low, *(_between(low, high, k / pieces) for k in range(1, pieces)), high]
        parts: list[tuple[Ordinals, Ordinals]] = []
        for k in range(pieces):
            first = cuts[k] if k == 0 or self.region.is_real else cuts[k] + 1
            lows, highs = self.low.copy(), self.high.copy()
            lows[rows, longest], highs[rows, longest] = first, cuts[k + 1]
            kept = (first < cuts[k + 1]) if self.region.is_real else (first <= cuts[k + 1])
            parts.append((lows[kept], highs[kept]))
        return Boxes(self.region, np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts]))

    def middles(self) -> dict[str, Floats]:
        """The number in the middle of each box by name, finite."""
        return self._numbers(_between(self.low, self.high, 0.5))

    def points(self, rng: np.random.Generator) -> dict[str, Floats]:
        """Three finite points of each box: the middle and two at random."""
        places = [_between(self.low, self.high, 0.5)]
        places += [_between(self.low, self.high, rng.random(self.low.shape)) for _ in range(2)]
        return self._numbers(np.concatenate(places))

    def _numbers(self, places: Ordinals) -> dict[str, Floats]:
        form = self.region.format
        most = int(form.ordinals(form.largest))
        places = np.clip(places, -most - 1, most)
        return {name: form.numbers(places[:, i]) for i, name in enumerate(self.region.names)}


def _between(low: Ordinals, high: Ordinals, part: Any) -> Ordinals:
    """The place that divides a range in this proportion, without overflow."""
    whole = np.floor((1 - part) * low.astype(np.float64) + part * high.astype(np.float64))
    # Halves exactly: floats cannot hold all ordinals of float64.
    middle = (low >> 1) + (high >> 1) + (low & high & 1)
    exact = np.clip(whole, -(2.0**63), 2.0**63 - 1024).astype(np.int64)
    place: Ordinals = np.clip(middle if np.isscalar(part) and part == 0.5 else exact, low, high)
    return place
