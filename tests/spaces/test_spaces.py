"""Spaces: counts, numbers, membership, samples."""

from __future__ import annotations

import itertools
import json
import pickle
import random
from collections import Counter
from pathlib import Path

import pytest
from scipy.stats import chisquare

from symkit import parse, spaces
from symkit.errors import DomainError, LimitError, ParseError
from symkit.spaces.space import Space
from symkit.spaces.trees import program

FACTS = json.loads((Path(__file__).parents[1] / "data" / "space_counts.json").read_text())

ALL = {
    "cafe 1": lambda: spaces.cafe(1),
    "cafe 2": lambda: spaces.cafe(2),
    "cafe 3": lambda: spaces.cafe(3),
    "pangaea": lambda: spaces.pangaea(),
    "pangaea 4, 1": lambda: spaces.pangaea(4, 1),
    "aquasurf 3": lambda: spaces.aquasurf(3),
    "aquasurf 4": lambda: spaces.aquasurf(4),
    "aquasurf no_nan": lambda: spaces.aquasurf(4, division="no_nan"),
    "evomal": lambda: spaces.evomal(3),
    "glo": lambda: spaces.glo(4),
    "own": lambda: spaces.schema('a = "tanh", "min(x, 1)"; weighted(a(x) | binary(a(a(x)), x), parameters=2)'),
}


@pytest.fixture(params=ALL, scope="module")
def space(request: pytest.FixtureRequest) -> Space:
    return ALL[request.param]()


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_cafe(depth: int) -> None:
    assert spaces.cafe(depth).count() == FACTS["cafe"][str(depth)] == 3456 ** (2**depth - 1)


@pytest.mark.parametrize("row", FACTS["pangaea"]["rows"], ids=lambda row: f"{row['nodes']} nodes")
def test_pangaea_row_by_row(row: dict[str, object]) -> None:
    nodes = int(str(row["nodes"]))
    below = spaces.pangaea(nodes - 1).count() if nodes > 1 else 0
    assert spaces.pangaea(nodes).count() - below == row["count"]


def test_pangaea() -> None:
    space = spaces.pangaea()
    assert space.count() == FACTS["pangaea"]["count"] == 10_339_202_744_514
    assert space.count(published=True) == FACTS["pangaea"]["printed"] == 10_170_042_948_450
    # The difference is four arrangements of 3 binary and 4 unary operators that the table leaves out.
    last = FACTS["pangaea"]["rows"][-1]["parts"][-1]
    missing = last["arrangements_recomputed"] - last["arrangements_printed"]
    assert space.count() - space.count(published=True) == missing * last["per_arrangement"]
    assert spaces.pangaea(6).count(published=True) == spaces.pangaea(6).count()


def test_aquasurf() -> None:
    for nodes in (3, 4):
        facts = FACTS["aquasurf"][str(nodes)]
        space = spaces.aquasurf(nodes)
        assert (space.count(), space.printed_unique) == (facts["count"], facts["unique_printed"])
        assert len(space) == space.count() == space.count(published=True)


def test_trees_of_losses() -> None:
    count = 4
    for depth in range(1, 4):
        count = 4 + 6 * count + 6 * count**2
        assert spaces.evomal(depth).count() == count
    assert spaces.glo(1).count() == 4 + 3 * 4 + 4 * 4**2


@pytest.mark.parametrize(
    "text",
    [
        "unary(x) | binary(unary(x), x)",
        "graphs(x, nodes=3, parameters=2)",
        "weighted(binary(unary(x), unary(x)), parameters=5)",
        "trees(x, depth=2)",
        "n-ary(unary(x), x, unary(x))",
        "units(binary(unary(x), x), depth=2)",
    ],
)
def test_counting_is_enumerating(text: str) -> None:
    few = {"unary": ["relu", "min(x, 0)"], "binary": ["add", "pow"], "nary": ["f(a, b, c) = a*b*c", "where"]}
    space = spaces.schema(text, few)
    everything = list(space)
    assert len(everything) == space.count()
    assert [space.rank(e) for e in everything] == list(range(space.count()))
    assert len({str(e) for e in everything}) == space.count()
    assert everything == list(space.enumerate())


def test_numbers_and_members(space: Space) -> None:
    rng = random.Random(5)
    ranks = [0, space.count() - 1, *(rng.randrange(space.count()) for _ in range(200))]
    for rank in ranks:
        e = space[rank]
        assert space.rank(e) == rank
        assert space.rank(str(e)) == rank
        assert e in space
        assert str(e) in space
        assert parse(str(e), kind=e.kind, table=e.table) == e


@pytest.mark.parametrize(
    ("name", "rank", "text"),
    [
        ("cafe 1", 1234, "-x*softplus(x)"),
        ("cafe 2", 41_000_000_000, "min(sinc(abs(x) + square(x)), gaussian(min(sinh(x), exp(x))))"),
        ("pangaea", 10_000_000_000_000, "max(cosh(abs(x)), alpha*zero(expm1(x)), erf(x))"),
        ("aquasurf 3", 1790, "tanh(x)*erf(x)"),
        ("aquasurf 4", 1_000_000, "softsign(elu(relu(one(x))))"),
        ("evomal", 10**9, "aq(y, p) + aq(p, 1) + (1 + -1 - (p + p))"),
    ],
)
def test_the_order_stays(name: str, rank: int, text: str) -> None:
    # Whoever shares a space out by numbers, or keeps them in a file, relies on it.
    assert str(ALL[name]()[rank]) == text


def test_parts_of_a_space(space: Space) -> None:
    start = space.count() // 2
    stop = min(start + 7, space.count())
    assert list(space.enumerate(start, stop)) == [space[rank] for rank in range(start, stop)]
    assert list(space.enumerate(start, stop, 3)) == [space[rank] for rank in range(start, stop, 3)]
    assert list(itertools.islice(space, 2)) == [space[0], space[1]]
    assert space[-1] == space[space.count() - 1]


def test_places_past_the_end(space: Space) -> None:
    for rank in (space.count(), -space.count() - 1):
        with pytest.raises(IndexError, match="not below"):
            space[rank]
    with pytest.raises(DomainError, match="start is at least 0"):
        list(space.enumerate(-1))
    assert list(space.enumerate(space.count())) == []


def test_no_members() -> None:
    space = spaces.aquasurf(3)
    for text in ("gelu(x)", "tanh(x)", "tanh(x) + erf(x) + x", "alpha*tanh(x) + erf(x)", "tanh(x) + 1", "x + tanh(x)"):
        assert text not in space
        with pytest.raises(DomainError, match="not among the 5103 functions"):
            space.rank(text)
    assert "tanh(x) + sigmoid(y)" not in space
    assert 3 not in space
    with pytest.raises(ParseError):
        space.rank("tanh(")
    # An expression of other inputs may look the same.
    assert parse("f(x, u) = tanh(x) + erf(x)") not in space


def test_parameters_stand_on_edges_of_their_own() -> None:
    space = spaces.pangaea(4, 2)
    assert "alpha*tanh(beta*x)" in space
    assert "a*tanh(b*x)" in space
    assert space[space.rank("b*tanh(a*x)")] == parse("alpha*tanh(beta*x)")
    for text in ("alpha*tanh(alpha*x)", "alpha*(beta*tanh(x))", "tanh(x)*alpha", "alpha*tanh(beta*erf(gamma*x))"):
        with pytest.raises(DomainError):
            space.rank(text)
    # A subterm that stands twice would share its parameter.
    with pytest.raises(DomainError):
        space.rank("tanh(alpha*x) + tanh(alpha*x)")


def test_samples_are_uniform() -> None:
    space = spaces.schema("unary(x) | binary(unary(x), x)", {"unary": ["relu", "tanh"], "binary": ["add", "mul"]})
    drawn = Counter(space.rank(e) for e in space.sample(random.Random(1), 6000))
    assert set(drawn) == set(range(6))
    assert chisquare([drawn[rank] for rank in range(6)]).pvalue > 1e-3


def test_seeds(space: Space) -> None:
    assert space.sample(7, 5) == space.sample(random.Random(7), 5)
    assert space.sample(7, 5, how="initial") == space.sample(7, 5, how="initial")
    assert all(e in space for e in space.sample(3, 20, how="initial"))
    assert space.sample(1, 0) == []
    with pytest.raises(DomainError, match="uniform"):
        space.sample(1, 1, how="other")  # type: ignore[arg-type]
    with pytest.raises(DomainError, match="negative"):
        space.sample(1, -1)


def test_expressions_are_like_any_other(space: Space) -> None:
    e = space[space.count() // 3]
    again = pickle.loads(pickle.dumps(e))
    assert again == e
    assert hash(again) == hash(e)
    assert (e.kind, e.inputs) == (space.kind, space.inputs)
    assert all(value == 1.0 for value in e.parameters.values())
    assert e.with_program(e.program) == e


def test_trees_share_nothing_but_equal_parts() -> None:
    space = spaces.schema("binary(unary(x), unary(x))", {"unary": ["elu", "min(x, 1)"], "binary": ["add"]})
    for rank in range(space.count()):
        made = program(space.members.unrank(rank))
        assert made == parse(str(space[rank])).program


def test_spaces_that_cannot_be() -> None:
    for make in (lambda: spaces.cafe(0), lambda: spaces.aquasurf(5), lambda: spaces.evomal(0)):
        with pytest.raises(DomainError):
            make()
    with pytest.raises(DomainError, match="ieee, no_nan"):
        spaces.aquasurf(3, division="other")
    with pytest.raises(LimitError):
        spaces.pangaea(100)
    with pytest.raises(DomainError):
        spaces.pangaea(0)
