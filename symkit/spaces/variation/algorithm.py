"""How a search draws its first functions and varies them."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from symkit.errors import DomainError
from symkit.ir import Program
from symkit.spaces.classes import Class, Reading
from symkit.spaces.trees import Tree, walk
from symkit.spaces.variation.graph import from_graph, to_graph, with_forms, with_subtree
from symkit.spaces.variation.growing import Grower
from symkit.spaces.variation.slots import slots, with_few_weights

if TYPE_CHECKING:
    from symkit.spaces.variation.graph import Graph


class Algorithm:
    """Draws uniformly, changes one operator, exchanges subtrees that fit; what CAFE does (B sections 3.1.2, 3.1.3).

    Graphs are those of `graph.to_graph`. Children are graphs of their own, with nodes numbered in the order of `walk`.
    """

    def __init__(self, members: Class) -> None:
        self.members = members

    def read(self, program: Program) -> Tree | None:
        """The tree of a member, or None."""
        found = self.members.find(Reading(program.nodes), program.root)
        return None if found is None else found[1]

    def initial(self, rng: Random) -> Tree:
        """One of the first functions of a search."""
        return self.members.unrank(rng.randrange(self.members.count))

    def mutate(self, graph: Graph, rng: Random) -> Graph:
        """The graph with another form at one node, which keeps its operands and its parameter.

        The node is uniform over those that have an alternative among the members; the form is uniform over those.

        Raises:
            DomainError: for a function of which no node has an alternative.
        """
        tree = from_graph(graph)
        open_to = [
            (place, forms)
            for place, (slot, node) in enumerate(zip(slots(self.members, tree), walk(tree), strict=True))
            if (forms := slot.alternatives(node))
        ]
        if not open_to:
            raise DomainError(
                "no operator of the function can be replaced: each is the only one of its set; mutate needs larger sets"
            )
        place, forms = rng.choice(open_to)
        return with_forms(to_graph(tree), {place: rng.choice(forms)})

    def crossover(self, a: Graph, b: Graph, rng: Random) -> Graph:
        """The first graph, with a subtree of the second one in the place of one of its own.

        The place is uniform over those below the root to which something of `b` fits, where more than one tree could
        stand; the subtree is uniform over those of `b` that fit. In a CAFE tree these are the subtrees of equal depth.
        Where nothing fits below the root, it is the root. Parameters move with their nodes and are named anew, in the
        order of the text; of more than the space allows, as many as it allows are kept by chance.
        """
        first, second = from_graph(a), from_graph(b)
        known = slots(self.members, first)
        for place in rng.sample(range(1, len(known)), len(known) - 1):
            slot = known[place]
            fitting = [node for node in walk(second) if slot.fits(node)] if slot.members.count > 1 else []
            if fitting:
                child = with_subtree(to_graph(first), place, rng.choice(fitting))
                return to_graph(with_few_weights(from_graph(child), slot.weights, rng))
        return to_graph(rng.choice([node for node in walk(second) if known[0].fits(node)]))


class Grown(Algorithm):
    """EvoMAL's: ramped half-and-half, one-point crossover, uniform mutation (R section 3.2.2).

    One-point crossover is the exchange of subtrees that fit: a class of trees of limited depth asks for no more.
    """

    def __init__(self, members: Class, max_depth: int) -> None:
        super().__init__(members)
        self.max_depth = max_depth
        self.grower = Grower(members)

    def initial(self, rng: Random) -> Tree:
        """A tree by ramped half-and-half: of a depth drawn from 2 to `max_depth`, full or grown with equal chance.

        Depth is counted in operators, so both have at least one.
        """
        depth = rng.randint(min(2, self.max_depth), self.max_depth)
        return self.grower.ramped(depth, rng)

    def mutate(self, graph: Graph, rng: Random) -> Graph:
        """The graph with a newly grown subtree in the place of one at a node, leaf or root, drawn uniformly."""
        tree = from_graph(graph)
        depths = _depths(tree)
        place = rng.randrange(len(depths))
        return with_subtree(to_graph(tree), place, self.grower.grow(self.max_depth - depths[place], rng))


def _depths(tree: Tree) -> list[int]:
    """How many operators stand above each node, in the order of `walk`."""
    found: list[int] = []
    stack = [(tree, 0)]
    while stack:
        node, depth = stack.pop()
        found.append(depth)
        stack.extend((child, depth + 1) for child in reversed(node.children))
    return found
