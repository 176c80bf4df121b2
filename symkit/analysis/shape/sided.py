"""Limits of a function from one side of a point, from exact values at distances that shrink by equal factors."""

from __future__ import annotations

import math
from typing import Any

from symkit.analysis.shape.rows import Row

STEPS = 4
FACTOR = 2.0**-8
"""What a distance is of the one before, beside a point other than 0,"""

FINE = 2.0**-24
"""and beside 0, where floats are as fine as one likes."""

SHRINKS, STAYS = 0.9, 0.97
"""Towards a limit the differences shrink at least like this; where they stay or grow there is no bound."""

ROUND = 1e-14
"""How far, relative to its size, a limit is moved to a shorter decimal."""


def one_sided(row: Row, point: float, reach: float) -> float | None:
    """The limit at `point` from the side where `reach` points, by at most so far away.

    It may be infinite; NaN where there is none, or none that can be told; None where the function is undefined there.
    """
    factor = FINE if point == 0 else FACTOR
    places = [point + reach * factor**k for k in range(1, STEPS + 1)]
    values = [row.exact(place) for place in places]
    last = values[-1]
    if any(value != value for value in values):
        return None
    if math.isinf(last):
        return float(last)
    if any(math.isinf(value) for value in values):
        return math.nan
    size = max(abs(value) for value in values)
    before, after = values[-2] - values[-3], values[-1] - values[-2]
    if abs(after) <= 1e-25 * size:
        return _tidy(last, size)
    if abs(after) >= STAYS * abs(before):
        monotone = (after > 0) == (before > 0) and abs(last) > abs(values[-2])
        return math.copysign(math.inf, after) if monotone else math.nan
    if abs(after) > SHRINKS * abs(before):
        return math.nan
    ratio = after / before
    # A geometric series is summed; the terms after a power h**a are of the order of h**(a + 1).
    sums = [b + (c - b) / (1 - _ratio(a, b, c)) for a, b, c in zip(values, values[1:], values[2:], strict=False)]
    share = ratio * factor
    return _tidy(sums[-1] + (sums[-1] - sums[-2]) * share / (1 - share), size)


def _ratio(a: Any, b: Any, c: Any) -> Any:
    """Of the two differences, 0 where there is none."""
    return (c - b) / (b - a) if b != a and c - b != b - a else 0


def _tidy(value: Any, size: Any) -> float:
    """As float64; 0 and short decimals where that is what it is but for extrapolation."""
    if abs(value) <= 1e-12 * size * (1 if size < 1 else 1 / size):
        return 0.0
    number = float(value)
    for digits in range(1, 13):
        short = float(f"{number:.{digits}g}")
        if abs(short - number) <= ROUND * abs(number):
            return short
    return number
