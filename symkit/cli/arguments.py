"""What several commands take: the formula, its kind, and --json."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from symkit.text import Expression, parse
from symkit.text.names import KINDS
from symkit.text.parse import MAX_TEXT

Formula = Annotated[
    str, typer.Argument(metavar="EXPR", help='The formula, such as "x*sigmoid(x)"; - reads standard input.')
]
KindOption = Annotated[
    str | None, typer.Option("--kind", metavar="KIND", help=f"{', '.join(KINDS)}; told from the inputs if not given.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def read_expression(text: str, kind: str | None = None) -> Expression:
    """The Expression that a command line argument spells; `-` stands for standard input.

    Raises ParseError and DomainError as `parse` does.
    """
    if text == "-":
        # No more is read than tells the parser that it is too much.
        text = sys.stdin.buffer.read(4 * MAX_TEXT).decode("utf-8", "replace").rstrip("\r\n")
    elif text.startswith(" -"):
        text = text[1:]
    return parse(text, kind=kind)
