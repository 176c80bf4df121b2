"""erf, erfc and the scaled Bessel functions."""

from __future__ import annotations

import math

from symkit.backends.native.machine import Machine, Value
from symkit.backends.native.maths.exponential import exp_within
from symkit.backends.native.maths.tables import coefficients

ERFC_FROM = 0.5
"""From here on erfc has a polynomial of its own; before, that of erf serves."""

ERFC_RANGE = {"float32": (2.296875, 10.2), "float64": (3.703125, 27.5)}
NORMAL_RANGE = {"float32": (1.75, 14.5), "float64": (2.0, 38.9)}
"""(k, end): the centre of their substitution, and an argument from which on they are 0 in the format."""

BESSEL_SPLIT = {"float32": 4.0, "float64": 8.0}
"""Below, scaled Bessel functions are polynomials in x; above, in 1/x."""


def _held(m: Machine, x: Value, bounds: dict[str, tuple[float, float]]) -> Value:
    """|x|, or the end of a range beyond it."""
    _, end = bounds[m.format.name]
    return m.select(abs(x) > end, end, abs(x))


def _exponent(m: Machine, a: Value, factor: float) -> tuple[Value, Value]:
    """(s, e): s + e is factor a**2 for a power of two as factor, with the rounding error of the square put back."""
    part = a * factor
    square = part * a
    return square, m.fma(part, a, -square)


def gaussian(m: Machine, x: Value) -> Value:
    """exp(-x**2)."""
    return exp_within(m, *_exponent(m, _held(m, x, ERFC_RANGE), -1.0))


def _tail(m: Machine, a: Value, factor: float, polynomial: str, bounds: dict[str, tuple[float, float]]) -> Value:
    """exp(factor a**2) H(t)/(a + k) with t = (a - k)/(a + k), for a >= 0 that is held within the bounds."""
    centre, _ = bounds[m.format.name]
    below = a + centre
    r = 1.0 / below
    top = m.polynomial((a - centre) * r, coefficients(m.format)[polynomial])
    quotient = top * r
    # One step of refinement makes it as good as a division, at a fraction of the cost.
    refined = m.fma(m.fma(-quotient, below, top), r, quotient)
    return exp_within(m, *_exponent(m, a, factor), factor=refined)


def _near(m: Machine, x: Value, polynomial: str) -> Value:
    """erf(x) near 0: up to 1 by "ERF", up to 0.54 by "ERF_SHORT"."""
    return m.fma(m.polynomial(x * x, coefficients(m.format)[polynomial]), x, x)


def erf(m: Machine, x: Value) -> Value:
    far = 1.0 - _tail(m, _held(m, x, ERFC_RANGE), -1.0, "ERFCX", ERFC_RANGE)
    return m.select(abs(x) < 1.0, _near(m, x, "ERF"), m.copysign(far, x))


def erfc(m: Machine, x: Value) -> Value:
    tail = _tail(m, _held(m, x, ERFC_RANGE), -1.0, "ERFCX", ERFC_RANGE)
    near = 1.0 - _near(m, x, "ERF_SHORT")
    return m.select(abs(x) < ERFC_FROM, near, m.select(x < 0.0, 2.0 - tail, tail))


def normal_cdf(m: Machine, x: Value) -> Value:
    # erfc(-x/sqrt(2))/2 would feel the rounding of x/sqrt(2) in the tails.
    tail = _tail(m, _held(m, x, NORMAL_RANGE), -0.5, "NORMAL", NORMAL_RANGE)
    return m.select(x < 0.0, tail, 1.0 - tail)


def normal_pdf(m: Machine, x: Value) -> Value:
    exponent = _exponent(m, _held(m, x, NORMAL_RANGE), -0.5)
    return exp_within(m, *exponent, factor=m.real(1 / math.sqrt(2 * math.pi)))


def i0e(m: Machine, x: Value) -> Value:
    a = abs(x)
    table, split = coefficients(m.format), BESSEL_SPLIT[m.format.name]
    near = m.polynomial(m.fma(2 / split, a, -1.0), table["I0_NEAR"])
    return m.select(a > split, _bessel_far(m, a, "I0_FAR"), near)


def i1e(m: Machine, x: Value) -> Value:
    a = abs(x)
    table, split = coefficients(m.format), BESSEL_SPLIT[m.format.name]
    # Beyond the split, where it may be out of bounds, it is not taken.
    near = exp_within(m, -a, factor=a * m.polynomial(x * x, table["I1_NEAR"]))
    return m.copysign(m.select(a > split, _bessel_far(m, a, "I1_FAR"), near), x)


def _bessel_far(m: Machine, a: Value, polynomial: str) -> Value:
    """A polynomial in 1/a over sqrt(a); the limit is 0.

    Its constant term stands apart, so that i0e and i1e, whose difference is a derivative, become equal in the end.
    """
    inverse = 1.0 / a
    rest = m.polynomial(m.fma(2 * BESSEL_SPLIT[m.format.name], inverse, -1.0), coefficients(m.format)[polynomial])
    return m.fma(rest, inverse, 1 / math.sqrt(2 * math.pi)) / m.sqrt(a)
