"""Functions told apart by their values at points, in float32 or float64 as kernels compute them.

Functions that are operands keep their values, a row each, and rows that agree to the bit are one. Of other functions
only fingerprints are taken, of 63 bits, in which -0 is like +0 and every NaN like any other: there a function's number
is its fingerprint. Results are the same on any number of threads. An operand is a row of numbers even where it is
constant: x**2 with the 2 as an operand is rounded as x**y is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symkit.backends import get_backend, prepared
from symkit.backends.native.population import WIDTH, Rows, aligned, run
from symkit.backends.native.population_prints import Prints
from symkit.errors import DomainError, LimitError
from symkit.ir import Kind, Program
from symkit.spaces.forms import Form, leaf
from symkit.spaces.populations.numbering import Numbers
from symkit.text.names import FIXED_CONSTANTS, SETTABLE_CONSTANTS

MOST_BYTES = 4 * 2**30
"""Memory that values of operands may take."""

IDENTITY = leaf("0").program

CONSTANTS = {**FIXED_CONSTANTS, **{name: value for name, value in SETTABLE_CONSTANTS.items() if value is not None}}
"""Inside operators such as `log_abs_eps`."""

TOP = np.int64(-(2**63))
"""The bit that tells fingerprints from the numbers of rows: as numbers, fingerprints are negative."""


@dataclass(frozen=True)
class _Applied:
    """Applications whose results were not kept: how to get them again."""

    forms: tuple[Form, ...]
    which: NDArray[np.int16]
    operands: NDArray[np.int32]
    numbers: Numbers


class Values:
    """An evaluator: equal numbers of `prints`, equal values at the points. See `symkit.spaces.populations.numbering`.

    Args:
        points: where functions of one input are compared, (k,); or for every input by name.
        dtype: of the computation.

    Raises:
        DomainError: for points that are not one or more numbers, as many for each input.
    """

    block = 1 << 17

    def __init__(
        self, points: ArrayLike | Mapping[str, ArrayLike], dtype: Literal["float32", "float64"] = "float32"
    ) -> None:
        if dtype not in ("float32", "float64"):
            raise DomainError(f"dtype {dtype!r} is not float32 or float64")
        self._points = _checked(points, np.dtype(dtype))
        self.count = len(next(iter(self._points.values())))
        """Points."""
        # Points are repeated up to a whole number of vectors.
        self._width = -(-self.count // WIDTH) * WIDTH
        self._dtype = np.dtype(dtype)
        self._rows = aligned((0, self._width), self._dtype)
        self._kept = 0
        self._exact = np.empty(0, np.uint64)
        """Fingerprints to the bit of rows that are kept, in rising order, and which rows they are of."""
        self._row_of = np.empty(0, np.int64)
        self._equal = np.empty(0, np.uint64)
        """Fingerprints of rows that are kept, -0 like +0."""
        self._applied: list[_Applied] = []
        self._indexed: _Index | None = None
        self._programs: dict[Form, Program] = {}

    # -- an evaluator --------------------------------------------------------------------------------------------

    def leaf(self, form: Form) -> int:
        """The number of an input, or of a literal."""
        node = form.program.nodes[form.program.root]
        if node.kind is Kind.INPUT:
            values = self._of_input(node.name)
        elif node.kind is Kind.NUMBER:
            values = np.full(self.count, node.number, self._dtype)
        else:
            raise DomainError(f"leaf {form.text!r} has no values; only inputs and numbers have")
        row = np.resize(values, (1, self._width))
        one = np.zeros(1, np.int64)
        exact, equal = run([IDENTITY], one, one[:, None], row)
        (number,) = self._numbered(exact, equal, lambda fresh, rows: np.copyto(rows, row))
        return int(number)

    def apply(self, forms: Sequence[Form], which: Numbers, operands: Numbers, *, keep: bool) -> Numbers:
        """See `symkit.spaces.populations.numbering.Evaluator`; numbers of results that are not kept are negative.

        Raises:
            DomainError: for operands that were not kept.
            LimitError: if values of operands would take more than 4 GiB.
        """
        exact, equal = self._run(forms, which, operands)
        if not keep:
            numbers = _as_numbers(equal)
            self._applied.append(_Applied(tuple(forms), which.astype(np.int16), operands.astype(np.int32), numbers))
            return numbers

        def write(fresh: Numbers, rows: Rows) -> None:
            self._run(forms, which[fresh], operands[fresh], rows)

        return self._numbered(exact, equal, write)

    def _numbered(self, exact: Prints, equal: Prints, write: Any) -> Numbers:
        """Numbers of rows; those that are new are written."""
        different, first, inverse = first_places(exact)
        places = np.searchsorted(self._exact, different)
        is_new = np.ones(len(different), bool)
        inside = places < len(self._exact)
        is_new[inside] = self._exact[places[inside]] != different[inside]
        fresh = np.sort(first[is_new])
        numbers = np.empty(len(different), np.int64)
        numbers[~is_new] = self._row_of[places[~is_new]]
        # New rows are numbered by where they occur first.
        numbers[is_new] = self._kept + np.searchsorted(fresh, first[is_new])
        self._make_room(len(fresh))
        write(fresh, self._rows[self._kept : self._kept + len(fresh)])
        self._kept += len(fresh)
        self._exact = np.insert(self._exact, places[is_new], different[is_new])
        self._row_of = np.insert(self._row_of, places[is_new], numbers[is_new])
        self._equal = np.concatenate([self._equal, equal[fresh]])
        return numbers[inverse]

    def _make_room(self, count: int) -> None:
        needed = self._kept + count
        if needed * self._width * self._dtype.itemsize > MOST_BYTES:
            raise LimitError(
                f"{needed} different operands at {self.count} points take more than {MOST_BYTES / 2**30:g} GiB; "
                "take fewer points or a smaller space"
            )
        if needed > len(self._rows):
            rows = aligned((max(needed, len(self._rows) * 3 // 2), self._width), self._dtype)
            rows[: self._kept] = self._rows[: self._kept]
            self._rows = rows

    def _run(
        self,
        forms: Sequence[Form],
        which: Numbers,
        operands: Numbers,
        results: Rows | None = None,
        places: Numbers | None = None,
    ) -> tuple[Prints, Prints]:
        programs = [self._program(form) for form in forms]
        return run(programs, which, operands, self._rows[: self._kept], results, places)

    def _program(self, form: Form) -> Program:
        if form not in self._programs:
            self._programs[form] = prepared(get_backend("cpu"), form.program, CONSTANTS)
        return self._programs[form]

    def _of_input(self, name: str) -> Rows:
        if name not in self._points:
            known = ", ".join(self._points)
            raise DomainError(f"there are no points for the input {name!r}, only for {known}")
        return self._points[name]

    # -- what numbers stand for ----------------------------------------------------------------------------------

    def prints(self, numbers: Numbers) -> Prints:
        """The fingerprint of every number: the same in every run on a machine for the same values.

        Two numbers have the same one where their values are equal, -0 like +0, and NaN like NaN; other values have it
        by a chance of 2**-63.
        """
        found = numbers.copy()
        kept = numbers >= 0
        found[kept] = _as_numbers(self._equal)[numbers[kept]]
        return found.view(np.uint64)

    def values(self, numbers: Numbers, block: int = 4096) -> Iterator[Rows]:
        """The values of numbers, (up to `block`, points) at a time; those that were not kept are computed again.

        Raises:
            DomainError: for numbers that this evaluator never gave.
        """
        for start in range(0, len(numbers), block):
            yield self._some(numbers[start : start + block])

    def _some(self, numbers: Numbers) -> Rows:
        found = aligned((len(numbers), self._width), self._dtype)
        kept = numbers >= 0
        if (numbers >= self._kept).any():
            raise DomainError(f"there is no function {numbers.max()} among {self._kept}")
        found[kept] = self._rows[numbers[kept]]
        left = np.flatnonzero(~kept)
        place, is_known = self._index.places(numbers[left])
        if not is_known.all():
            raise DomainError(f"there is no function {numbers[left][~is_known][0]} among those evaluated")
        for applied, start, stop in zip(self._applied, self._index.starts, self._index.starts[1:], strict=False):
            here = (start <= place) & (place < stop)
            if here.any():
                own = place[here] - start
                which, operands = applied.which[own].astype(np.int64), applied.operands[own].astype(np.int64)
                self._run(applied.forms, which, operands, found, left[here])
        return found[:, : self.count]

    @property
    def _index(self) -> _Index:
        """Where in the list of applications each number is."""
        if self._indexed is None or len(self._indexed.starts) <= len(self._applied):
            self._indexed = _Index([applied.numbers for applied in self._applied])
        return self._indexed


class _Index:
    """Where numbers are, in arrays that stand one after another."""

    def __init__(self, arrays: Sequence[Numbers]) -> None:
        self.starts = [0, *accumulate(len(array) for array in arrays)]
        """Where each array starts, and where the last one ends."""
        joined = np.concatenate([np.empty(0, np.int64), *arrays])
        self._order = np.argsort(joined)
        self._numbers = joined[self._order]

    def places(self, wanted: Numbers) -> tuple[Numbers, NDArray[np.bool_]]:
        """(a place of each number, whether it is there)."""
        if not len(self._numbers):
            return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), bool)
        found = np.minimum(np.searchsorted(self._numbers, wanted), len(self._numbers) - 1)
        return self._order[found], self._numbers[found] == wanted


def first_places(prints: Prints) -> tuple[Prints, Numbers, Numbers]:
    """(different prints in rising order, where each is first, which of them each print is): np.unique, but quicker."""
    order = np.argsort(prints)
    ordered = prints[order]
    starts = np.ones(len(prints), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=starts[1:])
    inverse = np.empty(len(prints), np.int64)
    inverse[order] = np.cumsum(starts) - 1
    begins = np.flatnonzero(starts)
    first = np.minimum.reduceat(order, begins) if len(begins) else begins
    return ordered[starts], first, inverse


def _as_numbers(prints: Prints) -> Numbers:
    return prints.view(np.int64) | TOP


def _checked(points: ArrayLike | Mapping[str, ArrayLike], dtype: np.dtype[Any]) -> dict[str, Rows]:
    given = points if isinstance(points, Mapping) else {"x": points}
    found = {name: np.asarray(values, dtype=dtype) for name, values in given.items()}
    shapes = {values.shape for values in found.values()}
    if len(shapes) != 1 or len(next(iter(shapes))) != 1 or shapes == {(0,)}:
        told = ", ".join(f"{name}: {values.shape}" for name, values in found.items()) or "none"
        raise DomainError(f"points must be one list of numbers for every input, all as long; got shapes {told}")
    return found
