"""What a function is made of where it counts: over a region of the reals, by bounds of every node.

A maximum whose first operand is always the larger one is that operand; a select whose condition is settled is its
branch; terms of a sum that cancel are gone. The folded Program is the same real function wherever the first is defined.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction

from symkit.checking.region import Region
from symkit.evaluation import IntervalEvaluator
from symkit.evaluation.interval_arithmetic import Intervals
from symkit.ir import Kind, Node, Program, ProgramBuilder, lower, rebuild
from symkit.ops import Term

MOST_PASSES = 8

Combination = dict[int, Fraction]
"""A linear combination of nodes, by index."""


def folded(program: Program, region: Region, constants: Mapping[str, float]) -> Program:
    """The Program, in primitives, without what has no part in its value on a region of the reals."""
    program = lower(program)
    for _ in range(MOST_PASSES):
        bounds = IntervalEvaluator(program, None, constants).every_node(region.boxes.bounds)
        smaller = _cancelled(_settled(program, bounds))
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
        if node.is_leaf:
            index = builder.leaf(node)
            sums[index] = {index: Fraction(1)}
        else:
            operands = tuple(placed[i] for i in node.operands)
            index = builder.apply(node.operator, operands)
            found = _combination(builder, index, sums)
            left = {i: c for i, c in found.items() if c}
            if len(left) < len(found):
                index = _written(builder, left)
                found = left
            sums[index] = left or {index: Fraction(1)}
        placed.append(index)
    return builder.build([placed[root] for root in program.roots])


def _combination(builder: ProgramBuilder, index: int, sums: Mapping[int, Combination]) -> Combination:
    """The node as a sum of others: those whose operator has a number for every partial derivative are linear."""
    node = builder.nodes[index]
    own = {index: Fraction(1)}
    if node.operator.partials is None:
        return own
    terms = builder.terms(node.operands)
    total: Combination = {}
    for form, operand in zip(node.operator.partials, node.operands, strict=True):
        if form is None:
            return own
        value = form(builder.algebra, *terms, builder.term(index))
        slope = value.literal if isinstance(value, Term) else float(value)
        if slope is None:
            # A literal factor: the other operand's slope says it all.
            if builder.literal(operand) is None:
                return own
            continue
        for part, coefficient in sums[operand].items():
            total[part] = total.get(part, Fraction(0)) + Fraction(slope) * coefficient
    return total or own


def _written(builder: ProgramBuilder, combination: Combination) -> int:
    b = builder.algebra
    total: Term | None = None
    for part, coefficient in combination.items():
        term = builder.term(part)
        term = term if coefficient == 1 else float(coefficient) * term
        total = term if total is None else total + term
    return b.number(0.0).index if total is None else total.index


def depends_on(program: Program, name: str) -> bool:
    """Whether a leaf of this name is left."""
    return any(node.kind in (Kind.INPUT, Kind.PARAMETER) and node.name == name for node in program.nodes)
