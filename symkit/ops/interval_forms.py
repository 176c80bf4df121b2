"""Interval rules of operators that are not monotone in pieces. Nothing is imported here.

A rule takes `at` and the operands, each the intervals of many boxes. `at(*numbers)` gives bounds of the operator's
values at such numbers, one of each operand for each box; `at.over(low, high)` those of a unary operator over intervals.
"""

from __future__ import annotations

import math
from typing import Any

FARTHEST_TANGENTS = {4: 2.0**30, 8: 2.0**61}
"""Powers of 2 above the tangents of all numbers of a format, by its bytes: of 16367173 * 2**72 and of
6381956970095103 * 2**797, which are the nearest to multiples of pi/2 (Kahan, Minimizing q*m - n)."""


def add(at: Any, a: Any, b: Any) -> Any:
    return a + b


def subtract(at: Any, a: Any, b: Any) -> Any:
    return a - b


def multiply(at: Any, a: Any, b: Any) -> Any:
    return a * b


def divide(at: Any, a: Any, b: Any) -> Any:
    return a / b


def negate(at: Any, a: Any) -> Any:
    return -a


def absolute(at: Any, a: Any) -> Any:
    return abs(a)


def sign(at: Any, a: Any) -> Any:
    """Torch says 0 for NaN."""
    return a.spanning([at(a.low)[0]], [at(a.high)[1]]).or_number(0.0, a.undefined)


def square(at: Any, a: Any) -> Any:
    return a.square()


def maximum(at: Any, a: Any, b: Any) -> Any:
    return a if a is b else a.max(b)


def rectified(at: Any, a: Any) -> Any:
    return a.max(a.arithmetic.of(0.0, 0.0))


def minimum(at: Any, a: Any, b: Any) -> Any:
    return a if a is b else a.min(b)


def less(at: Any, a: Any, b: Any) -> Any:
    if a is b:
        return a.truth(a.is_empty & False, a.is_empty | True)
    return a.truth((a.high < b.low) & ~(a.undefined | b.undefined), a.low >= b.high)


def less_equal(at: Any, a: Any, b: Any) -> Any:
    known = ~(a.undefined | b.undefined)
    if a is b:
        return a.truth(known, a.low > a.high)
    return a.truth((a.high <= b.low) & known, a.low > b.high)


def less_narrows(a: Any, b: Any, holds: bool) -> Any:
    """What the operands can be where a < b holds, or where it does not."""
    if holds:
        return a.below(b.high, strictly=True), b.above(a.low, strictly=True)
    return _unless_undefined(a, b, a.above(b.low), b.below(a.high))


def less_equal_narrows(a: Any, b: Any, holds: bool) -> Any:
    if holds:
        return a.below(b.high), b.above(a.low)
    return _unless_undefined(a, b, a.above(b.low, strictly=True), b.below(a.high, strictly=True))


def greater_narrows(a: Any, b: Any, holds: bool) -> Any:
    return less_narrows(b, a, holds)[::-1]


def greater_equal_narrows(a: Any, b: Any, holds: bool) -> Any:
    return less_equal_narrows(b, a, holds)[::-1]


def equal_narrows(a: Any, b: Any, holds: bool) -> Any:
    if holds:
        return a.above(b.low).below(b.high), b.above(a.low).below(a.high)
    return _unless_undefined(a, b, a.without(b), b.without(a))


def unequal_narrows(a: Any, b: Any, holds: bool) -> Any:
    return equal_narrows(a, b, not holds)


def absolute_narrows(result: Any, a: Any) -> Any:
    """What the operand can be where the result is so."""
    return a.below(result.high).above(-result.high).or_undefined(result.undefined)


def negate_narrows(result: Any, a: Any) -> Any:
    return -result


def _unless_undefined(a: Any, b: Any, narrow_a: Any, narrow_b: Any) -> Any:
    """A comparison also fails where an operand is NaN, and then says nothing of the other one."""
    undefined = a.undefined | b.undefined
    return a.chosen(narrow_a, undefined, ~undefined), b.chosen(narrow_b, undefined, ~undefined)


def greater(at: Any, a: Any, b: Any) -> Any:
    return less(at, b, a)


def greater_equal(at: Any, a: Any, b: Any) -> Any:
    return less_equal(at, b, a)


def _apart(a: Any, b: Any) -> Any:
    return (a.high < b.low) | (b.high < a.low)


def _together(a: Any, b: Any) -> Any:
    same = (a.low == a.high) & (b.low == b.high) & (a.low == b.low)
    return (same | (a is b)) & ~(a.undefined | b.undefined)


def equal(at: Any, a: Any, b: Any) -> Any:
    return a.truth(_together(a, b), _apart(a, b))


def unequal(at: Any, a: Any, b: Any) -> Any:
    return a.truth(_apart(a, b), _together(a, b))


def all_of(at: Any, a: Any, b: Any) -> Any:
    return a.truth(a.holds_surely & b.holds_surely, a.fails_surely | b.fails_surely)


def any_of(at: Any, a: Any, b: Any) -> Any:
    return a.truth(a.holds_surely | b.holds_surely, a.fails_surely & b.fails_surely)


def none_of(at: Any, a: Any) -> Any:
    return a.truth(a.fails_surely, a.holds_surely)


def where(at: Any, condition: Any, a: Any, b: Any) -> Any:
    return a.chosen(b, condition.holds_surely, condition.fails_surely)


def hypot(at: Any, a: Any, b: Any) -> Any:
    """Rising in the size of either; an infinite leg wins over NaN."""
    a, b = abs(a), abs(b)
    wins = a.may_be_infinite & b.undefined | b.may_be_infinite & a.undefined
    return a.spanning([at(a.low, b.low)[0]], [at(a.high, b.high)[1]], b).or_number(math.inf, wins)


def wave(at: Any, a: Any) -> Any:
    """Sine and cosine; NaN at infinities."""
    return at.over(a).or_undefined(a.may_be_infinite)


def sinc(at: Any, a: Any) -> Any:
    """NaN at infinities."""
    return at.over(a).or_undefined(a.may_be_infinite)


def tangent(at: Any, a: Any) -> Any:
    """No float is so near a pole that its tangent overflows; over the reals it is undefined there."""
    found = at.over(a)
    if at.is_real:
        return found.or_undefined((found.low == -math.inf) & (found.high == math.inf))
    most = FARTHEST_TANGENTS[a.low.dtype.itemsize]
    return found.within(-most, most).or_undefined(a.may_be_infinite)


def power(at: Any, a: Any, b: Any) -> Any:
    """a**b; where the base is negative, only whole exponents have a value. NaN**0 and 1**NaN are 1."""
    result = _power(at, a, b).or_number(1.0, a.undefined & b.holds(0) | a.holds(1) & b.undefined)
    # No library says that a power of what is at most 1 is more.
    small = (a.low >= -1) & (a.high <= 1) & (b.low >= 0)
    result = result.within(-1.0, 1.0).chosen(result, small, ~small)
    never_read = (b.low == 0) & (b.high == 0) & ~b.undefined & (not at.is_real)
    return a.arithmetic.of(1.0, 1.0).chosen(result, never_read, ~never_read)


def _power(at: Any, a: Any, b: Any) -> Any:
    known = (b.low == b.high) & ~b.may_be_infinite
    whole = known & (b.low == b.low.round())
    if whole.all():
        return _whole_power(at, a, b)
    result = _any_power(at, a, b, known)
    return _whole_power(at, a, b).chosen(result, whole, ~whole) if whole.any() else result


def _any_power(at: Any, a: Any, b: Any, known: Any) -> Any:
    """Of one exponent that is `known`, and not whole, or of many."""
    holes = (a.low < 0) | at.is_real & a.holds(0) & (b.low < 0)
    result = _over_corners(at, a.within(0.0, math.inf), b)
    # The limit of no real power, but IEEE's.
    infinite = known & (a.low == -math.inf)
    result = result.or_number(math.inf, infinite & (b.low > 0)).or_number(0.0, infinite & (b.low < 0))
    # Of many some may be whole: then the value is that of |a|, with either sign.
    signed = ~known & ((a.low < 0) | a.may_be_minus_zero)
    if signed.any():
        size = _over_corners(at, (-a).within(0.0, math.inf), b)
        result = result.union(size).union(-size).chosen(result, signed, ~signed)
    return result.or_undefined(holes)


def _over_corners(at: Any, a: Any, b: Any) -> Any:
    corners = [at(x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
    return a.spanning([low for low, _ in corners], [high for _, high in corners], b)


def _whole_power(at: Any, a: Any, b: Any) -> Any:
    is_even = b.low / 2 == (b.low / 2).round()
    base = abs(a).chosen(a, is_even, ~is_even)
    ends = at(base.low, b.low), at(base.high, b.low)
    result = base.spanning([low for low, _ in ends], [high for _, high in ends], b)
    infinite = (b.low < 0) & a.holds(0)
    if not infinite.any():
        return result
    # Infinite at 0, and for an odd exponent of either sign beside it: 1/a has the rule for that.
    pole = result.union((b / b) / base).or_undefined(at.is_real & a.holds(0))
    return result.chosen(pole, ~infinite, infinite)
