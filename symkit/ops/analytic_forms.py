"""Operators on complex balls, where they are analytic: what a quadrature with a proven error asks for.

Balls are `acb`s; nothing is imported here. A ball that is not finite says that the operator may not be analytic there.
"""

from __future__ import annotations

from typing import Any


def method(name: str) -> Any:
    """The rule of a function that Arb has, analytic wherever it is finite."""

    def rule(x: Any) -> Any:
        return getattr(x, name)()

    return rule


def nowhere(x: Any) -> Any:
    """A ball that is not finite."""
    return x / (x - x)


def log(x: Any) -> Any:
    return x.log(analytic=True)


def log1p(x: Any) -> Any:
    return x.log1p() if 1 + x.real > 0 else log(1 + x)


def sqrt(x: Any) -> Any:
    return x.sqrt(analytic=True)


def hypot(x: Any, y: Any) -> Any:
    return sqrt(x * x + y * y)


def power(a: Any, b: Any) -> Any:
    exponent = b.unique_fmpz()
    if exponent is not None and b.is_exact() and abs(exponent) < 2**62:
        return a ** int(exponent)
    return a.pow(b, analytic=True)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + (-x).exp())


def softplus(x: Any) -> Any:
    return log(1 + x.exp())


def log_sigmoid(x: Any) -> Any:
    return -softplus(-x)


def logaddexp(x: Any, y: Any) -> Any:
    return x + softplus(y - x)


def arctan(x: Any) -> Any:
    """Cut from i and -i outwards."""
    return x.atan() if abs(x.imag) < 1 or not x.real.contains(0) else nowhere(x)


def arcsinh(x: Any) -> Any:
    """Cut from i and -i outwards; odd, and without cancellation on the right."""
    if x.imag.is_zero():
        return x.asinh()
    if x.real.mid() < 0:
        return -arcsinh(-x)
    return log(x + sqrt(x * x + 1))


def arctanh(x: Any) -> Any:
    return (log1p(x) - log1p(-x)) / 2


def log_cosh(x: Any) -> Any:
    return log(x.cosh())


def i0e(x: Any) -> Any:
    """exp(-x)*I_0(x), the operator to the right of 0."""
    return x.bessel_i(0, scaled=True)


def i1e(x: Any) -> Any:
    return x.bessel_i(1, scaled=True)


def normal_cdf(x: Any) -> Any:
    return (-x / type(x)(2).sqrt()).erfc() / 2


def normal_pdf(x: Any) -> Any:
    return (-x * x / 2).exp() / (2 * type(x).pi()).sqrt()
