"""The benchmark of errors: how it counts units in the last place, and what it writes."""

from __future__ import annotations

import json
from math import inf, nan
from pathlib import Path

import numpy as np
import pytest

from bench import maths
from bench.ulp import float32_errors

LARGEST = float(np.finfo(np.float32).max)

ERRORS = [
    # got, exact, units
    (1.0, 1.0, 0.0),
    (1.0, 1.0 + 2.0**-23, 1.0),
    (1.0, 1.0 - 2.0**-24, 1.0),
    (2.0, 2.0 - 2.0**-23, 1.0),
    (-3.0, -3.0 - 2.0**-22, 1.0),
    (0.0, 2.0**-149, 1.0),
    (2.0**-149, 0.0, 1.0),
    (0.0, -(2.0**-150), 0.5),
    (-0.0, 0.0, 0.0),
    (inf, inf, 0.0),
    (inf, 1e39, 0.0),
    (-inf, -1e39, 0.0),
    (inf, LARGEST, 1.0),
    (-inf, -LARGEST, 1.0),
    (LARGEST, inf, inf),
    (nan, nan, 0.0),
    (nan, 1.0, inf),
    (1.0, nan, inf),
    (inf, nan, inf),
    (nan, inf, inf),
]


@pytest.mark.parametrize(("got", "exact", "units"), ERRORS)
def test_units_in_the_last_place(got: float, exact: float, units: float) -> None:
    for others in ([], [1.5, 2.5], [inf, nan]):
        results, values = np.array([got, *others], dtype=np.float32), np.array([exact, *others])
        assert float32_errors(results, values).tolist() == [units, *(0.0 for _ in others)]


@pytest.mark.parametrize(("got", "exact"), [(LARGEST, 1e39), (inf, -1e39), (inf, 1e30)])
def test_overflow_without_cause_and_missed_overflow_are_far_off(got: float, exact: float) -> None:
    assert float32_errors(np.array([got], dtype=np.float32), np.array([exact])) > 1e6


def test_all_numbers_are_seen_of_both_signs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(maths, "EVERY", 65537)
    monkeypatch.setattr(maths, "RESULTS", tmp_path)
    maths.main(["--only", "sqrt", "--only", "cos", "--only", "expm1", "--only", "hypot", "--json", "--write"])
    found = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)["accuracy"]}
    assert set(found) == {"expm1", "sqrt", "cos", "hypot"}
    assert found["sqrt"]["ulp"] <= 0.5
    assert 0.5 < found["expm1"]["ulp"] <= 4.0
    assert 0.5 < found["cos"]["ulp"] <= 4.0
    assert found["expm1"]["inputs"] == 2 * len(range(0, 2**31, 65537))
    page = (tmp_path / "maths.md").read_text(encoding="utf-8")
    assert f"| expm1 | {found['expm1']['ulp']:.2f} |" in page
    assert json.loads((tmp_path / "maths.json").read_text(encoding="utf-8"))["accuracy"] == list(found.values())


def test_the_page_on_kernels_states_what_was_measured_of_every_function() -> None:
    results = (maths.RESULTS / "maths.md").read_text(encoding="utf-8").splitlines()
    table = [line for line in results if line.startswith("|")]
    page = (maths.RESULTS.parents[1] / "docs" / "native.md").read_text(encoding="utf-8")
    assert "\n".join(table) in page
    kept = json.loads((maths.RESULTS / "maths.json").read_text(encoding="utf-8"))["accuracy"]
    assert {entry["name"] for entry in kept} == {subject.name for subject in maths.measured()}
    assert all(entry["ulp"] <= 4.0 for entry in kept)
