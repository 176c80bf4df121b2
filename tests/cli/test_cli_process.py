"""The command line as a process: what it loads, how long it takes, where its output goes; and its help pages."""

from __future__ import annotations

import os
import pty
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from commands import Command

from symkit import __version__

COMMANDS = [
    *("run", "show", "check", "simplify", "equal", "analyze", "protect", "enforce", "redistribute"),
    *("export", "plot", "report", "landscape", "figure", "bench", "zoo", "space", "init", "cache"),
]
ANSWERING = {"check", "equal"}
"""Commands whose answer may be "no": then they exit with 1."""

EXAMPLE = "log(sigmoid(alpha*x)) * beta*arcsinh(x)"


def examples(page: str) -> list[str]:
    """The commands that a help page shows."""
    _, _, after = page.partition("Examples:\n")
    return [line.strip() for line in after.split("\n\n")[0].splitlines()]


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_the_examples_of_the_help_pages_run(
    symkit: Command, command: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = symkit(*([command] if command else []), "--help", columns=200)
    assert page.code == 0
    shown = examples(page.out)
    assert len(shown) >= 2
    for line in shown:
        program, *arguments = shlex.split(line)
        assert program == "symkit"
        assert command in (None, arguments[0])
        done = symkit(*arguments)
        assert done.code in ((0, 1) if arguments[0] in ANSWERING else (0,)), line
        assert done.out or "-o" in arguments, line
        if "--json" in arguments:
            assert done.json


def test_all_commands_are_listed(symkit: Command) -> None:
    listed = symkit("--help").out.partition("Commands:")[2]
    assert re.findall(r"^  (\w+)  ", listed, re.MULTILINE) == COMMANDS
    # No sentence is cut.
    assert "..." not in listed


def test_without_a_command_the_help_is_shown(symkit: Command) -> None:
    done = symkit()
    assert done.code == 2
    assert "Commands:" in done.err + done.out


def test_version(symkit: Command) -> None:
    assert symkit("--version").out == f"{__version__}\n"


def loaded(*arguments: str) -> set[str]:
    """Top-level modules that a command has loaded when it exits."""
    code = (
        "import sys\nfrom symkit.cli import main\ntry:\n    main()\nfinally:\n"
        "    print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["run", "--help"],
        ["bench", "--help"],
        ["show", EXAMPLE, "--derivative"],
        ["zoo", "mish"],
        ["analyze", "x"],
    ],
)
def test_torch_is_loaded_only_where_it_is_needed(arguments: list[str]) -> None:
    assert not loaded(*arguments) & {"torch", "sklearn", "sympy", "numba", "matplotlib", "networkx"}


def test_show_is_quick(symkit_process: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")

    def seconds() -> float:
        before = os.times()
        assert symkit_process("show", EXAMPLE).code == 0
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    # Of the processor, not of the clock: other work may share the cores. Half a second where there is none.
    assert min(seconds() for _ in range(3)) < 1.0


def test_pipes_get_no_colours_and_whole_lines(symkit_process: Command) -> None:
    done = symkit_process("zoo", "--kind", "activation")
    assert (done.code, "\x1b" in done.out) == (0, False)
    assert not re.search(r"[ \t]$", done.out, re.MULTILINE)
    assert "…" not in done.out


@pytest.mark.parametrize("columns", [60, 100])
@pytest.mark.parametrize(
    "arguments",
    [
        ["show", EXAMPLE, "--derivative"],
        ["analyze", "1/x"],
        ["zoo"],
        ["zoo", "pangaea_logsig_b_asinh"],
        ["zoo", "--find", "swish(x)"],
        ["run", EXAMPLE, "--epochs", "1", "--seeds", "2"],
    ],
    ids=lambda arguments: " ".join(arguments)[:20],
)
def test_lines_fit_the_terminal(symkit: Command, arguments: list[str], columns: int) -> None:
    done = symkit(*arguments, columns=columns)
    assert done.code == 0
    assert [line for line in done.out.splitlines() if len(line) > columns] == []


def test_help_fits_the_terminal_but_for_examples_which_stay_whole(
    symkit_process: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    page = symkit_process("run", "--help").out
    long = [line.strip() for line in page.splitlines() if len(line) > 60]
    assert set(long) <= set(examples(page))


def test_a_terminal_gets_progress_on_standard_error_and_a_pipe_gets_results() -> None:
    master, slave = pty.openpty()
    options = ["run", "tanh(x)", "--epochs", "2", "--seeds", "1", "--json"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    environment.pop("NO_COLOR", None)
    with subprocess.Popen(
        [sys.executable, "-m", "symkit", *options], stdout=subprocess.PIPE, stderr=slave, env=environment
    ) as process:
        os.close(slave)
        shown = b""
        while True:
            try:
                shown += os.read(master, 65536)
            except OSError:
                # Linux says so when the other end is closed.
                break
        assert process.stdout is not None
        out = process.stdout.read()
        assert process.wait(timeout=30) == 0
    os.close(master)
    assert b"training" in shown
    assert b"6/6" in shown
    assert out.startswith(b"{")
    assert b"\x1b" not in out


def test_a_closed_pipe_is_no_crash() -> None:
    shell = f"{shlex.quote(sys.executable)} -m symkit zoo | head -n 1"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["name", "kind", "formula"]
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_a_poor_encoding_is_no_crash() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-m", "symkit", "zoo", "mish"], env=environment, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\xb1 0.41" in done.stdout
