"""Operators defined in the language."""

from __future__ import annotations

from dataclasses import dataclass

from symkit.errors import DomainError
from symkit.ir import Kind, Program, ProgramBuilder
from symkit.ops import Algebra, Operator, OperatorTable, Term, standard
from symkit.text.expression import Expression
from symkit.text.names import CONSTANTS, INPUTS
from symkit.text.parse import parse
from symkit.text.printer import program_text


@dataclass(frozen=True)
class Inlined:
    """An expansion that replays a Program; unlike a function it can be pickled."""

    program: Program
    inputs: tuple[str, ...]
    parameters: tuple[tuple[str, float], ...]

    def __call__(self, b: Algebra, *operands: Term) -> Term:
        builder = b.builder
        if not isinstance(builder, ProgramBuilder):
            raise DomainError("a defined operator expands into a ProgramBuilder only")
        given = dict(zip(self.inputs, operands, strict=False))
        values = dict(self.parameters)
        placed: list[int] = []
        for node in self.program.nodes:
            if node.kind is Kind.INPUT:
                placed.append(given[node.name].index)
            elif node.kind is Kind.PARAMETER:
                at = list(values).index(node.name)
                placed.append(operands[len(self.inputs) + at].index)
            elif node.is_leaf:
                placed.append(builder.leaf(node))
            else:
                placed.append(builder.apply(node.operator, tuple(placed[i] for i in node.operands)))
        return Term(builder, placed[self.program.root])


def define(name: str, text: str, *, table: OperatorTable | None = None) -> OperatorTable:
    """A table that also knows `name` as the function that `text` spells.

    Inputs become operands in order; parameters become further operands that default to their initial values:
    `define("swishy", "f(x; beta = 2) = x*sigmoid(beta*x)")` allows `swishy(x)` and `swishy(x, 3)`.

    Raises:
        DomainError: for a name that is no plain identifier or is reserved.
        ParseError: for text that does not parse.
    """
    base = table if table is not None else standard()
    if not name.isascii() or not name.isidentifier() or name in CONSTANTS or name in INPUTS:
        raise DomainError(f"operator name {name!r} must be a plain identifier and not an input or a constant")
    expression = parse(text, table=base)
    return base.extended(operator_of(name.lower(), expression))


def operator_of(name: str, expression: Expression) -> Operator:
    """The record of a defined operator; its derivative, kinks and forms come from the expansion."""
    if not expression.inputs:
        raise DomainError(f"{name} has no input; write it with x, or name its inputs: f(a, b) = ...")
    parameters = tuple(expression.parameters.items())
    defaults = tuple(value for _, value in parameters)
    header = f"f({', '.join((*expression.inputs, *expression.parameters))})"
    return Operator(
        name,
        len(expression.inputs) + len(parameters),
        program_text(expression.program),
        "defined by the user",
        defaults=defaults,
        expansion=Inlined(expression.program, expression.inputs, parameters),
        safe=(1.0,) * len(expression.inputs) + defaults,
        cost=float(expression.size),
        definition=f"{header} = {program_text(expression.program)}; {defaults}",
    )
