"""Powers of positive float64 numbers: a logarithm of some 65 bits, and exp of its product with the exponent."""

from __future__ import annotations

import math

from symkit.backends.native.machine import Machine, Value
from symkit.backends.native.maths.exponential import exp_scaled

SQRT_HALF = 0x3FE6A09E667F3BCD
"""Bits of sqrt(1/2)."""

LOG2 = (0.6931471805598903, 5.497923018708371e-14)
"""log(2) in two parts; products of the first, which has 42 bits, with exponents are exact."""

THIRD = (0.3333333333333333, 1.850371707708594e-17)

SERIES = tuple(1.0 / k for k in range(23, 3, -2))
"""atanh(s)/s - 1 - s**2/3 over s**4 in powers of s**2, up to sqrt(2) - 1 over sqrt(2) + 1."""

LARGEST = 800.0
"""From here on exp is 0 or infinite, whatever else is added."""


def power_of_magnitude(m: Machine, a: Value, y: Value) -> Value:
    """a**y for a >= 0."""
    high, low = _log(m, a)
    product = y * high
    rest = m.fma(y, high, -product) + y * low
    return exp_scaled(m, product, 0, m.select(abs(product) < LARGEST, rest, 0.0))


def _log(m: Machine, a: Value) -> tuple[Value, Value]:
    """log(a) as a sum of two numbers. Every step of weight carries what its rounding lost."""
    subnormal = a < m.format.tiny
    bits = m.bits(m.select(subnormal, a * 2.0**54, a))
    exponent = (bits - SQRT_HALF) >> m.format.mantissa
    f = m.unbits(bits - (exponent << m.format.mantissa)) - 1.0
    power = m.to_real(exponent) - m.select(subnormal, 54.0, m.real(0.0))
    # s = f/(2 + f) with log(1 + f) = 2 atanh(s).
    below = 2.0 + f
    below_lost = f - (below - 2.0)
    inverse = 1.0 / below
    s = f * inverse
    s_lost = m.fma(-s, below_lost, m.fma(-s, below, f)) * inverse
    square = s * s
    square_lost = m.fma(s, s, -square) + 2.0 * (s * s_lost)
    # 1/3 + s**2/5 + ...
    rest = square * m.polynomial(square, SERIES)
    third, third_lost = THIRD
    factor = third + rest
    factor_lost = ((third - factor) + rest) + third_lost
    cubed, cubed_lost = _product(m, *_product(m, square, square_lost, factor, factor_lost), s, s_lost)
    half = s + cubed
    half_lost = ((s - half) + cubed) + (s_lost + cubed_lost)
    whole = power * LOG2[0]
    result = m.fma(half, 2.0, whole)
    lost = m.fma(half, 2.0, whole - result) + m.fma(half_lost, 2.0, power * LOG2[1])
    limit = m.select(a.equals(0.0), -math.inf, a)
    return m.select((a > 0.0) & (a < math.inf), result, limit), lost


def _product(m: Machine, a: Value, a_lost: Value, b: Value, b_lost: Value) -> tuple[Value, Value]:
    """The product of two numbers of two parts each."""
    result = a * b
    return result, m.fma(a, b, -result) + (a * b_lost + a_lost * b)
