"""`symkit export`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch
from commands import Command

from symkit import evaluate, export, parse
from symkit.files import write_whole

TEXT = "x*sigmoid(beta*x)"


@pytest.mark.parametrize("format", ["text", "latex", "dot", "json", "python"])
def test_text_formats_go_to_standard_output(symkit: Command, format: str) -> None:
    done = symkit("export", TEXT, "--format", format)
    expected = export(TEXT, format)
    assert isinstance(expected, str)
    assert (done.code, done.err) == (0, "")
    assert done.out == expected.rstrip("\n") + "\n"


@pytest.mark.parametrize("format", ["text", "latex", "dot", "json", "python"])
def test_text_formats_go_to_a_file(symkit: Command, format: str, tmp_path: Path) -> None:
    file = tmp_path / "out"
    done = symkit("export", TEXT, "-f", format, "-o", str(file))
    assert (done.code, done.out) == (0, "")
    expected = export(TEXT, format)
    assert isinstance(expected, str)
    assert file.read_text(encoding="utf-8") == expected.rstrip("\n") + "\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_python_is_the_default_and_runs(symkit: Command) -> None:
    namespace: dict[str, object] = {}
    exec(symkit("export", f"own(x; beta = 2) = {TEXT}").out, namespace)
    function = namespace["own"]
    assert callable(function)
    assert function(torch.tensor(0.5)).item() == pytest.approx(evaluate(TEXT, x=0.5, beta=2.0))


@pytest.mark.filterwarnings("ignore:.*torch.jit.load.* is deprecated:DeprecationWarning")
def test_torchscript_is_saved(symkit: Command, tmp_path: Path) -> None:
    file = tmp_path / "swish.pt"
    assert symkit("export", TEXT, "--format", "torchscript", "-o", str(file)).code == 0
    x = torch.linspace(-2, 2, 7)
    torch.testing.assert_close(torch.jit.load(str(file))(x), evaluate(TEXT, x=x))


def test_json_says_what_was_written(symkit: Command, tmp_path: Path) -> None:
    facts = symkit("export", "y*log(p)", "--format", "latex", "--json").json
    assert facts == {"text": "y*log(p)", "format": "latex", "content": parse("y*log(p)").latex(), "file": None}
    file = tmp_path / "loss.json"
    done = symkit("export", "y*log(p)", "--format", "json", "-o", str(file), "--json")
    assert done.json["file"] == str(file)
    assert json.loads(file.read_text(encoding="utf-8"))["kind"] == "loss"


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "kept"
    file.write_text("old", encoding="utf-8")

    def half(draft: Path) -> None:
        draft.write_text("ne", encoding="utf-8")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(file, half)
    assert file.read_text(encoding="utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["kept"]


def test_links_stay_links_and_pipes_stay_pipes(symkit: Command, tmp_path: Path) -> None:
    real, link, pipe = tmp_path / "real", tmp_path / "link", tmp_path / "pipe"
    real.write_text("old", encoding="utf-8")
    link.symlink_to(real)
    assert symkit("export", TEXT, "-f", "text", "-o", str(link)).code == 0
    assert link.is_symlink()
    assert real.read_text(encoding="utf-8") == f"{TEXT}\n"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert symkit("export", TEXT, "-f", "text", "-o", str(pipe)).code == 0
        assert os.read(reader, 100).decode() == f"{TEXT}\n"
    finally:
        os.close(reader)
    assert pipe.is_fifo()
