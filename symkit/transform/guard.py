"""Guards for targets that differentiate by themselves: what a select does not take must not poison its gradient.

`where(x > 0, sqrt(x), 0)` has a NaN gradient at -1 under plain autograd, since 0 times infinity is NaN. Operands of
operators that have holes or overflow are held at a safe value wherever their result is not used.
"""

from __future__ import annotations

from symkit.ir import Node, Program, ProgramBuilder, rebuild

Condition = tuple[int, bool]
"""A node and whether it must hold or fail."""


def guarded(program: Program) -> Program:
    """The same values wherever they are used; finite operands where they are not."""
    conditions = _conditions(program)
    indices = iter(range(len(program.nodes)))
    placed: list[int] = []

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        index = next(indices)
        new = builder.leaf(node) if node.is_leaf else _applied(builder, node, operands, conditions[index], placed)
        placed.append(new)
        return new

    return rebuild(program, change)


def _applied(
    builder: ProgramBuilder, node: Node, operands: tuple[int, ...], conditions: frozenset[Condition], placed: list[int]
) -> int:
    operator = node.operator
    if not conditions or not (operator.domain or operator.overflows):
        return builder.apply(operator, operands)
    used = None
    for index, holds in sorted(conditions):
        condition = builder.term(placed[index])
        condition = condition if holds else builder.algebra("logical_not", condition)
        used = condition if used is None else builder.algebra("logical_and", used, condition)
    assert used is not None
    held = [
        operand
        if builder.literal(operand) is not None
        else builder.algebra("where", used, builder.term(operand), safe).index
        for operand, safe in zip(operands, operator.safe, strict=True)
    ]
    return builder.apply(operator, tuple(held))


def _conditions(program: Program) -> list[frozenset[Condition]]:
    """For each node the conditions that hold wherever its value is used."""
    needed: list[frozenset[Condition] | None] = [None] * len(program.nodes)
    for root in program.roots:
        needed[root] = frozenset()
    for index in range(len(program.nodes) - 1, -1, -1):
        node, own = program.nodes[index], needed[index]
        assert own is not None
        for slot, operand in enumerate(node.operands):
            through = own
            if node.operator.is_select and slot > 0:
                through = own | {(node.operands[0], slot == 1)}
            earlier = needed[operand]
            needed[operand] = through if earlier is None else earlier & through
    # A condition can only guard what comes after it.
    return [frozenset(c for c in own or () if c[0] < index) for index, own in enumerate(needed)]
