"""Constants as literals or inputs, once it is known which of them have a value."""

from __future__ import annotations

from collections.abc import Mapping

from symkit.ir.program import Kind, Node, Program, ProgramBuilder
from symkit.ir.traverse import rebuild


def bind_constants(program: Program, values: Mapping[str, float]) -> Program:
    """The Program without constants: each is a literal, or an input of its name if it has no value.

    Lower composites that hide constants first.
    """

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        if node.kind is not Kind.CONSTANT:
            return None
        return builder.number(values[node.name]) if node.name in values else builder.input(node.name)

    return rebuild(program, change)
