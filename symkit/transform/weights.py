"""Weights on the edges of an expression: the loss network of R section 3.2.3, algorithm 2, as an Expression."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache

from symkit.ir import Kind, Node, Program, ProgramBuilder, rebuild, renamed
from symkit.ops import Operator
from symkit.text import Expression, parse


def weighted(e: Expression | str) -> Expression:
    """The expression with a factor on every edge of its graph (R section 3.2.3, algorithm 2).

    An edge leads from an operand to the operator that uses it, so `x - x` has two. Each operand is multiplied by a
    parameter of its own, the edges into the root included, and parameters and literals are operands like others. The
    factors are called `w0`, `w1`, ... in the order in which the text shows them, but for names that are taken; they
    start at 1, where the new expression has the values of the old one. A subterm that stands twice is one node of the
    graph, so the edges in it are weighted once, for all who use it.

    A composite such as `softplus` is one node: nothing is weighted inside. These edges have no weight:

    - those in conditions: of a comparison, and of what decides a select. They have no gradient;
    - a literal that the operator reads for what it is, as `**` reads an exponent: `(y - p)**2` is defined everywhere
      and `(y - p)**(2*w0)` is not, however near to 1 the weight is;
    - operands left at their defaults, which the text does not show: the slope of `leaky_relu(x)`.

    Every other edge has one, also where two weights do the work of one, as in `w0*(w1*x)`.

    Raises:
        ParseError: for text that does not parse.
    """
    expression = parse(e) if isinstance(e, str) else e
    program = expression.program
    builder = ProgramBuilder(expression.table)
    plain = builder.include(program)
    factors = _fresh_names("_", {*expression.inputs, *program.parameters})
    ours: set[str] = set()
    placed: list[int] = []
    for index, node in enumerate(program.nodes):
        if node.is_leaf or node.operator.returns_truth:
            placed.append(plain[index])
            continue
        operands: list[int] = []
        for slot, operand in enumerate(node.operands):
            if slot in node.operator.takes_truth:
                operands.append(plain[operand])
            elif _is_kept(node.operator, slot, program.nodes[operand]):
                operands.append(placed[operand])
            else:
                factor = next(factors)
                ours.add(factor)
                operands.append(builder.named("mul", (builder.parameter(factor), placed[operand])))
        placed.append(builder.apply(node.operator, tuple(operands)))
    found = builder.build([placed[program.root]])
    names = _fresh_names("w", {*expression.inputs, *program.parameters})
    return expression.with_program(renamed(found, {name: next(names) for name in found.parameters if name in ours}))


def with_numbers(e: Expression, values: Mapping[str, float], factors: Collection[str] = ()) -> Expression:
    """The expression with numbers in place of parameters.

    Args:
        e: an expression.
        values: the number for each parameter that gets one.
        factors: parameters that `weighted` put in. Those that are exactly 1 leave no trace, and those of the literals
            1 and -1 take their place.

    Raises:
        DomainError: for a number that is not finite.
    """
    nodes = e.program.nodes

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        if node.is_leaf:
            return builder.number(values[node.name]) if is_set(node) else None
        first = nodes[node.operands[0]] if node.operands else node
        if not is_set(first) or first.name not in factors:
            return None
        if values[first.name] == 1.0:
            return operands[1]
        literal = builder.literal(operands[1])
        return builder.number(values[first.name] * literal) if literal in (1.0, -1.0) else None

    def is_set(node: Node) -> bool:
        return node.kind is Kind.PARAMETER and node.name in values

    return e.with_program(rebuild(e.program, change))


def _is_kept(operator: Operator, slot: int, operand: Node) -> bool:
    """Whether an operand is part of what the operator is, and gets no weight."""
    if operand.kind is not Kind.NUMBER:
        return False
    position = slot - (operator.arity - len(operator.defaults))
    is_default = position >= 0 and operand.number == operator.defaults[position]
    return is_default or slot in literal_slots(operator)


@lru_cache(maxsize=1024)
def literal_slots(operator: Operator) -> frozenset[int]:
    """The operands whose literal value decides where the operator is defined, such as an exponent."""
    builder = _Asked()
    operands = [builder.input(f"#{slot}") for slot in range(operator.arity)]
    if operator.is_primitive:
        for condition in operator.domain:
            condition.of(builder.algebra, *builder.terms(operands))
        return frozenset(slot for slot, operand in enumerate(operands) if operand in builder.asked)
    inside = builder.build([builder.expand(operator, operands).index])
    return frozenset(int(name.removeprefix("#")) for name in _read_as_literals(inside))


def _read_as_literals(program: Program) -> Iterator[str]:
    """Names of inputs that stand where an operator reads a literal."""
    for node in program.nodes:
        if not node.is_leaf:
            for slot in literal_slots(node.operator):
                operand = program.nodes[node.operands[slot]]
                if operand.kind is Kind.INPUT:
                    yield operand.name


class _Asked(ProgramBuilder):
    """Notes which nodes a record asks for their literal."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[int] = set()

    def literal(self, index: int) -> float | None:
        self.asked.add(index)
        return super().literal(index)


def _fresh_names(letter: str, taken: Collection[str]) -> Iterator[str]:
    number = 0
    while True:
        if (name := f"{letter}{number}") not in taken:
            yield name
        number += 1
