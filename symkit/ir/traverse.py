"""Walking and rewriting Programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from symkit.ir.program import Node, Program, ProgramBuilder

Value = TypeVar("Value")


def interpret(
    program: Program, leaf: Callable[[Node], Value], apply: Callable[[Node, list[Value]], Value]
) -> list[Value]:
    """The value of every node: `leaf(node)`, or `apply(node, operand values)`."""
    values: list[Value] = []
    for node in program.nodes:
        values.append(leaf(node) if node.is_leaf else apply(node, [values[i] for i in node.operands]))
    return values


def rebuild(
    program: Program,
    change: Callable[[ProgramBuilder, Node, tuple[int, ...]], int | None],
    builder: ProgramBuilder | None = None,
) -> Program:
    """A new Program, each node replaced by what `change(builder, node, new operands)` gives, or kept if None."""
    out = builder if builder is not None else ProgramBuilder()
    placed: list[int] = []
    for node in program.nodes:
        operands = tuple(placed[i] for i in node.operands)
        new = change(out, node, operands)
        if new is None:
            new = out.leaf(node) if node.is_leaf else out.apply(node.operator, operands)
        placed.append(new)
    return out.build([placed[root] for root in program.roots])


def renamed(program: Program, names: Mapping[str, str]) -> Program:
    """The Program with named leaves renamed."""

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        if isinstance(node.value, str) and node.value in names:
            return builder.leaf(Node(node.kind, names[node.value]))
        return None

    return rebuild(program, change)


def reachable(program: Program, roots: tuple[int, ...]) -> Program:
    """The part of a Program that some of its nodes need."""
    builder = ProgramBuilder()
    placed = builder.include(program)
    return builder.build([placed[root] for root in roots])
