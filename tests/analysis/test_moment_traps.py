"""Where an ordinary rule prints a wrong number: kinks, poles, far tails, hidden steps, and float64 itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from symkit.analysis import analyze, backward_gain, moments


def gauss_hermite(f: Callable[[np.ndarray], np.ndarray], points: int = 64) -> float:
    nodes, weights = np.polynomial.hermite_e.hermegauss(points)
    return float(weights @ f(nodes) / math.sqrt(2 * math.pi))


def test_splitting_at_the_kink_is_what_makes_relu_right() -> None:
    exact = 1 / math.sqrt(2 * math.pi)
    assert abs(gauss_hermite(lambda x: np.maximum(x, 0)) - exact) > 2e-3
    assert moments("relu(x)").mean == pytest.approx(exact, rel=1e-15)


def test_a_symmetric_rule_invents_a_mean_for_the_reciprocal() -> None:
    assert abs(gauss_hermite(lambda x: 1 / x)) < 1e-12
    found = moments("1/x")
    assert found.mean is None
    assert found.reason == "No mean: the function grows too steeply at x = 0 to be integrated."


@pytest.mark.parametrize(
    "expression", ["divide_no_nan(1, x)", "1/(x - 0.3)", "1/(x**2 - 2)", "tan(x)", "1/(1 - cos(x))"]
)
def test_poles_anywhere_are_found(expression: str) -> None:
    assert moments(expression).mean is None
    assert backward_gain(expression)[0] is None


@pytest.mark.parametrize("a", [0.1, 0.25, 0.4, 0.49, 0.5, 0.9, 0.99])
def test_integrable_singularities_have_their_moments(a: float) -> None:
    def absolute(power: float) -> float:
        return 2 ** (-power / 2) * math.gamma((1 - power) / 2) / math.sqrt(math.pi)

    found = moments(f"abs(x)**-{a}")
    assert found.mean == pytest.approx(absolute(a), rel=2e-15)
    if a < 0.5:
        assert found.variance == pytest.approx(absolute(2 * a) - absolute(a) ** 2, rel=1e-14)
    else:
        assert found.variance is None
        assert "at x = 0" in found.reason


@pytest.mark.parametrize(("certified", "least"), [(True, 1e-16), (False, 5e-12)])
def test_a_singularity_that_floats_cannot_resolve_has_a_mean(certified: bool, least: float) -> None:
    # Mean of |X - 1|**-0.5 by mpmath, 30 digits, substituting X = 1 +- u**2.
    found = moments("1/sqrt(abs(x - 1))", certified=certified)
    assert found.mean == pytest.approx(1.367632783804937767, abs=3e-12)
    assert found.mean_error is not None
    assert abs(found.mean - 1.367632783804937767) <= found.mean_error < least
    assert found.variance is None


def test_the_range_follows_the_integrand() -> None:
    # E[exp(20 X)] = exp(200) lies 20 deviations out, where a rule of 12 deviations sees nothing.
    assert moments("exp(20*x)").mean == pytest.approx(math.exp(200), rel=1e-13)


def test_numbers_beyond_float64_are_not_called_infinite() -> None:
    found = moments("exp(26*x)")
    assert found.mean == pytest.approx(math.exp(338), rel=1e-12)
    assert (
        found.reason
        == "No variance: the square of the function has an expectation that is larger than float64 can hold."
    )


@pytest.mark.parametrize("width", [1e-3, 1e-6, 1e-9, 1e-12])
def test_steps_that_no_record_names_are_seen(width: float) -> None:
    # E[f'(X)**2] of erf(x/w) is 4/(pi*w*sqrt(w**2 + 4)).
    gain, _ = backward_gain(f"erf(x/{width})")
    assert gain == pytest.approx(4 / (math.pi * width * math.sqrt(width**2 + 4)), rel=1e-12)


@pytest.mark.parametrize("centre", [0.0, 0.3, -1.7])
def test_steps_away_from_the_samples_are_seen(centre: float) -> None:
    width = 1e-6
    gain, _ = backward_gain(f"erf((x - {centre})/{width})")
    s = width / 2
    # The square of the slope is a normal density of deviation s times a constant.
    density = math.exp(-0.5 * centre**2 / (1 + s * s)) / math.sqrt(2 * math.pi * (1 + s * s))
    assert gain == pytest.approx(4 / (math.pi * width**2) * math.sqrt(2 * math.pi) * s * density, rel=1e-9)


def test_jumps_have_no_backward_gain() -> None:
    for expression, point in (("sign(x)", "0"), ("where(x > 0.3, x, -x)", "0.3"), ("hardshrink(x)", "-0.5")):
        assert backward_gain(expression) == (None, f"No backward gain: the function jumps at x = {point}.")


def test_float64_overflow_and_cancellation_do_not_show() -> None:
    assert moments("log(1 + exp(x))", variance=1e6).mean == pytest.approx(398.94293663442493, rel=1e-14)
    assert moments("log(exp(exp(x)))").mean == pytest.approx(math.exp(0.5), rel=1e-14)
    assert moments("1/(sigmoid(x) - 1)").mean == pytest.approx(-1 - math.exp(0.5), rel=1e-12)
    # By mpmath, 40 digits: float64 loses every digit of 1 - cos(x) near 0.
    assert moments("(1 - cos(x))/x**2").mean == pytest.approx(0.46215505160411, abs=3e-12)


def test_a_function_that_float64_cannot_see_has_no_number() -> None:
    found = moments("(x + 1e17) - 1e17", certified=False)
    assert found.reason == "No mean: the function is lost in the rounding of float64."


def test_a_proof_sees_what_float64_cannot() -> None:
    found = moments("(x + 1e17) - 1e17", mean=0.25)
    assert found.certified
    assert found.mean is not None
    assert found.mean_error is not None
    assert abs(found.mean - 0.25) <= found.mean_error < 1e-10


def test_rounding_noise_is_neither_a_step_nor_a_negative_variance() -> None:
    found = analyze("arctan(-0.5/x*x)")
    assert found.moments.mean == pytest.approx(-math.atan(0.5), rel=1e-15)
    assert found.moments.variance is not None
    assert 0 <= found.moments.variance < 1e-20
    # The slope is 0 and float64 makes noise of it.
    assert found.backward_gain is None
    assert found.backward_reason.endswith("is lost in the rounding of float64.")


def test_small_probabilities_count_too() -> None:
    assert moments("sqrt(x + 20)").reason == "No mean: the function is undefined for x < -20 (probability 2.75e-89)."


def test_a_bounded_function_that_never_rests_is_not_guessed() -> None:
    found = moments("sin(1/x)")
    assert found.mean is None
    assert "varies too wildly" in found.reason
    assert found.reason == analyze("sin(1/x)").moments.reason


@pytest.mark.parametrize(
    ("mean", "variance"),
    [(m, v) for m in (0.0, 3.0) for v in (1e-12, 1e-4, 1.0, 1e4, 1e12)] + [(-1e6, v) for v in (1.0, 1e4, 1e12)],
)
def test_moments_scale_with_the_input(mean: float, variance: float) -> None:
    found = moments("x**2", mean=mean, variance=variance)
    exact = 2 * variance**2 + 4 * mean**2 * variance
    assert found.mean == pytest.approx(mean**2 + variance, rel=1e-15)
    # Far from 0 the input itself has few digits within a deviation.
    assert found.variance == pytest.approx(exact, rel=1e-15 + 1e-16 * (mean**2 / variance))
    assert found.variance_error is not None
    rational = 2 * Fraction(variance) ** 2 + 4 * Fraction(mean) ** 2 * Fraction(variance)
    assert abs(Fraction(found.variance) - rational) <= Fraction(found.variance_error)


def test_an_input_whose_deviation_floats_hardly_resolve_has_no_variance() -> None:
    assert moments("x**2", mean=-1e6, variance=1e-12).variance is None
