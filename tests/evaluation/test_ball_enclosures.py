"""Balls hold what they claim to: the exact values at points and all over intervals, and nothing finite over a hole."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
from operators.jets import OPERATORS, jet
from operators.points import CONSTANTS, kinks, points, shortened

from symkit.evaluation import evaluate_balls, evaluate_exact
from symkit.ops import Operator
from symkit.text import parse


def ball_of(value: Any) -> Any:
    """An exact value as a ball, with room for what its 30 digits leave open."""
    from flint import arb

    sign, significand, exponent, _ = value._mpf_
    found = arb((-significand if sign else significand, exponent))
    return found + arb(0, 1e-28) * found


def encloses(ball: Any, exact: Any) -> bool:
    """A ball that is not finite says nothing; over a value that is not finite it must be one.

    The exact evaluator counts magnitudes above 2**65536 as infinite and below 2**-65536 as 0.
    """
    from flint import arb

    if not ball.is_finite():
        return True
    if abs(exact) == math.inf:
        return bool(ball * (1 if exact > 0 else -1) > arb(2) ** 65000)
    return bool(exact == exact and ball.overlaps(ball_of(exact) + arb(0, 1) * arb(2) ** -65000))


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.name)
def test_points(operator: Operator) -> None:
    """Value and derivatives to second order."""
    whole = jet(operator)
    tight = finite = 0
    for point in points(operator):
        if not all(map(math.isfinite, point)):
            continue
        values = dict(zip(whole.names, point, strict=True)) | CONSTANTS
        exact, balls = evaluate_exact(whole.program, values), evaluate_balls(whole.program, values)
        assert all(map(encloses, balls, exact)), point
        finite += exact[0] == exact[0] and abs(exact[0]) < math.inf
        tight += balls[0].rel_accuracy_bits() > 60 or (balls[0].is_finite() and balls[0].rad() < 1e-300)
    assert tight >= 0.8 * finite > 0


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.name)
def test_intervals(operator: Operator) -> None:
    """Each operand an interval, wide or narrow, over a kink or beside it; sampled inside and at the ends."""
    from flint import arb

    rng = random.Random(f"intervals {operator.name}")
    whole = jet(operator)
    centres = [tuple(rng.gauss(0, scale) for _ in range(operator.arity)) for scale in (0.3, 3) for _ in range(15)]
    centres += kinks(operator)[:10]
    finite = 0
    for centre in centres:
        mids = [shortened(value, 20) for value in centre]
        radii = [2.0 ** rng.randint(-12, 1) * rng.choice((0, 1, 1)) for _ in centre]
        intervals = {name: arb(*pair) for name, *pair in zip(whole.names, mids, radii, strict=True)}
        balls = evaluate_balls(whole.program, intervals | CONSTANTS)
        finite += balls[0].is_finite()
        for _ in range(12):
            inside = [
                mid + radius * rng.choice((-1, 0, 1, rng.uniform(-1, 1)))
                for mid, radius in zip(mids, radii, strict=True)
            ]
            exact = evaluate_exact(whole.program, dict(zip(whole.names, inside, strict=True)) | CONSTANTS)
            assert all(map(encloses, balls, exact)), (mids, radii, inside)
    assert finite >= 5


def test_expressions_over_intervals() -> None:
    from flint import arb

    rng = random.Random(3)
    for text in ("x*exp(-x**2)", "log(1 + x**2)/(2 + sin(x))", "max(x, tanh(x))*abs(x)", "where(x > 0.3, sqrt(x), -x)"):
        program = parse(text).program
        (ball,) = evaluate_balls(program, {"x": arb(0.25, 0.5)})
        for _ in range(50):
            (exact,) = evaluate_exact(program, {"x": rng.uniform(-0.25, 0.75)})
            assert encloses(ball, exact)
        assert ball.is_finite() or "sqrt" in text


def test_precision_is_put_back() -> None:
    from flint import ctx

    before = ctx.prec
    evaluate_balls(parse("x").program, {"x": 1.0}, bits=777)
    with pytest.raises(KeyError):
        evaluate_balls(parse("x + alpha").program, {"x": 1.0}, bits=777)
    assert ctx.prec == before


def test_more_bits_give_narrower_balls() -> None:
    program = parse("exp(x)/3 + pi").program
    radii = [float(evaluate_balls(program, {"x": 1.0}, bits)[0].rad()) for bits in (64, 128, 256)]
    assert radii[0] > 1e10 * radii[1] > 1e20 * radii[2]
