"""PANGAEA's first functions and mutations (B section 4.1.1)."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import TYPE_CHECKING, Literal, NoReturn, TypeAlias

from symkit.errors import DomainError
from symkit.ir import Program
from symkit.spaces.forms import Form, OperatorSet, leaf
from symkit.spaces.schema_text import Schema
from symkit.spaces.trees import Tree
from symkit.spaces.variation.algorithm import Algorithm
from symkit.spaces.variation.arrangements import Arrangements
from symkit.spaces.variation.graph import (
    from_graph,
    operands,
    operators_of,
    to_graph,
    with_forms,
    with_operator,
    without_operator,
)
from symkit.spaces.variation.slots import parameterised

if TYPE_CHECKING:
    from symkit.spaces.variation.graph import Graph

Mutation: TypeAlias = Literal["insert", "remove", "change", "regenerate"]
MUTATIONS: tuple[Mutation, ...] = ("insert", "remove", "change", "regenerate")

NEUTRAL: Mapping[str, float] = {"add": 0.0, "sub": 0.0, "mul": 1.0, "divide_no_nan": 1.0, "pow": 1.0}
"""Second operands with which a binary operator gives its first one (B section 4.1.1). The others, max and min, do so
with a copy of it."""


class Pangaea(Algorithm):
    """Inserts, removes, changes, regenerates; then puts parameters on up to three random edges.

    Graphs are those of `graph.to_graph`, children graphs of their own. Sizes are those of trees, where every occurrence
    counts.
    """

    def __init__(self, schema: Schema, max_nodes: int, max_parameters: int) -> None:
        super().__init__(schema.members)
        self.max_nodes = max_nodes
        self.max_parameters = max_parameters
        self._unary, self._binary = schema.sets["unary"].forms, schema.sets["binary"].forms
        self._operators = (*self._unary, *self._binary)
        self._x = Tree(leaf(schema.inputs[0]))
        self._constants = {value: Tree(leaf(value)) for value in sorted(set(NEUTRAL.values()))}
        leaves = OperatorSet("leaves", (self._x.form, *(tree.form for tree in self._constants.values())))
        # The largest comes of `max_nodes` operators: an insert with a copy of all of them.
        self._reader = Arrangements([leaves, *schema.sets.values()], 2 * max_nodes + 1, max_parameters)

    def read(self, program: Program) -> Tree | None:
        """The tree of a function that mutations may lead to, or None.

        These are all trees of the operators on x, 0 and 1, of 1 to `2*max_nodes + 1` operators, with up to
        `max_parameters` parameters, each on an edge of its own.
        """
        return self._reader.read(program)

    def initial(self, rng: Random) -> Tree:
        """unary1(unary2(x)) or binary(unary1(x), unary2(x)), equally likely, of uniform operators; parameterised."""
        first, second = rng.choice(self._unary), rng.choice(self._unary)
        below = Tree(second, (self._x,))
        if rng.choice((1, 2)) == 1:
            tree = Tree(first, (below,))
        else:
            tree = Tree(rng.choice(self._binary), (Tree(first, (self._x,)), below))
        return parameterised(tree, self.max_parameters, rng)

    def mutate(self, graph: Graph, rng: Random) -> Graph:
        """One of the four mutations, and new parameters for the old ones."""
        changes = {"insert": self.insert, "remove": self.remove, "change": self.change, "regenerate": self.regenerate}
        child = changes[self.mutation(graph, rng)](graph, rng)
        return to_graph(parameterised(from_graph(child), self.max_parameters, rng))

    def mutation(self, graph: Graph, rng: Random) -> Mutation:
        """Which mutation befalls a graph: each equally likely, with two exceptions.

        More than `max_nodes` operators are always made fewer, and of a single one nothing is removed: it is changed.
        """
        size = len(operators_of(graph))
        if size > self.max_nodes:
            return "remove"
        found = rng.choice(MUTATIONS)
        return "change" if found == "remove" and size == 1 else found

    def insert(self, graph: Graph, rng: Random) -> Graph:
        """The graph with an operator on one of its edges; both are uniform.

        Every node and leaf has one edge, the way out of it, the root too. A binary operator takes what came along the
        edge as its first operand, and a second one with which it gives the first.
        """
        form, below = rng.choice(self._operators), rng.choice(list(graph))
        others = [self._neutral(form, from_graph(graph, below)) for _ in range(form.arity - 1)]
        return with_operator(graph, below, form, others)

    def _neutral(self, form: Form, first: Tree) -> Tree:
        value = NEUTRAL.get(form.text)
        return first if value is None else self._constants[value]

    def remove(self, graph: Graph, rng: Random) -> Graph:
        """The graph without one of its operators, drawn uniformly, in whose place stands an operand, drawn uniformly.

        In the place of the root stands an operand that has an operator.

        Raises:
            DomainError: for a graph of one operator.
        """
        nodes = operators_of(graph)
        if len(nodes) < 2:
            raise DomainError("the only operator of a function cannot be removed; change it instead")
        node = rng.choice(nodes)
        kept = operands(graph, node)
        if node == graph.graph["root"]:
            kept = [operand for operand in kept if graph.in_degree(operand)]
        return without_operator(graph, node, rng.choice(kept))

    def change(self, graph: Graph, rng: Random) -> Graph:
        """The graph with another operator of as many operands at one node; both uniform."""
        node = rng.choice(operators_of(graph))
        return with_forms(graph, {node: self._another(graph.nodes[node]["form"], rng)})

    def regenerate(self, graph: Graph, rng: Random) -> Graph:
        """The graph with another operator of as many operands at every node; leaves stay."""
        return with_forms(graph, {node: self._another(graph.nodes[node]["form"], rng) for node in operators_of(graph)})

    def _another(self, old: Form, rng: Random) -> Form:
        return rng.choice([form for form in self._operators if form.arity == old.arity and form is not old])

    def crossover(self, a: Graph, b: Graph, rng: Random) -> NoReturn:
        """Raises DomainError: PANGAEA has none."""
        raise DomainError(
            "PANGAEA varies functions by mutation alone (B section 4.1.1); `between` combines any two members"
        )
