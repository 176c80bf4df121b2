"""The interval interpreter: bounds of everything that a Program can give over boxes, in a dtype or over the reals.

In a dtype a primitive is its exact value within some units in the last place, which covers every library, and a
composite is what its expansion gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from symkit.errors import DomainError
from symkit.evaluation.formats import Format
from symkit.evaluation.interval_arithmetic import Arithmetic, Bools, Intervals
from symkit.evaluation.point_bounds import PointBounds, monotone
from symkit.evaluation.time_limit import check_time
from symkit.ir import Kind, Node, Program, ProgramBuilder
from symkit.ops import Operator
from symkit.text.names import FIXED_CONSTANTS

MOST_AGAIN = 64
"""Nodes from a condition's operand to a branch that are looked at again for it."""

Bound = Any
"""A number, or an array of one a box."""


class IntervalEvaluator:
    """A Program over boxes, many at a time. Raises OutOfTime inside a `time_limit`."""

    def __init__(self, program: Program, format: Format | None, constants: Mapping[str, float] | None = None) -> None:
        """In a format, or over the reals if that is None; `constants` are the values of eps and the like."""
        self.program = program
        self.arithmetic = Arithmetic(format)
        self._constants = {**FIXED_CONSTANTS, **(constants or {})}
        self._points: dict[Operator, PointBounds] = {}

    def __call__(self, boxes: Mapping[str, tuple[Bound, Bound]]) -> list[Intervals]:
        """The intervals of every root.

        Args:
            boxes: lowest and highest number of every input and parameter by name; numbers, or arrays of one a box. In a
                dtype they are numbers of it.
        """
        values = self.every_node(boxes)
        return [self._stored(values[root]) for root in self.program.roots]

    def every_node(self, boxes: Mapping[str, tuple[Bound, Bound]]) -> list[Intervals]:
        """The intervals of every node, in the dtype that is computed in."""
        with np.errstate(all="ignore"):
            return self._run(self.program, lambda node: self.leaf(node, boxes))

    def _run(self, program: Program, leaf: Callable[[Node], Intervals]) -> list[Intervals]:
        values: list[Intervals] = []
        for node in program.nodes:
            check_time()
            if node.is_leaf:
                values.append(leaf(node))
            else:
                values.append(self.apply(node.operator, self._operands(program, values, node)))
        return values

    def _operands(self, program: Program, values: list[Intervals], node: Node) -> list[Intervals]:
        """Those of a node; of a select each branch where its condition leads there."""
        operands = [values[i] for i in node.operands]
        test = program.nodes[node.operands[0]]
        if not node.operator.is_select or test.is_leaf or test.operator.narrows is None:
            return operands
        condition, sides = operands[0], [values[i] for i in test.operands]
        possible: list[Bools] = []
        for slot, holds in ((1, True), (2, False)):
            narrowed = test.operator.narrows(*sides, holds)
            # What is NaN is in no interval.
            excluded = [part.is_empty & ~side.undefined for part, side in zip(narrowed, sides, strict=True)]
            possible.append(~(excluded[0] | excluded[1]))
            changed = dict(zip(test.operands, narrowed, strict=True))
            for i in test.operands:
                _invert(program, values, changed, i)
            operands[slot] = self._again(program, values, changed, node.operands[slot])
        narrowed_condition = condition.truth(
            condition.holds_surely | ~possible[1], condition.fails_surely | ~possible[0]
        )
        operands[0] = narrowed_condition.or_undefined(condition.undefined)
        return operands

    def _again(self, program: Program, values: list[Intervals], changed: dict[int, Intervals], index: int) -> Intervals:
        """The intervals of a node where those of others are changed to narrower ones."""
        first = min(changed)
        if index in changed or not 0 < index - first <= MOST_AGAIN:
            return changed.get(index, values[index])
        needed = {index}
        for i in range(index, first, -1):
            if i in needed and i not in changed:
                needed.update(program.nodes[i].operands)
        for i in range(first + 1, index + 1):
            node = program.nodes[i]
            if i in needed and i not in changed and any(operand in changed for operand in node.operands):
                operands = [changed.get(operand, values[operand]) for operand in node.operands]
                changed[i] = self.apply(node.operator, operands)
        return changed[index].common(values[index]) if index in changed else values[index]

    def leaf(self, node: Node, boxes: Mapping[str, tuple[Bound, Bound]]) -> Intervals:
        """The intervals of a leaf over boxes."""
        if node.kind is Kind.NUMBER:
            return self.arithmetic.literal(node.number)
        if node.name in boxes:
            return self.arithmetic.of(*boxes[node.name])
        if self.arithmetic.is_real and node.name in FIXED_CONSTANTS:
            return self.arithmetic.of(*_symbols()[node.name])
        if node.name in self._constants:
            return self.arithmetic.literal(self._constants[node.name])
        raise DomainError(f"{node.name} has no bounds; given: {', '.join(boxes) or 'nothing'}")

    def apply(self, operator: Operator, operands: list[Intervals]) -> Intervals:
        """The intervals of an operator over those of its operands."""
        at = self._points.get(operator)
        if at is None:
            at = self._points[operator] = PointBounds(operator, self.arithmetic)
        if operator.interval is not None:
            found: Intervals = operator.interval(at, *operands)
            if self.arithmetic.is_real:
                # In a dtype a comparison with NaN fails; of what is undefined nothing can be said.
                for slot, operand in enumerate(operands):
                    if operator.returns_truth or slot in operator.takes_truth:
                        found = found.or_undefined(operand.undefined)
            return found
        has_own = operator.native is not None or operator.is_primitive or self.arithmetic.is_real
        alone = monotone(at, operator, operands) if has_own and _has_trend(operator) else None
        if alone is not None and (operator.is_primitive or self.arithmetic.is_real):
            return alone
        values = self._run(_expansion(operator), lambda node: self._operand_or_leaf(node, operands))
        expanded = values[_expansion(operator).root]
        if expanded.is_literal:
            return expanded
        # What overflows on the way, or has a pole, is not bound to the range.
        first, last = (
            np.where(np.isinf(b), b, r) for b, r in zip((expanded.low, expanded.high), at.range, strict=True)
        )
        expanded = expanded.within(first, last)
        # The native compiler's own form is the more accurate one, but numpy and torch run the expansion.
        return expanded if alone is None else expanded.union(alone)

    def _operand_or_leaf(self, node: Node, operands: list[Intervals]) -> Intervals:
        return operands[int(node.name)] if node.kind is Kind.INPUT else self.leaf(node, {})

    def _stored(self, value: Intervals) -> Intervals:
        """Rounded to the dtype that results are stored in."""
        format = self.arithmetic.format
        if format is None or format.computed == format.name:
            return value
        with np.errstate(all="ignore"):
            low, high = value.low.astype(format.dtype), value.high.astype(format.dtype)
        return self.arithmetic.of(low, high, value.undefined)


def _invert(program: Program, values: list[Intervals], changed: dict[int, Intervals], index: int) -> None:
    """Changes what stands below a changed node, as long as it can be told."""
    node = program.nodes[index]
    while not node.is_leaf and node.operator.inverse is not None:
        (below,) = node.operands
        changed[below] = node.operator.inverse(changed[index], changed.get(below, values[below]))
        index, node = below, program.nodes[below]


def _has_trend(operator: Operator) -> bool:
    """Whether it is monotone in every operand, or between known points."""
    return operator.turns is not None or (operator.trend != () and None not in operator.trend)


@lru_cache(maxsize=1)
def _symbols() -> dict[str, tuple[float, float]]:
    """pi and e between neighbouring floats."""
    from flint import arb

    from symkit.evaluation.point_bounds import float_above, float_below

    exact = {"pi": arb.pi(), "e": arb.const_e()}
    return {name: (float_below(value.lower()), float_above(value.upper())) for name, value in exact.items()}


@lru_cache(maxsize=1024)
def _expansion(operator: Operator) -> Program:
    """A composite's expansion; its operands are inputs "0", "1", ..."""
    builder = ProgramBuilder()
    operands = [builder.input(str(slot)) for slot in range(operator.arity)]
    return builder.build([builder.expand(operator, operands).index])
