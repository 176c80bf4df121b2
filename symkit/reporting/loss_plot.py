"""Pictures of losses: the curves for either target, their slopes, and the surface over targets and predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from symkit.analysis.breakpoints import breakpoints
from symkit.analysis.curve import Curve, Floats, Normal
from symkit.errors import DomainError
from symkit.evaluation import evaluate_numpy
from symkit.ir import Program
from symkit.reporting.canvas import COLOURS
from symkit.reporting.drawing import Drawing
from symkit.reporting.family_plot import colours, steps
from symkit.reporting.panels import NAME, TITLE, Line, draw, finished, legend_below, rows_of_panels, shortened
from symkit.reporting.sampling import Trace, traced
from symkit.reporting.subjects import with_values
from symkit.text import Expression
from symkit.transform import gradient, stabilise

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TARGETS = (1.0, 0.0)
STYLES = ("-", "--")

RANGES = ((-2.0, 3.0), (0.0, 1.0), (-6.0, 0.0), (0.0, 6.0))
"""Predictions that are drawn: the first range on which the loss of a target of 1 is finite."""

LOGITS = (-6.0, 6.0)
EVERYWHERE = 101

EDGE = 0.02
"""Part of the range at either end whose heights may run out of the picture."""

HEIGHTS = (2.6, 2.0)
SURFACE = 2.6
GRID = 141
LEVELS = 12


@dataclass(frozen=True)
class Loss:
    """A loss of a target and a prediction, to be drawn."""

    expression: Expression

    @cached_property
    def target(self) -> str:
        return self._inputs[0]

    @cached_property
    def prediction(self) -> str:
        return self._inputs[1]

    @cached_property
    def _inputs(self) -> tuple[str, str]:
        if len(self.expression.inputs) != 2:
            raise DomainError(
                f"{self.expression} is a loss of {', '.join(self.expression.inputs) or 'no input'}; "
                "a picture takes losses of one target and one prediction, such as y and p"
            )
        target, prediction = self.expression.inputs
        return target, prediction

    @cached_property
    def program(self) -> Program:
        return stabilise(self.expression.program)

    @cached_property
    def slope(self) -> Program:
        return gradient(self.program, [self.prediction])

    @cached_property
    def values(self) -> dict[str, float]:
        """Of parameters and constants."""
        return {**self.expression.constant_values(), **self.expression.parameters}

    def at(self, y: Floats | float, p: Floats) -> Floats:
        """Values of the loss, broadcast."""
        (found,) = evaluate_numpy(self.program, {**self.values, self.target: y, self.prediction: p})
        return np.broadcast_to(found, np.broadcast_shapes(np.shape(y), p.shape))

    def trace(self, y: float, order: int, low: float, high: float) -> Trace:
        """Of the loss (order 0) or its slope by the prediction (1), for a target."""
        values = {**self.values, self.target: y}
        normal = Normal(0.5 * (low + high), 0.1 * (high - low))
        points = breakpoints(self.program, values, self.prediction, normal)
        value, slope = (Curve(program, values, self.prediction) for program in (self.program, self.slope))
        return traced(slope, points, normal, low, high, value) if order else traced(value, points, normal, low, high)

    @cached_property
    def range(self) -> tuple[float, float]:
        """Predictions that the loss is for."""
        for low, high in (LOGITS, *RANGES[1:]) if self.prediction == "z" else RANGES:
            p = np.linspace(low, high, EVERYWHERE)[1:-1]
            if np.isfinite(self.at(1.0, p)).all():
                return low, high
        return RANGES[1]


def plot_losses(losses: Sequence[Loss], box: tuple[float, float] | None, *, surface: bool) -> Drawing:
    """Losses over predictions for targets of 1 and 0, the slopes below, and the surface of the first one if wanted."""
    if len(losses) > len(COLOURS):
        raise DomainError(f"{len(losses)} losses are too many for one picture: it takes up to {len(COLOURS)}")
    low, high = box or _joint([loss.range for loss in losses])
    first = losses[0]
    figure, axes = rows_of_panels(*HEIGHTS, *([SURFACE] if surface else []))
    if len(losses) == 1:
        axes[0].set_title(shortened(str(first.expression), TITLE), parse_math=False)
    for order, panel in enumerate(axes[:2]):
        draw(panel, _lines(losses, order, low, high), low, high, margin=EDGE)
        panel.set_ylabel("slope dL/d" + first.prediction if order else "loss L")
    axes[-1].set_xlabel(f"prediction {first.prediction}")
    if surface:
        _surface(axes[2], first, low, high)
    legend_below(figure, axes, columns=2)
    return finished(figure, [str(loss.expression) for loss in losses], axes)


def plot_loss_family(loss: Loss, along: tuple[str, float, float], box: tuple[float, float] | None) -> Drawing:
    """Curves for values of a parameter: one panel for a target of 1, one for a target of 0."""
    name, first, last = along
    low, high = box or loss.range
    values, scale = steps(first, last), colours(first, last)
    figure, axes = rows_of_panels(2.4, 2.4)
    axes[0].set_title(shortened(str(loss.expression), TITLE), parse_math=False)
    for panel, y in zip(axes, TARGETS, strict=True):
        lines = [
            Line(Loss(one).trace(y, 0, low, high), f"{name} = {value:g}", scale.to_rgba(value))
            for value in values
            for one in with_values([loss.expression], {name: value})
        ]
        draw(panel, lines, low, high, margin=EDGE, linewidth=1.3)
        panel.set_ylabel(f"loss at {loss.target} = {y:g}")
    axes[-1].set_xlabel(f"prediction {loss.prediction}")
    figure.colorbar(scale, ax=axes, label=name, aspect=40, pad=0.02)
    return finished(figure, [str(loss.expression)], axes)


def _joint(ranges: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """What all ranges have in common, or all of them where that is nothing."""
    low, high = max(low for low, _ in ranges), min(high for _, high in ranges)
    return (low, high) if low < high else (min(low for low, _ in ranges), max(high for _, high in ranges))


def _lines(losses: Sequence[Loss], order: int, low: float, high: float) -> list[Line]:
    """Told apart by colour: the targets of one loss, or several losses, whose targets have two styles."""
    lines = []
    for i, loss in enumerate(losses):
        for j, y in enumerate(TARGETS):
            target = f"{loss.target} = {y:g}"
            name = shortened(str(loss.expression), NAME)
            label = target if len(losses) == 1 else f"{name}, {target}"
            colour = COLOURS[j if len(losses) == 1 else i]
            lines.append(Line(loss.trace(y, order, low, high), label, colour, STYLES[j]))
    return lines


def _surface(axes: Axes, loss: Loss, low: float, high: float) -> None:
    from matplotlib.ticker import MaxNLocator

    inset = 1e-3 * (high - low)
    p = np.linspace(low + inset, high - inset, GRID)
    # Targets of regression are anything that predictions are.
    targets = (low, high) if loss.range == RANGES[0] else (0.0, 1.0)
    y = np.linspace(*targets, GRID)[:, None]
    found = np.ma.masked_invalid(loss.at(y, p[None, :]))
    axes.grid(False)
    axes.set_ylabel(f"target {loss.target}")
    if not found.count():
        return
    bottom, top = np.quantile(found.compressed(), [0.01, 0.97])
    levels = MaxNLocator(LEVELS).tick_values(bottom, top if top > bottom else bottom + 1)
    filled = axes.contourf(p, y[:, 0], found, levels=levels, cmap="viridis", extend="both")
    axes.contour(p, y[:, 0], found, levels=levels, colors="white", linewidths=0.3, alpha=0.6)
    axes.figure.colorbar(filled, ax=axes, label="loss L")
