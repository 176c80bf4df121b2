"""Powers of positive float32 numbers: in float64, but only as precisely as float32 shows."""

from __future__ import annotations

import math

from symkit.backends.native.machine import FLOAT64, Machine, Value

SQRT_HALF = 0x3F3504F3
"""Bits of sqrt(1/2)."""

LOG2_SERIES = tuple(2.0 / (k * math.log(2)) for k in range(15, 0, -2))
"""log2((1 + s)/(1 - s)) / s in powers of s**2: to 2**-44 up to sqrt(2) - 1 over sqrt(2) + 1."""

EXP2_SERIES = tuple(math.log(2) ** k / math.factorial(k) for k in range(9, -1, -1))
"""2**r in powers of r: to 2**-37 up to 1/2."""

FARTHEST = 200.0
"""From here on 2**p is 0 or infinite in float32."""


def power_of_magnitude(m: Machine, a: Value, y: Value) -> Value:
    """a**y for a >= 0; off by half a unit and a thousandth."""
    wide = m.at(FLOAT64)
    p = wide.clamped(wide.converted(y) * _log2(m, wide, a), -FARTHEST, FARTHEST)
    shifted = p + FLOAT64.round_shift
    n = shifted - FLOAT64.round_shift
    fraction = wide.polynomial(p - n, EXP2_SERIES)
    power = wide.bits(shifted) - wide.bits(wide.real(FLOAT64.round_shift))
    return m.converted(fraction * wide.power_of_two(power))


def _log2(m: Machine, wide: Machine, a: Value) -> Value:
    """log2(a) in float64, to 2**-44 of it."""
    subnormal = a < m.format.tiny
    bits = m.bits(m.select(subnormal, a * 2.0**25, a))
    exponent = (bits - SQRT_HALF) >> m.format.mantissa
    mantissa = m.unbits(bits - (exponent << m.format.mantissa))
    power = m.to_real(exponent) - m.select(subnormal, 25.0, m.real(0.0))
    # What is no ordinary number stands in the power, which is then the logarithm.
    limit = m.select(a.equals(0.0), -math.inf, a)
    power = m.select((a > 0.0) & (a < math.inf), power, limit)
    # s = f/(2 + f): float32 divides more quickly, and one step of Newton's makes a reciprocal of 46 bits of one of 23.
    f = wide.converted(mantissa - 1.0)
    below, inverse = 2.0 + f, wide.converted(1.0 / (mantissa + 1.0))
    s = f * wide.fma(wide.fma(-below, inverse, 1.0), inverse, inverse)
    return wide.fma(s, wide.polynomial(s * s, LOG2_SERIES), wide.converted(power))
