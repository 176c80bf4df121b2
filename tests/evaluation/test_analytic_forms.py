"""Complex balls of operators hold the values of the analytic function, and are not finite where there is none."""

from __future__ import annotations

import math
import random
from typing import Any

import mpmath
import pytest

from symkit.errors import DomainError
from symkit.evaluation import evaluate_exact
from symkit.evaluation.analytic import AnalyticEvaluator, has_exact_slope, is_analytic, precision, real_ball
from symkit.ir import ProgramBuilder
from symkit.ops import Operator, standard
from symkit.text import parse

BITS = 96
DIGITS = 60
ANALYTIC = [operator for operator in standard().values() if operator.analytic is not None]


def principal_power(a: Any, b: Any) -> Any:
    return mpmath.exp(b * mpmath.log(a))


MEANINGS: dict[str, Any] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "square": lambda a: a * a,
    "pow": principal_power,
    "exp": mpmath.exp,
    "expm1": lambda x: mpmath.exp(x) - 1,
    "log": mpmath.log,
    "log1p": lambda x: mpmath.log(1 + x),
    "sqrt": mpmath.sqrt,
    "hypot": lambda x, y: mpmath.sqrt(x * x + y * y),
    "log_cosh": lambda x: mpmath.log(mpmath.cosh(x)),
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "log_sigmoid": lambda x: -mpmath.log(1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "logaddexp": lambda x, y: x + mpmath.log(1 + mpmath.exp(y - x)),
    "erf": mpmath.erf,
    "erfc": mpmath.erfc,
    "i0e": lambda x: mpmath.exp(-x) * mpmath.besseli(0, x),
    "i1e": lambda x: mpmath.exp(-x) * mpmath.besseli(1, x),
    "normal_pdf": lambda x: mpmath.exp(-x * x / 2) / mpmath.sqrt(2 * mpmath.pi),
    "normal_cdf": lambda x: mpmath.erfc(-x / mpmath.sqrt(2)) / 2,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "tan": mpmath.tan,
    "sinc": lambda x: mpmath.sin(x) / x if x else mpmath.mpf(1),
    "arctan": mpmath.atan,
    "sinh": mpmath.sinh,
    "cosh": mpmath.cosh,
    "tanh": mpmath.tanh,
    "arcsinh": mpmath.asinh,
    "arctanh": mpmath.atanh,
}
"""What the operators mean in the complex plane, the principal branches; i0e and i1e those of the right half."""

CUTS = {
    "log": [(-1, 0), (0, 0), (-5, 0)],
    "log1p": [(-2, 0), (-1, 0)],
    "sqrt": [(-1, 0), (0, 0)],
    "arctan": [(0, 1), (0, -1), (0, 3)],
    "arcsinh": [(0, 1), (0, -2)],
    "arctanh": [(1, 0), (-1, 0), (4, 0)],
    "softplus": [(0, math.pi), (3, -math.pi)],
    "log_sigmoid": [(0, math.pi), (-3, math.pi)],
    "log_cosh": [(0, math.pi / 2), (0, 3)],
    "sigmoid": [(0, math.pi)],
    "tan": [(math.pi / 2, 0)],
    "tanh": [(0, math.pi / 2)],
}
"""Points on branch cuts and at poles."""

Disc = tuple[complex, float, float]
"""A middle, and how far a box reaches from it in the real and in the imaginary direction."""


def box(disc: Disc) -> Any:
    from flint import acb, arb

    middle, real, imaginary = disc
    return acb(arb(middle.real, real), arb(middle.imag, imaginary))


def drawn(rng: random.Random) -> Disc:
    real = rng.choice([0.0, rng.uniform(-4, 4), rng.uniform(-30, 30)])
    imaginary = rng.choice([0.0, 0.0, rng.uniform(-4, 4), rng.uniform(-0.5, 0.5)])
    radius = rng.choice([0.0, 1e-6, 0.05, 0.3, 1.0, 2.0])
    return complex(real, imaginary), radius, rng.choice([0.0, radius])


def inside(disc: Disc, rng: random.Random) -> Any:
    middle, real, imaginary = disc
    shift = [rng.choice([-1, 0, 1, rng.uniform(-1, 1)]) for _ in range(2)]
    return mpmath.mpc(middle.real + real * shift[0], middle.imag + imaginary * shift[1])


def part_ball(value: Any) -> Any:
    """A real mpf with room for what its digits leave open."""
    from flint import arb

    return arb(mpmath.nstr(value, DIGITS - 5, strip_zeros=False)) + arb(0, 1e-40) * (1 + abs(arb(float(value))))


def holds(ball: Any, value: Any) -> bool:
    value = mpmath.mpc(value)
    with precision(250):
        return bool(ball.real.overlaps(part_ball(value.real)) and ball.imag.overlaps(part_ball(value.imag)))


def test_every_form_has_a_meaning_here() -> None:
    assert {operator.name for operator in ANALYTIC} == set(MEANINGS)


@pytest.mark.parametrize("operator", ANALYTIC, ids=repr)
def test_finite_balls_hold_the_values_at_points_of_a_box(operator: Operator) -> None:
    rng = random.Random(operator.name)
    finite = 0
    assert operator.analytic is not None
    with mpmath.workdps(DIGITS), precision(BITS):
        for _ in range(60):
            discs = [drawn(rng) for _ in range(operator.arity)]
            ball = operator.analytic(*map(box, discs))
            if not ball.is_finite():
                continue
            finite += 1
            for _ in range(3):
                points = [inside(disc, rng) for disc in discs]
                assert holds(ball, MEANINGS[operator.name](*points)), (discs, points)
    assert finite >= 20


@pytest.mark.parametrize("operator", ANALYTIC, ids=repr)
def test_points_have_tight_balls_around_the_exact_values(operator: Operator) -> None:
    from flint import acb

    rng = random.Random(operator.name)
    builder = ProgramBuilder()
    names = [str(slot) for slot in range(operator.arity)]
    program = builder.build([builder.apply(operator, tuple(builder.input(name) for name in names))])
    assert operator.analytic is not None
    compared = 0
    for _ in range(40):
        numbers = [rng.choice([rng.uniform(0.01, 0.99), rng.uniform(0, 5), rng.uniform(-20, 20)]) for _ in names]
        # Left of 0 these are another analytic function.
        if operator.kinks is not None and operator.piece is not None:
            numbers = [abs(number) for number in numbers]
        (exact,) = evaluate_exact(program, dict(zip(names, numbers, strict=True)))
        with precision(BITS):
            ball = operator.analytic(*map(acb, numbers))
        if not mpmath.isfinite(exact) or not ball.is_finite():
            # Where it is undefined it is not finite; the other way round only exactly at edges.
            assert not ball.is_finite()
            continue
        compared += 1
        assert ball.imag.contains(0)
        assert ball.rad() < 1e-18 * max(1.0, abs(float(exact)))
        slack = real_ball(-1e-25, 1e-25) * (1 + abs(acb(float(exact))))
        assert (ball + slack).real.overlaps(part_ball(mpmath.mpf(exact)))
    assert compared >= 10


@pytest.mark.parametrize(("name", "point"), [(name, point) for name, points in CUTS.items() for point in points])
@pytest.mark.parametrize("radius", [1e-9, 0.1, 1.0])
def test_a_box_across_a_cut_or_pole_is_not_finite(name: str, point: tuple[float, float], radius: float) -> None:
    form = standard()[name].analytic
    assert form is not None
    with precision(BITS):
        assert not form(box((complex(*point), radius, radius))).is_finite()


@pytest.mark.parametrize("exponent", [0.5, -0.5, 1.5, 1 / 3, math.pi])
def test_powers_that_are_not_whole_are_cut_left_of_0(exponent: float) -> None:
    from flint import acb

    form = standard()["pow"].analytic
    assert form is not None
    for middle in (0.0, -1.0, -10.0):
        assert not form(box((complex(middle, 0), 0.5, 0.5)), acb(exponent)).is_finite()
    assert form(box((2 + 0j, 0.5, 0.5)), acb(exponent)).is_finite()


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0, 3.0, 7.0])
def test_whole_powers_are_analytic_everywhere(exponent: float) -> None:
    from flint import acb

    form = standard()["pow"].analytic
    assert form is not None
    ball = form(box((0j, 1.0, 1.0)), acb(exponent))
    assert ball.is_finite()
    assert holds(ball, mpmath.mpc(-0.5, 0.25) ** int(exponent))
    assert not form(box((0j, 1.0, 1.0)), acb(-2.0)).is_finite()


def test_kinks_are_not_hidden_in_composites() -> None:
    """abs(x) as a root is analytic on neither side of a box around 0."""
    for text in ("sqrt(x*x)", "sqrt(x**2)", "hypot(x, 0)", "log(x**2)", "(x**2)**0.5"):
        program = parse(text).program
        assert is_analytic(program)
        (ball,) = AnalyticEvaluator(program, "x", {})(box((0j, 0.5, 0.5)))
        assert not ball.is_finite()


def test_operators_that_are_not_analytic_are_refused() -> None:
    for text in ("abs(x)", "relu(x)", "sign(x)", "where(x > 0, x, 0)", "max(x, 1)", "x > 0"):
        program = parse(text).program
        assert not is_analytic(program)
        with pytest.raises(DomainError, match="not analytic"):
            AnalyticEvaluator(program, "x", {})


def test_names_without_a_value_are_refused() -> None:
    with pytest.raises(DomainError, match="alpha has no value"):
        AnalyticEvaluator(parse("alpha*x").program, "x", {})


def test_constants_are_exact() -> None:
    from flint import acb, arb

    with precision(BITS):
        (ball,) = AnalyticEvaluator(parse("pi*x + e").program, "x", {})(acb(1))
        assert (ball - arb.pi() - arb.const_e()).contains(0)
        assert ball.rad() < 1e-25


@pytest.mark.parametrize(
    ("text", "is_exact"),
    [
        ("tanh(x)", True),
        ("gelu(x)", True),
        ("x*erf(x)", False),
        ("sinc(x)", False),
        ("i1e(x)", False),
        ("i0e(x)", True),
    ],
)
def test_derivatives_that_are_rounded_are_known(text: str, is_exact: bool) -> None:
    assert has_exact_slope(parse(text).program) == is_exact
