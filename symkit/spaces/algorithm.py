"""How a search draws its first functions and varies them."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from symkit.ir import Program
from symkit.spaces.classes import Class
from symkit.spaces.trees import Tree

if TYPE_CHECKING:
    import networkx as nx


class Algorithm:
    """Draws uniformly, changes one operator, exchanges subtrees that fit; what CAFE does (B sections 3.1.2, 3.1.3)."""

    def __init__(self, members: Class) -> None:
        self.members = members

    def read(self, program: Program) -> Tree | None:
        """The tree of a member, or None."""
        return self.members.read(program.nodes, program.root)

    def initial(self, rng: Random) -> Tree:
        """One of the first functions of a search."""
        return self.members.unrank(rng.randrange(self.members.count))

    def mutate(self, graph: nx.MultiDiGraph[Any], rng: Random) -> nx.MultiDiGraph[Any]:
        """The graph, changed; see `graph.to_graph`."""
        raise NotImplementedError

    def crossover(self, a: nx.MultiDiGraph[Any], b: nx.MultiDiGraph[Any], rng: Random) -> nx.MultiDiGraph[Any]:
        """A graph made of two."""
        raise NotImplementedError


class Grown(Algorithm):
    """EvoMAL's: ramped half-and-half, one-point crossover, uniform mutation (R section 3.2.2)."""

    def __init__(self, members: Class, max_depth: int) -> None:
        super().__init__(members)
        self.max_depth = max_depth
