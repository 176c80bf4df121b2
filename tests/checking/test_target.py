"""Whether a loss is least where the prediction is the target: known answers, and functions made to mislead."""

from __future__ import annotations

import math
from random import Random
from typing import Any

import pytest

from symkit import check, parse
from symkit.checking.region import Region
from symkit.checking.target import minimum_at_class, minimum_at_target, with_leaf
from symkit.checking.verdict import Verdict
from symkit.evaluation import evaluate_balls
from symkit.ir import Kind, Node
from symkit.spaces.generate import Recipe, generated
from symkit.text import Expression

EVERYWHERE = (-math.inf, math.inf)
UNIT = (0.0, 1.0)


def of(text: str) -> Expression:
    return parse(f"f(y, p) = {text}", kind="loss")


def at_target(e: Expression, seconds: float = 1.0, **box: tuple[float, float]) -> Verdict:
    region = Region.of({name: box.get(name, EVERYWHERE) for name in ("y", "p")}, None)
    return minimum_at_target(e.program, region, e.constant_values(), seconds)


def at_class(e: Expression, target: float, seconds: float = 1.0) -> Verdict:
    region = Region.of({"p": (5e-324, 1 - 2.0**-53)}, None)
    loss = with_leaf(e.program, "y", Node(Kind.NUMBER, target))
    return minimum_at_class(loss, target, region, e.constant_values(), seconds)


def ball(e: Expression, at: dict[str, float]) -> Any:
    return evaluate_balls(e.program, {**e.constant_values(), **at}, 256)[0]


def confirm(e: Expression, verdict: Verdict) -> None:
    assert verdict.witness is not None
    here, there = ball(e, dict(verdict.witness)), ball(e, {**verdict.witness, "p": verdict.witness["y"]})
    assert here.is_finite(), str(e)
    assert not there.is_finite() or here < there, str(e)


@pytest.mark.parametrize(
    ("text", "y", "p"),
    [
        ("(y - p)**2", EVERYWHERE, EVERYWHERE),
        ("abs(y - p)", EVERYWHERE, EVERYWHERE),
        ("log_cosh(y - p)", EVERYWHERE, EVERYWHERE),
        ("sqrt(1 + (y - p)**2) - 1", EVERYWHERE, EVERYWHERE),
        ("tanh(y - p)*(y - p)", EVERYWHERE, EVERYWHERE),
        ("where(abs(y - p) < 1, 0.5*(y - p)**2, abs(y - p) - 0.5)", EVERYWHERE, EVERYWHERE),
        ("p**2 - 2*y*p", EVERYWHERE, EVERYWHERE),
        ("p**2 - 2*y*p + sin(y)", (-1, 1), (-1, 1)),
        ("(log1p(y) - log1p(p))**2", EVERYWHERE, EVERYWHERE),
        ("(log(y) - log(p))**2", EVERYWHERE, EVERYWHERE),
        ("-(y*log(p) + (1 - y)*log(1 - p))", (0.25, 0.75), (0.125, 0.875)),
        ("max(abs(y - p) - 0.1, 0)", EVERYWHERE, EVERYWHERE),
    ],
)
def test_least_at_the_target(text: str, y: tuple[float, float], p: tuple[float, float]) -> None:
    verdict = at_target(of(text), 4.0, y=y, p=p)
    if "log(p) + " in text or "sin" in text:
        assert not verdict.is_refuted
    else:
        assert verdict.is_proved, verdict.reason


@pytest.mark.parametrize(
    "text",
    [
        "y*p",
        "(y - p)**2 - 0.001*p",
        "(y - p)**3",
        "(y - p - 1e-3)**2",
        "(y - p)**4 - 1e-6*(y - p)**2",
        "y**3 + p**3 + p*y**2 + p**2*y",
        "abs(y - p)*where(p > 3, -1, 1)",
        "where(p == 2.5, -1, (y - p)**2)",
        "1/(y - p)**2",
        "-log(abs(y - p))",
        "exp(-(y - p)**2)",
    ],
)
def test_better_elsewhere(text: str) -> None:
    e = of(text)
    verdict = at_target(e)
    assert verdict.is_refuted, verdict.reason
    confirm(e, verdict)


@pytest.mark.parametrize(
    ("text", "y", "p"),
    [
        # No value at the target.
        ("(y - p)**2/(y - p)**2", EVERYWHERE, EVERYWHERE),
        ("(y - p)**2 + 0*log(p)", EVERYWHERE, EVERYWHERE),
        ("(y - p)**2 + 0*sqrt(log(p) - 1) + 0*log(y)", (0.5, 5), (0.5, 5)),
        ("where(p < 0, log(y), 1) - where(y < 0, log(y), 1) + (y - p)**2", EVERYWHERE, EVERYWHERE),
        ("(y - p)**3/(y - p)", EVERYWHERE, EVERYWHERE),
        # Jumps and poles between the prediction and the target.
        ("abs(y - p) - 2*(p > 3)*(y < 3)*(p - 3.5 < 1e-12)", (0, 1), EVERYWHERE),
        ("where(p > 3.0000001, where(p < 3.0000002, -1, p - y), (y - p)**2)", (0, 1), EVERYWHERE),
        ("-1/(y - p - 10) + 0*y", (0, 1), EVERYWHERE),
        ("sin(y - p)/(y - p)", EVERYWHERE, EVERYWHERE),
        # The slope is right where predictions are, and not on the way to the target.
        ("(y - p)**2 + 5*exp(-1e8*(y - 0.123456)**2)*exp(-100*(y - p)**2)", (0, 1), (2, 3)),
        # Least at the target but for a part that floats hardly see.
        ("(y - p)**2 - 1e-30*p", EVERYWHERE, EVERYWHERE),
        ("(y - p)**2 + (0.1 + 0.2 - 0.3)*(y - p)", EVERYWHERE, EVERYWHERE),
        ("(y - p)**2*(3.141592653589793 - pi)", EVERYWHERE, EVERYWHERE),
        ("(y - p)**2 - 1e-3*exp(-1000*(p - 3.3)**2 - 1000*(y - 3.4)**2)", EVERYWHERE, EVERYWHERE),
        ("abs(y - p) + abs(p - y - 1e-9) - 1e-9 - 1e-15*(p > y)", EVERYWHERE, EVERYWHERE),
    ],
)
def test_no_proof_of_what_does_not_hold(text: str, y: tuple[float, float], p: tuple[float, float]) -> None:
    e = of(text)
    verdict = at_target(e, 0.4, y=y, p=p)
    assert not verdict.is_proved, verdict.reason
    if verdict.is_refuted:
        confirm(e, verdict)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("1/(exp(-exp(exp(y))) - 2*exp(-exp(exp(p))))", 50.0),
        ("-1/(1 - 1)*(y - p)", 0.0),
        ("1/cos(y) + 0*p", math.pi / 2),
    ],
)
def test_what_only_seems_a_pole_is_no_witness(text: str, target: float) -> None:
    e = of(text)
    verdict = at_target(e, 0.4, y=(target, target))
    if verdict.is_refuted:
        assert verdict.witness is not None
        there = ball(e, {**verdict.witness, "p": target})
        assert there.is_finite()
        confirm(e, verdict)


@pytest.mark.parametrize(
    ("text", "zero", "one"),
    [
        ("-(y*log(p) + (1 - y)*log(1 - p))", "proved", "proved"),
        ("(y - p)**2", "proved", "proved"),
        ("-y*log(p)", "proved", "proved"),
        ("-y*(1 - p)**2*log(p)", "proved", "proved"),
        ("y*(1 - p) + (1 - y)*p", "proved", "proved"),
        ("log(p)*y - log(1 - p)", "proved", "refuted"),
        ("p*y", "proved", "refuted"),
        ("1 - p", "refuted", "proved"),
        ("y/y - 4 + 0*p", "unknown", "proved"),
        ("(p - 0.5)**2", "refuted", "refuted"),
    ],
)
def test_classes(text: str, zero: str, one: str) -> None:
    e = of(text)
    for target, status in ((0.0, zero), (1.0, one)):
        verdict = at_class(e, target)
        assert verdict.status == status, (target, verdict.reason)
        if verdict.is_refuted:
            confirm(e, verdict)
            assert verdict.witness is not None
            assert 0 < verdict.witness["p"] < 1


def test_the_box_of_targets_may_lie_apart_from_that_of_predictions() -> None:
    report = check("(y - p)**2", box={"y": (0, 1), "p": (2, 3)})
    assert report.minimum_at_target is not None
    assert report.minimum_at_target.is_proved


@pytest.mark.parametrize("wrap", ["{}", "(y - p)**2*({})", "abs(y - p) + abs({})", "({})**2"])
def test_random_losses(wrap: str) -> None:
    operators = "add sub sub mul mul div square sign where max min gt abs relu log sqrt exp tanh log_cosh".split()
    recipe = Recipe(inputs=("y", "p"), parameters=(), operators=operators, max_size=7, sharing=0.4, literals=(0, 1, 2))
    rng = Random(wrap)
    expressions = generated(rng, recipe)
    decided = 0
    for _ in range(40):
        text = str(next(expressions))
        e = of(wrap.format(text)) if "=" not in text else of(text)
        box = rng.choice([EVERYWHERE, UNIT, (-3.0, 3.0)])
        verdict = at_target(e, 0.05, y=box, p=box)
        decided += verdict.status != "unknown"
        if verdict.is_refuted:
            confirm(e, verdict)
        if verdict.is_proved:
            for _ in range(40):
                base = rng.choice([0.0, 1.0, rng.gauss(0, 2), rng.uniform(0, 1)])
                y = min(max(base, box[0]), box[1])
                p = min(max(rng.choice([rng.gauss(0, 2), base + rng.gauss(0, 1e-3), 0.0, 1.0]), box[0]), box[1])
                here, there = ball(e, {"y": y, "p": p}), ball(e, {"y": y, "p": y})
                assert not here.is_finite() or there.is_finite(), (str(e), y, p)
                assert not here < there, (str(e), y, p)
    assert decided >= 12
