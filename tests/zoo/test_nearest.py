"""The closest known functions: distances are those of scipy's quadrature, and the order is that of the distances."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit

from symkit.errors import DomainError
from symkit.evaluation import evaluate_numpy
from symkit.text import Expression, parse
from symkit.zoo import entry, nearest
from symkit.zoo.entries import read_entries


def of(e: Expression) -> Callable[[float], float]:
    values = {**e.constant_values(), **e.parameters}
    return lambda x: float(evaluate_numpy(e.program, {**values, "x": x})[0])


def distance(e: Expression, g: Expression, mean: float, variance: float) -> float:
    f, h, deviation = of(e), of(g), math.sqrt(variance)

    def integrand(z: float) -> float:
        x = mean + deviation * z
        return (f(x) - h(x)) ** 2 * math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)

    cuts = sorted({(point - mean) / deviation for point in (-3.0, -2.5, 0.0, 1.0, 2.5, 3.0, 6.0)})
    total = quad(integrand, -12, 12, points=cuts, limit=400, epsabs=1e-14, epsrel=1e-11)[0]
    return math.sqrt(max(float(total), 0.0))


@pytest.mark.parametrize("text", ["x*sigmoid(1.702*x)", "max(x, 0.1*x)", "relu6(x + 2)/3", "tanh(x)**3", "2*x"])
@pytest.mark.parametrize(("mean", "variance"), [(0.0, 1.0), (0.5, 2.0)])
def test_distances_are_those_of_quadrature(text: str, mean: float, variance: float) -> None:
    e = parse(text)
    found = nearest(e, count=4, mean=mean, variance=variance)
    assert len(found) == 4
    size = distance(e, parse("0*x"), mean, variance)
    for near in found:
        assert near.distance == pytest.approx(distance(e, entry(near.name).expression, mean, variance), abs=1e-7)
        assert near.relative == pytest.approx(near.distance / size, rel=1e-9)
    assert [near.distance for near in found] == sorted(near.distance for near in found)


def test_none_of_the_zoo_is_closer() -> None:
    e = parse("x*sigmoid(1.702*x)")
    x = np.random.default_rng(3).normal(size=200_000)
    own = x * expit(1.702 * x)
    best = nearest(e, count=1)[0]
    for known in read_entries().values():
        if known.kind != "activation":
            continue
        values = {**known.expression.constant_values(), **known.expression.parameters, "x": x}
        other = np.broadcast_to(evaluate_numpy(known.expression.program, values)[0], x.shape)
        if np.isfinite(other).all():
            assert math.sqrt(np.mean((own - other) ** 2)) >= 0.98 * best.distance, known.name


@pytest.mark.parametrize("name", ["mish", "gelu", "relu", "swish", "softplus"])
def test_a_known_function_is_at_distance_0(name: str) -> None:
    found = nearest(entry(name).expression, count=5)
    assert found[0].distance == 0
    assert found[0].relative == 0
    assert name in {near.name for near in found if near.distance == 0}


def test_other_spellings_are_as_near_as_rounding_lets_them() -> None:
    found = nearest("x*(1 - 1/(1 + exp(x)))", count=2)
    assert found[0].distance < 1e-14
    assert "swish" in {near.name for near in nearest("x/(1 + exp(-x))", count=6) if near.distance < 1e-14}


def test_nothing_is_infinitely_far_off() -> None:
    found = nearest("0*x", count=1)
    assert found[0].distance > 0
    assert math.isinf(found[0].relative)


def test_bad_input_is_told() -> None:
    with pytest.raises(DomainError, match="is of kind loss"):
        nearest("(y - p)**2")
    with pytest.raises(DomainError, match="1/x"):
        nearest("1/x")
    with pytest.raises(DomainError, match="count 0"):
        nearest("x", count=0)
    with pytest.raises(DomainError, match="variance"):
        nearest("x", variance=0.0)
