"""Functions of normal variables: closed forms, order statistics and simulations."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symkit.analysis.curve import Floats
from symkit.analysis.subject import Subject
from symkit.nn.initialization import formulas
from symkit.nn.initialization.gaussian import largest, normal_moments, pair_covariance, softmax_weights
from symkit.text import Expression, parse

FACTS = json.loads((Path(__file__).parents[1] / "data" / "autoinit.json").read_text())
CORRELATIONS = (1e-6, 0.01, 0.3, 0.6, 0.9, 0.97, 0.98, 0.99, 0.999, 0.9999, 1 - 1e-7)


def heights(f: Expression, x: Floats) -> Floats:
    return Subject.of(f, 0.0, 1.0, None).curve.floats(x)


# -- moments ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stack", FACTS["stacks"], ids=lambda stack: stack["id"])
def test_moments_in_stacks(stack: dict[str, Any]) -> None:
    mean, variance = stack["mean"], stack["variance"]
    for layer in stack["layers"]:
        if layer["layer"][0] == "act":
            found = normal_moments(parse(layer["layer"][1]), mean, variance)
            assert found.certified
            assert found[:2] == pytest.approx((layer["mean"], layer["variance"]), rel=1e-10, abs=1e-10)
        mean, variance = layer["mean"], layer["variance"]


@pytest.mark.parametrize(
    ("text", "value"),
    [("exp(x)", math.exp(0.7)), ("sign(x)", 1.0), ("1/x", 1 / 0.7), ("relu(-x)", 0.0), ("3", 3.0)],
)
def test_no_variance_gives_the_value_at_the_mean(text: str, value: float) -> None:
    found = normal_moments(parse(f"f(x) = {text}"), 0.7, 0.0)
    assert found.mean == pytest.approx(value)
    assert found[1:] == (0.0, True, "")


def test_what_has_no_moments() -> None:
    found = normal_moments(parse("1/x"), 0.0, 1.0)
    assert found.mean is None
    assert "No mean" in found.reason
    found = normal_moments(parse("exp(x**2/3)"), 0.0, 1.0)
    assert found.mean == pytest.approx(math.sqrt(3))
    assert found.variance is None
    assert "No variance" in found.reason
    found = normal_moments(parse("log(x)"), -1.0, 0.0)
    assert found.mean is None
    assert "no value at x = -1" in found.reason


@pytest.mark.parametrize(
    ("text", "second"), [("sqrt(abs(x))", math.sqrt(2 / math.pi)), ("log(abs(x))", None), ("x**3", 15.0), ("2", 4.0)]
)
def test_singular_and_constant_functions(text: str, second: float | None) -> None:
    found = normal_moments(parse(f"f(x) = {text}"), 0.0, 1.0)
    assert found.certified
    assert found.mean is not None
    assert found.variance is not None
    if second is None:
        assert found.variance == pytest.approx(math.pi**2 / 8)
    else:
        assert found.variance + found.mean**2 == pytest.approx(second)


def test_small_variances_of_large_values() -> None:
    """Where the difference of the second moment and the squared mean has lost its digits."""
    found = normal_moments(parse("softplus(x)"), 30.0, 1e-12)
    assert found.mean == pytest.approx(30.0)
    assert found.variance == pytest.approx(1e-12, rel=1e-6)


def test_parameters_have_their_initial_values() -> None:
    e = parse("f(x; a=0.25) = max(x, a*x)")
    expected = normal_moments(parse("max(x, 0.25*x)"), 0.3, 2.0)
    assert normal_moments(e, 0.3, 2.0) == pytest.approx(expected)


# -- covariance --------------------------------------------------------------------------------------------------------


def relu_pair(r: float) -> float:
    angle = math.acos(r)
    return (math.sin(angle) + (math.pi - angle) * r - 1) / (2 * math.pi)


PAIRS: dict[str, Callable[[float, float], float]] = {
    "sign(x)": lambda v, r: 2 / math.pi * math.asin(r),
    "relu(x)": lambda v, r: v * relu_pair(r),
    "abs(x)": lambda v, r: 2 * v / math.pi * (math.sqrt(1 - r * r) + r * math.asin(r) - 1),
    "x": lambda v, r: v * r,
    "x**2": lambda v, r: 2 * (v * r) ** 2,
    "sin(x)": lambda v, r: math.exp(-v) * math.sinh(v * r),
    "erf(x)": lambda v, r: 2 / math.pi * math.asin(2 * v * r / (1 + 2 * v)),
    "erf(x)+3": lambda v, r: 2 / math.pi * math.asin(2 * v * r / (1 + 2 * v)),
}


@pytest.mark.parametrize("text", PAIRS)
def test_covariances_in_closed_form(text: str) -> None:
    f = parse(f"f(x) = {text}")
    for variance in (1.0, 3.0):
        own = normal_moments(f, 0.0, variance).variance
        assert own is not None
        for r in CORRELATIONS:
            found = pair_covariance(f, 0.0, variance, r * variance)
            assert abs(found - PAIRS[text](variance, r)) <= 2e-4 * own, (variance, r)


@pytest.mark.parametrize("text", ["swish(x)", "relu(x)", "sign(x-1)", "log_sigmoid(x)*arcsinh(x)", "sqrt(abs(x))"])
def test_covariances_beside_simulations(text: str) -> None:
    f, mean, variance = parse(f"f(x) = {text}"), 0.6, 1.7
    rng = np.random.default_rng(1)
    shared, first, second = rng.standard_normal((3, 400_000))
    for r in (0.4, 0.8):
        own = math.sqrt(variance) * (math.sqrt(r) * shared + math.sqrt(1 - r) * np.stack([first, second])) + mean
        u, v = heights(f, own)
        products = (u - u.mean()) * (v - v.mean())
        error = products.std() / math.sqrt(len(products))
        assert pair_covariance(f, mean, variance, r * variance) == pytest.approx(products.mean(), abs=4 * error)


@pytest.mark.parametrize("text", ["relu(x)", "sign(x)", "tanh(50*x)", "log(abs(x))"])
def test_covariances_rise_from_nothing_to_the_variance(text: str) -> None:
    f = parse(text)
    own = normal_moments(f, 0.2, 1.5).variance
    assert own is not None
    found = [pair_covariance(f, 0.2, 1.5, c) for c in np.linspace(0, 1.5, 40).tolist()]
    assert found[0] == 0
    assert found[-1] == own
    assert np.all(np.diff(found) > 0)
    assert pair_covariance(f, 0.2, 1.5, -0.1) == 0
    assert pair_covariance(f, 0.2, 1.5, 1.6) == own


def test_no_covariance_without_a_variance() -> None:
    assert math.isnan(pair_covariance(parse("1/x"), 0.0, 1.0, 0.5))
    assert pair_covariance(parse("relu(x)"), 1.0, 0.0, 0.0) == 0


# -- the largest -------------------------------------------------------------------------------------------------------


def test_order_statistics() -> None:
    root = math.sqrt(math.pi)
    assert largest(None, 0.0, 1.0, 1) == pytest.approx((0.0, 1.0), abs=1e-5)
    assert largest(None, 0.0, 1.0, 2) == pytest.approx((1 / root, 1 - 1 / math.pi), abs=1e-5)
    assert largest(None, 0.0, 1.0, 3) == pytest.approx(
        (1.5 / root, 1 + math.sqrt(3) / (2 * math.pi) - 2.25 / math.pi), abs=1e-5
    )
    assert largest(None, 0.0, 1.0, 1000).mean == pytest.approx(3.2414357769, abs=1e-5)
    (entry,) = [c for c in FACTS["corrections"] if c["equation"] == "5.16"]
    found = largest(None, 2.0, 2.25, 4)
    assert found == pytest.approx((entry["exact_mean"], entry["exact_var"]), abs=1e-5)
    assert found == pytest.approx((entry["mean"], entry["correct"]), abs=1e-3)


@pytest.mark.parametrize("count", [1, 2, 9, 100, 3136])
def test_largest_of_uniform_variables(count: int) -> None:
    found = largest(parse("erf(x/sqrt(2))"), 0.0, 1.0, count)
    assert found.mean == pytest.approx(2 * count / (count + 1) - 1, abs=1e-6)
    assert found.variance == pytest.approx(4 * count / ((count + 1) ** 2 * (count + 2)), rel=1e-4)


@pytest.mark.parametrize("count", [1, 4, 1000])
def test_largest_of_coins(count: int) -> None:
    """Exact, though the jump is in the middle of a cell."""
    lower = (0.5 * math.erfc((0.4 - 2.5371) / math.sqrt(2 * 1.3**2))) ** count
    found = largest(parse("sign(x - 2.5371)"), 0.4, 1.3**2, count)
    upper = (1 - 0.5 * math.erfc((2.5371 - 0.4) / math.sqrt(2 * 1.3**2))) ** count
    assert lower <= 1
    assert found == pytest.approx((1 - 2 * upper, 4 * upper * (1 - upper)), abs=1e-9)


@pytest.mark.parametrize("text", ["relu(x)", "abs(x)", "-x", "swish(x)", "sqrt(abs(x))"])
@pytest.mark.parametrize("count", [4, 49])
def test_largest_beside_simulations(text: str, count: int) -> None:
    f = parse(f"f(x) = {text}")
    x = -0.3 + math.sqrt(1.4) * np.random.default_rng(0).standard_normal((40_000, count))
    entries = heights(f, x).max(axis=1)
    found = largest(f, -0.3, 1.4, count)
    spread = entries.std()
    fourth = ((entries - entries.mean()) ** 4).mean()
    assert found.mean == pytest.approx(entries.mean(), abs=4 * spread / 200)
    assert found.variance == pytest.approx(spread**2, abs=4 * math.sqrt(fourth) / 200)


def test_largest_of_one_is_one() -> None:
    for text in ("relu(x)", "swish(x)", "log(abs(x))"):
        own = normal_moments(parse(text), 0.4, 2.0)
        assert largest(parse(text), 0.4, 2.0, 1) == pytest.approx(own[:2], rel=1e-2)
    assert largest(parse("exp(x)"), 0.4, 0.0, 5) == pytest.approx((math.exp(0.4), 0.0))
    assert largest(None, 0.4, 0.0, 5) == pytest.approx((0.4, 0.0))
    assert math.isnan(largest(parse("1/x"), 0.0, 1.0, 2).mean)


# -- softmax -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 64, 1000])
def test_softmax_limits(count: int) -> None:
    assert softmax_weights(count, 0.0) == pytest.approx(1 / count)
    assert softmax_weights(count, 1e-6) == pytest.approx((1 + 1e-6 * (1 - 1 / count)) / count, rel=1e-8)
    assert softmax_weights(count, 1e10) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize(
    ("count", "variance"), [(2, 1.0), (64, 1.0), (196, 4.0), (16, 25.0), (100, 399.0), (50, 1600.0)]
)
def test_softmax_beside_simulations(count: int, variance: float) -> None:
    logits = math.sqrt(variance) * np.random.default_rng(2).standard_normal((20_000, count))
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    sums = ((weights / weights.sum(axis=1, keepdims=True)) ** 2).sum(axis=1)
    error = 4 * sums.std() / math.sqrt(len(sums)) + 2e-3 * (variance > 400)
    assert softmax_weights(count, variance) == pytest.approx(sums.mean(), abs=error)


def test_weighted_sums_have_that_variance() -> None:
    """The part of the values' variance that attention leaves, where they are independent of the weights."""
    rng = np.random.default_rng(3)
    logits, values = rng.standard_normal((2, 50_000, 8))
    weights = np.exp(logits)
    attended = (weights * values).sum(axis=1) / weights.sum(axis=1)
    assert softmax_weights(8, 1.0) == pytest.approx(attended.var(), rel=0.03)
    assert softmax_weights(8, 0.0) == pytest.approx(formulas.mean_of((0.0, 1.0), 8).variance)
