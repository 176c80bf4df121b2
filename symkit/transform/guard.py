"""Guards for targets that differentiate by themselves: what a select does not take must not poison its gradient.

`where(x > 0, sqrt(x), 0)` has a NaN gradient at -1 under plain autograd, since 0 times infinity is NaN. Operands of
operators that have holes or overflow are held at a safe value wherever their result is not used.
"""

from __future__ import annotations

from functools import lru_cache

from symkit.ir import Node, Program, ProgramBuilder, rebuild
from symkit.ops import Operator

Conditions = frozenset[tuple[int, bool]]
"""Nodes, and whether each must hold or fail."""


def guarded(program: Program) -> Program:
    """The same values wherever they are used; finite operands where they are not."""
    conditions = _conditions(program)
    indices = iter(range(len(program.nodes)))
    placed: list[int] = []

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        used_if = conditions[next(indices)]
        if node.is_leaf:
            placed.append(builder.leaf(node))
        else:
            safe = _held(builder, program, node, used_if, placed) if used_if else operands
            placed.append(builder.apply(node.operator, safe))
        return placed[-1]

    return rebuild(program, change)


def _held(
    builder: ProgramBuilder, program: Program, node: Node, conditions: Conditions, placed: list[int]
) -> tuple[int, ...]:
    """The operands, those that could do harm held at a safe value unless all conditions are met."""
    harmful = _harmful_slots(node.operator)
    if not harmful:
        return tuple(placed[operand] for operand in node.operands)
    held: list[int] = []
    for slot, operand in enumerate(node.operands):
        # A select that the conditions decide does what the one put here does again.
        taken = placed[_branch_taken(program, operand, conditions)]
        if slot in harmful and builder.literal(taken) is None:
            taken = _select(builder, conditions, placed, taken, node.operator.safe[slot])
        held.append(taken)
    return tuple(held)


@lru_cache(maxsize=1024)
def _harmful_slots(operator: Operator) -> frozenset[int]:
    """Operands that an overflow or a hole comes from."""
    if operator.overflows:
        return frozenset(range(operator.arity))
    builder = ProgramBuilder()
    operands = builder.terms(builder.input(str(slot)) for slot in range(operator.arity))
    bounds = [builder.lifted(condition.of(builder.algebra, *operands)).index for condition in operator.domain]
    return frozenset(int(name) for name in builder.build(bounds).inputs)


def _branch_taken(program: Program, index: int, conditions: Conditions) -> int:
    """What a select is where the conditions are met, if they decide it."""
    node = program.nodes[index]
    while not node.is_leaf and node.operator.is_select:
        condition, taken, other = node.operands
        if (condition, True) in conditions:
            index = taken
        elif (condition, False) in conditions:
            index = other
        else:
            break
        node = program.nodes[index]
    return index


def _select(builder: ProgramBuilder, conditions: Conditions, placed: list[int], taken: int, safe: float) -> int:
    """`taken` where all conditions are met, else `safe`."""
    (first, holds), *others = sorted(conditions)
    used = builder.term(placed[first])
    if not others and not holds:
        return builder.algebra("where", used, safe, builder.term(taken)).index
    used = used if holds else builder.algebra("logical_not", used)
    for index, holds in others:
        condition = builder.term(placed[index])
        used = builder.algebra("logical_and", used, condition if holds else builder.algebra("logical_not", condition))
    return builder.algebra("where", used, builder.term(taken), safe).index


def _conditions(program: Program) -> list[Conditions]:
    """For each node the conditions that hold wherever its value is used."""
    needed: list[Conditions | None] = [None] * len(program.nodes)
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
