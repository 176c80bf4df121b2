"""Schemas: what they mean, and what is wrong with those that mean nothing."""

from __future__ import annotations

import pytest

from symkit import spaces
from symkit.errors import DomainError, LimitError, ParseError
from symkit.spaces.forms import form, leaf, operators

COUNTS = [
    ("unary(x)", 27),
    ("binary(unary(x), unary(unary(x)))", 7 * 27**3),
    ("n-ary(unary(x), x, unary(x))", 4 * 27**2),
    ("nary(x, x, x)", 4),
    ("unary(x) | binary(x, x) | unary(unary(x))", 27 + 7 + 27**2),
    ("binary((unary(x) | x), x)", 7 * 28),
    ("units(binary(unary(x), unary(x)), depth=2)", (7 * 27**2) ** 3),
    ("units(unary(x) | x, depth=2)", 27 * 28 + 28),
    ("trees(x, depth=0)", 1),
    ("trees(x, depth=1)", 1 + 27 + 7 + 4),
    ("graphs(x, nodes=3)", 27 + 27**2 + 27**3 + 7 * 27**2),
    ("graphs(nodes=2, parameters=1)", 27 * 3 + 27**2 * 4),
    ("weighted(unary(x) | binary(unary(x), x), parameters=2)", 27 * (1 + 2 + 1) + 7 * 27 * (1 + 4 + 6)),
    ("binary(y, (p | 1 | -1))", 21),
    ("unary(0.5) | unary(x)", 54),
    ('mine = "relu", "min(x, 1)"; mine(mine(x))', 4),
    ("mine='f(a, b) = a/(1 + b**2)';\n mine(x, unary(x))", 27),
]


@pytest.mark.parametrize(("text", "count"), COUNTS)
def test_counts(text: str, count: int) -> None:
    space = spaces.schema(text, "aquasurf")
    assert space.count() == count
    assert space.rank(space[count - 1]) <= count - 1


BAD = [
    ("binary(unary(x)", ParseError, 16, "')'"),
    ("binry(unary(x), unary(x))", ParseError, 1, "did you mean binary?"),
    ("binary(unary(x))", ParseError, 1, "takes 2 operands, not 1"),
    ("unary", ParseError, 1, "needs operands"),
    ("unary(q)", ParseError, 7, "q is no input"),
    ("unary(x) unary(x)", ParseError, 10, "does not fit"),
    ("", ParseError, 1, "ends too early"),
    ("unary(x) | $", ParseError, 12, "not part of a schema"),
    ("unary(x, depth=2)", ParseError, 10, "no settings"),
    ("units(depth=2)", ParseError, 1, "needs the schema of a unit"),
    ("units(unary(x))", ParseError, 1, "needs the setting depth"),
    ("units(unary(x), depth=99)", LimitError, 23, "at most 8"),
    ("units(unary(x), size=1)", ParseError, 17, "depth"),
    ("graphs(x, nodes=0)", DomainError, 0, "at least one node"),
    ("graphs(x, x, nodes=2)", ParseError, 1, "one schema, not 2"),
    ("graphs(x, nodes=2.5)", LimitError, 17, "whole number"),
    (
        "weighted(trees(x, depth=1), parameters=1) | weighted(binary(trees(x, depth=1), x), parameters=1)",
        ParseError,
        45,
        "",
    ),
    ("units(weighted(unary(x), parameters=1), depth=2)", ParseError, 16, "cannot stand on functions with parameters"),
    ("binary(x, weighted(unary(x), parameters=1) | x)", ParseError, 1, "put them on the whole"),
    ("trees(graphs(x, nodes=2, parameters=1), depth=2)", ParseError, 1, "put them on the whole"),
    ("weighted(weighted(x, parameters=1), parameters=1)", ParseError, 1, "put them on the whole"),
    ("unary(1)", DomainError, 0, "stand on x"),
    ("unary(x) | unary(y)", DomainError, 0, "x, y"),
    ('mine = "relu", "add"; mine(x)', ParseError, 1, "equally many operands: relu, add"),
    ('mine = "reluu"; mine(x)', ParseError, 1, "mine"),
    ('mine = "alpha*x"; mine(x)', ParseError, 1, "parameter alpha"),
    ('mine = "x"; mine(x)', ParseError, 1, "identity"),
    ('x = "relu"; x(x)', ParseError, 1, "has a meaning already"),
    ('units = "relu"; units(x)', ParseError, 1, "has a meaning already"),
]


@pytest.mark.parametrize(("text", "error", "column", "said"), BAD)
def test_what_is_wrong_is_said_with_its_place(text: str, error: type[Exception], column: int, said: str) -> None:
    with pytest.raises(error) as caught:
        spaces.schema(text, "aquasurf")
    assert said in str(caught.value)
    if isinstance(caught.value, ParseError):
        assert (caught.value.line, caught.value.column) == (1, column)
        assert caught.value.text == text


def test_limits() -> None:
    with pytest.raises(LimitError, match="16384"):
        spaces.schema("unary(" * 4000)
    with pytest.raises(LimitError, match="nested more than 60"):
        spaces.schema("unary(" * 61 + "x" + ")" * 61)
    assert spaces.schema("unary(" * 59 + "x" + ")" * 59).count() == 27**59


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("units(units(units(binary(x, x), depth=8), depth=8), depth=8)", 19, r"more than 10\*\*4000 functions"),
        ("trees(trees(x, depth=8), depth=8)", 7, r"more than 10\*\*4000 functions"),
        ("units(units(units(units(unary(x), depth=8), depth=8), depth=8), depth=8)", 25, "nested more than 200 deep"),
        ("units(units(units(units(x | x, depth=8), depth=8), depth=8), depth=8)", 19, "nested more than 200 deep"),
        ('a = "f(u, v) = u + v"; units(units(a(x, x), depth=8), depth=2)', 36, "more than 10000 operators"),
    ],
)
def test_a_short_text_may_ask_for_too_much(text: str, column: int, said: str) -> None:
    with pytest.raises(LimitError, match=said) as caught:
        spaces.schema(text)
    assert caught.value.text == text
    assert caught.value.column == column


def test_what_stays_within_the_limits_can_be_counted_made_and_read() -> None:
    deep = spaces.schema("units(units(units(unary(x), depth=8), depth=8), depth=3)")
    for space in (deep, spaces.evomal(11), spaces.schema("units(units(x, depth=8), depth=8)")):
        e = space[space.count() - 1]
        assert space[space.rank(e)] == e
        assert len(f"{space.count():,}") < 6000
        assert str(space.count()) in repr(space)
        assert e in space


@pytest.mark.parametrize("text", [3, None, b"unary(x)"])
def test_a_schema_is_text(text: object) -> None:
    with pytest.raises(DomainError, match="must be a str"):
        spaces.schema(text)  # type: ignore[arg-type]


def test_operators_of_ones_own() -> None:
    space = spaces.schema("two(one(x), x)", {"one": ["swish", "x*tanh(x)"], "two": ["mul", "f(u, v) = u/(1 + abs(v))"]})
    assert [str(e) for e in space] == ["swish(x)*x", "x*tanh(x)*x", "swish(x)/(1 + abs(x))", "x*tanh(x)/(1 + abs(x))"]
    assert [space.rank(e) for e in space] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        ("nothing", "there are cafe, pangaea"),
        ({"unary": "relu"}, "must be a list"),
        ({"unary": []}, "at least one"),
        ({"unary": ["relu", "add"]}, "equally many"),
        ({3: ["relu"]}, "lists by name"),
        (3, "lists by name"),
    ],
)
def test_sets_that_cannot_be(sets: object, said: str) -> None:
    with pytest.raises(DomainError, match=said):
        spaces.schema("unary(x)", sets)  # type: ignore[arg-type]


def test_forms() -> None:
    assert [form(text).arity for text in ("relu", "elu", "add", "where", "min(x, 0)")] == [1, 1, 2, 3, 1]
    assert [form(text).symmetric for text in ("add", "sub", "f(a, b, c) = a + b + c", "max", "relu")] == [
        *(True, False, True, True, False)
    ]
    assert leaf(-1.0).text == "-1"
    with pytest.raises(DomainError, match="1 to 3 inputs"):
        form("f(a, b, c, d) = a + b + c + d")
    with pytest.raises(DomainError, match="1 to 3 inputs"):
        form("f(a, b) = exp(a)")
    with pytest.raises(DomainError, match="at least one"):
        operators("unary", [])
