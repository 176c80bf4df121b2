"""`symkit show`."""

from __future__ import annotations

import pytest
from commands import Command

from symkit import parse
from symkit.transform import derivative

FORMULAS = [
    "x*sigmoid(beta*x)",
    "log(sigmoid(alpha*x)) * beta*arcsinh(x)",
    "f(x; alpha: channel = 0.5, C = 3) = alpha*x**C",
    "y*abs(log(1.1*p))",
    "-x**2",
    "α·x − β·log(σ(γx))",
    "3",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_show_json_has_the_attributes(symkit: Command, text: str) -> None:
    done = symkit("show", text, "--json")
    assert (done.code, done.err) == (0, "")
    expression, facts = parse(text), done.json
    for name in ("kind", "size", "depth", "digest", "name"):
        assert facts[name] == getattr(expression, name)
    assert facts["text"] == str(expression)
    assert tuple(facts["inputs"]) == expression.inputs
    assert facts["parameters"] == dict(expression.parameters)
    assert facts["constants"] == dict(expression.constants)
    assert facts["latex"] == expression.latex()
    assert parse(facts["text"], kind=facts["kind"]) == expression


def test_show_prints_a_card(symkit: Command) -> None:
    done = symkit("show", "f(x; beta: channel = 0.5) = x*sigmoid(beta*x)")
    assert done.code == 0
    rows = dict(line.split(maxsplit=1) for line in done.out.splitlines()[1:])
    assert rows["kind"] == "activation of x"
    assert rows["parameters"] == "beta = 0.5 (one a channel)"
    assert rows["operators"] == "mul 2, sigmoid 1; 3 in all, 3 deep"
    assert rows["zoo"] == "pswish"
    assert rows["LaTeX"] == parse("x*sigmoid(beta*x)").latex()


def test_show_names_known_functions(symkit: Command) -> None:
    assert symkit("show", "x/(1 + exp(-x))", "--json").json["zoo"][0] == "swish"
    assert symkit("show", "x + 3.25*sin(x)", "--json").json["zoo"] == []
    assert "a case of ace_param (phi0 = 1, phi1 = 1.1)" in symkit("show", "y*abs(log(1.1*p))").out


@pytest.mark.parametrize(
    ("text", "options", "wrt", "order"),
    [
        ("x*sigmoid(beta*x)", ["--derivative"], "x", 1),
        ("x*sigmoid(beta*x)", ["--wrt", "beta"], "beta", 1),
        ("x*sigmoid(beta*x)", ["--order", "2"], "x", 2),
        ("y*log(p)", ["--derivative"], "p", 1),
        ("y*log(p)", ["--wrt", "y", "--order", "2"], "y", 2),
        ("log(1 + exp(-y*z))", ["--derivative"], "z", 1),
    ],
)
def test_show_derivative(symkit: Command, text: str, options: list[str], wrt: str, order: int) -> None:
    facts = symkit("show", text, *options, "--json").json["derivative"]
    assert (facts["wrt"], facts["order"]) == (wrt, order)
    expected = derivative(text, wrt, order)
    assert facts["text"] == str(expected)
    assert facts["digest"] == expected.digest
    assert str(expected) in symkit("show", text, *options).out


def test_show_gives_no_derivative_unless_asked(symkit: Command) -> None:
    assert "derivative" not in symkit("show", "x**2", "--json").json


def test_kind_may_be_given(symkit: Command) -> None:
    assert symkit("show", "3", "--kind", "activation", "--json").json["kind"] == "activation"


@pytest.mark.parametrize("text", ["-x**2", "-x", "-2*x", "-log(x)", "-o*x", "-(x)"])
def test_a_formula_may_begin_with_a_minus(symkit: Command, text: str) -> None:
    assert symkit("show", text, "--json").json["digest"] == parse(text).digest
    assert symkit("show", "--json", "--", text).json["digest"] == parse(text).digest


def test_a_formula_may_come_from_standard_input(symkit: Command) -> None:
    assert symkit("show", "-", "--json", stdin="x*\n tanh(x)\n").json["digest"] == parse("x*tanh(x)").digest


def test_the_caret_of_a_negated_formula_is_in_place(symkit: Command) -> None:
    assert "    -foo(x)\n     ^" in symkit("show", "-foo(x)").err
