"""Trees of forms, and the Programs that they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from symkit.ir import Kind, Node, Program
from symkit.ir.program import identity
from symkit.ops import Operator, standard
from symkit.spaces.forms import Form, Key

WEIGHT_NAMES = ("alpha", "beta", "gamma", "delta", "zeta", "eta", "theta", "kappa", "nu", "xi", "rho", "tau")


class Tree(NamedTuple):
    """A form with its operands.

    Attributes:
        form: what stands at the root.
        children: its operands.
        weight: the parameter that multiplies the value on its way up, or None.
    """

    form: Form
    children: tuple[Tree, ...] = ()
    weight: str | None = None

    @property
    def operators(self) -> int:
        """Forms that are no leaves."""
        return sum(1 for tree in walk(self) if tree.children)

    @property
    def height(self) -> int:
        """Forms on the longest path, the leaf not counted."""
        return 1 + max(child.height for child in self.children) if self.children else 0

    @property
    def weights(self) -> tuple[str, ...]:
        """Parameters in the order of the text, as often as they stand in it."""
        return tuple(tree.weight for tree in walk(self) if tree.weight is not None)


def walk(tree: Tree) -> Iterator[Tree]:
    """The tree and all trees in it, roots before operands, from the left."""
    stack = [tree]
    while stack:
        found = stack.pop()
        yield found
        stack.extend(reversed(found.children))


def program(tree: Tree) -> Program:
    """What a tree computes; equal subtrees are one node."""
    nodes: list[Node] = []
    index: dict[Key, int] = {}
    return Program(nodes, (_place(tree, nodes, index),))


def _place(tree: Tree, nodes: list[Node], index: dict[Key, int]) -> int:
    """Appends what is not there yet, operands from the left before their users; returns where the root is."""
    form, children, weight = tree
    if weight is not None:
        factor = _placed(nodes, index, Kind.PARAMETER, weight)
        found = _place(Tree(form, children), nodes, index)
        return _applied(nodes, index, product(), (factor, found))
    operator = form.operator
    count = len(children)
    # Most forms are one operator of one or two operands; comprehensions would cost more than what they do here.
    if operator is not None and count == 1:
        return _applied(nodes, index, operator, (_place(children[0], nodes, index),))
    if operator is not None and count == 2:
        operands = _place(children[0], nodes, index), _place(children[1], nodes, index)
        return _applied(nodes, index, operator, operands)
    if not count:
        leaf = index.get(form.leaf_key)
        if leaf is None:
            leaf = index[form.leaf_key] = len(nodes)
            nodes.append(form.program.nodes[0])
        return leaf
    placed: list[int] = []
    for node in form.program.nodes:
        if node.kind is Kind.INPUT:
            placed.append(_place(children[int(node.name)], nodes, index))
        elif node.kind is Kind.APPLY:
            placed.append(_applied(nodes, index, node.operator, tuple([placed[i] for i in node.operands])))
        else:
            placed.append(_placed(nodes, index, node.kind, node.value))
    return placed[-1]


def _applied(nodes: list[Node], index: dict[Key, int], operator: Operator, operands: tuple[int, ...]) -> int:
    key: Key = (operator, operands)
    found = index.get(key)
    if found is None:
        found = index[key] = len(nodes)
        nodes.append(_node(operator, operands))
    return found


def _placed(nodes: list[Node], index: dict[Key, int], kind: Kind, value: str | float | Operator) -> int:
    """Where a leaf is."""
    key: Key = ((kind, identity(kind, value)), ())
    if key not in index:
        index[key] = len(nodes)
        nodes.append(Node(kind, value))
    return index[key]


@lru_cache(maxsize=65536)
def _node(operator: Operator, operands: tuple[int, ...]) -> Node:
    return Node(Kind.APPLY, operator, operands)


@cache
def product() -> Operator:
    """The operator by which a weight is put on an edge."""
    return standard()["mul"]


def weight_names(count: int) -> Sequence[str]:
    """Names for so many weights: Greek letters, then w12, w13, ..."""
    return [WEIGHT_NAMES[i] if i < len(WEIGHT_NAMES) else f"w{i}" for i in range(count)]
