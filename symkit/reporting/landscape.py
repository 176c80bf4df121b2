"""Drawing loss landscapes: curves on a line, maps on a plane."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from symkit.errors import DomainError
from symkit.nn import Landscape
from symkit.reporting.canvas import COLOURS
from symkit.reporting.drawing import Drawing, drawn_to
from symkit.reporting.panels import finished

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.contour import QuadContourSet

LEVELS = 14
"""About how many levels of loss a map tells apart."""

APART = 30.0
"""Losses of which the highest is this many times the lowest are told apart by ratio."""

NOWHERE = "#d9d9d9"
"""The colour of a map where the loss is no finite number."""

FLAT = 1e-6
"""Losses that differ by no more than this part of themselves are drawn as one."""

HUGE = 1e200
"""What is larger is as good as infinite; matplotlib's own arithmetic would overflow."""


def plot_landscape(
    landscape: Landscape | Mapping[str, Landscape],
    path: str | Path | None = None,
    *,
    loss: str = "loss",
    one_scale: bool = True,
) -> Drawing:
    """Draws loss landscapes: lines as curves on the same axes, planes as maps side by side.

    The model itself is at 0, and on a map marked by a cross. A curve is broken where the loss is no finite number;
    a map is grey there.

    Args:
        landscape: one, or several by name, all lines or all planes.
        path: a file to write, .svg or .png; None to write none.
        loss: what the losses are, for the label of their axis or scale.
        one_scale: whether a colour stands for the same loss on all maps; else each has a scale of its own, as losses of
            different kinds need.

    Returns:
        A Drawing, which notebooks show.

    Raises:
        DomainError: for lines and planes together, for more than six, for none, where no loss is finite, and for a
            path that ends in neither .svg nor .png or cannot be written.
        Unsupported: where matplotlib is not installed.
    """
    named = {"": landscape} if isinstance(landscape, Landscape) else landscape
    if not 1 <= len(named) <= len(COLOURS):
        raise DomainError(f"{len(named)} landscapes cannot be drawn together: 1 to {len(COLOURS)} can")
    planes = [found.betas is not None for found in named.values()]
    if any(planes) != all(planes):
        raise DomainError("a line and a plane cannot be drawn together: make all landscapes with the same directions")
    groups = [list(named)] if one_scale or not all(planes) else [[name] for name in named]
    if any(all(_drawable(named[name]).mask.all() for name in group) for group in groups):
        raise DomainError("there is nothing to draw: no loss of the landscape is a finite number")
    return drawn_to(path, lambda: _maps(named, groups, loss) if all(planes) else _curves(named, loss))


def _curves(named: Mapping[str, Landscape], loss: str) -> Drawing:
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(5.0, 3.2), layout="constrained")
    axes = drawn.add_subplot()
    for (name, found), colour in zip(named.items(), COLOURS, strict=False):
        axes.plot(found.alphas, _drawable(found), color=colour, label=name)
    axes.set_xlim(*_ends(named))
    axes.set_xlabel("along the direction, in norms of the filters")
    axes.set_ylabel(loss)
    if any(named):
        axes.legend()
    return finished(drawn, tuple(named), [axes])


def _maps(named: Mapping[str, Landscape], groups: Sequence[Sequence[str]], loss: str) -> Drawing:
    """Maps; those of a group have one scale."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(3.4 * len(named) + 0.8 * len(groups), 3.3), layout="constrained")
    row = drawn.subplots(1, len(named), squeeze=False, sharex=True, sharey=True)[0]
    axes_of = dict(zip(named, row, strict=True))
    for group in groups:
        shown = np.concatenate([_drawable(named[name]).compressed() for name in group])
        levels = _levels(float(shown.min()), float(shown.max()))
        maps = [_map(axes_of[name], name, named[name], levels) for name in group]
        drawn.colorbar(maps[0], ax=[axes_of[name] for name in group], label=loss, format="%.8g", ticks=levels)
    row[0].set_ylabel("along the second direction")
    return finished(drawn, tuple(named), list(row))


def _levels(low: float, high: float) -> NDArray[np.float64]:
    """Round levels from the lowest to the highest loss: in steps of 1, 2, 5, 10 where they are far apart, else even."""
    from matplotlib.ticker import MaxNLocator

    if low > 0 and high > APART * low:
        first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
        steps = (1.0, 2.0, 5.0) if last - first <= LEVELS // 2 else (1.0,)
        powers = range(first, last + 1, -(-(last - first) // LEVELS))
        levels = np.array([step * 10.0**power for power in powers for step in steps])
        top = 10.0 ** (powers[-1] + powers.step)
        levels = np.append(levels, top)
        return levels[max(np.searchsorted(levels, low, "right") - 1, 0) : np.searchsorted(levels, high) + 1]
    size = max(abs(low), abs(high))
    # What is flat needs levels too.
    room = 0.1 * (size or 1.0) if high - low <= FLAT * size else 0.0
    even: NDArray[np.float64] = np.asarray(MaxNLocator(LEVELS).tick_values(low - room, high + room))
    return even


def _map(axes: Axes, name: str, found: Landscape, levels: NDArray[np.float64]) -> QuadContourSet:
    from matplotlib.colors import BoundaryNorm

    losses = _drawable(found).T
    axes.set_facecolor(NOWHERE)
    axes.grid(False)
    filled = axes.contourf(
        found.alphas, found.betas, losses, levels=levels, cmap="viridis", norm=BoundaryNorm(levels, 256)
    )
    axes.contour(found.alphas, found.betas, losses, levels=levels, colors="white", linewidths=0.4, alpha=0.6)
    axes.plot([0], [0], marker="+", color="white", markersize=8, markeredgewidth=1.2)
    axes.set_aspect("equal")
    axes.set_title(name)
    axes.set_xlabel("along the first direction")
    return filled


def _drawable(found: Landscape) -> np.ma.MaskedArray[tuple[int, ...], np.dtype[np.float64]]:
    """The losses; what is not finite is masked."""
    return np.ma.masked_where(~(np.abs(found.losses) < HUGE), found.losses, copy=True)


def _ends(named: Mapping[str, Landscape]) -> tuple[float, float]:
    span = max(found.span for found in named.values())
    return -span, span
