"""Pictures of activations: f and its derivatives, with what happens where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np

from symkit.analysis.curve import Curve
from symkit.analysis.shape import Shape, shape
from symkit.analysis.subject import Subject
from symkit.errors import DomainError
from symkit.reporting.activation_marks import asymptotic_levels, mark
from symkit.reporting.canvas import COLOURS
from symkit.reporting.drawing import Drawing
from symkit.reporting.panels import (
    BEND,
    FAINT,
    FUNCTION,
    NAME,
    PRIMES,
    SLOPE,
    TITLE,
    Line,
    draw,
    draw_jumps,
    finished,
    legend_below,
    rows_of_panels,
    shortened,
)
from symkit.reporting.sampling import Trace, traced
from symkit.text import Expression
from symkit.transform import gradient

if TYPE_CHECKING:
    from matplotlib.axes import Axes

REACH, FARTHEST = 5.0, 10.0
"""Deviations from the mean that are drawn, and that may be drawn to show a break or an extremum."""

FEW = 8
"""More breaks and extrema than this do not widen the picture."""

BUSY, EVENLY = 60, 4001
"""A function that turns more often than this, by so many points within the farthest range, gets no marks."""

MOST = 30
"""Functions in one picture."""

HEIGHTS = (2.9, 2.0, 1.8)


@dataclass(frozen=True)
class Activation:
    """An activation to be drawn, for a normal input; `known` is its shape, where the caller has it."""

    expression: Expression
    mean: float
    variance: float
    known: Shape | None = None

    @cached_property
    def subject(self) -> Subject:
        return Subject.of(self.expression, self.mean, self.variance, None)

    @cached_property
    def shape(self) -> Shape | None:
        """None where so much happens that marks would cover the curve, and that it would take long to find."""
        if self.known is not None or self._turns > BUSY:
            return self.known
        return shape(self.expression, mean=self.mean, variance=self.variance)

    @property
    def _turns(self) -> int:
        """How often f turns, as far as even points tell."""
        reach = FARTHEST * self.subject.normal.deviation
        slopes = self.subject.slope.floats(np.linspace(self.mean - reach, self.mean + reach, EVENLY))
        signs = np.sign(slopes[np.isfinite(slopes) & (slopes != 0)])
        return int(np.count_nonzero(np.diff(signs)))

    @cached_property
    def points(self) -> list[float]:
        """Where f or f' may not be smooth."""
        return self.subject.joint_breakpoints

    def trace(self, order: int, low: float, high: float) -> Trace:
        """Of a derivative of f; order 0 is f itself."""
        subject = self.subject
        program = subject.program if order == 0 else subject.derivative
        for _ in range(1, order):
            program = gradient(program, [subject.variable])
        curve = Curve(program, subject.values, subject.variable)
        return traced(curve, self.points, subject.normal, low, high, subject.curve if order else None)

    @property
    def bulk(self) -> tuple[float, float]:
        """Nearly all of the input."""
        reach = REACH * self.subject.normal.deviation
        return self.mean - reach, self.mean + reach

    @property
    def range(self) -> tuple[float, float]:
        """The bulk of the input, and what happens a little further out."""
        deviation = self.subject.normal.deviation
        low, high = self.bulk
        if self.shape is None:
            return low, high
        features = [*(found.x for found in self.shape.breaks), *(found.x for found in self.shape.extrema)]
        if len(features) > FEW:
            return low, high
        near = [x for x in features if abs(x - self.mean) <= FARTHEST * deviation]
        return min([low, *(x - deviation for x in near)]), max([high, *(x + deviation for x in near)])


def plot_activation(activation: Activation, box: tuple[float, float] | None, order: int) -> Drawing:
    """One activation, its derivatives up to an order, and its breaks, extrema, zeros, asymptotes, flat stretches."""
    low, high = box or activation.range
    figure, axes = rows_of_panels(*HEIGHTS[: order + 1])
    text = str(activation.expression)
    axes[0].set_title(shortened(text, TITLE), parse_math=False)
    found = activation.shape
    levels = [] if found is None else asymptotic_levels(found)
    for n, (panel, colour) in enumerate(zip(axes, (FUNCTION, SLOPE, BEND), strict=False)):
        trace = activation.trace(n, low, high)
        label = f"f{PRIMES[n]}({activation.subject.variable})"
        draw(panel, [Line(trace, "", colour)], low, high, levels=levels if n == 0 else ())
        draw_jumps(panel, trace, colour)
        panel.set_ylabel(label, color=colour)
    density(axes[0], activation, low, high)
    if found is not None:
        mark(axes, found, low, high)
    axes[-1].set_xlabel(activation.subject.variable)
    legend_below(figure, axes)
    return finished(figure, [text], axes)


def plot_activations(activations: Sequence[Activation], box: tuple[float, float] | None, order: int) -> Drawing:
    """Several activations: on the same axes as far as colours can be told apart, else each on its own."""
    if len(activations) > MOST:
        raise DomainError(f"{len(activations)} functions are too many for one picture: it takes up to {MOST}")
    low, high = box or activations[0].bulk
    if len(activations) > len(COLOURS):
        return _small_multiples(activations, low, high)
    figure, axes = rows_of_panels(*HEIGHTS[: order + 1])
    variable = activations[0].subject.variable
    for n, panel in enumerate(axes):
        lines = [
            Line(activation.trace(n, low, high), shortened(str(activation.expression), NAME), colour)
            for activation, colour in zip(activations, COLOURS, strict=False)
        ]
        draw(panel, lines, low, high)
        panel.set_ylabel(f"f{PRIMES[n]}({variable})")
    density(axes[0], activations[0], low, high)
    axes[-1].set_xlabel(variable)
    legend_below(figure, axes, columns=2)
    return finished(figure, [str(activation.expression) for activation in activations], axes)


def _small_multiples(activations: Sequence[Activation], low: float, high: float) -> Drawing:
    from matplotlib.figure import Figure

    columns = 3
    rows = -(-len(activations) // columns)
    figure = Figure(figsize=(2.4 * columns, 1.7 * rows + 0.3), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True).ravel()
    drawn = []
    for panel, activation in zip_longest(grid, activations):
        if activation is None:
            panel.set_axis_off()
            continue
        text = str(activation.expression)
        panel.set_title(shortened(text, 30), fontsize=7, parse_math=False)
        panel.tick_params(labelsize=7, labelbottom=True)
        lines = [Line(activation.trace(0, low, high), "f", FUNCTION), Line(activation.trace(1, low, high), "f′", SLOPE)]
        draw(panel, lines, low, high, linewidth=1.2)
        drawn.append(panel)
    legend_below(figure, drawn)
    return finished(figure, [str(activation.expression) for activation in activations], drawn)


def density(axes: Axes, activation: Activation, low: float, high: float) -> None:
    """The density of the input, in the lowest part of the panel."""
    deviation = activation.subject.normal.deviation
    x = np.linspace(low, high, 201)
    density = 0.2 * np.exp(-0.5 * ((x - activation.mean) / deviation) ** 2)
    label = f"input N({activation.mean:g}, {activation.variance:g})"
    axes.fill_between(x, density, color=FAINT, alpha=0.22, lw=0, transform=axes.get_xaxis_transform(), label=label)
