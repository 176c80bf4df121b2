"""Even and odd: what a function becomes where its input changes sign, node by node."""

from __future__ import annotations

from collections.abc import Collection

from symkit.ir import Kind, Node, Program, ProgramBuilder, digest, rebuild
from symkit.ops import Operator

Mirrored = tuple[int, int]
"""A sign and a node: what a node becomes is that sign times that node."""


def mirror_sign(program: Program, names: Collection[str]) -> int | None:
    """1 if the function stays what it is where the sign of these names changes, -1 if it changes sign, else None.

    None does not say that it is neither.
    """
    program = _with_inputs_only(program)
    builder = ProgramBuilder()
    placed = builder.include(program)
    found: list[Mirrored] = []
    for index, node in enumerate(program.nodes):
        if node.is_leaf:
            moves = node.kind is Kind.INPUT and node.name in names
            found.append((-1 if moves else 1, placed[index]))
        else:
            found.append(_applied(builder, node.operator, [found[i] for i in node.operands]))
    sign, root = found[program.root]
    same = digest(builder.build([root])) == digest(program)
    return sign if same else None


def _with_inputs_only(program: Program) -> Program:
    """Parameters as inputs: a digest takes parameters for each other, but a**x + b**-x is not even."""

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        return builder.input(node.name) if node.kind is Kind.PARAMETER else None

    return rebuild(program, change)


def mirrored(program: Program, names: Collection[str]) -> Program:
    """The function of inputs that changed their sign."""
    builder = ProgramBuilder()
    placed: list[int] = []
    for node in program.nodes:
        if node.is_leaf:
            leaf = builder.leaf(node)
            moves = node.kind in (Kind.INPUT, Kind.PARAMETER) and node.name in names
            placed.append((-builder.term(leaf)).index if moves else leaf)
        else:
            placed.append(builder.apply(node.operator, tuple(placed[i] for i in node.operands)))
    return builder.build([placed[program.root]])


def _applied(builder: ProgramBuilder, operator: Operator, operands: list[Mirrored]) -> Mirrored:
    signs = tuple(sign for sign, _ in operands)
    places = tuple(place for _, place in operands)
    result = _result_sign(operator, signs, tuple(builder.literal(place) for place in places))
    if result is None:
        result, places = 1, tuple(_negated(builder, place) if sign < 0 else place for sign, place in operands)
    return result, builder.apply(operator, places)


def _result_sign(operator: Operator, signs: tuple[int, ...], literals: tuple[float | None, ...]) -> int | None:
    if all(sign > 0 for sign in signs):
        return 1
    if operator.mirrored is not None:
        return operator.mirrored(signs, literals)
    if operator.parity is None:
        return None
    return 1 if operator.parity == "even" else -1


def _negated(builder: ProgramBuilder, index: int) -> int:
    node = builder.nodes[index]
    if node.kind is Kind.APPLY and node.operator.infix is not None and node.operator.infix.prefix:
        return node.operands[0]
    return (-builder.term(index)).index
