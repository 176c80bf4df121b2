"""Bounds of an operator's values at single points: exact ones through Arb, and what the libraries of a dtype give."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from symkit.evaluation.ball import evaluate_balls
from symkit.evaluation.exact import evaluate_exact
from symkit.evaluation.formats import FORMATS
from symkit.evaluation.interval_arithmetic import MAX, Arithmetic, Bools, Floats, Intervals, greatest, least
from symkit.evaluation.numeric import numpy_function
from symkit.ir import Program, ProgramBuilder
from symkit.ops import Operator

BITS = (96, 1280)
"""Precisions tried; the second serves sines of the largest floats."""

NARROW = 8.0
"""Intervals up to this width get a ball of their own from an operator that turns again and again."""

FAR = 2.0**40
"""Beyond it a ball of such an operator is no better than its range."""

SMALLEST, SMALLEST_NORMAL = math.ulp(0.0), sys.float_info.min

NEAR_NOTHING = 1e-290
"""Below it float64 loses digits."""

MOST_KEPT = 200_000

Bounds = tuple[float, float]


class PointBounds:
    """What an operator can be at given numbers, in an arithmetic."""

    def __init__(self, operator: Operator, arithmetic: Arithmetic) -> None:
        self._operator = operator
        self._arithmetic = arithmetic
        self.is_real = arithmetic.is_real
        low, high = operator.range
        self.range = _outward(low, high, arithmetic)

    def __call__(self, *numbers: Any) -> tuple[Floats, Floats]:
        """Bounds of the operator at numbers, one of each operand for each box; NaN where it has no value."""
        columns = np.broadcast_arrays(*(np.asarray(column, dtype=np.float64) for column in numbers))
        sizes = np.maximum.reduce([abs(column) for column in columns])
        if self.is_real or self._operator.numpy is None:
            low, high = self._exactly(columns)
        else:
            low, high = self._nearly(columns, sizes)
        down, up = self._widened(low, high, sizes)
        # At +0 it is +0.
        is_zero = np.logical_and.reduce([(column == 0) & ~np.signbit(column) for column in columns])
        return np.where(is_zero & (low == 0) & (down == 0), 0.0, down), up

    def _exactly(self, columns: Sequence[Floats]) -> tuple[Floats, Floats]:
        """Bounds of the exact values at points."""
        points = zip(*(column.ravel().tolist() for column in columns), strict=True)
        found = np.array([_exact_bounds(self._operator, point) for point in points]).reshape(-1, 2)
        return found[:, 0].reshape(columns[0].shape), found[:, 1].reshape(columns[0].shape)

    def _nearly(self, columns: Sequence[Floats], sizes: Floats) -> tuple[Floats, Floats]:
        """The same from numpy's float64 and what it may miss, all points at once; in a dtype that is near enough."""
        with np.errstate(all="ignore"):
            value = np.asarray(numpy_function(self._operator)(*columns), dtype=np.float64)
        slack = abs(value) * (self._operator.units * float(np.finfo(np.float64).eps))
        # What overflows need not be infinite, and what underflows is not 0: some flush it.
        slack = np.where(np.isinf(value), MAX / 2, slack)
        inside = np.clip(value, -MAX, MAX)
        low, high = np.minimum(inside - slack, value), np.maximum(inside + slack, value)
        nothing = np.copysign(SMALLEST, value), np.copysign(SMALLEST_NORMAL, value)
        low, high = np.where(value == 0, np.minimum(*nothing), low), np.where(value == 0, np.maximum(*nothing), high)
        plain = (sizes == 0) | (sizes == 1) | (value != 0) & (abs(value) < NEAR_NOTHING)
        if plain.any():
            exact = self._exactly([column[plain] for column in columns])
            low[plain], high[plain] = exact
        return low, high

    def _widened(self, low: Floats, high: Floats, sizes: Floats | None = None) -> tuple[Floats, Floats]:
        """The bounds of exact values as bounds of what a library gives for them, and inside the operator's range.

        `sizes` are those of the largest operands, where the bounds are for single points.
        """
        if self.is_real:
            return np.maximum(low, self.range[0]), np.minimum(high, self.range[1])
        form = FORMATS[self._arithmetic.dtype.name]
        units = self._operator.units
        with np.errstate(over="ignore"):
            nearest = low.astype(form.dtype), high.astype(form.dtype)
        down, up = nearest
        if units:
            infinity = form.ordinals(math.inf)
            down = form.numbers(np.maximum(form.ordinals(down) - units, -infinity - 1))
            up = form.numbers(np.minimum(form.ordinals(up) + units, infinity))
            # What is beyond all numbers by more than that is infinite for sure.
            beyond = form.largest * (1 + 2 * units * float(np.finfo(form.dtype).eps))
            down, up = np.where(low > beyond, math.inf, down), np.where(high < -beyond, -math.inf, up)
        # Below the normal numbers some libraries give 0.
        normal = np.finfo(form.dtype).tiny
        down, up = np.where((down > 0) & (down < normal), 0, down), np.where((up < 0) & (up > -normal), 0, up)
        most = form.largest / self._operator.headroom
        down, up = np.where(down < -most, -math.inf, down), np.where(up > most, math.inf, up)
        # What is far below the smallest number is rounded to 0.
        far = form.smallest / 4
        down, up = np.where((low > -far) & (low < 0), -0.0, down), np.where((high < far) & (high > 0), 0.0, up)
        if sizes is not None:
            # As of exp(0) and sqrt(1).
            plain = self._operator.is_plain & (nearest[0] == low) & (low == high) & ((sizes == 0) | (sizes == 1))
            down, up = np.where(plain, nearest[0], down), np.where(plain, nearest[1], up)
            # What is no larger than its operand does not overflow.
            down = np.where((nearest[0] >= -sizes) & np.isfinite(sizes), np.maximum(down, -form.largest), down)
            up = np.where((nearest[1] <= sizes) & np.isfinite(sizes), np.minimum(up, form.largest), up)
        # No library gets a sign wrong, but 0 may have either, and what is flushed is +0.
        down = np.where((low >= 0) & (down <= 0), np.where(low == 0, -0.0, 0.0), down)
        up = np.where((high <= 0) & (up >= 0), 0.0, up)
        down, up = np.where(np.isnan(low), low, down), np.where(np.isnan(high), high, up)
        first, last = self.range
        return np.where(down < first, first, down), np.where(up > last, last, up)

    def over(self, operand: Intervals) -> Intervals:
        """Bounds of a unary operator over intervals by its ball rule; those of its range where they are wide."""
        low, high = np.broadcast_arrays(operand.low.astype(np.float64), operand.high.astype(np.float64))
        narrow = (low < high) & (high - low <= NARROW) & (np.maximum(abs(low), abs(high)) < FAR)
        lows, highs = np.full(low.shape, -np.inf), np.full(low.shape, np.inf)
        for place in map(tuple, np.argwhere(narrow)):
            lows[place], highs[place] = _ball_bounds(self._operator, float(low[place]), float(high[place]))
        down, up = self._widened(lows, highs)
        is_point = low == high
        if is_point.any():
            at_low, at_high = self(low)
            down, up = np.where(is_point, at_low, down), np.where(is_point, at_high, up)
        return operand.spanning([down], [up])


def monotone(at: PointBounds, operator: Operator, operands: list[Intervals]) -> Intervals:
    """The range of an operator that rises or falls in each operand, or between its turns, over intervals."""
    if operator.turns is not None or operator.arity == 1:
        return _between_turns(at, operator, operands[0])
    rising = [trend == "increasing" for trend in operator.trend]
    pairs = list(zip(operands, rising, strict=True))
    low, _ = at(*(operand.low if up else operand.high for operand, up in pairs))
    _, high = at(*(operand.high if up else operand.low for operand, up in pairs))
    return operands[0].spanning([low], [high], *operands[1:])


def _between_turns(at: PointBounds, operator: Operator, operand: Intervals) -> Intervals:
    first, last = operator.defined_on
    inside = operand.within(first or -0.0, last or 0.0)
    ends = [at(inside.low), at(inside.high)]
    turns = operator.turns or ()
    for turn in turns:
        met = (inside.low <= turn) & (turn <= inside.high)
        if met.any():
            ends.append(at(np.where(met, turn, inside.low)))
    if not turns:
        low, high = (ends[0][0], ends[1][1]) if operator.trend[0] == "increasing" else (ends[1][0], ends[0][1])
    else:
        low, high = least(*(end[0] for end in ends)), greatest(*(end[1] for end in ends))
    outside = (operand.low < first) | (operand.high > last)
    outside = outside | (np.isnan(ends[0][0]) | np.isnan(ends[1][0])) & ~inside.is_empty
    result = inside.spanning([low], [high])
    if at.is_real and operator.domain:
        # An infinite value at a real number is none.
        poles = [np.isfinite(place) & _is_pole(operator, place) for place in (inside.low, inside.high)]
        outside = outside | poles[0] | poles[1]
        only = poles[0] & (inside.low == inside.high)
        low, high = np.where(only, np.inf, result.low), np.where(only, -np.inf, result.high)
        result = result.arithmetic.of(low, high, result.undefined)
    return result.or_undefined(outside)


def _is_pole(operator: Operator, places: Floats) -> Bools:
    first, last = operator.defined_on
    at_edge = (places == first) | (places == last)
    poles: Bools = np.array(at_edge)
    for place in map(tuple, np.argwhere(at_edge)):
        poles[place] = math.isinf(_exact_bounds(operator, (float(places[place]),))[0])
    return poles


def _outward(low: float, high: float, arithmetic: Arithmetic) -> tuple[Any, Any]:
    """Bounds that a range keeps when it is rounded to the dtype; 0 may have either sign."""
    low, high = low or -0.0, high or 0.0
    if arithmetic.is_real:
        return np.float64(low), np.float64(high)
    cast_low, cast_high = arithmetic.dtype.type(low), arithmetic.dtype.type(high)
    # The number nearest to a value may lie past it, and is what a library gives.
    return min(cast_low, np.nextafter(cast_low, high)) if cast_low > low else cast_low, cast_high


@lru_cache(maxsize=MOST_KEPT)
def _exact_bounds(operator: Operator, point: tuple[float, ...]) -> Bounds:
    """Floats around the exact value, next to each other where that can be had; both NaN where there is none."""
    if all(math.isfinite(number) for number in point):
        known: Bounds | None = None
        for bits in BITS:
            value = _ball(operator, point, bits)
            if value.is_finite() and (value.rel_accuracy_bits() >= 64 or value.is_exact()):
                known = float_below(value.lower()), float_above(value.upper())
                # A ball around a float, as that of exp(-1e-30) is, has neighbours on both sides.
                if known[1] <= math.nextafter(known[0], math.inf):
                    break
        if known is not None:
            return known
        if value.is_finite():
            # So near 0 that no precision here tells it from 0.
            return float_below(value.lower()), float_above(value.upper())
    (value,) = evaluate_exact(_alone(operator), _named(point))
    number = float(value)
    if math.isnan(number) or math.isinf(number):
        return number, number
    below = number if value >= number else math.nextafter(number, -math.inf)
    return below, number if value <= number else math.nextafter(number, math.inf)


def _ball(operator: Operator, numbers: Iterable[Any], bits: int) -> Any:
    """The operator's ball over floats or balls."""
    if operator.ball is None:
        return evaluate_balls(_alone(operator), _named(numbers), bits)[0]
    from flint import arb, ctx

    before = ctx.prec
    ctx.prec = bits
    try:
        return operator.ball(*map(arb, numbers))
    finally:
        ctx.prec = before


def _ball_bounds(operator: Operator, low: float, high: float) -> Bounds:
    from flint import arb

    radius = math.nextafter((high - low) / 2, math.inf)
    middle = low + (high - low) / 2
    slack = 4 * math.ulp(max(abs(low), abs(high)))
    value = _ball(operator, (arb(middle, radius + slack),), BITS[0])
    if not value.is_finite():
        return -math.inf, math.inf
    return float_below(value.lower()), float_above(value.upper())


def float_below(value: Any) -> float:
    """The largest float that is not above an exact Arb number; -inf below all."""
    from flint import arb

    number = float(value)
    if math.isinf(number):
        return math.nextafter(math.inf, 0) if number > 0 else number
    return math.nextafter(number, -math.inf) if arb(number) > value else number


def float_above(value: Any) -> float:
    """The smallest float that is not below an exact Arb number; inf above all."""
    return -float_below(-value)


def _named(numbers: Iterable[Any]) -> dict[str, Any]:
    return {str(slot): number for slot, number in enumerate(numbers)}


@lru_cache(maxsize=1024)
def _alone(operator: Operator) -> Program:
    """A Program of the operator alone; its operands are inputs "0", "1", ..."""
    builder = ProgramBuilder()
    operands = tuple(builder.input(str(slot)) for slot in range(operator.arity))
    return builder.build([builder.apply(operator, operands)])
