"""What `symkit init` shows: a table of steps, and what it rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import RenderableType

from symkit.cli.card import Row, card, counted, heading, listing
from symkit.cli.console import room

if TYPE_CHECKING:
    from symkit.nn import InitReport, LayerReport

HEADS = ("layer", "kind", "mean", "variance", "measured", "weight std")
SPACE = 2
ROUNDING = 1e-12
"""A mean that was taken off is 0 but for rounding; it is shown as 0."""

SHORTEST, KIND = 12, 16
"""Letters of names and of kinds that are shown in any case."""


def shown(report: InitReport, model: str) -> list[RenderableType]:
    """A headline, the table as wide as the terminal, and lines below."""
    # Two parts of one weight, such as queries and keys, are one layer.
    layers = sum(layer.weight_std is not None for layer in report.layers)
    head = f"{model}: {counted(len(report.layers), 'step')}, {counted(layers, 'layer')} of weights set"
    table = _table(report)
    rest = list(_rows(report))
    return [heading(head), table, *([card(rest)] if rest else [])]


def _table(report: InitReport) -> RenderableType:
    numbers = [_numbers(layer) for layer in report.layers]
    kinds = [layer.kind for layer in report.layers]
    taken = sum(max(map(len, cells)) + SPACE for cells in zip(HEADS[2:], *numbers, strict=True)) + SPACE
    names = [layer.name or "(model)" for layer in report.layers]
    left = room() - taken
    if max(map(len, [*names, ""])) + max(map(len, [*kinds, ""])) > left:
        kinds = [_start(kind, KIND) for kind in kinds]
        names = [_end(name, max(SHORTEST, left - max(map(len, [*kinds, ""])))) for name in names]
    rows = [(name, kind, *cells) for name, kind, cells in zip(names, kinds, numbers, strict=True)]
    return listing(HEADS, rows, numbers=(2, 3, 4, 5))


def _numbers(layer: LayerReport) -> tuple[str, ...]:
    values = (layer.mean, layer.variance, layer.measured_variance, layer.weight_std)
    return tuple("" if value is None else f"{0.0 if abs(value) < ROUNDING else value:.4g}" for value in values)


def _start(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _end(text: str, length: int) -> str:
    """The last part of a dotted name says most."""
    return text if len(text) <= length else f"…{text[1 - length :]}"


def _rows(report: InitReport) -> list[Row]:
    """What predictions rest on, and what was left out."""
    rows: list[Row] = []
    assumed: dict[str, list[str]] = {}
    for layer in report.layers:
        if layer.assumption:
            assumed.setdefault(layer.assumption, []).append(f"{layer.name or '(model)'} ({layer.kind})")
    for assumption, places in assumed.items():
        more = f" and {len(places) - 1} more" if len(places) > 1 else ""
        rows.append((" " if rows else "assumed", f"{assumption}, at {places[0]}{more}"))
    unproved = [layer for layer in report.layers if not layer.certified and not layer.is_unknown]
    if unproved:
        rows.append(("not proved", f"but measured by quadrature: {counted(len(unproved), 'step')}"))
    if report.centred:
        rows.append(("centred", ", ".join(report.centred)))
    if report.untouched:
        rows.append(("as they were", ", ".join(report.untouched)))
    return rows
