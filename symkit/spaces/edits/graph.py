"""What counts as an edit between two graphs of expressions, and what a matching of their nodes costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from symkit.ir import Kind, Node, Program
from symkit.ir.program import identity

Pairs: TypeAlias = Mapping[int, int]
"""Nodes of one Program and the nodes of another that they become, by index. Others are deleted, or inserted."""


class Edge(NamedTuple):
    """From operand to user. The mark that stands on the root is a user whose index is one past the last node."""

    operand: int
    user: int
    slot: int


def edges_of(program: Program) -> list[Edge]:
    """All edges, the one from the root to the mark last."""
    edges = [
        Edge(operand, user, slot) for user, node in enumerate(program) for slot, operand in enumerate(node.operands)
    ]
    return [*edges, Edge(program.root, len(program), 0)]


def label(node: Node) -> object:
    """What a node is but for its operands; a parameter is one whatever its name."""
    return node.kind, None if node.kind is Kind.PARAMETER else identity(node.kind, node.value)


def is_same(one: Node, other: Node) -> bool:
    """Whether no relabelling is needed."""
    return label(one) == label(other)


def is_ordered(node: Node) -> bool:
    """Whether it matters in which slots the operands stand."""
    return len(node.operands) > 1 and not node.operator.commutative


def cost(a: Program, b: Program, pairs: Pairs) -> int:
    """The number of edits if these nodes become those."""
    matched = set(pairs.values())
    edits = 0 if pairs.get(a.root) == b.root else 2
    for i, node in enumerate(a):
        edits += pair_cost(a, b, pairs, i) if i in pairs else 1 + len(node.operands)
    return edits + sum(1 + len(node.operands) for j, node in enumerate(b) if j not in matched)


def pair_cost(a: Program, b: Program, pairs: Pairs, i: int) -> int:
    """The edits of a matched node of `a` and of the edges to its operands."""
    if is_reordered(a, b, pairs, i):
        # By way of an operator that does not mind the order: two relabellings.
        return 2 + _changed_operands(a, b, pairs, i)
    one, other = a.nodes[i], b.nodes[pairs[i]]
    changed = _changed_slots if is_ordered(one) and is_ordered(other) else _changed_operands
    return (not is_same(one, other)) + changed(a, b, pairs, i)


def is_reordered(a: Program, b: Program, pairs: Pairs, i: int) -> bool:
    """Whether a matched node of `a` does best to give up the order of its operands on the way."""
    one, other = a.nodes[i], b.nodes[pairs[i]]
    if not (is_ordered(one) and is_ordered(other)):
        return False
    return 2 + _changed_operands(a, b, pairs, i) < (not is_same(one, other)) + _changed_slots(a, b, pairs, i)


def _changed_operands(a: Program, b: Program, pairs: Pairs, i: int) -> int:
    """Edges deleted and inserted where only the operands count."""
    one, other = a.nodes[i].operands, b.nodes[pairs[i]].operands
    images = Counter(pairs[operand] for operand in one if operand in pairs)
    return len(one) + len(other) - 2 * (images & Counter(other)).total()


def _changed_slots(a: Program, b: Program, pairs: Pairs, i: int) -> int:
    """Edges deleted and inserted where every operand has its slot."""
    one, other = a.nodes[i].operands, b.nodes[pairs[i]].operands
    kept = sum(pairs.get(p) == q for p, q in zip(one, other, strict=False))
    return len(one) + len(other) - 2 * kept
