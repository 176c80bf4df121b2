"""Variance and correlation maps of wide random layers against closed forms and other integrators."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable

import mpmath
import numpy as np
import pytest
from scipy.integrate import dblquad
from scipy.special import ndtr, owens_t

from symkit.analysis import moments
from symkit.analysis.signal import correlation_map, variance_map
from symkit.errors import DomainError

CORRELATIONS = (-1.0, -0.999999, -0.9, -0.5, 0.0, 0.3, 0.8, 0.9, 0.99, 0.999, 0.9999999, 1.0)


def arc_cosine(c: float, leak: float = 0.0) -> float:
    """E[f(u1) f(u2)] of leaky relu: Cho and Saul 2009, kernel of order 1."""
    kernel = (math.sqrt(1 - c * c) + c * (math.pi - math.acos(c))) / (2 * math.pi)
    opposite = (math.sqrt(1 - c * c) - c * math.acos(c)) / (2 * math.pi)
    return (1 + leak**2) * kernel - 2 * leak * opposite


def step_overlap(c: float) -> float:
    """Of 1 for x > 0, else 0."""
    return 0.25 + math.asin(c) / (2 * math.pi)


def shifted(height: Callable[[float], float]) -> Callable[[float], float]:
    return lambda c: height(c) / height(1.0)


CLOSED = {
    "relu(x)": shifted(arc_cosine),
    "leaky_relu(x)": shifted(lambda c: arc_cosine(c, 0.01)),
    "abs(x)": lambda c: 2 / math.pi * (math.sqrt(1 - c * c) + c * math.asin(c)),
    "sign(x)": lambda c: 2 / math.pi * math.asin(c),
    "where(x > 0, 1, 0)": shifted(step_overlap),
    "erf(x)": lambda c: math.asin(2 * c / 3) / math.asin(2 / 3),
    "x": lambda c: c,
    "x**3": lambda c: (9 * c + 6 * c**3) / 15,
    "exp(x)": lambda c: math.exp(c - 1),
    "cos(2*x)": lambda c: math.cosh(4 * c) / math.cosh(4),
    "sin(20*x)": lambda c: math.exp(-400 * (1 - c)) if c > 0 else -math.exp(-400 * (1 + c)),
}


@pytest.mark.parametrize("expression", CLOSED)
def test_correlations_are_those_of_the_closed_form(expression: str) -> None:
    exact = [CLOSED[expression](c) if c else CLOSED[expression](1e-300) for c in CORRELATIONS]
    assert correlation_map(expression, CORRELATIONS) == pytest.approx(exact, abs=2e-12)


@pytest.mark.parametrize("q", [1e-3, 0.3, 7.0])
def test_the_arcsine_kernel_at_other_variances(q: float) -> None:
    found = correlation_map("erf(x)", [-0.7, 0.2, 0.95, 0.99999], q=q, weight_variance=1.3, bias_variance=0.2)

    def kernel(c: float) -> float:
        return 1.3 * 2 / math.pi * math.asin(2 * q * c / (1 + 2 * q)) + 0.2

    assert found == pytest.approx([kernel(c) / kernel(1) for c in (-0.7, 0.2, 0.95, 0.99999)], abs=1e-12)


def test_close_to_one_the_difference_keeps_its_digits() -> None:
    # 1 - C = t - (2*sqrt(2)/(3*pi)) t**(3/2) + ... for relu, times 2 for a second moment of 1/2.
    for t in (1e-4, 1e-6, 1e-8):
        (c,) = correlation_map("relu(x)", [1 - t])
        assert (1 - c - t) / t**1.5 == pytest.approx(-2 * math.sqrt(2) / (3 * math.pi), rel=0.05)


@pytest.mark.parametrize("c", [0.4, 0.97, -0.8])
def test_tanh_as_scipy_integrates_it(c: float) -> None:
    def integrand(v: float, u: float, d: float) -> float:
        other = d * u + math.sqrt(1 - d * d) * v
        return math.tanh(u) * math.tanh(other) * math.exp(-0.5 * (u * u + v * v)) / (2 * math.pi)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        top, bottom = (dblquad(integrand, -9, 9, -9, 9, args=(d,), epsabs=1e-9)[0] for d in (c, 1.0))
    assert correlation_map("tanh(x)", [c])[0] == pytest.approx(top / bottom, abs=1e-7)


@pytest.mark.parametrize("c", [0.95, -0.95])
def test_two_kinks_as_mpmath_integrates_them(c: float) -> None:
    """Given u1, E of a piecewise linear function of u2 is elementary; the outer integral is split at the kinks."""
    low, high = mpmath.mpf(-0.5), mpmath.mpf(1.25)
    spread = mpmath.sqrt(1 - mpmath.mpf(c) ** 2)

    def ramp(middle: mpmath.mpf, at: mpmath.mpf) -> mpmath.mpf:
        z = (middle - at) / spread
        return (middle - at) * mpmath.ncdf(z) + spread * mpmath.npdf(z)

    def outer(u: mpmath.mpf) -> mpmath.mpf:
        given = low + ramp(c * u, low) - ramp(c * u, high)
        return min(max(u, low), high) * given * mpmath.npdf(u)

    ends = [-12, -2, low, 0, high, 3, 12]
    overlap = mpmath.quad(outer, ends)
    second = mpmath.quad(lambda u: min(max(u, low), high) ** 2 * mpmath.npdf(u), ends)
    found = correlation_map("min(max(x, -0.5), 1.25)", [c])[0]
    assert found == pytest.approx(float(overlap / second), abs=1e-12)


@pytest.mark.parametrize("c", [-0.9, 0.4, 0.95, 0.9999])
def test_a_jump_off_zero(c: float) -> None:
    """P(u1 > h, u2 > h) by Owen's T function."""
    h = 0.7
    both = ndtr(-h) - 2 * owens_t(h, math.sqrt((1 - c) / (1 + c)))
    assert correlation_map("where(x > 0.7, 1, 0)", [c])[0] == pytest.approx(both / ndtr(-h), abs=1e-12)


def test_correlations_keep_their_shape() -> None:
    grid = np.linspace(-1, 1, 6).reshape(2, 3)
    assert correlation_map("swish(x)", grid).shape == (2, 3)
    assert correlation_map("swish(x)", grid).ravel() == pytest.approx(correlation_map("swish(x)", grid.ravel()))


def test_no_correlation_map_is_said_not_printed() -> None:
    with pytest.raises(DomainError, match=r"1\*?/x has no correlation map at q = 1\. No mean"):
        correlation_map("1/x", [0.5])
    with pytest.raises(DomainError, match="is 0 throughout"):
        correlation_map("0*x", [0.5])
    with pytest.raises(DomainError, match="is not from -1 to 1"):
        correlation_map("tanh(x)", [0.5, 1.5])
    with pytest.raises(DomainError, match="is not from -1 to 1"):
        correlation_map("tanh(x)", [math.nan])
    with pytest.raises(DomainError, match="q -1.0 is not positive"):
        correlation_map("tanh(x)", [0.5], q=-1.0)


def test_where_the_integrals_are_not_sure_there_is_no_number() -> None:
    # By the series alone; the poles of log keep the plane from being integrated.
    middle, near = correlation_map("log(abs(x))", [0.5, 0.9999])
    exact = math.asin(0.5) ** 2 / 2 + (moments("log(abs(x))").mean or 0) ** 2
    assert middle == pytest.approx(exact / (moments("log(abs(x))").second_moment or 0), abs=1e-9)
    assert math.isnan(near)


VARIANCES = (0.0, 1e-30, 1e-9, 0.02, 1.0, 30.0, 1e6, 1e20)
VARIANCE_MAPS = {
    "relu(x)": lambda q: q / 2,
    "x": lambda q: q,
    "sign(x)": lambda q: 1.0,
    "erf(x)": lambda q: 2 / math.pi * math.atan2(2 * q, math.sqrt(1 + 4 * q)),
    "exp(-x**2)": lambda q: 1 / math.sqrt(1 + 4 * q),
    "relu(x) + 3": lambda q: q / 2 + 9 + 6 * math.sqrt(q / (2 * math.pi)),
}


@pytest.mark.parametrize("expression", VARIANCE_MAPS)
def test_variances_are_those_of_the_closed_form(expression: str) -> None:
    found = variance_map(expression, VARIANCES, weight_variance=1.5, bias_variance=0.25)
    assert found == pytest.approx([1.5 * VARIANCE_MAPS[expression](q) + 0.25 for q in VARIANCES], rel=1e-12)
    found = variance_map(expression, VARIANCES[1:], weight_variance=1.5)
    assert found == pytest.approx([1.5 * VARIANCE_MAPS[expression](q) for q in VARIANCES[1:]], rel=1e-12)


def test_the_centred_map_takes_off_the_mean() -> None:
    found = variance_map("relu(x) + 3", [0.0, 1e-9, 4.0], weight_variance=2.0, centred=True)
    assert found == pytest.approx([q * (1 - 1 / math.pi) for q in (0.0, 1e-9, 4.0)], rel=1e-6)
    assert variance_map("sigmoid(x)", 1e-10, weight_variance=1.0, centred=True) == pytest.approx(1e-10 / 16, rel=1e-9)


def test_a_variance_that_does_not_exist_is_nan() -> None:
    found = variance_map("exp(x**2/8)", [1.0, 1.9, 2.1, 50.0], weight_variance=1.0)
    assert found[:2] == pytest.approx([math.sqrt(2), 1 / math.sqrt(0.05)], rel=1e-10)
    assert np.isnan(found[2:]).all()
    assert np.isnan(variance_map("1/x", [0.0, 1.0], weight_variance=1.0)).all()
    assert np.isnan(variance_map("log(abs(x))", 0.0, weight_variance=1.0))


def test_variances_that_are_none_are_refused() -> None:
    with pytest.raises(DomainError, match="q -2.0 is not a finite number from 0 on"):
        variance_map("tanh(x)", [1.0, -2.0])
    with pytest.raises(DomainError, match="weight_variance -1.0 is not positive"):
        variance_map("tanh(x)", [1.0], weight_variance=-1.0)
    with pytest.raises(DomainError, match="bias_variance nan is not"):
        variance_map("tanh(x)", [1.0], bias_variance=math.nan)
    with pytest.raises(DomainError, match="leaves nothing for the weights"):
        variance_map("tanh(x)", [1.0], bias_variance=1.0)
    with pytest.raises(DomainError, match="No weight variance makes q = 1 a fixed point. No mean"):
        variance_map("1/x", [1.0])
