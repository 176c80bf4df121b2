"""Moments of many functions at once: the same numbers as one by one, or none, and never a wrong one."""

from __future__ import annotations

import json
import math
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from processes import run_python

from symkit.analysis import backward_gain, moments
from symkit.analysis.batch import moments_many
from symkit.errors import DomainError
from symkit.spaces import Recipe, generated

FACTS = json.loads((Path(__file__).parents[1] / "data" / "moments.json").read_text())
EXPRESSIONS = [entry["expression"] for entry in FACTS["functions"]]
SETTINGS = [(0.0, 1.0), (0.5, 4.0), (-1.0, 0.25)]
AIM = 1e-10
"""Relative to the root mean square."""


def of(entry: dict[str, Any], mean: float, variance: float) -> dict[str, Any] | None:
    """The facts of a function in one setting, if it has them."""
    found = [s for s in entry["settings"] if (s["mean"], s["variance"]) == (mean, variance)]
    return found[0] if found else None


@pytest.mark.parametrize(("mean", "variance"), SETTINGS)
def test_numbers_are_those_of_the_reference(mean: float, variance: float) -> None:
    batch = moments_many(EXPRESSIONS, mean=mean, variance=variance)
    given = 0
    for i, entry in enumerate(FACTS["functions"]):
        facts = of(entry, mean, variance)
        if facts is None or math.isnan(batch.mean[i]):
            assert facts is None or batch.reasons[i].startswith("cannot be had here: ")
            continue
        given += 1
        second = float(facts["f_second_moment"])
        scale = math.sqrt(second) or 1.0
        assert abs(batch.mean[i] - float(facts["f_mean"])) <= AIM * scale
        assert abs(batch.variance[i] - float(facts["f_variance"])) <= AIM * scale**2
        assert abs(batch.second_moment[i] - second) <= AIM * scale**2
        assert np.all(batch.error[i, :3] <= AIM * np.array([scale, scale**2, scale**2]))
        assert abs(batch.mean[i] - float(facts["f_mean"])) <= batch.error[i, 0] + 4e-16 * scale
    assert given >= 74


def test_gains_are_those_of_the_reference() -> None:
    batch = moments_many(EXPRESSIONS)
    given = 0
    for i, entry in enumerate(FACTS["functions"]):
        if "backward_gain" in entry and not math.isnan(batch.backward_gain[i]):
            given += 1
            assert entry["backward_gain"] is not None, entry["expression"]
            assert batch.backward_gain[i] == pytest.approx(float(entry["backward_gain"]), rel=AIM, abs=1e-16)
    assert given >= 72


def test_what_does_not_exist_has_no_number() -> None:
    for mean, variance in SETTINGS:
        cases = [entry["expression"] for entry in FACTS["missing"] if [mean, variance] in entry["settings"]]
        assert len(cases) >= 24
        batch = moments_many(cases, mean=mean, variance=variance)
        assert np.isnan([batch.mean, batch.variance, batch.second_moment, batch.backward_gain, *batch.error.T]).all()
        assert all(reason.startswith("cannot be had here: ") for reason in batch.reasons)


HIDDEN = [
    "1/(x - 0.3)",
    "x + 1e-4/(x - 1.5)**2",
    "tan(x)",
    "1/(sin(x) - 0.25)",
    "exp(x**2)",
    "x + 1e-300*exp(x**2)",
    "log(x + 40)",
    "sqrt(20 - x)",
    "exp(-1e6*(x - 0.1234)**2)",
    "(x + 1e20) - 1e20",
    "(exp(x/1e9) - 1)*1e9",
    "abs(x)**-0.49 - 1",
    "sin(1e5*x)",
    "1/(1e-9 + (x - 0.7)**2)",
    # Sides that are equal in float64 on a stretch around one point.
    "normal_pdf(hard_sigmoid(exp(hard_sigmoid(x**x > x))))",
    "cos(x) <= (celu(sinh(aq(x, x))) != x)",
]


@pytest.mark.parametrize("text", HIDDEN)
def test_what_samples_may_miss_gets_no_wrong_number(text: str) -> None:
    batch = moments_many(["x", text, "x"])
    assert batch.mean[[0, 2]] == pytest.approx(0, abs=1e-15)
    known = moments(text)
    if not math.isnan(batch.mean[1]):
        assert known.variance is not None, known.reason
        assert known.second_moment is not None
        assert abs(batch.variance[1] - known.variance) <= AIM * known.second_moment
    else:
        assert batch.reasons[1].startswith("cannot be had here: ")


STEPS = [
    "erf(1e8*x)",
    "sign(x)",
    "sign(x - 0.7)",
    "where(x > 2.2, x, 1)",
    "sqrt(x*x + 1e-12)",
    "tanh(1e6*(x - 1))",
]


def test_steps_have_no_gain_or_the_right_one() -> None:
    for text in STEPS:
        batch = moments_many([text])
        value, _ = backward_gain(text)
        if not math.isnan(batch.backward_gain[0]):
            assert value is not None, text
            assert batch.backward_gain[0] == pytest.approx(value, rel=AIM)
        else:
            assert batch.reasons[0].startswith("cannot be had here: ")


def test_random_functions_agree_with_one_by_one() -> None:
    expressions = list(islice(generated(20, Recipe(max_size=5, max_depth=3)), 400))
    expressions = [e for e in expressions if "C" not in e.constants and not e.program.constants]
    batch = moments_many(expressions)
    checked = range(0, len(expressions), 12)
    for i in checked:
        known, (gain, _) = moments(expressions[i]), backward_gain(expressions[i])
        if not math.isnan(batch.mean[i]):
            assert known.mean is not None, expressions[i]
            assert known.variance is not None, expressions[i]
            assert known.second_moment is not None
            scale = math.sqrt(known.second_moment) or 1.0
            assert abs(batch.mean[i] - known.mean) <= AIM * scale
            assert abs(batch.variance[i] - known.variance) <= AIM * scale**2
        if not math.isnan(batch.backward_gain[i]):
            assert gain is not None, expressions[i]
            assert abs(batch.backward_gain[i] - gain) <= AIM * max(gain, batch.second_moment[i])
    assert np.isfinite(batch.mean).sum() > 0.6 * len(expressions)


def test_company_changes_nothing() -> None:
    alone = moments_many(["hard_sigmoid(x)*selu(x)"])
    among = moments_many([*EXPRESSIONS[:20], "hard_sigmoid(x)*selu(x)", "relu6(x - 1)"])
    assert among.mean[20] == pytest.approx(alone.mean[0], rel=1e-14)
    assert among.backward_gain[20] == pytest.approx(alone.backward_gain[0], rel=1e-14)


def test_parameters_have_their_initial_values() -> None:
    batch = moments_many(["f(x; a = 3) = a*x + a", "f(x; a = 0.5) = a*x + a"])
    assert batch.mean == pytest.approx([3, 0.5])
    assert batch.variance == pytest.approx([9, 0.25])
    assert batch.second_moment == pytest.approx([18, 0.5])
    assert batch.backward_gain == pytest.approx([9, 0.25])


WITHOUT_LLVM = """
import json, sys, warnings
sys.modules["llvmlite"] = sys.modules["llvmlite.binding"] = None
warnings.simplefilter("ignore")
from symkit.analysis.batch import moments_many
batch = moments_many(json.loads(sys.argv[1]))
print(json.dumps([batch.mean.tolist(), batch.second_moment.tolist(), batch.backward_gain.tolist()]))
"""


def test_numpy_finds_the_same_where_nothing_can_be_compiled() -> None:
    without = json.loads(run_python(WITHOUT_LLVM, json.dumps(EXPRESSIONS)))
    batch = moments_many(EXPRESSIONS)
    native = batch.mean, batch.second_moment, batch.backward_gain
    size = np.where(batch.second_moment > 0, batch.second_moment, 1.0)
    units = np.sqrt(size), size, np.maximum(size, np.nan_to_num(batch.backward_gain))
    for found, own, unit in zip(without, native, units, strict=True):
        assert np.sum(np.isnan(found) != np.isnan(own)) <= 1
        off = np.abs(np.array(found) - own) / unit
        assert np.nanmax(off) < 1e-13


def test_progress_and_nothing() -> None:
    seen: list[tuple[int, int]] = []
    moments_many(["x", "tanh(x)"], progress=lambda done, total: seen.append((done, total)))
    assert seen == [(2, 2)]
    assert moments_many([]).mean.shape == (0,)


def test_bad_input_is_told() -> None:
    with pytest.raises(DomainError, match="is of kind loss"):
        moments_many(["x", "(y - p)**2"])
    with pytest.raises(DomainError, match="variance -1"):
        moments_many(["x"], variance=-1)
    with pytest.raises(DomainError, match="mean"):
        moments_many(["x"], mean=math.inf)
