"""The verifier: it takes every generated graph, and rejects each kind of broken one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symkit.errors import DomainError
from symkit.ir import Kind, Node, Program, verify
from symkit.ops import standard
from symkit.spaces import Recipe, generate

SIN, ADD = standard()["sin"], standard()["add"]
X = Node(Kind.INPUT, "x")
SHARED = Recipe(max_size=40, max_depth=10, sharing=0.4, constants=("pi", "eps"))


@settings(max_examples=200)
@given(seed=st.integers(0, 2**64))
def test_generated_graphs_pass(seed: int) -> None:
    verify(generate(seed, SHARED).program)


@pytest.mark.parametrize(
    ("nodes", "roots", "problem"),
    [
        ([X, Node(Kind.APPLY, "sin", (0,))], [1], "node 1: applies 'sin', which is not an operator"),
        ([X, Node(Kind.APPLY, SIN, ())], [1], "node 1: sin has 0 operands, not 1"),
        ([X, Node(Kind.APPLY, ADD, (0,))], [1], "node 1: add has 1 operands, not 2"),
        ([X, Node(Kind.INPUT, "y", (0,))], [1], "node 1: a leaf has operands"),
        ([Node(Kind.NUMBER, 2)], [0], "node 0: literal 2 is not a finite float"),
        ([Node(Kind.NUMBER, float("nan"))], [0], "node 0: literal nan is not a finite float"),
        ([Node(Kind.NUMBER, float("inf"))], [0], "node 0: literal inf is not a finite float"),
        ([Node(Kind.NUMBER, "2")], [0], "node 0: literal '2' is not a finite float"),
        ([Node(Kind.INPUT, "")], [0], "node 0: input name '' is not a name"),
        ([Node(Kind.PARAMETER, 2.0)], [0], "node 0: parameter name 2.0 is not a name"),
        (
            [X, Node(Kind.PARAMETER, "x"), Node(Kind.APPLY, ADD, (0, 1))],
            [2],
            "node 1: 'x' is both input and parameter",
        ),
        ([Node(Kind.APPLY, SIN, (1,)), X], [0], r"node 0: operands \(1,\) do not all come before it"),
        ([X, Node(Kind.APPLY, SIN, (1,))], [1], r"node 1: operands \(1,\) do not all come before it"),
        ([X, Node(Kind.APPLY, SIN, (-1,))], [1], r"node 1: operands \(-1,\) do not all come before it"),
        ([X, Node(Kind.APPLY, SIN, (7,))], [1], r"node 1: operands \(7,\) do not all come before it"),
        ([X, X, Node(Kind.APPLY, ADD, (0, 1))], [2], "node 1: repeats node 0"),
        (
            [X, Node(Kind.APPLY, SIN, (0,)), Node(Kind.APPLY, SIN, (0,)), Node(Kind.APPLY, ADD, (1, 2))],
            [3],
            "node 2: repeats node 1",
        ),
        ([X], [], r"roots \(\) do not name nodes of a program of 1"),
        ([X], [1], r"roots \(1,\) do not name nodes of a program of 1"),
        ([X], [-1], r"roots \(-1,\) do not name nodes of a program of 1"),
        ([], [0], r"roots \(0,\) do not name nodes of a program of 0"),
        ([X, Node(Kind.INPUT, "y")], [0], "node 1: is neither used nor a root"),
    ],
)
def test_broken_graphs_are_rejected(nodes: list[Node], roots: list[int], problem: str) -> None:
    with pytest.raises(DomainError, match=problem):
        verify(Program(nodes, roots))


def test_zeros_of_both_signs_are_two_literals() -> None:
    verify(Program([Node(Kind.NUMBER, 0.0), Node(Kind.NUMBER, -0.0), Node(Kind.APPLY, ADD, (0, 1))], [2]))
