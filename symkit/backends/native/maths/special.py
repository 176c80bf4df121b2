"""erf, erfc and the scaled Bessel functions."""

from __future__ import annotations

import math

from symkit.backends.native.machine import Machine, Value
from symkit.backends.native.maths.exponential import exp_of_negative
from symkit.backends.native.maths.tables import coefficients

ERFC_RANGE = {"float32": (2.296875, 10.6), "float64": (3.703125, 27.5)}
"""(k, end): the centre of the substitution, and an argument beyond which erfc is 0 in the format."""


def _held(m: Machine, a: Value) -> Value:
    """|x| up to where exp(-x**2) has long been 0, which keeps its square finite."""
    return m.select(a > 30.0, 30.0, a)


def gaussian(m: Machine, x: Value) -> Value:
    """exp(-x**2), with the rounding error of the square put back."""
    a = _held(m, abs(x))
    square = a * a
    return exp_of_negative(m, -square, m.fma(-a, a, square))


def _bell(m: Machine, x: Value) -> Value:
    """exp(-x**2/2), likewise."""
    a = m.select(abs(x) > 40.0, 40.0, abs(x))
    square = a * a
    return exp_of_negative(m, -0.5 * square, 0.5 * m.fma(-a, a, square))


def _complement(m: Machine, a: Value, bell: Value) -> Value:
    """erfc(a) = exp(-a**2) H(t)/(a + k) with t = (a - k)/(a + k), from a = 1/2 to where it is 0."""
    centre, end = ERFC_RANGE[m.format.name]
    a = m.select(a > end, end, a)
    below = a + centre
    r = 1.0 / below
    top = m.polynomial((a - centre) * r, coefficients(m.format)["ERFCX"])
    quotient = top * r
    # One step of refinement makes it as good as a division, at a fraction of the cost.
    return bell * m.fma(m.fma(-quotient, below, top), r, quotient)


def _near(m: Machine, x: Value, polynomial: str) -> Value:
    """erf(x) near 0: up to 1 by "ERF", up to 0.54 by "ERF_SHORT"."""
    return m.fma(m.polynomial(x * x, coefficients(m.format)[polynomial]), x, x)


def erf(m: Machine, x: Value) -> Value:
    a = abs(x)
    return m.select(a < 1.0, _near(m, x, "ERF"), m.copysign(1.0 - _complement(m, a, gaussian(m, x)), x))


def erfc(m: Machine, x: Value) -> Value:
    a = abs(x)
    complement = _complement(m, a, gaussian(m, x))
    tail = m.select(x < 0.0, 2.0 - complement, complement)
    return m.select(a < 0.5, 1.0 - _near(m, x, "ERF_SHORT"), tail)


def normal_cdf(m: Machine, x: Value) -> Value:
    # The polynomials hardly feel a rounded x/sqrt(2); exp(-x**2/2) would, so it comes from x itself.
    scaled = math.sqrt(0.5) * x
    tail = 0.5 * _complement(m, abs(scaled), _bell(m, x))
    near = m.fma(_near(m, scaled, "ERF_SHORT"), 0.5, 0.5)
    return m.select(abs(x) < 0.75, near, m.select(x < 0.0, tail, 1.0 - tail))


def normal_pdf(m: Machine, x: Value) -> Value:
    return _bell(m, x) * (1 / math.sqrt(2 * math.pi))


def i0e(m: Machine, x: Value) -> Value:
    a = abs(x)
    table = coefficients(m.format)
    near = exp_of_negative(m, -a) * m.polynomial(x * x, table["I0_NEAR"])
    return m.select(a > 8.0, _far(m, a, table["I0_FAR"]), near)


def i1e(m: Machine, x: Value) -> Value:
    a = abs(x)
    table = coefficients(m.format)
    near = exp_of_negative(m, -a) * (m.polynomial(x * x, table["I1_NEAR"]) * a)
    return m.copysign(m.select(a > 8.0, _far(m, a, table["I1_FAR"]), near), x)


def _far(m: Machine, a: Value, coefficients: tuple[float, ...]) -> Value:
    """A polynomial in 8/a over sqrt(a); the limit is 0."""
    return m.polynomial(m.fma(16.0, 1.0 / a, -1.0), coefficients) / m.sqrt(a)
