"""A finished picture: what is on it, and the ways it is shown or kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from symkit.files import check_place, write_bytes
from symkit.reporting.canvas import format_of, rendered, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class PanelFacts:
    """What a pair of axes shows.

    Attributes:
        label: of the vertical axis.
        x, y: lowest and highest value of either axis.
        named: what its legend tells apart.
    """

    label: str
    x: tuple[float, float]
    y: tuple[float, float]
    named: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Drawing:
    """A picture of functions; notebooks show it.

    Attributes:
        texts: the functions.
        panels: what was drawn.
        figure: the matplotlib Figure, which pyplot knows nothing of.
    """

    texts: tuple[str, ...]
    panels: tuple[PanelFacts, ...]
    figure: Figure

    def save(self, path: str | Path) -> None:
        """Writes a PNG or SVG file, whole or not at all; the same function gives the same bytes.

        Raises:
            DomainError: for a name that ends neither in .png nor in .svg.
            OSError: where the file cannot be written.
        """
        file = Path(path)
        write_bytes(file, rendered(self.figure, format_of(file)))

    def svg(self) -> str:
        """The picture as SVG, its text as text."""
        return rendered(self.figure, "svg").decode("utf-8")

    def png(self) -> bytes:
        """The picture as PNG, of 150 pixels an inch."""
        return rendered(self.figure, "png")

    def _repr_svg_(self) -> str:
        return self.svg()

    def _repr_png_(self) -> bytes:
        return self.png()


def drawn_to(path: str | Path | None, draw: Callable[[], Drawing]) -> Drawing:
    """A picture in the house style, saved if there is a path, which is checked before anything is drawn.

    Raises:
        DomainError: for a path that ends in neither .svg nor .png or cannot be written.
        Unsupported: where matplotlib is not installed.
    """
    if path is not None:
        format_of(Path(path))
        check_place(Path(path))
    with styled():
        drawing = draw()
    if path is not None:
        drawing.save(path)
    return drawing
