"""What a loss is for the class and for every other output: found, right, and by parameters that stay parameters."""

from __future__ import annotations

import math

import pytest

import symkit
from symkit.errors import DomainError
from symkit.evaluation import evaluate_exact
from symkit.ir import Program, renamed
from symkit.nn.curves import curves
from symkit.text import Expression, parse
from symkit.transform.link import LOG_P, LOG_Q

SPARSE = [
    *("ce", "sparselsr", "sparselsr_simplified", "focal", "focal_sparselsr", "ace", "ace_param"),
    *("evomal_a", "evomal_c", "evomal_e", "evomal_i"),
]
DENSE = ["lsr", "baikal", "squared", "pseudo_huber", "evomal_d", "taylorglo_3"]
CONSTANTS = {"C": 7.0, "eps": 1e-7, "pi": math.pi, "e": math.e}


def readable(program: Program) -> str:
    """A curve as text in u = log p and v = log(1 - p)."""
    return str(Expression(renamed(program, {LOG_P: "u", LOG_Q: "v"}), "plain", ("y", "u", "v"))).split(" = ", 1)[1]


@pytest.mark.parametrize("name", [*SPARSE, *DENSE])
def test_curves_are_the_loss_at_its_targets(name: str) -> None:
    expression = symkit.zoo[name]
    # Other values of parameters than the first ones, which must not have been taken for granted.
    values = {**CONSTANTS, **{n: value + 0.375 for n, value in expression.parameters.items()}}
    for smoothing, classes in ((0.0, None), (0.25, 5)):
        found = curves(expression, classes=classes, label_smoothing=smoothing)
        other = smoothing / (classes or 1)
        for p in (0.02, 0.4, 0.95):
            point = {**values, LOG_P: math.log(p), LOG_Q: math.log1p(-p)}
            for y, program in ((1 - smoothing + other, found.target), (other, found.other)):
                (expected,) = evaluate_exact(expression.program, {**values, "y": y, "p": p})
                for curve in (program, found.any):
                    (value,) = evaluate_exact(curve, {**point, "y": y})
                    assert abs(value - expected) <= 1e-11 * (1 + abs(expected)), (p, y)


@pytest.mark.parametrize("name", SPARSE)
def test_sparse_losses(name: str) -> None:
    found = curves(symkit.zoo[name])
    assert found.is_sparse
    assert not {LOG_P, LOG_Q} & set(found.other.inputs)
    assert {LOG_P, LOG_Q} & set(found.target.inputs)


@pytest.mark.parametrize("name", DENSE)
def test_dense_losses(name: str) -> None:
    found = curves(symkit.zoo[name])
    assert not found.is_sparse
    assert {LOG_P, LOG_Q} & set(found.other.inputs)


@pytest.mark.parametrize(
    ("text", "target", "other"),
    [
        ("-y*log(p)", "-u", "0"),
        ("-y*(1 - p)**gamma*log(p)", "-u*exp(gamma*max(v, -1e30))", "0"),
        ("-(y*log(p) + (1 - y)*log(1 - p))", "-u", "-v"),
        ("(y - p)**2", "exp(2*v)", "exp(2*u)"),
        ("abs(log(sqrt(y*p) + a))", "abs(log(exp(0.5*u) + a))", "abs(log(a))"),
        ("where(y > 0.5, -log(p), a)", "-u", "a"),
        ("f(y, p) = p - p + a", "a", "a"),
        ("max(y*p, 0)", "max(exp(u), 0)", "0"),
        ("f(y, p) = -y*log(p) + softplus(a)*(1 - y)", "-u", "softplus(a)"),
        # At its first value nothing is left of the other outputs; but it is learnt.
        ("f(y, p; a = 0) = -y*log(p) - a*(1 - y)*log(1 - p)", "-u", "-(a*v)"),
        ("f(y, p; a = -1) = max(a, 0)*(1 - y)*p", "0", "max(a, 0)*exp(u)"),
        ("log_abs_eps(y*p)", "log(exp(u) + eps)", "log(eps)"),
    ],
)
def test_what_is_left(text: str, target: str, other: str) -> None:
    found = curves(parse(text, kind="loss"))
    for program, expected in ((found.target, target), (found.other, other)):
        assert readable(program) == readable(parse(f"f(y, u, v) = {expected}").program), expected
    assert found.is_sparse == (not {"u", "v"} & set(parse(f"f(u, v) = {other}").program.inputs))


def test_poles_at_the_ends_are_no_part_of_it() -> None:
    # 0*log(p) is 0 for every p between 0 and 1, and NaN at 0 in floating-point arithmetic.
    for text in ("y*log(p)", "y*log(1 - p)", "y/p", "y/(1 - p)**2", "y*(1 - p)**a/p**b"):
        assert readable(curves(parse(text, kind="loss")).other) == "0", text


def test_what_is_defined_nowhere_is_left_to_floats() -> None:
    # 1/0 is inf to a float, and a number is less than that.
    assert readable(curves(parse("f(y, p) = (p < 1/y)*p")).other) == "(exp(u) < 1/0)*exp(u)"


def test_leaves_are_parameters_and_then_constants() -> None:
    assert curves(symkit.zoo["focal_sparselsr"]).leaves == ("gamma", "xi", "C")
    assert curves(symkit.zoo["evomal_a"]).leaves == ("eps",)
    assert curves(symkit.zoo["ce"]).leaves == ()


@pytest.mark.parametrize("text", ["softplus(z) - y*z", "y*z + p"])
def test_other_inputs(text: str) -> None:
    with pytest.raises(DomainError, match=r"written in the target y and the probability p; .* has z"):
        curves(parse(text, kind="loss"))


def test_label_smoothing_needs_the_number_of_classes() -> None:
    with pytest.raises(DomainError, match=r"label smoothing of 0.1 needs the number of classes"):
        curves(symkit.zoo["ce"], label_smoothing=0.1)
