"""Interval arithmetic on arrays: for each of many boxes, bounds of all values that an operator can have there.

There are two arithmetics. In that of a dtype an interval holds numbers of the dtype, infinities among them, and results
are those of IEEE 754: rounding is monotone, so the bounds of a sum are the rounded sums of bounds. In that of the reals
intervals hold real numbers, bounds are rounded outwards, and an infinite bound means that there is none. -0 is less
than +0, so an interval says which zeros it holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symkit.evaluation.formats import Format

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Arithmetic:
    """What intervals are intervals of: the numbers of a format, or (None) the reals, with bounds in float64."""

    format: Format | None

    @property
    def is_real(self) -> bool:
        return self.format is None

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.float64) if self.format is None else self.format.arithmetic

    @property
    def smallest(self) -> float:
        """What is nearest to 0 and not 0; of the reals there is none."""
        return 0.0 if self.format is None else float(np.finfo(self.dtype).smallest_subnormal)

    def of(self, low: Any, high: Any, undefined: Any = False) -> Intervals:
        """Intervals between these bounds, in this arithmetic's dtype."""
        low, high = np.asarray(low, dtype=self.dtype), np.asarray(high, dtype=self.dtype)
        return Intervals(self, low, high, np.broadcast_to(undefined, np.broadcast_shapes(low.shape, high.shape)))

    def literal(self, value: float) -> Intervals:
        """One number for all boxes."""
        number = np.asarray(value, dtype=self.dtype)
        return Intervals(self, number, number, np.asarray(False), is_literal=True)


@dataclass(frozen=True, slots=True, eq=False)
class Intervals:
    """One interval a box.

    Attributes:
        low, high: the bounds, which belong to it; low is +inf and high -inf where there is no value at all.
        undefined: whether the value may be NaN, or over the reals not defined.
        is_literal: whether this is a number of the text.
    """

    arithmetic: Arithmetic
    low: Floats
    high: Floats
    undefined: Bools
    is_literal: bool = False

    @property
    def is_empty(self) -> Bools:
        return self.low > self.high

    def holds(self, value: float) -> Bools:
        """Whether a number is in it; either zero counts as 0."""
        return (self.low <= value) & (value <= self.high)

    @property
    def may_be_minus_zero(self) -> Bools:
        return self.holds(0) & np.signbit(self.low)

    @property
    def may_be_infinite(self) -> Bools:
        """Whether an infinity is among the values; over the reals none is."""
        if self.arithmetic.is_real:
            return np.zeros(self.low.shape, dtype=bool)
        return np.isinf(self.low) | np.isinf(self.high)

    @property
    def only_number(self) -> float | None:
        """The one number that every interval is, if so."""
        first = self.low.flat[0] if self.low.size else None
        if first is None or not np.all((self.low == first) & (self.high == first) & ~self.undefined):
            return None
        return float(first)

    def or_undefined(self, undefined: Any) -> Intervals:
        """The same values, and perhaps none."""
        return Intervals(self.arithmetic, self.low, self.high, self.undefined | undefined)

    def or_number(self, number: float, possible: Any) -> Intervals:
        """The same values, and this number where it is possible too."""
        low = np.where(possible, least(self.low, number), self.low)
        high = np.where(possible, greatest(self.high, number), self.high)
        return self.arithmetic.of(low, high, self.undefined)

    def spanning(self, lows: list[Floats], highs: list[Floats], *others: Intervals) -> Intervals:
        """The result of an operator of this and other operands, from bounds at some of their numbers."""
        return self._result(least(*lows), greatest(*highs), False, *others)

    def chosen(self, other: Intervals, certain: Any, never: Any) -> Intervals:
        """This one where that is certain, the other where it is ruled out, either elsewhere."""
        low = np.where(certain, self.low, np.where(never, other.low, least(self.low, other.low)))
        high = np.where(certain, self.high, np.where(never, other.high, greatest(self.high, other.high)))
        return self.arithmetic.of(low, high, self.undefined & ~never | other.undefined & ~certain)

    def _result(self, low: Any, high: Any, undefined: Any, *others: Intervals) -> Intervals:
        """An operator's result: no value where an operand has none, and bounds that are NaN are no bounds."""
        empty = self.is_empty
        for other in others:
            undefined = undefined | other.undefined
            empty = empty | other.is_empty
        low = np.where(empty, np.inf, np.where(np.isnan(low), -np.inf, low))
        high = np.where(empty, -np.inf, np.where(np.isnan(high), np.inf, high))
        if self.arithmetic.is_real:
            low, high = np.where(empty, low, np.minimum(low, MAX)), np.where(empty, high, np.maximum(high, -MAX))
        return self.arithmetic.of(low, high, undefined | self.undefined | empty)

    def __neg__(self) -> Intervals:
        return self._result(-self.high, -self.low, False)

    def __add__(self, other: Intervals) -> Intervals:
        low, high = self.low + other.low, self.high + other.high
        if self.arithmetic.is_real:
            below = _below(low, _error_of_sum(self.low, other.low, low))
            above = _above(high, _error_of_sum(self.high, other.high, high))
            return self._result(below, above, False, other)
        opposite = (self.low == -np.inf) & (other.high == np.inf) | (self.high == np.inf) & (other.low == -np.inf)
        return self._result(low, high, opposite, other)

    def __sub__(self, other: Intervals) -> Intervals:
        if other is self:
            zero = np.zeros_like(self.low)
            return self._result(zero, zero, self.may_be_infinite)
        return self + -other

    def __mul__(self, other: Intervals) -> Intervals:
        if other is self:
            return self.square()
        lows, highs = self._products(other)
        if self.arithmetic.is_real:
            return self._result(least(*lows), greatest(*highs), False, other)
        vanishing = self.holds(0) & other.may_be_infinite | other.holds(0) & self.may_be_infinite
        return self._result(least(*lows), greatest(*highs), vanishing, other)

    def _products(self, other: Intervals) -> tuple[list[Floats], list[Floats]]:
        """The products of bounds, rounded down and up; 0 times an infinite bound is 0."""
        pairs = [_product(a, b, self.arithmetic) for a in (self.low, self.high) for b in (other.low, other.high)]
        return [low for low, _ in pairs], [high for _, high in pairs]

    def square(self) -> Intervals:
        size = abs(self)
        low, _ = _product(size.low, size.low, self.arithmetic)
        _, high = _product(size.high, size.high, self.arithmetic)
        return self._result(np.maximum(low, 0.0), high, False)

    def __abs__(self) -> Intervals:
        low = np.where(self.holds(0), np.zeros_like(self.low), np.minimum(abs(self.low), abs(self.high)))
        return self._result(low, np.maximum(abs(self.low), abs(self.high)), False)

    def __truediv__(self, other: Intervals) -> Intervals:
        if other is self:
            one = np.ones_like(self.low)
            return self._result(one, one, self.holds(0) | self.may_be_infinite)
        quotient = self._over(other)
        if self.arithmetic.is_real or not self.is_literal:
            return quotient
        # Torch multiplies a literal by the reciprocal.
        return quotient.union(self.arithmetic.of(1, 1)._over(other) * self)

    def _over(self, other: Intervals) -> Intervals:
        parts = [part for part in (self._over_positive(other), -(self._over_positive(-other))) if part is not None]
        result = parts[0].union(parts[1])
        if self.arithmetic.is_real:
            return self._result(result.low, result.high, other.holds(0), other)
        undefined = self.holds(0) & other.holds(0) | self.may_be_infinite & other.may_be_infinite
        return self._result(result.low, result.high, undefined, other)

    def _over_positive(self, other: Intervals) -> Intervals:
        """The quotient by what is positive in `other`, +0 included in a dtype; empty where nothing is."""
        zero = other.low.dtype.type(0)
        has_zero = (other.low <= 0) & ~((other.high == 0) & np.signbit(other.high)) & (other.high >= 0)
        has_positive = other.high > 0
        low = np.where(has_zero, zero, other.low)
        if not self.arithmetic.is_real:
            has_positive |= has_zero
        pairs = [(a, b) for a in (self.low, self.high) for b in (low, other.high)]
        quotients = [_quotient(a, b) for a, b in pairs]
        lows, highs = quotients, quotients
        if self.arithmetic.is_real:
            # Bounds of 0 are limits; what is not exact is moved by one place.
            exact = [np.isinf(q) | _is_exact_quotient(a, b, q) for (a, b), q in zip(pairs, quotients, strict=True)]
            lows = [np.where(e, q, np.nextafter(q, -np.inf)) for e, q in zip(exact, quotients, strict=True)]
            highs = [np.where(e, q, np.nextafter(q, np.inf)) for e, q in zip(exact, quotients, strict=True)]
            low_bound = np.where(self.low >= 0, np.maximum(least(*lows), 0.0), least(*lows))
            high_bound = np.where(self.high <= 0, np.minimum(greatest(*highs), 0.0), greatest(*highs))
        else:
            low_bound, high_bound = least(*lows), greatest(*highs)
        return self.arithmetic.of(
            np.where(has_positive, low_bound, np.inf), np.where(has_positive, high_bound, -np.inf)
        )

    def union(self, other: Intervals) -> Intervals:
        """What is in either."""
        undefined = self.undefined | other.undefined
        return self.arithmetic.of(least(self.low, other.low), greatest(self.high, other.high), undefined)

    def common(self, other: Intervals) -> Intervals:
        """What is in both, where both hold the same value."""
        low, high = greatest(self.low, other.low), least(self.high, other.high)
        return self.arithmetic.of(low, high, self.undefined & other.undefined)

    def within(self, low: Any, high: Any) -> Intervals:
        """What of it lies between bounds that its values are known to keep."""
        kept_low, kept_high = greatest(self.low, low), least(self.high, high)
        empty = self.is_empty
        return self.arithmetic.of(
            np.where(empty, self.low, kept_low), np.where(empty, self.high, kept_high), self.undefined
        )

    def below(self, bound: Floats, *, strictly: bool = False) -> Intervals:
        """The numbers in it that are no more than a bound, or less; over the reals no bound is left out."""
        # 0 is no more than -0.
        most = np.nextafter(bound, -np.inf) if strictly and not self.arithmetic.is_real else bound + 0.0
        high = least(self.high, most)
        empty = self.low > high
        return self.arithmetic.of(np.where(empty, np.inf, self.low), np.where(empty, -np.inf, high))

    def above(self, bound: Floats, *, strictly: bool = False) -> Intervals:
        return -(-self).below(-bound, strictly=strictly)

    def without(self, other: Intervals) -> Intervals:
        """The numbers in it but the one that the other is; over the reals none can be left out."""
        if self.arithmetic.is_real:
            return self
        is_one = other.low == other.high
        low = np.where(is_one & (self.low == other.low), np.nextafter(self.low, np.inf), self.low)
        high = np.where(is_one & (self.high == other.high), np.nextafter(self.high, -np.inf), self.high)
        empty = low > high
        return self.arithmetic.of(np.where(empty, np.inf, low), np.where(empty, -np.inf, high), self.undefined)

    def max(self, other: Intervals) -> Intervals:
        low, high = greatest(self.low, other.low), greatest(self.high, other.high)
        # Which zero is the larger one is not said.
        has_minus = self.may_be_minus_zero | other.may_be_minus_zero
        return self._result(np.where((low == 0) & has_minus, -0.0, low), high, False, other)

    def min(self, other: Intervals) -> Intervals:
        return -((-self).max(-other))

    def truth(self, certain: Bools, impossible: Bools) -> Intervals:
        """1, 0, or either; a comparison has a value whatever its operands are."""
        return self.arithmetic.of(np.where(certain, 1.0, 0.0), np.where(impossible, 0.0, 1.0))

    @property
    def holds_surely(self) -> Bools:
        """As a condition: whether it holds for every value; NaN counts as true."""
        return ~self.holds(0)

    @property
    def fails_surely(self) -> Bools:
        """As a condition: whether it fails for every value."""
        never: Bools = (self.low == 0) & (self.high == 0) & ~self.undefined
        return never


MAX = np.finfo(np.float64).max


def least(*bounds: Any) -> Floats:
    """The lowest, -0 below +0."""
    lowest = np.minimum.reduce(np.broadcast_arrays(*bounds))
    negative = np.logical_or.reduce(np.broadcast_arrays(*((b == 0) & np.signbit(b) for b in bounds)))
    found: Floats = np.where((lowest == 0) & negative, -np.zeros_like(lowest), lowest)
    return found


def greatest(*bounds: Any) -> Floats:
    """The highest, +0 above -0."""
    highest = np.maximum.reduce(np.broadcast_arrays(*bounds))
    positive = np.logical_or.reduce(np.broadcast_arrays(*((b == 0) & ~np.signbit(b) for b in bounds)))
    found: Floats = np.where((highest == 0) & positive, np.zeros_like(highest), highest)
    return found


def _quotient(a: Floats, b: Floats) -> Floats:
    """a/b for b >= 0, as a bound: 0/0 and inf/inf are 0, of the sign that quotients beside them have."""
    quotient = a / abs(b)
    return np.where(np.isnan(quotient), np.copysign(0, a), quotient)


def _is_exact_quotient(a: Floats, b: Floats, quotient: Floats) -> Bools:
    """Whether it is a/b and not only near it."""
    product = quotient * b
    size = abs(product)
    faithful = (size > FAITHFUL[0]) & (size < FAITHFUL[1])
    found: Bools = faithful & (product == a) & (_error_of_product(quotient, b, product) == 0)
    return found


def _below(value: Floats, error: Floats) -> Floats:
    """The value, or the number below where the true one is less by `error`."""
    return np.where(error < 0, np.nextafter(value, -np.inf), value)


def _above(value: Floats, error: Floats) -> Floats:
    return np.where(error > 0, np.nextafter(value, np.inf), value)


def _error_of_sum(a: Floats, b: Floats, total: Floats) -> Floats:
    """What a + b is more than the rounded sum; exact (Knuth's two-sum) but where something overflows."""
    rest = total - a
    error = (a - (total - rest)) + (b - rest)
    return np.where(np.isnan(error), np.zeros_like(error), error)


def _product(a: Floats, b: Floats, arithmetic: Arithmetic) -> tuple[Floats, Floats]:
    """Bounds of a*b, where 0 times an infinite bound is 0, of the sign that products beside it have."""
    product = a * b
    product = np.where(np.isnan(product), np.copysign(0, a) * np.copysign(1, b), product)
    if not arithmetic.is_real:
        return product, product
    error = _error_of_product(a, b, product)
    # Where the error cannot be told the product may be off either way.
    size = abs(product)
    doubtful = np.isnan(error) | (size < FAITHFUL[0]) | (size > FAITHFUL[1])
    exact = (a == 0) | (b == 0) | np.isinf(product)
    low = np.where((error < 0) | doubtful, np.nextafter(product, -np.inf), product)
    high = np.where((error > 0) | doubtful, np.nextafter(product, np.inf), product)
    # A product that underflows keeps its sign.
    negative = np.signbit(product)
    low, high = np.where(negative, low, np.maximum(low, 0.0)), np.where(negative, np.minimum(high, -0.0), high)
    return np.where(exact, product, low), np.where(exact, product, high)


FAITHFUL = (1e-280, 1e280)
"""Products of this size have an error that is a number of the format."""

SPLIT = 2.0**27 + 1


def _error_of_product(a: Floats, b: Floats, product: Floats) -> Floats:
    """What a*b is more than the rounded product (Dekker); NaN where a half of a factor overflows."""
    high_a, high_b = _high_half(a), _high_half(b)
    low_a, low_b = a - high_a, b - high_b
    error: Floats = ((high_a * high_b - product) + high_a * low_b + low_a * high_b) + low_a * low_b
    return error


def _high_half(a: Floats) -> Floats:
    scaled = SPLIT * a
    half: Floats = scaled - (scaled - a)
    return half
