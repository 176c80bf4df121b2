"""The documentation is true: its examples print what the pages show, its links and generated pages hold."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

from symkit.cli.app import app

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


def script(name: str) -> ModuleType:
    """One of the scripts that make the documentation, as a module."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


examples = script("examples")
PAGES: list[Path] = examples.PAGES


def page_id(page: Path) -> str:
    return page.name


def output_in_this_process(command: str) -> str:
    """See `examples.output_of_command`; no second is spent on importing torch again."""
    done = CliRunner().invoke(app, shlex.split(command)[1:], prog_name="symkit", env={"COLUMNS": "80", "NO_COLOR": "1"})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


run_as_processes: set[str] = set()
"""Commands that were run once as a user runs them."""


@pytest.fixture
def quick_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command is run as a process of its own the first time, and in this one from then on."""
    as_process = examples.output_of_command

    def output(command: str) -> str:
        name = " ".join(shlex.split(command)[:2])
        if name in run_as_processes:
            return output_in_this_process(command)
        run_as_processes.add(name)
        return str(as_process(command))

    monkeypatch.setattr(examples, "output_of_command", output)


@pytest.mark.usefixtures("quick_commands")
@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_examples_print_what_the_page_shows(page: Path) -> None:
    assert page.read_text(encoding="utf-8") == examples.refreshed(page)


def test_examples_are_found_and_run(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```python\na = 2\nprint(a)\n```\n\n```text\n3\n```\n\n```console\n$ symkit --version\n1\n```\n")
    assert "```text\n2\n```" in examples.refreshed(page)
    assert "$ symkit --version\n1\n```" not in examples.refreshed(page)
    page.write_text("```python\n1/0\n```\n")
    with pytest.raises(ZeroDivisionError):
        examples.refreshed(page)


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_local_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    files = [target.partition("#")[0] for target in targets if "://" not in target and not target.startswith("#")]
    assert [file for file in files if not (page.parent / file).exists()] == []


def test_every_page_is_in_the_menu() -> None:
    menu = re.findall(r"(\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(menu) == sorted(page.name for page in DOCS.glob("*.md"))


@pytest.mark.parametrize("name", ["operators", "rules"])
def test_generated_page_says_what_the_code_says(name: str) -> None:
    made = script(f"generate_{name}").page()
    assert (DOCS / f"{name}.md").read_text(encoding="utf-8") == made, "run `make docs`"


def test_each_function_of_one_number_has_its_plot() -> None:
    plotted = {operator.name for operator in script("generate_operators").plotted()}
    drawn = {file.stem for file in (DOCS / "img" / "operators").glob("*.svg")}
    assert plotted == drawn
