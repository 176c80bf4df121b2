"""`symkit check`."""

from __future__ import annotations

import dataclasses

import pytest
from commands import Command

from symkit.checking.report import CheckReport, ClassificationReport
from symkit.checking.verdict import Verdict


def names(record: type) -> set[str]:
    return {field.name for field in dataclasses.fields(record)}


def test_a_proof(symkit: Command) -> None:
    done = symkit("check", "x*sigmoid(x)")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[:2] == ["x*sigmoid(x)", "over  all finite float32 x, in float32"]
    assert [line.split("  ")[0] for line in lines[2:]] == [
        "closure",
        "closure, compiled",
        "gradient",
        "gradient by torch",
    ]
    assert all("proved" in line for line in lines[2:])


def test_a_refutation(symkit: Command) -> None:
    done = symkit("check", "exp(exp(x))", "--json")
    assert (done.code, done.err) == (1, "")
    closure = done.json["closure"]
    assert closure["status"] == "refuted"
    assert closure["witness"]["x"] == pytest.approx(4.4855, abs=1e-3)
    assert str(closure["witness"]["x"])[:6] in closure["reason"]


def test_json_has_the_attributes(symkit: Command) -> None:
    facts = symkit("check", "(y - p)**2", "--box", "y=0:1, p=0:1", "--require", "nonnegative", "--json").json
    assert set(facts) == names(CheckReport) | {"safe"}
    assert facts["safe"] is True
    assert set(facts["classification"]) == names(ClassificationReport)
    assert set(facts["uses"]) == {"y", "p"}
    for verdict in (facts["closure"], facts["uses"]["p"], facts["classification"]["closure"]):
        assert set(verdict) == names(Verdict)
    assert facts["required"][0]["verdict"]["status"] == "proved"
    assert facts["region"] == "y in [0, 1], p in [0, 1]"


def test_json_is_strict_where_values_are_huge(symkit: Command) -> None:
    done = symkit("check", "1e308*y + 1e308*y + p", "--dtype", "float64", "--json", "--seconds", "0.05")
    assert done.code == 1
    assert done.json["nonnegative"]["status"] == "refuted"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["x"], 0),
        (["log(x)"], 1),
        (["log(x)", "--box", "x=1:2"], 0),
        (["log(sigmoid(x))"], 1),
        (["p**2 + (y - y)", "--box", "p=0:1,y=0:1"], 1),
        (["(y - p)**2", "--box", "p=0:1,y=0:1"], 0),
        (["y*p", "--box", "p=-1:1,y=-1:1"], 0),
        (["tanh(x)", "--require", "odd; abs(f) <= 1"], 0),
        (["tanh(x)", "--require", "odd", "--require", "even"], 1),
        (["beta*x", "--box", "x=-1:1, beta=0:2"], 0),
        (["x**2", "--dtype", "float16", "--box", "x=0:200"], 0),
        (["x**2", "--dtype", "float16", "--box", "x=0:300"], 1),
        (["x*y", "--kind", "plain", "--box", "x=0:1,y=0:1"], 0),
        (["x", "--box", "x=1"], 2),
        (["x", "--box", "x=a:b"], 2),
        (["x", "--box", "x=1:0"], 2),
        (["x", "--box", "x=nan:1"], 2),
        (["x", "--box", "z=0:1"], 2),
        (["x", "--box", "x=0:1,x=2:3"], 2),
        (["x", "--dtype", "float8"], 2),
        (["x", "--require", "nonsense"], 2),
        (["x", "--seconds", "0"], 2),
        (["x*"], 2),
        (["nosuch(x)"], 2),
        (["x", "--kind", "nosuch"], 2),
        ([], 2),
    ],
)
def test_exit_status(symkit: Command, arguments: list[str], code: int) -> None:
    done = symkit("check", *arguments)
    assert done.code == code
    assert bool(done.err) == (code == 2)
    assert bool(done.out) == (code != 2)


def test_standard_input(symkit: Command) -> None:
    assert symkit("check", "-", stdin="x*sigmoid(x)\n").out == symkit("check", "x*sigmoid(x)").out
    assert symkit("check", "-", stdin=b"\xff\xfe").code == 2
    assert symkit("check", "-", stdin="").code == 2


@pytest.mark.parametrize("formula", ["-tanh(x)", " -tanh(x)"])
def test_a_formula_that_begins_with_a_minus(symkit: Command, formula: str) -> None:
    done = symkit("check", formula)
    assert done.code == 0
    assert done.out.splitlines()[0] == "-tanh(x)"
    assert symkit("check", "--", "-tanh(x)").out == done.out


@pytest.mark.parametrize("columns", [24, 40, 80, 300])
def test_terminals(symkit: Command, columns: int) -> None:
    done = symkit("check", "-y*log(p)", "--box", "y=0:1,p=0.001:0.999", "--seconds", "0.05", columns=columns)
    assert done.code == 0
    lines = done.out.splitlines()
    assert max(map(len, lines)) <= columns
    assert sum("proved" in line for line in lines) >= 8
    assert "".join(done.out.split()).count("finitefor") >= 4 or columns < 80
    assert "…" not in done.out


def test_a_greek_parameter_is_called_by_its_name(symkit: Command) -> None:
    assert symkit("check", "α*tanh(x)", "--box", "alpha=0:2").code == 0
    done = symkit("check", "α*tanh(x)", "--box", "α=0:2")
    assert done.code == 2
    assert "alpha" in done.err
