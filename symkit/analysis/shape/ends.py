"""What a function does far out, told by exact values at distances that grow tenfold."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

from symkit.analysis.shape.facts import End
from symkit.analysis.shape.rows import Row

PLACES = (1.3717421, 3.2154387)
"""Where each decade is looked at: places that no period of a function of the literature divides."""

DECADES = range(1, 9)
LATER = 8
"""So many of the last places must tell one story."""

ROUNDED = 1e-13
"""Differences below this are what is left of a slope that is known to 30 digits, or was found by extrapolation."""

SMALL = 1e-20
"""What changes by less than this part of itself does not change."""


def end(row: Row, way: int) -> End:
    """The end to the right (1) or to the left (-1)."""
    places = [way * place * 10.0**k for k in DECADES for place in PLACES]
    values = [row.exact(place) for place in places]
    if any(value != value for value in values):
        # What is infinity times 0 to the evaluator may be constant up to there.
        known = list(itertools.takewhile(lambda value: value == value, values))
        if len(known) < LATER or any(value != known[0] for value in known):
            return End(None, "undefined")
        values, places = known, places[: len(known)]
    if any(math.isinf(value) for value in values):
        return _explosive(places, values)
    m = values[0].context
    with m.workdps(60):
        return _told(m, way, [m.mpf(place) for place in places], values)


def _told(m: Any, way: int, x: list[Any], values: list[Any]) -> End:
    limit = _limit(m, values)
    if limit is not None:
        level = _number(limit)
        return End(level, "constant", slope=0.0, intercept=level, text=_text(level))
    if not _keeps_way(values):
        return _wavering(m, x, values)
    sign = 1 if values[-1] > 0 else -1
    unbounded = sign * math.inf
    slope = _limit(m, [(b - a) / (d - c) for a, b, c, d in zip(values, values[1:], x, x[1:], strict=False)])
    if slope:
        return _linear(m, slope, x, values, unbounded)
    sizes = [m.log(abs(value)) if value else -m.inf for value in values]
    logs = [m.log(abs(place)) for place in x]
    degrees = [(b - a) / (d - c) for a, b, c, d in zip(sizes, sizes[1:], logs, logs[1:], strict=False)]
    degree = _limit(m, degrees)
    if degree is not None and degree > m.mpf(10) ** -6:
        return _power(m, degree, way, x, values, unbounded)
    for whole in range(7):
        scaled = [value / abs(place) ** whole for value, place in zip(values, x, strict=True)]
        steps = [(b - a) / (d - c) for a, b, c, d in zip(scaled, scaled[1:], logs, logs[1:], strict=False)]
        coefficient = _limit(m, steps)
        if coefficient:
            return _logarithm(whole, way, _number(coefficient), unbounded)
    if degrees[-1] > 50 * degrees[1] > 0:
        return _explosive([float(place) for place in x], values)
    # Steps that shrink may add up to a limit or not.
    grows = abs(values[-1] - values[-3]) >= 0.99 * abs(values[-3] - values[-5])
    return End(unbounded if grows else None, "other")


def _limit(m: Any, values: Sequence[Any], floor: float = 0.0) -> Any | None:
    """The limit of a sequence whose differences shrink at least like roots of the distance; None if it has none.

    Differences below the floor do not count.
    """
    size = max(abs(value) for value in values[-LATER:])
    if not size:
        return m.mpf(0)
    steps = [abs(b - a) for a, b in zip(values, values[1:], strict=False)]
    early, late = max(steps[-LATER : -LATER // 2]), max(steps[-LATER // 2 :])
    if late <= max(SMALL * size, floor):
        return values[-LATER // 2]
    if late > 0.2 * early:
        return None
    if not _keeps_way(values):
        return _short(m, values[-1], 2 * late)
    found = _accelerated(m, list(values[-1::-2])[::-1])
    # What shrinks still shrinks to 0.
    return m.mpf(0) if abs(found) <= 0.05 * abs(values[-1]) else found


def _accelerated(m: Any, values: list[Any]) -> Any:
    """By Aitken's process on places that lie a decade apart, twice."""
    for _ in range(2):
        better = []
        for a, b, c in zip(values, values[1:], values[2:], strict=False):
            bend = c - 2 * b + a
            better.append(c - (c - b) ** 2 / bend if bend else c)
        if len(better) < 3 or abs(better[-1] - better[-2]) > abs(values[-1] - values[-2]):
            break
        values = better
    return values[-1]


def _keeps_way(values: Sequence[Any]) -> bool:
    last = values[-LATER:]
    steps = [b - a for a, b in zip(last, last[1:], strict=False)]
    return all(step > 0 for step in steps) or all(step < 0 for step in steps)


def _wavering(m: Any, x: list[Any], values: list[Any]) -> End:
    """Oscillations, which may die away."""
    first, last = (max(abs(v) for v in part) for part in (values[: LATER // 2], values[-LATER // 2 :]))
    if last < 1e-3 * first:
        return End(0.0, "constant", slope=0.0, intercept=0.0, text="0")
    return End(None, "oscillating")


def _linear(m: Any, slope: Any, x: list[Any], values: list[Any], unbounded: float) -> End:
    rests = [value - slope * place for value, place in zip(values, x, strict=True)]
    intercept = _limit(m, rests, ROUNDED)
    steepness = _number(slope)
    if intercept is None:
        return End(unbounded, "polynomial", degree=1.0, coefficient=steepness, text=f"~ {_text(steepness, 'x')}")
    height = _number(intercept)
    text = _text(steepness, "x")
    if height:
        text += f" {'+' if height > 0 else '-'} {_text(abs(height))}"
    return End(unbounded, "linear", steepness, height, 1.0, steepness, text=text)


def _power(m: Any, degree: Any, way: int, x: list[Any], values: list[Any], unbounded: float) -> End:
    exponent = round(12 * float(degree)) / 12
    if abs(exponent - float(degree)) > 1e-5:
        return End(unbounded, "other", degree=_number(degree))
    # The sixth of a third is not one of a float.
    power = m.mpf(round(12 * exponent)) / 12
    ratios = [value / abs(place) ** power for value, place in zip(values, x, strict=True)]
    found = _limit(m, ratios)
    if found is None:
        return End(unbounded, "other", degree=exponent)
    coefficient = _number(found)
    base = "x" if exponent == int(exponent) or way > 0 else "abs(x)"
    if way < 0 and exponent % 2 == 1:
        coefficient = -coefficient
    power_text = base if exponent == 1 else f"{base}**{_text(exponent)}"
    text = f"~ {_text(coefficient, power_text)}"
    return End(unbounded, "polynomial", degree=exponent, coefficient=coefficient, text=text)


def _logarithm(degree: int, way: int, coefficient: float, unbounded: float) -> End:
    if way < 0 and degree % 2 == 1:
        coefficient = -coefficient
    logarithm = "log(x)" if way > 0 else "log(-x)"
    if degree == 0:
        text = f"~ {_text(coefficient, logarithm)}"
        return End(unbounded, "logarithmic", coefficient=coefficient, text=text)
    power = "x" if degree == 1 else f"x**{degree}"
    text = f"~ {_text(coefficient, f'{power}*{logarithm}')}"
    return End(unbounded, "power times log", degree=float(degree), coefficient=coefficient, text=text)


def _explosive(places: Sequence[float], values: Sequence[Any]) -> End:
    """Growth beyond every power: the logarithm is followed for as long as it is there."""
    known = [(abs(x), v) for x, v in zip(places, values, strict=True) if not math.isinf(v) and v]
    last = values[-1]
    if (last > 0) != all(v > 0 for _, v in known[-2:]):
        return End(None, "oscillating")
    unbounded = math.copysign(math.inf, last)
    if len(known) < 4:
        return End(unbounded, "faster")
    m = known[0][1].context
    with m.workdps(60):
        logs = [(m.mpf(x), m.log(abs(v))) for x, v in known]
        rates = [(b - a) / (y - x) for (x, a), (y, b) in zip(logs, logs[1:], strict=False)]
        change = abs(rates[-1] - rates[-2])
        if change > 0.05 * abs(rates[-1]):
            return End(unbounded, "faster" if rates[-1] > rates[-2] else "other")
        rate = _short(m, rates[-1], 2 * change + 1e-15)
        heights = [v * m.exp(-rate * x) for (x, _), (_, v) in zip(logs, known, strict=True)]
        settled = abs(heights[-1] - heights[-2]) <= 1e-12 * abs(heights[-1])
        steepness = _number(rate)
        if not settled:
            return End(unbounded, "exponential", rate=steepness)
        height = _number(heights[-1])
        exponent = _text(math.copysign(steepness, places[0]), "x")
        text = f"~ {_text(height, f'exp({exponent})')}"
        return End(unbounded, "exponential", coefficient=height, rate=steepness, text=text)


def _short(m: Any, value: Any, tolerance: Any) -> Any:
    """The shortest decimal of at most 9 digits within a tolerance, exactly; else the value itself."""
    if abs(value) <= tolerance:
        return m.mpf(0)
    for digits in range(1, 10):
        short = m.mpf(f"{float(value):.{digits}g}")
        if abs(short - value) <= tolerance:
            return short
    return value


def _number(value: Any) -> float:
    """As float64, moved to a short decimal where that is what it is but for extrapolation."""
    return float(_short(value.context, value, 1e-13 * abs(value) if abs(value) > 1e-13 else 1e-13)) + 0.0


def _text(number: float, factor: str = "") -> str:
    """A number, or that times a factor, in six digits."""
    short = f"{number:.6g}"
    if not factor:
        return short
    return {"1": factor, "-1": f"-{factor}"}.get(short, f"{short}*{factor}")
