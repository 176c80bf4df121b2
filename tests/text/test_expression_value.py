"""Expression as a value: immutable, hashable, comparable, pickled, and never one that text could not say."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError

import pytest

from symkit.errors import DomainError
from symkit.ir import ProgramBuilder
from symkit.text import Expression, Parameter, parse

TEXT = "pswish(x; beta: channel = 0.5, eps = 0.01) = x*sigmoid(beta*x) + eps"


def test_attributes() -> None:
    expression = parse(TEXT)
    assert expression.kind == "activation"
    assert expression.name == "pswish"
    assert expression.inputs == ("x",)
    assert dict(expression.parameters) == {"beta": 0.5}
    assert dict(expression.granularity) == {"beta": "channel"}
    assert dict(expression.constants) == {"eps": 0.01}
    assert (expression.size, expression.depth) == (4, 4)
    assert len(expression.digest) == 64
    assert repr(expression) == f"Expression({TEXT!r}, kind='activation')"


def test_size_counts_shared_operators_once() -> None:
    assert parse("s = sin(x); s*s + s").size == 3
    assert (parse("x").size, parse("x").depth) == (0, 0)


def test_nothing_can_be_changed() -> None:
    expression = parse(TEXT)
    with pytest.raises(FrozenInstanceError):
        expression.kind = "loss"  # type: ignore[misc]
    with pytest.raises(TypeError):
        expression.settings["beta"] = Parameter(2.0)  # type: ignore[index]
    with pytest.raises(TypeError):
        expression.constants["eps"] = 2.0  # type: ignore[index]
    with pytest.raises(TypeError):
        expression.parameters["beta"] = 2.0  # type: ignore[index]


def test_settings_are_copied() -> None:
    given = {"beta": Parameter(2.0)}
    program = parse("beta*x").program
    expression = Expression(program, "activation", ("x",), given)
    given["beta"] = Parameter(3.0)
    assert dict(expression.parameters) == {"beta": 2.0}


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("x*beta", "beta*x"),
        ("x*beta", "x*gamma"),
        ("x*beta", "f(x; beta = 2) = x*beta"),
        ("x*beta", "f(x; beta: layer) = x*beta"),
        ("x + eps", "f(x; eps = 0.1) = x + eps"),
        ("f(y, p) = y - p", "f(p, y) = y - p"),
        ("1*x", "x"),
        ("2/x", "2.0000000000000004/x"),
        ("x + 0", "x + -0"),
        ("swish(x)", "x*sigmoid(x)"),
    ],
)
def test_different_expressions(left: str, right: str) -> None:
    assert parse(left) != parse(right)


def test_equal_expressions_are_one_key() -> None:
    assert parse("f(x) = x*beta") == parse("x * beta # a comment")
    assert parse("swishy(x) = x*beta") == parse("x*beta")
    assert len({parse("2x"), parse("2*x"), parse("x*2")}) == 2
    assert parse("x") != "x"
    assert parse("x*p", kind="activation") != parse("x*p")


@pytest.mark.parametrize("text", [TEXT, "x", "2", "y - p", "f(a, b; c = -2) = a*b*c", "+".join(["x"] * 3000)])
def test_pickle_and_copy(text: str) -> None:
    expression = parse(text)
    for twin in (pickle.loads(pickle.dumps(expression)), copy.deepcopy(expression), copy.copy(expression)):
        assert twin == expression
        assert hash(twin) == hash(expression)
        assert twin.name == expression.name
        assert str(twin) == str(expression)
        assert twin.digest == expression.digest


def test_with_program_keeps_the_signature() -> None:
    expression = parse(TEXT)
    other = expression.with_program(parse("f(x) = gamma*beta*x").program)
    assert str(other) == "pswish(x; beta: channel = 0.5) = gamma*beta*x"


def test_with_program_checks_the_graph() -> None:
    with pytest.raises(DomainError, match="the graph has the input y, the signature only x"):
        parse("x").with_program(parse("y").program)


def test_constant_values() -> None:
    expression = parse("f(y, p; C = 10) = C*eps*p")
    values = expression.constant_values(eps=0.5)
    assert (values["C"], values["eps"]) == (10.0, 0.5)
    assert parse("log_abs_eps(x)").constant_values()["eps"] == 1e-7


def leaf(kind: str, name: str) -> Expression:
    builder = ProgramBuilder()
    index = getattr(builder, kind)(name)
    return Expression(builder.build([index]), "plain", (name,) if kind == "input" else ())


@pytest.mark.parametrize("name", ["two words", "", "1", "if", "else", "α", "epsilon", "x₁", "a.b", "pi", "C"])
def test_names_that_text_cannot_say(name: str) -> None:
    with pytest.raises(DomainError, match="cannot be a name"):
        leaf("parameter", name)
    with pytest.raises(DomainError, match="cannot be a name"):
        leaf("input", name)


def test_constants_that_do_not_exist() -> None:
    with pytest.raises(DomainError, match="'tau' is no constant; there are C, e, eps, pi"):
        leaf("constant", "tau")


def test_signatures_that_do_not_exist() -> None:
    program = parse("x").program
    with pytest.raises(DomainError, match="kind 'los' is not one of"):
        Expression(program, "los", ("x",))
    with pytest.raises(DomainError, match="an activation has one input, not 2"):
        Expression(program, "activation", ("x", "y"))
    with pytest.raises(DomainError, match="a loss has inputs y, p or z, not x"):
        Expression(program, "loss", ("x",))
    with pytest.raises(DomainError, match="input x stands twice"):
        Expression(program, "plain", ("x", "x"))
    with pytest.raises(DomainError, match="input yhat is another spelling of p"):
        Expression(program, "plain", ("x", "yhat"))
    with pytest.raises(DomainError, match="'my gate' cannot name a function"):
        Expression(program, "activation", ("x",), name="my gate")
    with pytest.raises(DomainError, match="constant pi = 3.0: only C and eps can be set"):
        Expression(program, "activation", ("x",), constants={"pi": 3.0})
    with pytest.raises(DomainError, match="constant eps = nan"):
        Expression(program, "activation", ("x",), constants={"eps": float("nan")})


def test_parameters_are_finite_and_of_a_known_granularity() -> None:
    with pytest.raises(DomainError, match="an initial value must be finite, not inf"):
        Parameter(float("inf"))
    with pytest.raises(DomainError, match="granularity 'row' is not one of layer, channel, neuron"):
        Parameter(1.0, "row")
