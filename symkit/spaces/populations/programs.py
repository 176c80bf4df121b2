"""Functions told apart by their canonical form: the order of commutative operands does not matter, all else does."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from symkit.errors import LimitError
from symkit.ir import Kind
from symkit.ir.program import identity
from symkit.ops import Operator
from symkit.spaces.forms import Form
from symkit.spaces.populations.numbering import Numbers

SHIFT = 27
"""Bits of a number in a key of two."""


class Programs:
    """Numbers functions as their digests would: equal for equal canonical programs."""

    block = 1 << 17

    def __init__(self) -> None:
        self._count = 0
        self._leaves: dict[Hashable, int] = {}
        self._applied: dict[tuple[Operator, int], tuple[Numbers, Numbers]] = {}
        """For an operator and a place among its operands the keys seen, in rising order, and their numbers."""

    def leaf(self, form: Form) -> int:
        (node,) = form.program.nodes
        return self._leaf((node.kind, identity(node.kind, node.value)))

    def apply(self, forms: Sequence[Form], which: Numbers, operands: Numbers, *, keep: bool) -> Numbers:
        """See `symkit.spaces.populations.numbering.Evaluator`.

        Raises:
            LimitError: for more than 2**27 different terms.
        """
        found = np.empty(len(which), np.int64)
        for place, form in enumerate(forms):
            rows = np.flatnonzero(which == place)
            if len(rows):
                found[rows] = self._form(form, operands[rows])
        return found

    def _form(self, form: Form, operands: Numbers) -> Numbers:
        values: list[Numbers] = []
        for node in form.program.nodes:
            if node.kind is Kind.INPUT:
                values.append(operands[:, int(node.name)])
            elif node.is_leaf:
                number = self._leaf((node.kind, identity(node.kind, node.value)))
                values.append(np.full(len(operands), number, np.int64))
            else:
                arguments = np.stack([values[i] for i in node.operands], axis=1)
                if node.operator.commutative:
                    arguments.sort(axis=1)
                # Pairs of numbers get a number, and so on from the left.
                key = arguments[:, 0]
                for slot in range(1, node.operator.arity):
                    if slot > 1:
                        key = self._numbered(node.operator, slot, key)
                    key = key << SHIFT | arguments[:, slot]
                values.append(self._numbered(node.operator, 0, key))
        return values[-1]

    def _leaf(self, key: Hashable) -> int:
        if key not in self._leaves:
            self._leaves[key] = self._count
            self._count += 1
        return self._leaves[key]

    def _numbered(self, operator: Operator, place: int, keys: Numbers) -> Numbers:
        different, inverse = np.unique(keys, return_inverse=True)
        known, numbers = self._applied.get((operator, place), (different[:0], different[:0]))
        places = np.searchsorted(known, different)
        inside = np.minimum(places, max(len(known) - 1, 0))
        new = np.ones(len(different), bool) if not len(known) else known[inside] != different
        fresh = np.arange(self._count, self._count + int(new.sum()))
        self._count += len(fresh)
        if self._count >> SHIFT:
            raise LimitError(f"more than {1 << SHIFT:,} different terms are too many; take a smaller space")
        known = np.insert(known, places[new], different[new])
        numbers = np.insert(numbers, places[new], fresh)
        self._applied[operator, place] = known, numbers
        return np.asarray(numbers[np.searchsorted(known, different)][inverse])
