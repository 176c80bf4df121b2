"""Limits next to 0 against SymPy's and against values in high precision."""

from __future__ import annotations

import math

import mpmath
import pytest
import sympy

from symkit.analysis.losses.expansion import Undecided
from symkit.analysis.losses.expansion_forms import expansion
from symkit.analysis.losses.limits import limit
from symkit.evaluation import evaluate_exact
from symkit.ops import Operator, standard
from symkit.text import parse

T = sympy.Symbol("t", positive=True)

SAME_IN_SYMPY = [
    "t*log(t)",
    "1/t - 1/t",
    "(1 - 9*t)/(9*t)",
    "(1 - cos(t))/t",
    "9*t*(1 - 9*t)*(1/(9*t) - 2/(1 - 9*t))",
    "(sqrt(1 + t) - 1)/t",
    "(exp(2*t) - 1)/t",
    "log(1 + 3*t)/t",
    "-log(t)",
    "t**2*log(t)**3",
    "(1 + t)**(1/t)",
    "sqrt(t)/t",
    "sqrt(1 + 1/t**2) - 1/t",
    "1/t - 1/t**2",
    "exp(-1/t)/t**5",
    "tanh(1/t)",
    "atan(-1/t)",
    "(t**2 + t)/(t**3 + 2*t)",
    "log(1 + 1/t**2)/log(t)*t",
    "log(log(3) + t)",
    "(1/t)**(3/2) - 5/t",
]


@pytest.mark.parametrize("text", SAME_IN_SYMPY)
def test_limits_are_sympys(text: str) -> None:
    expected = sympy.limit(sympy.sympify(text, locals={"t": T}), T, 0, "+")
    ours = text.replace("atan", "arctan")
    found = limit(parse(f"f(t) = {ours}").program, {}, "t")
    assert found.value is not None
    assert math.isclose(found.value, float(expected), rel_tol=1e-14, abs_tol=1e-300)


@pytest.mark.parametrize("text", ["t*log(t)", "1/t - 1/t", "sqrt(t)/t", "exp(-1/t)/t**5", "where(t > 0, 3, log(-t))"])
def test_certain_ones_say_so(text: str) -> None:
    assert limit(parse(f"f(t) = {text}").program, {}, "t").how == "certified"


def test_what_is_no_limit() -> None:
    waves = limit(parse("f(t) = sin(1/t)").program, {}, "t")
    assert (waves.value, waves.how) == (None, "")
    assert "settle" in waves.reason
    undefined = limit(parse("f(t) = log(-t)").program, {}, "t")
    assert undefined.value is None
    assert "not defined" in undefined.reason


def test_a_doubtful_coefficient_is_not_taken_for_zero() -> None:
    """log(3) - log(3/2) - log(2) is 0, which no ball says."""
    program = parse("f(t) = (log(3) - log(1.5) - log(2))/t").program
    with pytest.raises(Undecided):
        _ = expansion(program, {}, "t").limit


@pytest.mark.parametrize(
    "text",
    [
        "(1 - 9*t)**2.5*log(9*t)/(1 + t)",
        "exp(t*log(t))",
        "log(t + t**2)*sqrt(4 + t)",
        "sigmoid(log(t) - log(1 - t))/t",
        "tanh(t)/t",
        "abs(log(1.1*(1 - t)))/t",
        "log1p(-t) + expm1(t) + 1/(t + t**2)",
        "min(t, t**2) + max(t, -1/t)",
        "(2 + t)**t",
    ],
)
def test_terms_add_up_to_the_function(text: str) -> None:
    assert_terms_add_up(text)


ASYMPTOTIC = [operator for operator in standard().values() if operator.asymptotic is not None]
PIECEWISE = [operator for operator in standard().values() if operator.piece is not None and operator.analytic is None]


@pytest.mark.parametrize("operator", ASYMPTOTIC, ids=lambda operator: operator.name)
@pytest.mark.parametrize("operands", ["t, 2", "1/t + t**2, 0.5", "3 - t, -1", "1 + t, t - t**2", "-t**3, 3"])
def test_terms_of_every_form(operator: Operator, operands: str) -> None:
    """Next to 0, next to an infinity, and between."""
    text = f"{operator.name}({', '.join(operands.split(', ')[: operator.arity])})"
    if text in UNDECIDED:
        with pytest.raises(Undecided):
            expansion(parse(f"f(t) = {text}").program, {}, "t")
    else:
        assert_terms_add_up(text)


UNDECIDED = {"exp(1/t + t**2)", "expm1(1/t + t**2)", "log(-t**3)", "sqrt(-t**3)"}
"""They grow faster than every power, or are not defined."""


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "arctan", "exp", "expm1"])
def test_terms_next_to_minus_infinity(name: str) -> None:
    assert_terms_add_up(f"{name}(3 - 1/t)")


@pytest.mark.parametrize("operator", PIECEWISE, ids=lambda operator: operator.name)
@pytest.mark.parametrize("operands", ["3 + t, 3, -t", "-1/t, t, 1", "2, 2, t", "t - t, 3*t, -t", "1 - t, 1, 0"])
def test_terms_of_every_piece(operator: Operator, operands: str) -> None:
    """Beside the kink, on it, and far from it."""
    assert_terms_add_up(f"{operator.name}({', '.join(operands.split(', ')[: operator.arity])})")


@pytest.mark.parametrize(
    "text",
    [
        "abs(exp(-1/t))",
        "max(t, t + exp(-1/t))",
        "where(exp(-1/t), t - 1 + 1, t)",
        "logical_or(exp(-1/t), t)",
        "i1e(-t) + i1e(2 - t) + i1e(exp(-1/t))",
    ],
)
def test_an_unknown_sign_does_not_matter_where_all_pieces_agree(text: str) -> None:
    assert_terms_add_up(text)


@pytest.mark.parametrize("text", ["sign(exp(-1/t))", "max(exp(-1/t), 1) < exp(-1/t) + 1", "where(exp(-1/t), 1, 2)"])
def test_an_unknown_sign_matters_where_they_differ(text: str) -> None:
    with pytest.raises(Undecided):
        expansion(parse(f"f(t) = {text}").program, {}, "t")


def assert_terms_add_up(text: str) -> None:
    """The difference is of the order that is claimed."""
    program = parse(f"f(t) = {text}").program
    found = expansion(program, {}, "t")
    t = 2.0**-60
    with mpmath.workprec(2000):
        logarithm = -mpmath.log(mpmath.mpf(t))
        total = mpmath.fsum(
            mpmath.mpf(c.mid().str(90, radius=False))
            * mpmath.mpf(t) ** (mpmath.mpf(a.numerator) / a.denominator)
            * logarithm**b
            for (a, b), c in found.terms.items()
        )
        exact = mpmath.mpf(evaluate_exact(program, {"t": t})[0])
        order = min(float(found.order), 3.0)
        assert abs(total - exact) <= 1e6 * mpmath.mpf(t) ** order + abs(exact) * mpmath.mpf(10) ** -28
