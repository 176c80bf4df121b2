"""Where output goes: results to standard output, everything else to standard error."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console, RenderableType
from rich.text import Text

UNBROKEN = 10_000
"""Columns of a pipe or a file: lines are broken for eyes only."""


def errors() -> Console:
    """The console for diagnostics and progress."""
    return Console(stderr=True, markup=False, highlight=False, emoji=False)


def complain(message: str) -> None:
    """Says what is wrong on standard error."""
    errors().print(Text("Error: ", style="bold red") + Text(message), soft_wrap=True)


def remark(message: str) -> None:
    """Says something else on standard error."""
    errors().print(message, soft_wrap=True)


def room() -> int:
    """Columns of standard output: as wide as the terminal or COLUMNS, and unbroken elsewhere."""
    plain = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return UNBROKEN if plain else Console().width


def emit(*parts: RenderableType) -> None:
    """Prints to standard output, in lines of `room()`."""
    console = Console(markup=False, highlight=False, emoji=False, width=room())
    with console.capture() as captured:
        for part in parts:
            console.print(part)
    # Tables pad their last column.
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))
    sys.stdout.flush()


def emit_json(value: Mapping[str, Any]) -> None:
    """Prints one JSON object to standard output."""
    sys.stdout.write(to_json(value))
    sys.stdout.flush()


def to_json(value: Any) -> str:
    """Strict, pure ASCII JSON; infinities are "inf" and "-inf", as Python's float reads them, and NaN is null."""
    return json.dumps(jsonable(value), indent=2, allow_nan=False) + "\n"


def jsonable(value: Any) -> Any:
    """Mappings, sequences, dataclasses and floats as JSON has them."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: jsonable(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value
