"""Cards: a headline and lines of label and value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from symkit.text import Expression

if TYPE_CHECKING:
    from symkit.zoo import Match

Row = tuple[str, str]
"""A label and its value."""

CASES = 3
"""How many families that a function is a case of are named."""

SHARED = {"layer": "one value a layer", "channel": "one a channel", "neuron": "one a neuron", "none": "fixed"}


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
    for position, (column, width) in enumerate(zip(columns, widths, strict=True)):
        justify: Literal["left", "right"] = "right" if position in numbers else "left"
        table.add_column(column, justify=justify, no_wrap=True, min_width=None if width == max(widths) else width)
    for row in rows:
        table.add_row(*row)
    return table


def counted(number: int, noun: str) -> str:
    """`1 seed`, `3 seeds`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def formula_rows(expression: Expression, granularity: str | None = None) -> list[Row]:
    """Kind, inputs, parameters and operators; `granularity` is that of parameters whose header names none."""
    inputs = ", ".join(expression.inputs)
    counts = expression.program.operator_counts()
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    operators = ", ".join(f"{name} {count}" for name, count in ordered)
    rows = [
        ("kind", f"{expression.kind} of {inputs}" if inputs else f"{expression.kind}, no inputs"),
        ("parameters", _parameters(expression, granularity) or "none"),
    ]
    if expression.constants:
        rows.append(("constants", ", ".join(f"{name} = {value:g}" for name, value in expression.constants.items())))
    rows.append(("operators", f"{operators}; {expression.size} in all, {expression.depth} deep" if counts else "none"))
    return rows


def _parameters(expression: Expression, granularity: str | None) -> str:
    parts: list[str] = []
    for name, initial in expression.parameters.items():
        sharing = expression.granularity[name] or granularity
        parts.append(f"{name} = {initial:g}" + (f" ({SHARED[sharing]})" if sharing else ""))
    return ", ".join(parts)


def known_as(matches: Sequence[Match]) -> str:
    """Which functions of the zoo an expression is, the best matches first."""
    exact = [match.name for match in matches if not held(match)]
    special = [f"{match.name} ({settings_text(held(match))})" for match in matches if held(match)]
    if exact:
        return ", ".join(exact)
    if special:
        more = f" and {len(special) - CASES} more" if len(special) > CASES else ""
        return f"a case of {', '.join(special[:CASES])}{more}"
    return "no function of the zoo"


def held(match: Match) -> dict[str, float]:
    """Parameters of the known function that must keep a value for it to be this function."""
    return {name: value for name, value in match.parameters.items() if not isinstance(value, str)}


def settings_text(values: Mapping[str, float]) -> str:
    """`alpha = 1, beta = 2`."""
    return ", ".join(f"{name} = {value:g}" for name, value in values.items())
