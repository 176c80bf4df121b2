"""LaTeX: what is written, and that TeX would take it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from latex_checker import LatexError, check_latex

from symkit.ops import Operator, standard
from symkit.spaces import Recipe, generate
from symkit.text import define, parse

DATA = Path(__file__).parent.parent / "data" / "expressions.json"
LITERATURE: dict[str, dict[str, str]] = json.loads(DATA.read_text(encoding="utf-8"))["expressions"]


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("x", "x"),
        ("alpha1*x", r"\alpha_{1} x"),
        ("lambda*Gamma*Beta*omicron", r"\lambda \Gamma \mathrm{B} \cdot \mathit{omicron}"),
        ("phi_ij*y_in*foo_bar_2", r"\phi_{\mathit{ij}} y_{\mathit{in}} \cdot \mathit{foo\_bar\_2}"),
        ("pi*e*eps*C", r"\pi e \epsilon C"),
        ("2*x", "2 x"),
        ("x*2", r"x \cdot 2"),
        ("2*3", r"2 \cdot 3"),
        ("-2*x", "-2 x"),
        ("x*-2", r"x \cdot \left(-2\right)"),
        ("2*3**x", r"2 \cdot 3^{x}"),
        ("2*(x/3)", r"2 \cdot \frac{x}{3}"),
        ("beta*x*sigmoid(beta*x)", r"\beta x \sigma\left(\beta x\right)"),
        ("x*(x + 1)", r"x \cdot \left(x + 1\right)"),
        ("x*abs(x)", r"x \cdot \left|x\right|"),
        ("foo*bar", r"\mathit{foo} \cdot \mathit{bar}"),
        ("1e-7*x", "10^{-7} x"),
        ("-2.5e20*x", r"-2.5 \cdot 10^{20} x"),
        ("1e-7**2", r"\left(10^{-7}\right)^{2}"),
        ("x - -2", r"x - \left(-2\right)"),
        ("x + -y*z", r"x + \left(-y z\right)"),
        ("--x", r"-\left(-x\right)"),
        ("-(x + y)", r"-\left(x + y\right)"),
        ("x - (y - z)", r"x - \left(y - z\right)"),
        ("x/y/z", r"\frac{\frac{x}{y}}{z}"),
        ("(x/y)**2", r"\left(\frac{x}{y}\right)^{2}"),
        ("-x**2", "-x^{2}"),
        ("(-x)**2", r"\left(-x\right)^{2}"),
        ("x**y**z", "x^{y^{z}}"),
        ("(x**y)**z", r"\left(x^{y}\right)^{z}"),
        ("square(exp(x))", r"\left(e^{x}\right)^{2}"),
        ("exp(x)**2", r"\left(e^{x}\right)^{2}"),
        ("log(x)**2", r"\left(\log\left(x\right)\right)^{2}"),
        ("abs(x)**2", r"\left|x\right|^{2}"),
        ("sqrt(x)**2", r"\sqrt{x}^{2}"),
        ("gaussian(x + 1)", r"e^{-\left(x + 1\right)^{2}}"),
        ("hypot(x, -y)", r"\sqrt{x^{2} + \left(-y\right)^{2}}"),
        ("log1p(-x)", r"\log\left(1 + \left(-x\right)\right)"),
        ("x < y", "x < y"),
        ("(x < y)*z", r"\left[x < y\right] \cdot z"),
        ("(x < y) < z", r"\left[x < y\right] < z"),
        ("logical_and(x > 0, logical_not(x > 1))", r"x > 0 \wedge \left(\neg \left(x > 1\right)\right)"),
        ("where(x > 0, x, 0)", r"\begin{cases} x & x > 0 \\ 0 & \text{otherwise} \end{cases}"),
        ("where(x, x, 0)", r"\begin{cases} x & x \ne 0 \\ 0 & \text{otherwise} \end{cases}"),
        ("max(x, y, z)", r"\max\left\{x, y, z\right\}"),
        ("max(x, max(y, z))", r"\max\left\{x, \max\left\{y, z\right\}\right\}"),
        ("leaky_relu(x)", r"\operatorname{LeakyReLU}\left(x\right)"),
        ("leaky_relu(x, 0.2)", r"\operatorname{LeakyReLU}\left(x; 0.2\right)"),
        ("elu(x, alpha)", r"\operatorname{ELU}\left(x; \alpha\right)"),
        ("hardtanh(x)", r"\operatorname{hardtanh}\left(x\right)"),
        ("hardtanh(x, -1, 2)", r"\operatorname{hardtanh}\left(x, -1, 2\right)"),
        ("hard_sigmoid_torch(x)", r"\operatorname{hard\_sigmoid\_torch}\left(x\right)"),
    ],
)
def test_latex_form(text: str, latex: str) -> None:
    assert parse(text).latex() == latex
    check_latex(latex)


def test_large_shared_subterms_are_named() -> None:
    expression = parse("s = tanh(alpha*x + log(1 + exp(x)))*sigmoid(beta*x); s*(1 - s)")
    latex = expression.latex()
    check_latex(latex)
    assert latex == (
        "\\begin{aligned}\n"
        "t_{1} &= \\tanh\\left(\\alpha x + \\log\\left(1 + e^{x}\\right)\\right) \\cdot \\sigma\\left(\\beta x\\right)"
        " \\\\\n"
        "& t_{1} \\cdot \\left(1 - t_{1}\\right)\n"
        "\\end{aligned}"
    )


def test_an_operand_that_a_notation_shows_twice_is_not_unrolled() -> None:
    deep = "i0e(" * 150 + "x" + ")" * 150
    latex = parse(deep).latex()
    check_latex(latex)
    assert len(latex) < 20_000


def test_defined_operators_have_a_plain_notation() -> None:
    table = define("my_gate", "f(x; k = 2) = sigmoid(k*x)")
    latex = parse("x*my_gate(x) + my_gate(x, 3)", table=table).latex()
    assert latex == (r"x \operatorname{my\_gate}\left(x\right) + \operatorname{my\_gate}\left(x, 3\right)")
    check_latex(latex)


@pytest.mark.parametrize("text", [entry["expression"] for entry in LITERATURE.values()], ids=list(LITERATURE))
def test_latex_of_the_literature(text: str) -> None:
    check_latex(parse(text).latex())


def call(operator: Operator, operands: list[str]) -> str:
    return f"{operator.name}({', '.join(operands[: operator.arity])})"


HARD = ["-x", "x + y", "x*-y", "x/y", "x**2", "exp(x)", "log(x)", "x > y", "-2.5e-9", "where(x > 0, x, y)", "abs(x)"]


@pytest.mark.parametrize("operator", standard().values(), ids=lambda operator: operator.name)
def test_every_operator_around_every_shape(operator: Operator) -> None:
    for shape in HARD:
        inner = call(operator, [shape, "y", shape])
        check_latex(parse(inner).latex())
        check_latex(parse(call(operator, ["y", shape, "x"])).latex())
        for outer in (
            f"({inner})**2",
            f"square({inner})",
            f"-({inner})",
            f"2*({inner})",
            f"({inner})*x",
            f"1 - {inner}",
        ):
            check_latex(parse(outer).latex())


@settings(max_examples=300)
@given(seed=st.integers(0, 2**64))
def test_latex_of_random_expressions(seed: int) -> None:
    literals = (0.0, -1.0, 2.5, -1e-7, 1e22, -3.7e-30)
    parameters = ("alpha", "beta_1", "omega", "foo", "y_in", "_a")
    recipe = Recipe(max_size=40, max_depth=12, literals=literals, parameters=parameters, constants=("pi", "C"))
    check_latex(generate(seed, recipe).latex())


@pytest.mark.parametrize(
    "latex",
    [
        "e^{x}^{2}",
        "x^2^3",
        "{x",
        "x}",
        r"\left(x",
        r"\left(x}\right)",
        "x_",
        "^{2}",
        r"\foo",
        r"\frac{x}",
        "x & y",
        "x^{",
    ]
    + [r"\begin{cases} x", r"\begin{cases} x \end{aligned}", r"\operatorname{a_b}", "x # y", r"\mathit{}"],
)
def test_the_checker_finds_what_is_wrong(latex: str) -> None:
    with pytest.raises(LatexError):
        check_latex(latex)
