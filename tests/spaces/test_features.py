"""Features, validity and moments in bulk, against definitions worked out one function at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest

from symkit.analysis import moments
from symkit.errors import DomainError
from symkit.spaces import (
    Population,
    aquasurf,
    bulk_moments,
    distance,
    estimates,
    feature_points,
    features,
    schema,
    valid,
)
from symkit.spaces.populations import bulk as bulk_module

TEXTS = [
    "relu(x)",
    "tanh(x)",
    "log(x)",
    "1/x",
    "f(x) = 3",
    "x - x",
    "exp(exp(exp(x)))",
    "sqrt(abs(x))",
    "swish(x)",
    "0/x - 0/x",
]
SMALL = schema("binary(unary(x), unary(x))", {"unary": ["exp", "log", "neg", "relu"], "binary": ["sub", "div", "max"]})


def test_points_are_samples_cut_off_or_a_grid() -> None:
    samples = feature_points(seed=7)
    expected = np.random.default_rng(7).standard_normal(1000).clip(-5, 5)
    np.testing.assert_array_equal(samples, expected.astype(np.float32))
    grid = feature_points("grid", dtype="float64")
    assert grid.shape == (80,)
    assert grid[[0, -1]].tolist() == [-5, 5]
    np.testing.assert_allclose(np.diff(grid), 10 / 79)
    assert feature_points("grid", 5).tolist() == [-5, -2.5, 0, 2.5, 5]
    assert feature_points("normal", 3).dtype == np.float32


@pytest.mark.parametrize(
    ("kind", "n", "told"),
    [("uniform", None, "normal or grid, not 'uniform'"), ("grid", 1, "at least 2"), ("normal", 0, "at least one")],
)
def test_points_that_there_are_not(kind: str, n: int | None, told: str) -> None:
    with pytest.raises(DomainError, match=told):
        feature_points(kind, n)


def test_features_are_outputs() -> None:
    found = features(["relu(x)", "x**2", "log(x)"], "grid", 5)
    expected = [[0, 0, 0, 2.5, 5], [25, 6.25, 0, 6.25, 25], [np.nan, np.nan, -np.inf, np.log(2.5), np.log(5)]]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert found.dtype == np.float32
    x = feature_points(n=30, seed=2, dtype="float64")
    np.testing.assert_allclose(features(["sinh(x)"], n=30, seed=2, dtype="float64")[0], np.sinh(x), rtol=1e-14)


def test_features_of_a_population_are_at_their_own_points() -> None:
    population = Population(SMALL, points=[0.0, 1.0])
    found = features(population, "grid", 9, places=[3, 7])
    np.testing.assert_array_equal(found, features(SMALL, "grid", 9)[[3, 7]])
    same = Population(SMALL)
    np.testing.assert_array_equal(features(same), same.values())
    np.testing.assert_array_equal(features(same), features(list(SMALL)))


def test_features_are_of_functions_of_one_input() -> None:
    with pytest.raises(DomainError, match="points are needed for y, p"):
        features(["y*p"])


def test_distance_is_the_root_mean_square_of_differences() -> None:
    a, b = np.array([[0.0, 0.0, 0.0, 0.0], [1.0, 2.0, 3.0, 4.0]]), np.array([[2.0, 2.0, 2.0, 2.0]])
    np.testing.assert_allclose(distance(a, b), [[2.0], [math.sqrt((1 + 0 + 1 + 4) / 4)]])
    assert distance(a[1], b[0]) == pytest.approx(math.sqrt(6 / 4))
    assert distance(a, b[0]).shape == (2,)
    assert distance(a[0], b).shape == (1,)
    rows = features(SMALL, "grid", 40)[valid(Population(SMALL, points=feature_points("grid", 40)))]
    found = distance(rows, rows)
    wide = rows.astype(np.float64)
    expected = np.sqrt(((wide[:, None] - wide) ** 2).mean(axis=2))
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert len(rows) > 3


def test_distance_of_what_is_not_finite() -> None:
    found = distance([[np.inf, 1.0], [np.nan, 1.0], [0.0, 1.0]], [np.inf, 1.0])
    assert np.isnan(found[:2]).all()
    assert found[2] == np.inf


@pytest.mark.parametrize(("a", "b"), [([1.0, 2.0], [1.0]), ([[[1.0]]], [[1.0]]), (1.0, 1.0), ([], [])])
def test_distance_of_rows_that_do_not_match(a: object, b: object) -> None:
    with pytest.raises(DomainError, match="for the same n"):
        distance(a, b)


# -- validity ----------------------------------------------------------------------------------------------------------


def test_valid_is_finite_and_not_constant() -> None:
    found = dict(zip(TEXTS, valid(TEXTS).tolist(), strict=True))
    assert [text for text, ok in found.items() if ok] == ["relu(x)", "tanh(x)", "1/x", "sqrt(abs(x))", "swish(x)"]


def test_each_requirement_by_itself() -> None:
    population = Population(TEXTS, points=[-6.0, -1.0, 0.0, 1.0, 4.0])
    chosen = {name: np.array(TEXTS)[valid(population, [name])].tolist() for name in ("finite", "varies", "gradient")}
    assert chosen["finite"] == ["relu(x)", "tanh(x)", "f(x) = 3", "x - x", "sqrt(abs(x))", "swish(x)"]
    # 0/x - 0/x is NaN at 0 only; 1/x and log(x) are infinite there.
    assert [text for text in TEXTS if text not in chosen["varies"]] == ["f(x) = 3", "x - x"]
    assert chosen["gradient"] == ["relu(x)", "tanh(x)", "f(x) = 3", "x - x", "sqrt(abs(x))", "swish(x)"]
    steep = Population(["sqrt(x)", "x**1.5", "max(x, 0.5)"], points=[0.0, 0.5, 2.0])
    assert valid(steep).all()
    assert valid(steep, ["finite", "gradient"]).tolist() == [False, True, True]
    assert valid(population, []).all()


def test_a_function_that_is_nan_everywhere_does_not_vary() -> None:
    assert valid(["log(-1 - x**2)", "log(x)", "1/(x - x)"], ["varies"]).tolist() == [False, True, False]


@pytest.mark.parametrize("space", [SMALL, aquasurf(3)], ids=["small", "aquasurf"])
def test_valid_of_a_space_is_that_of_its_values(space: object) -> None:
    population = Population(space, points=100)
    values = population.values()
    finite = np.isfinite(values).all(axis=1)
    varies = np.array([len(np.unique(row)) > 1 for row in values])
    np.testing.assert_array_equal(valid(population, ["finite"]), finite)
    np.testing.assert_array_equal(valid(population, ["varies"]), varies)
    np.testing.assert_array_equal(valid(population), finite & varies)
    places = np.arange(0, len(values), 3)[::-1]
    np.testing.assert_array_equal(valid(population, places=places), (finite & varies)[places])
    assert 0 < (finite & varies).sum() < finite.sum() < len(values)


def test_gradients_of_losses_are_by_the_prediction() -> None:
    points = {"y": [0.0, 0.5, 1.0], "p": [0.25, 0.5, 0.75]}
    losses = ["(y - p)**2", "sqrt(y) + p", "y*log(p)", "y + sqrt(p - 0.5)"]
    assert valid(Population(losses, points=points), ["gradient"]).tolist() == [True, True, True, False]


def test_valid_by_moments() -> None:
    found = valid(["relu(x)", "exp(x**2)", "f(x) = 3", "1/x", "abs(x)**1.5", "1e-9*x"], ["moments"])
    assert found.tolist() == [True, False, False, False, True, True]


def test_progress_of_each_pass_reaches_the_end() -> None:
    told: list[tuple[int, int]] = []
    found = valid(TEXTS, ["finite", "gradient"], progress=lambda done, total: told.append((done, total)))
    assert found.sum() == 8
    different = len(set(Population(TEXTS).prints.tolist()))
    assert told == [(different, different), (7, 7)]


def test_requirements_that_there_are_not() -> None:
    with pytest.raises(DomainError, match="'smooth' is no requirement; there are finite, varies, gradient, moments"):
        valid(TEXTS, ["finite", "smooth"])
    with pytest.raises(IndexError, match="places are below"):
        valid(TEXTS, places=[99])
    with pytest.raises(DomainError, match="kind loss"):
        valid(["y*p"], ["moments"])


# -- moments -----------------------------------------------------------------------------------------------------------


def test_bulk_moments_are_those_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_module, "CHUNK", 4)
    told: list[tuple[int, int]] = []
    found = bulk_moments(TEXTS, progress=lambda done, total: told.append((done, total)), variance=2.0)
    assert told == [(4, 10), (8, 10), (10, 10)]
    for place in (0, 1, 7, 8):
        expected = moments(TEXTS[place], variance=2.0)
        assert found.mean[place] == pytest.approx(expected.mean, rel=1e-9, abs=1e-10)
        assert found.variance[place] == pytest.approx(expected.variance, rel=1e-9)
    assert found.reasons[0] == ""
    assert "log" not in found.reasons[1]
    assert np.isnan(found.mean[[2, 6]]).all()
    assert all(reason.startswith("cannot be had here") for reason in (found.reasons[2], found.reasons[6]))
    some = bulk_moments(Population(TEXTS), [8, 0], variance=2.0)
    np.testing.assert_array_equal(some.variance, found.variance[[8, 0]])
    assert bulk_moments(TEXTS, []).mean.shape == (0,)


def test_estimates_are_those_of_the_samples() -> None:
    population = Population(SMALL, points=500)
    found = estimates(population)
    values = population.values().astype(np.float64)
    finite = np.isfinite(values).all(axis=1)
    np.testing.assert_allclose(found.mean[finite], values[finite].mean(axis=1), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(found.variance[finite], values[finite].var(axis=1, ddof=1), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(found.error, np.sqrt(found.variance / 500))
    assert np.isnan(found.variance[~finite]).all()
    assert not np.isfinite(found.mean[~finite]).any()
    assert 0 < finite.sum() < len(SMALL)
    np.testing.assert_array_equal(estimates(population, [4, 1]).mean, found.mean[[4, 1]])


def test_estimates_are_near_the_moments() -> None:
    texts = ["tanh(x)", "relu(x)", "swish(x)", "x**2"]
    exact, found = bulk_moments(texts), estimates(Population(texts, points=20_000))
    assert (np.abs(found.mean - exact.mean) < 4 * found.error).all()
    np.testing.assert_allclose(found.variance, exact.variance, rtol=0.05)
    np.testing.assert_allclose(found.error, np.sqrt(exact.variance / 20_000), rtol=0.05)
    assert np.isnan(estimates(Population(texts, points=[1.0])).variance).all()
