"""Guards for targets that differentiate by themselves: what a select does not take must not poison its gradient.

`where(x > 0, sqrt(x), 0)` has a NaN gradient at -1 under plain autograd, since 0 times infinity is NaN. Operands of
operators that have holes or overflow are held at a safe value wherever their result is not used. Conditions have no
gradient, so they keep operands that are not held. Extrema whose losers could do harm become selects first.
"""

from __future__ import annotations

from functools import lru_cache

from symkit.ir import Kind, Node, Program, ProgramBuilder, rebuild
from symkit.ops import Operator, Term

Conditions = frozenset[tuple[int, bool]]
"""Nodes, and whether each must hold or fail."""

Uses = frozenset[Conditions]
"""A value is used where all of one of these are met."""

ALWAYS: Uses = frozenset({frozenset()})
MOST_USES = 8
"""With more, only what all of them have in common counts."""


def guarded(program: Program) -> Program:
    """The same values wherever they are used; finite operands where they are not."""
    program = _with_selects_for_extrema(program)
    uses = _uses(program)
    builder = ProgramBuilder()
    plain = builder.include(program)
    placed: list[int] = []
    for index, node in enumerate(program.nodes):
        used = uses[index]
        if node.is_leaf or used is None or node.operator.returns_truth:
            placed.append(plain[index])
            continue
        takes_truth, harmful = node.operator.takes_truth, _harmful_slots(node.operator, _literals(program, node))
        operands: list[int] = []
        for slot, operand in enumerate(node.operands):
            if slot in takes_truth:
                operands.append(plain[operand])
            elif slot not in harmful or used == ALWAYS:
                operands.append(placed[operand])
            else:
                # A select that the conditions decide does what the one put here does again.
                taken = placed[_branch_taken(program, operand, used)]
                operands.append(_held(builder, used, plain, taken, node.operator.safe[slot]))
        placed.append(builder.apply(node.operator, tuple(operands)))
    return builder.build([placed[root] for root in program.roots])


def _with_selects_for_extrema(program: Program) -> Program:
    """The Program, extrema and sizes that meet what could do harm, below or above them, written as selects."""
    own = [not node.is_leaf and bool(_harmful_slots(node.operator, _literals(program, node))) for node in program.nodes]
    harmful = list(own)
    for index, node in enumerate(program.nodes):
        harmful[index] |= any(harmful[operand] for operand in node.operands)
    exposed = [False] * len(program.nodes)
    for index in range(len(program.nodes) - 1, -1, -1):
        for operand in program.nodes[index].operands:
            exposed[operand] |= own[index] or exposed[index]
    met = [below or above for below, above in zip(harmful, exposed, strict=True)]
    indices = iter(range(len(program.nodes)))

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        if not met[next(indices)] or node.is_leaf or node.operator.as_select is None:
            return None
        return builder.lifted(node.operator.as_select(builder.algebra, *builder.terms(operands))).index

    return rebuild(program, change)


def _literals(program: Program, node: Node) -> tuple[float | None, ...]:
    operands = [program.nodes[operand] for operand in node.operands]
    return tuple(operand.number if operand.kind is Kind.NUMBER else None for operand in operands)


@lru_cache(maxsize=1024)
def _harmful_slots(operator: Operator, literals: tuple[float | None, ...]) -> frozenset[int]:
    """Operands that an overflow, a hole or an infinite derivative comes from."""
    if operator.tame is not None and operator.tame(literals):
        return frozenset()
    if operator.overflows or operator.singular:
        return frozenset(range(operator.arity))
    builder = ProgramBuilder()
    operands = builder.terms(builder.input(str(slot)) for slot in range(operator.arity))
    bounds = [builder.lifted(condition.of(builder.algebra, *operands)).index for condition in operator.domain]
    return frozenset(int(name) for name in builder.build(bounds).inputs)


def _uses(program: Program) -> list[Uses | None]:
    """For each node where its value is used and has a gradient; None if nowhere."""
    found: list[Uses | None] = [None] * len(program.nodes)
    for root in program.roots:
        found[root] = ALWAYS
    for index in range(len(program.nodes) - 1, -1, -1):
        node, own = program.nodes[index], found[index]
        if own is None or node.is_leaf or node.operator.returns_truth:
            continue
        for slot, operand in enumerate(node.operands):
            if slot not in node.operator.takes_truth:
                condition = (node.operands[0], slot == 1) if node.operator.is_select else None
                through = own if condition is None else _narrowed(own, condition)
                found[operand] = _either(found[operand] or frozenset(), through)
    return found


def _narrowed(uses: Uses, condition: tuple[int, bool]) -> Uses:
    index, holds = condition
    return frozenset(use | {condition} for use in uses if (index, not holds) not in use)


def _either(one: Uses, other: Uses) -> Uses:
    """Where one or the other is; a use that another one covers is dropped."""
    both = one | other
    apart = frozenset(use for use in both if not any(wider < use for wider in both))
    return apart if len(apart) <= MOST_USES else frozenset({frozenset.intersection(*apart)})


def _branch_taken(program: Program, index: int, uses: Uses) -> int:
    """What a select is where the value is used, if that decides it."""
    if len(uses) != 1:
        return index
    (conditions,) = uses
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


def _held(builder: ProgramBuilder, uses: Uses, plain: list[int], taken: int, safe: float) -> int:
    """`taken` where it is used, else `safe`."""
    if builder.literal(taken) is not None:
        return taken
    b = builder.algebra
    if not uses:
        return builder.number(safe)
    if len(uses) == 1:
        (conditions,) = uses
        if len(conditions) == 1:
            ((index, holds),) = conditions
            if not holds:
                return b("where", builder.term(plain[index]), safe, builder.term(taken)).index
    used: Term | None = None
    for conditions in sorted(uses, key=sorted):
        met: Term | None = None
        for index, holds in sorted(conditions):
            condition = builder.term(plain[index])
            condition = condition if holds else b("logical_not", condition)
            met = condition if met is None else b("logical_and", met, condition)
        assert met is not None
        used = met if used is None else b("logical_or", used, met)
    assert used is not None
    return b("where", used, builder.term(taken), safe).index
