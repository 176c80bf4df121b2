"""Small plots of functions of one number, as SVG of a few kilobytes."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from symkit.api import derivative, evaluate
from symkit.ops import Operator
from symkit.text import Expression, parse

FUNCTION, SLOPE, AXIS, LABEL = "#2b6cb0", "#c05621", "#a0aec0", "#718096"
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "symkit",
    "path.simplify_threshold": 0.2,
    "font.size": 7,
    "font.sans-serif": ["DejaVu Sans"],
}


def draw(operators: Iterable[Operator], folder: Path) -> None:
    """One file an operator in `folder`; files of operators that are gone go too."""
    pictures = {folder / f"{operator.name}.svg": picture(operator) for operator in operators}
    folder.mkdir(parents=True, exist_ok=True)
    for stale in set(folder.glob("*.svg")) - set(pictures):
        stale.unlink()
    for file, svg in pictures.items():
        file.write_text(svg, encoding="utf-8")


def picture(operator: Operator) -> str:
    """The function and its derivative on [-5, 5]; the same bytes at every run."""
    function = parse(f"f(x) = {operator.name}(x)")
    x = np.linspace(-5, 5, 401)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(2.6, 1.8))
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        values = curve(function, x)
        slopes = np.where(np.isnan(values), np.nan, curve(derivative(function), x))
        frame(axes, values)
        axes.plot(x, slopes, color=SLOPE, linewidth=1, linestyle=(0, (3, 2)))
        axes.plot(x, values, color=FUNCTION, linewidth=1.4)
        target = io.StringIO()
        figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    return compact(target.getvalue())


def curve(function: Expression, x: Any) -> Any:
    """Values of a function, broken where they are not finite or far out of the picture."""
    values = np.broadcast_to(np.asarray(evaluate(function, x=x), dtype=float), x.shape)
    return np.where(np.isfinite(values) & (np.abs(values) < 50), values, np.nan)


def frame(axes: Any, values: Any) -> None:
    """Zero lines with their ends named; at most -5 to 5 high, so that poles do not flatten the rest."""
    finite = values[np.isfinite(values)]
    low = max(min(finite.min(), -1.0), -5.0)
    high = min(max(finite.max(), 1.0), 5.0)
    margin = 0.15 * (high - low)
    axes.set_axis_off()
    axes.set_xlim(-5.5, 5.5)
    axes.set_ylim(low - margin, high + margin)
    axes.axhline(0, color=AXIS, linewidth=0.6)
    axes.axvline(0, color=AXIS, linewidth=0.6)
    text = {"textcoords": "offset points", "color": LABEL}
    for at in (-5, 5):
        axes.annotate(f"{at}", (at, 0), xytext=(0, -2), ha="center", va="top", **text)
    for at in (low, high):
        axes.annotate(f"{at:.3g}", (0, at), xytext=(3, 0), va="center", **text)


def compact(svg: str) -> str:
    """Coordinates to a tenth of a point; no comments, metadata or empty lines."""
    svg = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"-?\d+\.\d{2,}", lambda match: f"{float(match[0]):.1f}".removesuffix(".0"), svg)
    return "\n".join(line.strip() for line in svg.splitlines() if line.strip()) + "\n"
