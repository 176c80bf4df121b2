"""What a function does over boxes of the reals, node by node: its values, whether it jumps, rises or falls.

Everything is certified. Rising means not falling: f(a) <= f(b) for a < b, wherever both are defined.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symkit.checking.operator_terms import Literals, conditions, is_kept, is_strict, kinks, partial
from symkit.checking.tails import TailIntervals, tail_leaf, unordered
from symkit.evaluation.interval_arithmetic import Bools, Floats, Intervals
from symkit.evaluation.intervals import IntervalEvaluator
from symkit.ir import Kind, Node, Program, ProgramBuilder, lower, rebuild
from symkit.ops import Operator

Ends = Mapping[str, tuple[Any, Any]]
"""By name, bounds of boxes, or whether boxes are open there: arrays of one a box."""


@dataclass(frozen=True, slots=True, eq=False)
class Behaviour:
    """What is known of a node on each box.

    Attributes:
        values: bounds of its values, with their orders.
        low_open, high_open: whether a bound is surely no value.
        continuous: whether it is surely defined and continuous in all names together.
        rising, falling: whether it is surely monotone in the one name; both where it does not depend on it.
        strict: whether it is made of analytic monotone operators alone, so that it is nowhere level.
    """

    values: TailIntervals
    low_open: Bools
    high_open: Bools
    continuous: Bools
    rising: Bools
    falling: Bools
    strict: Bools

    @property
    def constant(self) -> Bools:
        return self.rising & self.falling


class BehaviourEvaluator:
    """A Program over boxes of the reals, many at a time."""

    def __init__(self, program: Program, wrt: str, constants: Mapping[str, float]) -> None:
        """`wrt` is the name that rising and falling are about, and whose tails are known."""
        self.program = lower(program, is_kept)
        self._wrt = wrt
        self._intervals = IntervalEvaluator(self.program, None, constants)
        self._has_select = any(not node.is_leaf and node.operator.is_select for node in self.program.nodes)

    def __call__(self, boxes: Ends, open_ends: Ends | None = None) -> Behaviour:
        """The behaviour of the only root. An infinite end is always open."""
        with np.errstate(all="ignore"):
            scale = np.broadcast_to(tail_leaf(*boxes[self._wrt]).scale, (_count(boxes),))
            found = self._run(
                self.program,
                lambda node: self._leaf(node, boxes, open_ends or {}, scale),
                scale,
                self._intervals.every_node(boxes) if self._has_select else None,
            )
            return found[self.program.root]

    def branch(self, boxes: Ends, open_ends: Ends) -> Program:
        """The function on one box, with the selects gone whose condition is settled there."""
        with np.errstate(all="ignore"):
            scale = np.broadcast_to(tail_leaf(*boxes[self._wrt]).scale, (1,))
            found = iter(self._run(self.program, lambda node: self._leaf(node, boxes, open_ends, scale), scale))
        conditions: list[Behaviour] = []

        def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
            conditions.append(next(found))
            if node.is_leaf or not node.operator.is_select:
                return None
            condition = conditions[node.operands[0]].values
            if condition.holds_surely.all() and not condition.undefined.any():
                return operands[1]
            return operands[2] if condition.fails_surely.all() else None

        return rebuild(self.program, change)

    def _run(
        self,
        program: Program,
        leaf: Callable[[Node], Behaviour],
        scale: Floats,
        known: Sequence[Intervals] | None = None,
        *,
        directed: bool = True,
    ) -> list[Behaviour]:
        """The behaviour of every node.

        `known` are bounds of the nodes from elsewhere. Partial derivatives are looked at only if `directed`: those of
        partial derivatives would have no end.
        """
        found: list[Behaviour] = []
        for index, node in enumerate(program.nodes):
            if node.is_leaf:
                found.append(leaf(node))
            else:
                bounds = known[index] if known is not None else None
                found.append(self._apply(node.operator, [found[i] for i in node.operands], scale, bounds, directed))
        return found

    # -- leaves --------------------------------------------------------------------------------------------

    def _leaf(self, node: Node, boxes: Ends, open_ends: Ends, scale: Floats) -> Behaviour:
        values = self._intervals.leaf(node, boxes)
        varies = node.kind in (Kind.INPUT, Kind.PARAMETER)
        no = np.zeros(scale.shape, dtype=bool)
        if not varies:
            return Behaviour(unordered(values, scale), no, no, ~no, ~no, ~no, no)
        low_open, high_open = open_ends.get(node.name, (no, no))
        low_open, high_open = low_open | np.isneginf(values.low), high_open | np.isposinf(values.high)
        moves = node.name == self._wrt
        found = tail_leaf(values.low, values.high) if moves else unordered(values, scale)
        still = (values.low == values.high) | (not moves)
        return Behaviour(found, low_open, high_open, ~no, ~no, no | still, no | moves)

    # -- operators -----------------------------------------------------------------------------------------

    def _apply(
        self, operator: Operator, operands: list[Behaviour], scale: Floats, known: Intervals | None, directed: bool
    ) -> Behaviour:
        inputs = [operand.values for operand in operands]
        if _compares(operator):
            inputs = list(self._told_apart(*operands))
        elif operator.smoothness < 0 and not operator.returns_truth and operator.arity == 1:
            inputs = [_off_zero(operands[0])]
        plain = self._intervals.apply(operator, list(inputs))
        values = plain if isinstance(plain, TailIntervals) else unordered(plain, scale)
        if known is not None:
            values = values.ordered(values.common(known), values.order, values.diverges)
        if operator.domain:
            values = self._defined(operator, operands, values, scale)
        if operator.growth is not None:
            values = operator.growth(values, *inputs)
        single = (values.low == values.high) & ~values.undefined
        continuous = single | self._is_continuous(operator, operands, values, scale)
        rising = falling = np.logical_and.reduce([operand.constant for operand in operands])
        if directed and not rising.all():
            rising, falling = self._directions(operator, operands, values, scale)
        low_open, high_open = self._open_ends(operator, operands, values, scale, directed)
        strict = is_strict(operator) & _all_or_still(operands)
        return Behaviour(values, low_open, high_open, continuous, single | rising, single | falling, strict)

    def _told_apart(self, a: Behaviour, b: Behaviour) -> tuple[Any, Any]:
        """The operands of a comparison, or 0 and 1 where it is sure which is less, for bounds that are no values."""
        x, y = a.values, b.values
        if a is b:
            return x, y
        less = (x.high == y.low) & (a.high_open | b.low_open) & ~x.undefined & ~y.undefined
        greater = (x.low == y.high) & (a.low_open | b.high_open) & ~x.undefined & ~y.undefined
        # Of a box of one point, with an end left out, both could be said.
        told = less ^ greater
        if not told.any():
            return x, y
        return _replaced(x, told, np.where(less, 0.0, 1.0)), _replaced(y, told, np.where(less, 1.0, 0.0))

    def _defined(
        self, operator: Operator, operands: list[Behaviour], values: TailIntervals, scale: Floats
    ) -> TailIntervals:
        """The values, not undefined where every condition is sure to hold: at an open end it may fail at the bound."""
        sure = np.logical_and.reduce([~operand.values.undefined for operand in operands])
        for relation, term in conditions(operator, _literals(operands)):
            tested = self._of_operands(term, operands, scale)
            low, high = tested.values.low, tested.values.high
            positive = (low > 0) | (low == 0) & tested.low_open
            negative = (high < 0) | (high == 0) & tested.high_open
            held = {"> 0": positive, ">= 0": low >= 0, "!= 0": positive | negative}[relation]
            sure = sure & held & ~tested.values.undefined
        if not sure.any():
            return values
        return values.ordered(
            values.arithmetic.of(values.low, values.high, values.undefined & ~sure), values.order, values.diverges
        )

    def _of_operands(self, term: Program, operands: list[Behaviour], scale: Floats) -> Behaviour:
        """A fact about an operator, as a Program of its operands, which are inputs "0", "1", ..."""

        def leaf(node: Node) -> Behaviour:
            return operands[int(node.name)] if node.kind is Kind.INPUT else self._leaf(node, {}, {}, scale)

        return self._run(term, leaf, scale, directed=False)[term.root]

    def _is_continuous(
        self, operator: Operator, operands: list[Behaviour], values: TailIntervals, scale: Floats
    ) -> Bools:
        if operator.is_select:
            condition, taken, other = operands
            chosen, left = condition.values.holds_surely, condition.values.fails_surely
            sure = ~condition.values.undefined
            return np.asarray(sure & (chosen & taken.continuous | left & other.continuous))
        through = np.logical_and.reduce([operand.continuous for operand in operands])
        return np.asarray(through & self._has_no_jump(operator, operands, values, scale))

    def _has_no_jump(
        self, operator: Operator, operands: list[Behaviour], values: TailIntervals, scale: Floats
    ) -> Bools:
        """Whether the operator alone is defined and continuous for all that its operands may be."""
        smooth: Bools = ~values.undefined & (operator.smoothness >= 0)
        if operator.smoothness == np.inf and operator.kinks is not None:
            # Where an analytic operator is not smooth it may also jump, as 0**y does.
            for term in kinks(operator, _literals(operands)):
                tested = self._of_operands(term, operands, scale).values
                smooth = smooth & ~tested.holds(0) & ~tested.undefined
        return np.asarray(smooth)

    def _directions(
        self, operator: Operator, operands: list[Behaviour], values: TailIntervals, scale: Floats
    ) -> tuple[Bools, Bools]:
        """A sum of what each operand that moves contributes: its own direction, turned where the operator falls."""
        shape = values.low.shape
        if operator.is_select:
            condition, taken, other = operands
            chosen, left = condition.values.holds_surely, condition.values.fails_surely
            either = condition.constant
            rising = chosen & taken.rising | left & other.rising | either & taken.rising & other.rising
            falling = chosen & taken.falling | left & other.falling | either & taken.falling & other.falling
            return rising, falling
        rising, falling = np.ones(shape, dtype=bool), np.ones(shape, dtype=bool)
        for slot, operand in enumerate(operands):
            if operand.constant.all():
                continue
            up, down = self._trend(operator, slot, operands, values, scale)
            rising = rising & (operand.constant | up & operand.rising | down & operand.falling)
            falling = falling & (operand.constant | up & operand.falling | down & operand.rising)
        return rising, falling

    def _open_ends(
        self, operator: Operator, operands: list[Behaviour], values: TailIntervals, scale: Floats, directed: bool
    ) -> tuple[Bools, Bools]:
        """A bound is no value if the operator is strictly monotone, and takes it where an operand never is."""
        no = np.zeros(values.low.shape, dtype=bool)
        if operator.is_select:
            condition, taken, other = operands
            chosen, left = condition.values.holds_surely, condition.values.fails_surely
            return chosen & taken.low_open | left & other.low_open, chosen & taken.high_open | left & other.high_open
        if not any((operand.low_open | operand.high_open).any() for operand in operands):
            return no, no
        low, high = no, no
        strict = is_strict(operator)
        for slot, operand in enumerate(operands):
            if strict:
                up, down = operator.trend[slot] == "increasing", operator.trend[slot] == "decreasing"
            elif directed and all(other.values.only_number is not None for other in operands if other is not operand):
                up, down = self._steepness(operator, slot, operands, values, scale)
            else:
                continue
            low = low | up & operand.low_open | down & operand.high_open
            high = high | up & operand.high_open | down & operand.low_open
        if strict and operator.arity == 1:
            # Its range ends are limits.
            low, high = low | (values.low == operator.range[0]), high | (values.high == operator.range[1])
        return low, high

    def _steepness(
        self, operator: Operator, slot: int, operands: list[Behaviour], values: TailIntervals, scale: Floats
    ) -> tuple[Any, Any]:
        """Whether an operator strictly rises or falls in the one operand that is no number."""
        if operator.partials is None or operator.partials[slot] is None:
            return False, False
        slope = self._of_operands(partial(operator, slot, _literals(operands)), operands, scale).values
        sure = self._has_no_jump(operator, operands, values, scale) & ~slope.is_empty
        return sure & (slope.low > 0), sure & (slope.high < 0)

    def _trend(
        self, operator: Operator, slot: int, operands: list[Behaviour], values: TailIntervals, scale: Floats
    ) -> tuple[Any, Any]:
        """Whether an operator rises or falls in an operand: by its record, or the sign of its partial derivative."""
        trend = operator.trend[slot] if operator.trend else None
        if trend is not None:
            return trend == "increasing", trend == "decreasing"
        sure = self._has_no_jump(operator, operands, values, scale)
        if operator.partials is None or operator.partials[slot] is None or not sure.any():
            return False, False
        term = partial(operator, slot, _literals(operands))
        slope = self._of_operands(term, operands, scale).values
        sure = sure & ~slope.is_empty
        return sure & (slope.low >= 0), sure & (slope.high <= 0)


def _all_or_still(operands: list[Behaviour]) -> Bools:
    """Whether every operand is strict or does not move, and one is strict."""
    each = np.logical_and.reduce([operand.strict | operand.constant for operand in operands])
    return np.asarray(each & np.logical_or.reduce([operand.strict for operand in operands]))


def _compares(operator: Operator) -> bool:
    return operator.returns_truth and not operator.takes_truth


def _count(boxes: Ends) -> int:
    return max((np.size(low) for low, _ in boxes.values()), default=1)


def _off_zero(a: Behaviour) -> TailIntervals:
    """The operand of a step, away from a 0 that is no value of it: beside 0 a step is level."""
    values = a.values
    low = np.where((values.low == 0) & a.low_open & (values.high > 0), 5e-324, values.low)
    high = np.where((values.high == 0) & a.high_open & (values.low < 0), -5e-324, values.high)
    return unordered(values.arithmetic.of(low, high, values.undefined), values.scale)


def _replaced(values: Intervals, where: Bools, numbers: Floats) -> Intervals:
    low, high = (np.where(where, numbers, bound) for bound in (values.low, values.high))
    return values.arithmetic.of(low, high, values.undefined)


def _literals(operands: Sequence[Behaviour]) -> Literals:
    numbers = (operand.values.only_number for operand in operands)
    return tuple(number if number is not None and math.isfinite(number) else None for number in numbers)
