"""erf, erfc and the scaled Bessel functions."""

from __future__ import annotations

from symkit.backends.native.machine import Machine, Value
from symkit.backends.native.maths.exponential import exp
from symkit.backends.native.maths.tables import coefficients


def _gauss(m: Machine, a: Value) -> Value:
    """exp(-a**2), with the rounding error of the square put back."""
    square = a * a
    error = m.fma(a, a, -square)
    e = exp(m, -square)
    # At an infinite a the error is NaN, and e is 0.
    return m.select(e > 0.0, m.fma(e, -error, e), e)


def _complement(m: Machine, a: Value) -> Value:
    """erfc(a) for a >= 0, as exp(-a**2) times a polynomial in (a - 2)/(a + 2) over 1 + 2 a."""
    held = m.select(a > 30.0, 30.0, a)
    t = (held - 2.0) / (held + 2.0)
    return _gauss(m, held) * (m.polynomial(t, coefficients(m.format)["ERFCX"]) / m.fma(2.0, held, 1.0))


def _near(m: Machine, x: Value) -> Value:
    """erf(x) for |x| up to 1."""
    return m.fma(m.polynomial(x * x, coefficients(m.format)["ERF"]), x, x)


def erf(m: Machine, x: Value) -> Value:
    a = abs(x)
    return m.select(a < 1.0, _near(m, x), m.copysign(1.0 - _complement(m, a), x))


def erfc(m: Machine, x: Value) -> Value:
    a = abs(x)
    complement = _complement(m, a)
    tail = m.select(x < 0.0, 2.0 - complement, complement)
    return m.select(a < 0.5, 1.0 - _near(m, x), tail)


def i0e(m: Machine, x: Value) -> Value:
    a = abs(x)
    table = coefficients(m.format)
    near = exp(m, -a) * m.polynomial(x * x, table["I0_NEAR"])
    return m.select(a > 8.0, _far(m, a, table["I0_FAR"]), near)


def i1e(m: Machine, x: Value) -> Value:
    a = abs(x)
    table = coefficients(m.format)
    near = exp(m, -a) * (m.polynomial(x * x, table["I1_NEAR"]) * a)
    return m.copysign(m.select(a > 8.0, _far(m, a, table["I1_FAR"]), near), x)


def _far(m: Machine, a: Value, coefficients: tuple[float, ...]) -> Value:
    """A polynomial in 8/a over sqrt(a); the limit is 0."""
    return m.polynomial(m.fma(16.0, 1.0 / a, -1.0), coefficients) / m.sqrt(a)
