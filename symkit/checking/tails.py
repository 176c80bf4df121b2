"""Bounds far out and next to 0, where intervals alone say too little: `x*exp(-x)` is not infinity times 0.

On a box that reaches an infinity the size s is |x|; on one that reaches 0 it is 1/|x|. Beside the bounds of a value its
order is kept: s**low <= |value| <= s**high for all of the box. Sums, products and powers have simple orders, and a
high order below 0 or a low order above 0 is again a bound of the value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from symkit.evaluation.interval_arithmetic import MAX, Arithmetic, Bools, Floats, Intervals

REALS = Arithmetic(None)

LEAST_SIZE = 1e3
"""A box is a tail if its sizes begin here or above; the rules for logarithms need more than e**e."""

SLACK = 1e-9
"""Covers the rounding of numpy's exp and log in bounds made of orders."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TailIntervals(Intervals):
    """Intervals of the reals with bounds of their orders; one operand of every operator is one of these.

    Attributes:
        scale: logarithm of the least size of each box, NaN for boxes that are no tails.
        order: bounds of the order; from -inf to inf where nothing is known.
        diverges: whether |value| surely tends to infinity with the size.
    """

    scale: Floats
    order: Intervals
    diverges: Bools

    # -- making them ---------------------------------------------------------------------------------------

    def ordered(self, value: Intervals, order: Intervals, diverges: Any = False) -> TailIntervals:
        """A value over the same boxes with what is known of its order; either is made narrower by the other."""
        return ordered(value, self.scale, order, diverges)

    def of_order(self, order: Intervals, diverges: Any = False) -> TailIntervals:
        """The same with what else is known of its order."""
        return self.ordered(self, order.within(self.order.low, self.order.high), diverges | self.diverges)

    def of_order_below(self, order: Intervals) -> TailIntervals:
        return self.of_order(REALS.of(np.full_like(order.high, -np.inf), order.high))

    def of_order_above(self, order: Intervals, diverges: Any) -> TailIntervals:
        return self.of_order(REALS.of(order.low, np.full_like(order.low, np.inf)), diverges)

    def order_raised(self, exponent: float) -> Intervals:
        return self.order * REALS.of(exponent, exponent)

    @property
    def _doubling(self) -> Floats:
        """The order that covers a factor of 2."""
        step: Floats = np.log(2) * (1 + SLACK) / self.scale
        return step

    # -- arithmetic ----------------------------------------------------------------------------------------

    def __neg__(self) -> TailIntervals:
        return self.ordered(Intervals.__neg__(self), self.order, self.diverges)

    def __abs__(self) -> TailIntervals:
        return self.ordered(Intervals.__abs__(self), self.order, self.diverges)

    def __add__(self, other: Intervals) -> TailIntervals:
        other = self._like(other)
        value = Intervals.__add__(self, other)
        low, high = self._order_of_sum(other)
        same_sign = (self.low >= 0) & (other.low >= 0) | (self.high <= 0) & (other.high <= 0)
        low = np.where(same_sign, np.maximum(self.order.low, other.order.low), low)
        value = self._signed_sum(other, value)
        held = [np.isfinite(a.low) & np.isfinite(a.high) for a in (self, other)]
        diverges = self.diverges & (same_sign | held[1]) | other.diverges & (same_sign | held[0])
        return self.ordered(value, REALS.of(low, high), diverges)

    def _signed_sum(self, other: TailIntervals, value: Intervals) -> Intervals:
        """A sum has the sign of the term that is the larger by its order."""
        for a, b in ((self, other), (other, self)):
            larger = a.order.low > b.order.high + self._doubling
            low = np.where(larger & (a.low >= 0), 0.0, -np.inf)
            value = value.within(low, np.where(larger & (a.high <= 0), 0.0, np.inf))
        return value

    def _order_of_sum(self, other: TailIntervals) -> tuple[Floats, Floats]:
        """The larger order counts, within a factor of 2, if it is larger by that."""
        step = self._doubling
        high = np.nextafter(np.maximum(self.order.high, other.order.high) + step, np.inf)
        lows = [
            np.where(a.order.low > b.order.high + step, np.nextafter(a.order.low - step, -np.inf), -np.inf)
            for a, b in ((self, other), (other, self))
        ]
        return np.maximum(*lows), high

    def __sub__(self, other: Intervals) -> TailIntervals:
        if other is self:
            return unordered(Intervals.__sub__(self, other), self.scale)
        return self + -self._like(other)

    def __mul__(self, other: Intervals) -> TailIntervals:
        if other is self:
            return self.square()
        other = self._like(other)
        apart = [(a.low > 0) | (a.high < 0) for a in (self, other)]
        diverges = self.diverges & (other.diverges | apart[1]) | other.diverges & apart[0]
        return self.ordered(Intervals.__mul__(self, other), self.order + other.order, diverges)

    def square(self) -> TailIntervals:
        return self.ordered(Intervals.square(self), self.order_raised(2.0), self.diverges)

    def __truediv__(self, other: Intervals) -> TailIntervals:
        if other is self:
            return unordered(Intervals.__truediv__(self, other), self.scale)
        other = self._like(other)
        return self.ordered(Intervals.__truediv__(self, other), self.order - other.order)

    def max(self, other: Intervals) -> TailIntervals:
        other = self._like(other)
        return self._picked(other, Intervals.max(self, other), self.low >= other.high, other.low >= self.high)

    def min(self, other: Intervals) -> TailIntervals:
        other = self._like(other)
        return self._picked(other, Intervals.min(self, other), self.high <= other.low, other.high <= self.low)

    def chosen(self, other: Intervals, certain: Any, never: Any) -> TailIntervals:
        other = self._like(other)
        return self._picked(other, Intervals.chosen(self, other, certain, never), certain, never)

    def _picked(self, other: TailIntervals, value: Intervals, certain: Any, never: Any) -> TailIntervals:
        order = self.order.chosen(other.order, certain, never)
        diverges = np.where(certain, self.diverges, np.where(never, other.diverges, self.diverges & other.diverges))
        return self.ordered(value, order, diverges)

    def _like(self, other: Intervals) -> TailIntervals:
        return other if isinstance(other, TailIntervals) else unordered(other, self.scale)

    # -- functions -----------------------------------------------------------------------------------------

    def _exponent(self, a: TailIntervals) -> tuple[Floats, Bools]:
        """exp(|a|) is of this order at least, where that is true: s**m/log(s) rises once m*log(s) is above 1."""
        power = a.order.low * self.scale
        known = power > 1 + SLACK
        with np.errstate(over="ignore"):
            order = np.exp(np.where(known, power, 0.0) * (1 - SLACK)) / self.scale
        return np.minimum(order, MAX), known

    def vanishing(self, a: TailIntervals, *, below: bool) -> TailIntervals:
        """Known to be at most 2*exp(-|a|), for a on one side of 0."""
        order, known = self._exponent(a)
        side = a.high <= 0 if below else a.low >= 0
        high = np.where(known & side, self._doubling - order, np.inf)
        return self.of_order_below(REALS.of(np.full_like(high, -np.inf), high))

    def exploding(self, a: TailIntervals) -> TailIntervals:
        """Known to be exp(a), for a above 0."""
        order, known = self._exponent(a)
        low = np.where(known & (a.low >= 0), order, -np.inf)
        return self.of_order(REALS.of(low, np.full_like(low, np.inf)))

    def raised(self, a: TailIntervals, exponent: float) -> TailIntervals:
        return self.of_order(a.order_raised(exponent))

    def unchanged(self, *operands: Intervals, **sides: bool) -> TailIntervals:
        """An order says nothing of what grows faster than every power, nor of an exponent that is no number."""
        return self

    at_least_half_exponential = hyperbolic = exponential_from_zero = logarithm_of_more = powered = unchanged

    def like_operand(self, a: TailIntervals, *, above: bool) -> TailIntervals:
        """Known to be |a| to 2*|a| in size, for |a| above 1 on one side of 0."""
        side = a.low >= 1 if above else a.high <= -1
        low = np.where(side, a.order.low, -np.inf)
        high = np.where(side, a.order.high + self._doubling, np.inf)
        return self.of_order(REALS.of(low, np.nextafter(high, np.inf)), side & a.diverges)

    def about_operand(self, a: TailIntervals) -> TailIntervals:
        """Known to be |a|/2 to |a| in size, for |a| above 2."""
        far = (a.low >= 2) | (a.high <= -2)
        low = np.where(far, np.nextafter(a.order.low - self._doubling, -np.inf), -np.inf)
        return self.of_order(REALS.of(low, np.where(far, a.order.high, np.inf)), far & a.diverges)

    def logarithmic(self, a: TailIntervals, *, from_zero: bool = False) -> TailIntervals:
        """Known to be at most |log|a||, or if `from_zero` log(2*|a| + 1); it diverges with it."""
        bound = np.maximum(abs(a.order.low), abs(a.order.high)) if not from_zero else np.maximum(a.order.high, 0) + 2
        bound = np.maximum(bound, 1.0)
        known = np.isfinite(bound) & (bound < MAX)
        high = np.where(known, np.log(np.where(known, bound, 1.0) * self.scale) / self.scale * (1 + SLACK), np.inf)
        diverges = a.diverges if from_zero else a.diverges | (a.order.high < 0)
        return self.of_order(REALS.of(np.full_like(high, -np.inf), high), diverges)


def tail_leaf(low: Any, high: Any) -> TailIntervals:
    """The input over boxes: of order 1 on one that reaches an infinity, of -1 on one that reaches 0."""
    low, high = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    near, far = np.minimum(abs(low), abs(high)), np.maximum(abs(low), abs(high))
    one_side = (low >= 0) | (high <= 0)
    outer = one_side & (far == np.inf) & (near >= LEAST_SIZE)
    inner = one_side & (near == 0) & (far <= 1 / LEAST_SIZE) & (far > 0)
    with np.errstate(divide="ignore"):
        scale = np.where(
            outer, np.log(np.where(outer, near, 1)), np.where(inner, -np.log(np.where(inner, far, 1)), np.nan)
        )
    scale = scale * (1 - SLACK)
    order = np.where(outer, 1.0, -1.0)
    bounds = np.where(np.isnan(scale), -np.inf, order), np.where(np.isnan(scale), np.inf, order)
    return ordered(REALS.of(low, high), scale, REALS.of(*bounds), outer)


def ordered(value: Intervals, scale: Floats, order: Intervals, diverges: Any = False) -> TailIntervals:
    """A value with its order, each made narrower by what the other says."""
    low, high = _order_of_bounds(value, scale)
    low, high = np.maximum(low, order.low), np.minimum(high, order.high)
    no_tail = np.isnan(scale) | (low > high) | value.is_empty
    low, high = np.where(no_tail, -np.inf, low), np.where(no_tail, np.inf, high)
    narrowed = _narrowed(value, scale, low, high)
    diverges = ~no_tail & (diverges | (low > 0))
    return TailIntervals(
        value.arithmetic,
        narrowed.low,
        narrowed.high,
        narrowed.undefined,
        value.is_literal,
        scale=scale,
        order=REALS.of(low, high),
        diverges=diverges,
    )


def unordered(value: Intervals, scale: Floats) -> TailIntervals:
    """A value of which only the bounds are known."""
    return ordered(value, scale, _unknown(scale))


def _unknown(scale: Floats) -> Intervals:
    return REALS.of(np.full_like(scale, -np.inf), np.full_like(scale, np.inf))


def _order_of_bounds(value: Intervals, scale: Floats) -> tuple[Floats, Floats]:
    """A size that is always above 1 is s**0 at least; one below a number is a power of the least size, so of all."""
    least = np.where(value.holds(0), 0.0, np.minimum(abs(value.low), abs(value.high)))
    most = np.maximum(abs(value.low), abs(value.high))
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(least >= 1, 0.0, np.log(least) / scale * (1 + SLACK))
        high = np.where(most <= 1, 0.0, np.log(most) / scale * (1 + SLACK))
    return np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high)


def _narrowed(value: Intervals, scale: Floats, low: Floats, high: Floats) -> Intervals:
    """The bounds that follow from the order: at the least size it is largest if the order is below 0."""
    with np.errstate(over="ignore", invalid="ignore"):
        cap = np.where(high < 0, np.exp(high * scale) * (1 + SLACK) + 5e-324, np.where(high == 0, 1.0, np.inf))
        floor = np.where(low > 0, np.minimum(np.exp(low * scale) * (1 - SLACK), MAX), 0.0)
    first = np.where((value.low >= 0) & (floor > value.low), floor, np.maximum(value.low, -cap))
    last = np.where((value.high <= 0) & (-floor < value.high), -floor, np.minimum(value.high, cap))
    return value.arithmetic.of(first, last, value.undefined)
