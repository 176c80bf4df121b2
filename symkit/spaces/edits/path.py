"""Shortest edit path crossover: a child between two expressions, with all that they have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random

from symkit.errors import DomainError
from symkit.ir import Kind, Node, Program, ProgramBuilder
from symkit.spaces.edits.distance import graph_of
from symkit.spaces.edits.graph import Pairs, cost
from symkit.spaces.edits.matching import match
from symkit.spaces.edits.states import EditStates, State
from symkit.spaces.trees import weight_names
from symkit.text import Expression
from symkit.text.expression import needed_constants

MATCHINGS = 4
"""Optimal matchings that are tried until one has a child on its path."""

CANDIDATES = 8
"""Children among which the one nearest to the middle is taken."""

MAX_STEPS = 5_000
"""Decisions about nodes of children, for one matching."""


def edit_path_crossover(
    a: Expression | str,
    b: Expression | str,
    rng: Random | int,
    *,
    is_member: Callable[[Expression], bool],
    timeout: float = 10.0,
) -> Expression:
    """A child on a shortest path of edits from one parent to the other.

    What both parents have in common, in whatever order it is written, the child has as well: for exact distances
    `d(a, child) + d(child, b) == d(a, b)`. About half of the edits are made, chosen by chance: of some children the
    one that is nearest to the middle of the path. (Qiu and Miikkulainen, "Shortest Edit Path Crossover", ICML 2023.)

    The child has the signature of `a`, without its name. A parameter that stands in both parents keeps the name,
    initial value and granularity that it has in `a`. One that stands in `b` alone keeps those of `b`, but for a name
    that `a` has as well.

    Args:
        rng: the source of chance, or a seed for one. The same seed gives the same child in every process, unless time
            runs out.
        is_member: whether an expression may be a child; both parents must be.
        timeout: seconds for finding the least edits, as for `edit_distance`. When they are over, the child is on the
            shortest path found.

    Returns:
        The child, or `a` where no other member was found between the parents.

    Raises:
        DomainError: for parents that `edit_distance` does not take, that are no members, or whose kinds or inputs
            differ, and for a timeout that is not positive.
    """
    rng = rng if isinstance(rng, Random) else Random(rng)
    a, b = graph_of(a), graph_of(b)
    _check(a, b, is_member, timeout)
    for _ in range(MATCHINGS):
        pairs = match(a.program, b.program, timeout, rng).pairs
        children = list(_candidates(_Path(a, b, pairs), rng, is_member))
        if children:
            return min(children, key=lambda child: abs(child.edits - child.left)).expression
    return a


def _check(a: Expression, b: Expression, is_member: Callable[[Expression], bool], timeout: float) -> None:
    if (a.kind, a.inputs) != (b.kind, b.inputs):
        raise DomainError(
            f"parents must have the same kind and inputs, not {a.kind} of {', '.join(a.inputs)} and "
            f"{b.kind} of {', '.join(b.inputs)}"
        )
    for e in (a, b):
        if not is_member(e):
            raise DomainError(f"{e} is no member, so it cannot be a parent")
    if not timeout > 0:
        raise DomainError(f"timeout is a time in seconds above 0, not {timeout!r}")


@dataclass(frozen=True)
class _Child:
    """An expression on the path, after so many edits, with so many left."""

    expression: Expression
    edits: int
    left: int


def _candidates(path: _Path, rng: Random, is_member: Callable[[Expression], bool]) -> Iterator[_Child]:
    """Members between the parents, each from a draw of its own so that they differ from the root on."""
    steps = iter(range(MAX_STEPS))
    for _ in range(CANDIDATES):
        children = map(path.child, path.states.draw(rng, steps))
        child = next((c for c in children if c is not None and c.edits and c.left and is_member(c.expression)), None)
        if child is None:
            return
        yield child


class _Path:
    """The path that a matching gives, and the expressions on it."""

    def __init__(self, a: Expression, b: Expression, pairs: Pairs) -> None:
        self.states = EditStates(a.program, b.program, pairs)
        self._a, self._b, self._pairs = a, b, pairs
        self._length = cost(a.program, b.program, pairs)
        self._names = _names_of_inserted(a, b, pairs)
        inserted = {name: b.settings[old] for old, name in self._names.items()}
        self._settings = {**inserted, **a.settings}
        self._constants = {**b.constants, **a.constants}

    def child(self, state: State) -> _Child | None:
        """The expression of a graph; None where nodes of it are equal, which are one node in an expression."""
        builder = ProgramBuilder()
        placed: dict[int, int] = {}
        for place in _operands_first(state):
            node, operands = state.chosen[place]
            if node.kind is Kind.APPLY:
                placed[place] = builder.apply(node.operator, tuple(placed[o] for o in operands))
            else:
                placed[place] = builder.leaf(self._leaf(place, node))
        if len(builder.nodes) < len(placed):
            return None
        program = Program(builder.nodes, [placed[state.root]])
        kept = {i: placed[i] for i in placed if i < len(self._a.program)}
        edits = cost(self._a.program, program, kept)
        return _Child(self._expression(program), edits, self._length - edits)

    def _leaf(self, place: int, node: Node) -> Node:
        is_inserted = place >= len(self._a.program) and node.kind is Kind.PARAMETER
        return Node(node.kind, self._names[node.name]) if is_inserted else node

    def _expression(self, program: Program) -> Expression:
        a = self._a
        needed = needed_constants(program)
        constants = {name: value for name, value in self._constants.items() if name in needed}
        return Expression(program, a.kind, a.inputs, self._settings, constants, a.table)


def _names_of_inserted(a: Expression, b: Expression, pairs: Pairs) -> Mapping[str, str]:
    """New names of parameters that stand in `b` alone: their own, or another where `a` has it too."""
    matched = set(pairs.values())
    inserted = [n.name for j, n in enumerate(b.program) if n.kind is Kind.PARAMETER and j not in matched]
    taken = {*a.inputs, *a.parameters, *b.parameters}
    fresh = (name for name in weight_names(len(taken) + len(inserted)) if name not in taken)
    return {name: next(fresh) if name in a.parameters else name for name in inserted}


def _operands_first(state: State) -> list[int]:
    """Places, operands before users, in depth-first order of first use as in a Program."""
    order: list[int] = []
    done: set[int] = set()
    stack = [(state.root, False)]
    while stack:
        place, is_ready = stack.pop()
        if place in done:
            continue
        if is_ready:
            done.add(place)
            order.append(place)
        else:
            stack.append((place, True))
            stack.extend((operand, False) for operand in reversed(state.chosen[place].operands))
    return order
