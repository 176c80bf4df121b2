"""sin, cos and atan."""

from __future__ import annotations

import math

from symkit.backends.native.machine import FLOAT64, Machine, Value
from symkit.backends.native.maths.far_angle import far_quadrant
from symkit.backends.native.maths.tables import PAIRS, coefficients, split

FARTHEST = 2.0**40
"""Up to here the quotient by pi/2 is right but for its last bits."""

HALF_PI = (*PAIRS["half_pi"], -1.4973849048591698e-33)
"""Three float64 numbers whose sum has 159 bits."""


def _quadrant(m: Machine, x: Value) -> tuple[Value, Value]:
    """(r, n): x = n pi/2 + r with |r| at most pi/4 and a little; n is an integer, right in its lowest two bits.

    In float64 throughout: near a multiple of pi float32 would lose every bit.
    """
    wide = m.at(FLOAT64)
    value, shift = wide.converted(x), FLOAT64.round_shift
    shifted = value * (2 / math.pi) + shift
    n, r = shifted - shift, value
    # The first two steps of float64 lose nothing that float32 could hold.
    for part in HALF_PI if m.format is FLOAT64 else HALF_PI[:2]:
        r = wide.fma(n, -part, r)
    far = abs(value) > FARTHEST
    far_r, far_n = far_quadrant(wide, value)
    r, places = wide.seldom(far, far_r, r), wide.seldom(far, far_n, wide.bits(shifted))
    return m.converted(r), m.narrowed(places)


def _signed(m: Machine, size: Value, n: Value) -> Value:
    """-size where the second lowest bit of n is set."""
    to_sign = m.format.mantissa + m.format.bias.bit_length()
    return m.unbits(m.bits(size) ^ ((n & 2) << to_sign))


def _sine(m: Machine, r: Value) -> Value:
    square = r * r
    return m.fma(m.polynomial(square, coefficients(m.format)["SIN"]), square * r, r)


def _cosine(m: Machine, r: Value) -> Value:
    square = r * r
    return m.fma(m.polynomial(square, coefficients(m.format)["COS"]), square * square, m.fma(square, -0.5, 1.0))


def sin(m: Machine, x: Value) -> Value:
    r, n = _quadrant(m, x)
    size = m.select((n & 1).equals(1), _cosine(m, r), _sine(m, r))
    return m.select(x.equals(0.0), x, _signed(m, size, n))


def cos(m: Machine, x: Value) -> Value:
    r, n = _quadrant(m, x)
    size = m.select((n & 1).equals(1), _sine(m, r), _cosine(m, r))
    return _signed(m, size, n + 1)


def tan(m: Machine, x: Value) -> Value:
    """The quotient of sine and cosine, both with what their last rounding lost: three roundings would be too many."""
    r, n = _quadrant(m, x)
    square, table = r * r, coefficients(m.format)
    rest = m.polynomial(square, table["SIN"]) * (square * r)
    sine = r + rest
    sine_lost = rest - (sine - r)
    first = m.fma(square, -0.5, 1.0)
    rest = m.fma(m.polynomial(square, table["COS"]), square * square, m.fma(square, -0.5, 1.0 - first))
    cosine = first + rest
    cosine_lost = rest - (cosine - first)
    turned = (n & 1).equals(1)
    top, top_lost = m.select(turned, cosine, sine), m.select(turned, cosine_lost, sine_lost)
    below, below_lost = m.select(turned, -sine, cosine), m.select(turned, -sine_lost, cosine_lost)
    inverse = 1.0 / below
    quotient = top * inverse
    residue = m.fma(-quotient, below, top) + m.fma(-quotient, below_lost, top_lost)
    return m.select(x.equals(0.0), x, m.fma(residue, inverse, quotient))


def atan(m: Machine, x: Value) -> Value:
    a = abs(x)
    steep = a > 1.0
    r = m.select(steep, 1.0 / a, a)
    square = r * r
    near = m.fma(m.polynomial(square, coefficients(m.format)["ATAN"]), square * r, r)
    high, low = split(m.format, "half_pi")
    return m.copysign(m.select(steep, high - (near - low), near), x)
