"""Losses by log p and log(1 - p): the same function, in forms that keep what p in a dtype has lost."""

from __future__ import annotations

import math
from typing import Any

import pytest
from mpmath import mp

import symkit
from symkit.evaluation import evaluate_exact, evaluate_numpy
from symkit.ir import Program, renamed
from symkit.text import Expression, parse
from symkit.transform import gradient, shared, stabilise
from symkit.transform.link import LOG_P, LOG_Q, P, Q, by_log_probability, by_logit, with_probabilities

POINTS = (0.03, 0.4, 0.72, 0.96875)
CONSTANTS = {"C": 7.0, "eps": 1e-7, "pi": math.pi, "e": math.e}

FORMS = [
    ("-y*log(p)", "-y*u"),
    ("log(1 - p)", "v"),
    ("log1p(-p)", "v"),
    ("log1p(p - 1)", "u"),
    ("log1p(-(1 - p))", "u"),
    ("1 - p", "exp(v)"),
    ("-p + 1", "exp(v)"),
    ("p - 1", "-exp(v)"),
    ("2 - 2*p", "2*exp(v)"),
    ("1 - (1 - p)", "exp(u)"),
    ("p", "exp(u)"),
    ("a*log(b*p)", "a*(log(b) + u)"),
    ("log(p/b)", "log(1/b) + u"),
    ("log(p/(1 - p))", "u - v"),
    ("log(abs(a*p))", "log(abs(a)) + u"),
    ("abs(log(abs(p)))", "abs(u)"),
    ("log(sqrt(p)*square(1 - p))", "0.5*u + 2*v"),
    ("log(reciprocal(p))", "-u"),
    ("log((1 - p)**a)", "a*v"),
    ("log(rsqrt(1 - p)*cube(p))", "3*u + -0.5*v"),
    ("p**a", "exp(a*max(u, -1e30))"),
    ("(1 - p)**2*p", "exp(u + 2*v)"),
    ("(1 - p)**a*p**b", "exp(b*max(u, -1e30) + a*max(v, -1e30))"),
    ("p/(1 - p)", "exp(u - v)"),
    ("(1 - p)/p", "exp(v - u)"),
    ("y/p", "y*exp(-u)"),
    ("sqrt(y*p)", "sqrt(y)*exp(0.5*u)"),
    ("(a*p)**3", "a**3*exp(3*u)"),
    ("(p - 1)**4", "exp(4*v)"),
    ("(-p)**3", "-exp(3*u)"),
    ("((1 - p)/p)**4", "exp(-4*u + 4*v)"),
    ("(0 - p)/p", "-1"),
    ("p*p/p**2", "1"),
    ("0 - a*p", "-a*exp(u)"),
    ("0 - a", "-a"),
    ("a + 0", "a"),
    ("log(p + eps)", "log(exp(u) + eps)"),
    ("log(1 - p + eps)", "log(exp(v) + eps)"),
    ("1 - p**a", "-expm1(a*max(u, -1e30))"),
    ("log(1 + p)", "softplus(u)"),
    ("p > 0.5", "exp(u) > 0.5"),
    ("tanh(p)", "tanh(exp(u))"),
    ("(y - p)**2", "(y - exp(u))**2"),
]
"""What is written, and what comes of it with u = log p and v = log(1 - p)."""


LOSSES = [name for name, e in symkit.zoo.items() if e.kind == "loss" and set(e.inputs) <= {"y", "p", "z"}]


def readable(program: Program) -> Expression:
    """A function of log p and log q as an Expression of u and v."""
    return Expression(renamed(program, {LOG_P: "u", LOG_Q: "v"}), "plain", ("y", "u", "v"))


@pytest.mark.parametrize(("text", "expected"), FORMS)
def test_forms(text: str, expected: str) -> None:
    program = shared(stabilise(by_log_probability(parse(f"f(y, p) = {text}").program)))
    assert readable(program).program == parse(f"f(y, u, v) = {expected}").program, str(readable(program))


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_is_the_same_function(name: str) -> None:
    expression = symkit.zoo[name]
    ours = by_log_probability(expression.program)
    assert "p" not in ours.inputs
    for p in POINTS:
        for y in (0.0, 1.0, 0.25):
            point = {**CONSTANTS, **expression.parameters, **expression.constants, "z": 0.7, "y": y}
            (expected,) = evaluate_exact(expression.program, {**point, "p": p})
            found = _at(ours, p, point)
            if mp.isfinite(expected):
                assert abs(found - expected) <= 1e-12 * (abs(expected) + 1), (p, y)
            else:
                assert not mp.isfinite(found), (p, y)


@pytest.mark.parametrize("text", [text for text, _ in FORMS])
def test_logits(text: str) -> None:
    program = parse(f"f(y, p) = {text}").program
    ours = by_logit(shared(stabilise(by_log_probability(program))))
    assert set(ours.inputs) <= {"y", "z"}
    for z in (-3.0, 0.5, 4.0):
        point = {**CONSTANTS, "a": 1.25, "b": 3.0, "y": 0.25}
        (expected,) = evaluate_exact(program, {**point, "p": 1 / (1 + math.exp(-z))})
        (found,) = evaluate_exact(ours, {**point, "z": z})
        assert abs(found - expected) <= 1e-12 * (abs(expected) + 1)


def test_the_log_odds_of_a_sigmoid_are_its_logit() -> None:
    program = by_logit(by_log_probability(parse("f(y, p) = log(p/(1 - p))").program))
    assert program == parse("f(z) = z").program
    swapped = by_logit(by_log_probability(parse("f(y, p) = log((1 - p)/p)").program))
    assert swapped == parse("f(z) = -z").program


def test_a_loss_of_the_logit_stays_what_it_is() -> None:
    program = parse("softplus(z) - y*z").program
    assert by_logit(by_log_probability(program)) == program


def test_what_a_dtype_loses_is_kept() -> None:
    # 1 - p is 1e-30, which no float64 has beside 1.
    program = by_log_probability(parse("f(y, p) = -log(1 - p)*(1 - p)**2").program)
    (found,) = evaluate_numpy(program, {LOG_P: -1e-30, LOG_Q: math.log(1e-30)})
    assert found == pytest.approx(-math.log(1e-30) * 1e-60, rel=1e-12)


def test_a_power_that_is_learnt_of_nothing() -> None:
    # As x**a is 1 at x = a = 0 and flat in a where x is 0.
    program = by_log_probability(parse("f(y, p) = p**a").program)
    (slope,) = evaluate_numpy(gradient(program, ["a"]), {LOG_P: -math.inf, "a": 2.0})
    assert slope == 0.0
    assert [float(evaluate_numpy(program, {LOG_P: -math.inf, "a": a})[0]) for a in (0.0, 0.5)] == [1.0, 0.0]


def test_probabilities_beside_their_logarithms() -> None:
    program = by_log_probability(parse("f(y, p) = y*(1 - p)**2*p + p - a*log(p)*(1 - p)").program)
    slope = gradient(program, [LOG_P])
    ours = with_probabilities(slope)
    assert {P, Q} <= set(ours.inputs)
    for p in POINTS:
        point = {"y": 0.5, "a": 1.5, P: p, Q: 1 - p}
        assert abs(_at(ours, p, point) - _at(slope, p, point)) < 1e-12


def _at(program: Program, p: float, point: dict[str, float]) -> Any:
    return evaluate_exact(program, {**point, LOG_P: math.log(p), LOG_Q: math.log1p(-p)})[0]
