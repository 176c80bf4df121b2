"""Moments over a box of learnable parameters: the lowest and the highest, and where they are."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.optimize import minimize

from symkit.analysis.measure import Measures, measure
from symkit.analysis.signal.along import reason_of, without
from symkit.errors import DomainError
from symkit.text import Expression, parse

Place = tuple[float, ...]

MOST_POINTS = 100_000
"""More samples than this would take minutes."""

STEPS = 25
"""Steps of a refinement at most."""


@dataclass(frozen=True, slots=True)
class Extreme:
    """A value, and the values of the parameters where it is taken."""

    value: float
    at: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Range:
    """The lowest and the highest value found."""

    lowest: Extreme
    highest: Extreme


@dataclass(frozen=True, slots=True)
class Over:
    """Moments of f(X) and the backward gain over a box of parameters.

    Attributes:
        box: the bounds of every parameter.
        points: samples of the grid.
        missing: how many of them lack a number.
        mean, variance, second_moment, backward_gain: the range found; None where no sample has that number.
        reason: why something is missing, at the first sample that lacks it; empty if nothing is.
    """

    box: Mapping[str, tuple[float, float]]
    points: int
    missing: int
    mean: Range | None
    variance: Range | None
    second_moment: Range | None
    backward_gain: Range | None
    reason: str


def over(
    expression: Expression | str,
    box: Mapping[str, tuple[float, float]],
    *,
    mean: float = 0.0,
    variance: float = 1.0,
    parameters: Mapping[str, float] | None = None,
    points: int = 64,
) -> Over:
    """The least and the greatest mean, variance, second moment and backward gain of f(X) over a box of parameters.

    Measured, not proved: the numbers are taken on an even grid with the corners in it, and the best of them is
    followed downhill or uphill from there. A narrow dip between the points of the grid may be missed, and next to where
    a number does not exist it may have no bound.

    Args:
        expression: an activation, or its text.
        box: (low, high) by name of a learnable parameter or of a settable constant.
        mean, variance: of X, normal.
        parameters: values of parameters that are not in the box; initial values where not given.
        points: samples of the grid in all, rounded down to a whole number per axis, at least 2; about 5 ms each.

    Raises:
        DomainError: for a box that is empty or whose bounds are not finite and ascending, a number of points less
            than 2 or too large, an unknown parameter, a loss, or a variance that is none.
    """
    bounds = _bounds(box)
    if not 2 <= points <= MOST_POINTS or 2 ** len(bounds) > MOST_POINTS:
        raise DomainError(
            f"points {points!r} over {', '.join(bounds)}: it takes at least 2 an axis and at most {MOST_POINTS} in all"
        )
    e = parse(expression) if isinstance(expression, str) else expression
    others = without(parameters, list(bounds))

    @cache
    def at(place: Place) -> Measures:
        given = {**others, **dict(zip(bounds, place, strict=True))}
        return measure(e, mean=mean, variance=variance, parameters=given)

    side = max(2, math.floor(points ** (1 / len(bounds)) + 1e-9))
    axes = [np.linspace(low, high, side).tolist() if low < high else [low] for low, high in bounds.values()]
    grid = list(itertools.product(*axes))
    gaps = [place for place in grid if reason_of(at(place))]

    def ranged(number: Callable[[Measures], float | None]) -> Range | None:
        known = [(value, place) for place in grid if (value := number(at(place))) is not None]
        if not known:
            return None
        ends = [
            _refined(lambda place: number(at(place)), best, bounds, sign)
            for best, sign in ((min(known), 1), (max(known), -1))
        ]
        return Range(*(Extreme(value, dict(zip(bounds, place, strict=True))) for value, place in ends))

    return Over(
        box=bounds,
        points=len(grid),
        missing=len(gaps),
        mean=ranged(lambda one: one.moments.mean),
        variance=ranged(lambda one: one.moments.variance),
        second_moment=ranged(lambda one: one.moments.second_moment),
        backward_gain=ranged(lambda one: one.backward_gain),
        reason=f"At {_named(bounds, gaps[0])}: {reason_of(at(gaps[0]))}" if gaps else "",
    )


def _named(bounds: Iterable[str], place: Place) -> str:
    return ", ".join(f"{name} = {value:.6g}" for name, value in zip(bounds, place, strict=True))


def _bounds(box: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    if not box:
        raise DomainError("the box holds no parameter; give at least one, such as {'beta': (0.5, 2.0)}")
    bounds = {name: (float(low), float(high)) for name, (low, high) in box.items()}
    for name, (low, high) in bounds.items():
        if not (math.isfinite(low) and math.isfinite(high) and low <= high):
            raise DomainError(f"the bounds of {name}, ({low!r}, {high!r}), are not two finite numbers, the lower first")
    return bounds


def _refined(
    number: Callable[[Place], float | None],
    best: tuple[float, Place],
    bounds: Mapping[str, tuple[float, float]],
    sign: int,
) -> tuple[float, Place]:
    """The lowest (sign 1) or highest (sign -1) value that is found from the best sample on, and where."""
    seen = [best]

    def cost(x: Sequence[float]) -> float:
        place = tuple(float(v) for v in x)
        value = number(place)
        if value is None:
            return math.inf
        seen.append((value, place))
        return sign * value

    # Where there is no number the cost is infinite, and so are differences.
    with np.errstate(invalid="ignore"):
        minimize(cost, best[1], method="L-BFGS-B", bounds=list(bounds.values()), options={"maxiter": STEPS})
    return min(seen, key=lambda pair: sign * pair[0])
