"""Properties of functions whose answers are known, and of random ones against dense exact sampling."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from random import Random

import numpy as np
import pytest
from flint import arb

from symkit.checking import Verdict
from symkit.checking.requirements import required
from symkit.evaluation import evaluate_balls, evaluate_numpy
from symkit.ir import Program
from symkit.spaces import Recipe, generate
from symkit.text import Expression, parse

SECONDS = 2.0


def verdict(text: str, clause: str) -> Verdict:
    (found,) = required(parse(text), clause, seconds=SECONDS)
    return found.verdict


def value(program: Program, x: float) -> arb:
    """The exact value in a narrow ball."""
    return evaluate_balls(program, {"x": x, "eps": 1e-7}, 2048)[0]


KNOWN = {
    "proved": {
        "relu(x)": ["increasing", "convex", "lipschitz <= 1", "nonnegative", "zero at zero", "f >= x"],
        "elu(x)": ["strictly increasing", "lipschitz <= 1", "f > -1", "f >= x", "zero at zero", "convex"],
        "swish(x)": [
            "f >= -0.27847",
            "lipschitz <= 1.0999",
            "zero at zero",
            "increasing on x >= 0",
            "bounded on x <= 0",
        ],
        "x*sigmoid(x)": ["f >= -0.27847", "lipschitz <= 1.0999", "bounded on x <= 3"],
        "mish(x)": ["f > -0.3089", "lipschitz <= 1.09"],
        "gelu(x)": ["f >= -0.17", "lipschitz <= 1.129"],
        "tanh(x)": ["odd", "strictly increasing", "bounded", "lipschitz <= 1", "f < 1", "f > -1", "f <= x on x >= 0"],
        "softplus(x)": ["positive", "convex", "strictly increasing", "lipschitz <= 1", "f >= x on x in [-30, 30]"],
        "sigmoid(x)": ["strictly increasing", "bounded", "lipschitz <= 0.2501", "positive", "f < 1"],
        "sin(x)": ["odd", "bounded", "lipschitz <= 1", "abs(f) <= 1", "increasing on x in [-1.5, 1.5]"],
        "x**2": ["even", "convex", "nonnegative", "increasing on x >= 0", "lipschitz <= 20 on x in [-10, 10]"],
        "x**3": ["odd", "increasing"],
        "x**3 - x": ["odd", "lipschitz on x in [-2, 2]", "increasing on x >= 1"],
        "abs(x)": ["even", "convex", "lipschitz <= 1", "f >= x", "decreasing on x <= 0"],
        "sign(x)": ["increasing", "odd", "bounded"],
        "where(x > 0, 1, 0)": ["increasing", "bounded", "f >= 0"],
        "where(x > 1, x + 1, x)": ["strictly increasing"],
        "where(x >= 1, 2, where(x >= 0, 1, 0))": ["increasing", "bounded"],
        "hard_sigmoid(x)": ["increasing", "bounded", "lipschitz <= 0.21", "f <= 1"],
        "arctan(x)*min(x, 0)": ["decreasing", "nonnegative", "f == 0 on x >= 0"],
        "max(x, 0.1*x)": ["increasing", "lipschitz"],
        "log(x)": ["strictly increasing", "concave on x > 0", "f <= x - 1 on x > 0", "defined on x > 0"],
        "1/x": ["odd", "decreasing on x > 0", "decreasing on x < 0", "lipschitz <= 1 on x >= 1", "convex on x > 0"],
        "x*exp(-x)": ["bounded on x >= 0", "lipschitz <= 1 on x >= 0"],
        "x*log(x)": ["bounded on x in (0, 1]", "f >= -0.36788 on x > 0", "defined on x > 0"],
        "exp(x)": ["f >= 1 + x", "positive", "f != 0"],
        "sin(x)/x": ["even", "bounded on x > 0"],
        "x - sin(x)": ["increasing", "odd"],
        "where(x > 0, x, -x)": ["even", "convex"],
        "log(cosh(x))": ["even", "convex", "lipschitz <= 1", "f <= abs(x)"],
        "x*sin(x)": ["even"],
        "x**3*cos(x)/(1 + x**2)": ["odd"],
        "softplus(x) + softplus(-x)": ["even"],
    },
    "refuted": {
        "relu(x)": ["even", "odd", "bounded", "strictly increasing", "decreasing", "positive"],
        "swish(x)": ["monotone", "increasing", "bounded", "f >= -0.27846", "lipschitz <= 1.0997", "convex"],
        "mish(x)": ["monotone", "f >= -0.3"],
        "gelu(x)": ["monotone", "bounded"],
        "tanh(x)": ["even", "convex", "lipschitz <= 0.99", "f >= 0"],
        "softplus(x)": ["bounded", "zero at zero", "even"],
        "sigmoid(x)": ["odd", "lipschitz <= 0.2499", "zero at zero"],
        "sin(x)": ["monotone", "positive", "lipschitz <= 0.999"],
        "x**2": ["monotone", "bounded", "lipschitz", "odd", "concave"],
        "x**3 - x": ["monotone", "bounded", "lipschitz"],
        "abs(x)": ["monotone", "odd", "concave"],
        "sign(x)": ["strictly increasing", "lipschitz", "convex"],
        "where(x > 0, 1, 0)": ["lipschitz", "f == 1"],
        "where(x > 1, x - 1, x)": ["monotone", "lipschitz", "increasing"],
        "hard_sigmoid(x)": ["strictly increasing", "zero at zero"],
        "log(x)": ["defined", "bounded", "lipschitz", "finite", "bounded on x in (0, 1]", "zero at zero"],
        "1/x": ["monotone", "decreasing", "bounded", "lipschitz", "defined", "bounded on x in (0, 1]", "zero at zero"],
        "sqrt(x)": ["lipschitz on x >= 0", "bounded", "defined"],
        "x*exp(-x)": ["bounded", "monotone"],
        "exp(x)": ["lipschitz", "bounded", "f <= 100"],
        "cos(x)": ["zero at zero", "odd"],
    },
}
CASES = [
    (text, clause, status) for status, cases in KNOWN.items() for text, clauses in cases.items() for clause in clauses
]


@pytest.mark.parametrize(("text", "clause", "status"), CASES)
def test_known_answers(text: str, clause: str, status: str) -> None:
    assert verdict(text, clause).status == status


def test_bounds_are_told_and_hold() -> None:
    found = verdict("swish(x)", "bounded on x <= 5")
    low, high = map(float, re.search(r"between (\S+) and (\S+) for", found.reason).groups())  # type: ignore[union-attr]
    assert -0.2786 < low <= -0.27846454
    assert 5 / (1 + math.exp(-5)) <= high < 4.9666


def test_a_lipschitz_constant_lies_between_what_is_told() -> None:
    found = verdict("swish(x)", "lipschitz")
    upper = float(re.search(r"at most (\S+) for", found.reason)[1])  # type: ignore[index]
    lower = float(re.search(r"\|f'\| is (\S+) at", found.reason)[1])  # type: ignore[index]
    assert 1.0997 < lower <= 1.09983936 < upper < 1.0999


def test_witnesses_of_directions_show_it() -> None:
    witness = verdict("swish(x)", "monotone").witness
    assert witness is not None
    first, middle, last = (value(parse("swish(x)").program, witness[name]) for name in ("x", "x'", "x''"))
    assert witness["x"] < witness["x'"] < witness["x''"]
    assert (first > middle and middle < last) or (first < middle and middle > last)
    witness = verdict("cos(x)", "increasing on x in [0, 1]").witness
    assert witness is not None
    assert 0 <= witness["x"] < witness["x'"] <= 1


def test_witnesses_of_steepness_are_steep() -> None:
    witness = verdict("sin(x)", "lipschitz <= 0.99 on x in [0, 1]").witness
    assert witness is not None
    a, b = witness["x"], witness["x'"]
    assert abs(value(parse("sin(x)").program, a) - value(parse("sin(x)").program, b)) > arb(0.99) * abs(arb(a) - arb(b))


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        # Floats hardly see it: what is too high by 1e-20, at a single point, or falls by 1e-30.
        ("1 + exp(-100*x**2)*1e-20", "f <= 1"),
        ("where(x == 0.1234, 1, 0)", "f <= 0.5"),
        ("tanh(x) - 1e-30*sign(x - 0.3)", "increasing"),
        ("x + 1e-9*sin(1e10*x)", "increasing"),
        ("sqrt(x)**2 - x", "f >= 1e-300"),
        ("where(x > 1e30, -x, x)", "increasing"),
        ("relu(x) + 1e-18*x", "nonnegative on x >= -1"),
        ("1/(x - 0.7)", "decreasing"),
        ("1/(x - 0.7)", "bounded"),
        ("where(x > 0, 1/x, x)", "decreasing on x >= 0"),
        ("max(x, 0)**abs(x)", "increasing on x in [-1, 0]"),
        ("tan(x)", "increasing"),
        ("x*exp(-x) + 1e-300*x", "bounded on x >= 0"),
        ("log(x)/x", "bounded on x > 0"),
        ("sin(x) + 1e-12*x", "bounded"),
        ("abs(x) + 1e-20*x", "even"),
        ("pow(a, x) + pow(b, -x)", "even on a == 2, b == 3"),
        ("where(x > 0, x - 1e-30, 0)", "f >= 0 on x in [-1, 1]"),
        ("where(2*x > x, 1e-30 - x, 0)", "f <= 0 on x > 0"),
    ],
)
def test_what_is_false_is_never_proved(text: str, clause: str) -> None:
    assert not verdict(text, clause).is_proved


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("x + 0.999*sin(x)", "increasing"),
        ("where(x > 0, x, 1.0000001*x)", "increasing"),
        ("exp(x) - x - 1", "nonnegative"),
        ("x*sigmoid(x)*exp(-x)", "bounded"),
        ("min(1/x, 1e200)", "bounded on x > 0"),
        ("where(x == 0, 0, x*log(abs(x)))", "bounded on x in [-1, 1]"),
        ("(x + 1)/x", "bounded on x >= 1"),
        ("x**2/(1 + x**2)", "bounded"),
        ("where(x > 0, 1, 0)", "lipschitz on x > 0"),
        ("where(2*x > x, 1, 0)", "f >= 1 on x > 0"),
    ],
)
def test_what_is_true_is_never_refuted(text: str, clause: str) -> None:
    assert not verdict(text, clause).is_refuted


# -- random expressions ------------------------------------------------------------------------------------

LINE = np.unique(np.concatenate([np.linspace(-10, 10, 801), np.linspace(-0.01, 0.01, 81), np.logspace(-8, 8, 81)]))
CLAUSES = ("increasing", "decreasing", "convex", "bounded", "lipschitz", "even", "odd", "f <= 1", "positive")


def suspects(badness: np.ndarray, count: int = 4) -> np.ndarray:
    """Where a statement fails by most, as floats see it."""
    return np.argsort(-np.where(np.isfinite(badness), badness, -np.inf))[:count]


def steps(program: Program, y: np.ndarray, wrong: Callable[[arb, arb, arb], bool], badness: np.ndarray) -> list[float]:
    """Neighbours on the line between which a step is certainly wrong."""
    found = []
    for i in suspects(badness):
        a, b = value(program, LINE[i]), value(program, LINE[i + 1])
        if a.is_finite() and b.is_finite() and wrong(a, b, arb(LINE[i + 1]) - arb(LINE[i])):
            found.append(float(LINE[i]))
    return found


def counterexamples(e: Expression, clause: str, reason: str) -> list[float]:
    """Points that show a proof to be wrong."""
    program = e.program
    y = np.broadcast_to(evaluate_numpy(program, {"x": LINE, "eps": 1e-7})[0], LINE.shape)
    with np.errstate(all="ignore"):
        slopes = np.diff(y) / np.diff(LINE)
    if clause in ("increasing", "decreasing"):
        sign = 1 if clause == "increasing" else -1
        return steps(program, y, lambda a, b, h: a > b if sign > 0 else a < b, -slopes * sign)
    if clause == "lipschitz":
        most = float(re.search(r"at most (\S+) for", reason)[1])  # type: ignore[index]
        return steps(program, y, lambda a, b, h: abs(a - b) > arb(most) * h, abs(slopes))
    if clause == "convex":
        with np.errstate(all="ignore"):
            bends = np.diff(slopes)
        return [float(LINE[i]) for i in suspects(-bends) if _is_bent(program, *LINE[i : i + 3])]
    if clause in ("even", "odd"):
        pairs = [(value(program, x), value(program, -x)) for x in (0.3, 1.7, 5.1, 1e-5, 40.0)]
        sign = 1 if clause == "even" else -1
        return [0.0 for a, b in pairs if a.is_finite() and b.is_finite() and not a.overlaps(b * sign)]
    if clause == "bounded":
        low, high = map(float, re.search(r"between (\S+) and (\S+) for", reason).groups())  # type: ignore[union-attr]
        outside = [*suspects(y), *suspects(-y)]
        return [float(LINE[i]) for i in outside if value(program, LINE[i]) > high or value(program, LINE[i]) < low]
    if clause == "positive":
        return [float(LINE[i]) for i in suspects(-y) if value(program, LINE[i]) <= 0]
    return [float(LINE[i]) for i in suspects(y) if value(program, LINE[i]) > 1]


def _is_bent(program: Program, a: float, b: float, c: float) -> bool:
    first, middle, last = (value(program, x) for x in (a, b, c))
    part = (arb(b) - arb(a)) / (arb(c) - arb(a))
    chord = first * (1 - part) + last * part
    return bool(chord.is_finite() and middle.is_finite() and middle > chord)


@pytest.mark.parametrize("block", range(4))
def test_proofs_of_random_expressions_survive_sampling(block: int) -> None:
    wrong: list[str] = []
    proofs = 0
    for seed in range(15 * block, 15 * (block + 1)):
        e = generate(Random(seed), Recipe(max_size=2 + seed % 5, parameters=()))
        for found in required(e, "; ".join(CLAUSES), seconds=0.1):
            if found.verdict.is_proved:
                proofs += 1
                if counterexamples(e, found.text, found.verdict.reason):
                    wrong.append(f"{e}: {found.text}: {found.verdict.reason}")
    assert wrong == []
    assert proofs > 30


def test_the_deadline_is_kept() -> None:
    text = "sin(1000*x)*exp(sin(x*x))*mish(x)+cos(77*x)*gelu(x)*tanh(sin(3*x))"
    for clause in ("increasing on x in [0, 0.0001]", "bounded", "lipschitz on x in [-3, 3]", "f <= 1e6 + x**2"):
        start = time.perf_counter()
        required(parse(text), clause, seconds=0.3)
        assert time.perf_counter() - start < 4
