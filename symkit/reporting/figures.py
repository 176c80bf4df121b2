"""Figures of the literature that are functions only: their curves, from formulas of the zoo."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from symkit.api import derivative, evaluate
from symkit.errors import DomainError
from symkit.text import Expression
from symkit.zoo.catalogue import catalogue

POINTS = 401
"""Points of a curve. Those of a loss lie inside the range of its prediction, closest at the ends."""

SAMPLED = (0.5, 2.0)
"""The range that parameters are sampled from, evenly."""

SEED = 0

LETTERS = {"phi1": "φ₁", "xi": "ξ", "beta": "β", "gamma": "γ"}

Role = Literal["kind", "step", "sample", "initial"]
"""What a curve is among those of its panel: one of several functions, one of several values of a parameter in rising
order, a sample of parameters, or the curve of their initial values."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A function drawn.

    Attributes:
        label: what a legend calls it; empty if it needs no name.
        role: see `Role`.
        function: its name in the zoo.
        order: which derivative by x is drawn; 0 for the function itself.
        at: values of parameters, and of the target of a loss; all others are the initial ones.
        x, y: float64, shape (points,).
    """

    label: str
    role: Role
    function: str
    order: int
    at: Mapping[str, float]
    x: NDArray[np.float64]
    y: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One pair of axes.

    Attributes:
        title, x_label, y_label: as they are written.
        range, height: what is shown of x and y; None for as much of y as there is.
        legend: where the legend is, as matplotlib has it, or "below" the axes; None for none.
        curves: from back to front.
    """

    title: str
    x_label: str
    y_label: str
    range: tuple[float, float]
    height: tuple[float, float] | None
    legend: str | None
    curves: tuple[Curve, ...]


@dataclass(frozen=True, slots=True, eq=False)
class LiteratureFigure:
    """A figure with the place it is from; `note` says how it differs from the print, `columns` how panels stand."""

    name: str
    title: str
    source: str
    note: str
    columns: int
    panels: tuple[Panel, ...]


def figures() -> Mapping[str, str]:
    """The title of every figure by its name, such as "r-4.5"."""
    return {name: fields["title"] for name, fields in _read().items()}


def literature_figure(name: str) -> LiteratureFigure:
    """The figure called `name`, with its curves evaluated in float64.

    Raises:
        DomainError: for an unknown name, with the nearest one.
    """
    fields = _read().get(name.lower())
    if fields is None:
        close = difflib.get_close_matches(name.lower(), _read(), n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise DomainError(f"there is no figure {name!r}: there are {', '.join(_read())}{hint}")
    random = np.random.default_rng(SEED)
    panels = tuple(_panel({**fields, **panel}, random) for panel in fields["panels"])
    return LiteratureFigure(
        name.lower(), fields["title"], fields["source"], fields["note"], fields.get("columns", 2), panels
    )


@cache
def _read() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads((files(__package__) / "figures.toml").read_text(encoding="utf-8"))


def _panel(fields: Mapping[str, Any], random: np.random.Generator) -> Panel:
    low, high = fields["range"]
    curves = tuple(curve for family in fields["curves"] for curve in _curves(family, low, high, random))
    height = tuple(fields["height"]) if "height" in fields else None
    labels = fields.get("x", "x"), fields.get("y", "f(x)")
    return Panel(fields["title"], *labels, (low, high), height, fields.get("legend"), curves)


def _curves(family: Mapping[str, Any], low: float, high: float, random: np.random.Generator) -> Iterator[Curve]:
    name = family["function"]
    order = family.get("order", 0)
    expression = catalogue[name]
    function = derivative(expression, order=order) if order else expression
    x = _points(expression, low, high)
    for label, role, chosen in _settings(family, expression, random):
        at = {**family.get("at", {}), **chosen}
        values: dict[str, Any] = {expression.inputs[-1]: x, **at}
        y = np.broadcast_to(evaluate(function, **values), x.shape)
        yield Curve(label, role, name, order, at, x, y)


def _points(expression: Expression, low: float, high: float) -> NDArray[np.float64]:
    if expression.kind != "loss":
        return np.linspace(low, high, POINTS)
    # Logarithms of p and of 1 - p bend most at the ends.
    turns = np.pi * (np.arange(POINTS) + 0.5) / POINTS
    return low + (high - low) * (1 - np.cos(turns)) / 2


def _settings(
    family: Mapping[str, Any], expression: Expression, random: np.random.Generator
) -> Iterator[tuple[str, Role, Mapping[str, float]]]:
    """Label, role and parameter values of each curve, those drawn on top last."""
    for name, values in family.get("vary", {}).items():
        for value in values:
            yield f"{LETTERS[name]} = {value:g}", "step", {name: value}
    for _ in range(family.get("samples", 0)):
        yield "", "sample", {name: random.uniform(*SAMPLED) for name in expression.parameters}
    if "samples" in family:
        yield "", "initial", dict(expression.parameters)
    elif "vary" not in family:
        yield family["label"], "kind", {}
