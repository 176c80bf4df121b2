"""The documentation is true: its code runs and prints what the page shows, its links and generated pages hold.

In README and docs, a ```python block is run, in order, with one namespace a page; a ```text block after it is what it
prints. In a ```console block each line after `$ ` is a command and the rest its output. ```sh blocks are only read.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
GENERATED = [DOCS / "operators.md", DOCS / "rules.md"]

Block = tuple[str, str, int]
"""Language, text and line of a fenced block."""


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(block[1], block[2], text[: block.start()].count("\n") + 2) for block in found]


def ids(page: Path) -> str:
    return page.name


def with_block(language: str) -> list[Path]:
    return [page for page in PAGES if any(block[0] == language for block in blocks(page))]


@pytest.mark.parametrize("page", with_block("python"), ids=ids)
def test_python_blocks_print_what_the_page_shows(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "__main__"}
    printed = ""
    for language, text, line in blocks(page):
        if language == "python":
            # Newlines keep the line numbers of the page in a traceback.
            code = compile("\n" * (line - 1) + text, str(page), "exec")
            with contextlib.redirect_stdout(io.StringIO()) as output:
                exec(code, namespace)
            printed = output.getvalue()
        elif language == "text":
            assert printed == text, f"{page.name}:{line}"


@pytest.mark.parametrize("page", with_block("console"), ids=ids)
def test_commands_print_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1"}
    for language, text, line in blocks(page):
        if language != "console":
            continue
        for command, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
            program, *arguments = shlex.split(command)
            assert program == "symkit", f"{page.name}:{line}"
            done = subprocess.run(
                [sys.executable, "-m", "symkit", *arguments],
                cwd=tmp_path,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            assert done.stdout == shown, f"{page.name}:{line}"


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_local_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    files = [target.partition("#")[0] for target in targets if "://" not in target and not target.startswith("#")]
    assert [file for file in files if not (page.parent / file).exists()] == []


def test_every_page_is_in_the_menu() -> None:
    menu = re.findall(r"(\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(menu) == sorted(page.name for page in DOCS.glob("*.md"))


def generator(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", GENERATED, ids=ids)
def test_generated_page_is_what_the_table_says(page: Path) -> None:
    made = generator(f"generate_{page.stem}").page()
    assert page.read_text(encoding="utf-8") == made, "run `make docs`"


def test_each_function_of_one_number_has_its_plot() -> None:
    plotted = {operator.name for operator in generator("generate_operators").plotted()}
    drawn = {file.stem for file in (DOCS / "img" / "operators").glob("*.svg")}
    assert plotted == drawn
