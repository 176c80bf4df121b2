"""Cards: a headline and lines of label and value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

Row = tuple[str, str]
"""A label and its value."""


def heading(text: str) -> Text:
    """The first line of a card."""
    return Text(text, style="bold", overflow="fold")


def card(rows: Iterable[Row]) -> Table:
    """Labels on the left, values folded beside them."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="cyan", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in rows:
        grid.add_row(label, value)
    return grid


def listing(columns: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[int] = ()) -> RenderableType:
    """A table of one line a row, the widest column cut where the terminal ends; `numbers` are aligned to the right."""
    widths = [max(map(len, cells)) for cells in zip(columns, *rows, strict=True)]
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="cyan", pad_edge=False)
    # rich takes room from columns that may wrap first; no cell does, for it says so itself.
    for position, (column, width) in enumerate(zip(columns, widths, strict=True)):
        justify: Literal["left", "right"] = "right" if position in numbers else "left"
        table.add_column(column, justify=justify, no_wrap=width < max(widths))
    for row in rows:
        table.add_row(*(Text(cell, no_wrap=True, overflow="ellipsis") for cell in row))
    return table


def counted(number: int, noun: str) -> str:
    """`1 seed`, `3 seeds`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
