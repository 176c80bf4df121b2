"""What could make a subterm infinite or NaN, and whether a form still has it.

SymPy cancels whatever is formally the same: for it `0*exp(x)` is 0 and `log(x)/log(x)` is 1. So what is not
proved to be finite, and every divisor that is not proved to be unequal 0, has to be in SymPy's form as well.
"""

from __future__ import annotations

from symkit.ir import Kind, Program, ProgramBuilder, digest
from symkit.ops import Operator, standard
from symkit.simplification.ranges import Ranges
from symkit.simplification.reduce import Setting

_table = standard()
DIV, POW, RECIPROCAL = (_table[name] for name in ("div", "pow", "reciprocal"))
POLYNOMIAL = frozenset(
    _table[name] for name in ("add", "sub", "mul", "neg", "square", "cube", "abs", "max", "min", "relu")
)
"""Operators that overflow for huge operands only, where sampling does not fail to look."""


def keeps_hazards(before: Program, after: Program, setting: Setting) -> bool:
    """Whether `after` holds everything that is not proved to be finite in `before`."""
    left = hazards(before, setting)
    return not left or left <= hazards(after, setting)


def hazards(program: Program, setting: Setting) -> frozenset[str]:
    """Digests of the subterms that may bring in an infinity or NaN."""
    builder = ProgramBuilder()
    placed = builder.include(program)
    ranges = Ranges(builder, setting.box, setting.format, setting.constants)
    found: set[str] = set()
    for node, index in zip(program.nodes, placed, strict=True):
        if node.kind is Kind.APPLY and node.operator not in POLYNOMIAL and not ranges.stays_finite(index):
            found.add(digest(builder.build([_dangerous(builder, node.operator, index)])))
    return frozenset(found)


def _dangerous(builder: ProgramBuilder, operator: Operator, index: int) -> int:
    """The divisor of a quotient and the base of a power, which may be put together with others; else the whole."""
    operands = builder.nodes[index].operands
    if operator == DIV:
        return operands[1]
    if operator == RECIPROCAL or (operator == POW and builder.literal(operands[1]) is not None):
        return operands[0]
    return index
