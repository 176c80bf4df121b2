"""Two points of a curve that show something, found by sampling and confirmed with balls.

A second point of a witness has the input's name with a prime: x and x', and a third x''.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from symkit.checking.certain import value_at
from symkit.checking.curve import SIMPLE_LINE, Curve
from symkit.checking.explain import number_text, point_text
from symkit.checking.probes import probes
from symkit.checking.prover import Point
from symkit.evaluation import evaluate_numpy
from symkit.evaluation.formats import Floats

FINE = 2001
SETTINGS = 24
"""Values of the other names under which a line is sampled."""

TRIED = 12
VISIBLE = 1e-9
"""Differences of sampled values worth a certain look, relative to the values."""

SHOWN = 5

Pair = tuple[Point, float]
"""A point, and another value of the name that moves."""


def find_pair(curve: Curve, *, up: bool, strictly: bool) -> Pair | None:
    """Two points a < b with f(a) > f(b), or f(a) < f(b) if not `up`; f(a) = f(b) will do if `strictly`."""
    for points in lines(curve):
        values = numbers_of(curve, points) * (1 if up else -1)
        line = points[curve.wrt]
        known = np.isfinite(values)
        if np.count_nonzero(known) < 2:
            continue
        places, values = np.flatnonzero(known), values[known]
        before = np.maximum.accumulate(values)
        drops = before - values
        order = np.argsort(-drops)[:TRIED]
        pairs = [(int(np.argmax(values[: j + 1])), int(j)) for j in order]
        pairs = [(i, j) for i, j in pairs if drops[j] > VISIBLE * max(abs(values[i]), abs(values[j]))]
        if strictly:
            pairs += [(int(j), int(j) + 1) for j in np.flatnonzero(values[1:] == values[:-1])[:TRIED]]
        for i, j in pairs:
            a, b = ({name: float(column[places[k]]) for name, column in points.items()} for k in (i, j))
            gap = gap_between(curve, a, b)
            if gap is not None and ((gap > 0 if up else gap < 0) or strictly and gap.is_zero()):
                return a, float(line[places[j]])
    return None


def gap_between(curve: Curve, a: Point, b: Point) -> Any:
    """f(a) - f(b) as a ball; None where either may be undefined."""
    first, second = (value_at(curve.program, point, curve.constants) for point in (a, b))
    return None if first is None or second is None else first - second


def pair_reason(curve: Curve, a: Point, other: float) -> str:
    b = {**a, curve.wrt: other}
    first, second = (shown(value_at(curve.program, point, curve.constants)) for point in (a, b))
    return f"f is {first} at {point_text(a)} and {second} at {curve.wrt}' = {number_text(other)}"


def witness_of(curve: Curve, point: Point, *others: float) -> Point:
    primes = {curve.wrt + "'" * (k + 1): value for k, value in enumerate(others)}
    return {**point, **primes}


def lines(curve: Curve) -> Iterator[dict[str, Floats]]:
    """Points along the curve in ascending order, simple ones first, under some values of the other names."""
    region = curve.zone.inner("float64")
    low, high = region.bounds(curve.wrt)
    lines = [SIMPLE_LINE, np.unique(probes(region.only([curve.wrt]))[curve.wrt])]
    near = max(low, -20.0), min(high, 20.0)
    if near[0] < near[1]:
        lines.insert(1, np.linspace(*near, FINE))
    others = [name for name in region.names if name != curve.wrt]
    settings = probes(region.only(others)) if others else {}
    count = min(SETTINGS, max((len(column) for column in settings.values()), default=1))
    for line in lines:
        inside = np.unique(line[(line >= low) & (line <= high)])
        for k in range(count):
            yield {curve.wrt: inside, **{name: np.full(len(inside), settings[name][k]) for name in others}}


def numbers_of(curve: Curve, points: Mapping[str, Floats], program: Any = None) -> Floats:
    (values,) = evaluate_numpy(program or curve.program, {**curve.constants, **points})
    return np.broadcast_to(values, (len(points[curve.wrt]),)).astype(np.float64)


def shown(ball: Any) -> str:
    number = float(ball.mid())
    if (number == 0) != ball.is_zero() or math.isinf(number):
        return str(ball.mid().str(SHOWN, radius=False))
    return number_text(float(f"{number + 0.0:.{SHOWN}g}"))
