"""Known identities are found by simplify and proved by equal; stable forms are found and kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from symkit import equal, parse, simplify
from symkit.simplification import cost

IDENTITIES = json.loads((Path(__file__).parents[1] / "data" / "identities.json").read_text(encoding="utf-8"))
PATIENT = 60.0
"""Seconds: what is asked here is what can be found, not in which time on a busy machine."""


def left(record: dict[str, Any]) -> str:
    return str(record["left"])


@pytest.mark.parametrize("record", IDENTITIES["found"], ids=left)
def test_simplify_finds_the_known_form_or_a_cheaper_one(record: dict[str, Any]) -> None:
    found = simplify(record["left"], timeout=PATIENT)
    wanted = simplify(parse(record["right"], kind=found.kind), timeout=PATIENT)
    if found.digest == wanted.digest:
        return
    assert cost(found.program) <= cost(parse(record["right"]).program)
    verdict = equal(found, record["right"], timeout=PATIENT)
    assert verdict.is_proved or (record.get("folded") and "equal to within" in verdict.reason), verdict.reason


@pytest.mark.parametrize("record", IDENTITIES["found"] + IDENTITIES["equal"], ids=left)
def test_equal_proves_it_unless_literals_were_rounded(record: dict[str, Any]) -> None:
    verdict = equal(record["left"], record["right"], timeout=PATIENT)
    assert verdict.status == ("unknown" if record.get("literals") else "proved"), verdict.reason
    if record.get("literals"):
        assert "equal to within" in verdict.reason


@pytest.mark.parametrize("record", IDENTITIES["stable"], ids=left)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_stable_forms_are_found_and_kept(record: dict[str, Any], dtype: str) -> None:
    found = simplify(record["left"], dtype=dtype, timeout=PATIENT)
    assert str(found) == record["right"]
    assert simplify(found, dtype=dtype, timeout=PATIENT) == found


@pytest.mark.parametrize(
    "text",
    ["swish(x)", "softplus(x)", "log_sigmoid(x)", "expm1(x)", "log1p(x)", "logaddexp(alpha, x)", "tanh(x)", "mish(x)"],
)
def test_what_is_simple_and_stable_stays(text: str) -> None:
    assert simplify(text) == parse(text)
