"""`symkit bench` from end to end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from symkit.cli.app import app
from symkit.cli.bench import parsed_size
from symkit.errors import DomainError

QUICK = ("--size", "1K", "--against", "eager", "--against", "torchscript")


def bench(*arguments: str) -> Result:
    """Runs the command in this process."""
    return CliRunner().invoke(app, ["bench", *arguments], prog_name="symkit")


def facts(*arguments: str) -> dict[str, Any]:
    done = bench(*arguments, "--json")
    assert done.exit_code == 0, done.stderr
    value = json.loads(done.stdout)
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize(
    ("text", "backward"), [("log(sigmoid(alpha*x)) * beta*arcsinh(x)", True), ("-y*log(p)", True), ("x/(x - x)", False)]
)
def test_every_rival_runs_the_same_function(text: str, backward: bool) -> None:
    found = facts(text, *QUICK, *(["--backward"] if backward else []))
    assert [result["name"] for result in found["results"]] == ["symkit", "eager", "torchscript"]
    assert (found["elements"], found["backward"], found["missing"]) == (1024, backward, {})
    ours = found["results"][0]["seconds"]
    for result in found["results"]:
        assert result["ratio"] == pytest.approx(result["seconds"] / ours)
        assert min(result["seconds"], result["first"]) > 0
        assert result["error"] < 1e-6


def test_the_table_has_a_line_a_rival() -> None:
    done = bench("-x*sigmoid(x)", *QUICK)
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "-x*sigmoid(x)"
    assert [line.split()[0] for line in lines[-3:]] == ["symkit", "eager", "torchscript"]
    assert done.stderr == ""


def test_without_a_compiler_torch_compile_is_left_out_and_the_reason_said(tmp_path: Path) -> None:
    environment = {**os.environ, "CXX": "/nowhere/c++", "TORCHINDUCTOR_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "symkit", "bench", "x*sigmoid(x)", "--size", "1K", "--against", "torch.compile"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("symkit ")
    assert "torch.compile does not run here: " in done.stderr
    assert "Traceback" not in done.stderr


def test_sizes() -> None:
    assert [parsed_size(text) for text in ("1", "1000", "64K", "4m")] == [1, 1000, 65536, 4194304]
    for text in ("", "0", "-1", "1.5", "K", "512M", "²", "9" * 30):
        with pytest.raises(DomainError, match="no number of elements"):
            parsed_size(text)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["x", "--against", "numpy"], "there are eager, torchscript, torch.compile"),
        (["x", "--size", "many"], "try 1000, 64K or 4M"),
        (["1 + 2"], "has no inputs"),
        (["y*log(p)/C"], "C has no value"),
        (["x +"], "expected"),
    ],
)
def test_bad_input_is_said_in_one_message(arguments: list[str], said: str) -> None:
    done = bench(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: ")
    assert said in done.stderr
