"""erf, erfc and the scaled Bessel functions."""

from __future__ import annotations

import math

from symkit.backends.native.machine import Machine, Value
from symkit.backends.native.maths.exponential import exp_of_negative
from symkit.backends.native.maths.tables import coefficients

ERFC_FROM = 0.5
"""From here on erfc is computed by its own polynomial, below it by that of erf."""

ERFC_RANGE = {"float32": (2.296875, 10.6), "float64": (3.703125, 27.5)}
"""(k, end): the centre of the substitution, and an argument beyond which erfc is 0 in the format."""

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


def _complement(m: Machine, a: Value, square: tuple[Value, Value], scale: float = 1.0, stretch: float = 1.0) -> Value:
    """scale erfc(a/stretch) from a/stretch = 1/2 to where it is 0; `square` is -(a/stretch)**2 in two parts.

    erfc(a) = exp(-a**2) H(t)/(a + k) with t = (a - k)/(a + k).
    """
    centre, end = (stretch * number for number in ERFC_RANGE[m.format.name])
    a = m.select(a > end, end, a)
    below = a + centre
    r = 1.0 / below
    top = m.polynomial((a - centre) * r, tuple(scale * stretch * c for c in coefficients(m.format)["ERFCX"]))
    quotient = top * r
    # One step of refinement makes it as good as a division, at a fraction of the cost.
    return exp_of_negative(m, *square, factor=m.fma(m.fma(-quotient, below, top), r, quotient))


def _near(m: Machine, x: Value, polynomial: str) -> Value:
    """erf(x) near 0: up to 1 by "ERF", up to 0.54 by "ERF_SHORT"."""
    return m.fma(m.polynomial(x * x, coefficients(m.format)[polynomial]), x, x)


def erf(m: Machine, x: Value) -> Value:
    a = abs(x)
    far = 1.0 - _complement(m, a, _held_square(m, x))
    return m.select(a < 1.0, _near(m, x, "ERF"), m.copysign(far, x))


def erfc(m: Machine, x: Value) -> Value:
    a = abs(x)
    complement = _complement(m, a, _held_square(m, x))
    tail = m.select(x < 0.0, 2.0 - complement, complement)
    return m.select(a < ERFC_FROM, 1.0 - _near(m, x, "ERF_SHORT"), tail)


def normal_cdf(m: Machine, x: Value) -> Value:
    """erfc(-x/sqrt(2))/2, with sqrt(2) in the constants: in the tails the rounding of x/sqrt(2) would be felt."""
    a = abs(x)
    tail = _complement(m, a, _half_negative_square(m, x), 0.5, math.sqrt(2))
    near = m.fma(_near(m, math.sqrt(0.5) * x, "ERF_SHORT"), 0.5, 0.5)
    return m.select(a < 0.75, near, m.select(x < 0.0, tail, 1.0 - tail))


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
    """A polynomial in 1/a over sqrt(a); the limit is 0."""
    split = BESSEL_SPLIT[m.format.name]
    return m.polynomial(m.fma(2 * split, 1.0 / a, -1.0), coefficients(m.format)[polynomial]) / m.sqrt(a)
