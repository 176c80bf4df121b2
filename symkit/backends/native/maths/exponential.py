"""exp and what is built from it."""

from __future__ import annotations

import math

from symkit.backends.native.machine import Machine, Value
from symkit.backends.native.maths.tables import coefficients, split

EXP_RANGE = {"float32": (-110.0, 100.0), "float64": (-760.0, 720.0)}
"""Beyond these exp is 0 or infinite with room to spare, and the exponent still fits the scaling."""


EXPM1_OVERFLOW = {"float32": 88.72284, "float64": 709.7827128933841}
"""The largest numbers whose exp is finite."""


def _reduced(m: Machine, x: Value, rest_of_x: Value | None = None) -> tuple[Value, Value]:
    """(exp(r) - 1, n) with x + rest_of_x = n log 2 + r and |r| at most log(2)/2; n is an integer."""
    shifted = m.fma(x, 1 / math.log(2), m.format.round_shift)
    n = shifted - m.format.round_shift
    log2, rest = split(m.format, "log2")
    r = m.fma(n, -rest, m.fma(n, -log2, x))
    if rest_of_x is not None:
        r = r + rest_of_x
    tail = m.polynomial(r, coefficients(m.format)["EXP"])
    power = m.bits(shifted) - m.bits(m.real(m.format.round_shift))
    return m.fma(tail, r * r, r), power


def exp_scaled(m: Machine, x: Value, power: int, rest_of_x: Value | None = None) -> Value:
    """exp(x + rest_of_x) * 2**power, with its own overflow and gradual underflow."""
    low, high = EXP_RANGE[m.format.name]
    fraction, n = _reduced(m, m.clamped(x, low, high), rest_of_x)
    n = n + power if power else n
    # Half the exponent at a time: 2**n alone may not be a normal number.
    half = n >> 1
    return ((1.0 + fraction) * m.power_of_two(half)) * m.power_of_two(n - half)


def exp(m: Machine, x: Value) -> Value:
    return exp_scaled(m, x, 0)


def exp_of_negative(m: Machine, x: Value) -> Value:
    """exp(x) for x <= 0."""
    low, _ = EXP_RANGE[m.format.name]
    return exp_within(m, m.select(x < low, low, x))


def exp_within(m: Machine, x: Value, rest_of_x: Value | None = None, factor: Value | None = None) -> Value:
    """factor * exp(x + rest_of_x) for x between 0 and the lower end of EXP_RANGE: no overflow to guard, and one scaling
    that is a normal number."""
    fraction, n = _reduced(m, x, rest_of_x)
    lift = m.format.bias // 2
    mantissa = 1.0 + fraction if factor is None else m.fma(factor, fraction, factor)
    return (mantissa * m.power_of_two(n + lift)) * 2.0**-lift


def expm1(m: Machine, x: Value) -> Value:
    low, high = EXP_RANGE[m.format.name]
    fraction, n = _reduced(m, m.clamped(x, low, high))
    result = _less_one(m, fraction, n)
    result = m.select(x > EXPM1_OVERFLOW[m.format.name], math.inf, result)
    return m.select(x.equals(0.0), x, result)


def _less_one(m: Machine, fraction: Value, n: Value) -> Value:
    """(1 + fraction) * 2**n - 1."""
    half = _half_power(m, n)
    return 2.0 * m.fma(half, fraction, half - 0.5)


def _half_power(m: Machine, n: Value) -> Value:
    """2**(n - 1), which is a number above 2**bias too; below 2**-(mantissa + 2) it is held, since 1 swallows it."""
    least = -(m.format.mantissa + 3)
    return m.power_of_two(m.select(n < least, least, n) - 1)


def sigmoid(m: Machine, x: Value) -> Value:
    z = exp_of_negative(m, -abs(x))
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
    """(z - 1)/(z + 1) with z = exp(-2|x|), each rounded once; the derivative 4 sigmoid(2 x) sigmoid(-2 x) shares z."""
    low, _ = EXP_RANGE[m.format.name]
    argument = -abs(2.0 * x)
    fraction, n = _reduced(m, m.select(argument < low, low, argument))
    half = _half_power(m, n)
    return m.copysign(m.fma(half, fraction, half - 0.5) / m.fma(half, fraction, half + 0.5), x)


def tanhshrink(m: Machine, x: Value) -> Value:
    """x - tanh(x) without cancellation: near 0 a polynomial, beyond 1 |x| - 1 + 2 z/(1 + z) with z = exp(-2|x|)."""
    square, a = x * x, abs(x)
    near = m.polynomial(square, coefficients(m.format)["TANHSHRINK"]) * (square * x)
    z = exp_of_negative(m, -abs(2.0 * x))
    far = m.fma(2.0, z * (1.0 / (1.0 + z)), a - 1.0)
    return m.select(a < 1.0, near, m.copysign(far, x))


def tanh_softplus(m: Machine, x: Value) -> Value:
    """n/(n + 2) with n = e(e + 2) and e = exp(x), written in exp(-|x|), which cannot overflow."""
    z = exp_of_negative(m, -abs(x))
    positive = x > 0.0
    top = m.select(positive, m.fma(2.0, z, 1.0), m.fma(z, z, z + z))
    return top / m.fma(m.select(positive, z * z, 1.0), 2.0, top)
