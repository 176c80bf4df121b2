"""Drawing the figures of the literature."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symkit.reporting.canvas import COLOURS
from symkit.reporting.drawing import Drawing, drawn_to
from symkit.reporting.figures import Curve, LiteratureFigure, Panel
from symkit.reporting.panels import finished
from symkit.zoo.catalogue import catalogue

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHT = 2.7
"""Of a row of panels, in inches."""

WIDTH = {2: 3.6, 3: 3.2, 4: 2.9}
"""Of a panel, in inches, by the number of columns."""

LAST_STEP = 0.85
"""How far steps go through viridis, whose end is too light to be seen on white."""


def plot_literature_figure(figure: LiteratureFigure, path: str | Path | None = None) -> Drawing:
    """Draws a figure of the literature.

    Args:
        figure: from `literature_figure`.
        path: a file to write, .svg or .png; None to write none.

    Returns:
        A Drawing, which notebooks show; its texts are the functions that the curves are of.

    Raises:
        DomainError: for a path that ends in neither .svg nor .png or cannot be written.
        Unsupported: where matplotlib is not installed.
    """
    return drawn_to(path, lambda: _drawn(figure))


def _drawn(figure: LiteratureFigure) -> Drawing:
    from matplotlib.figure import Figure

    count, columns = len(figure.panels), figure.columns
    rows = -(-count // columns)
    drawn = Figure(figsize=(WIDTH[columns] * columns, HEIGHT * rows), layout="constrained")
    grid = drawn.add_gridspec(rows, columns)
    for index, panel in enumerate(figure.panels):
        row, column = divmod(index, columns)
        alone = index == count - 1 and column == 0
        _draw(drawn.add_subplot(grid[row, :] if alone else grid[row, column]), panel)
    functions = dict.fromkeys(curve.function for panel in figure.panels for curve in panel.curves)
    return finished(drawn, [str(catalogue[name]) for name in functions], drawn.axes)


def _draw(axes: Axes, panel: Panel) -> None:
    axes.set_title(panel.title)
    axes.set_xlabel(panel.x_label)
    axes.set_ylabel(panel.y_label)
    axes.set_xlim(panel.range)
    if panel.height is not None:
        axes.set_ylim(panel.height)
    for curve, style in zip(panel.curves, _styles(panel.curves), strict=True):
        axes.plot(curve.x, curve.y, label=curve.label, **style)
    if panel.legend is not None:
        axes.legend(**_placed(panel.legend))


def _placed(legend: str) -> dict[str, Any]:
    return {"loc": "upper center", "bbox_to_anchor": (0.5, -0.24)} if legend == "below" else {"loc": legend}


def _styles(curves: Sequence[Curve]) -> list[dict[str, Any]]:
    """Colours by role: one each for functions, viridis for steps, blue for samples and red for what they start at."""
    from matplotlib import colormaps

    steps = [curve for curve in curves if curve.role == "step"]
    viridis = colormaps["viridis"]
    styles: list[dict[str, Any]] = []
    for index, curve in enumerate(curves):
        if curve.role == "sample":
            styles.append({"color": COLOURS[0], "alpha": 0.35, "linewidth": 0.8})
        elif curve.role == "initial":
            styles.append({"color": COLOURS[1], "linewidth": 1.8})
        elif curve.role == "step":
            styles.append({"color": viridis(LAST_STEP * steps.index(curve) / max(len(steps) - 1, 1))})
        else:
            styles.append({"color": COLOURS[index]})
    return styles
