"""The public face: arguments, parameters, the Analysis, errors, and speed."""

from __future__ import annotations

import dataclasses
import json
import math
import time

import pytest

from symkit.analysis import Analysis, Moments, analyze, backward_gain, moments
from symkit.analysis.losses import LossAnalysis
from symkit.analysis.measure import measure
from symkit.errors import DomainError
from symkit.text import parse


def test_text_and_expression_are_the_same() -> None:
    assert moments("tanh(x)") == moments(parse("tanh(x)"))
    assert backward_gain("tanh(x)") == backward_gain(parse("tanh(x)"))


def test_variance_is_not_the_standard_deviation() -> None:
    assert moments("x", variance=4.0).variance == pytest.approx(4.0, rel=1e-14)


def test_parameters_take_their_initial_values_unless_given() -> None:
    e = parse("f(x; a = 2.0, b) = a*relu(x) + b")
    start = 2 / math.sqrt(2 * math.pi) + 1
    assert moments(e).mean == pytest.approx(start, rel=1e-14)
    assert moments(e, parameters={"b": -3.0}).mean == pytest.approx(start - 4, rel=1e-14)
    assert backward_gain(e, parameters={"a": 3.0})[0] == pytest.approx(4.5, rel=1e-14)
    assert analyze("abs(x - a)", parameters={"a": 0.25}).kinks == (0.25,)


def test_constants_can_be_set_like_parameters() -> None:
    assert moments("log_abs_eps(x)", parameters={"eps": 1.0}).mean == pytest.approx(moments("log(1 + abs(x))").mean)


def test_analysis_holds_it_all() -> None:
    found = analyze("log(sigmoid(x))*arcsinh(x)")
    assert found.moments == moments("log(sigmoid(x))*arcsinh(x)")
    assert found.backward_gain == pytest.approx(backward_gain("log(sigmoid(x))*arcsinh(x)")[0], rel=1e-14)
    assert (found.backward_reason, found.kinks, found.poles) == ("", (), ())
    assert isinstance(found, Analysis)
    assert isinstance(found.moments, Moments)
    assert found.moments.certified
    assert json.loads(json.dumps(dataclasses.asdict(found)))["moments"]["mean"] == found.moments.mean


def test_a_constant_has_no_variance_and_no_gain() -> None:
    found = analyze("x*0 + 1")
    assert found.moments.mean == pytest.approx(1.0, rel=1e-15)
    assert found.moments.variance == pytest.approx(0.0, abs=1e-30)
    assert found.backward_gain == 0.0


def test_the_derivative_is_looked_at_where_the_function_is_defined() -> None:
    assert backward_gain("sqrt(x)")[1] == "No backward gain: the function is undefined for x < 0 (probability 0.5)."
    assert backward_gain("sqrt(abs(x))")[0] is None
    assert moments("sqrt(abs(x))").reason == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [("(y - p)**2", "of kind loss"), ("2*a", "of kind plain"), ("x*p", "of kind plain")],
)
def test_only_activations_have_moments(text: str, said: str) -> None:
    for function in (moments, backward_gain, measure):
        with pytest.raises(DomainError, match=said) as caught:
            function(text)
        assert "a function of x alone" in str(caught.value)


def test_a_loss_is_analysed_as_one_and_other_kinds_are_not() -> None:
    assert isinstance(analyze("(y - p)**2"), LossAnalysis)
    with pytest.raises(DomainError, match="of kind plain"):
        analyze("2*a")


@pytest.mark.parametrize("variance", [0.0, -1.0, math.inf, math.nan])
def test_the_variance_must_be_positive_and_finite(variance: float) -> None:
    with pytest.raises(DomainError, match="is not positive and finite; it is the square of the deviation"):
        moments("x", variance=variance)


def test_the_mean_must_be_finite() -> None:
    with pytest.raises(DomainError, match="mean inf is not finite"):
        moments("x", mean=math.inf)


def test_unknown_and_infinite_parameters_are_named() -> None:
    with pytest.raises(DomainError, match="'b' is no parameter; there are a"):
        moments("a*x", parameters={"b": 1.0})
    with pytest.raises(DomainError, match="'b' is no parameter; there are none"):
        moments("x", parameters={"b": 1.0})
    with pytest.raises(DomainError, match="parameter a = nan is not finite"):
        moments("a*x", parameters={"a": math.nan})


def test_it_is_quick() -> None:
    expressions = ["log(sigmoid(x))*arcsinh(x)", "relu(x)", "gelu(x)", "mish(x)", "max(swish(x), arcsinh(x))"]
    for e in expressions:
        measure(e)
    best = math.inf
    for _ in range(3):
        start = time.perf_counter()
        for e in expressions:
            measure(e)
        best = min(best, time.perf_counter() - start)
    assert best / len(expressions) < 0.1
