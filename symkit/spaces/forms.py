"""What can stand at a node of a tree: a small Program whose inputs are the node's operands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from symkit.errors import DomainError
from symkit.ir import Kind, Node, Program, ProgramBuilder, digest, renamed
from symkit.ir.program import identity
from symkit.ops import Operator, OperatorTable, standard
from symkit.text import Expression, parse
from symkit.text.printer import program_text

Key: TypeAlias = tuple[object, tuple[int, ...]]
"""What makes two nodes of a Program the same: kind or operator, with a name or a number, and operands."""

MAX_ARITY = 3


@dataclass(frozen=True, eq=False)
class Form:
    """One choice at a node of a tree. Most are one operator; `elu(x)` has a literal inside, `min(x, 0)` too.

    Attributes:
        text: as it is written in a list of operators.
        arity: operands, 0 to 3; a form without operands is a leaf.
        program: what it computes; one root, and inputs named "0", "1", "2" by slot if it has operands.
    """

    text: str
    arity: int
    program: Program

    @cached_property
    def symmetric(self) -> bool:
        """Whether the first two operands may be exchanged: the digest is the same."""
        if self.arity < 2:
            return False
        return digest(self.program) == digest(renamed(self.program, {"0": "1", "1": "0"}))

    @cached_property
    def operator(self) -> Operator | None:
        """The operator, if the form is one operator applied to its operands in order."""
        root = self.program.nodes[self.program.root]
        plain = root.operands == tuple(range(self.arity)) and len(self.program.nodes) == self.arity + 1
        return root.operator if plain and self.arity else None

    @cached_property
    def leaf_key(self) -> Key:
        """What tells a form without operands from others."""
        (node,) = self.program.nodes
        return (node.kind, identity(node.kind, node.value)), ()

    def match(self, nodes: Sequence[Node], root: int) -> tuple[int, ...] | None:
        """The operands with which the form makes the node `root`, or None."""
        if self.operator is not None:
            node = nodes[root]
            return node.operands if node.value is self.operator else None
        if not self.arity:
            node = nodes[root]
            mine = self.program.nodes[0]
            return () if node is mine or (node.kind, identity(node.kind, node.value)) == self.leaf_key[0] else None
        found: list[int] = [-1] * self.arity
        return tuple(found) if self._same(self.program.root, nodes, root, found) else None

    def _same(self, place: int, nodes: Sequence[Node], index: int, found: list[int]) -> bool:
        pattern = self.program.nodes[place]
        if pattern.kind is Kind.INPUT:
            slot = int(pattern.name)
            if found[slot] < 0:
                found[slot] = index
            return found[slot] == index
        node = nodes[index]
        if pattern.is_leaf:
            return node.kind is pattern.kind and identity(node.kind, node.value) == identity(
                pattern.kind, pattern.value
            )
        return node.value is pattern.value and all(
            self._same(inner, nodes, operand, found)
            for inner, operand in zip(pattern.operands, node.operands, strict=True)
        )

    def __repr__(self) -> str:
        return f"<Form {self.text}>"


@dataclass(frozen=True, eq=False)
class OperatorSet:
    """Forms of one arity to choose from, by the name that schemas call them.

    Raises:
        DomainError: for no forms, and for forms of several arities.
    """

    name: str
    forms: tuple[Form, ...]

    def __post_init__(self) -> None:
        arities = {form.arity for form in self.forms}
        if len(arities) != 1:
            texts = ", ".join(form.text for form in self.forms) or "nothing"
            raise DomainError(f"operators of {self.name!r} must take equally many operands: {texts}")

    @property
    def arity(self) -> int:
        return self.forms[0].arity

    def __len__(self) -> int:
        return len(self.forms)

    @cached_property
    def number(self) -> Mapping[Form, int]:
        """The place of each form."""
        return {form: place for place, form in enumerate(self.forms)}

    @cached_property
    def by_root(self) -> Mapping[object, tuple[Form, ...]]:
        """Forms by what stands at their root: an operator, or the kind of a leaf."""
        found: dict[object, tuple[Form, ...]] = {}
        for form in self.forms:
            root = form.program.nodes[form.program.root]
            key = root.kind if root.is_leaf else root.value
            found[key] = (*found.get(key, ()), form)
        return found


def form(text: str, table: OperatorTable | None = None) -> Form:
    """A form from the name of an operator, or from a formula of `x`, or `f(x1, x2) = ...`.

    Raises:
        DomainError: for a formula with parameters, with inputs that it does not use, or without an operator.
        ParseError: for text that does not parse.
    """
    table = table if table is not None else standard()
    text = text.strip()
    if text in table:
        record = table[text]
        needed = record.arity - len(record.defaults)
        builder = ProgramBuilder(table)
        operands = [builder.input(str(slot)) for slot in range(needed)]
        numbers = [builder.number(value) for value in record.defaults]
        return _checked(Form(text, needed, builder.build([builder.apply(record, (*operands, *numbers))])))
    expression = parse(text, table=table)
    body = program_text(expression.program, reserved=expression.inputs)
    return _checked(Form(body, len(expression.inputs), _by_slot(expression)))


def _by_slot(expression: Expression) -> Program:
    return renamed(expression.program, {name: str(slot) for slot, name in enumerate(expression.inputs)})


def _checked(found: Form) -> Form:
    program = found.program
    if program.parameters:
        raise DomainError(f"{found.text!r} has the parameter {program.parameters[0]}; a space puts parameters on edges")
    if program.nodes[program.root].is_leaf:
        raise DomainError(f"{found.text!r} is no operator; for the input itself write identity")
    if len(program.inputs) != found.arity or not 1 <= found.arity <= MAX_ARITY:
        raise DomainError(f"{found.text!r} must use 1 to {MAX_ARITY} inputs, and all that its header names")
    return found


def leaf(value: str | float) -> Form:
    """A form without operands: an input by its name, or a number."""
    builder = ProgramBuilder()
    index = builder.input(value) if isinstance(value, str) else builder.number(value)
    text = value if isinstance(value, str) else f"{value:g}"
    return Form(text, 0, builder.build([index]))


def operators(name: str, texts: Sequence[str], table: OperatorTable | None = None) -> OperatorSet:
    """A set of forms from their texts, such as ["relu", "min(x, 0)"]."""
    if not texts:
        raise DomainError(f"operators {name!r} must name at least one")
    return OperatorSet(name, tuple(form(text, table) for text in texts))
