"""Fixed points, phases and depths of activations whose theory is known, and one network that is drawn at random."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import lambertw

from symkit.analysis import moments
from symkit.analysis.signal import FixedPoint, correlation_map, signal, variance_map
from symkit.errors import DomainError

FUNCTIONS = ("relu(x)", "x", "tanh(x)", "erf(x)", "swish(x)", "selu(x)", "elu(x)", "exp(x)", "sign(x)", "1/x", "x**3")


def places(points: tuple[FixedPoint, ...]) -> list[float]:
    return [point.q for point in points]


def test_relu_at_two_is_at_the_edge_of_chaos() -> None:
    found = signal("relu(x)", weight_variance=2.0)
    assert found.chi_1 == pytest.approx(1.0, rel=1e-13)
    assert found.phase == "edge of chaos"
    assert found.edge_of_chaos == pytest.approx(2.0, rel=1e-13)
    assert found.reason.startswith("Every q is a fixed point of the variance map")
    assert found.forward == pytest.approx([1.0] * 51)
    assert found.backward == pytest.approx([1.0] * 51)
    at_one = found.fixed_points[-1]
    assert (at_one.q, at_one.stable, at_one.c_star, at_one.xi_c, at_one.xi_q) == (1.0, False, 1.0, None, None)
    # Without the mean 1/pi of the square is lost in every layer.
    (centred,) = found.centred_fixed_points
    assert (centred.q, centred.stable) == (0.0, True)
    assert centred.slope == pytest.approx(1 - 1 / math.pi, rel=1e-12)


def test_relu_is_linear_in_q_otherwise() -> None:
    low, high = signal("relu(x)", weight_variance=1.5), signal("relu(x)", weight_variance=2.5)
    assert (low.phase, high.phase) == ("ordered", "chaotic")
    assert low.forward == pytest.approx([0.75**layer for layer in range(51)], rel=1e-11)
    assert low.backward == pytest.approx([0.75**layer for layer in range(51)], rel=1e-11)
    assert high.forward == pytest.approx([1.25**layer for layer in range(51)], rel=1e-11)
    assert (places(low.fixed_points), low.q, low.reason) == ([0.0], 0.0, "")
    assert high.q == 1.0
    assert high.reason.startswith("From q = 1 the variance comes to no stable fixed point")
    biased = signal("relu(x)", weight_variance=1.5, bias_variance=0.1)
    assert places(biased.fixed_points) == pytest.approx([0.4], rel=1e-12)
    assert biased.fixed_points[0].xi_c == pytest.approx(-1 / math.log(0.75), rel=1e-12)
    assert biased.edge_of_chaos is None
    assert "No edge of chaos: no weight variance" in biased.reason


def test_a_leak_moves_the_edge() -> None:
    found = signal("max(x, 0.2*x)")
    assert found.chosen
    assert found.weight_variance == pytest.approx(2 / 1.04, rel=1e-13)
    assert found.edge_of_chaos == pytest.approx(2 / 1.04, rel=1e-13)


def test_the_linear_network() -> None:
    found = signal("x", weight_variance=0.5)
    assert places(found.fixed_points) == [0.0]
    assert found.edge_of_chaos == pytest.approx(1.0, rel=1e-13)
    assert found.forward[-1] == pytest.approx(0.5**50, rel=1e-9)
    at_zero = found.fixed_points[0]
    # At q = 0 there is no signal left to correlate.
    assert (at_zero.c_star, at_zero.xi_c) == (None, None)
    assert at_zero.xi_q == pytest.approx(1 / math.log(2), rel=1e-12)


@pytest.mark.parametrize(("weight", "phase", "stable"), [(0.5, "ordered", [True]), (1.0, "edge of chaos", [True])])
def test_tanh_without_bias_dies_out_up_to_one(weight: float, phase: str, stable: list[bool]) -> None:
    found = signal("tanh(x)", weight_variance=weight)
    assert places(found.fixed_points) == [0.0]
    assert [point.stable for point in found.fixed_points] == stable
    assert found.chi_1 == pytest.approx(weight, rel=1e-12)
    assert (found.phase, found.q) == (phase, 0.0)
    assert found.edge_of_chaos == pytest.approx(1.0, rel=1e-12)


def test_tanh_past_one_is_chaotic() -> None:
    found = signal("tanh(x)", weight_variance=1.5)
    zero, point = found.fixed_points
    assert (zero.q, zero.stable, point.stable) == (0.0, False, True)
    assert zero.slope == pytest.approx(1.5, rel=1e-12)
    assert found.phase == "chaotic"
    # Odd and without a bias: two signals end up without any correlation.
    assert point.c_star == 0.0
    assert found.forward[-1] == pytest.approx(point.q, rel=1e-7)


@pytest.mark.parametrize(("weight", "bias"), [(1.5, 0.05), (3.0, 0.3), (6.0, 0.01)])
def test_erf_networks_have_closed_forms(weight: float, bias: float) -> None:
    """Williams 1997: E[erf erf] = 2/pi asin(2 q c/(1 + 2 q)); by Price's theorem its derivative is q E[f' f']."""
    found = signal("erf(x)", weight_variance=weight, bias_variance=bias)

    def overlap(c: float, q: float) -> float:
        return 2 / math.pi * math.asin(2 * q * c / (1 + 2 * q))

    def slope(c: float, q: float) -> float:
        return weight * 4 / math.pi / math.sqrt((1 + 2 * q) ** 2 - (2 * q * c) ** 2)

    q = brentq(lambda q: weight * overlap(1, q) + bias - q, 1e-9, 50, xtol=1e-14)
    c = brentq(lambda c: (weight * overlap(c, q) + bias) / q - c, 0, 1 - 1e-7) if slope(1, q) > 1 else 1.0
    (point,) = found.fixed_points
    assert point.q == pytest.approx(q, rel=1e-11)
    assert point.chi_1 == pytest.approx(slope(1, q), rel=1e-11)
    assert point.slope == pytest.approx(weight * 4 / math.pi / (1 + 2 * q) / math.sqrt(1 + 4 * q), rel=1e-11)
    assert point.c_star == pytest.approx(c, rel=1e-9)
    assert point.xi_c == pytest.approx(-1 / math.log(slope(c, q)), rel=1e-8)
    assert point.xi_q == pytest.approx(-1 / math.log(point.slope), rel=1e-11)


def test_the_edge_of_erf_with_biases() -> None:
    bias = 0.05

    def chi_1(q: float) -> float:
        weight = (q - bias) / (2 / math.pi * math.asin(2 * q / (1 + 2 * q)))
        return weight * 4 / math.pi / math.sqrt(1 + 4 * q)

    q = brentq(lambda q: chi_1(q) - 1, 0.06, 5)
    found = signal("erf(x)", weight_variance=1.0, bias_variance=bias)
    assert found.edge_of_chaos == pytest.approx(math.pi / 4 * math.sqrt(1 + 4 * q), rel=1e-10)
    assert signal("erf(x)", weight_variance=found.edge_of_chaos, bias_variance=bias).phase == "edge of chaos"


def test_selu_keeps_mean_and_variance_with_lecun_weights() -> None:
    """Klambauer et al. 2017: mean 0 and variance 1 are a stable fixed point."""
    found = signal("selu(x)", weight_variance=1.0)
    for points in (found.fixed_points, found.centred_fixed_points):
        assert places(points) == pytest.approx([0.0, 1.0], abs=1e-12)
        assert [point.stable for point in points] == [False, True]
        assert points[1].slope == pytest.approx(0.782648, abs=1e-6)
    # Both maps at once: the mean is 0 there.
    assert found.fixed_points[1].slope == pytest.approx(found.centred_fixed_points[1].slope or 0, rel=1e-9)


def test_exp_has_two_fixed_points_or_none() -> None:
    """V(q) = w exp(2 q): they are -W(-2 w)/2 on the two branches, and chi_1 = q."""
    found = signal("exp(x)", weight_variance=0.15)
    assert places(found.fixed_points) == pytest.approx([-lambertw(-0.3, k).real / 2 for k in (0, -1)], rel=1e-11)
    for point in found.fixed_points:
        assert 0.15 * math.exp(2 * point.q) == pytest.approx(point.q, rel=1e-12)
        assert point.slope == pytest.approx(2 * point.q, rel=1e-11)
        assert point.chi_1 == pytest.approx(point.q, rel=1e-12)
    assert found.edge_of_chaos == pytest.approx(math.exp(-2), rel=1e-10)
    grows = signal("exp(x)", weight_variance=0.3)
    assert grows.fixed_points == ()
    assert "No fixed point of the variance map was found" in grows.reason
    assert "layers the variance cannot be followed" in grows.reason
    assert 2 < len(grows.forward) < 10
    assert grows.forward[1] == pytest.approx(0.3 * math.exp(2), rel=1e-12)


@pytest.mark.parametrize("scale", [1.0, 1.3])
def test_two_fixed_points_close_together_are_told_apart(scale: float) -> None:
    """w exp(2 s**2 q) = q has one solution where w = q/e, at q = 1/(2 s**2), and two beside it for a lower w."""
    middle = 0.5 / scale**2
    found = signal(f"exp({scale}*x)", weight_variance=middle / math.e * (1 - 1e-6))
    apart = 2 * math.sqrt(5e-7)
    assert places(found.fixed_points) == pytest.approx([middle * (1 - apart), middle * (1 + apart)], abs=1e-6)
    assert [point.stable for point in found.fixed_points] == [True, False]
    assert signal(f"exp({scale}*x)", weight_variance=middle / math.e * (1 + 1e-6)).fixed_points == ()


def test_rounding_does_not_leave_an_unstable_fixed_point() -> None:
    found = signal("x*log(abs(x))")
    assert found.fixed_points[-1].slope == pytest.approx(2, abs=0.01)
    assert found.forward == (1.0,) * 51
    assert (found.q, found.phase) == (1.0, "chaotic")


def test_a_decreasing_map() -> None:
    """V(q) = w/sqrt(1 + 4 q)."""
    found = signal("exp(-x**2)")
    (point,) = found.fixed_points
    assert found.weight_variance == pytest.approx(math.sqrt(5), rel=1e-13)
    assert (point.q, point.stable) == (1.0, True)
    assert point.slope == pytest.approx(-0.4, rel=1e-11)
    assert point.xi_q == pytest.approx(-1 / math.log(0.4), rel=1e-11)


def test_a_step_has_no_derivative_but_a_correlation() -> None:
    found = signal("sign(x)")
    (point,) = found.fixed_points
    assert (point.q, point.chi_1, found.phase, found.edge_of_chaos, found.backward) == (1.0, None, None, None, ())
    assert point.c_star == pytest.approx(0.0, abs=1e-12)
    # C(c) = 2/pi asin(c) has the slope 2/pi at 0.
    assert point.xi_c == pytest.approx(-1 / math.log(2 / math.pi), rel=1e-10)
    assert found.reason.count("the function jumps at x = 0") == 2
    assert len(found.forward) == 51


def test_correlations_of_a_kinked_function_just_past_the_edge() -> None:
    """relu with a bias has chi_1 < 1 always; less its mean it has none. c* is checked against the arc-cosine kernel."""
    shift = 0.2
    found = signal("relu(x) - 0.2", weight_variance=2.6, bias_variance=0.02)
    point = found.fixed_points[-1]
    q = point.q

    def mapped(c: float) -> float:
        kernel = q * (math.sqrt(1 - c * c) + c * (math.pi - math.acos(c))) / (2 * math.pi)
        mean = math.sqrt(q / (2 * math.pi))
        return (2.6 * (kernel - 2 * shift * mean + shift**2) + 0.02) / q

    assert mapped(1.0) == pytest.approx(1.0, rel=1e-11)
    assert point.chi_1 == pytest.approx(1.3, rel=1e-12)
    c = brentq(lambda c: mapped(c) - c, 0, 0.999)
    assert point.c_star == pytest.approx(c, rel=1e-9)
    assert point.xi_c == pytest.approx(-1 / math.log(1.3 * (1 - math.acos(c) / math.pi)), rel=1e-8)


def test_no_number_without_moments() -> None:
    for expression, reason in [
        ("1/x", "No mean: the function grows too steeply at x = 0"),
        ("log(x)", "No mean: the function is undefined for x < 0"),
    ]:
        for weight in (None, 1.0):
            found = signal(expression, weight_variance=weight)
            assert reason in found.reason
            assert found == dataclasses.replace(
                found, fixed_points=(), centred_fixed_points=(), q=None, chi_1=None, phase=None, edge_of_chaos=None,
                forward=(), backward=(),
            )  # fmt: skip
    assert signal("1/(x - 5)", weight_variance=1.0).fixed_points == ()
    assert "is 0 throughout" in signal("0*x").reason
    # At q = 1 there is no second moment, at 0.108 there is: E[f**2] = 1/sqrt(1 - 4 q/3).
    found = signal("exp(x**2/3)", weight_variance=0.1)
    assert found.fixed_points[0].q == pytest.approx(brentq(lambda q: 0.1 / math.sqrt(1 - 4 * q / 3) - q, 0.05, 0.2))
    assert found.forward == (1.0,)


def test_a_pole_under_a_tail_that_grows_too_fast() -> None:
    for expression in ("exp(x**2/3)/x", "exp(x**2/3)/(x - 2)"):
        assert "grows too steeply at x =" in signal(expression, weight_variance=1.0).reason
        assert np.isnan(variance_map(expression, [0.01, 0.1], weight_variance=1.0)).all()


def test_many_kinks_cost_no_memory() -> None:
    found = signal("abs(sin(8*x))", weight_variance=3.0)
    assert found.chi_1 == pytest.approx(96.0, rel=1e-9)


def test_slopes_at_zero_that_have_no_bound() -> None:
    found = signal("sqrt(abs(x))", weight_variance=2.0)
    zero, point = found.fixed_points
    assert (zero.q, zero.slope, zero.stable, zero.chi_1) == (0.0, None, False, None)
    # E|x| = sqrt(2 q/pi).
    assert point.q == pytest.approx(8 / math.pi, rel=1e-9)
    assert point.slope == pytest.approx(0.5, rel=1e-9)


def test_the_network_of_random_weights_behaves_like_the_theory() -> None:
    """Two inputs through wide layers: their variance on the way, their correlation at the fixed point."""
    rng = np.random.default_rng(7)
    width, weight, bias, depth = 1500, 1.8, 0.1, 6
    found = signal("tanh(x)", weight_variance=weight, bias_variance=bias)
    h = rng.standard_normal((2, width))
    for layer in range(1, depth + 1):
        before = h
        w = rng.standard_normal((width, width), dtype=np.float32) * math.sqrt(weight / width)
        h = np.tanh(h) @ w + math.sqrt(bias) * rng.standard_normal(width)
        assert np.mean(h**2, axis=1) == pytest.approx([found.forward[layer]] * 2, rel=0.12)
    correlations = [np.corrcoef(pair)[0, 1] for pair in (before, h)]
    (expected,) = correlation_map(
        "tanh(x)", correlations[:1], q=found.q or 0, weight_variance=weight, bias_variance=bias
    )
    assert correlations[1] == pytest.approx(expected, abs=0.06)


def test_gradients_of_a_random_network_grow_as_predicted() -> None:
    rng = np.random.default_rng(11)
    width, weight, depth = 2000, 2.5, 4
    found = signal("tanh(x)", weight_variance=weight)
    h, layers = rng.standard_normal(width), []
    for _ in range(depth):
        w = rng.standard_normal((width, width), dtype=np.float32) * math.sqrt(weight / width)
        layers.append((w, 1 - np.tanh(h) ** 2))
        h = w @ np.tanh(h)
    gradient = rng.standard_normal((100, width))
    for w, slope in reversed(layers):
        gradient = (gradient @ w) * slope
    assert np.mean(gradient**2) == pytest.approx(found.backward[depth], rel=0.15)


def test_a_gradient_beyond_float64_is_not_followed() -> None:
    found = signal("tanh(1e8*x)", weight_variance=1.0)
    assert len(found.forward) == 51
    assert all(math.isfinite(value) for value in found.backward)
    assert len(found.backward) < 51
    assert "the gradient cannot be followed" in found.reason


def test_a_function_that_is_noise_near_zero() -> None:
    # i0e(x) = 1 - abs(x) + ... takes all digits from the difference to f(0).
    found = signal("i0e(x) + abs(x)")
    assert any(point.q == 1.0 for point in found.fixed_points)
    assert found.chi_1 is not None


@pytest.mark.parametrize("expression", FUNCTIONS)
def test_every_number_of_a_signal_is_json(expression: str) -> None:
    found = signal(expression)
    assert json.loads(json.dumps(dataclasses.asdict(found), allow_nan=False))["q"] == found.q
    assert len(found.backward) <= len(found.forward) <= 51


def test_parameters_are_used() -> None:
    plain, negative = (signal("x*sigmoid(beta*x)", parameters={"beta": beta}) for beta in (1.0, -1.0))
    assert plain.weight_variance == pytest.approx(1 / (moments("swish(x)").second_moment or 0), rel=1e-12)
    # x*sigmoid(-x) is the mirror image.
    assert negative.chi_1 == pytest.approx(plain.chi_1, rel=1e-12)
    assert signal("x*sigmoid(beta*x)", parameters={"beta": 4.0}).chi_1 != plain.chi_1


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(DomainError, match="weight_variance 0.0 is not positive"):
        signal("tanh(x)", weight_variance=0.0)
    with pytest.raises(DomainError, match="bias_variance -0.1 is not"):
        signal("tanh(x)", bias_variance=-0.1)
    with pytest.raises(DomainError, match="'gamma' is no parameter"):
        signal("tanh(beta*x)", parameters={"gamma": 1.0})
    with pytest.raises(DomainError, match="of kind loss"):
        signal("(y - p)**2")
