"""The exact evaluator where others go wrong: cancellation, saturation, poles, infinities, and no long waits."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable
from typing import Any

import mpmath
import pytest
from operators.jets import OPERATORS

from symkit.evaluation import evaluate_exact
from symkit.ir import ProgramBuilder
from symkit.ops import Operator, standard
from symkit.ops.exact_forms import bessel_ratio
from symkit.text import parse

INF, NAN = math.inf, math.nan


def exact(text: str, **values: float) -> mpmath.mpf:
    return evaluate_exact(parse(text).program, values)[0]


m = mpmath.mp
HARD: list[tuple[str, float, Callable[[Any], Any]]] = [
    ("log(1 + exp(x))", -1000.0, lambda x: m.log1p(m.exp(x))),
    ("log(1 + exp(x))", 1000.0, lambda x: x + m.log1p(m.exp(-x))),
    ("1 + x - 1", 1e-200, lambda x: x),
    ("(exp(x) - 1 - x)/x**2", 1e-30, lambda x: (m.expm1(x) - x) / x**2),
    ("sin(x)", 1e22, m.sin),
    ("cos(x)", 1e300, m.cos),
    ("tan(x)", 1e22, m.tan),
    ("sin(exp(x))", 1e3, lambda x: m.sin(m.exp(x))),
    ("i0e(x)", 1e38, lambda x: (1 + 1 / (8 * x)) / m.sqrt(2 * m.pi * x)),
    ("i1e(x)", -1e38, lambda x: -(1 + 3 / (8 * x)) / m.sqrt(-2 * m.pi * x)),
    ("log(1 - exp(-exp(-x)))", 700.0, lambda x: m.log(-m.expm1(-m.exp(-x)))),
    ("(1 + x)**(1/x)", 1e-200, lambda x: m.exp(m.log1p(x) / x)),
    ("log_cosh(x)", 1e-100, lambda x: m.log(m.cosh(x))),
    ("tanh(x) - 1", 300.0, lambda x: m.tanh(x) - 1),
    ("erfc(x)", 26.0, m.erfc),
    ("gelu(x)", -30.0, lambda x: x * m.erfc(-x / m.sqrt(2)) / 2),
    ("x**0.3", 1e300, lambda x: x ** m.mpf(0.3)),
    ("logaddexp(x, -x)", -1000.0, lambda x: m.log(m.exp(x) + m.exp(-x))),
]


@pytest.mark.parametrize(("text", "at", "wanted"), HARD)
def test_hard_values(text: str, at: float, wanted: Callable[[Any], Any]) -> None:
    with mpmath.workdps(2000):
        reference = wanted(mpmath.mpf(at))
        assert abs(exact(text, x=at) - reference) <= abs(reference) * mpmath.mpf(10) ** -29


def test_sine_of_1e22_as_published() -> None:
    """A standard test of argument reduction (K. C. Ng, Argument Reduction for Huge Arguments, 1992)."""
    assert float(exact("sin(x)", x=1e22)) == -0.8522008497671888


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("exp(exp(exp(x)))", INF),
        ("-exp(exp(exp(x)))", -INF),
        ("exp(-exp(exp(x)))", 0.0),
        ("1/exp(-exp(exp(x)))", INF),
        ("exp(exp(x)) - exp(exp(x))", 0.0),
        ("tanh(exp(exp(exp(x))))", 1.0),
        ("sigmoid(-exp(exp(exp(x))))", 0.0),
        ("erfc(exp(exp(exp(x))))", 0.0),
        ("i0e(exp(exp(exp(x))))", 0.0),
        ("sinh(-exp(exp(x)))", -INF),
    ],
)
def test_saturation(text: str, wanted: float) -> None:
    assert exact(text, x=10.0) == wanted


@pytest.mark.parametrize(
    ("text", "at", "wanted"),
    [
        ("1/x", 0.0, INF),
        ("-1/x", 0.0, -INF),
        ("0/x", 0.0, NAN),
        ("x/x", INF, NAN),
        ("log(x)", 0.0, -INF),
        ("log(x)", -1.0, NAN),
        ("sqrt(x)", -1.0, NAN),
        ("log1p(x)", -1.0, -INF),
        ("arctanh(x)", 1.0, INF),
        ("rsqrt(x)", 0.0, INF),
        ("x - x", INF, NAN),
        ("x*0", INF, NAN),
        ("max(x, 1)", NAN, NAN),
        ("where(x > 0, 1, 2)", NAN, 2.0),
        ("x != x", NAN, 1.0),
        ("tanh(x)", -INF, -1.0),
        ("sigmoid(x)", -INF, 0.0),
        ("arctan(x)", INF, None),
        ("erf(x)", -INF, -1.0),
        ("softplus(x)", -INF, 0.0),
        ("i1e(x)", INF, 0.0),
        ("sin(x)", INF, NAN),
        ("where(x > 1, log(x - 2), x)", -3.0, -3.0),
    ],
)
def test_poles_and_limits(text: str, at: float, wanted: float | None) -> None:
    value = exact(text, x=at)
    if wanted is None:
        assert abs(value - mpmath.pi / 2) < 1e-15
    elif wanted != wanted:
        assert value != value
    else:
        assert value == wanted


def test_power_follows_ieee_754() -> None:
    """As the C library has it, signs of zero aside: the exact evaluator has one zero."""
    special = (NAN, INF, -INF, 0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 2.5, -2.5)
    builder = ProgramBuilder()
    program = builder.build([builder.named("pow", (builder.input("a"), builder.input("b")))])
    for a, b in itertools.product(special, repeat=2):
        try:
            wanted = abs(math.pow(a, b)) if a == 0 else math.pow(a, b)
        except ValueError:
            wanted = INF if a == 0 else NAN
        value = float(evaluate_exact(program, {"a": a, "b": b})[0])
        assert value == pytest.approx(wanted, rel=1e-15, nan_ok=True), (a, b)


def test_power_of_a_large_exponent() -> None:
    with mpmath.workdps(60):
        base = mpmath.mpf(1 + 2.0**-30)
        assert abs(exact("x**1e9", x=float(base)) / base**1e9 - 1) < 1e-28
        assert exact("(-x)**1000000001", x=float(base)) < 0 < exact("(-x)**1000000002", x=float(base))


@pytest.mark.parametrize("order", [0, 1])
def test_scaled_bessel_functions(order: int) -> None:
    """Both series against mpmath's own, below and above the point where they meet."""
    context = mpmath.MPContext()
    context.prec = 160
    for x in (1e-30, 0.3, -2.5, 30.0, 150.0, 159.9, -160.1, 170.0, 600.0, -5000.0):
        with mpmath.workprec(220):
            wanted = mpmath.besseli(order, x) * mpmath.exp(-abs(mpmath.mpf(x)))
        assert abs(bessel_ratio(context, order, context.mpf(x)) / wanted - 1) < 2.0**-150


@pytest.mark.parametrize(
    "operator", [op for op in OPERATORS if op.exact is not None and op.expansion], ids=lambda op: op.name
)
def test_a_composite_means_its_expansion(operator: Operator) -> None:
    """An exact form of its own is the same function; the expansion's rounded literals show in the 17th digit."""
    names = "ab"[: operator.arity]
    builder = ProgramBuilder()
    operands = tuple(builder.input(name) for name in names)
    program = builder.build([builder.apply(operator, operands), builder.expand(operator, operands).index])
    for point in itertools.product((-7.0, -1.0, 0.0, 0.3, 4.0), repeat=operator.arity):
        own, expanded = evaluate_exact(program, dict(zip(names, point, strict=True)))
        assert abs(own - expanded) <= 1e-14 * abs(own), point


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("exp(exp(exp(x)))", 10.0),
        ("sin(exp(x))", 1e4),
        ("i0e(exp(x))", 4e4),
        ("where(i0e(x) == i0e(-x), 1, 0)", 300.0),
        ("where(sqrt(x)**2 == x, 1, 0)", 2.0),
        ("1/cos(pi/2)*x", 1.0),
        ("x*sin(pi)", 1.0),
        ("x**1e300", 1.0000001),
        ("erfc(x)", 1e300),
        ("sinh(x)/cosh(x)", 1e300),
        ("mish(x)", -1e300),
        ("smooth_relu(x, x)", 1e300),
    ],
)
def test_no_point_takes_long(text: str, at: float) -> None:
    program = parse(text).program
    start = time.process_time()
    evaluate_exact(program, {"x": at})
    assert time.process_time() - start < 2


def test_common_points_are_quick() -> None:
    program = parse("max(swish(x), alpha*log(sigmoid(relu(x))))*tanh(x)").program
    start = time.process_time()
    for step in range(300):
        evaluate_exact(program, {"x": step / 50 - 3, "alpha": 0.5})
    assert (time.process_time() - start) / 300 < 0.005


def test_values_are_taken_as_they_are() -> None:
    with mpmath.workprec(200):
        assert exact("x*10", x=0.1) == mpmath.mpf(0.1) * 10 != 1
        assert exact("eps + x", x=0.0, eps=1e-7) == mpmath.mpf(1e-7)
        assert abs(exact("pi*x", x=1.0) - mpmath.pi) < 1e-35
        assert abs(exact("e*x", x=1.0) - mpmath.e) < 1e-35


def test_several_roots_share_a_point() -> None:
    builder = ProgramBuilder()
    x = builder.term(builder.input("x"))
    b = builder.algebra
    program = builder.build([(x * x).index, b("log", x - 1).index, x.index])
    values = evaluate_exact(program, {"x": 1.0})
    assert [float(value) for value in values] == [1.0, -INF, 1.0]
    assert standard()["log"].exact is not None
