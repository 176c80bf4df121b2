"""pow and hypot."""

from __future__ import annotations

import math

from symkit.backends.native.machine import FLOAT32, FLOAT64, Machine, Value
from symkit.backends.native.maths import power_double, power_single


def _with_signs(m: Machine, x: Value, y: Value, size: Value) -> Value:
    """x**y from |x|**y: signs and limits by IEEE 754."""
    whole = _is_whole(m, y)
    odd = whole & ~_is_whole(m, y * 0.5)
    negative = (x < 0.0) | (m.copysign(1.0, x) < 0.0)
    signed = m.select(negative & odd, -size, size)
    finite_negative = (x < 0.0) & (x > -math.inf)
    real = m.select(finite_negative & ~whole & (abs(y) < math.inf), math.nan, signed)
    # 1**y and x**0 are 1 whatever the other is, and so is (-1)**inf.
    one = y.equals(0.0) | x.equals(1.0) | (x.equals(-1.0) & abs(y).equals(math.inf))
    return m.select(one, 1.0, real)


def _is_whole(m: Machine, y: Value) -> Value:
    size, unit = abs(y), 2.0**m.format.mantissa
    return ((size + unit) - unit).equals(size) | (size >= unit)


SQUARED = {"float32": (2.0**-40, 2.0**60, 2.0**100), "float64": (2.0**-400, 2.0**500, 2.0**700)}
"""(low, high, scale): numbers between the bounds can be squared as they are, and those outside once they are scaled."""


def hypot(m: Machine, x: Value, y: Value) -> Value:
    """Scaled so that no square over- or underflows; infinite if either operand is, even beside NaN."""
    a, b = abs(x), abs(y)
    big = m.select(a > b, a, b)
    small = m.select(a > b, b, a)
    low, high, scale = SQUARED[m.format.name]
    tiny, huge = big < low, big > high
    factor = m.select(tiny, scale, m.select(huge, 1 / scale, m.real(1.0)))
    back = m.select(tiny, 1 / scale, m.select(huge, scale, m.real(1.0)))
    big, small = big * factor, small * factor
    result = m.sqrt(m.fma(big, big, small * small)) * back
    return m.select(a.equals(math.inf) | b.equals(math.inf), math.inf, result)


EXACT_ENOUGH = {"float32": 5, "float64": 10}
"""The largest exponent for which repeated multiplication keeps within a few units; each factor adds half of one."""

MOST_REPEATED = 64


def pow(m: Machine, x: Value, y: Value) -> Value:
    """Whole exponents by multiplication where that is accurate, in float64 for float32; other ones by logarithm."""
    exponent = m.literal(y)
    if exponent is not None and exponent.is_integer():
        times = int(exponent)
        if 0 <= times <= EXACT_ENOUGH[m.format.name] or times == -1:
            return _whole(m, x, times)
        if m.format is FLOAT32 and abs(times) <= MOST_REPEATED:
            wide = m.at(FLOAT64)
            return m.converted(_whole(wide, wide.converted(x), times))
    size = power_single if m.format is FLOAT32 else power_double
    return _with_signs(m, x, y, size.power_of_magnitude(m, abs(x), y))


def _whole(m: Machine, x: Value, exponent: int) -> Value:
    """x**exponent by squaring."""
    if exponent < 0:
        return 1.0 / _whole(m, x, -exponent)
    if exponent == 0:
        return m.real(1.0)
    if exponent == 1:
        return x
    half = _whole(m, x, exponent // 2)
    square = half * half
    return square * x if exponent % 2 else square
