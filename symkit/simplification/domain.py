"""Where a function has a value: what has to be so for it, as far as that can be told."""

from __future__ import annotations

from symkit.ir import Kind, Program, ProgramBuilder, digest, lower
from symkit.ops import standard
from symkit.ops.record import Relation
from symkit.simplification.ranges import Ranges
from symkit.simplification.reduce import Reducer, Setting
from symkit.simplification.rules import EXACT

_table = standard()
DIV, MUL, POW, HYPOT = (_table[name] for name in ("div", "mul", "pow", "hypot"))
CARRYING = frozenset(
    _table[name] for name in ("add", "sub", "mul", "div", "neg", "abs", "log", "sqrt", "sinh", "arcsinh", "log1p")
)
"""Operators that have no finite value where an operand is infinite or NaN. A divisor is another matter."""

SAME_ZEROS = frozenset(_table[name] for name in ("neg", "abs", "sqrt", "sinh", "arcsinh", "tanh", "arctan", "erf"))
"""Operators that are 0 where their operand is, and nowhere else."""

Needs = frozenset[tuple[Relation, str]]
"""Relations to 0, each with the digest of what it is asked of."""


def domain(program: Program, setting: Setting) -> Needs | None:
    """What must hold for a function to have a value, over a box of real numbers.

    Nothing means that it has one everywhere. None means that it cannot be told: something has no value, but what stands
    on it may have one all the same, as `exp(-1/x**2)` does at 0.
    """
    program = Reducer((), setting)(lower(program))
    builder = ProgramBuilder()
    placed = builder.include(program)
    ranges = Ranges(builder, setting.box, setting.format, setting.constants)
    needs: set[tuple[Relation, int]] = set()
    infinite: set[int] = set()
    undefined: set[int] = set()
    for node, index in zip(program.nodes, placed, strict=True):
        if node.kind is not Kind.APPLY:
            continue
        operator = node.operator
        operands = [placed[i] for i in node.operands]
        if undefined.intersection(operands) and (
            operator.returns_truth or operator.is_select or operator in (POW, HYPOT)
        ):
            return None
        if infinite.intersection(operands):
            if operator not in CARRYING or (operator == DIV and operands[1] in infinite):
                return None
            infinite.add(index)
        if undefined.intersection(operands):
            undefined.add(index)
        for condition in operator.domain:
            term = builder.lifted(condition.of(builder.algebra, *builder.terms(operands))).index
            if ranges.keeps(term, condition.relation):
                continue
            if operator == POW and builder.literal(operands[1]) is None:
                # A negative base has powers as well, for whole exponents.
                return None
            needs.add((condition.relation, term))
            undefined.add(index)
            if condition.relation != ">= 0":
                infinite.add(index)
    reducer = Reducer(EXACT, setting)
    found = [need for relation, term in needs for need in _plainly(builder, ranges, relation, term)]
    return frozenset((relation, digest(reducer(builder.build([term])))) for relation, term in found)


def _plainly(builder: ProgramBuilder, ranges: Ranges, relation: Relation, index: int) -> list[tuple[Relation, int]]:
    """The same need, asked of what stands inside: `abs(x) > 0` and `x**2 != 0` are `x != 0`."""
    node = builder.nodes[index]
    if relation == "> 0" and ranges.keeps(index, ">= 0"):
        relation = "!= 0"
    if relation == "!= 0" and node.kind is Kind.APPLY:
        power = node.operator == POW and (builder.literal(node.operands[1]) or 0) > 0
        if node.operator in SAME_ZEROS or power:
            return _plainly(builder, ranges, relation, node.operands[0])
        if node.operator == MUL:
            return [need for i in node.operands for need in _plainly(builder, ranges, relation, i)]
    if relation == "!= 0" and ranges.keeps(index, relation):
        return []
    return [(relation, index)]
