"""The networkx view: a frozen MultiDiGraph with edges from operand to user, and the way back.

Every edge carries its `slot`, so that `x - x` keeps two edges and `x / y` its order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from symkit.errors import DomainError
from symkit.ir.program import Kind, Node, Program, ProgramBuilder
from symkit.ir.verify import verify

if TYPE_CHECKING:
    import networkx as nx


def to_dag(program: Program) -> nx.MultiDiGraph[Any]:
    """Nodes are indices with attributes `kind`, `value`, `label`; the graph has `roots`. Frozen."""
    import networkx as nx

    graph: nx.MultiDiGraph[Any] = nx.MultiDiGraph(roots=program.roots)
    for index, node in enumerate(program.nodes):
        graph.add_node(index, kind=node.kind, value=node.value, label=label(node))
        for slot, operand in enumerate(node.operands):
            graph.add_edge(operand, index, key=slot, slot=slot)
    return nx.freeze(graph)


def from_dag(graph: nx.MultiDiGraph[Any]) -> Program:
    """The Program of a graph made as `to_dag` does; any hashable may name a node.

    Raises DomainError where the graph has a cycle, a missing slot or a wrong attribute.
    """
    import networkx as nx

    builder = ProgramBuilder()
    placed: dict[Any, int] = {}
    try:
        order = list(nx.lexicographical_topological_sort(graph, key=str))
    except nx.NetworkXUnfeasible:
        raise DomainError("the graph has a cycle; an expression has none") from None
    for name in order:
        data = graph.nodes[name]
        if "kind" not in data or "value" not in data:
            raise DomainError(f"node {name!r} needs the attributes kind and value")
        edges = sorted((e["slot"], operand) for operand, _, e in graph.in_edges(name, data=True))
        if [slot for slot, _ in edges] != list(range(len(edges))):
            raise DomainError(f"node {name!r} has slots {[s for s, _ in edges]}; they must count from 0")
        operands = tuple(placed[operand] for _, operand in edges)
        kind, value = Kind(data["kind"]), data["value"]
        if kind is Kind.APPLY:
            placed[name] = builder.apply(value, operands)
        elif operands:
            raise DomainError(f"node {name!r} is a leaf and has operands")
        else:
            placed[name] = builder.number(value) if kind is Kind.NUMBER else builder.leaf(Node(kind, value))
    missing = [root for root in graph.graph.get("roots", ()) if root not in placed]
    if missing or not graph.graph.get("roots"):
        raise DomainError(f"graph attribute roots must name nodes; missing: {missing or 'all'}")
    program = builder.build([placed[root] for root in graph.graph["roots"]])
    verify(program)
    return program


def label(node: Node) -> str:
    """What a drawing writes on a node."""
    if node.kind is Kind.APPLY:
        infix = node.operator.infix
        return node.operator.name if infix is None else infix.symbol
    return f"{node.number:g}" if node.kind is Kind.NUMBER else node.name


def to_dot(program: Program, name: str = "symkit") -> str:
    """Graphviz source, operands above their users."""
    lines = [f"digraph {_quoted(name)} {{", "  node [fontname=Helvetica];"]
    for index, node in enumerate(program.nodes):
        shape = "box" if node.is_leaf else "ellipse"
        bold = ", penwidth=2" if index in program.roots else ""
        lines.append(f"  n{index} [label={_quoted(label(node))}, shape={shape}{bold}];")
    for index, node in enumerate(program.nodes):
        mark = len(node.operands) > 1 and not node.operator.commutative
        for slot, operand in enumerate(node.operands):
            lines.append(f"  n{operand} -> n{index}" + (f' [label="{slot}"];' if mark else ";"))
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
