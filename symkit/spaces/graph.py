"""Trees as networkx graphs, in which variation changes them: edges from operand to user, with a slot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from symkit.spaces.trees import Tree

if TYPE_CHECKING:
    import networkx as nx


def to_graph(tree: Tree) -> nx.MultiDiGraph[Any]:
    """A graph of a tree. Every occurrence is a node of its own, with attributes `form` and `weight`.

    The graph's attribute `root` is the node at the root; edges carry `slot`. Nodes are numbered in the order of `walk`.
    """
    import networkx as nx

    graph: nx.MultiDiGraph[Any] = nx.MultiDiGraph(root=0)
    _add(graph, tree)
    return graph


def _add(graph: nx.MultiDiGraph[Any], tree: Tree) -> int:
    node = graph.number_of_nodes()
    graph.add_node(node, form=tree.form, weight=tree.weight)
    for slot, child in enumerate(tree.children):
        graph.add_edge(_add(graph, child), node, slot=slot)
    return node


def from_graph(graph: nx.MultiDiGraph[Any], root: Any = None) -> Tree:
    """The tree that ends in a node, the graph's root if None."""
    node = graph.graph["root"] if root is None else root
    operands = sorted((data["slot"], operand) for operand, _, data in graph.in_edges(node, data=True))
    data = graph.nodes[node]
    return Tree(data["form"], tuple(from_graph(graph, operand) for _, operand in operands), data["weight"])
