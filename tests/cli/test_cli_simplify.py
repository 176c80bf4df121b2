"""`symkit simplify` and `symkit equal`."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import Command

from symkit import parse


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYMKIT_CACHE_DIR", str(tmp_path))


def test_simplify_prints_a_card(symkit: Command) -> None:
    done = symkit("simplify", "x - log(sigmoid(x))", "--timeout", "60")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == ["softplus(x)", "was   x - log(sigmoid(x))", "cost  24 instead of 25"]


def test_simplify_says_when_nothing_was_found(symkit: Command) -> None:
    done = symkit("simplify", "tanh(x)")
    assert done.code == 0
    assert done.out.splitlines() == ["tanh(x)", "was   the same: no form was found that is better", "cost  16"]


def test_simplify_json(symkit: Command) -> None:
    facts = symkit("simplify", "x*exp(x)/(1 + exp(x))", "--json", "--timeout", "60").json
    assert facts == {
        "text": "swish(x)",
        "original": "x*exp(x)/(1 + exp(x))",
        "changed": True,
        "cost": {"before": 16, "after": 15},
        "box": {},
        "dtype": "float32",
    }
    assert symkit("simplify", "swish(x)", "--json").json["changed"] is False


def test_simplify_in_a_box(symkit: Command) -> None:
    formula = "0*exp(x) + relu(alpha*x)"
    facts = symkit("simplify", formula, "--box", "x=0:10, alpha = 0.5:2", "--json", "--timeout", "60").json
    assert facts["text"] == "alpha*x"
    assert facts["box"] == {"x": [0, 10], "alpha": [0.5, 2]}
    assert symkit("simplify", formula, "--json").json["text"] == formula
    assert (
        symkit("simplify", "0*exp(x)", "--box", "x=-200:200", "--dtype", "float64", "--json", "--timeout", "60").json[
            "text"
        ]
        == "0"
    )


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--box", "x=1"], "--box"),
        (["--box", "x=a:b"], "--box"),
        (["--box", "z=0:1"], "z"),
        (["--box", "x=1:0"], "x"),
        (["--dtype", "float8"], "float8"),
        (["--timeout", "0"], "timeout"),
    ],
)
def test_simplify_bad_options(symkit: Command, options: list[str], word: str) -> None:
    done = symkit("simplify", "tanh(x)", *options)
    assert (done.code, done.out) == (2, "")
    assert word in done.err


@pytest.mark.parametrize(
    ("a", "b", "code", "head"),
    [
        ("tanh(x)", "2*sigmoid(2*x) - 1", 0, "equal"),
        ("log(x**2)", "2*log(x)", 1, "not equal"),
        ("cosh(1)*x", "1.5430806348152437*x", 0, "unknown, but not told apart"),
        ("-x**2", "-(x*x)", 0, "equal"),
    ],
)
def test_equal_answers_and_exits(symkit: Command, a: str, b: str, code: int, head: str) -> None:
    done = symkit("equal", a, b, "--timeout", "60")
    assert (done.code, done.err) == (code, "")
    lines = done.out.splitlines()
    assert lines[0] == head
    rows = dict(line.split(maxsplit=1) for line in lines[1:])
    assert (rows["a"], rows["b"]) == (str(parse(a)), str(parse(b)))
    assert rows["because"]


def test_equal_json(symkit: Command) -> None:
    done = symkit("equal", "sqrt(x**2)", "x", "--json")
    assert done.code == 1
    assert done.json == {
        "a": "sqrt(x**2)",
        "b": "x",
        "status": "refuted",
        "reason": "at x = -1 one is 1, the other -1",
        "witness": {"x": -1.0},
    }
    facts = symkit("equal", "hard_sigmoid(hard_sigmoid(x))", "0.2*hard_sigmoid(x) + 0.5", "--json").json
    assert (facts["status"], facts["witness"]) == ("unknown", None)
    assert facts["reason"].startswith("equal to within")


def test_equal_bad_input(symkit: Command) -> None:
    assert symkit("equal", "tanh(x)", "tanx(x)").code == 2
    assert symkit("equal", "tanh(x)").code == 2
    assert symkit("equal", "x", "x + 0", "--timeout", "-1").code == 2


def test_both_in_a_process_of_their_own(symkit_process: Command) -> None:
    done = symkit_process("simplify", "max(min(erf(x), 0), max(x, 0))", "--json", "--timeout", "60")
    assert (done.code, done.err, done.json["text"]) == (0, "", "relu(x)")
    done = symkit_process("equal", "log(x**2)", "2*log(x)")
    assert (done.code, done.err) == (1, "")
