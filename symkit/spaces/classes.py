"""Sets of trees whose members are counted, and numbered, without being listed.

A class is a choice between classes, or a choice of an operator and of a tree for each operand. So counts are sums and
products, and the number of a tree is that of its operator and its operands in a mixed radix: the operator changes
slowest, then the operands from the left.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from math import comb, log10, prod
from typing import TypeAlias

from symkit.errors import DomainError, LimitError
from symkit.ir import Kind, Node
from symkit.spaces.forms import OperatorSet
from symkit.spaces.trees import Tree, product, walk, weight_names

Found: TypeAlias = tuple[int, Tree]

KEPT = 1024
"""Trees of smaller classes are kept once they were made: operands of many others."""

MOST_DIGITS = 4_000
"""Digits of a count; Python prints up to 4,300."""

MOST_EDGES = 10_000
"""Edges of a tree."""

MOST_LEVELS = 200
"""Classes inside each other: each takes up to two calls inside each other."""


class Reading:
    """A graph that is read as a tree.

    Attributes:
        nodes: of the graph.
        weights: whether products with parameters are weights on edges.
        known: what unions found, so that nothing is looked for twice.
    """

    __slots__ = ("_weighted", "known", "nodes", "weights")

    def __init__(self, nodes: Sequence[Node], *, weights: bool = False) -> None:
        self.nodes = nodes
        self.weights = weights
        self.known: dict[tuple[Class, int], Found | None] = {}
        self._weighted: Reading | None = self if weights else None

    @property
    def weighted(self) -> Reading:
        """The same graph, read with weights."""
        if self._weighted is None:
            self._weighted = Reading(self.nodes, weights=True)
        return self._weighted


class Class(ABC):
    """A finite set of trees in a fixed order."""

    count: int
    """How many trees there are."""

    edges: int | None
    """Edges of each tree, the one out of the root included: as many as nodes and leaves; None where trees differ."""

    most_edges: int
    """Edges of the largest tree."""

    _levels: int

    @abstractmethod
    def unrank(self, rank: int) -> Tree:
        """The tree of a number from 0 to count - 1."""

    @abstractmethod
    def rank(self, tree: Tree) -> int | None:
        """The number of a tree, or None for one that is no member."""

    @abstractmethod
    def find(self, reading: Reading, index: int) -> Found | None:
        """The number and the tree of this class that makes a node, or None. Read with weights, the number is that of
        the tree without them."""

    @property
    @abstractmethod
    def parts(self) -> tuple[Class, ...]:
        """Classes that it is made of."""

    def _check_size(self) -> None:
        """Raises LimitError for a class of trees that could not be counted, made or read."""
        self._levels = 1 + max((part._levels for part in self.parts), default=0)
        if self.count.bit_length() > MOST_DIGITS / log10(2):
            raise LimitError(f"a space of more than 10**{MOST_DIGITS} functions is too large; take a smaller depth")
        if self.most_edges > MOST_EDGES:
            raise LimitError(f"functions of more than {MOST_EDGES} operators and leaves are too large")
        if self._levels > MOST_LEVELS:
            raise LimitError(f"operators and choices are nested more than {MOST_LEVELS} deep")


class Apply(Class):
    """An operator of a set, with a tree of a class for each operand."""

    def __init__(self, operators: OperatorSet, children: Sequence[Class] = ()) -> None:
        if len(children) != operators.arity:
            raise DomainError(f"{operators.name} takes {operators.arity} operands, not {len(children)}")
        self.operators = operators
        self.children = tuple(children)
        self._each = prod(child.count for child in self.children)
        self.count = len(operators) * self._each
        sizes = [child.edges for child in self.children]
        self.edges = None if None in sizes else 1 + sum(size for size in sizes if size is not None)
        self.most_edges = 1 + sum(child.most_edges for child in self.children)
        self._check_size()
        self._by_root, self._number = operators.by_root, operators.number
        self._small: list[Tree | None] | None = [None] * self.count if self.count <= KEPT else None

    @property
    def parts(self) -> tuple[Class, ...]:
        return self.children

    def unrank(self, rank: int) -> Tree:
        if self._small is not None:
            tree = self._small[rank]
            if tree is None:
                tree = self._small[rank] = self._made(rank)
            return tree
        return self._made(rank)

    def _made(self, rank: int) -> Tree:
        place, rest = divmod(rank, self._each)
        children: list[Tree] = []
        for child in reversed(self.children):
            rest, own = divmod(rest, child.count)
            children.append(child.unrank(own))
        return Tree(self.operators.forms[place], tuple(reversed(children)))

    def rank(self, tree: Tree) -> int | None:
        found = self._number.get(tree.form)
        if found is None:
            return None
        for child, operand in zip(self.children, tree.children, strict=False):
            own = child.rank(operand)
            if own is None:
                return None
            found = found * child.count + own
        return found

    def find(self, reading: Reading, index: int) -> Found | None:
        nodes = reading.nodes
        node = nodes[index]
        for form in self._by_root.get(node.value if node.operands else node.kind, ()):
            operands = form.match(nodes, index)
            if operands is None:
                continue
            rank = self._number[form]
            children: list[Tree] = []
            for child, operand in zip(self.children, operands, strict=False):
                found = _with_weight(child, reading, operand) if reading.weights else child.find(reading, operand)
                if found is None:
                    break
                rank = rank * child.count + found[0]
                children.append(found[1])
            else:
                return rank, Tree(form, tuple(children))
        return None


def _with_weight(child: Class, reading: Reading, index: int) -> Found | None:
    """A tree, or one with a weight on the edge out of its root."""
    node = reading.nodes[index]
    if node.value is product() and reading.nodes[node.operands[0]].kind is Kind.PARAMETER:
        found = child.find(reading, node.operands[1])
        return None if found is None else (found[0], found[1]._replace(weight=reading.nodes[node.operands[0]].name))
    return child.find(reading, index)


class Union(Class):
    """The trees of several classes, one after another."""

    def __init__(self, members: Sequence[Class]) -> None:
        if not members:
            raise DomainError("a union needs at least one class")
        self.members = tuple(members)
        self._starts = [0, *accumulate(member.count for member in self.members)]
        self.count = self._starts[-1]
        sizes = {member.edges for member in self.members}
        self.edges = sizes.pop() if len(sizes) == 1 else None
        self.most_edges = max(member.most_edges for member in self.members)
        self._check_size()

    @property
    def parts(self) -> tuple[Class, ...]:
        return self.members

    def unrank(self, rank: int) -> Tree:
        place = bisect_right(self._starts, rank) - 1
        return self.members[place].unrank(rank - self._starts[place])

    def rank(self, tree: Tree) -> int | None:
        size = tree_size(tree)
        for start, member in zip(self._starts, self.members, strict=False):
            found = member.rank(tree) if member.edges in (None, size) else None
            if found is not None:
                return start + found
        return None

    def find(self, reading: Reading, index: int) -> Found | None:
        key = self, index
        if key not in reading.known:
            reading.known[key] = self._first(reading, index)
        return reading.known[key]

    def _first(self, reading: Reading, index: int) -> Found | None:
        for start, member in zip(self._starts, self.members, strict=False):
            found = member.find(reading, index)
            if found is not None:
                return start + found[0], found[1]
        return None


class Weighted(Class):
    """The trees of a class with up to so many edges that carry a parameter, each its own.

    Numbers: the tree changes slowest; then come no parameter, one, two, ..., by the edges in the order of `walk`.
    """

    def __init__(self, part: Class, most: int) -> None:
        if part.edges is None:
            raise DomainError("parameters can be put on trees of one size only; take the sizes apart")
        if most < 0:
            raise DomainError(f"there cannot be {most} parameters")
        self.part = part
        self.most = min(most, part.edges)
        self.edges = part.edges
        self._starts = [0, *accumulate(comb(self.edges, k) for k in range(self.most + 1))]
        self.placements = self._starts[-1]
        self.count = part.count * self.placements
        self.most_edges = part.edges
        self._check_size()

    @property
    def parts(self) -> tuple[Class, ...]:
        return (self.part,)

    def unrank(self, rank: int) -> Tree:
        own, placement = divmod(rank, self.placements)
        tree = self.part.unrank(own)
        if not placement:
            return tree
        count = bisect_right(self._starts, placement) - 1
        places = _combination(placement - self._starts[count], self.edges or 0, count)
        return with_weights(tree, dict(zip(places, weight_names(count), strict=True)))

    def rank(self, tree: Tree) -> int | None:
        return self._numbered(self.part.rank(tree), tree)

    def find(self, reading: Reading, index: int) -> Found | None:
        found = _with_weight(self.part, reading.weighted, index)
        rank = None if found is None else self._numbered(*found)
        return None if found is None or rank is None else (rank, found[1])

    def _numbered(self, own: int | None, tree: Tree) -> int | None:
        """The number of a tree from that of the one without weights."""
        places = [place for place, node in enumerate(walk(tree)) if node.weight is not None]
        if own is None or len(places) > self.most or len(set(tree.weights)) < len(places):
            return None
        return own * self.placements + self._starts[len(places)] + _combination_rank(places, self.edges or 0)


def with_weights(tree: Tree, names: dict[int, str]) -> Tree:
    """The tree with these weights alone, by the place of their nodes in the order of `walk`."""
    places = iter(range(tree_size(tree)))

    def changed(node: Tree) -> Tree:
        weight = names.get(next(places))
        return Tree(node.form, tuple(changed(child) for child in node.children), weight)

    return changed(tree)


def tree_size(tree: Tree) -> int:
    """Nodes and leaves."""
    return sum(1 for _ in walk(tree))


def _combination(rank: int, size: int, count: int) -> list[int]:
    """The subset of this number among those of `count` of `size` places, in lexicographic order."""
    chosen: list[int] = []
    place = 0
    while len(chosen) < count:
        after = comb(size - place - 1, count - len(chosen) - 1)
        if rank < after:
            chosen.append(place)
        else:
            rank -= after
        place += 1
    return chosen


def _combination_rank(chosen: Sequence[int], size: int) -> int:
    rank, start = 0, 0
    for taken, place in enumerate(chosen):
        rank += sum(comb(size - skipped - 1, len(chosen) - taken - 1) for skipped in range(start, place))
        start = place + 1
    return rank


def graphs(unary: OperatorSet, binary: OperatorSet, leaf: Class, nodes: int, parameters: int = 0) -> Class:
    """Every arrangement of 1 to `nodes` operators in which leaves stand under unary operators only.

    This is the rule behind the counts of B table 4.11: every path from a binary operator to x passes a unary one.
    Sizes come in order, then fewer binary operators first. Up to `parameters` edges carry a parameter (equation 4.12).
    """
    if nodes < 1:
        raise DomainError(f"a graph has at least one node, not {nodes}")
    known: dict[tuple[int, int], Class | None] = {}

    def arrangements(size: int, twos: int) -> Class | None:
        """Trees of `size` operators, `twos` of them binary; None if there are none."""
        if (size, twos) in known:
            return known[size, twos]
        members: list[Class] = []
        below = leaf if size == 1 and twos == 0 else arrangements(size - 1, twos) if size > 1 else None
        if below is not None:
            members.append(Apply(unary, [below]))
        for first in range(1, size - 1):
            for own in range(twos):
                left, right = arrangements(first, own), arrangements(size - 1 - first, twos - 1 - own)
                if left is not None and right is not None:
                    members.append(Apply(binary, [left, right]))
        known[size, twos] = Union(members) if len(members) > 1 else members[0] if members else None
        return known[size, twos]

    found = [arrangements(size, twos) for size in range(1, nodes + 1) for twos in range(size // 2 + 1)]
    return Union([Weighted(part, parameters) if parameters else part for part in found if part is not None])


def trees(sets: Sequence[OperatorSet], leaf: Class, depth: int) -> Class:
    """Leaves, and operators on them, at most `depth` operators on a path."""
    if depth < 0:
        raise DomainError(f"a depth cannot be {depth}")
    found = leaf
    for _ in range(depth):
        found = Union([leaf, *(Apply(operators, [found] * operators.arity) for operators in sets)])
    return found
