"""On tails and beside points the values, and the logarithms of their sizes, lie between their parabolas."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import pytest

from symkit.analysis.certified.tail_bounds import Tail, bounds
from symkit.evaluation import evaluate_exact
from symkit.evaluation.analytic import precision
from symkit.ops import standard
from symkit.text import Expression, parse
from symkit.transform import gradient

TIMES = [0.0, 1e-3, 0.3, 1.0, 2.5, 7.0, 20.0, 60.0]
"""How far along a tail values are compared."""

TAILS = [
    Tail(9.0, 1),
    Tail(-9.0, -1),
    Tail(0.5, 1),
    Tail(-2.0, 1),
    Tail(1.25, -1),
    Tail(1e-12, -1, 0.0),
    Tail(-1e-12, 1, 0.0),
    Tail(0.5, -1, 0.0),
    Tail(1.5, -1, 1.0),
    Tail(0.3, 1, 1.0),
    Tail(-1.0 - 1e-9, 1, -1.0),
]

UNARY = [
    f"{operator.name}({argument})"
    for operator in standard().values()
    if operator.arity - len(operator.defaults) == 1
    for argument in ("x", "-2*x", "x**3")
]
COMPOSED = [
    "abs(x)**x",
    "abs(x)**-0.4",
    "abs(x)**2.5",
    "x**3 - 5*x",
    "x - x",
    "x/x",
    "1/x",
    "1/x**2",
    "1/(x - 1)",
    "sin(x)/x",
    "expm1(x)/x",
    "(x - 1)/log(abs(x))",
    "exp(x**2/2 - abs(x))",
    "exp(-x**2)*x**4",
    "exp(exp(x))",
    "exp(-exp(-x))",
    "log(abs(x))**2",
    "log1p(x*x)",
    "log(abs(log(abs(x))))",
    "x*sigmoid(-x)*exp(x)",
    "cosh(x)/exp(abs(x))",
    "arcsinh(sinh(x))",
    "hypot(x, 3)",
    "hypot(x, exp(x)) - x",
    "sqrt(1 + x**4)",
    "aq(x, x)",
    "max(x, exp(-x))",
    "min(x**2, 3 - x)",
    "where(x > 0, exp(-x), x*x)",
    "divide_no_nan(1, x)",
    "normal_cdf(x)*exp(abs(x))",
    "(exp(x) + 1)*(x*x + 1)*softplus(x)",
    "-exp(-x) - exp(x)",
    "log_cosh(x) - abs(x)",
    "exp(-1/x**2)",
    "exp(1/x)",
    "2*x*0",
]


def compared(expression: Expression, tail: Tail, derived: bool) -> int:
    """How many values were held against bounds that say something; asserts that they keep them."""
    from flint import arb

    program = gradient(expression.program, ["x"]) if derived else expression.program
    constants = {**expression.constant_values(), **expression.parameters}
    with precision(96):
        (found,) = bounds(program, "x", constants, tail)
    count = 0
    for t in TIMES:
        x = tail.start + tail.direction * t
        if tail.end is not None:
            x = tail.end + (tail.start - tail.end) * math.exp(-t)
            if x == tail.end:
                continue
        (value,) = evaluate_exact(program, {**constants, "x": x})
        if not mpmath.isfinite(value):
            # Too large for the exact evaluator, or not defined.
            assert not mpmath.isnan(value) or found.undefined.any()
            continue
        assert found.low.min() <= value <= found.high.max()
        with precision(128):
            # The time that the rounded x belongs to.
            time = abs(arb(x) - arb(tail.start))
            if tail.end is not None:
                time = (tail.length / abs(arb(x) - arb(tail.end))).log()
            ball = arb(mpmath.nstr(value, 28, strip_zeros=False)) * (1 + arb(0, 1e-25))
            for between, number in ((found.value, ball), (found.order, abs(ball).log())):
                if not value and between is found.order:
                    # The exact evaluator takes what is far below all floats for 0.
                    assert between.low is None or between.low[0] < -45000
                    continue
                for bound, sign in ((between.low, 1), (between.high, -1)):
                    if bound is not None:
                        count += 1
                        gap = (number - bound[0] - bound[1] * time - bound[2] * time * time) * sign
                        assert not gap < 0, (t, x, value, bound)
    return count


def tail_name(tail: Tail) -> str:
    return f"{tail.start:g} to {tail.end if tail.end is not None else tail.direction * math.inf:g}"


@pytest.mark.parametrize("tail", TAILS, ids=tail_name)
@pytest.mark.parametrize("text", COMPOSED)
def test_compositions_keep_their_bounds(text: str, tail: Tail) -> None:
    compared(parse(text), tail, derived=False)


@pytest.mark.parametrize("text", UNARY)
def test_operators_keep_their_bounds(text: str) -> None:
    assert sum(compared(parse(text), tail, derived=False) for tail in TAILS) > 0


@pytest.mark.parametrize("text", ["abs(x)**x", "tanh(x)", "swish(x)", "sqrt(abs(x))", "log(abs(x))", "x**3*exp(-x)"])
def test_derivatives_keep_their_bounds(text: str) -> None:
    assert sum(compared(parse(text), tail, derived=True) for tail in TAILS) > 0


@pytest.mark.parametrize(
    ("text", "tail", "order"),
    [
        ("x**3", Tail(10.0, 1), (3 * math.log(10), 0.3, 0)),
        ("exp(-x)", Tail(10.0, 1), (-10, -1, 0)),
        ("exp(x**2/2)", Tail(2.0, 1), (2, 2, 0.5)),
        ("1/x**2", Tail(0.5, -1, 0.0), (2 * math.log(2), 2, 0)),
        ("sinh(x)", Tail(5.0, 1), (5, 1, 0)),
    ],
)
def test_bounds_are_as_tight_as_they_should_be(text: str, tail: Tail, order: tuple[float, float, float]) -> None:
    (found,) = bounds(parse(text).program, "x", {}, tail)
    assert found.order.high is not None
    assert [float(c.mid()) for c in found.order.high] == pytest.approx(order, abs=1e-9)


def test_what_is_undefined_is_said() -> None:
    for text, tail in (("log(x)", Tail(-1.0, -1)), ("sqrt(x)", Tail(1.0, -1)), ("1/(x - 20)", Tail(9.0, 1))):
        (found,) = bounds(parse(text).program, "x", {}, tail)
        assert found.undefined.any()


def test_a_short_range_is_no_float_wide() -> None:
    tail: Any = Tail(1.0, -1, -1e-30)
    with precision(200):
        assert tail.length > 1
    assert (tail.leaf().low.min(), tail.leaf().high.max()) == (-1e-30, 1.0)
