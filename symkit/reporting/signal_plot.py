"""A picture of a signal and a gradient through the layers of a deep network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from symkit.analysis.signal import Signal
from symkit.reporting.drawing import Drawing
from symkit.reporting.panels import FUNCTION, SLOPE, finished, legend_below, rows_of_panels

LOWEST, HIGHEST = 1e-12, 1e12
"""Variances beyond are at the edge of the picture."""


def plot_signal(signal: Signal, text: str) -> Drawing:
    """The variance of the pre-activations after every layer, and of the gradient at the first one; inside `styled`."""
    figure, (axes,) = rows_of_panels(2.7)
    tops = []
    lines = (
        ("signal, forward", signal.forward, FUNCTION, "-"),
        ("gradient, backward", signal.backward, SLOPE, "--"),
    )
    for label, values, colour, style in lines:
        y = np.clip(np.array(values), LOWEST, HIGHEST)
        axes.plot(np.arange(y.size), y, style, color=colour, label=label)
        tops.append(y)
    axes.set_yscale("log")
    axes.set_ylim(*_ends(tops))
    axes.set_xlim(0, max(len(signal.forward), len(signal.backward), 2) - 1)
    axes.set_xlabel("layer")
    axes.set_ylabel("variance, 1 at first")
    legend_below(figure, [axes])
    return finished(figure, [text], [axes])


def _ends(values: Sequence[np.ndarray]) -> tuple[float, float]:
    """At least a tenth to ten."""
    everything = np.concatenate([*values, [1.0]])
    return min(0.1, float(everything.min()) / 2), max(10.0, float(everything.max()) * 2)
