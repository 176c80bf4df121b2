"""What a function is made of where it counts: over a region of the reals, by bounds of every node.

A maximum whose first operand is always the larger one is that operand; a select whose condition is settled is its
branch; terms of a sum that cancel are gone. The folded Program is the same real function wherever the first is defined.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from symkit.checking.region import Region
from symkit.evaluation.interval_arithmetic import Intervals
from symkit.evaluation.intervals import IntervalEvaluator
from symkit.evaluation.time_limit import OutOfTime, check_time
from symkit.ir import Kind, Node, Program, ProgramBuilder, lower, rebuild
from symkit.ops import Operator, Term
from symkit.ops.python_signs import python_function

MOST_PASSES = 8

MOST_PARTS = 64
MOST_BITS = 4096
"""Of a coefficient; a sum that has more of either is looked at as one thing."""

ONE = -1
"""Stands for the number 1 among the nodes of a sum."""


@dataclass(frozen=True, eq=False)
class Combination:
    """A sum of nodes, each by its index, times exact coefficients that are not 0, with Python's arithmetic."""

    parts: Mapping[int, Fraction]

    @property
    def number(self) -> Fraction | None:
        """The number that it is, if so."""
        return self.parts.get(ONE, Fraction(0)) if self.parts.keys() <= {ONE} else None

    @property
    def is_short(self) -> bool:
        return len(self.parts) <= MOST_PARTS and all(
            max(c.numerator.bit_length(), c.denominator.bit_length()) <= MOST_BITS for c in self.parts.values()
        )

    def __add__(self, other: Combination) -> Combination:
        total = dict(self.parts)
        for part, coefficient in other.parts.items():
            total[part] = total.get(part, Fraction(0)) + coefficient
        return Combination({part: coefficient for part, coefficient in total.items() if coefficient})

    def __sub__(self, other: Combination) -> Combination:
        return self + -other

    def __neg__(self) -> Combination:
        return self._times(Fraction(-1))

    def __mul__(self, other: Combination) -> Combination:
        if self.number is not None:
            return other._times(self.number)
        return NotImplemented if other.number is None else self._times(other.number)

    def __truediv__(self, other: Combination) -> Combination:
        return self._times(1 / other.number) if other.number else NotImplemented

    def _times(self, factor: Fraction) -> Combination:
        return Combination({part: factor * coefficient for part, coefficient in self.parts.items() if factor})


def folded(program: Program, region: Region, constants: Mapping[str, float]) -> Program:
    """The Program, expanded, without what has no part in its value on a region of the reals.

    Inside a `time_limit` less may be found.
    """
    # An expansion may have rounded coefficients where an operator has a meaning of its own.
    program = lower(program, lambda operator: operator.exact is not None)
    for _ in range(MOST_PASSES):
        try:
            bounds = IntervalEvaluator(program, None, constants).every_node(region.boxes.bounds)
            smaller = _cancelled(_settled(program, bounds))
        except OutOfTime:
            break
        if smaller == program:
            break
        program = smaller
    return program


def _settled(program: Program, bounds: list[Intervals]) -> Program:
    """Nodes that are always the same number, or always the same operand, replaced by it."""
    indices = iter(range(len(program.nodes)))

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        index = next(indices)
        if node.is_leaf:
            return None
        low, high = (float(bound.flat[0]) for bound in (bounds[index].low, bounds[index].high))
        if low == high and math.isfinite(low):
            return builder.number(low)
        return _survivor(node, operands, [bounds[i] for i in node.operands])

    return rebuild(program, change)


def _survivor(node: Node, operands: tuple[int, ...], bounds: list[Intervals]) -> int | None:
    """The operand that the node always is."""
    operator = node.operator
    if operator.is_select:
        if bounds[0].holds_surely.all() or operands[1] == operands[2]:
            return operands[1]
        return operands[2] if bounds[0].fails_surely.all() else None
    if operator.picks is not None:
        first, second = bounds
        if operands[0] == operands[1]:
            return operands[0]
        larger, smaller = operands if operator.picks == "larger" else operands[::-1]
        if (first.low >= second.high).all():
            return larger
        return smaller if (second.low >= first.high).all() else None
    return None


def _cancelled(program: Program) -> Program:
    """Sums in which a term cancels, written without it."""
    builder = ProgramBuilder()
    sums: dict[int, Combination] = {}
    placed: list[int] = []
    for node in program.nodes:
        check_time()
        if node.is_leaf:
            index = builder.leaf(node)
            number = builder.literal(index)
            sums[index] = Combination({index: Fraction(1)} if number is None else {ONE: Fraction(number)})
        else:
            operands = tuple(placed[i] for i in node.operands)
            index = builder.apply(node.operator, operands)
            terms = [sums[i] for i in operands]
            total = _combined(node.operator, terms)
            if total is not None and not set().union(*(term.parts for term in terms)) <= {ONE, *total.parts}:
                written = _written(builder, total)
                index = index if written is None else written
            sums[index] = total or Combination({index: Fraction(1)})
        placed.append(index)
    return builder.build([placed[root] for root in program.roots])


def _combined(operator: Operator, operands: list[Combination]) -> Combination | None:
    """What arithmetic makes of sums, if that is a sum again and no long one."""
    sign = python_function(operator)
    if sign is None or operator.returns_truth:
        return None
    try:
        total: Combination = sign(*operands)
    except TypeError:
        return None
    return total if total.is_short else None


def _written(builder: ProgramBuilder, combination: Combination) -> int | None:
    """The sum as a node; None where floats do not have its coefficients."""
    b = builder.algebra
    total: Term | None = None
    for part, coefficient in combination.parts.items():
        factor = _exact_float(coefficient)
        if factor is None:
            return None
        if part == ONE:
            term = b.number(factor)
        else:
            term = builder.term(part) if factor == 1 else factor * builder.term(part)
        total = term if total is None else total + term
    return b.number(0.0).index if total is None else total.index


def _exact_float(number: Fraction) -> float | None:
    try:
        rounded = float(number)
    except OverflowError:
        return None
    return rounded if Fraction(rounded) == number else None


def depends_on(program: Program, name: str) -> bool:
    """Whether a leaf of this name is left."""
    return any(node.kind in (Kind.INPUT, Kind.PARAMETER) and node.name == name for node in program.nodes)
