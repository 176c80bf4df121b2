"""erf, erfc and the scaled Bessel functions."""

from __future__ import annotations

import math

from symkit.backends.native.machine import Machine, Value
from symkit.backends.native.maths.exponential import exp_of_negative
from symkit.backends.native.maths.tables import coefficients

ERFC_FROM, NORMAL_FROM = 0.5, 0.75
"""From here on erfc, and the normal distribution at -x, have polynomials of their own; before, that of erf serves."""

ERFC_RANGE = {"float32": (2.296875, 10.6), "float64": (3.703125, 27.5)}
NORMAL_RANGE = {"float32": (2.75, 15.0), "float64": (5.25, 39.0)}
"""(k, end): the centre of their substitution, and an argument beyond which they are 0 in the format."""

BESSEL_SPLIT = {"float32": 4.0, "float64": 8.0}
"""Below, scaled Bessel functions are polynomials in x; above, in 1/x."""


def _negative_square(m: Machine, a: Value) -> tuple[Value, Value]:
    """(s, e): s + e is -a**2, with the rounding error of the square put back."""
    square = a * a
    return -square, m.fma(-a, a, square)


def _half_negative_square(m: Machine, x: Value) -> tuple[Value, Value]:
    """-x**2/2 likewise; finite, for where exp of it has long been 0."""
    a = m.select(abs(x) > 40.0, 40.0, abs(x))
    square, error = _negative_square(m, a)
    return 0.5 * square, 0.5 * error


def _held_square(m: Machine, x: Value) -> tuple[Value, Value]:
    """-x**2 likewise."""
    a = abs(x)
    return _negative_square(m, m.select(a > 30.0, 30.0, a))


def gaussian(m: Machine, x: Value) -> Value:
    """exp(-x**2)."""
    return exp_of_negative(m, *_held_square(m, x))


def _tail(
    m: Machine, a: Value, square: tuple[Value, Value], polynomial: str, bounds: dict[str, tuple[float, float]]
) -> Value:
    """exp(square) H(t)/(a + k) with t = (a - k)/(a + k), up to where it is 0."""
    centre, end = bounds[m.format.name]
    a = m.select(a > end, end, a)
    below = a + centre
    r = 1.0 / below
    top = m.polynomial((a - centre) * r, coefficients(m.format)[polynomial])
    quotient = top * r
    # One step of refinement makes it as good as a division, at a fraction of the cost.
    return exp_of_negative(m, *square, factor=m.fma(m.fma(-quotient, below, top), r, quotient))


def _near(m: Machine, x: Value, polynomial: str) -> Value:
    """erf(x) near 0: up to 1 by "ERF", up to 0.54 by "ERF_SHORT"."""
    return m.fma(m.polynomial(x * x, coefficients(m.format)[polynomial]), x, x)


def erf(m: Machine, x: Value) -> Value:
    a = abs(x)
    far = 1.0 - _tail(m, a, _held_square(m, x), "ERFCX", ERFC_RANGE)
    return m.select(a < 1.0, _near(m, x, "ERF"), m.copysign(far, x))


def erfc(m: Machine, x: Value) -> Value:
    a = abs(x)
    tail = _tail(m, a, _held_square(m, x), "ERFCX", ERFC_RANGE)
    return m.select(a < ERFC_FROM, 1.0 - _near(m, x, "ERF_SHORT"), m.select(x < 0.0, 2.0 - tail, tail))


def normal_cdf(m: Machine, x: Value) -> Value:
    # erfc(-x/sqrt(2))/2 would feel the rounding of x/sqrt(2) in the tails.
    a = abs(x)
    tail = _tail(m, a, _half_negative_square(m, x), "NORMAL", NORMAL_RANGE)
    near = m.fma(_near(m, math.sqrt(0.5) * x, "ERF_SHORT"), 0.5, 0.5)
    return m.select(a < NORMAL_FROM, near, m.select(x < 0.0, tail, 1.0 - tail))


def normal_pdf(m: Machine, x: Value) -> Value:
    return exp_of_negative(m, *_half_negative_square(m, x), factor=m.real(1 / math.sqrt(2 * math.pi)))


def i0e(m: Machine, x: Value) -> Value:
    a = abs(x)
    table, split = coefficients(m.format), BESSEL_SPLIT[m.format.name]
    near = m.polynomial(m.fma(2 / split, a, -1.0), table["I0_NEAR"])
    return m.select(a > split, _bessel_far(m, a, "I0_FAR"), near)


def i1e(m: Machine, x: Value) -> Value:
    a = abs(x)
    table, split = coefficients(m.format), BESSEL_SPLIT[m.format.name]
    near = exp_of_negative(m, -a, factor=a * m.polynomial(x * x, table["I1_NEAR"]))
    return m.copysign(m.select(a > split, _bessel_far(m, a, "I1_FAR"), near), x)


def _bessel_far(m: Machine, a: Value, polynomial: str) -> Value:
    """A polynomial in 1/a over sqrt(a); the limit is 0.

    Its constant term stands apart, so that i0e and i1e, whose difference is a derivative, become equal in the end.
    """
    inverse = 1.0 / a
    rest = m.polynomial(m.fma(2 * BESSEL_SPLIT[m.format.name], inverse, -1.0), coefficients(m.format)[polynomial])
    return m.fma(rest, inverse, 1 / math.sqrt(2 * math.pi)) / m.sqrt(a)
