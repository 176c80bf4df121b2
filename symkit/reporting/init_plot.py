"""A picture of an initialisation: the variance after every step of a network, predicted and measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from symkit.errors import DomainError
from symkit.nn import InitReport
from symkit.reporting.canvas import COLOURS
from symkit.reporting.drawing import Drawing, drawn_to
from symkit.reporting.panels import finished, legend_below, rows_of_panels

LOWEST, HIGHEST = 1e-100, 1e100
"""Variances beyond are as good as 0 and as infinite."""


def plot_init(report: InitReport | Mapping[str, InitReport], path: str | Path | None = None) -> Drawing:
    """Draws the variance after every step, in the order in which the network runs.

    A line shows what is predicted, dots what was measured, on a logarithmic axis. Variances that are 0, and those that
    are no finite number, are left out. With several reports of one network, ways to initialise it are compared (as in
    B figure 5.3); `autoinit(..., keep=True)` gives that of the weights as they are.

    Args:
        report: what `symkit.nn.autoinit` returns, or up to six by name.
        path: a file to write, .svg or .png; None to write none.

    Returns:
        A Drawing, which notebooks show.

    Raises:
        DomainError: for no report, for more than six, where no variance can be drawn, and for a path that ends in
            neither .svg nor .png or cannot be written.
        Unsupported: where matplotlib is not installed.
    """
    named = {"": report} if isinstance(report, InitReport) else report
    if not 1 <= len(named) <= len(COLOURS):
        raise DomainError(f"{len(named)} reports cannot be drawn together: 1 to {len(COLOURS)} can")
    return drawn_to(path, lambda: _drawn(named))


def _drawn(named: Mapping[str, InitReport]) -> Drawing:
    from matplotlib.ticker import MaxNLocator

    predicted = [_drawable([layer.variance for layer in report.layers]) for report in named.values()]
    measured = [_drawable([layer.measured_variance for layer in report.layers]) for report in named.values()]
    everything = np.concatenate([values.compressed() for values in (*predicted, *measured)])
    if not everything.size:
        raise DomainError("there is nothing to draw: no step of the report has a variance that is positive and finite")
    figure, (axes,) = rows_of_panels(2.9)
    for name, line, dots, colour in zip(named, predicted, measured, COLOURS, strict=False):
        said = f"{name}, " if name else ""
        steps = np.arange(1, line.size + 1)
        axes.plot(steps, line, "-", color=colour, label=f"{said}predicted", linewidth=1.2, zorder=3)
        axes.plot(steps, dots, "o", color=colour, label=f"{said}measured", ms=2.8, mew=0, alpha=0.75, zorder=4)
    axes.set_yscale("log")
    axes.set_ylim(min(0.1, float(everything.min()) / 2), max(10.0, float(everything.max()) * 2))
    axes.set_xlim(0.5, max(line.size for line in predicted) + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    axes.set_xlabel("step")
    axes.set_ylabel("variance")
    legend_below(figure, [axes], columns=2)
    return finished(figure, tuple(named), [axes])


def _drawable(values: Sequence[float | None]) -> np.ma.MaskedArray[tuple[int], np.dtype[np.float64]]:
    """Those that a logarithmic axis can show."""
    found: NDArray[np.float64] = np.array([np.nan if value is None else value for value in values], dtype=float)
    with np.errstate(invalid="ignore"):
        return np.ma.masked_where(~((found >= LOWEST) & (found <= HIGHEST)), found)
