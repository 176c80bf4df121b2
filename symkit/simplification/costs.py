"""What a Program costs to compute."""

from __future__ import annotations

from functools import lru_cache

from symkit.ir import Program, ProgramBuilder
from symkit.ops import Operator

Weight = tuple[float, int, int]


def cost(program: Program) -> float:
    """The costs of all operators, in additions; a shared one counts once."""
    return sum(operator_cost(node.operator) for node in program.nodes if not node.is_leaf)


def weight(program: Program) -> Weight:
    """What is compared: the cost; between equals the number of operators, then that of leaves."""
    return cost(program), program.size, len(program)


@lru_cache(maxsize=1024)
def operator_cost(operator: Operator) -> float:
    """The cost of its record, or of its expansion if that is less: a target without a form of its own runs that."""
    if operator.expansion is None:
        return operator.cost
    builder = ProgramBuilder()
    operands = [builder.input(str(slot)) for slot in range(operator.arity)]
    return min(operator.cost, cost(builder.build([builder.expand(operator, operands).index])))
