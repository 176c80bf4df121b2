"""What is known of the values of subterms over a box: bounds, whether they are finite, whether they can be NaN.

The box is cut into cells, so that `x*relu(x)` is known not to be negative. Subterms are those of a builder, so that
a rule may ask about what it is about to put in.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from symkit.evaluation.formats import Format
from symkit.evaluation.interval_arithmetic import Intervals
from symkit.evaluation.intervals import IntervalEvaluator
from symkit.ir import Node, Program, ProgramBuilder
from symkit.ops import Operator, standard
from symkit.ops.record import Relation
from symkit.simplification.points import Box
from symkit.text.expression import needed_constants

Bools = NDArray[np.bool_]
Cells = dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]

CUTS = {
    1: (
        1e-20,
        1e-8,
        1e-3,
        0.03,
        0.1,
        0.25,
        0.5,
        0.75,
        1.0,
        1.5,
        2.0,
        2.5,
        3.0,
        4.0,
        6.0,
        10.0,
        16.0,
        40.0,
        88.0,
        1e4,
        1e19,
    ),
    2: (1e-8, 0.5, 1.0, 3.0, 88.0),
    3: (1.0,),
}
"""Sizes at which the axis of a name is cut, by the number of names; it is always cut at 0."""

_table = standard()
NEVER_ZERO = frozenset(
    _table[name]
    for name in ("exp", "sigmoid", "softplus", "erfc", "i0e", "gaussian", "sech", "normal_cdf", "normal_pdf")
)
"""Operators that are more than 0 for every real operand, however near they come to it."""

POSITIVE_BY_ONE = frozenset(_table[name] for name in ("add", "max"))
"""Operators that are more than 0 where one operand is and none is less."""

POSITIVE_BY_ALL = frozenset(_table[name] for name in ("mul", "div", "min", "sqrt", "square", "abs"))
"""Operators that are more than 0 where every operand is."""

MOST_CUT = 6
"""With more names than this no axis is cut."""


class Ranges:
    """Bounds of the nodes of a builder over the cells of a box."""

    def __init__(
        self, builder: ProgramBuilder, box: Box, format: Format | None, constants: Mapping[str, tuple[float, float]]
    ) -> None:
        """In a format's arithmetic, or over the reals if that is None."""
        self.builder = builder
        self._evaluator = IntervalEvaluator(Program([], []), format)
        self._cells = {
            **cells(box),
            **{name: (np.array(low), np.array(high)) for name, (low, high) in constants.items()},
        }
        self.shape = next((low.shape for low, _ in self._cells.values() if low.ndim), (1,))
        self._known: dict[int, Intervals] = {}

    def of(self, index: int) -> Intervals:
        """The intervals of a node, one a cell."""
        stack = [index]
        with np.errstate(all="ignore"):
            while stack:
                current = stack[-1]
                node = self.builder.nodes[current]
                missing = [i for i in node.operands if i not in self._known]
                if current in self._known or not missing:
                    stack.pop()
                    if current not in self._known:
                        operands = [self._known[i] for i in node.operands]
                        self._known[current] = self._leaf(node) if node.is_leaf else self._applied(node, operands)
                else:
                    stack += missing
        return self._known[index]

    def _leaf(self, node: Node) -> Intervals:
        found = self._evaluator.leaf(node, self._cells)
        return found.arithmetic.of(*np.atleast_1d(found.low, found.high, found.undefined))

    def _applied(self, node: Node, operands: list[Intervals]) -> Intervals:
        if _has_constants(node.operator):
            return self.of(self.builder.expand(node.operator, node.operands).index)
        found = self._evaluator.apply(node.operator, operands)
        if not found.arithmetic.is_real:
            return found
        if node.operator.expansion is not None and np.any(found.undefined):
            # An operator may have no limit where it is not bounded; over the reals its expansion is the same function.
            other = self.of(self.builder.expand(node.operator, node.operands).index)
            undefined = found.undefined & other.undefined
            found = found.arithmetic.of(np.maximum(found.low, other.low), np.minimum(found.high, other.high), undefined)
        return found.within(*node.operator.range)

    def _spread(self, flags: Bools) -> Bools:
        return np.broadcast_to(flags, self.shape)

    def never_nan(self, index: int) -> bool:
        return not np.any(self.of(index).undefined)

    def finite(self, index: int) -> bool:
        """Whether every value is a finite number."""
        found = self.of(index)
        return not np.any(found.undefined | found.may_be_infinite)

    def holds(self, index: int) -> Bools:
        """For each cell whether a condition is true throughout."""
        found = self.of(index)
        return self._spread(found.holds_surely & ~found.undefined)

    def fails(self, index: int) -> Bools:
        return self._spread(self.of(index).fails_surely)

    def stays_finite(self, index: int) -> bool:
        """Whether a node is a finite number wherever its operands are."""
        node = self.builder.nodes[index]
        if _has_constants(node.operator):
            return self.finite(index)
        operands = [_as_finite(self.of(i)) for i in node.operands]
        with np.errstate(all="ignore"):
            found = self._evaluator.apply(node.operator, operands)
        return not np.any((found.undefined | found.may_be_infinite) & ~found.is_empty)

    def keeps(self, index: int, relation: Relation) -> bool:
        """Whether a node always stands in a relation to 0, or is not defined; over the reals only."""
        found = self.of(index)
        if relation == ">= 0":
            return bool(np.all(found.low >= 0))
        if relation == "> 0":
            return self._positive(index)
        return not np.any(found.holds(0)) or self._positive(index)

    def _positive(self, index: int) -> bool:
        """Whether a node is more than 0: bounds cannot tell that of exp(x), which comes as near to 0 as one likes."""
        found, node = self.of(index), self.builder.nodes[index]
        if np.all(found.low > 0):
            return True
        if node.is_leaf or np.any(found.low < 0):
            return False
        if node.operator in NEVER_ZERO:
            return True
        operands = node.operands
        if node.operator in POSITIVE_BY_ONE:
            return all(np.all(self.of(i).low >= 0) for i in operands) and any(map(self._positive, operands))
        return node.operator in POSITIVE_BY_ALL and all(map(self._positive, operands))

    def only_number(self, index: int) -> float | None:
        """The one finite number that a node always is, if so."""
        found = self.of(index)
        only = found.only_number
        return only if only is not None and math.isfinite(only) and not np.any(found.undefined) else None

    def below(self, a: int, b: int) -> Bools:
        """For each cell whether all numbers that `a` can be are at most those that `b` can be; NaN aside."""
        return self._spread(self.of(a).high <= self.of(b).low)

    def nonnegative(self, index: int) -> Bools:
        return self._spread(self.of(index).low >= 0)

    def nonpositive(self, index: int) -> Bools:
        return self._spread(self.of(index).high <= 0)


@cache
def _has_constants(operator: Operator) -> bool:
    """Whether a composite stands on a constant that can be set, whose bounds the interpreter does not know."""
    if operator.expansion is None:
        return False
    builder = ProgramBuilder()
    operands = [builder.input(str(slot)) for slot in range(operator.arity)]
    return bool(needed_constants(builder.build([builder.expand(operator, operands).index])))


def _as_finite(values: Intervals) -> Intervals:
    """The finite ones among them."""
    format = values.arithmetic.format
    if format is None:
        return values.arithmetic.of(values.low, values.high)
    return values.arithmetic.of(np.maximum(values.low, -format.largest), np.minimum(values.high, format.largest))


def cells(box: Box) -> Cells:
    """The box cut into cells, as lowest and highest numbers of each name."""
    if not box:
        return {}
    sizes = CUTS[min(len(box), 3)] if len(box) < MOST_CUT else ()
    sides = [_sides(bounds, sizes if len(box) < 4 else (), len(box) <= MOST_CUT) for bounds in box.values()]
    corners = list(itertools.product(*sides))
    lows = np.array([[low for low, _ in corner] for corner in corners]).T
    highs = np.array([[high for _, high in corner] for corner in corners]).T
    return {name: (low, high) for name, low, high in zip(box, lows, highs, strict=True)}


def _sides(bounds: tuple[float, float], sizes: Sequence[float], cut: bool) -> list[tuple[float, float]]:
    low, high = bounds
    if not cut:
        return [(low, high)]
    inner = sorted(cut for size in sizes for cut in (-size, size) if low < cut < high)
    # The cell below 0 ends with -0, the one above begins with +0.
    below = [low, *(cut for cut in inner if cut < 0), -0.0] if low < 0 else []
    above = [0.0, *(cut for cut in inner if cut > 0), high] if high > 0 else []
    if low >= 0:
        above = [low, *above[1:]]
    if high <= 0 and below:
        below = [*below[:-1], high]
    pairs = [*itertools.pairwise(below), *itertools.pairwise(above)]
    return pairs or [(low, high)]
