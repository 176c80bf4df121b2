"""Selection, extrema and signs. Extrema are a compare and a select; NaN wins."""

from __future__ import annotations

import math

from symkit.backends.native.machine import Machine, Value


def where(m: Machine, condition: Value, a: Value, b: Value) -> Value:
    return m.select(condition, a, b)


def divide(m: Machine, a: Value, b: Value) -> Value:
    """By a power of two it is a product, to the same bits."""
    divisor = m.literal(b)
    if divisor is not None and abs(math.frexp(divisor)[0]) == 0.5 and 2.0**-100 < abs(divisor) < 2.0**100:
        return a * (1.0 / divisor)
    return a / b


def maximum(m: Machine, a: Value, b: Value) -> Value:
    # `not a <= b` also holds where either is NaN: enough if b is a literal, else a NaN in b is looked for.
    if m.literal(b) is not None:
        return m.select(~(a <= b), a, b)
    if m.literal(a) is not None:
        return m.select(~(b <= a), b, a)
    return m.select((a > b) | a.differs(a), a, b)


def minimum(m: Machine, a: Value, b: Value) -> Value:
    if m.literal(b) is not None:
        return m.select(~(a >= b), a, b)
    if m.literal(a) is not None:
        return m.select(~(b >= a), b, a)
    return m.select((a < b) | a.differs(a), a, b)


def relu(m: Machine, x: Value) -> Value:
    return maximum(m, x, m.real(0.0))


def sign(m: Machine, x: Value) -> Value:
    # 0 and NaN are their own signs.
    return m.select((x > 0.0) | (x < 0.0), m.copysign(1.0, x), x)


def sqrt(m: Machine, x: Value) -> Value:
    return m.sqrt(x)
