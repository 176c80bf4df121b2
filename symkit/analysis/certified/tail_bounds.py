"""The bounds of a whole Program on a tail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from symkit.analysis.certified.far import REALS, FarIntervals, as_far, far
from symkit.analysis.certified.parabolas import UNKNOWN, Between, level
from symkit.checking.operator_terms import conditions
from symkit.evaluation import evaluate_balls
from symkit.evaluation.analytic import has_exact_slope, is_analytic
from symkit.evaluation.intervals import IntervalEvaluator
from symkit.evaluation.time_limit import check_time
from symkit.ir import Kind, Node, Program, lower, reachable
from symkit.ops import Operator
from symkit.transform import gradient


@dataclass(frozen=True, slots=True)
class Tail:
    """The x that t >= 0 runs through: from `start` towards an infinity, or if it has an end, towards that.

    Attributes:
        start: where it starts.
        direction: 1 or -1: of x with t.
        end: where it ends, which it does not reach; None for the infinity.
    """

    start: float
    direction: int
    end: float | None = None

    @property
    def length(self) -> Any:
        """A ball: the difference of two floats need not be one."""
        from flint import arb

        assert self.end is not None
        return abs(arb(self.end) - arb(self.start))

    def leaf(self) -> FarIntervals:
        from flint import arb

        side = self.direction
        if self.end is None:
            low, high = (self.start, np.inf) if side > 0 else (-np.inf, self.start)
            line = (arb(self.start), arb(side), arb(0))
            order = UNKNOWN
            if side * self.start > 0:
                size = arb(self.start) * side
                order = Between(level(size.log()), (size.log(), 1 / size, arb(0)))
            return far(REALS.of([low], [high]), Between(line, line), order)
        low, high = sorted((self.start, self.end))
        order = UNKNOWN
        if self.end == 0:
            falling = (self.length.log(), arb(-1), arb(0))
            order = Between(falling, falling)
        return far(REALS.of([low], [high]), UNKNOWN, order)


def bounds(program: Program, variable: str, constants: Mapping[str, float], tail: Tail) -> list[FarIntervals]:
    """What is known of every root of a Program on a tail."""
    lowered = lower(program, lambda operator: operator.growth is not None or operator.analytic is not None)
    leaf = tail.leaf()

    def crossing(index: int) -> Between:
        return _through_zero(reachable(lowered, (index,)), variable, constants, tail)

    with np.errstate(all="ignore"):
        evaluator = IntervalEvaluator(lowered, None, constants)
        found = _run(lowered, evaluator, lambda node: leaf, crossing if tail.end is not None else None)
    return [found[root] for root in lowered.roots]


def _run(
    program: Program,
    evaluator: IntervalEvaluator,
    variable: Callable[[Node], FarIntervals],
    crossing: Callable[[int], Between] | None = None,
) -> list[FarIntervals]:
    """The bounds of every node; `variable` gives those of inputs, `crossing` the order of a node that may be 0."""
    found: list[FarIntervals] = []
    for index, node in enumerate(program.nodes):
        check_time()
        if node.is_leaf:
            found.append(variable(node) if node.kind is Kind.INPUT else as_far(evaluator.leaf(node, {})))
            continue
        operands = [found[i] for i in node.operands]
        value = _defined(as_far(evaluator.apply(node.operator, list(operands))), node.operator, operands, evaluator)
        if node.operator.growth is not None:
            value = node.operator.growth(value, *operands)
        if crossing is not None and not value.is_never_zero:
            value = value.of_order(crossing(index))
        found.append(value)
    return found


def _through_zero(program: Program, variable: str, constants: Mapping[str, float], tail: Tail) -> Between:
    """The order of an analytic function that is 0 at the end of a tail, by the mean value theorem."""
    from flint import arb

    assert tail.end is not None
    if not is_analytic(program) or not has_exact_slope(program):
        return UNKNOWN
    if not evaluate_balls(program, {**constants, variable: tail.end})[0].is_zero():
        return UNKNOWN
    ends = sorted((tail.start, tail.end))
    slope = IntervalEvaluator(gradient(program, [variable]), None, constants)({variable: (ends[0], ends[1])})[0]
    low, high = float(abs(slope).low.min()), float(abs(slope).high.max())
    if slope.undefined.any() or not 0 < low <= high < np.inf:
        return UNKNOWN
    falling = ((arb(size) * tail.length).log() for size in (low, high))
    return Between(*((start, arb(-1), arb(0)) for start in falling))


def _defined(
    value: FarIntervals, operator: Operator, operands: list[FarIntervals], evaluator: IntervalEvaluator
) -> FarIntervals:
    """The value, not undefined where that is for a 0 that bounds an operand's interval and is no value of it."""
    if not operator.domain or not value.undefined.any() or any(operand.undefined.any() for operand in operands):
        return value
    literals = tuple(operand.only_number for operand in operands)
    for relation, term in conditions(operator, literals):
        tested = _run(term, evaluator, lambda node: operands[int(node.name)])[term.root]
        held = {
            "> 0": tested.low.min() >= 0 and tested.is_never_zero,
            ">= 0": tested.low.min() >= 0,
            "!= 0": tested.is_never_zero,
        }[relation]
        if not held:
            return value
    plain = value.arithmetic.of(value.low, value.high, np.zeros_like(value.undefined))
    return far(plain, value.value, value.order)
