"""Operators defined in the language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from symkit.errors import DomainError, LimitError
from symkit.ir import MAX_NODES, Kind, Node, Program, ProgramBuilder, lower, rebuild
from symkit.ops import Algebra, Operator, OperatorTable, Term, standard
from symkit.text.expression import Expression
from symkit.text.names import CALL_SPELLINGS, CONSTANTS, INPUTS, LOSS_SPELLINGS, is_spellable
from symkit.text.parse import parse
from symkit.text.printer import number_text, program_text
from symkit.text.tokens import MAX_LITERAL


@dataclass(frozen=True)
class Inlined:
    """An expansion that replays a Program; unlike a function it can be pickled."""

    program: Program
    operands: tuple[str, ...]
    """Names of inputs and parameters, in the order of the operands."""

    def __call__(self, b: Algebra, *operands: Term) -> Term:
        builder = b.builder
        if not isinstance(builder, ProgramBuilder):
            raise DomainError("a defined operator expands into a ProgramBuilder only")
        given = {name: operand.index for name, operand in zip(self.operands, operands, strict=True)}
        placed: list[int] = []
        for node in self.program.nodes:
            if node.kind in (Kind.INPUT, Kind.PARAMETER):
                placed.append(given[node.name])
            elif node.is_leaf:
                placed.append(builder.leaf(node))
            else:
                placed.append(builder.apply(node.operator, tuple(placed[i] for i in node.operands)))
        return Term(builder, placed[self.program.root])


def define(name: str, text: str, *, table: OperatorTable | None = None) -> OperatorTable:
    """A table that also knows `name` as the function that `text` spells.

    Inputs become operands in order; parameters become further operands that default to their initial values:
    `define("swishy", "f(x; beta = 2) = x*sigmoid(beta*x)")` allows `swishy(x)` and `swishy(x, 3)`. A name that was
    defined before is defined anew; expressions that have the old one keep it.

    Raises:
        DomainError: for a name that cannot be given, and for text without an input.
        ParseError: for text that does not parse.
    """
    base = table if table is not None else standard()
    _check_name(name, base)
    expression = parse(text, table=base)
    return base.extended(operator_of(name.lower(), expression))


def operator_of(name: str, expression: Expression) -> Operator:
    """The record of a defined operator; its derivative, kinks and forms come from the expansion."""
    if not expression.inputs:
        raise DomainError(f"{name} has no input; write it with x, or name its inputs: f(a, b) = ...")
    program = _with_numbers(expression.program, expression.constants)
    # In shipped operators alone, so that rows of definitions do not add up to deep expansions.
    shipped = lower(program, keep=lambda operator: operator.definition is None)
    if len(shipped) > MAX_NODES:
        raise LimitError(f"written in shipped operators {name} has {len(shipped)} nodes; the limit is {MAX_NODES}")
    operands = (*expression.inputs, *expression.parameters)
    defaults = tuple(expression.parameters.values())
    return Operator(
        name,
        len(operands),
        program_text(program, reserved=operands),
        "defined by the user",
        defaults=defaults,
        expansion=Inlined(shipped, operands),
        safe=(1.0,) * len(expression.inputs) + defaults,
        cost=float(shipped.size),
        definition=_definition(shipped, operands, expression.parameters),
    )


def _definition(program: Program, operands: tuple[str, ...], parameters: Mapping[str, float]) -> str:
    """What tells operators of one name apart: operands in order, formula, and defaults as a comment."""
    text = f"f({', '.join(operands)}) = {program_text(program, reserved=operands)}"
    comment = ", ".join(f"{name} = {number_text(value)}" for name, value in parameters.items())
    return f"{text}  # {comment}" if comment else text


def _check_name(name: str, table: OperatorTable) -> None:
    known = table[name] if name in table else None
    reserved = {*CONSTANTS, *INPUTS, *LOSS_SPELLINGS, *CALL_SPELLINGS}
    if not is_spellable(name) or name in reserved or len(name) > MAX_LITERAL:
        raise DomainError(
            f"operator name {name!r} must be letters, digits and _, at most {MAX_LITERAL} of them, "
            f"and not a name with a meaning of its own ({', '.join(sorted(reserved))})"
        )
    if known is not None and known.definition is None:
        raise DomainError(f"{name!r} is the shipped operator {known.name}, and others stand on it; take another name")


def _with_numbers(program: Program, constants: Mapping[str, float]) -> Program:
    """Constants that the header sets become numbers: an operator is no place to set them."""

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        return builder.number(constants[node.name]) if node.kind is Kind.CONSTANT and node.name in constants else None

    return rebuild(program, change)
