"""Runs the examples of a page and writes down what they print.

A ```python block is run, in order, with one namespace a page; a ```text block after it is what it prints. In a
```console block each line after `$ ` is a command and the rest its output. ```sh blocks are only read.

    python docs/examples.py            README and every page get the outputs that their examples have now
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).resolve().parent
PAGES = [DOCS.parent / "README.md", *sorted(DOCS.glob("*.md"))]
BLOCK = re.compile(r"^```(python|text|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def refreshed(page: Path) -> str:
    """The text of a page with the real outputs of its examples. Runs them in a folder of their own."""
    text = page.read_text(encoding="utf-8")
    namespace: dict[str, object] = {"__name__": "__main__"}
    printed = ""

    def with_output(block: re.Match[str]) -> str:
        nonlocal printed
        language, body = block[1], block[2]
        if language == "python":
            line = text[: block.start()].count("\n") + 1
            printed = output_of_code(body, namespace, f"{page}", line)
        elif language == "text":
            body = printed
        else:
            commands = [line.removeprefix("$ ") for line in body.splitlines() if line.startswith("$ ")]
            body = "".join(f"$ {command}\n{output_of_command(command)}" for command in commands)
        return f"```{language}\n{body}```"

    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        return BLOCK.sub(with_output, text)


def output_of_code(code: str, namespace: dict[str, object], file: str, line: int) -> str:
    """What a block prints; a traceback from it shows the lines of the page."""
    with contextlib.redirect_stdout(io.StringIO()) as output:
        exec(compile("\n" * line + code, file, "exec"), namespace)
    return output.getvalue()


def output_of_command(command: str) -> str:
    """What a `symkit` command prints on both streams, at 80 columns."""
    program, *arguments = shlex.split(command)
    if program != "symkit":
        raise ValueError(f"{command!r} is no symkit command")
    done = subprocess.run(
        [sys.executable, "-m", "symkit", *arguments],
        env={**os.environ, "COLUMNS": "80", "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(refreshed(page), encoding="utf-8")
