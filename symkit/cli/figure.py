"""`symkit figure`: draw a figure of the literature again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from symkit.cli.arguments import JsonOption
from symkit.cli.card import card
from symkit.cli.console import emit, emit_json, remark
from symkit.errors import DomainError

if TYPE_CHECKING:
    from symkit.reporting.figures import LiteratureFigure


def figure(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The figure, such as r-4.5.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="The picture: .svg or .png.")
    ] = None,
    list_all: Annotated[bool, typer.Option("--list", help="Say which figures there are.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Draw a figure of the literature again.

    Every curve is a formula of the zoo, evaluated. r stands for the thesis and b for the dissertation that the zoo
    cites; symkit zoo shows their titles.

    \b
    Examples:
      symkit figure --list
      symkit figure r-4.5 -o absolute.svg
      symkit figure b-6.9 -o aquasurf.png --json
    """
    from symkit.reporting.figures import figures, literature_figure

    if list_all:
        if name is not None or output is not None:
            raise DomainError("--list takes neither NAME nor -o")
        _list(figures(), as_json)
        return
    if name is None:
        raise DomainError(f"give the NAME of a figure: {', '.join(figures())}; symkit figure --list says what they are")
    found = literature_figure(name)
    if output is None:
        raise DomainError(f"say where to draw it, such as: symkit figure {found.name} -o {found.name}.svg")
    from symkit.reporting.figure_drawing import plot_literature_figure

    plot_literature_figure(found, output)
    if as_json:
        emit_json({**_facts(found), "file": str(output)})
    else:
        emit(card([("figure", found.title), ("source", found.source), ("note", found.note)]))
        remark(f"wrote {output}")


def _list(titles: Any, as_json: bool) -> None:
    if as_json:
        emit_json({"figures": [{"name": name, "title": title} for name, title in titles.items()]})
    else:
        emit(card(titles.items()))


def _facts(found: LiteratureFigure) -> dict[str, Any]:
    """What was drawn: every curve by its formula's name, its settings and its values."""
    return {
        "name": found.name,
        "title": found.title,
        "source": found.source,
        "note": found.note,
        "panels": [
            {
                "title": panel.title,
                "curves": [
                    {
                        "label": curve.label,
                        "function": curve.function,
                        "order": curve.order,
                        "at": curve.at,
                        "x": curve.x.tolist(),
                        "y": curve.y.tolist(),
                    }
                    for curve in panel.curves
                ],
            }
            for panel in found.panels
        ],
    }
