"""The graphs on a path of edits: every node and every edge is as in one parent or as in the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import product
from random import Random
from typing import NamedTuple

from symkit.ir import Node, Program
from symkit.spaces.edits.graph import Pairs, is_ordered, is_reordered, is_same


class Choice(NamedTuple):
    """What stands at a place: a node of a parent, over operands at these places by slot."""

    node: Node
    operands: tuple[int, ...]


class State(NamedTuple):
    """A graph: the place of its root, and what stands at the places that it has."""

    root: int
    chosen: Mapping[int, Choice]


class EditStates:
    """The graphs on the path from `a` to `b` that a matching of their nodes gives: some of the edits are made.

    A place is a node: those of `a` by index, with their partners, then those of `b` that are inserted. The edits of
    different places are made or not made independently of each other. So a graph lies on the path if it holds together:
    all matched places stand, every place that stands has all its operands and a user, and there is no cycle.

    Where operands are reordered by way of another operator, that operator is not among the choices.
    """

    def __init__(self, a: Program, b: Program, pairs: Pairs) -> None:
        self._a, self._b, self._pairs = a, b, pairs
        partner = {j: i for i, j in pairs.items()}
        self._places_b = [partner.get(j, len(a) + j) for j in range(len(b))]
        places = {*range(len(a)), *self._places_b}
        self._choices = {place: self._find_choices(place) for place in places}
        self._below = {place: {o for c in found for o in c.operands} for place, found in self._choices.items()}

    def draw(self, rng: Random, steps: Iterator[int]) -> Iterator[State]:
        """Every such graph once, both parents among them, in random order; until `steps`, one a decision, run out."""
        roots = sorted({self._a.root, self._places_b[self._b.root]})
        for root in rng.sample(roots, len(roots)):
            yield from self._grow(root, rng, steps)

    def _grow(self, root: int, rng: Random, steps: Iterator[int]) -> Iterator[State]:
        """Decides places from the root downwards, and takes decisions back that lead nowhere."""
        chosen: dict[int, Choice] = {}
        decisions = [(root, self._shuffled(root, rng))]
        while decisions:
            place, left = decisions[-1]
            chosen.pop(place, None)
            choice = next(left, None)
            if choice is None:
                decisions.pop()
                continue
            if next(steps, None) is None:
                return
            chosen[place] = choice
            if not self._may_hold(root, chosen) or _is_below(place, choice, chosen):
                continue
            undecided = next((o for c in chosen.values() for o in c.operands if o not in chosen), None)
            if undecided is None:
                yield State(root, dict(chosen))
            else:
                decisions.append((undecided, self._shuffled(undecided, rng)))

    def _shuffled(self, place: int, rng: Random) -> Iterator[Choice]:
        choices = self._choices[place]
        return iter(rng.sample(choices, len(choices)))

    def _may_hold(self, root: int, chosen: Mapping[int, Choice]) -> bool:
        """Whether all matched places may still get a user."""
        reached = {root}
        left = [root]
        while left:
            place = left.pop()
            for operand in chosen[place].operands if place in chosen else self._below[place]:
                if operand not in reached:
                    reached.add(operand)
                    left.append(operand)
        return self._pairs.keys() <= reached

    def _find_choices(self, place: int) -> list[Choice]:
        if place not in self._pairs:
            return [self._of_a(place) if place < len(self._a) else self._of_b(place - len(self._a))]
        one, other = self._of_a(place), self._of_b(self._pairs[place])
        is_reordering = is_reordered(self._a, self._b, self._pairs, place)
        in_slots = is_ordered(one.node) and is_ordered(other.node) and not is_reordering
        mixed = _in_slots if in_slots else _in_any_order
        if is_same(one.node, other.node) and not is_reordering:
            return list(mixed(one, other))
        return [*mixed(one, other), *mixed(other, one)]

    def _of_a(self, index: int) -> Choice:
        return Choice(self._a.nodes[index], self._a.nodes[index].operands)

    def _of_b(self, index: int) -> Choice:
        node = self._b.nodes[index]
        return Choice(node, tuple(self._places_b[operand] for operand in node.operands))


def _in_slots(own: Choice, other: Choice) -> Iterator[Choice]:
    """The node of one, with operands of either in their slots."""
    options = [(p, q) if p != q else (p,) for p, q in zip(own.operands, other.operands, strict=False)]
    options += [(operand,) for operand in own.operands[len(other.operands) :]]
    return (Choice(own.node, operands) for operands in product(*options))


def _in_any_order(own: Choice, other: Choice) -> Iterator[Choice]:
    """The node of one; each operand that it has alone may give way to one that the other has alone."""
    both = Counter(own.operands) & Counter(other.operands)
    alone = list((Counter(other.operands) - both).elements())
    options: list[tuple[int | None, ...]] = []
    for operand in own.operands:
        options.append((None,) if both[operand] else (None, *range(len(alone))))
        both[operand] -= 1
    seen: set[tuple[int, ...]] = set()
    for picks in product(*options):
        used = [pick for pick in picks if pick is not None]
        if len(set(used)) < len(used):
            continue
        operands = tuple(p if q is None else alone[q] for p, q in zip(own.operands, picks, strict=True))
        key = operands if is_ordered(own.node) else tuple(sorted(operands))
        if key not in seen:
            seen.add(key)
            yield Choice(own.node, operands)


def _is_below(place: int, choice: Choice, chosen: Mapping[int, Choice]) -> bool:
    """Whether a place stands on itself."""
    seen: set[int] = set()
    left = list(choice.operands)
    while left:
        found = left.pop()
        if found == place:
            return True
        if found not in seen:
            seen.add(found)
            left += chosen[found].operands if found in chosen else ()
    return False
