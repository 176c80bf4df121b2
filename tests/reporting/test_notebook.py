"""What notebooks show of an expression, by IPython's own formatter."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.formatters import DisplayFormatter

from symkit import notebook, parse, plot
from symkit.reporting import canvas


class Shell:
    """As much of a running IPython as is asked for."""

    def __init__(self) -> None:
        self.display_formatter = DisplayFormatter()
        self.display_formatter.active_types = self.display_formatter.format_types


@pytest.fixture
def shell() -> Iterator[Shell]:
    # A formatter that fails warns, and shows the text alone.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = Shell()
        notebook.load_ipython_extension(made)
        yield made


def shown(shell: Shell, thing: Any) -> dict[str, Any]:
    data, _ = shell.display_formatter.format(thing)
    assert isinstance(data, dict)
    return data


def test_an_expression_is_its_formula_and_its_picture(shell: Shell) -> None:
    data = shown(shell, parse("x*sigmoid(x)"))
    assert "<math" in data["text/html"]
    assert "<svg" in data["text/html"]
    assert "<script" not in data["text/html"]
    assert data["text/latex"] == r"$\displaystyle x \sigma\left(x\right)$"
    assert data["text/plain"] == "Expression('x*sigmoid(x)', kind='activation')"


@pytest.mark.parametrize("text", ["3", "u*v", "p + y + z"])
def test_what_cannot_be_drawn_is_its_formula(shell: Shell, text: str) -> None:
    data = shown(shell, parse(text))
    assert "text/html" not in data
    assert "text/latex" in data


def test_without_matplotlib_it_is_its_formula(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canvas, "find_spec", lambda name: None)
    assert set(shown(shell, parse("relu(x)"))) == {"text/plain", "text/latex"}


def test_a_drawing_is_a_picture(shell: Shell) -> None:
    data = shown(shell, plot("relu(x)"))
    assert {"image/svg+xml", "image/png"} <= set(data)


def test_importing_symkit_in_a_notebook_is_enough() -> None:
    code = """
from IPython.testing.globalipapp import start_ipython
shell = start_ipython()
import symkit, sys
assert "symkit.text" not in sys.modules and "symkit.reporting" not in sys.modules
formatter = shell.display_formatter.formatters["text/html"]
formatter.enabled = True
print("<svg" in formatter(symkit.parse("relu(x)")))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "True", done.stderr
