"""Ways to run the command line: in this process, which is quick, and in one of its own, which is the real thing."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from commands import Command, Done
from typer.testing import CliRunner

from symkit.cli.app import app


@pytest.fixture
def symkit(monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command in this process, piped and without COLUMNS."""
    monkeypatch.delenv("COLUMNS", raising=False)

    def run(*arguments: str, stdin: str | bytes | None = None, columns: int | None = None) -> Done:
        if columns is not None:
            monkeypatch.setenv("COLUMNS", str(columns))
        done = CliRunner().invoke(app, list(arguments), prog_name="symkit", input=stdin)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Done(done.exit_code, done.stdout, done.stderr)

    return run


@pytest.fixture
def symkit_process() -> Command:
    """Runs a command in a process of its own."""

    def run(*arguments: str | bytes, stdin: bytes = b"") -> Done:
        command = [sys.executable, "-m", "symkit", *arguments]
        # Python's own view of the environment, which readline does not change behind its back.
        environment = dict(os.environ)
        done = subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=60, env=environment)
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run
