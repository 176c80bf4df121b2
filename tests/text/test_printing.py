"""Printing: what is written, and that it reads back to an equal expression."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symkit.ir import renamed
from symkit.ops import standard
from symkit.spaces import Recipe, generate
from symkit.text import Expression, Parameter, define, parse
from symkit.text.printer import number_text


def reads_back(expression: Expression) -> None:
    text = str(expression)
    again = parse(text, kind=expression.kind, table=expression.table)
    assert again == expression, text
    assert again.digest == expression.digest
    assert str(again) == text


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("x*( (a+b) )", "x*(a + b)"),
        ("neg(x)", "-x"),
        ("neg(2)", "neg(2)"),
        ("--2", "neg(-2)"),
        ("-0", "-0"),
        ("neg(0)", "neg(0)"),
        ("neg(neg(x))", "--x"),
        ("-x**2", "-x**2"),
        ("(-x)**2", "(-x)**2"),
        ("(-2)**x", "(-2)**x"),
        ("2**-x", "2**-x"),
        ("x**-2", "x**-2"),
        ("x**(y**z)", "x**y**z"),
        ("(x**y)**z", "(x**y)**z"),
        ("-(x*y)", "-(x*y)"),
        ("-x*y", "-x*y"),
        ("x*-2", "x*-2"),
        ("x - -2", "x - -2"),
        ("x + -y", "x + -y"),
        ("x - (y - z)", "x - (y - z)"),
        ("x - y - z", "x - y - z"),
        ("x/(y*z)", "x/(y*z)"),
        ("x/y*z", "x/y*z"),
        ("x*(y/z)", "x*(y/z)"),
        ("x < y", "x < y"),
        ("(x < y) < z", "(x < y) < z"),
        ("x < (y < z)", "x < (y < z)"),
        ("(x < y) + 1", "(x < y) + 1"),
        ("-(x < y)", "-(x < y)"),
        ("(x < y)**(y < x)", "(x < y)**(y < x)"),
        ("max(x < y, 1)", "max(x < y, 1)"),
        ("x if x > 0 else -x", "where(x > 0, x, -x)"),
        ("max(max(x, 1), 2)", "max(x, 1, 2)"),
        ("max(x, max(1, 2))", "max(x, max(1, 2))"),
        ("min(max(x, 1), 2)", "min(max(x, 1), 2)"),
        ("logical_or(logical_or(x, 1), 2)", "logical_or(x, 1, 2)"),
        ("hypot(hypot(x, 1), 2)", "hypot(hypot(x, 1), 2)"),
        ("|x|²", "abs(x)**2"),
        ("bessel_i0e(x)", "i0e(x)"),
        ("elu(x, 1)", "elu(x)"),
        ("elu(x, 1.0000000000000002)", "elu(x, 1.0000000000000002)"),
        ("hardtanh(x, -1, 1)", "hardtanh(x)"),
        ("hardtanh(x, -1, 2)", "hardtanh(x, -1, 2)"),
        ("hardtanh(x, -2, 1)", "hardtanh(x, -2)"),
        ("threshold(x, 0, 0)", "threshold(x)"),
        ("threshold(x, 0, -0)", "threshold(x, 0, -0)"),
        ("threshold(x, -0, 0)", "threshold(x, -0)"),
        ("pi*e*x", "pi*e*x"),
        ("1/3", "1/3"),
    ],
)
def test_printed_form(text: str, printed: str) -> None:
    assert str(parse(text)) == printed
    reads_back(parse(text))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (-2.5, "-2.5"),
        (0.1, "0.1"),
        (1e-7, "1e-7"),
        (1e22, "1e22"),
        (-1.5e300, "-1.5e300"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e308"),
        (-0.0, "-0"),
        (123456789.0, "123456789"),
    ],
)
def test_literals(value: float, text: str) -> None:
    assert number_text(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_literal_reads_back(value: float) -> None:
    assert float(number_text(value)).hex() == value.hex()
    (node,) = parse(number_text(value)).program.nodes
    assert node.number.hex() == value.hex()


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("s = sigmoid(x); s*(1 - s)", "sigmoid(x)*(1 - sigmoid(x))"),
        ("s = tanh(x + x**2); s*(1 - s)", "t1 = tanh(x + x**2); t1*(1 - t1)"),
        ("s = tanh(x + x**2); u = s*(1 - s)*2; u + sin(u)", "t1 = tanh(x + x**2); t2 = t1*(1 - t1)*2; t2 + sin(t2)"),
        ("s = tanh(x + x**2); s*(t1 - s)", "t2 = tanh(x + x**2); t2*(t1 - t2)"),
        ("f(x, t1) = tanh(x + x**2) + sin(tanh(x + x**2))", "f(x, t1) = t2 = tanh(x + x**2); t2 + sin(t2)"),
    ],
)
def test_shared_subterms_become_local_names(text: str, printed: str) -> None:
    assert str(parse(text)) == printed
    reads_back(parse(text))


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("f(x) = x*beta", "x*beta"),
        ("f(x; beta = 1) = x*beta", "x*beta"),
        ("f(x; beta = 2) = x*beta", "f(x; beta = 2) = x*beta"),
        ("f(x; beta: layer) = x*beta", "f(x; beta: layer) = x*beta"),
        ("f(x; beta: channel = -2e-9) = x*beta", "f(x; beta: channel = -2e-9) = x*beta"),
        ("swishy(x) = x*beta", "swishy(x) = x*beta"),
        ("f(p, y) = y - p", "f(p, y) = y - p"),
        ("f(y, p) = y - p", "y - p"),
        ("f(y, p; C = 10) = C*p", "f(y, p; C = 10) = C*p"),
        ("f(a) = a", "f(a) = a"),
        ("f(; a = 2) = a", "f(; a = 2) = a"),
        ("f(x; f = 2) = f*x", "f(x; f = 2) = f*x"),
        ("x*f", "x*f"),
        ("f() = f*a", "f() = f*a"),
        ("f(x; relu = 2) = relu(x)*relu", "f(x; relu = 2) = relu(x)*relu"),
        ("sin*sin(x)", "sin*sin(x)"),
        ("lambda*x + class*def", "lambda*x + class*def"),
        ("x*alpha_max*_a*A", "x*alpha_max*_a*A"),
    ],
)
def test_headers_print_what_differs(text: str, printed: str) -> None:
    assert str(parse(text)) == printed
    reads_back(parse(text))


@pytest.mark.parametrize("kind", ["activation", "loss", "plain"])
@pytest.mark.parametrize("text", ["x*p", "a", "2", "f*x", "y*z", "z*p*x", "y_true*x", "C*eps*x"])
def test_any_kind_reads_back(text: str, kind: str) -> None:
    reads_back(parse(text, kind=kind))


def test_defined_operators_read_back() -> None:
    table = define("swishy", "f(x; beta = 2) = x*sigmoid(beta*x)")
    table = define("t1", "f(a, b) = a/b", table=table)
    for text, printed in [
        ("swishy(x) + swishy(x, 3)", "swishy(x) + swishy(x, 3)"),
        ("SWISHY(x, 2)", "swishy(x)"),
        ("t1(x, t1)*t1(x, 2)", "t1(x, t1)*t1(x, 2)"),
        ("s = t1(x, 2 + x)*sin(x); s*s", "t1 = t1(x, 2 + x)*sin(x); t1*t1"),
    ]:
        expression = parse(text, table=table)
        assert str(expression) == printed
        reads_back(expression)


EXTREME = (0.0, -0.0, 1.0, -1.0, 0.1, -2.5, 1e-7, 5e-324, 1e22, -1.5e300, 1 / 3, 123456789.0)


ANYTHING = Recipe(
    max_size=40,
    max_depth=10,
    parameters=("alpha", "t1", "t2", "relu", "lambda", "f", "y"),
    constants=("pi", "e", "eps", "C"),
    literals=EXTREME,
    sharing=0.35,
)
LOSSES = Recipe(max_size=25, inputs=("y", "p"), sharing=0.3, parameters=("x", "phi_0"))
PLAIN = Recipe(max_size=25, inputs=("x", "a", "t1"), sharing=0.3)
INFIX = Recipe(
    operators=[record for record in standard().values() if record.infix is not None],
    max_size=30,
    max_depth=12,
    literals=EXTREME,
)


@pytest.mark.parametrize("recipe", [ANYTHING, LOSSES, PLAIN, INFIX], ids=["anything", "losses", "plain", "infix"])
@settings(max_examples=250)
@given(seed=st.integers(0, 2**64))
def test_random_expressions_read_back(recipe: Recipe, seed: int) -> None:
    reads_back(generate(seed, recipe))


@settings(max_examples=100)
@given(seed=st.integers(0, 2**64), data=st.data())
def test_random_headers_read_back(seed: int, data: st.DataObject) -> None:
    drawn = generate(seed, ANYTHING)
    finite = st.floats(allow_nan=False, allow_infinity=False)
    granularity = st.sampled_from([None, "layer", "channel", "neuron"])
    parameters = {name: Parameter(data.draw(finite), data.draw(granularity)) for name in drawn.parameters}
    constants = {name: data.draw(finite) for name in ("C", "eps") if data.draw(st.booleans())}
    name = data.draw(st.sampled_from([None, "swishy", "relu", "t1"]))
    reads_back(Expression(drawn.program, drawn.kind, drawn.inputs, parameters, constants, name=name))


def test_a_chain_of_5000_terms_prints_at_once() -> None:
    expression = parse(" + ".join(["x*sin(x)"] * 5000))
    start = time.perf_counter()
    text, latex = str(expression), expression.latex()
    assert time.perf_counter() - start < 2
    assert text.count("x*sin(x)") == 5000
    assert latex.count("x \\sin") == 5000
    reads_back(expression)


def test_a_dag_of_18_levels_is_not_unrolled() -> None:
    text = "; ".join(["a0 = x + x", *(f"a{i} = a{i - 1} + a{i - 1}" for i in range(1, 18)), "a17"])
    expression = parse(text)
    assert expression.program.tree_size == 2**19 - 1
    assert len(str(expression)) < 400
    assert len(expression.latex()) < 1000
    reads_back(expression)


def test_a_term_deeper_than_the_parser_allows_prints_with_local_names() -> None:
    text = "; ".join(["a0 = sin(x)", *(f"a{i} = x - sin(1/a{i - 1})" for i in range(1, 1000)), "a999"])
    expression = parse(text)
    assert expression.depth > 2000
    assert str(expression).startswith("t1 = ")
    reads_back(expression)


def test_renamed_parameters_print_by_their_new_name() -> None:
    expression = parse("x*a + b")
    other = expression.with_program(renamed(expression.program, {"a": "b", "b": "a"}))
    assert str(other) == "x*b + a"
    assert other.program.parameters == ("b", "a")
    reads_back(other)
