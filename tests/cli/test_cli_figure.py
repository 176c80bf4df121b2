"""`symkit figure`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from commands import Command

NAMES = ["r-4.5", "r-4.6", "r-4.8", "r-5.3", "b-5.9b", "b-6.9"]


def test_the_list_says_what_there_is(symkit: Command) -> None:
    done = symkit("figure", "--list")
    assert (done.code, done.err) == (0, "")
    assert [line.split()[0] for line in done.out.splitlines()] == NAMES
    facts = symkit("figure", "--list", "--json").json
    assert [entry["name"] for entry in facts["figures"]] == NAMES
    assert all(entry["title"] in done.out for entry in facts["figures"])


@pytest.mark.parametrize(("ending", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG")])
def test_a_figure_is_drawn_where_it_is_asked_for(symkit: Command, ending: str, start: bytes, tmp_path: Path) -> None:
    file = tmp_path / f"figure.{ending}"
    done = symkit("figure", "r-4.5", "-o", str(file))
    assert done.code == 0
    assert "R figure 4.5" in done.out
    assert done.err == f"wrote {file}\n"
    assert file.read_bytes().startswith(start)
    assert [entry.name for entry in tmp_path.iterdir()] == [file.name]


def test_json_says_what_was_drawn_and_where(symkit: Command, tmp_path: Path) -> None:
    file = tmp_path / "figure.svg"
    done = symkit("figure", "R-4.8", "-o", str(file), "--json")
    assert (done.code, done.err) == (0, "")
    facts = done.json
    assert (facts["name"], facts["source"], facts["file"]) == ("r-4.8", "R figure 4.8", str(file))
    target, other = facts["panels"]
    curve = target["curves"][1]
    assert (curve["function"], curve["order"], curve["at"]) == ("sparselsr", 0, {"y": 1, "xi": 0.1})
    p = np.array(curve["x"])
    np.testing.assert_allclose(curve["y"], -(0.91 * np.log(p) + 0.09 * np.log((1 - p) / 9)), rtol=1e-12)
    assert all(set(curve["y"]) == {0.0} for curve in other["curves"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["r-4.9", "-o", "a.svg"], "there is no figure 'r-4.9'"),
        (["r-4.5"], "say where to draw it, such as: symkit figure r-4.5 -o r-4.5.svg"),
        ([], "give the NAME of a figure: r-4.5"),
        (["r-4.5", "-o", "a.pdf"], "a.pdf must end in .svg or .png"),
        (["r-4.5", "-o", "nowhere/a.svg"], "nowhere/a.svg cannot be written"),
        (["r-4.5", "--list"], "--list takes neither NAME nor -o"),
        (["--list", "-o", "a.svg"], "--list takes neither NAME nor -o"),
    ],
)
def test_bad_input_is_answered_in_words(
    symkit: Command, arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = symkit("figure", *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert list(tmp_path.iterdir()) == []
