"""Random trees as genetic programming starts from them (Koza, Genetic Programming, 1992, section 6.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from symkit.spaces.classes import Apply, Class
from symkit.spaces.forms import Form
from symkit.spaces.trees import Tree


class Grower:
    """Makes trees of the forms that a class uses.

    Attributes:
        functions: forms with operands, each once.
        terminals: leaves, each once.
    """

    def __init__(self, members: Class) -> None:
        forms = list(dict.fromkeys(_forms(members, set())))
        self.functions = [form for form in forms if form.arity]
        self.terminals = [form for form in forms if not form.arity]

    def full(self, depth: int, rng: Random) -> Tree:
        """A tree with `depth` operators on every path."""
        if not depth:
            return Tree(rng.choice(self.terminals))
        return self._on(rng.choice(self.functions), depth, rng, self.full)

    def grow(self, depth: int, rng: Random) -> Tree:
        """A tree with at most `depth` operators on a path: above that, functions and terminals are equally likely."""
        form = rng.choice(self.functions + self.terminals if depth else self.terminals)
        return self._on(form, depth, rng, self.grow)

    def ramped(self, depth: int, rng: Random) -> Tree:
        """Full or grown with equal chance, with an operator at the root."""
        return self._on(rng.choice(self.functions), depth, rng, rng.choice([self.full, self.grow]))

    def _on(self, form: Form, depth: int, rng: Random, make: Callable[[int, Random], Tree]) -> Tree:
        return Tree(form, tuple(make(depth - 1, rng) for _ in range(form.arity)))


def _forms(members: Class, seen: set[int]) -> Iterator[Form]:
    """The forms of a class and of its parts, in the order in which they are met."""
    if id(members) in seen:
        return
    seen.add(id(members))
    if isinstance(members, Apply):
        yield from members.operators.forms
    for part in members.parts:
        yield from _forms(part, seen)
