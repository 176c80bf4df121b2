"""The mpmath meanings of operators whose IEEE special values mpmath itself does not follow.

Every function takes an mpmath context `m` first, so nothing is imported here. Undefined points give NaN,
poles an infinity, infinities their limits; there is one zero, so `1/0` is `+inf`.
"""

from __future__ import annotations

from typing import Any

SATURATION = 2**16
"""Magnitudes above 2**65536 count as infinite and below 2**-65536 as 0: no dtype sees a difference."""


def exp(m: Any, x: Any) -> Any:
    """Where the result saturates anyway it is not computed; mpmath takes minutes there."""
    if abs(x) > SATURATION:
        return m.inf if x > 0 else m.zero
    return m.exp(x)


def sinh(m: Any, x: Any) -> Any:
    return x * m.inf if abs(x) > SATURATION else m.sinh(x)


def cosh(m: Any, x: Any) -> Any:
    return m.inf if abs(x) > SATURATION else m.cosh(x)


def tanh(m: Any, x: Any) -> Any:
    return m.sign(x) if abs(x) > m.prec + SATURATION else m.tanh(x)


def divide(m: Any, a: Any, b: Any) -> Any:
    if b == 0:
        return m.nan if a == 0 or m.isnan(a) else m.sign(a) * m.inf
    return a / b


def power(m: Any, a: Any, b: Any) -> Any:
    """IEEE 754 pow: `a**0` and `1**b` are 1, a negative base wants an integer exponent."""
    if b == 0 or a == 1:
        return m.one
    if m.isnan(a) or m.isnan(b):
        return m.nan
    if m.isinf(b):
        if abs(a) == 1:
            return m.one
        return m.inf if (abs(a) > 1) == (b > 0) else m.zero
    odd = m.isint(b) and b % 2 == 1
    if a == 0:
        return m.zero if b > 0 else m.inf
    if m.isinf(a):
        magnitude = m.inf if b > 0 else m.zero
        return -magnitude if a < 0 and odd else magnitude
    if a < 0 and not m.isint(b):
        return m.nan
    if abs(b) > 2**20:
        # Repeated multiplication would take as many steps as the exponent has bits.
        magnitude = exp(m, b * m.log(abs(a)))
        return -magnitude if a < 0 and odd else magnitude
    return m.power(a, b)


def log(m: Any, x: Any) -> Any:
    return m.nan if x < 0 else m.log(x)


def log1p(m: Any, x: Any) -> Any:
    if x < -1:
        return m.nan
    return m.ninf if x == -1 else m.log1p(x)


def sqrt(m: Any, x: Any) -> Any:
    return m.nan if x < 0 else m.sqrt(x)


def expm1(m: Any, x: Any) -> Any:
    return exp(m, x) - 1 if abs(x) > SATURATION else m.expm1(x)


def sign(m: Any, x: Any) -> Any:
    return x if m.isnan(x) else m.sign(x)


def maximum(m: Any, a: Any, b: Any) -> Any:
    if m.isnan(a) or m.isnan(b):
        return m.nan
    return max(a, b)


def minimum(m: Any, a: Any, b: Any) -> Any:
    if m.isnan(a) or m.isnan(b):
        return m.nan
    return min(a, b)


def truth(m: Any, holds: bool) -> Any:
    return m.one if holds else m.zero


def where(m: Any, condition: Any, a: Any, b: Any) -> Any:
    return b if condition == 0 else a


def sigmoid(m: Any, x: Any) -> Any:
    if x >= 0:
        return 1 / (1 + exp(m, -x))
    z = exp(m, x)
    return z / (1 + z)


def hypot(m: Any, x: Any, y: Any) -> Any:
    """IEEE 754 hypot: an infinite leg wins over NaN."""
    return m.inf if m.isinf(x) or m.isinf(y) else m.hypot(x, y)


def asinh(m: Any, x: Any) -> Any:
    return x if m.isinf(x) else m.asinh(x)


def erfc(m: Any, x: Any) -> Any:
    # mpmath turns its argument into a Python float to size the asymptotic series.
    return m.zero if x > m.mpf(2) ** 500 else m.erfc(x)


def normal_cdf(m: Any, x: Any) -> Any:
    return erfc(m, -x / m.sqrt(2)) / 2


def normal_pdf(m: Any, x: Any) -> Any:
    return exp(m, -x * x / 2) / m.sqrt(2 * m.pi)


def logaddexp(m: Any, a: Any, b: Any) -> Any:
    high = maximum(m, a, b)
    return high if m.isnan(high) or m.isinf(high) else high + m.log1p(exp(m, -abs(a - b)))


def bessel_ratio(m: Any, order: int, x: Any) -> Any:
    """exp(-|x|) I_order(x) for order 0 or 1: by the power series, or the asymptotic one, good to about exp(-2|x|).

    mpmath's own takes minutes where x or the precision is large.
    """
    if m.isinf(x) or m.isnan(x):
        return 1 / abs(x)
    if abs(x) > m.prec:
        return _bessel_ratio_far_out(m, order, x)
    quarter = x * x / 4
    term = total = (x / 2) ** order
    k = 0
    while term and m.mag(term) > m.mag(total) - m.prec:
        k += 1
        term = term * quarter / (k * (k + order))
        total += term
    return total * m.exp(-abs(x))


def _bessel_ratio_far_out(m: Any, order: int, x: Any) -> Any:
    term = total = m.one
    k = 0
    while m.mag(term) > -m.prec:
        k += 1
        term = term * ((2 * k - 1) ** 2 - 4 * order**2) / (8 * k * abs(x))
        total += term
    sign = -1 if x < 0 and order % 2 else 1
    return sign * total / m.sqrt(2 * m.pi * abs(x))


def atanh(m: Any, x: Any) -> Any:
    if abs(x) > 1:
        return m.nan
    return x * m.inf if abs(x) == 1 else m.atanh(x)
