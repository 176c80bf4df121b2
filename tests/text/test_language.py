"""What the language reads: spellings, precedence, products left out, local names, headers, kinds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from symkit.errors import DomainError
from symkit.text import Parameter, parse

DATA = Path(__file__).parent.parent / "data" / "expressions.json"
LITERATURE: dict[str, dict[str, str]] = json.loads(DATA.read_text(encoding="utf-8"))["expressions"]


def same(left: str, right: str, kind: str | None = None) -> None:
    """Both texts are one expression."""
    a, b = parse(left, kind=kind), parse(right, kind=kind)
    assert a == b, f"{left!r} is {a}, {right!r} is {b}"
    assert a.digest == b.digest


@pytest.mark.parametrize("text", [entry["expression"] for entry in LITERATURE.values()], ids=list(LITERATURE))
def test_literature_reads_back_equal(text: str) -> None:
    expression = parse(text)
    again = parse(str(expression), kind=expression.kind, table=expression.table)
    assert again == expression
    assert again.digest == expression.digest
    assert str(again) == str(expression)


def test_literature_has_every_source() -> None:
    assert len(LITERATURE) == 234
    assert {entry["source"][0] for entry in LITERATURE.values()} == {"B", "R", "s"}


# Names as in the published benchmark data of B chapter 6, and what B table 4.1 and A.3 call their operators.
@pytest.mark.parametrize(
    ("published", "plain"),
    [
        ("min(square(x),selu(x))", "min(square(x), selu(x))"),
        ("max(relu(x),cosh(elu(x)))", "max(relu(x), cosh(elu(x)))"),
        ("sum_n(abs(x),swish(x),sigmoid(x))", "abs(x) + swish(x) + sigmoid(x)"),
        ("prod_n(x,swish(x),2)", "x*swish(x)*2"),
        ("max_n(x,0,tanh(x))", "max(max(x, 0), tanh(x))"),
        ("min_n(x,0,tanh(x))", "min(min(x, 0), tanh(x))"),
        ("add(x,1)", "x + 1"),
        ("sub(x,negative(x))", "x - -x"),
        ("mul(x,arcsinh(x))", "x*asinh(x)"),
        ("div(x,reciprocal(x))", "x/inv(x)"),
        ("pow(x,2)", "x**2"),
        ("square(identity(x))", "square(id(x))"),
        ("add(zero(x),one(x))", "zero(x) + one(x)"),
        ("bessel_i0e(bessel_i1e(x))", "i0e(i1e(x))"),
        ("log_sigmoid(hard_sigmoid(x))", "logsigmoid(hardsigmoid(x))"),
        ("arctan(erfc(expm1(x)))", "atan(erfc(expm1(x)))"),
        ("maximum(leaky_relu(x),silu(x))", "max(lrelu(x), swish(x))"),
        ("divide_no_nan(x,softplus(x))", "div_no_nan(x, softplus(x))"),
    ],
)
def test_published_spellings(published: str, plain: str) -> None:
    same(published, plain)


@pytest.mark.parametrize(
    ("pasted", "plain"),
    [
        ("α·x − β·log(σ(γx))", "alpha*x - beta*log(sigmoid(gamma*x))"),
        ("max{Swish(x), α log(σ(ReLU(x)))}", "max(swish(x), alpha*log(sigmoid(relu(x))))"),
        ("min{Swish(x), α ELU(ReLU(βx))}", "min(swish(x), alpha*elu(relu(beta*x)))"),
        ("|x|", "abs(x)"),
        ("||x| − 1|", "abs(abs(x) - 1)"),
        ("2|x||x − 1|", "2*abs(x)*abs(x - 1)"),
        ("x²", "x**2"),
        ("x⁻¹ + x¹⁰", "x**-1 + x**10"),
        ("-x²", "-(x**2)"),
        ("x × y ÷ z", "x*y/z"),
        ("x∗y⋅z•2", "x*y*z*2"),
        ("x ≤ 1", "x <= 1"),
        ("x ≥ 1", "x >= 1"),
        ("x ≠ 1", "x != 1"),
        ("√(x² + 1)", "sqrt(x**2 + 1)"),
        ("2√(x)", "2*sqrt(x)"),
        ("Φ(x) + Phi(x)", "normal_cdf(x) + normal_cdf(x)"),
        ("φ(x) + ϕ(x) + phi(x)", "normal_pdf(x) + normal_pdf(x) + normal_pdf(x)"),
        ("x·Φ(x) + φ·x", "x*normal_cdf(x) + phi*x"),
        ("sigma(x)·σ", "sigmoid(x)*sigma"),
        ("α₁x + α_2·x", "alpha1*x + alpha_2*x"),
        ("λ(x + 1)", "lambda*(x + 1)"),
        ("lambda(x + 1)", "lambda*(x + 1)"),
        ("ε + epsilon", "eps + eps"),
        ("πx", "pi*x"),
        ("𝛼𝑥 + 𝜎(𝑥)", "alpha*x + sigmoid(x)"),
        ("x\u00a0+\u2009y\u200b", "x + y"),
        ("x\u20101", "x - 1"),
        ("−y·log(ŷ)", "-y*log(p)"),
        ("y·y\u0302", "y*p"),
    ],
)
def test_pasted_from_a_paper(pasted: str, plain: str) -> None:
    same(pasted, plain)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("2x", "2*x"),
        ("2(x + 1)", "2*(x + 1)"),
        ("(x + 1)(x - 1)", "(x + 1)*(x - 1)"),
        ("(x + 1)x", "(x + 1)*x"),
        ("2sin(x)", "2*sin(x)"),
        ("2e", "2*e"),
        ("2e3x", "2000*x"),
        ("αx", "alpha*x"),
        ("αβ", "alpha*beta"),
        ("α(x)", "alpha*x"),
        ("alpha log(x)", "alpha*log(x)"),
        ("x²y", "x**2*y"),
        ("1/2x", "1/2*x"),
        ("{x}[x](x)", "x*x*x"),
    ],
)
def test_products_left_out(text: str, plain: str) -> None:
    same(text, plain)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("-x**2", "neg(pow(x, 2))"),
        ("x**-y", "pow(x, neg(y))"),
        ("x**y**z", "pow(x, pow(y, z))"),
        ("x^y^z", "x**y**z"),
        ("-x*y", "mul(neg(x), y)"),
        ("x - y - z", "sub(sub(x, y), z)"),
        ("x/y/z", "div(div(x, y), z)"),
        ("x + y*z", "add(x, mul(y, z))"),
        ("x + y < z*2", "lt(add(x, y), mul(z, 2))"),
        ("x if x > 0 else -x", "where(gt(x, 0), x, neg(x))"),
        ("1 if x > 1 else 2 if x > 0 else 3", "where(x > 1, 1, where(x > 0, 2, 3))"),
        ("x + 1 if x > 0 else x - 1", "where(x > 0, x + 1, x - 1)"),
        ("+x", "x"),
        ("2^-1", "2**(-1)"),
        ("SIGMOID(x) + Sin(x)", "sigmoid(x) + sin(x)"),
        ("elu(x)", "elu(x, 1)"),
        ("hardtanh(x, -2)", "hardtanh(x, -2, 1)"),
        ("logical_and(x, y, z)", "logical_and(logical_and(x, y), z)"),
        ("x # the input\n  + 1", "x + 1"),
        ("x +\n\n y", "x + y"),
    ],
)
def test_precedence_and_calls(text: str, plain: str) -> None:
    same(text, plain)


def test_names_of_variables_keep_their_case() -> None:
    assert tuple(parse("x*a*A").parameters) == ("a", "A")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e-7", 1e-7),
        ("1.5E+3", 1500.0),
        ("-2", -2.0),
        ("-0", -0.0),
        ("0.1", 0.1),
        ("9007199254740993", 9007199254740992.0),
        ("5e-324", 5e-324),
        ("1e-400", 0.0),
    ],
)
def test_numbers_are_the_nearest_float64(text: str, value: float) -> None:
    (node,) = parse(text).program.nodes
    assert node.number.hex() == value.hex()


def test_a_minus_folds_into_a_literal_only() -> None:
    assert parse("-2").size == 0
    assert parse("-(2)").size == 0
    assert parse("--2").size == 1
    assert parse("-2**2").program.operator_counts() == {"pow": 1, "neg": 1}
    assert parse("neg(2)").program.operator_counts() == {"neg": 1}
    assert parse("1 + 2").size == 1


@pytest.mark.parametrize(
    "text",
    [
        "s = sigmoid(x); x*s*(1 + x*(1 - s))",
        "s = sigmoid(x)\nx*s*(1 + x*(1 - s))",
        "\n\n s = sigmoid(x) # the gate\n\n x*s*(1 +\n x*(1 - s))\n",
        "s = sigmoid(x);\nx*s*(1 + x*(1 - s));",
        "s = sigmoid(x); r = 1 - s; x*s*(1 + x*r)",
    ],
)
def test_local_names(text: str) -> None:
    same(text, "x*sigmoid(x)*(1 + x*(1 - sigmoid(x)))")


def test_a_local_name_is_no_parameter() -> None:
    assert dict(parse("a = 2*b; a*x").parameters) == {"b": 1.0}


@pytest.mark.parametrize(
    ("text", "kind", "inputs"),
    [
        ("x*a", "activation", ("x",)),
        ("y - p", "loss", ("y", "p")),
        ("-log(p)", "loss", ("y", "p")),
        ("y*z", "loss", ("y", "z")),
        ("y*z*p", "loss", ("y", "p", "z")),
        ("(y - f)**2", "loss", ("y", "p")),
        ("y_true - y_pred", "loss", ("y", "p")),
        ("y - yhat", "loss", ("y", "p")),
        ("y - y_hat", "loss", ("y", "p")),
        ("x*p", "plain", ("x", "p")),
        ("a + 2", "plain", ()),
        ("2", "plain", ()),
    ],
)
def test_kind_follows_from_the_inputs(text: str, kind: str, inputs: tuple[str, ...]) -> None:
    expression = parse(text)
    assert (expression.kind, expression.inputs) == (kind, inputs)


@pytest.mark.parametrize(
    ("text", "kind", "inputs", "parameters"),
    [
        ("x*p", "activation", ("x",), ["p"]),
        ("x*f", None, ("x",), ["f"]),
        ("x*p", "loss", ("y", "p"), ["x"]),
        ("a", "activation", ("x",), ["a"]),
        ("x*p", "plain", ("x", "p"), []),
        ("f*a", "loss", ("y", "p"), ["a"]),
        ("f*a", "plain", (), ["f", "a"]),
    ],
)
def test_kind_can_be_given(text: str, kind: str | None, inputs: tuple[str, ...], parameters: list[str]) -> None:
    expression = parse(text, kind=kind)
    assert (expression.inputs, list(expression.parameters)) == (inputs, parameters)


def test_constants_are_no_parameters() -> None:
    expression = parse("x*pi*e*C*eps")
    assert expression.program.constants == ("pi", "e", "C", "eps")
    assert dict(expression.parameters) == {}
    assert expression.constant_values(C=10)["eps"] == 1e-7
    with pytest.raises(DomainError, match=r"C=10.*f\(x; C = 10\)"):
        expression.constant_values()


HEADER = "pswish(x; beta: channel = 1.0) = x*sigmoid(beta*x)"


def test_header() -> None:
    expression = parse(HEADER)
    assert expression.name == "pswish"
    assert expression.inputs == ("x",)
    assert dict(expression.settings) == {"beta": Parameter(1.0, "channel")}
    assert expression == parse("f(x; beta: channel) = x*sigmoid(beta*x)")
    assert expression != parse("x*sigmoid(beta*x)")
    assert expression.digest == parse("x*sigmoid(beta*x)").digest


@pytest.mark.parametrize(
    ("text", "kind", "inputs", "settings", "constants"),
    [
        ("f(x) = x", "activation", ("x",), {}, {}),
        ("f(a, b) = a*b", "plain", ("a", "b"), {}, {}),
        ("f(p, y) = p - y", "loss", ("p", "y"), {}, {}),
        ("f(y_true, y_pred) = y_true - y_pred", "loss", ("y", "p"), {}, {}),
        ("f(y, f) = y - f", "loss", ("y", "p"), {}, {}),
        ("f() = 2*a", "plain", (), {"a": (1.0, None)}, {}),
        ("f(; a = -3) = 2*a", "plain", (), {"a": (-3.0, None)}, {}),
        ("f(x; a = 2, b: neuron) = a*b*x", "activation", ("x",), {"a": (2.0, None), "b": (1.0, "neuron")}, {}),
        ("f(x; p) = p*x", "activation", ("x",), {"p": (1.0, None)}, {}),
        ("f{x} = x", "activation", ("x",), {}, {}),
        ("f(y, p; C = 10, eps = 1e-3) = y*log(C*p + eps)", "loss", ("y", "p"), {}, {"C": 10.0, "eps": 1e-3}),
        ("f(y, p; eps = 1e-7) = y*log(p + eps)", "loss", ("y", "p"), {}, {}),
        ("f(α; β₁ = 2) =\n α*β₁", "plain", ("alpha",), {"beta1": (2.0, None)}, {}),
        ("\n\nσ(x; σ = 2) = σ*x", "activation", ("x",), {"sigma": (2.0, None)}, {}),
        ("relu(x) = max(x, 0)", "activation", ("x",), {}, {}),
        ("f(x; lambda = 0.5) = x if x > 0 else lambda*x", "activation", ("x",), {"lambda": (0.5, None)}, {}),
    ],
)
def test_header_forms(
    text: str,
    kind: str,
    inputs: tuple[str, ...],
    settings: dict[str, tuple[float, str | None]],
    constants: dict[str, float],
) -> None:
    expression = parse(text)
    assert (expression.kind, expression.inputs) == (kind, inputs)
    assert {name: (p.initial, p.granularity) for name, p in expression.settings.items()} == settings
    assert dict(expression.constants) == constants
    assert parse(str(expression), kind=expression.kind) == expression


def test_unused_inputs_of_a_header_stay() -> None:
    assert parse("f(x, y) = x").inputs == ("x", "y")
    assert str(parse("f(x, y) = x")) == "f(x, y) = x"


def test_kind_of_a_header_can_be_given() -> None:
    assert parse("f(a) = 2*a", kind="activation").kind == "activation"
    assert parse("f(x) = 2*x", kind="plain").kind == "plain"


def test_text_and_kind_are_checked() -> None:
    with pytest.raises(DomainError, match="kind 'los' is not one of activation, loss, plain"):
        parse("x", kind="los")
    with pytest.raises(DomainError, match="text must be a str, not bytes"):
        parse(b"x")  # type: ignore[arg-type]
