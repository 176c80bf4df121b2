"""The networkx view: a frozen MultiDiGraph with edges from operand to user, and the way back.

Every edge carries its `slot`, so that `x - x` keeps two edges and `x / y` its order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from symkit.errors import DomainError
from symkit.ir.program import Kind, Node, Program, ProgramBuilder
from symkit.ir.verify import verify
from symkit.ops import Operator

if TYPE_CHECKING:
    import networkx as nx


def to_dag(program: Program, **attributes: object) -> nx.MultiDiGraph[Any]:
    """Nodes are indices with attributes `kind`, `value`, `label`; the graph has `roots` and `attributes`. Frozen."""
    import networkx as nx

    graph: nx.MultiDiGraph[Any] = nx.MultiDiGraph(roots=program.roots, **attributes)
    for index, node in enumerate(program.nodes):
        graph.add_node(index, kind=node.kind, value=node.value, label=label(node))
        for slot, operand in enumerate(node.operands):
            graph.add_edge(operand, index, key=slot, slot=slot)
    return nx.freeze(graph)


def from_dag(graph: nx.MultiDiGraph[Any]) -> Program:
    """The Program of a graph made as `to_dag` does; any hashable may name a node.

    Nodes that no root stands on are left out. `kind` may be a Kind or its value, such as "apply".

    Raises DomainError where the graph has a cycle, a wrong slot, a wrong attribute or no roots.
    """
    import networkx as nx

    if not graph.is_directed() or not graph.is_multigraph():
        raise DomainError(f"the graph must be a MultiDiGraph, not a {type(graph).__name__}")
    try:
        order = list(nx.topological_sort(graph))
    except nx.NetworkXUnfeasible:
        raise DomainError("the graph has a cycle; an expression has none") from None
    builder = ProgramBuilder()
    placed: dict[Any, int] = {}
    for name in order:
        operands = tuple(placed[operand] for operand in _operands(graph, name))
        placed[name] = _place(builder, name, graph.nodes[name], operands)
    roots = tuple(graph.graph.get("roots", ()))
    missing = [root for root in roots if root not in placed]
    if missing or not roots:
        raise DomainError(f"graph attribute roots must name nodes; missing: {missing or 'all'}")
    program = builder.build([placed[root] for root in roots])
    verify(program)
    return program


def _operands(graph: nx.MultiDiGraph[Any], name: Any) -> list[Any]:
    """Where the edges into a node come from, by slot."""
    edges = {data.get("slot"): operand for operand, _, data in graph.in_edges(name, data=True)}
    count = graph.in_degree(name)
    if set(edges) != set(range(count)):
        slots = sorted(map(str, (data.get("slot") for _, _, data in graph.in_edges(name, data=True))))
        raise DomainError(f"edges into node {name!r} have the slots {', '.join(slots)}; they must count from 0")
    return [edges[slot] for slot in range(count)]


def _place(builder: ProgramBuilder, name: Any, data: Mapping[str, Any], operands: tuple[int, ...]) -> int:
    if "kind" not in data or "value" not in data:
        raise DomainError(f"node {name!r} needs the attributes kind and value")
    value = data["value"]
    try:
        kind = Kind(data["kind"])
    except ValueError:
        kinds = ", ".join(kind.value for kind in Kind)
        raise DomainError(f"node {name!r} has the kind {data['kind']!r}, not one of {kinds}") from None
    if kind is Kind.APPLY:
        if not isinstance(value, Operator):
            raise DomainError(f"node {name!r} applies {value!r}, which is not an operator record")
        return builder.apply(value, operands)
    if operands:
        raise DomainError(f"node {name!r} is a leaf and has operands")
    if kind is Kind.NUMBER:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise DomainError(f"node {name!r} is a literal with the value {value!r}, not a number")
        return builder.number(value)
    if not isinstance(value, str):
        raise DomainError(f"node {name!r} has the name {value!r}, not a str")
    return builder.leaf(Node(kind, value))


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
