"""Populations: values against the backend, groups against comparing all, places, points and blocks."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from symkit import parse
from symkit.errors import DomainError, LimitError
from symkit.nn import functional
from symkit.spaces import Population, Space, aquasurf, cafe, estimates, pangaea, save, schema, unique, valid
from symkit.spaces.populations.population import CHUNK, CLIP, rounded

UNARY = ["exp", "neg", "tanh", "relu", "x**2", "reciprocal"]
SPACE = schema("binary(unary(x), unary(x)) | unary(x)", {"unary": UNARY, "binary": ["add", "mul", "max", "div"]})
LOSSES = schema("binary(unary(p), y)", {"unary": ["log", "neg"], "binary": ["mul", "sub"]})
LIST = ["x*tanh(softplus(x))", "max(x, 0)", "max(0, x)", "alpha*x + relu(x)", "relu(x) + x", "x", "0*x", "log(x)"]


@pytest.fixture
def threads() -> Iterator[None]:
    """As many threads afterwards as before."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def plain(row: np.ndarray) -> bytes:
    """Bits, with -0 as +0 and all NaNs alike."""
    row = np.where(np.isnan(row), row.dtype.type(np.nan), row)
    return np.where(row == 0, row.dtype.type(0), row).tobytes()


def alike(rows: np.ndarray) -> list[int]:
    """For each row the first that has the same values, by comparing bits."""
    first: dict[bytes, int] = {}
    return [first.setdefault(plain(row), place) for place, row in enumerate(rows)]


@pytest.mark.parametrize("functions", [SPACE, LIST], ids=["space", "list"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_are_those_of_layers(functions: Space | list[str], dtype: str) -> None:
    population = Population(functions, points=70, dtype=dtype)
    x = torch.from_numpy(population.points["x"])
    values = population.values()
    assert values.shape == (len(population), 70)
    assert values.dtype == dtype
    for place in range(0, len(population), 7 if isinstance(functions, Space) else 1):
        expected = functional(population[place], backend="cpu", stabilise=False)
        parameters = {name: torch.tensor(1.0, dtype=x.dtype) for name in population[place].parameters}
        assert plain(expected(x, **parameters).numpy()) == plain(values[place]), str(population[place])


def test_a_list_of_a_space_has_the_values_of_the_space() -> None:
    whole, listed = Population(SPACE), Population(list(SPACE))
    np.testing.assert_array_equal(whole.values(), listed.values())
    np.testing.assert_array_equal(whole.prints, listed.prints)


def test_points_of_losses_are_given_by_name() -> None:
    points = {"y": [0.0, 1.0, 0.25], "p": [0.5, 0.25, 1.0]}
    values = Population(LOSSES, points=points, dtype="float64").values()
    y, p = (np.array(points[name]) for name in "yp")
    expected = {"y*log(p)": y * np.log(p), "log(p) - y": np.log(p) - y, "-p*y": -p * y, "-p - y": -p - y}
    for place, e in enumerate(LOSSES):
        found = next(v for text, v in expected.items() if parse(text, kind="loss").digest == e.digest)
        np.testing.assert_allclose(values[place], found, rtol=1e-15)


def test_prints_are_equal_where_values_are(threads: None) -> None:
    population = Population(SPACE, points=50)
    first = np.array(alike(population.values()))
    prints = population.prints
    np.testing.assert_array_equal(prints[first], prints)
    assert len(set(prints.tolist())) == len(set(first.tolist()))
    torch.set_num_threads(1 if torch.get_num_threads() > 1 else 2)
    np.testing.assert_array_equal(Population(SPACE, points=50).prints, prints)


def test_samples_are_those_of_the_seed_and_cut_off() -> None:
    x = Population(["x"], points=200_000, seed=3).points["x"]
    expected = np.random.default_rng(3).standard_normal(200_000).clip(-CLIP, CLIP)
    np.testing.assert_array_equal(x, expected.astype(np.float32))
    assert np.random.default_rng(3).standard_normal(10**7).max() > CLIP
    many = Population(["x"], points=10**7, seed=3).points["x"]
    assert many.max() == CLIP
    assert many.min() == -CLIP
    uniform = Population(["y - p"], points=1000).points
    assert set(uniform) == {"y", "p"}
    assert all(0 <= v.min() < 0.01 and 0.99 < v.max() <= 1 for v in uniform.values())
    assert not np.array_equal(uniform["y"], uniform["p"])


def test_blocks_hand_out_places_in_the_order_asked_for() -> None:
    population = Population(SPACE, points=20)
    everything = population.values()
    places = [5, 3, 3, -1, 100]
    expected = everything[[5, 3, 3, len(SPACE) - 1, 100]]
    np.testing.assert_array_equal(population.values(places), expected)
    blocks = list(population.blocks(places, size=2))
    assert [len(block) for block in blocks] == [2, 2, 1]
    np.testing.assert_array_equal(np.concatenate(blocks), expected)
    mask = np.arange(len(SPACE)) % 3 == 0
    np.testing.assert_array_equal(population.values(mask), everything[mask])
    assert population.values([]).shape == (0, 20)
    assert list(population.blocks([])) == []


def test_blocks_of_a_list_longer_than_a_chunk() -> None:
    texts = [f"x + {i}" for i in range(CHUNK + 10)]
    population = Population(texts, points=[0.0, 0.5])
    np.testing.assert_array_equal(population.values()[:, 0], np.arange(CHUNK + 10))
    places = np.arange(CHUNK + 9, -1, -1)
    blocks = list(population.blocks(places, size=1000))
    assert max(map(len, blocks)) == 1000
    np.testing.assert_array_equal(np.concatenate(blocks)[:, 1], places + np.float32(0.5))
    assert len(set(population.prints.tolist())) == CHUNK + 10


def test_texts_of_constants_are_functions_like_the_others() -> None:
    assert Population(["0", "x + 1"], points=[2.0, 3.0]).values().tolist() == [[0, 0], [3, 4]]
    assert Population(["y - p", "2"], points={"y": [1.0], "p": [3.0]}).values().tolist() == [[-2], [2]]
    texts = [str(e) for e in aquasurf(3)]
    np.testing.assert_array_equal(Population(texts).prints, Population(list(aquasurf(3))).prints)


@pytest.mark.parametrize(
    ("places", "told"),
    [
        ([len(LIST)], "places are below 8; got 8 to 8"),
        ([0, -9], "got -9 to 0"),
        ([0.0, 1.5], "whole numbers"),
        ([True, False], "a mask of 8 functions"),
    ],
)
def test_places_that_there_are_not(places: list[object], told: str) -> None:
    with pytest.raises(IndexError, match=told):
        Population(LIST, points=4).values(places)


@pytest.mark.parametrize(
    ("functions", "points", "told"),
    [
        ("relu(x)", 10, "a list of expressions, or a Space, not one text"),
        ([], 10, "at least one function"),
        (["x", "y*p"], 10, "has the inputs y, p"),
        (["3", "2 - 1"], 10, r"3 has no inputs; to have one, write it as f\(x\) = 3"),
        (["x"], 0, "at least one point"),
        (["x"], [], r"not \[\(0,\)\]"),
        (["x"], ["a"], "must be real numbers"),
        (["x"], [[1.0], [2.0]], "one list of numbers"),
        (["x"], {"t": [1.0]}, "needed for x, and given for t"),
        (["y*p"], [1.0], "needed for y, p, and given for y"),
        (["y*p"], {"y": [1.0], "p": [1.0, 2.0]}, "all as long"),
    ],
)
def test_what_no_population_is_made_of(functions: object, points: object, told: str) -> None:
    with pytest.raises(DomainError, match=told):
        Population(functions, points=points)


def test_a_block_has_functions() -> None:
    with pytest.raises(DomainError, match="at least one function, not 0"):
        next(Population(LIST, points=4).blocks(size=0))


@pytest.mark.parametrize("functions", [SPACE, LIST], ids=["space", "list"])
def test_progress_reaches_the_end(functions: Space | list[str]) -> None:
    told: list[tuple[int, int]] = []
    population = Population(functions, points=8, progress=lambda done, total: told.append((done, total)))
    assert len(population.prints) == len(population)
    assert told[-1][0] == told[-1][1] > 0
    assert [done for done, _ in told] == sorted(done for done, _ in told)


# -- which are the same ------------------------------------------------------------------------------------------------


def test_groups_by_values_are_those_of_comparing_all() -> None:
    found = unique(SPACE, points=50)
    first = np.array(alike(Population(SPACE, points=50).values()))
    assert found.total == len(SPACE) == 150
    assert found.distinct == len(found) == len(set(first.tolist()))
    np.testing.assert_array_equal(found.first, np.unique(first))
    np.testing.assert_array_equal(found.first[found.labels], first)
    np.testing.assert_array_equal(found.sizes, np.unique(first, return_counts=True)[1])
    assert [str(e) for e in found] == [str(SPACE[int(place)]) for place in found.first]
    groups = list(found.groups(smallest=1))
    assert sorted(place for group in groups for place in group.places.tolist()) == list(range(len(SPACE)))
    assert [(-len(g), int(g.places[0])) for g in groups] == sorted((-len(g), int(g.places[0])) for g in groups)
    assert all(len(set(first[group.places].tolist())) == 1 for group in groups)
    assert all(len(group) >= 3 for group in found.groups(smallest=3))
    group = found.group_of(int(found.first[found.labels[-1]]))
    assert len(SPACE) - 1 in group.places
    assert [str(e) for e in group] == [str(SPACE[place]) for place in group.places.tolist()]


def test_levels_go_from_programs_to_functions() -> None:
    texts = [
        "x + tanh(x)",
        "tanh(x) + x",  # the same program
        "log(exp(x)) + tanh(x)",  # the same function, other values by rounding
        "(x + 1)*(x - 1)",
        "x**2 - 1",
        "alpha*x",
        "x",  # the same value while alpha is 1
        "min(x, 100)",  # the same values at the points
        "beta*x",  # the same program as alpha*x
    ]
    by = {level: unique(texts, level, dtype="float64").labels.tolist() for level in ("program", "values", "function")}
    assert by["program"] == [0, 0, 1, 2, 3, 4, 5, 6, 4]
    assert by["values"][0] == by["values"][1]
    assert len({by["values"][place] for place in (5, 6, 7, 8)}) == 1
    assert by["function"][0] == by["function"][1] == by["function"][2]
    assert by["function"][3] == by["function"][4]
    assert by["function"][5] == by["function"][8] != by["function"][6]


@pytest.mark.parametrize("level", ["program", "function"])
def test_a_list_of_a_space_has_the_groups_of_the_space(level: str) -> None:
    space = schema("binary(unary(x), unary(x))", {"unary": UNARY, "binary": ["add", "mul", "max", "sub"]})
    np.testing.assert_array_equal(unique(space, level).labels, unique(list(space), level).labels)


def test_programs_of_a_space_are_told_apart_as_digests_are() -> None:
    space = aquasurf(3)
    first: dict[str, int] = {}
    expected = [first.setdefault(e.digest, place) for place, e in enumerate(space)]
    found = unique(space, "program")
    np.testing.assert_array_equal(found.first[found.labels], expected)


def test_digits_join_values_that_differ_by_rounding() -> None:
    texts = ["(x + 1)**2", "x**2 + 2*x + 1", "(x + 1.001)**2"]
    assert unique(texts, points=np.linspace(1, 2, 50)).distinct == 3
    assert unique(texts, points=np.linspace(1, 2, 50) + 0.123, digits=4).labels.tolist() == [0, 0, 1]
    space = aquasurf(3)
    by_digits = unique(space, points=100, digits=3)
    values = Population(space, points=100).values()
    np.testing.assert_array_equal(by_digits.first[by_digits.labels], alike(rounded(values, 3)))


@pytest.mark.parametrize("digits", [1, 2, 5, 12, 15])
def test_rounding_to_digits_is_that_of_text(digits: int) -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=4000) * 10.0 ** rng.integers(-315, 307, 4000)
    expected = [float(f"{v:.{digits - 1}e}") for v in values]
    # At 15 digits the last one may be another.
    accuracy = 1e-14 if digits == 15 else 1e-15
    np.testing.assert_allclose(rounded(values, digits), expected, rtol=accuracy, atol=5e-324)


def test_rounding_comes_to_one_number_from_both_sides() -> None:
    for digits in (2, 5, 12):
        tens = np.array([float(f"1e{k}") for k in range(-300, 300)])
        below, above = tens * (1 - 0.2 * 10.0**-digits), tens * (1 + 0.2 * 10.0 ** (1 - digits))
        np.testing.assert_array_equal(rounded(below, digits), rounded(above, digits))


def test_rounding_keeps_what_has_no_digits() -> None:
    special = np.array([[np.inf, -np.inf, np.nan, -np.nan, 0.0, -0.0]], np.float32)
    found = rounded(special, 3)
    assert found[0, :2].tolist() == [np.inf, -np.inf]
    assert found[0, 2:4].view(np.uint64).tolist() == [np.float64(np.nan).view(np.uint64)] * 2
    assert found[0, 4:].tobytes() == bytes(16)
    np.testing.assert_array_equal(rounded(np.array([0.1 + 2e-17, 1 / 3]), 17), [0.1 + 2e-17, 1 / 3])


def test_what_unique_is_not_asked_for() -> None:
    with pytest.raises(DomainError, match="'value' is not one of program, values, function"):
        unique(LIST, "value")
    with pytest.raises(DomainError, match="digits=3 is for the level values"):
        unique(LIST, "program", digits=3)
    with pytest.raises(DomainError, match="digits=0"):
        unique(LIST, digits=0)
    with pytest.raises(DomainError, match="at least one function, not 0"):
        next(unique(LIST, points=9).groups(0))


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"points": 10**12}, LimitError, "the limit is 10,000,000"),
        ({"seed": -1}, DomainError, "0 or more, not -1"),
        ({"dtype": "float16"}, DomainError, "float32 or float64"),
        ({"points": [0.5], "dtype": "float16"}, DomainError, "float32 or float64"),
    ],
)
def test_populations_that_cannot_be_are_refused_at_once(
    arguments: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        Population(SPACE, **arguments)


@pytest.mark.parametrize("space", [cafe(2), cafe(4), pangaea()], ids=str)
def test_a_space_of_too_many_functions_is_refused_before_any_work(space: Space, tmp_path: Path) -> None:
    for work in (Population, valid, estimates, unique, lambda s: save(s, tmp_path / "a.npy")):
        with pytest.raises(LimitError, match="too many at once, more than 50,000,000"):
            work(space)
    assert not list(tmp_path.iterdir())


def test_only_expressions_and_texts_are_functions() -> None:
    with pytest.raises(DomainError, match="not int"):
        Population(["x", 3])  # type: ignore[list-item]
    for ask in (SPACE.rank, lambda e: SPACE.mutate(e, 0)):
        with pytest.raises(DomainError, match="expressions or texts, not int"):
            ask(3)
    assert 3 not in SPACE


def test_populations_are_the_same_after_a_journey() -> None:
    population = Population(SPACE, points=30)
    before = population.values([5, -1])
    for other in (pickle.loads(pickle.dumps(population)), copy.deepcopy(population)):
        np.testing.assert_array_equal(other.values([5, -1]), before)
        assert [other.functions.rank(str(e)) for e in SPACE] == [SPACE.rank(e) for e in SPACE]
        assert repr(other) == f"<Population of {len(SPACE)} functions at 30 points, float32>"
