"""Trees of forms, and the Programs that they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from symkit.ir import Kind, Node, Program
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
    form, children, weight_name = tree
    count = len(children)
    # Written out for one and two operands: comprehensions cost more than what they do here.
    if count == 0:
        operands: tuple[int, ...] = ()
    elif count == 1:
        operands = (_place(children[0], nodes, index),)
    elif count == 2:
        operands = (_place(children[0], nodes, index), _place(children[1], nodes, index))
    else:
        operands = tuple([_place(child, nodes, index) for child in children])
    found = form.place(nodes, index, operands)
    if weight_name is None:
        return found
    weight = _placed(nodes, index, Node(Kind.PARAMETER, weight_name))
    return _placed(nodes, index, Node(Kind.APPLY, product(), (weight, found)))


def _placed(nodes: list[Node], index: dict[Key, int], node: Node) -> int:
    key = (node.value if node.operands else (node.kind, node.value), node.operands)
    if key not in index:
        index[key] = len(nodes)
        nodes.append(node)
    return index[key]


def product() -> Operator:
    """The operator by which a weight is put on an edge."""
    return standard()["mul"]


def weight_names(count: int) -> Sequence[str]:
    """Names for so many weights: Greek letters, then w12, w13, ..."""
    return [WEIGHT_NAMES[i] if i < len(WEIGHT_NAMES) else f"w{i}" for i in range(count)]
