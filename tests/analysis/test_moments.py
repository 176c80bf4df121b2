"""Every function of tests/data/moments.json, in every setting, measured: the number, or that there is none."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from symkit.analysis import backward_gain, moments

FACTS = json.loads((Path(__file__).parents[1] / "data" / "moments.json").read_text())
AIM = 1e-12
REACHED = 1e-14
"""Relative to the root mean square; all stand within 1e-15 but abs(x)**x, at 6e-15."""

SETTINGS = [
    pytest.param(entry["expression"], setting, id=f"{entry['expression']}-{setting['mean']:g}-{setting['variance']:g}")
    for entry in FACTS["functions"]
    for setting in entry["settings"]
]
GAINS = [
    pytest.param(entry["expression"], entry["backward_gain"], id=entry["expression"])
    for entry in FACTS["functions"]
    if "backward_gain" in entry
]
MISSING = [
    pytest.param(
        entry["expression"], entry["kind"], *setting, id=f"{entry['expression']}-{setting[0]:g}-{setting[1]:g}"
    )
    for entry in FACTS["missing"]
    for setting in entry["settings"]
]


def test_the_facts_are_all_there() -> None:
    assert len(SETTINGS) == 80 * 3 + 4 * 3 + 1
    assert len(GAINS) == 80
    assert len(MISSING) == 24 * 3 + 2 * 2


@pytest.mark.parametrize(("expression", "facts"), SETTINGS)
def test_moments_are_those_of_the_reference(expression: str, facts: dict[str, Any]) -> None:
    found = moments(expression, mean=facts["mean"], variance=facts["variance"], certified=False)
    scale = abs(float(facts["f_mean"] or 1)) or 1.0
    if facts["f_second_moment"] is not None:
        scale = math.sqrt(float(facts["f_second_moment"])) or 1.0
    for name, unit, error in (("mean", scale, found.mean_error), ("variance", scale**2, found.variance_error)):
        value = getattr(found, name)
        if facts[f"f_{name}"] is None:
            assert value is None
            assert error is None
            assert found.reason.startswith("No ")
            continue
        assert value is not None, found.reason
        off = abs(value - float(facts[f"f_{name}"])) / unit
        assert off <= REACHED
        # The estimate covers the error, but for what the reference and the printed digits leave open.
        assert off <= error / unit + 4e-16
        assert error / unit <= AIM
    if facts["f_second_moment"] is None:
        assert found.second_moment is None
    else:
        assert found.reason == ""
        assert found.second_moment == pytest.approx(float(facts["f_second_moment"]), rel=REACHED)


@pytest.mark.parametrize(("expression", "gain"), GAINS)
def test_backward_gain_is_that_of_the_reference(expression: str, gain: str | None) -> None:
    value, reason = backward_gain(expression)
    if gain is None:
        assert value is None
        assert reason.startswith("No backward gain: ")
    else:
        assert reason == ""
        assert value == pytest.approx(float(gain), rel=REACHED, abs=1e-300)


@pytest.mark.parametrize(("expression", "kind", "mean", "variance"), MISSING)
def test_what_does_not_exist_is_said_not_printed(expression: str, kind: str, mean: float, variance: float) -> None:
    found = moments(expression, mean=mean, variance=variance, certified=False)
    assert (found.mean, found.variance, found.second_moment) == (None, None, None)
    assert (found.mean_error, found.variance_error) == (None, None)
    assert found.reason.startswith("No mean: the function ")
    said_undefined = "undefined" in found.reason
    assert said_undefined == (kind == "undefined")
    assert "cannot be" not in found.reason


def test_a_mean_without_a_variance() -> None:
    found = moments("exp(x**2/4)")
    assert found.mean == pytest.approx(math.sqrt(2), rel=REACHED)
    assert found.variance is None
    assert found.reason == (
        "No variance: the square of the function grows faster than the normal density falls as x goes to -inf."
    )
