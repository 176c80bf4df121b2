"""Weights on edges: where they go, what they are called, and how numbers take their place."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest

import symkit
from symkit.errors import DomainError
from symkit.ops import Operator
from symkit.spaces import Recipe, generate
from symkit.text import Expression, define, parse, program_text
from symkit.transform import weighted, with_numbers

WEIGHTED = [
    ("square(y - p)", "square(w0*(w1*y - w2*p))"),
    ("tanh(y)/p", "w0*tanh(w1*y)/(w2*p)"),
    ("y - y", "w0*y - w1*y"),
    ("y*1 + a", "w0*(w1*y*(w2*1)) + w3*a"),
    ("-p", "-(w0*p)"),
    ("C*eps*p", "w0*(w1*C*(w2*eps))*(w3*p)"),
    ("p", "p"),
    # A node that stands twice has edges of its own once.
    ("abs(y - p) + abs(y - p)", "t1 = abs(w1*(w2*y - w3*p)); w0*t1 + w4*t1"),
    # Composites are one node.
    ("softplus(p)*mish(y)", "w0*softplus(w1*p)*(w2*mish(w3*y))"),
    # Conditions keep the formula that they have, also where a value shares it.
    ("where(abs(p) > 1, abs(p), y)", "where(abs(p) > 1, w0*abs(w1*p), w2*y)"),
    ("(y > p)*y", "w0*(y > p)*(w1*y)"),
    ("where(logical_not(y), p, 2)", "where(logical_not(y), w0*p, w1*2)"),
    # Literal exponents are part of the power; others are operands.
    ("(y - p)**2", "(w0*(w1*y - w2*p))**2"),
    ("p**-0.5", "(w0*p)**-0.5"),
    ("y**a + 2**p", "w0*(w1*y)**(w2*a) + w3*(w4*2)**(w5*p)"),
    ("y/2", "w0*y/(w1*2)"),
    # So are operands that the text does not show.
    ("leaky_relu(p)", "leaky_relu(w0*p)"),
    ("leaky_relu(p, 0.2)", "leaky_relu(w0*p, w1*0.2)"),
    ("leaky_relu(p, a)", "leaky_relu(w0*p, w1*a)"),
    # Names that are taken.
    ("w0*y + w2*p", "w1*(w3*w0*(w4*y)) + w5*(w6*w2*(w7*p))"),
]


@pytest.mark.parametrize(("text", "expected"), WEIGHTED, ids=[text for text, _ in WEIGHTED])
def test_each_edge_has_a_weight(text: str, expected: str) -> None:
    found = weighted(text)
    assert program_text(found.program, reserved=found.inputs) == expected
    assert parse(str(found)) == found


def test_an_operator_of_ones_own_is_one_node_and_keeps_its_exponents() -> None:
    table = define("to_the", "f(x, n) = exp(x)*x**n")
    assert str(weighted(parse("to_the(y, 2) - p", table=table))) == "w0*to_the(w1*y, 2) - w2*p"
    assert str(weighted(parse("to_the(y, p)", table=table))) == "to_the(w0*y, w1*p)"


def test_weights_are_numbered_as_the_text_shows_them() -> None:
    found = weighted("tanh(y*p) + tanh(y - p)*log(p)")
    names = [name for name in str(found).replace("(", " ").replace("*", " ").split() if name.startswith("w")]
    assert names == list(found.parameters) == [f"w{i}" for i in range(len(names))]


def spaced(seed: int) -> Expression:
    """A random loss of operators that weigh every edge: no literal exponents, no conditions, no defaults."""
    operators = ("add", "sub", "mul", "aq", "min", "max", "square", "abs", "tanh", "sign", "softplus", "log_abs_eps")
    return generate(seed, Recipe(operators=operators, inputs=("y", "p"), parameters=("a",), literals=(1.0, -1.0)))


@pytest.mark.parametrize("seed", range(40))
def test_there_are_as_many_weights_as_edges_and_at_one_they_change_nothing(seed: int) -> None:
    plain = spaced(seed)
    found = weighted(plain)
    new = set(found.parameters) - set(plain.parameters)
    assert len(new) == plain.dag.number_of_edges()
    y, p = np.random.default_rng(seed).normal(size=(2, 50))
    np.testing.assert_array_equal(
        symkit.evaluate(plain, y=y, p=p, stabilise=False), symkit.evaluate(found, y=y, p=p, stabilise=False)
    )
    assert with_numbers(found, dict.fromkeys(new, 1.0), new) == plain


@pytest.mark.parametrize("seed", range(40))
def test_values_are_those_of_the_graph_with_weights(seed: int) -> None:
    """Against algorithm 2 itself, on the networkx graph: an edge carries its operand times its weight."""
    plain = spaced(seed)
    found = weighted(plain)
    rng = random.Random(seed)
    values: dict[str, Any] = {name: rng.gauss(1, 0.5) for name in found.parameters}
    expected = on_the_graph(plain, {"y": 0.3, "p": -1.2, **values}, [v for n, v in values.items() if n != "a"])
    point = {name: value for name, value in {"y": 0.3, "p": -1.2}.items() if name in found.inputs}
    assert symkit.evaluate(found, **point, **values) == pytest.approx(expected, rel=1e-9)


def on_the_graph(plain: Expression, leaves: dict[str, float], weights: list[float]) -> float:
    """The value at the root, weights handed out from the root down, depth first, left to right."""
    graph, left = plain.dag, iter(weights)
    known: dict[int, float] = {}
    (root,) = graph.graph["roots"]

    def value(node: int) -> float:
        if node not in known:
            what = graph.nodes[node]["value"]
            edges = sorted(graph.in_edges(node, data="slot"), key=lambda edge: edge[2])
            if edges:
                operands = [next(left) * value(operand) for operand, _, _ in edges]
                known[node] = symkit.evaluate(applied(what, len(operands)), **named(operands))
            else:
                known[node] = leaves[what] if isinstance(what, str) else what
        return known[node]

    return value(root)


def applied(operator: Operator, arity: int) -> Expression:
    """An operator over inputs x0, x1, ..."""
    names = ", ".join(f"x{i}" for i in range(arity))
    return parse(f"f({names}) = {operator.name}({names})")


def named(operands: list[float]) -> dict[str, Any]:
    return {f"x{i}": operand for i, operand in enumerate(operands)}


def test_signature_and_settings_stay() -> None:
    found = weighted("mine(y, p; a: layer = 2, C = 3) = a*y - C*p")
    assert (found.name, found.kind, found.inputs) == ("mine", "loss", ("y", "p"))
    assert found.parameters["a"] == 2.0
    assert found.granularity["a"] == "layer"
    assert found.constants == {"C": 3.0}
    assert set(found.parameters.values()) == {1.0, 2.0}


def test_numbers_take_the_place_of_parameters() -> None:
    found = weighted("a*y - 1*p + 2*p")
    names = [name for name in found.parameters if name != "a"]
    values = dict.fromkeys(names, 1.0) | {names[-2]: 1.5, "a": 1.0}
    assert str(with_numbers(found, values, names)) == "1*y - 1*p + 1.5*2*p"
    assert str(with_numbers(found, {"a": 0.25})).count("0.25") == 1
    values = {"w0": 1.0, "w1": 1.0, "w2": 1.5, "w3": -3.0}
    assert str(with_numbers(weighted("y*-1 - 1"), values, values)) == "y*-1.5 - -3"
    with pytest.raises(DomainError, match="finite"):
        with_numbers(found, {"a": math.nan})
