"""Pictures of one activation along one of its parameters."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np

from symkit.errors import DomainError
from symkit.reporting.activation_plot import HEIGHTS, Activation, density
from symkit.reporting.drawing import Drawing
from symkit.reporting.panels import PRIMES, TITLE, Line, draw, finished, rows_of_panels, shortened
from symkit.reporting.subjects import with_values

CURVES = 9

RANGE = re.compile(r"\s*(\w+)\s*=\s*([^:\s]+)\s*:\s*([^:\s]+)\s*")

LIGHTEST = 0.9
"""How far curves go through viridis, whose end is too light to be seen on white."""


def read_range(text: str, allowed: tuple[str, ...]) -> tuple[str, float, float]:
    """The parameter and its ends that `beta=0.5:2` spells.

    Raises DomainError for anything else, and for a name that is not allowed.
    """
    match = RANGE.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        low, high = float(match[2]), float(match[3])
    except ValueError:
        raise DomainError(f'along takes a parameter and its ends, such as "beta=0.5:2", not {text!r:.60}') from None
    if match[1] not in allowed:
        raise DomainError(f"{match[1]!r} is no parameter; there are {', '.join(allowed) or 'none'}")
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise DomainError(f"along {text.strip()!r}: the ends must be finite numbers, the lower one first")
    return match[1], low, high


def steps(low: float, high: float) -> list[float]:
    """The values that are drawn, at equal distances."""
    return [float(f"{value:.12g}") for value in np.linspace(low, high, CURVES)]


def colours(low: float, high: float) -> Any:
    """A scale of colours from viridis for the values of a parameter."""
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, Normalize

    part = ListedColormap(colormaps["viridis"](np.linspace(0, LIGHTEST, 256)))
    return ScalarMappable(Normalize(low, high), part)


def plot_family(
    activation: Activation, along: tuple[str, float, float], box: tuple[float, float] | None, order: int
) -> Drawing:
    """Curves for values of a parameter, told apart by a scale of colours."""
    name, first, last = along
    low, high = box or activation.bulk
    values, scale = steps(first, last), colours(first, last)
    members = [
        replace(activation, expression=one)
        for value in values
        for one in with_values([activation.expression], {name: value})
    ]
    figure, axes = rows_of_panels(*HEIGHTS[: order + 1])
    text = str(activation.expression)
    axes[0].set_title(shortened(text, TITLE), parse_math=False)
    for n, panel in enumerate(axes):
        lines = [
            Line(member.trace(n, low, high), f"{name} = {value:g}", scale.to_rgba(value))
            for member, value in zip(members, values, strict=True)
        ]
        draw(panel, lines, low, high, linewidth=1.3)
        panel.set_ylabel(f"f{PRIMES[n]}({activation.subject.variable})")
    density(axes[0], activation, low, high)
    axes[-1].set_xlabel(activation.subject.variable)
    figure.colorbar(scale, ax=axes, label=name, aspect=40, pad=0.02)
    return finished(figure, [text], axes)
