"""log and what is built from it."""

from __future__ import annotations

import math

from symkit.backends.native.machine import FLOAT32, Machine, Value
from symkit.backends.native.maths.exponential import exp_of_negative
from symkit.backends.native.maths.tables import coefficients, split

HALF_ROOT = {"float32": 0x3F3504F3, "float64": 0x3FE6A09E667F3BCD}
"""Bits of sqrt(1/2): mantissas are taken from there to sqrt(2), around 1."""


def _decomposed(m: Machine, x: Value) -> tuple[Value, Value]:
    """(mantissa between sqrt(1/2) and sqrt(2), exponent as an integer) of a positive normal number."""
    bits = m.bits(x)
    exponent = (bits - HALF_ROOT[m.format.name]) >> m.format.mantissa
    return m.unbits(bits - (exponent << m.format.mantissa)), exponent


def _of_fraction(m: Machine, f: Value, exponent: Value) -> Value:
    """log((1 + f) * 2**exponent) for f between sqrt(1/2) - 1 and sqrt(2) - 1."""
    high, low = split(m.format, "log2")
    table = coefficients(m.format)
    if m.format is FLOAT32:
        tail = m.polynomial(f, table["LOG"]) * (f * (f * f))
        tail = m.fma(exponent, low, tail)
        return m.fma(exponent, high, f + m.fma(f * f, -0.5, tail))
    # log((1 + s)/(1 - s)) = 2 s + s**3 P(s**2), with 2 s = f - s f.
    s = f / (2.0 + f)
    square = s * s
    half = 0.5 * (f * f)
    tail = m.fma(s, half + square * m.polynomial(square, table["LOG_RATIO"]), exponent * low)
    return m.fma(exponent, high, f - (half - tail))


def _with_limits(m: Machine, x: Value, result: Value, pole: float) -> Value:
    """-inf at the pole, NaN below it, inf at inf; NaN stays."""
    ordinary = (x > pole) & (x < math.inf)
    limit = m.select(x.equals(pole), -math.inf, m.select(x > pole, x, math.nan))
    return m.select(ordinary, result, limit)


def log(m: Machine, x: Value) -> Value:
    subnormal = x < m.format.tiny
    shift = m.format.mantissa + 2
    mantissa, exponent = _decomposed(m, m.select(subnormal, x * 2.0**shift, x))
    power = m.to_real(exponent) - m.select(subnormal, float(shift), 0.0)
    return _with_limits(m, x, _of_fraction(m, mantissa - 1.0, power), 0.0)


def log1p(m: Machine, x: Value) -> Value:
    """1 + x is rounded, so its fraction is taken from x itself: x/2**e + (1/2**e - 1), exact but for one rounding."""
    mantissa, exponent = _decomposed(m, 1.0 + x)
    scale = m.unbits((m.format.bias - exponent) << m.format.mantissa)
    large = x > 2.0 ** (m.format.mantissa + 2)
    fraction = m.select(large, mantissa - 1.0, m.fma(x, scale, scale - 1.0))
    result = _of_fraction(m, fraction, m.to_real(exponent))
    return m.select(x.equals(0.0), x, _with_limits(m, x, result, -1.0))


def _log1p_to_one(m: Machine, z: Value) -> Value:
    """log(1 + z) for z between 0 and 1, where the exponent of 1 + z is 0 or 1."""
    upper = z > math.sqrt(2) - 1
    fraction = m.select(upper, 0.5 * (z - 1.0), z)
    return _of_fraction(m, fraction, m.select(upper, 1.0, 0.0))


def log_sigmoid(m: Machine, x: Value) -> Value:
    return m.select(x < 0.0, x, -0.0) - _log1p_to_one(m, exp_of_negative(m, -abs(x)))


def asinh(m: Machine, x: Value) -> Value:
    a = abs(x)
    large = a > (1e18 if m.format is FLOAT32 else 1e150)
    square = a * a
    argument = m.select(large, a, a + square / (1.0 + m.sqrt(1.0 + square)))
    return m.copysign(log1p(m, argument) + m.select(large, math.log(2), 0.0), x)
