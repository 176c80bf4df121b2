"""What losses have to keep, on known answers, on hard ones and on random functions."""

from __future__ import annotations

import json
import math
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from symkit import check, parse
from symkit.checking.losses import nonnegative, uses
from symkit.checking.region import Region
from symkit.checking.verdict import Verdict
from symkit.evaluation import evaluate_balls, evaluate_exact, evaluate_numpy
from symkit.spaces.generate import Recipe, generated
from symkit.text import Expression

FACTS: dict[str, Any] = json.loads((Path(__file__).parent.parent / "data" / "loss_checks.json").read_text())
LOSSES: list[dict[str, Any]] = FACTS["losses"]
TRAPS: list[dict[str, Any]] = FACTS["autograd_traps"]

EVERYWHERE = (-math.inf, math.inf)
ARITHMETIC = "add sub sub mul mul div square sign where max min gt abs relu log sqrt exp tanh log_cosh softplus".split()


def region(e: Expression, dtype: str | None = None, **box: tuple[float, float]) -> Region:
    return Region.of({name: box.get(name, EVERYWHERE) for name in e.inputs}, dtype)


def of(text: str) -> Expression:
    return parse(f"f(y, p) = {text}", kind="loss")


def sign_of(e: Expression, dtype: str | None = None, seconds: float = 2.0, **box: tuple[float, float]) -> Verdict:
    return nonnegative(e.program, region(e, dtype, **box), e.constant_values(), seconds)


def dependence(text: str, name: str) -> Verdict:
    e = of(text)
    return uses(e.program, name, region(e), e.constant_values())


def confirmed(verdict: Verdict) -> dict[str, float]:
    """The witness of a refutation."""
    assert verdict.is_refuted, verdict.reason
    assert verdict.witness is not None
    return dict(verdict.witness)


def value(e: Expression, **point: float) -> float:
    return float(evaluate_exact(e.program, {**e.constant_values(), **point})[0])


def value32(e: Expression, point: dict[str, float]) -> float:
    return float(evaluate_numpy(e.program, {**e.constant_values(), **point}, "float32")[0])


@pytest.mark.parametrize("fact", LOSSES, ids=[fact["id"] for fact in LOSSES])
def test_known_losses(fact: dict[str, Any]) -> None:
    e = of(fact["expression"])
    for name in ("y", "p"):
        assert dependence(fact["expression"], name).status == ("proved" if fact[f"uses_{name}"] else "refuted")
    over_reals = sign_of(e)
    assert over_reals.status == ("proved" if fact["nonnegative_for_all_real"] else "refuted")
    if over_reals.is_refuted:
        assert value(e, **confirmed(over_reals)) < 0
    in_float32 = sign_of(e, "float32")
    if in_float32.is_refuted:
        assert value32(e, confirmed(in_float32)) < 0
    if "witness" in fact or "float32_negative_witness" in fact:
        assert not in_float32.is_proved


def test_a_square_written_out_is_negative_in_float32_alone() -> None:
    e = of("y**2 + p**2 - 2*y*p")
    assert sign_of(e).is_proved
    assert value32(e, {"y": 12.303314208984375, "p": 12.303345680236816}) < 0
    witness = confirmed(sign_of(e, "float32"))
    assert value32(e, witness) < 0
    for number in witness.values():
        assert float(np.float32(number)) == number


@pytest.mark.parametrize("fact", TRAPS, ids=[fact["id"] for fact in TRAPS])
def test_gradients_that_plain_torch_loses(fact: dict[str, Any]) -> None:
    """At y = 0 torch has NaN; the verdict on symkit's gradient is what symkit's gradient is."""
    import torch

    from symkit import functional

    text = fact["expression"]
    y, p, q = torch.tensor(0.0), torch.tensor(0.5, requires_grad=True), torch.tensor(0.5, requires_grad=True)
    names = {"abs": torch.abs, "log": torch.log, "sqrt": torch.sqrt, "y": y, "p": p, **fact["parameters"]}
    eval(text, names).backward()
    functional(text, backend="torch")(y, q).backward()
    assert p.grad is not None
    assert q.grad is not None
    report = check(text, box={"y": (0, 0), "p": (0.5, 0.5)})
    assert report.torch_gradient.is_refuted
    assert not torch.isfinite(p.grad)
    assert report.gradient.status == ("proved" if torch.isfinite(q.grad) else "refuted")
    assert check(text, box={"y": (0, 1), "p": (0, 1)}).torch_gradient.is_refuted


@pytest.mark.parametrize("name", ["evomal_g", "evomal_i"])
def test_gradients_that_symkit_keeps(name: str) -> None:
    (text,) = (fact["expression"] for fact in TRAPS if fact["id"] == name)
    assert check(text, box={"y": (0, 0), "p": (0.25, 0.75)}).gradient.is_proved


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("y/3 - 0.3333333333333333*y + p", "y", "proved"),
        ("(0.1*y + 0.2*y) - 0.3*y + p", "y", "proved"),
        ("((0.1*y + 0.2*y + p) - p) - 0.30000000000000004*y + p", "y", "proved"),
        ("2*y - y - y + p", "y", "refuted"),
        ("y/4 - 0.25*y + p", "y", "refuted"),
        ("(y + p - p)/2 - 0.5*y + p", "y", "refuted"),
        ("1e308*y + 1e308*y + p - (1e308*y + 1e308*y) + p", "y", "refuted"),
        ("y**(p - p) + p", "y", "refuted"),
        ("where(p**2 >= 0, p, y)", "y", "refuted"),
        ("where(p**2 > 0, p, y)", "y", "proved"),
        ("sign(y) - sign(y) + p", "y", "refuted"),
        ("sign(y) + p", "y", "proved"),
        ("max(y, p) - max(p, y) + p", "y", "refuted"),
        ("abs(y - p) + y - y", "y", "proved"),
        ("normal_cdf(y) - 0.5*erfc(-sqrt(0.5)*y) + p", "p", "proved"),
    ],
)
def test_dependence(text: str, name: str, status: str) -> None:
    verdict = dependence(text, name)
    if status == "refuted":
        assert verdict.status in ("refuted", "unknown")
        if "max" not in text:
            assert verdict.is_refuted
    else:
        assert not verdict.is_refuted


def test_a_difference_too_small_for_floats_is_not_denied() -> None:
    verdict = dependence("(y - p)**2*(3.141592653589793 - pi) + 1", "y")
    assert verdict.status == "unknown"


@pytest.mark.parametrize(
    "text",
    [
        "(y - p)**2*(3.141592653589793 - pi)",
        "1 - cos(y - p) - 1e-12",
        "(y - p)**2 - 1e-300",
        "exp(y - p) - 1e-200",
        "log(exp(y)) - y - 1e-20 + 0*p",
        "where(y == 3.25, -1, 1)*(1 + p**2)",
        "sqrt(y**2 + 1e-20) - abs(y) - 1e-25*abs(p)",
        "(y - p)*(y - p - 1e-9)",
        "sin(y - p)/(y - p) + 0.2",
        "tanh(y)**2 + tanh(p)**2 - 1e-15",
        "y**2 + p**2 + (0.3 - 0.1 - 0.2)",
    ],
)
def test_what_is_negative_somewhere_is_not_proved(text: str) -> None:
    e = of(text)
    for dtype in (None, "float32"):
        verdict = sign_of(e, dtype, 0.3)
        if dtype is None:
            assert not verdict.is_proved
        if verdict.is_refuted:
            witness = confirmed(verdict)
            assert (value(e, **witness) if dtype is None else value32(e, witness)) < 0


@pytest.mark.parametrize(
    "text",
    [
        "y**2 + p**2 - 2*y*p",
        "(y - p)**2/3",
        "log_cosh(y - p)",
        "1 - cos(y - p)",
        "where(abs(y - p) < 1, 0.5*(y - p)**2, abs(y - p) - 0.5)",
        "(sqrt(y) - sqrt(p))**2",
        "abs(1/(y - p))",
        "y**4 + p**4 - 2*y**2*p**2",
    ],
)
def test_what_is_nowhere_negative_is_not_refuted(text: str) -> None:
    verdict = sign_of(of(text))
    assert verdict.is_proved, verdict.reason


def test_a_value_that_no_float_holds_is_shown() -> None:
    verdict = sign_of(of("1e308*y + 1e308*y + p"))
    assert verdict.is_refuted
    assert "inf" not in verdict.reason


def test_random_losses_are_judged_right() -> None:
    """Every proof is sampled, every witness evaluated."""
    recipe = Recipe(
        inputs=("y", "p"), parameters=(), operators=ARITHMETIC, max_size=8, sharing=0.4, literals=(0.0, 1.0, 2.0, 0.1)
    )
    rng = Random(5)
    expressions = generated(rng, recipe)
    counts = {"proved": 0, "refuted": 0, "unknown": 0}
    for _ in range(150):
        e = next(expressions)
        points = [_point(rng) for _ in range(60)]
        verdict = sign_of(e, None, 0.05)
        counts[verdict.status] += 1
        if verdict.is_proved:
            assert not any(_ball(e, at) < 0 for at in points), e
        if verdict.is_refuted:
            assert _ball(e, confirmed(verdict)) < 0, e
        for name in e.inputs:
            if uses(e.program, name, region(e), e.constant_values()).is_refuted:
                for at in points[:20]:
                    here, there = _ball(e, at), _ball(e, {**at, name: rng.gauss(0, 2)})
                    assert not here.is_finite() or not there.is_finite() or here.overlaps(there), e
    assert min(counts["proved"], counts["refuted"]) > 20, counts


def _point(rng: Random) -> dict[str, float]:
    base = rng.choice([0.0, 1.0, rng.gauss(0, 1), rng.gauss(0, 1) * 10 ** rng.uniform(-6, 6)])
    return {"y": base, "p": rng.choice([base, -base, base * (1 + 2**-50), rng.gauss(0, 3)])}


def _ball(e: Expression, at: dict[str, float]) -> Any:
    (ball,) = evaluate_balls(e.program, {**e.constant_values(), **at}, 256)
    return ball
