"""What may stand at each node of a member, so that variation stays among the members."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from symkit.spaces.classes import Apply, Class, Weighted, with_weights
from symkit.spaces.forms import Form
from symkit.spaces.trees import Tree, walk, weight_names


class Slot(NamedTuple):
    """What may stand at a node of a tree.

    Attributes:
        members: the trees that fit, weights aside.
        weights: how many parameters the whole tree may have; 0 at a root, whose class counts them itself.
    """

    members: Class
    weights: int

    def fits(self, tree: Tree) -> bool:
        """Whether a tree may stand here."""
        return self.members.rank(tree) is not None

    def alternatives(self, tree: Tree) -> list[Form]:
        """The forms that could stand at the root of the tree that stands here, over the same operands."""
        found = _over(self.members, tree, self.weights)
        return [form for form in dict.fromkeys(found) if form is not tree.form]


def _over(members: Class, tree: Tree, weights: int) -> list[Form]:
    if isinstance(members, Apply):
        fits = len(tree.weights) <= weights and len(members.children) == len(tree.children)
        if fits and all(
            child.rank(own) is not None for child, own in zip(members.children, tree.children, strict=True)
        ):
            return list(members.operators.forms)
        return []
    weights = members.most if isinstance(members, Weighted) else weights
    return [form for part in members.parts for form in _over(part, tree, weights)]


def slots(members: Class, tree: Tree) -> list[Slot]:
    """The slot of each node of a member, in the order of `walk`.

    Where several parts of a union hold the tree, the operands are those of the first.
    """
    found: list[Slot] = []
    _collect(Slot(members, 0), tree, found)
    return found


def _collect(slot: Slot, tree: Tree, found: list[Slot]) -> None:
    found.append(slot)
    members, weights = slot
    while not isinstance(members, Apply):
        weights = members.most if isinstance(members, Weighted) else weights
        members = next(part for part in members.parts if part.rank(tree) is not None)
    for child, operand in zip(members.children, tree.children, strict=True):
        _collect(Slot(child, weights), operand, found)


def with_few_weights(tree: Tree, most: int, rng: Random) -> Tree:
    """The tree with at most so many of its weights, drawn by chance, and names for them in the order of the text."""
    places = [place for place, node in enumerate(walk(tree)) if node.weight is not None]
    if not places:
        return tree
    kept = sorted(rng.sample(places, most)) if len(places) > most else places
    return with_weights(tree, dict(zip(kept, weight_names(len(kept)), strict=True)))


def parameterised(tree: Tree, most: int, rng: Random) -> Tree:
    """The tree without its weights, and then with new ones on edges drawn at random (B section 4.1.1, figure 4.3).

    Their number is uniform over 0 to `most`, or all edges if that is more than there are. Every node and leaf has one
    edge, the way out of it.
    """
    edges = sum(1 for _ in walk(tree))
    count = min(rng.randint(0, most), edges)
    return with_weights(tree, dict(zip(sorted(rng.sample(range(edges), count)), weight_names(count), strict=True)))
