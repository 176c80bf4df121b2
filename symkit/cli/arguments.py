"""What several commands take: the formula, its kind, and --json."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from symkit.errors import DomainError
from symkit.text import Expression, parse
from symkit.text.names import KINDS
from symkit.text.parse import MAX_TEXT

Formula = Annotated[
    str, typer.Argument(metavar="EXPR", help='The formula, such as "x*sigmoid(x)"; - reads standard input.')
]
KindOption = Annotated[
    str | None, typer.Option("--kind", metavar="KIND", help=f"{', '.join(KINDS)}; told from the inputs if not given.")
]
BoxOption = Annotated[
    str | None,
    typer.Option("--box", metavar="RANGES", help='Lowest and highest values, such as "x=-10:10, beta=0:2".'),
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


def read_box(text: str | None) -> dict[str, tuple[float, float]]:
    """The ranges that `x=-10:10, beta=0:2` spells, by name. Raises DomainError for anything else."""
    box: dict[str, tuple[float, float]] = {}
    for part in (text or "").split(",") if text else ():
        name, _, bounds = part.partition("=")
        try:
            low, high = (float(bound) for bound in bounds.split(":"))
        except ValueError:
            raise DomainError(f'--box takes ranges such as "x=-10:10, beta=0:2", not {text!r}') from None
        if name.strip() in box:
            raise DomainError(f"--box gives two ranges for {name.strip()!r}; give one")
        box[name.strip()] = low, high
    return box


def read_values(text: str | None) -> dict[str, float]:
    """The values that `beta=2, alpha=0.1` spells, by name. Raises DomainError for anything else."""
    values: dict[str, float] = {}
    for part in (text or "").split(",") if text else ():
        name, _, number = part.partition("=")
        try:
            value = float(number)
        except ValueError:
            raise DomainError(f'--set takes values such as "beta=2, alpha=0.1", not {text!r}') from None
        if name.strip() in values:
            raise DomainError(f"--set gives two values for {name.strip()!r}; give one")
        values[name.strip()] = value
    return values
