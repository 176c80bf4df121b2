"""Folding keeps the real function wherever it is defined."""

from __future__ import annotations

import math
import time
from random import Random
from typing import Any

import pytest

from symkit import parse
from symkit.checking.folding import depends_on, folded
from symkit.checking.region import Region
from symkit.evaluation import evaluate_balls
from symkit.ir import Kind, Program
from symkit.spaces.generate import Recipe, generated
from symkit.text import Expression

EVERYWHERE = (-math.inf, math.inf)
LITERALS = (0.0, 1.0, 2.0, 0.1, 0.3, 3.0, -1.0, 0.5, 1e-3)


def over(e: Expression, bounds: tuple[float, float] = EVERYWHERE) -> Region:
    return Region.of(dict.fromkeys((*e.inputs, *e.parameters), bounds), None)


def folded_text(text: str, bounds: tuple[float, float] = EVERYWHERE) -> Program:
    e = parse(text)
    return folded(e.program, over(e, bounds), e.constant_values())


def ball(program: Program, e: Expression, at: dict[str, float]) -> Any:
    return evaluate_balls(program, {**e.constant_values(), **at}, 300)[0]


@pytest.mark.parametrize(
    ("text", "bounds", "gone"),
    [
        ("p + y - y", EVERYWHERE, "y"),
        ("p**2 + 0*y", EVERYWHERE, "y"),
        ("y/4 - 0.25*y + p", EVERYWHERE, "y"),
        ("2*(y + p) - y - y", EVERYWHERE, "y"),
        ("-(y - p) + y", EVERYWHERE, "y"),
        ("1e308*y + 1e308*y + p - (1e308*y + 1e308*y)", EVERYWHERE, "y"),
        ("max(p**2 + 1, -y**2)", EVERYWHERE, "y"),
        ("min(p, y)", (1, 1), "y"),
        ("relu(-y**2 - 1) + p", EVERYWHERE, "y"),
        ("where(y < 2, p, y)", (0, 1), "y"),
        ("where(p > 2, p, p) + y*0", (0, 5), "y"),
        ("square(y) - y*y + p", EVERYWHERE, "y"),
        ("gelu(y) - gelu(y) + p", EVERYWHERE, "y"),
        ("y**(p - p) + p", EVERYWHERE, "y"),
        ("sign(y**2 + 1) + p", EVERYWHERE, "y"),
    ],
)
def test_what_has_no_part_is_gone(text: str, bounds: tuple[float, float], gone: str) -> None:
    assert not depends_on(folded_text(text, bounds), gone)


@pytest.mark.parametrize(
    "text",
    [
        "0.1*y + 0.2*y - 0.3*y + p",
        "(0.1*y + 0.2*y + p - p) - 0.30000000000000004*y + p",
        "y/3 - 0.3333333333333333*y + p",
        "y/0.1 - 10*y + p",
        "pi*y - 3.141592653589793*y + p",
        "sign(y) + p",
        "(y > 0) + p",
        "y**1.0000000000000002 - y + p",
        "normal_cdf(y) - 0.5*erfc(-0.7071067811865476*y) + p",
        "max(y, p) - p",
        "where(y, p, p + 1)",
    ],
)
def test_what_has_a_part_stays(text: str) -> None:
    assert depends_on(folded_text(text), "y")


@pytest.mark.parametrize("text", ["(0.1*y + 0.2*y + p) - p", "1e308*y + 1e308*y + p - p", "y/3 + p - p"])
def test_coefficients_are_not_rounded(text: str) -> None:
    e = parse(text)
    smaller = folded(e.program, over(e), e.constant_values())
    for y in (1.0, -0.3, 1e5):
        difference = ball(smaller, e, {"y": y, "p": 2.0}) - ball(e.program, e, {"y": y, "p": 2.0})
        assert abs(float(difference)) <= 1e-60 * abs(y) * (1e308 if "1e308" in text else 1)


def test_a_settled_number_is_exact() -> None:
    assert folded_text("(y - y) + 0.5").nodes[-1].kind is Kind.NUMBER
    assert folded_text("(y - y) + sqrt(2)").nodes[-1].kind is not Kind.NUMBER


@pytest.mark.parametrize(
    ("operators", "count"),
    [
        (None, 250),
        ("add sub mul neg div pow sign where max min gt le abs relu square".split(), 450),
    ],
)
def test_random_functions_stay_the_same(operators: list[str] | None, count: int) -> None:
    recipe = Recipe(inputs=("y", "p"), parameters=(), literals=LITERALS, max_size=14, sharing=0.45, operators=operators)
    rng = Random(2)
    expressions = generated(rng, recipe)
    changed = 0
    for _ in range(count):
        e = next(expressions)
        bounds = rng.choice([EVERYWHERE, (0.0, 1.0), (-2.0, 3.0)])
        smaller = folded(e.program, over(e, bounds), e.constant_values())
        changed += smaller != e.program
        for _ in range(12):
            at = {name: rng.choice([0.0, 1.0, rng.uniform(-2, 3), rng.gauss(0, 1e3)]) for name in e.inputs}
            at = {name: min(max(number, bounds[0]), bounds[1]) for name, number in at.items()}
            before = ball(e.program, e, at)
            if before.is_finite() and before.rad() < 0.1:
                assert before.overlaps(ball(smaller, e, at)), (str(e), at)
    assert changed > count / 5


def test_long_sums_take_no_long() -> None:
    e = parse(" + ".join(f"tanh(y + {k}*p)" for k in range(1200)))
    begun = time.process_time()
    assert depends_on(folded(e.program, over(e), e.constant_values()), "y")
    assert time.process_time() - begun < 10
