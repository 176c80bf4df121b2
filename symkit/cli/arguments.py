"""What several commands take: the formula, its kind, and --json."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from symkit.errors import DomainError
from symkit.ops import standard
from symkit.text import Expression, parse
from symkit.text.names import IDENTIFIER, KINDS
from symkit.text.parse import MAX_TEXT

TRAINABLE = ("activation", "loss")
"""Kinds of functions that a network can be trained with, in the language as in the zoo."""

Formula = Annotated[
    str,
    typer.Argument(
        metavar="EXPR",
        help='The formula, such as "x*sigmoid(x)", or a name of the zoo, such as mish or "lsr(0.2)"; - reads standard '
        "input.",
    ),
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
    """The Expression that a command line argument spells: a formula, or a name of the zoo with values in brackets or
    without; `-` stands for standard input.

    Raises ParseError and DomainError as `named_function` does.
    """
    from symkit.zoo.named import named_function

    return named_function(_read_text(text), kind)


def read_trainable(text: str) -> Expression:
    """Like `read_expression`, for what a network can be trained with: an activation or a loss.

    The number of classes C is that of the data, unless the user says another: that of an entry is an example.

    Raises:
        DomainError: for anything else, with what is meant perhaps.
    """
    from symkit.zoo.named import named

    text = _read_text(text)
    found = named(text, TRAINABLE)
    expression = parse(text) if found is None else found.for_any_classes
    if expression.kind in TRAINABLE:
        return expression
    inputs = ", ".join(expression.inputs)
    nature = f"a function of {inputs}, neither activation nor loss" if inputs else "a formula without inputs"
    raise DomainError(
        f"{expression} is {nature}; to train with it, write an activation in x, such as x*sigmoid(x), or a loss in "
        f"y (target) and p (prediction) or z (logit), such as (y - p)**2{_meant(text.strip())}"
    )


def _meant(text: str) -> str:
    """What a name that the zoo does not hold may have been meant for."""
    from symkit.zoo.catalogue import nearest_name

    if IDENTIFIER.fullmatch(text) is None:
        return ""
    if text in standard():
        return f"; {text} is an operator of the language, with operands in brackets"
    near = nearest_name(text, TRAINABLE)
    return f"; the nearest name in the zoo is {near!r}" if near is not None else ""


def _read_text(text: str) -> str:
    """What an argument says: `-` is standard input, and a space before a minus was put there by `Commands`."""
    if text == "-":
        # No more is read than tells the parser that it is too much.
        return sys.stdin.buffer.read(4 * MAX_TEXT).decode("utf-8", "replace").rstrip("\r\n")
    return text[1:] if text.startswith(" -") else text


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
