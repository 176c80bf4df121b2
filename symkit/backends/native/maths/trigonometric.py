"""sin, cos and atan."""

from __future__ import annotations

import math

from symkit.backends.native.machine import FLOAT64, Machine, Value
from symkit.backends.native.maths.tables import PAIRS, coefficients, split

FARTHEST = 1.0
"""Bound of what is left after reduction: above pi/4, since the quotient of a large number is rounded."""


def _quadrant(m: Machine, x: Value) -> tuple[Value, Value]:
    """(r, q): x = n pi/2 + r with |r| at most pi/4, and q = n mod 4 between -2 and 2.

    In float64 throughout: near a multiple of pi float32 would lose every bit. Beyond 1e12 n itself is inexact
    and digits are lost, from 2**53 on all of them; r is held within bounds, so that sin and cos are.
    """
    high, low = PAIRS["half_pi"]
    wide = m.at(FLOAT64)
    value = wide.converted(x)
    n = wide.round(value * (2 / math.pi))
    r = wide.fma(n, -low, wide.fma(n, -high, value))
    return m.clamped(m.converted(r), -FARTHEST, FARTHEST), m.converted(n - 4.0 * wide.round(n * 0.25))


def _sine(m: Machine, r: Value) -> Value:
    square = r * r
    return m.fma(m.polynomial(square, coefficients(m.format)["SIN"]), square * r, r)


def _cosine(m: Machine, r: Value) -> Value:
    square = r * r
    return m.fma(m.polynomial(square, coefficients(m.format)["COS"]), square * square, m.fma(square, -0.5, 1.0))


def sin(m: Machine, x: Value) -> Value:
    r, q = _quadrant(m, x)
    size = m.select(abs(q).equals(1.0), _cosine(m, r), _sine(m, r))
    negative = q.equals(-1.0) | (abs(q).equals(2.0))
    return m.select(x.equals(0.0), x, m.select(negative, -size, size))


def cos(m: Machine, x: Value) -> Value:
    r, q = _quadrant(m, x)
    size = m.select(abs(q).equals(1.0), _sine(m, r), _cosine(m, r))
    negative = q.equals(1.0) | (abs(q).equals(2.0))
    return m.select(negative, -size, size)


def atan(m: Machine, x: Value) -> Value:
    a = abs(x)
    steep = a > 1.0
    r = m.select(steep, 1.0 / a, a)
    square = r * r
    near = m.fma(m.polynomial(square, coefficients(m.format)["ATAN"]), square * r, r)
    high, low = split(m.format, "half_pi")
    return m.copysign(m.select(steep, high - (near - low), near), x)
