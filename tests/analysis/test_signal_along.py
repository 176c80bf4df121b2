"""Moments along one parameter and over a box of them, against closed forms."""

from __future__ import annotations

import dataclasses
import json
import math

import pytest

from symkit.analysis.signal import Range, along, over
from symkit.errors import DomainError


def test_along_a_scale() -> None:
    values = [0.0, 0.5, 1.0, -2.0]
    found = along("sin(a*x)", "a", values, variance=0.25)
    assert (found.parameter, found.values) == ("a", tuple(values))
    # E sin = 0, E sin**2 = (1 - exp(-2 a**2 q))/2, E f'**2 = a**2 (1 + exp(-2 a**2 q))/2.
    for a, mean, variance, second, gain in zip(
        values, found.mean, found.variance, found.second_moment, found.backward_gain, strict=True
    ):
        assert mean == pytest.approx(0, abs=1e-14)
        assert [variance, second] == pytest.approx([(1 - math.exp(-a * a / 2)) / 2] * 2, rel=1e-12, abs=1e-16)
        assert gain == pytest.approx(a * a * (1 + math.exp(-a * a / 2)) / 2, rel=1e-12)
    assert found.reasons == ("",) * 4


def test_along_says_what_does_not_exist() -> None:
    # E exp(2 a x**2) exists for a < 1/4.
    found = along("exp(a*x**2)", "a", [0.2, 0.24, 0.3])
    assert found.mean == pytest.approx([1 / math.sqrt(1 - 2 * a) for a in (0.2, 0.24, 0.3)], rel=1e-9)
    assert found.second_moment[:2] == pytest.approx([1 / math.sqrt(1 - 4 * a) for a in (0.2, 0.24)], rel=1e-6)
    assert (found.variance[2], found.second_moment[2], found.backward_gain[2]) == (None, None, None)
    assert found.reasons[2].startswith("No variance: the square of the function grows faster")
    assert "No backward gain" in found.reasons[2]


def test_along_keeps_the_other_parameters() -> None:
    found = along("a*relu(x) + b", "a", [2.0], mean=0.0, variance=4.0, parameters={"b": 3.0})
    assert found.mean[0] == pytest.approx(2 * 2 / math.sqrt(2 * math.pi) + 3, rel=1e-12)
    assert along("a*x", "a", []).mean == ()


def test_along_a_constant_that_can_be_set() -> None:
    found = along("sqrt(x*x + eps)", "eps", [0.5, 2.0])
    assert found.second_moment == pytest.approx([1.5, 3.0], rel=1e-12)


def test_over_a_box_with_its_ends_at_corners() -> None:
    # E f**2 = (1 + 4 b)**(-3/2), E f'**2 = (1 + 4 b + 12 b**2)/(1 + 4 b)**(5/2); both fall.
    found = over("x*exp(-b*x**2)", {"b": (0.0, 2.0)}, points=9)
    assert found.variance is not None
    assert found.backward_gain is not None
    assert found.variance.lowest.value == pytest.approx(1 / 27, rel=1e-12)
    assert found.backward_gain.lowest.value == pytest.approx(57 / 243, rel=1e-12)
    for ends in (found.variance, found.backward_gain):
        assert ends.highest.value == pytest.approx(1.0, rel=1e-12)
        assert (ends.lowest.at, ends.highest.at) == ({"b": 2.0}, {"b": 0.0})
    assert (found.points, found.missing, found.reason) == (9, 0, "")


def test_over_a_box_with_an_end_inside() -> None:
    # E cos(x + b)**2 = (1 + exp(-2) cos(2 b))/2, lowest at pi/2, which no sample meets.
    found = over("sin(x + b)", {"b": (0.0, 2.0)}, points=5)
    assert found.backward_gain is not None
    assert found.backward_gain.lowest.value == pytest.approx((1 - math.exp(-2)) / 2, rel=1e-12)
    assert found.backward_gain.lowest.at["b"] == pytest.approx(math.pi / 2, abs=1e-5)
    assert found.backward_gain.highest.at == {"b": 0.0}


def test_over_two_parameters() -> None:
    # E sin(a x + b) = exp(-a**2/2) sin b.
    found = over("sin(a*x + b)", {"a": (0.3, 1.0), "b": (0.0, 3.0)}, points=20)
    assert found.mean is not None
    assert found.mean.highest.value == pytest.approx(math.exp(-0.045), rel=1e-9)
    assert found.mean.highest.at == pytest.approx({"a": 0.3, "b": math.pi / 2}, abs=1e-4)
    assert found.mean.lowest.value == pytest.approx(0.0, abs=1e-14)
    assert found.mean.lowest.at["b"] == 0.0
    assert found.points == 16


def test_over_a_box_where_moments_end() -> None:
    found = over("exp(a*x**2)", {"a": (0.0, 0.4)}, points=9)
    assert found.missing == 4
    assert found.reason.startswith("At a = 0.25: No variance")
    assert found.variance is not None
    assert found.variance.lowest.value == pytest.approx(0.0, abs=1e-14)
    assert found.variance.highest.at["a"] < 0.25
    nowhere = over("a/x", {"a": (1.0, 2.0)}, points=2)
    assert (nowhere.mean, nowhere.variance, nowhere.backward_gain, nowhere.missing) == (None, None, None, 2)
    assert "grows too steeply at x = 0" in nowhere.reason


def test_a_box_of_one_point() -> None:
    found = over("a*x", {"a": (3.0, 3.0)})
    assert found.points == 1
    assert isinstance(found.variance, Range)
    assert found.variance.lowest.value == found.variance.highest.value == pytest.approx(9.0, rel=1e-12)


def test_every_number_is_json() -> None:
    for found in (along("exp(a*x**2)", "a", [0.1, 9.0]), over("exp(a*x**2)", {"a": (0.1, 9.0)}, points=3)):
        assert json.loads(json.dumps(dataclasses.asdict(found), allow_nan=False))


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(DomainError, match="'gamma' is no parameter; there are beta"):
        along("tanh(beta*x)", "gamma", [1.0])
    with pytest.raises(DomainError, match="'beta' is varied and also given a value, 2.0"):
        along("tanh(beta*x)", "beta", [1.0], parameters={"beta": 2.0})
    with pytest.raises(DomainError, match="parameter beta = nan is not finite"):
        along("tanh(beta*x)", "beta", [math.nan])
    with pytest.raises(DomainError, match="variance -1.0 is not positive"):
        over("tanh(beta*x)", {"beta": (1.0, 2.0)}, variance=-1.0)
    with pytest.raises(DomainError, match="the box holds no parameter"):
        over("tanh(beta*x)", {})
    with pytest.raises(DomainError, match=r"the bounds of beta, \(2.0, 1.0\), are not two finite numbers"):
        over("tanh(beta*x)", {"beta": (2.0, 1.0)})
    with pytest.raises(DomainError, match="points 1 over beta: it takes at least 2 an axis"):
        over("tanh(beta*x)", {"beta": (1.0, 2.0)}, points=1)
    with pytest.raises(DomainError, match="'gamma' is no parameter"):
        over("tanh(beta*x)", {"gamma": (1.0, 2.0)})
