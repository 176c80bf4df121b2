"""Numbers for the functions of a whole space, or of a list: equal numbers, equal functions.

A class of trees is worked out from the numbers of its operands' classes, so whatever functions have in common is looked
at once, and operands that are equal count as one. What "equal" means is up to the evaluator.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from symkit.errors import LimitError, Unsupported
from symkit.spaces.classes import Apply, Class, Union
from symkit.spaces.forms import Form

Numbers = NDArray[np.int64]

MOST = 50_000_000
"""Functions that can be numbered at once: 70 bytes each while that lasts, so 3.5 GB."""

Progress = Callable[[int, int], None]
"""Called with how much is done, and of how much at most."""


class Evaluator(Protocol):
    """Tells functions apart by numbers of its own.

    Attributes:
        block: how many applications it is best handed at once: those of some tenths of a second.
    """

    block: int

    def leaf(self, form: Form) -> int:
        """The number of a form without operands."""

    def apply(self, forms: Sequence[Form], which: Numbers, operands: Numbers, *, keep: bool) -> Numbers:
        """The number of each application.

        Args:
            forms: what is applied.
            which: (m,), places in `forms`.
            operands: (m, arity), numbers that this evaluator gave.
            keep: whether results may be operands later.
        """


def check_count(members: Class) -> None:
    """Raises LimitError for more than 50 million trees."""
    if members.count > MOST:
        raise LimitError(f"{members.count:,} functions are too many at once, more than {MOST:,}; pass a list of some")


class Numbering:
    """Numbers every tree of a class, in the order of ranks.

    Args:
        evaluator: gives the numbers.
        progress: is told of applications done.
    """

    def __init__(self, evaluator: Evaluator, progress: Progress | None = None) -> None:
        self._evaluator = evaluator
        self._progress = progress
        self._known: dict[Class, Numbers] = {}
        self._memos: dict[Form, _Memo] = {}
        self._total = 0
        self.applications = 0
        """Applications that the evaluator was asked for."""

    def of(self, members: Class) -> Numbers:
        """(count,) numbers.

        Raises:
            LimitError: for more than 50 million trees.
            Unsupported: for trees with parameters.
        """
        check_count(members)
        # What was not kept cannot be an operand of another class.
        self._known, self._memos = {}, {}
        self._total = self.applications + _applications(members)
        for operand in _operands(members):
            self._of(operand, keep=True)
        numbers = self._of(members, keep=False)
        if self._progress is not None:
            self._progress(self.applications, self.applications)
        return numbers

    def _of(self, members: Class, *, keep: bool) -> Numbers:
        found = self._known.get(members)
        if found is None:
            found = self._known[members] = self._worked_out(members, keep=keep)
        return found

    def _worked_out(self, members: Class, *, keep: bool) -> Numbers:
        if isinstance(members, Union):
            return np.concatenate([self._of(part, keep=keep) for part in members.members])
        if not isinstance(members, Apply):
            raise Unsupported("functions with parameters are numbered one by one; pass a list of them")
        if not members.children:
            return np.array([self._evaluator.leaf(form) for form in members.operators.forms])
        different, places = zip(*(_different(self._known[child]) for child in members.children), strict=True)
        table = self._table(members.operators.forms, different, keep)
        for axis, place in enumerate(places, start=1):
            # Each child's distinct values take the places of its trees.
            if len(place) != table.shape[axis] or not np.array_equal(place, np.arange(len(place))):
                table = table.take(place, axis=axis)
        return np.ascontiguousarray(table).reshape(-1)

    def _table(self, forms: Sequence[Form], different: Sequence[Numbers], keep: bool) -> Numbers:
        """(forms, distinct values of each operand) numbers."""
        shape = tuple(len(values) for values in different)
        grid = np.stack([values.ravel() for values in np.meshgrid(*different, indexing="ij")], axis=1)
        known: list[Numbers] = []
        asked: list[tuple[Numbers, Numbers]] = []
        for form in forms:
            memo = self._memos.setdefault(form, _Memo(form))
            keys, inverse = memo.keys(grid)
            known.append(inverse)
            asked.append((keys, memo.missing(keys)))
        sizes = [len(missing) for _, missing in asked]
        if sum(sizes):
            self._ask(forms, [missing for _, missing in asked], len(different), keep)
        found = [
            self._memos[form].numbers(keys)[inverse]
            for form, (keys, _), inverse in zip(forms, asked, known, strict=True)
        ]
        return np.concatenate(found).reshape(len(forms), *shape)

    def _ask(self, forms: Sequence[Form], missing: Sequence[Numbers], arity: int, keep: bool) -> None:
        which = np.repeat(np.arange(len(forms)), [len(keys) for keys in missing])
        operands = np.concatenate([_Memo.operands(keys, arity) for keys in missing])
        parts: list[Numbers] = []
        for start in range(0, len(which), self._evaluator.block):
            part = slice(start, start + self._evaluator.block)
            parts.append(self._evaluator.apply(forms, which[part], operands[part], keep=keep))
            self.applications += len(parts[-1])
            if self._progress is not None:
                self._progress(self.applications, self._total)
        numbers = np.concatenate(parts)
        starts = [0, *accumulate(len(keys) for keys in missing)]
        for form, keys, start in zip(forms, missing, starts, strict=False):
            self._memos[form].add(keys, numbers[start : start + len(keys)])


SHIFT = 20
"""Bits of an operand's number in a key: there are at most three."""


class _Memo:
    """What one form was applied to, and what came of it."""

    def __init__(self, form: Form) -> None:
        self._symmetric = form.symmetric
        self._keys: Numbers = np.empty(0, np.int64)
        self._numbers: Numbers = np.empty(0, np.int64)

    def keys(self, grid: Numbers) -> tuple[Numbers, Numbers]:
        """Different keys of operands in rising order, and which of them each row has."""
        if grid.size and int(grid.max()) >> SHIFT:
            raise LimitError(f"more than {1 << SHIFT} different operands are too many")
        key: Numbers = grid[:, 0]
        if self._symmetric:
            key = np.minimum(grid[:, 0], grid[:, 1])
            key = key << SHIFT | np.maximum(grid[:, 0], grid[:, 1])
        for slot in range(2 if self._symmetric else 1, grid.shape[1]):
            key = key << SHIFT | grid[:, slot]
        if not self._symmetric and (np.diff(key) > 0).all():
            return key, np.arange(len(key))
        return _different(key)

    @staticmethod
    def operands(keys: Numbers, arity: int) -> Numbers:
        """(m, arity) operands of keys."""
        mask = (1 << SHIFT) - 1
        return np.stack([keys >> (SHIFT * (arity - 1 - slot)) & mask for slot in range(arity)], axis=1)

    def missing(self, keys: Numbers) -> Numbers:
        """Those of the keys that are new."""
        if not len(self._keys):
            return keys
        places = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        found: Numbers = keys[self._keys[places] != keys]
        return found

    def add(self, keys: Numbers, numbers: Numbers) -> None:
        if not len(self._keys):
            self._keys, self._numbers = keys, numbers
            return
        joined = np.concatenate([self._keys, keys])
        order = np.argsort(joined, kind="stable")
        self._keys, self._numbers = joined[order], np.concatenate([self._numbers, numbers])[order]

    def numbers(self, keys: Numbers) -> Numbers:
        """The numbers of keys that are all known."""
        if len(keys) == len(self._keys):
            return self._numbers
        found: Numbers = self._numbers[np.searchsorted(self._keys, keys)]
        return found


def _different(numbers: Numbers) -> tuple[Numbers, Numbers]:
    """Different numbers in rising order, and which of them each is."""
    different, inverse = np.unique(numbers, return_inverse=True)
    return different, inverse


def _operands(members: Class) -> list[Class]:
    """Classes that are operands somewhere, those that they stand on first."""
    found: dict[Class, None] = {}
    seen: set[tuple[Class, bool]] = set()

    def visit(part: Class, operand: bool) -> None:
        if (part, operand) in seen:
            return
        seen.add((part, operand))
        for inner in part.parts:
            visit(inner, operand or isinstance(part, Apply))
        if operand:
            found[part] = None

    visit(members, False)
    return list(found)


def _applications(members: Class) -> int:
    """How often operators are applied at most: if no two functions are equal."""
    seen: set[Class] = set()

    def total(part: Class) -> int:
        if part in seen:
            return 0
        seen.add(part)
        own = part.count if isinstance(part, Apply) else 0
        return own + sum([total(inner) for inner in part.parts])

    return total(members)
