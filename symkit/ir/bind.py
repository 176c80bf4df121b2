"""Constants as literals, once their values are known."""

from __future__ import annotations

from collections.abc import Mapping

from symkit.ir.program import Kind, Node, Program, ProgramBuilder
from symkit.ir.traverse import rebuild


def bind_constants(program: Program, values: Mapping[str, float]) -> Program:
    """The Program with every constant replaced by its value. Lower composites that hide constants first."""

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        return builder.number(values[node.name]) if node.kind is Kind.CONSTANT else None

    return rebuild(program, change)
