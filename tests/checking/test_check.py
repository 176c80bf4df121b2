"""The report of a check: what it asks of which function, its errors, its time, and that it is always the same."""

from __future__ import annotations

import dataclasses
import math
import time
from typing import Any

import numpy as np
import pytest

from symkit import check, define, parse
from symkit.checking.report import CheckReport
from symkit.checking.verdict import Verdict
from symkit.errors import DomainError, ParseError


def verdicts(report: CheckReport) -> dict[str, Verdict]:
    found: dict[str, Verdict] = {}
    for field in dataclasses.fields(report):
        value = getattr(report, field.name)
        if isinstance(value, Verdict):
            found[field.name] = value
        elif isinstance(value, dict):
            found |= {f"{field.name} {name}": verdict for name, verdict in value.items()}
        elif field.name == "classification" and value is not None:
            found |= {f"class {f.name}": getattr(value, f.name) for f in dataclasses.fields(value)}
    return found


def test_an_activation() -> None:
    report = check("x*sigmoid(x)")
    assert (report.text, report.dtype, report.region) == ("x*sigmoid(x)", "float32", "all finite float32 x")
    assert set(verdicts(report)) == {"closure", "compiled_closure", "gradient", "torch_gradient"}
    assert all(verdict.is_proved for verdict in verdicts(report).values())
    assert (report.nonnegative, report.minimum_at_target, report.classification, report.uses) == (None, None, None, {})


def test_a_loss() -> None:
    report = check("(y - p)**2", box={"y": (0, 1), "p": (0, 1)})
    assert all(verdict.is_proved for verdict in verdicts(report).values())
    assert set(report.uses) == {"y", "p"}
    assert report.classification is not None


@pytest.mark.parametrize(
    ("text", "inputs", "has_target"),
    [("f(p) = p**2", {"p"}, False), ("y*p*z", {"y", "p", "z"}, True), ("f(y, p) = 3", {"y", "p"}, True)],
)
def test_losses_of_other_inputs(text: str, inputs: set[str], has_target: bool) -> None:
    report = check(parse(text, kind="loss"), seconds=0.05)
    assert set(report.uses) == inputs
    assert (report.minimum_at_target is not None) == has_target
    assert (report.classification is not None) == has_target


def test_a_constant_loss_uses_nothing() -> None:
    report = check("f(y, p) = 3")
    assert report.uses["y"].is_refuted
    assert report.uses["p"].is_refuted
    assert report.minimum_at_target is not None
    assert report.minimum_at_target.is_proved


def test_the_compiled_form_is_judged_apart() -> None:
    report = check("log(sigmoid(x))")
    assert report.closure.is_refuted
    assert report.compiled_closure.is_proved
    assert report.gradient.is_proved
    assert report.torch_gradient.is_refuted


def test_parameters_range_over_their_box() -> None:
    assert check("exp(beta*x)", box=(-10, 10)).closure.is_proved
    report = check("exp(beta*x)", box={"x": (-10, 10), "beta": (0, 20)})
    assert report.closure.is_refuted
    assert report.closure.witness is not None
    assert set(report.closure.witness) == {"x", "beta"}
    loss = check("alpha*(y - p)**2", box={"y": (0, 1), "p": (0, 1), "alpha": (-1, 1)})
    assert loss.nonnegative is not None
    assert loss.nonnegative.is_refuted
    assert loss.classification is not None
    assert loss.classification.nonnegative.is_refuted


def test_constants_have_their_values() -> None:
    assert check("f(y, p; eps = 0.5) = (y - p)**2 - eps", seconds=0.1).nonnegative is not None
    report = check("f(y, p; C = 3) = (C - 3)*y + (y - p)**2 + 0*C", seconds=0.1)
    assert report.nonnegative is not None
    assert report.nonnegative.is_proved


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize("text", ["exp(exp(x))", "1/x", "x**3", "-y*log(p)", "y**2 + p**2 - 2.01*y*p"])
def test_witnesses_are_numbers_of_the_dtype(text: str, dtype: str) -> None:
    report = check(text, dtype=dtype, seconds=0.1)
    for name in ("closure", "gradient", "torch_gradient", "nonnegative_dtype"):
        verdict = getattr(report, name)
        if verdict is not None and verdict.is_refuted:
            for number in verdict.witness.values():
                assert type(number) is float
                assert float(np.dtype(dtype).type(number)) == number


@pytest.mark.parametrize("text", ["-y*log(p)", "(y - p)**2 + 0*log(p)", "sqrt(abs(y*(y - p)))", "exp(exp(x))", "y*p"])
def test_the_same_every_time(text: str) -> None:
    first, second = (
        {name: (v.status, v.witness) for name, v in verdicts(check(text, seconds=2)).items() if v.status != "unknown"}
        for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"box": {"z": (0, 1)}}, ["'z'", "x"]),
        ({"box": {"x": 5}}, ["x", "pair of numbers", "5"]),
        ({"box": (1, 2, 3)}, ["pair of numbers", "(1, 2, 3)"]),
        ({"box": ("a", "b")}, ["pair of numbers", "'a'"]),
        ({"box": {"x": (0, 10**400)}}, ["pair of numbers"]),
        ({"box": (1, 0)}, ["[1, 0]", "lower bound first"]),
        ({"box": (math.nan, 1)}, ["nan"]),
        ({"box": (1e39, 1e39)}, ["float32", "3.40282e+38"]),
        ({"box": (1e-50, 1.1e-50)}, ["no float32 number"]),
        ({"dtype": "bfloat16"}, ["bfloat16", "float64, float32, float16"]),
        ({"seconds": 0}, ["seconds", "above 0"]),
        ({"seconds": math.nan}, ["seconds", "above 0"]),
        ({"seconds": "long"}, ["seconds", "'long'"]),
    ],
)
def test_errors_teach(options: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(DomainError) as caught:
        check("tanh(x)", **options)
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert len(str(caught.value)) < 200


def test_a_requirement_that_cannot_be_read() -> None:
    with pytest.raises(ParseError) as caught:
        check("tanh(x)", require="smooth")
    assert "smooth" in str(caught.value)


def test_own_operators() -> None:
    table = define("swishy", "x*sigmoid(2*x)")
    assert check(parse("swishy(x) + 1", table=table)).closure.is_proved


HOSTILE = {
    "powers": "((((y + p + 1)**12)**12)**12)**12",
    "powers of numbers": "((((((0.1**12)**12)**12)**12)**12)**12)**12*y**2 + p**2",
    "many parameters": " + ".join(f"(a{k} - y)**2*p" for k in range(60)),
    "many exponentials": " + ".join(f"exp(y*{k} - p)" for k in range(300)),
    "many extrema": " + ".join(f"max(y - {k}, p)" for k in range(300)),
    "deep": "sin(" * 190 + "y - p" + ")" * 190,
    "squares of squares": "a = y + p; b = a*a; c = b*b; d = c*c; g = d*d; h = g*g; h*h - h*h*1.0000001",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_functions_take_no_long(name: str) -> None:
    """14 proofs of twice 0.05 s at most, and what comes before them."""
    begun = time.process_time()
    report = check(HOSTILE[name], seconds=0.05)
    assert time.process_time() - begun < 12
    assert all(verdict.reason for verdict in verdicts(report).values())
