"""Pairs of axes with curves on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from symkit.reporting.canvas import COLOURS
from symkit.reporting.drawing import Drawing, PanelFacts
from symkit.reporting.sampling import Trace, heights

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 5.4
"""Of a picture, in inches: narrow, so that it can be read on a phone."""

FUNCTION, SLOPE, BEND = COLOURS[0], COLOURS[1], COLOURS[2]
INK, FAINT = "#333333", "#8a8a8a"

PRIMES = ("", "\N{PRIME}", "\N{DOUBLE PRIME}")

TITLE, NAME = 62, 40
"""Letters of a formula that fit over a panel and into a legend."""

OUTSIDE = 0.3
"""A level this near to the curves, in parts of their height, is shown too."""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A curve and how it is drawn; `label` names it in a legend, if it is not empty."""

    trace: Trace
    label: str
    colour: Any
    style: str = "-"


def shortened(text: str, length: int) -> str:
    """The text, its end cut off where it is longer."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def rows_of_panels(*heights: float) -> tuple[Figure, list[Axes]]:
    """A figure with panels one below the other that share their horizontal axis; heights in inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, sum(heights)), layout="constrained")
    axes = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    return figure, list(axes)


def draw(
    axes: Axes,
    lines: Sequence[Line],
    low: float,
    high: float,
    *,
    levels: Sequence[float] = (),
    margin: float = 0.25,
    **style: Any,
) -> None:
    """Curves from `low` to `high`, broken where they are; the outer `margin` of the range may run out of the picture.

    `levels` that are not far from the curves are in the picture.
    """
    room = margin * (high - low)
    bottom, top = heights([line.trace for line in lines], (low + room, high - room))
    near = [level for level in levels if bottom - OUTSIDE * (top - bottom) <= level <= top + OUTSIDE * (top - bottom)]
    room = 0.04 * (top - bottom)
    bottom, top = min([bottom, *(level - room for level in near)]), max([top, *(level + room for level in near)])
    axes.axhline(0, color=FAINT, linewidth=0.6, zorder=1.5)
    for line in lines:
        label = line.label
        for x, y in line.trace.runs:
            # What is far out of the picture is beyond what some viewers can draw.
            y = np.clip(y, bottom - 2 * (top - bottom), top + 2 * (top - bottom))
            axes.plot(x, y, color=line.colour, linestyle=line.style, label=label or None, zorder=3, **style)
            label = ""
    axes.set_xlim(low, high)
    axes.set_ylim(bottom, top)


def draw_jumps(axes: Axes, trace: Trace, colour: Any) -> None:
    """An open circle where a run ends next to a jump, a full one at the value there."""
    ends = [(jump.x, side) for jump in trace.jumps for side in (jump.left, jump.right) if side != jump.value]
    values = [(jump.x, jump.value) for jump in trace.jumps]
    for points, face in ((ends, "white"), (values, colour)):
        finite = [(x, y) for x, y in points if np.isfinite(y)]
        if finite:
            axes.plot(*zip(*finite, strict=True), "o", mfc=face, mec=colour, ms=4.5, mew=1.2, ls="none", zorder=4)


def legend_below(figure: Figure, axes: Sequence[Axes], columns: int = 3) -> None:
    """One legend under all panels, each label once."""
    entries: dict[str, Any] = {}
    for one in axes:
        for handle, label in zip(*one.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    if entries:
        longest = max(map(len, entries))
        fitting = max(1, min(columns, int(84 / (longest + 8))))
        figure.legend(list(entries.values()), list(entries), loc="outside lower center", ncols=fitting)


def finished(figure: Figure, texts: Sequence[str], axes: Sequence[Axes]) -> Drawing:
    """The picture with what its panels show. Its layout is settled here: drawn again, it would shift a little."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return Drawing(tuple(texts), tuple(_facts(one) for one in axes), figure)


def _facts(axes: Axes) -> PanelFacts:
    left, right, bottom, top = map(float, (*axes.get_xlim(), *axes.get_ylim()))
    names = tuple(axes.get_legend_handles_labels()[1])
    return PanelFacts(axes.get_ylabel() or axes.get_title("left"), (left, right), (bottom, top), names)
