"""Lowering: composites replaced by their expansions, where a target has no form of its own."""

from __future__ import annotations

from collections.abc import Callable

from symkit.ir.program import Kind, Node, Program, ProgramBuilder
from symkit.ir.traverse import rebuild
from symkit.ops import Operator


def lower(program: Program, keep: Callable[[Operator], bool] = lambda operator: operator.is_primitive) -> Program:
    """The Program with every composite expanded, again and again, but for those that `keep` says stay."""

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        if node.kind is not Kind.APPLY or node.operator.is_primitive or keep(node.operator):
            return None
        return builder.expand(node.operator, operands).index

    while any(
        node.kind is Kind.APPLY and not node.operator.is_primitive and not keep(node.operator) for node in program.nodes
    ):
        program = rebuild(program, change)
    return program
