"""The networkx view and the way back."""

from __future__ import annotations

from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symkit.errors import DomainError
from symkit.ir import Kind, ProgramBuilder, from_dag, to_dag, to_dot, verify
from symkit.ops import standard
from symkit.spaces import Recipe, generate
from symkit.text import Expression, define, parse

SHARED = Recipe(max_size=40, max_depth=10, sharing=0.4, constants=("pi", "eps"))


def test_operators_and_leaves_are_nodes_and_operands_edges() -> None:
    graph = parse("x/y + 2").dag
    assert isinstance(graph, nx.MultiDiGraph)
    labels = nx.get_node_attributes(graph, "label")
    assert sorted(labels.values()) == ["+", "/", "2", "x", "y"]
    edges = sorted((labels[a], labels[b], slot) for a, b, slot in graph.edges(data="slot"))
    assert edges == [("/", "+", 0), ("2", "+", 1), ("x", "/", 0), ("y", "/", 1)]
    assert [labels[root] for root in graph.graph["roots"]] == ["+"]
    assert nx.is_directed_acyclic_graph(graph)


def test_both_operands_of_x_minus_x_are_there() -> None:
    graph = parse("x - x").dag
    assert graph.number_of_edges() == 2
    assert sorted(slot for _, _, slot in graph.edges(data="slot")) == [0, 1]


def test_slots_tell_a_quotient_from_its_inverse() -> None:
    def same(a: dict[str, Any], b: dict[str, Any]) -> bool:
        return a["label"] == b["label"]

    def same_slots(a: dict[int, Any], b: dict[int, Any]) -> bool:
        return {edge["slot"] for edge in a.values()} == {edge["slot"] for edge in b.values()}

    left, right = parse("x/y").dag, parse("y/x").dag
    assert nx.is_isomorphic(left, right, node_match=same)
    assert not nx.is_isomorphic(left, right, node_match=same, edge_match=same_slots)


def test_the_view_is_frozen() -> None:
    graph = parse("x/y").dag
    with pytest.raises(nx.NetworkXError, match="[Ff]rozen"):
        graph.add_node("z")
    with pytest.raises(nx.NetworkXError, match="[Ff]rozen"):
        graph.remove_edge(0, 2)


@settings(max_examples=200)
@given(seed=st.integers(0, 2**64))
def test_there_and_back(seed: int) -> None:
    expression = generate(seed, SHARED)
    assert Expression.from_dag(expression.dag) == expression
    assert from_dag(to_dag(expression.program)) == expression.program


@settings(max_examples=50)
@given(seed=st.integers(0, 2**64), shift=st.integers(1, 1000))
def test_names_and_order_of_nodes_do_not_matter(seed: int, shift: int) -> None:
    expression = generate(seed, SHARED)
    graph = expression.dag
    names = {node: f"n{(node * 7919 + shift) % 10007}" for node in reversed(list(graph))}
    shuffled: nx.MultiDiGraph[str] = nx.MultiDiGraph(roots=[names[root] for root in graph.graph["roots"]])
    for node in sorted(graph, key=names.__getitem__):
        shuffled.add_node(names[node], **graph.nodes[node])
    for a, b, data in graph.edges(data=True):
        shuffled.add_edge(names[a], names[b], **data)
    assert from_dag(shuffled) == expression.program


@pytest.mark.parametrize(
    "text", ["x", "2", "f(x; beta: channel = 2) = x*sigmoid(beta*x)", "swishy(y, p; C = 3) = y*C", "s = sin(x); s - s"]
)
def test_the_signature_comes_back(text: str) -> None:
    expression = parse(text)
    again = Expression.from_dag(expression.dag)
    assert again == expression
    assert (again.name, again.table) == (expression.name, expression.table)


def test_defined_operators_come_back() -> None:
    expression = parse("gate(x)*x", table=define("gate", "sigmoid(2*x)"))
    again = Expression.from_dag(expression.dag)
    assert again == expression
    assert str(again) == "gate(x)*x"


def thawed(text: str) -> nx.MultiDiGraph[Any]:
    return nx.MultiDiGraph(parse(text).dag)


def find(graph: nx.MultiDiGraph[Any], label: str) -> Any:
    (node,) = (node for node, found in graph.nodes(data="label") if found == label)
    return node


def test_a_changed_graph_is_another_expression() -> None:
    graph = thawed("f(x; beta: channel = 2) = x*sin(beta*x)")
    graph.nodes[find(graph, "sin")]["value"] = standard()["cos"]
    assert str(Expression.from_dag(graph)) == "f(x; beta: channel = 2) = x*cos(beta*x)"


def test_a_subexpression_is_a_change_of_root() -> None:
    graph = thawed("exp(sin(x)/x)")
    graph.graph["roots"] = [find(graph, "/")]
    assert Expression.from_dag(graph) == parse("sin(x)/x")


def test_equal_nodes_become_one() -> None:
    graph = thawed("sin(x)*x")
    graph.add_node("again", kind=Kind.INPUT, value="x")
    graph.remove_edge(find(graph, "x"), find(graph, "sin"))
    graph.add_edge("again", find(graph, "sin"), slot=0)
    assert Expression.from_dag(graph) == parse("sin(x)*x")


def test_a_graph_made_by_hand() -> None:
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(roots=["difference"])
    graph.add_node("prediction", kind="input", value="p")
    graph.add_node("target", kind="input", value="y")
    graph.add_node("two", kind="number", value=2)
    graph.add_node("difference", kind="apply", value=standard()["sub"])
    graph.add_node("double", kind="apply", value=standard()["mul"])
    graph.add_edge("two", "double", slot=0)
    graph.add_edge("prediction", "double", slot=1)
    graph.add_edge("target", "difference", slot=0)
    graph.add_edge("double", "difference", slot=1)
    expression = Expression.from_dag(graph)
    assert expression == parse("y - 2*p")


def changed(problem: str) -> nx.MultiDiGraph[Any]:
    graph = thawed("x/y")
    quotient, x, y = find(graph, "/"), find(graph, "x"), find(graph, "y")
    match problem:
        case "cycle":
            graph.add_edge(quotient, x, slot=0)
        case "loop":
            graph.add_edge(x, x, slot=0)
        case "missing operand":
            graph.remove_edge(y, quotient)
        case "missing slot":
            graph.remove_edge(x, quotient)
        case "double slot":
            graph.add_edge(x, quotient, slot=1)
        case "no slot":
            del graph.edges[x, quotient, 0]["slot"]
        case "extra operand":
            graph.add_edge(x, quotient, slot=2)
        case "leaf with an operand":
            graph.add_edge(y, x, slot=0)
        case "no kind":
            del graph.nodes[x]["kind"]
        case "no value":
            del graph.nodes[x]["value"]
        case "unknown kind":
            graph.nodes[x]["kind"] = "leaf"
        case "operator by name":
            graph.nodes[quotient]["value"] = "div"
        case "number by name":
            graph.nodes[x].update(kind="number", value="2")
        case "infinite number":
            graph.nodes[x].update(kind="number", value=float("inf"))
        case "true":
            graph.nodes[x].update(kind="number", value=True)
        case "name that is none":
            graph.nodes[x]["value"] = 7
        case "two kinds of one name":
            graph.nodes[x].update(kind="parameter", value="y")
        case "no roots":
            graph.graph["roots"] = []
        case "foreign root":
            graph.graph["roots"] = ["elsewhere"]
        case _:
            raise ValueError(problem)
    return graph


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        ("cycle", "the graph has a cycle; an expression has none"),
        ("loop", "the graph has a cycle"),
        ("missing operand", "div takes 2 operands, not 1"),
        ("missing slot", "have the slots 1; they must count from 0"),
        ("double slot", "have the slots 0, 1, 1; they must count from 0"),
        ("no slot", "have the slots 1, None; they must count from 0"),
        ("extra operand", "div takes 2 operands, not 3"),
        ("leaf with an operand", "is a leaf and has operands"),
        ("no kind", "needs the attributes kind and value"),
        ("no value", "needs the attributes kind and value"),
        ("unknown kind", "has the kind 'leaf', not one of input, parameter, constant, number, apply"),
        ("operator by name", "applies 'div', which is not an operator record"),
        ("number by name", "is a literal with the value '2', not a number"),
        ("infinite number", "a literal must be finite"),
        ("true", "is a literal with the value True, not a number"),
        ("name that is none", "has the name 7, not a str"),
        ("two kinds of one name", "'y' is both"),
        ("no roots", "attribute roots must name nodes; missing: all"),
        ("foreign root", r"attribute roots must name nodes; missing: \['elsewhere'\]"),
    ],
)
def test_graphs_that_are_no_expression(problem: str, words: str) -> None:
    with pytest.raises(DomainError, match=words):
        Expression.from_dag(changed(problem))


def test_a_graph_of_another_class() -> None:
    with pytest.raises(DomainError, match="must be a MultiDiGraph, not a DiGraph"):
        from_dag(nx.DiGraph(parse("x").dag))
    with pytest.raises(DomainError, match="must be a MultiDiGraph, not a MultiGraph"):
        from_dag(nx.MultiGraph(parse("x").dag))


def test_an_input_that_the_signature_lacks() -> None:
    graph = thawed("sin(x)")
    graph.nodes[find(graph, "x")]["value"] = "y"
    with pytest.raises(DomainError, match="the graph has the input y, the signature only x"):
        Expression.from_dag(graph)


def test_several_roots() -> None:
    builder = ProgramBuilder()
    x = builder.term(builder.input("x"))
    program = builder.build([(x + 1).index, x.index, (x + 1).index])
    again = from_dag(to_dag(program))
    assert again == program
    verify(again)


def test_dot() -> None:
    assert to_dot(parse("x/y + 2").program) == (
        'digraph "symkit" {\n'
        "  node [fontname=Helvetica];\n"
        '  n0 [label="x", shape=box];\n'
        '  n1 [label="y", shape=box];\n'
        '  n2 [label="/", shape=ellipse];\n'
        '  n3 [label="2", shape=box];\n'
        '  n4 [label="+", shape=ellipse, penwidth=2];\n'
        '  n0 -> n2 [label="0"];\n'
        '  n1 -> n2 [label="1"];\n'
        "  n2 -> n4;\n"
        "  n3 -> n4;\n"
        "}\n"
    )
    assert parse("swishy(x) = x").dot().startswith('digraph "swishy" {')
