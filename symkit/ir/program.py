"""Program: one flat, hash-consed array of nodes with several roots.

Nodes stand in topological order, operands before users, and equal nodes are one node, so a derivative that is
appended to the same builder shares every subterm it can.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import cast

from symkit.errors import DomainError, LimitError
from symkit.ops import Algebra, Operator, OperatorTable, Term, standard

MAX_NODES = 10_000
MAX_TREE = 1_000_000


class Kind(Enum):
    """What a node is."""

    INPUT = "input"
    PARAMETER = "parameter"
    CONSTANT = "constant"
    NUMBER = "number"
    APPLY = "apply"


LEAVES = frozenset({Kind.INPUT, Kind.PARAMETER, Kind.CONSTANT, Kind.NUMBER})
NAMED = frozenset({Kind.INPUT, Kind.PARAMETER, Kind.CONSTANT})


@dataclass(frozen=True, slots=True)
class Node:
    """One node: a leaf with its name or number, or an operator applied to earlier nodes."""

    kind: Kind
    value: str | float | Operator
    operands: tuple[int, ...] = ()

    @property
    def operator(self) -> Operator:
        """The operator of an applied node."""
        return cast(Operator, self.value)

    @property
    def name(self) -> str:
        """The name of an input, a parameter or a constant."""
        return cast(str, self.value)

    @property
    def number(self) -> float:
        """The value of a literal."""
        return cast(float, self.value)

    @property
    def is_leaf(self) -> bool:
        return self.kind is not Kind.APPLY


class Program:
    """An immutable graph of scalar arithmetic with one or more roots."""

    __slots__ = ("__dict__", "nodes", "roots")

    def __init__(self, nodes: Sequence[Node], roots: Sequence[int]) -> None:
        self.nodes = tuple(nodes)
        self.roots = tuple(roots)

    @property
    def root(self) -> int:
        """The only root."""
        (index,) = self.roots
        return index

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def leaves(self, kind: Kind) -> tuple[str, ...]:
        """Names of the leaves of a kind, in order of first use."""
        return tuple(node.name for node in self.nodes if node.kind is kind)

    @property
    def inputs(self) -> tuple[str, ...]:
        return self.leaves(Kind.INPUT)

    @property
    def parameters(self) -> tuple[str, ...]:
        return self.leaves(Kind.PARAMETER)

    @property
    def constants(self) -> tuple[str, ...]:
        return self.leaves(Kind.CONSTANT)

    @cached_property
    def size(self) -> int:
        """Operators after sharing."""
        return sum(1 for node in self.nodes if not node.is_leaf)

    @cached_property
    def depth(self) -> int:
        """Operators on the longest path from a leaf to a root."""
        depths: list[int] = []
        for node in self.nodes:
            depths.append(0 if node.is_leaf else 1 + max((depths[i] for i in node.operands), default=0))
        return max((depths[root] for root in self.roots), default=0)

    @cached_property
    def tree_size(self) -> int:
        """Nodes of the roots written out as trees, without sharing."""
        sizes: list[int] = []
        for node in self.nodes:
            sizes.append(1 + sum(sizes[i] for i in node.operands))
        return sum(sizes[root] for root in self.roots)

    @cached_property
    def uses(self) -> tuple[int, ...]:
        """For each node, how often it is an operand or a root."""
        counts = [0] * len(self.nodes)
        for node in self.nodes:
            for operand in node.operands:
                counts[operand] += 1
        for root in self.roots:
            counts[root] += 1
        return tuple(counts)

    def operator_counts(self) -> dict[str, int]:
        """How often each operator is applied, by name."""
        counts: dict[str, int] = {}
        for node in self.nodes:
            if not node.is_leaf:
                name = node.operator.name
                counts[name] = counts.get(name, 0) + 1
        return counts

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Program) and self._key == other._key

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash(self._key)

    @cached_property
    def _key(self) -> tuple[object, ...]:
        return tuple((n.kind, identity(n.kind, n.value), n.operands) for n in self.nodes), self.roots

    def __reduce__(self) -> tuple[object, ...]:
        return Program, (self.nodes, self.roots)

    def __repr__(self) -> str:
        return f"<Program of {len(self.nodes)} nodes, {len(self.roots)} roots>"


def identity(kind: Kind, value: str | float | Operator) -> object:
    """What makes two values of nodes the same: literals by their bits, so 0.0 is not -0.0."""
    return cast(float, value).hex() if kind is Kind.NUMBER else value


class ProgramBuilder:
    """Collects nodes; equal nodes get one index. Folds nothing."""

    def __init__(self, table: OperatorTable | None = None, *, limit: int | None = None) -> None:
        self.table = table if table is not None else standard()
        self.nodes: list[Node] = []
        self._index: dict[object, int] = {}
        self._limit = limit

    def _intern(self, kind: Kind, value: str | float | Operator, operands: tuple[int, ...] = ()) -> int:
        key = (kind, identity(kind, value), operands)
        found = self._index.get(key)
        if found is None:
            found = self._index[key] = len(self.nodes)
            self.nodes.append(Node(kind, value, operands))
            if self._limit is not None and found >= self._limit:
                raise LimitError(f"the expression has more than {self._limit} different nodes")
        return found

    def input(self, name: str) -> int:
        return self._intern(Kind.INPUT, name)

    def parameter(self, name: str) -> int:
        return self._intern(Kind.PARAMETER, name)

    def constant(self, name: str) -> int:
        return self._intern(Kind.CONSTANT, name)

    def number(self, value: float) -> int:
        if not math.isfinite(value):
            raise DomainError(f"a literal must be finite, not {value!r}; write 1/0 for an infinity")
        return self._intern(Kind.NUMBER, float(value))

    def apply(self, operator: Operator, operands: tuple[int, ...]) -> int:
        if len(operands) != operator.arity:
            plural = "" if operator.arity == 1 else "s"
            raise DomainError(f"{operator.name} takes {operator.arity} operand{plural}, not {len(operands)}")
        return self._intern(Kind.APPLY, operator, operands)

    def named(self, operator: str, operands: tuple[int, ...]) -> int:
        return self.apply(self.table[operator], operands)

    def leaf(self, node: Node) -> int:
        return self._intern(node.kind, node.value)

    def literal(self, index: int) -> float | None:
        node = self.nodes[index]
        return node.number if node.kind is Kind.NUMBER else None

    @property
    def algebra(self) -> Algebra:
        return Algebra(self)

    def term(self, index: int) -> Term:
        return Term(self, index)

    def terms(self, indices: Iterable[int]) -> tuple[Term, ...]:
        return tuple(Term(self, i) for i in indices)

    def expand(self, operator: Operator, operands: Sequence[int]) -> Term:
        """The expansion of a composite over these operands."""
        if operator.expansion is None:
            raise DomainError(f"{operator.name} is primitive: it has no expansion")
        return self.lifted(operator.expansion(self.algebra, *self.terms(operands)))

    def lifted(self, value: Term | float) -> Term:
        return value if isinstance(value, Term) else Term(self, self.number(float(value)))

    def include(self, program: Program) -> list[int]:
        """Append every node of a program; returns where each one is now."""
        placed: list[int] = []
        for node in program.nodes:
            operands = tuple(placed[i] for i in node.operands)
            placed.append(self._intern(node.kind, node.value, operands))
        return placed

    def build(self, roots: Sequence[int]) -> Program:
        """A Program of the nodes that the roots reach, renumbered in depth-first order of first use."""
        order: list[int] = []
        placed: dict[int, int] = {}
        for root in roots:
            stack = [(root, False)]
            while stack:
                index, ready = stack.pop()
                if index in placed:
                    continue
                if ready:
                    placed[index] = len(order)
                    order.append(index)
                else:
                    stack.append((index, True))
                    stack.extend((i, False) for i in reversed(self.nodes[index].operands) if i not in placed)
        nodes = [Node(n.kind, n.value, tuple(placed[i] for i in n.operands)) for n in (self.nodes[i] for i in order)]
        return Program(nodes, [placed[root] for root in roots])
