"""The commands that draw a formula and that write a page on it."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import Command


def test_plot_writes_a_picture(symkit: Command, tmp_path: Path) -> None:
    target = tmp_path / "swish.svg"
    done = symkit("plot", "x*sigmoid(x)", "-o", str(target))
    assert (done.code, done.out) == (0, "")
    assert done.err == f"wrote {target}\n"
    assert target.read_text(encoding="utf-8").startswith("<?xml")


def test_plot_says_what_was_drawn(symkit: Command, tmp_path: Path) -> None:
    target = tmp_path / "family.png"
    done = symkit(
        *("plot", "x*sigmoid(beta*x)", "--along", "beta=0.5:2", "--box", "x=-3:4", "-o", str(target), "--json")
    )
    assert (done.code, done.err) == (0, "")
    assert done.json["file"] == str(target)
    assert done.json["texts"] == ["x*sigmoid(beta*x)"]
    assert [panel["label"] for panel in done.json["panels"]] == ["f(x)", "f′(x)"]
    assert done.json["panels"][0]["x"] == [-3.0, 4.0]
    assert target.read_bytes().startswith(b"\x89PNG")


def test_formulas_that_begin_with_a_minus(symkit: Command, tmp_path: Path) -> None:
    target = tmp_path / "loss.svg"
    done = symkit("plot", "-y*log(p)", "--against", "-y*p", "--order", "1", "-o", str(target), "--json")
    assert done.json["texts"] == ["-y*log(p)", "-y*p"]


def test_one_formula_may_come_from_standard_input(symkit: Command, tmp_path: Path) -> None:
    done = symkit("plot", "-", "tanh(x)", "-o", str(tmp_path / "two.png"), "--json", stdin="relu(x)\n")
    assert done.json["texts"] == ["relu(x)", "tanh(x)"]


def test_report_writes_a_page(symkit: Command, tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    done = symkit("report", "relu(x)", "--against", "swish", "-o", str(target))
    assert (done.code, done.out, done.err) == (0, "", f"wrote {target}\n")
    first = target.read_bytes()
    done = symkit("report", "relu(x)", "--against", "swish", "-o", str(target), "--json")
    assert done.json["file"] == str(target)
    assert done.json["texts"] == ["relu(x)"]
    assert "Shape" in done.json["sections"]
    assert target.read_bytes() == first


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["plot", "x"], "output"),
        (["plot", "-o", "never.svg"], "EXPR"),
        (["plot", "x", "-o", "never.pdf"], ".svg or .png"),
        (["plot", "x", "-o", "/no/such/folder/x.svg"], "/no/such/folder/x.svg cannot be written"),
        (["plot", "x*", "-o", "never.svg"], "ends too early"),
        (["plot", "x", "--mean", "nan", "-o", "never.svg"], "finite"),
        (["plot", "x", "--variance", "0", "-o", "never.svg"], "positive"),
        (["plot", "x", "--order", "3", "-o", "never.svg"], "--order"),
        (["plot", "beta*x", "--along", "beta", "-o", "never.svg"], "beta=0.5:2"),
        (["plot", "x", "--box", "y=0:1", "-o", "never.svg"], "x=-10:10"),
        (["plot", "x", "--box", "x=nan:1", "-o", "never.svg"], "finite"),
        (["plot", "x", "--surface", "-o", "never.svg"], "of a loss"),
        (["plot", "x", "--against", "mihs", "-o", "never.svg"], "mihs"),
        (["plot", "-", "-", "-o", "never.svg"], "only once"),
        (["report", "x"], "output"),
        (["report", "x", "-o", "never.png"], ".html"),
        (["report", "x", "-o", "/no/such/folder/x.html"], "/no/such/folder/x.html cannot be written"),
        (["report", "u + v", "-o", "never.html"], "activations in x"),
        (["report", "x", "--against", "ce", "-o", "never.html"], "do not go together"),
        (["report", "x", "--mean", "inf", "-o", "never.html"], "finite"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_bad_commands(
    symkit: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = symkit(*arguments)
    assert done.code == 2
    assert said in done.err
    assert done.out == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["plot", "report"])
def test_help_has_examples(symkit: Command, command: str) -> None:
    done = symkit(command, "--help")
    assert done.code == 0
    assert done.out.count(f"symkit {command} ") >= 3
