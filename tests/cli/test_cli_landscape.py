"""`symkit landscape`, on small data with few steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from commands import Command

SMALL = ("--data", "wine", "--epochs", "3", "--steps", "5")
ACE = "y*abs(log(1.1*p))"


def test_a_map_is_drawn_of_real_training(symkit: Command, tmp_path: Path) -> None:
    file = tmp_path / "map.svg"
    done = symkit("landscape", ACE, "-o", str(file), *SMALL)
    assert done.code == 0
    assert done.out.startswith(f"{ACE}  loss ")
    assert done.err == f"wrote {file}\n"
    svg = file.read_text(encoding="utf-8")
    assert ACE in svg
    assert "training loss" in svg


def test_json_has_the_losses_with_that_of_training_in_the_middle(symkit: Command, tmp_path: Path) -> None:
    done = symkit("landscape", ACE, "--against", "ce", "-o", str(tmp_path / "map.png"), "--json", *SMALL)
    assert (done.code, done.err) == (0, "")
    facts = done.json
    assert (facts["data"], facts["epochs"], facts["steps"], facts["directions"], facts["span"]) == ("wine", 3, 5, 2, 1)
    assert [found["text"] for found in facts["landscapes"]] == [ACE, "-y*log(p)"]
    for found in facts["landscapes"]:
        losses = np.array(found["losses"])
        assert losses.shape == (5, 5)
        assert losses[2, 2] == pytest.approx(found["train_loss"])
        assert found["alphas"] == found["betas"] == [-1, -0.5, 0, 0.5, 1]
        assert losses[[0, 0, -1, -1], [0, -1, 0, -1]].mean() > losses[2, 2]
        assert 0 <= found["accuracy"] <= 1


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(symkit: Command, tmp_path: Path) -> None:
    for name, seed in (("one", "4"), ("two", "4"), ("three", "5")):
        assert symkit("landscape", ACE, "-o", str(tmp_path / f"{name}.svg"), "--seed", seed, *SMALL).code == 0
    one, two, three = ((tmp_path / f"{name}.svg").read_bytes() for name in ("one", "two", "three"))
    assert one == two
    assert one != three


def test_one_loss_can_be_drawn_for_both(symkit: Command, tmp_path: Path) -> None:
    """The same network measured twice its loss has twice the landscape."""

    def losses(*options: str) -> list[float]:
        arguments = ("landscape", "-y*log(p)", "-o", str(tmp_path / "curve.svg"), "--directions", "1", "--json", *SMALL)
        found = symkit(*arguments, *options).json["landscapes"][0]
        assert found["betas"] is None
        return list(found["losses"])

    np.testing.assert_allclose(losses("--measure", "-2*y*log(p)"), 2 * np.array(losses()), rtol=1e-5)


@pytest.mark.parametrize(("formula", "data"), [("x*sigmoid(x)", "wine"), ("abs(y - p)", "diabetes")])
def test_activations_and_regression_have_landscapes_too(
    symkit: Command, formula: str, data: str, tmp_path: Path
) -> None:
    arguments = ("--data", data, "--epochs", "1", "--steps", "3", "--directions", "1")
    done = symkit("landscape", formula, "-o", str(tmp_path / "curve.png"), *arguments)
    assert done.code == 0, done.err


def test_two_titles_are_never_the_same(symkit: Command, tmp_path: Path) -> None:
    file = tmp_path / "two.svg"
    assert symkit("landscape", ACE, "--against", ACE, "-o", str(file), *SMALL).code == 0
    svg = file.read_text(encoding="utf-8")
    assert f"1: {ACE}" in svg
    assert f"2: {ACE}" in svg


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a*b + q", "-o", "a.svg"], "write an activation in x"),
        ([ACE, "--against", "sinh(q)", "-o", "a.svg"], "or a loss in y (target) and p"),
        ([ACE, "--measure", "x*sigmoid(x)", "-o", "a.svg"], "--measure takes a loss"),
        ([ACE, "-o", "a.jpg"], "must end in .svg or .png"),
        ([ACE, "-o", "no/a.svg"], "cannot be written"),
        ([ACE, "-o", "a.svg", "--data", "moons"], "'moons' is not one of digits"),
        (
            ["log(x)", "-o", "a.svg", *SMALL],
            "training with log(x) diverged: the loss stopped being a finite number at step 1",
        ),
    ],
)
def test_bad_input_is_answered_in_words(
    symkit: Command, arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = symkit("landscape", *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert list(tmp_path.iterdir()) == []
