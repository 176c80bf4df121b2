"""Interval rules of operators that are not monotone in pieces. Nothing is imported here.

A rule takes `at` and the operands, each the intervals of many boxes. `at(*numbers)` gives bounds of the operator's
values at such numbers, one of each operand for each box; `at.over(low, high)` those of a unary operator over intervals.
"""

from __future__ import annotations

import math
from typing import Any


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


def power(at: Any, a: Any, b: Any) -> Any:
    """a**b; where the base is negative, only whole exponents have a value. NaN**0 and 1**NaN are 1."""
    return _power(at, a, b).or_number(1.0, a.undefined & b.holds(0) | a.holds(1) & b.undefined)


def _power(at: Any, a: Any, b: Any) -> Any:
    exponent = b.only_number
    if exponent is not None and exponent.is_integer():
        return _whole_power(at, a, b, int(exponent))
    holes = (a.low < 0) | at.is_real & a.holds(0) & (b.low < 0)
    result = _over_corners(at, a.within(0.0, math.inf), b).or_undefined(holes)
    if exponent is not None:
        # The limit of no real power, but IEEE's.
        return result.or_number(math.inf if exponent > 0 else 0.0, a.low == -math.inf)
    # Some exponent may be whole: then the value is that of |a|, with either sign.
    size = _over_corners(at, (-a).within(0.0, math.inf), b)
    return result.union(size).union(-size).or_undefined(holes)


def _over_corners(at: Any, a: Any, b: Any) -> Any:
    corners = [at(x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
    return a.spanning([low for low, _ in corners], [high for _, high in corners], b)


def _whole_power(at: Any, a: Any, b: Any, exponent: int) -> Any:
    base = abs(a) if exponent % 2 == 0 else a
    ends = at(base.low, b.low), at(base.high, b.low)
    result = base.spanning([low for low, _ in ends], [high for _, high in ends], b)
    if exponent >= 0:
        return result
    # Infinite at 0, and for an odd exponent of either sign beside it: 1/a has the rule for that.
    pole = result.union((b / b) / base).or_undefined(at.is_real & a.holds(0))
    return result.chosen(pole, ~a.holds(0), a.holds(0))
