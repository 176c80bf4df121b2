"""Trees as networkx graphs, in which variation changes them: edges from operand to user, with a slot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from symkit.spaces.forms import Form
from symkit.spaces.trees import Tree

if TYPE_CHECKING:
    import networkx as nx

    Graph: TypeAlias = nx.MultiDiGraph[Any]


def to_graph(tree: Tree) -> Graph:
    """A graph of a tree. Every occurrence is a node of its own, with attributes `form` and `weight`.

    The graph's attribute `root` is the node at the root; edges carry `slot`. Nodes are numbered in the order of `walk`.
    """
    import networkx as nx

    graph: Graph = nx.MultiDiGraph(root=0)
    _add(graph, tree)
    return graph


def _add(graph: Graph, tree: Tree) -> Any:
    node = graph.number_of_nodes()
    while node in graph:
        node += 1
    graph.add_node(node, form=tree.form, weight=tree.weight)
    for slot, child in enumerate(tree.children):
        graph.add_edge(_add(graph, child), node, slot=slot)
    return node


def from_graph(graph: Graph, root: Any = None) -> Tree:
    """The tree that ends in a node, the graph's root if None."""
    node = graph.graph["root"] if root is None else root
    data = graph.nodes[node]
    return Tree(data["form"], tuple(from_graph(graph, operand) for operand in operands(graph, node)), data["weight"])


def operands(graph: Graph, node: Any) -> list[Any]:
    """The operands of a node in the order of their slots."""
    found = {data["slot"]: operand for operand, _, data in graph.in_edges(node, data=True)}
    return [found[slot] for slot in sorted(found)]


def operators_of(graph: Graph) -> list[Any]:
    """The nodes that are no leaves, in the order of the graph."""
    return [node for node in graph if graph.in_degree(node)]


def with_forms(graph: Graph, forms: Mapping[Any, Form]) -> Graph:
    """The graph with other forms at these nodes."""
    found = graph.copy()
    for node, form in forms.items():
        found.nodes[node]["form"] = form
    return to_graph(from_graph(found))


def with_operator(graph: Graph, below: Any, form: Form, others: Sequence[Tree] = ()) -> Graph:
    """The graph with an operator on the edge out of a node: that node is its first operand, then come others."""
    found = graph.copy()
    node = _add(found, Tree(form))
    _join(found, below, node)
    found.add_edge(below, node, slot=0)
    for slot, other in enumerate(others, start=1):
        found.add_edge(_add(found, other), node, slot=slot)
    return to_graph(from_graph(found))


def with_subtree(graph: Graph, node: Any, tree: Tree) -> Graph:
    """The graph with a tree in the place of all that ends in a node."""
    found = graph.copy()
    _join(found, node, _add(found, tree))
    return to_graph(from_graph(found))


def without_operator(graph: Graph, node: Any, kept: Any) -> Graph:
    """The graph in which one of a node's operands stands in its place, and the others are gone."""
    return with_subtree(graph, node, from_graph(graph, kept))


def _join(graph: Graph, old: Any, new: Any) -> None:
    """Lets the user of one node, or the root, take another instead."""
    users = list(graph.out_edges(old, data="slot"))
    if not users:
        graph.graph["root"] = new
    for _, user, slot in users:
        graph.remove_edge(old, user)
        graph.add_edge(new, user, slot=slot)
