"""exp and what is built from it."""

from __future__ import annotations

import math

from symkit.backends.native.machine import Machine, Value
from symkit.backends.native.maths.tables import coefficients, split

EXP_RANGE = {"float32": (-110.0, 100.0), "float64": (-760.0, 720.0)}
"""Beyond these exp is 0 or infinite with room to spare, and the exponent still fits the scaling."""

EXPM1_RANGE = {"float32": (-20.0, 89.0), "float64": (-45.0, 710.0)}


def _reduced(m: Machine, x: Value) -> tuple[Value, Value]:
    """(exp(r) - 1, n) with x = n log 2 + r and |r| at most log(2)/2."""
    shifted = m.fma(x, 1 / math.log(2), m.format.round_shift)
    n = shifted - m.format.round_shift
    high, low = split(m.format, "log2")
    r = m.fma(n, -low, m.fma(n, -high, x))
    tail = m.polynomial(r, coefficients(m.format)["EXP"])
    power = m.bits(shifted) - m.bits(m.real(m.format.round_shift))
    return m.fma(tail, r * r, r), power


def exp_scaled(m: Machine, x: Value, power: int) -> Value:
    """exp(x) * 2**power, with its own overflow and gradual underflow."""
    low, high = EXP_RANGE[m.format.name]
    fraction, n = _reduced(m, m.clamped(x, low, high))
    n = n + power if power else n
    # Half the exponent at a time: 2**n alone may not be a normal number.
    half = n >> 1
    return ((1.0 + fraction) * m.power_of_two(half)) * m.power_of_two(n - half)


def exp(m: Machine, x: Value) -> Value:
    return exp_scaled(m, x, 0)


def expm1(m: Machine, x: Value) -> Value:
    low, high = EXPM1_RANGE[m.format.name]
    fraction, n = _reduced(m, m.clamped(x, low, high))
    half = m.power_of_two(n - 1)
    result = 2.0 * m.fma(half, fraction, half - 0.5)
    return m.select(x.equals(0.0), x, result)


def sigmoid(m: Machine, x: Value) -> Value:
    z = exp(m, -abs(x))
    t = 1.0 / (1.0 + z)
    return m.select(x < 0.0, z * t, t)


def sinh(m: Machine, x: Value) -> Value:
    a = abs(x)
    square = x * x
    near = m.fma(m.polynomial(square, coefficients(m.format)["SINH"]), square * x, x)
    half = exp_scaled(m, a, -1)
    return m.select(a < 1.0, near, m.copysign(half - 0.25 / half, x))


def cosh(m: Machine, x: Value) -> Value:
    half = exp_scaled(m, abs(x), -1)
    return half + 0.25 / half


def tanh(m: Machine, x: Value) -> Value:
    t = expm1(m, -2.0 * abs(x))
    return m.copysign(-t / (t + 2.0), x)
