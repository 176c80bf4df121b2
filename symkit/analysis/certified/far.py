"""Bounds of a function on all of a tail, or next to a point, tight enough to be integrated there.

A tail is run through by t >= 0: x = start + direction*t towards an infinity, or x = end +- length*exp(-t) towards a
point. Beside the bounds of a value it is kept between which parabolas in t the value lies, and between which the
logarithm of its size does. `exp` makes the second of the first, `log` the first of the second; of products the
logarithms add. `abs(x)**x` is exp(x*log(x)), and log(x) lies below any of its tangents.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from symkit.analysis.certified.parabolas import (
    LOG_OF_NOTHING,
    UNKNOWN,
    Between,
    Parabola,
    hull,
    is_rising,
    level,
    log_of,
    log_of_parabola,
    log_of_sum,
    max_of,
    product_of_rising,
    tighter,
    times,
    total,
)
from symkit.evaluation.interval_arithmetic import Arithmetic, Bools, Intervals

REALS = Arithmetic(None)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FarIntervals(Intervals):
    """The interval of a value on one tail, with parabolas that it and the logarithm of its size lie between.

    What it does with the growth forms of the records is what `checking.tails.TailIntervals` does: there the order, a
    power of x, is bounded, here the logarithm, which tells exp(x) from exp(x**2).
    """

    value: Between
    order: Between

    @property
    def diverges(self) -> Bools:
        return np.zeros(self.low.shape, dtype=bool)

    @property
    def is_never_zero(self) -> bool:
        return self.order.low is not None

    def or_undefined(self, undefined: Any) -> FarIntervals:
        return far(Intervals.or_undefined(self, undefined), self.value, self.order)

    # -- what growth forms ask for -----------------------------------------------------------------------------

    def of_order(self, order: Between, diverges: Any = False) -> FarIntervals:
        return far(self, self.value, self.order.both(order))

    def of_order_below(self, order: Between) -> FarIntervals:
        return self.of_order(Between(None, order.high))

    def of_order_above(self, order: Between, diverges: Any) -> FarIntervals:
        return self.of_order(Between(order.low, None))

    def exploding(self, a: FarIntervals) -> FarIntervals:
        """exp(a)."""
        return self.of_order(a.value)

    def vanishing(self, a: FarIntervals, *, below: bool) -> FarIntervals:
        """At most 2*exp(-|a|), for a on one side of 0."""
        side = bool(a.high.max() <= 0) if below else bool(a.low.min() >= 0)
        size = a.value if below else -a.value
        return self.of_order_below(size.shifted(0, log_of(2))) if side else self

    def at_least_half_exponential(self, a: FarIntervals, *, below: bool) -> FarIntervals:
        """At least exp(-|a|)/2, for a on one side of 0."""
        side = bool(a.high.max() <= 0) if below else bool(a.low.min() >= 0)
        size = a.value if below else -a.value
        return self.of_order_above(size.shifted(-log_of(2), 0), False) if side else self

    def hyperbolic(self, a: FarIntervals) -> FarIntervals:
        """exp(|a|)/4 to exp(|a|) in size, for |a| above 1."""
        if not (a.low.min() >= 1 or a.high.max() <= -1):
            return self.of_order_below(abs(a).value)
        return self.of_order(abs(a).value.shifted(-log_of(4), 0))

    def exponential_from_zero(self, a: FarIntervals) -> FarIntervals:
        """exp(a) - 1: at most exp(|a|) in size, and |a|/2 to 2*|a| for |a| up to 1."""
        if max(abs(a.low.min()), abs(a.high.max())) <= 1:
            return self.of_order(a.order.shifted(-log_of(2), log_of(2)))
        return self.of_order_below(abs(a).value)

    def logarithm_of_more(self, a: FarIntervals) -> FarIntervals:
        """log(1 + a): at most log(2*a + 1) for a above 0."""
        return self.logarithmic(a, from_zero=True) if a.low.min() >= 0 else self

    def raised(self, a: FarIntervals, exponent: float) -> FarIntervals:
        """a**exponent for a number."""
        value = UNKNOWN
        if exponent in (2.0, 3.0, 4.0):
            square = a.square()
            value = {2.0: square, 3.0: square * a, 4.0: square * square}[exponent].value
        return far(self, self.value.both(value), self.order.both(a.order.scaled(exponent)))

    def powered(self, a: FarIntervals, b: FarIntervals) -> FarIntervals:
        """a**b, for a above 0: exp(b*log(a))."""
        if not a.low.min() >= 0:
            return self
        low, high = (0.0 if a.low.min() >= 1 else -np.inf), (0.0 if a.high.max() <= 1 else np.inf)
        return self.of_order((b * far(REALS.of([low], [high]), a.order, UNKNOWN)).value)

    def like_operand(self, a: FarIntervals, *, above: bool) -> FarIntervals:
        """|a| to 2*|a| in size, for |a| above 1 on one side of 0."""
        side = bool(a.low.min() >= 1) if above else bool(a.high.max() <= -1)
        return self.of_order(a.order.shifted(0, log_of(2))) if side else self

    def about_operand(self, a: FarIntervals) -> FarIntervals:
        """|a|/2 to |a| in size, for |a| above 2."""
        is_far = bool(a.low.min() >= 2 or a.high.max() <= -2)
        return self.of_order(a.order.shifted(-log_of(2), 0)) if is_far else self

    def logarithmic(self, a: FarIntervals, *, from_zero: bool = False) -> FarIntervals:
        """log(a), or if `from_zero` at most log(2*|a| + 1) in size."""
        if not from_zero:
            return far(self, self.value.both(a.order), self.order)
        bound = log_of_sum(a.order.shifted(0, log_of(2)).high, level(0))
        floor = times(bound, -1)
        return far(self, self.value.both(Between(floor, bound)), self.order)

    # -- arithmetic --------------------------------------------------------------------------------------------

    def __neg__(self) -> FarIntervals:
        return far(Intervals.__neg__(self), -self.value, self.order)

    def __abs__(self) -> FarIntervals:
        plain = Intervals.__abs__(self)
        if self.low.min() >= 0:
            return far(plain, self.value, self.order)
        if self.high.max() <= 0:
            return far(plain, -self.value, self.order)
        return far(plain, Between(level(0), hull(self.value.high, (-self.value).high, max_of)), self.order)

    def __add__(self, other: Intervals) -> FarIntervals:
        other = as_far(other)
        plain = Intervals.__add__(self, other)
        order = Between(None, log_of_sum(self.order.high, other.order.high))
        same = self.low.min() >= 0 and other.low.min() >= 0 or self.high.max() <= 0 and other.high.max() <= 0
        if same:
            order = Between(tighter(self.order.low, other.order.low, 1), order.high)
        for a, b in ((self, other), (other, self)):
            gap = total(a.order.low, times(b.order.high, -1))
            if gap is not None and bool(gap[0] >= log_of(2) and gap[1] >= 0 and gap[2] >= 0):
                order = order.both(Between(total(a.order.low, level(-log_of(2))), None))
        return far(plain, self.value + other.value, order)

    def __sub__(self, other: Intervals) -> FarIntervals:
        if other is self:
            return as_far(Intervals.__sub__(self, other))
        return self + -as_far(other)

    def __mul__(self, other: Intervals) -> FarIntervals:
        if other is self:
            return self.square()
        other = as_far(other)
        return far(Intervals.__mul__(self, other), _value_of_product(self, other), self.order + other.order)

    def square(self) -> FarIntervals:
        size = abs(self)
        return far(Intervals.square(self), _value_of_product(size, size), self.order.scaled(2.0))

    def __truediv__(self, other: Intervals) -> FarIntervals:
        if other is self:
            return as_far(Intervals.__truediv__(self, other))
        other = as_far(other)
        number = other.only_number
        value = self.value.scaled(_inverse(number)) if number else UNKNOWN
        return far(Intervals.__truediv__(self, other), value, self.order + -other.order)

    def max(self, other: Intervals) -> FarIntervals:
        other = as_far(other)
        return self._picked(other, Intervals.max(self, other), self.low >= other.high, other.low >= self.high)

    def min(self, other: Intervals) -> FarIntervals:
        other = as_far(other)
        return self._picked(other, Intervals.min(self, other), self.high <= other.low, other.high <= self.low)

    def chosen(self, other: Intervals, certain: Any, never: Any) -> FarIntervals:
        other = as_far(other)
        return self._picked(other, Intervals.chosen(self, other, certain, never), certain, never)

    def _picked(self, other: FarIntervals, plain: Intervals, certain: Any, never: Any) -> FarIntervals:
        if np.all(certain):
            return far(plain, self.value, self.order)
        if np.all(never):
            return far(plain, other.value, other.order)
        return far(plain, self.value.either(other.value), self.order.either(other.order))


def _inverse(number: float) -> Any:
    from flint import arb

    return 1 / arb(number)


def _value_of_product(a: FarIntervals, b: FarIntervals) -> Between:
    """Parabolas of a product, by the signs of its factors."""
    sign = 1
    factors = []
    for factor in (a, b):
        if factor.low.min() >= 0:
            factors.append(factor.value)
        elif factor.high.max() <= 0:
            factors.append(-factor.value)
            sign = -sign
        else:
            return _value_of_multiple(a, b)
    first, second = factors
    low = high = None
    if is_rising(first.low) and is_rising(second.low):
        low = product_of_rising(first.low, second.low, least=True)
    if is_rising(first.high) and is_rising(second.high):
        high = product_of_rising(first.high, second.high, least=False)
    found = Between(low, high)
    found = found if sign > 0 else -found
    return found.both(_value_of_multiple(a, b))


def _value_of_multiple(a: FarIntervals, b: FarIntervals) -> Between:
    """Parabolas of a product one of whose factors is a number."""
    for factor, other in ((a, b), (b, a)):
        number = factor.only_number
        if number is not None:
            return other.value.scaled(number)
    return UNKNOWN


def as_far(plain: Intervals) -> FarIntervals:
    return plain if isinstance(plain, FarIntervals) else far(plain, UNKNOWN, UNKNOWN)


def far(plain: Intervals, value: Between, order: Between) -> FarIntervals:
    """A value with what is known of it, each bound made narrower by what the others say."""
    low, high = float(plain.low.min()), float(plain.high.max())
    value = value.both(Between(level(low), level(high)))
    most, least = max(abs(low), abs(high)), 0.0 if low <= 0 <= high else min(abs(low), abs(high))
    order = order.both(Between(_log_bound(least), _log_cap(most)))
    if low < 0 < high:
        order = order.both(Between(None, log_of_parabola(hull(value.high, (-value).high, max_of))))
    for size in (value, -value):
        # The size of what is above a number that is positive is too.
        if is_rising(size.low) and size.low[0] > 0:
            order = order.both(Between(level(size.low[0].log()), None))
        if low >= 0 if size is value else high <= 0:
            order = order.both(Between(None, log_of_parabola(size.high)))
            value = _exponentials(value, order, 1 if size is value else -1)
    return FarIntervals(
        plain.arithmetic, plain.low, plain.high, plain.undefined, plain.is_literal, value=value, order=order
    )


def _log_bound(size: float) -> Parabola | None:
    return level(log_of(size)) if 0 < size < np.inf else None


def _log_cap(size: float) -> Parabola | None:
    """Above the logarithm of sizes up to this; that of 0 is below every number."""
    return _log_bound(size) if size else level(LOG_OF_NOTHING)


def _exponentials(value: Between, order: Between, sign: int) -> Between:
    """What bounds of the logarithm of |value| say of the value, which has one sign."""
    low = high = None
    if order.low is not None and order.low[1] >= 0 and order.low[2] >= 0:
        first, c1, c2 = order.low[0].exp(), order.low[1], order.low[2]
        low = (first, first * c1, first * (c1 * c1 / 2 + c2))
    if order.high is not None and order.high[1] <= 0 and order.high[2] <= 0:
        high = level(order.high[0].exp())
    found = Between(low, high)
    return value.both(found if sign > 0 else -found)
