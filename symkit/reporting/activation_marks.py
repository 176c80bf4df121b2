"""What happens where on the picture of an activation: breaks, extrema, zeros, asymptotes, flat stretches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from symkit.analysis.shape import Shape
from symkit.reporting.canvas import COLOURS
from symkit.reporting.panels import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_MARKS = 24
"""Of one sort; more would cover the curve."""

SATURATED, DEAD = COLOURS[4], COLOURS[5]


def mark(axes: Sequence[Axes], found: Shape, low: float, high: float) -> None:
    """Marks the panels of f and its derivatives, in this order."""
    for panel in axes:
        _lines_at_poles(panel, found, low, high)
    _asymptotes(axes[0], found, low, high)
    _flat_stretches(axes, found, low, high)
    _points(axes[0], found, low, high)


def asymptotic_levels(found: Shape) -> list[float]:
    """Heights of level asymptotes."""
    return [end.intercept for end in (found.left, found.right) if end.intercept is not None and not end.slope]


def _asymptotes(axes: Axes, found: Shape, low: float, high: float) -> None:
    """Straight lines that f tends to, each over its half of the picture."""
    middle, label = 0.5 * (low + high), "asymptote"
    for end, side in ((found.left, (low, middle)), (found.right, (middle, high))):
        if end.slope is not None and end.intercept is not None:
            x = np.array(side)
            axes.plot(x, end.slope * x + end.intercept, "--", color=INK, linewidth=0.9, label=label, zorder=2.5)
            label = "_"


def _lines_at_poles(axes: Axes, found: Shape, low: float, high: float) -> None:
    poles = [b.x for b in found.breaks if b.kind == "pole" and low <= b.x <= high]
    for i, x in enumerate(poles[:MOST_MARKS]):
        axes.axvline(x, color=INK, linestyle=":", linewidth=0.9, label="_" if i else "pole", zorder=2)


def _flat_stretches(axes: Sequence[Axes], found: Shape, low: float, high: float) -> None:
    """Where f stays near a limit, in the panel of f; where f' is 0, in that of f'."""
    saturated = [(stretch.low, stretch.high) for stretch in found.saturation]
    dead = [(zone.low, zone.high) for zone in found.dead_zones]
    shaded = ((saturated, SATURATED, "saturated"), (dead, DEAD, "dead (slope 0)"))
    for panel, (stretches, colour, label) in zip(axes, shaded, strict=False):
        for stretch in stretches:
            ends = max(stretch[0], low), min(stretch[1], high)
            if ends[0] < ends[1]:
                panel.axvspan(*ends, color=colour, alpha=0.2, lw=0, label=label, zorder=1)
                label = "_"


def _points(axes: Axes, found: Shape, low: float, high: float) -> None:
    groups: tuple[tuple[str, list[tuple[float, float | None]], str, float, str], ...] = (
        ("zero", [(x, 0.0) for x in found.zeros], "o", 3.0, INK),
        ("minimum", [(e.x, e.value) for e in found.extrema if e.kind == "minimum"], "v", 6.0, "none"),
        ("maximum", [(e.x, e.value) for e in found.extrema if e.kind == "maximum"], "^", 6.0, "none"),
        ("kink", [(b.x, b.value) for b in found.breaks if b.kind in ("kink", "vertical tangent")], "D", 7.0, "none"),
        ("hole", [(b.x, b.left) for b in found.breaks if b.kind == "hole"], "o", 4.5, "white"),
    )
    for label, points, marker, size, face in groups:
        inside = [(x, y) for x, y in points if y is not None and low <= x <= high]
        if 0 < len(inside) <= MOST_MARKS:
            x, y = zip(*inside, strict=True)
            axes.plot(x, y, marker, ms=size, mec=INK, mfc=face, mew=1.0, ls="none", label=label, zorder=5)
