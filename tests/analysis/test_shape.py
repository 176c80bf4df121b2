"""Shapes of well-known functions, against closed forms and textbook constants."""

from __future__ import annotations

import dataclasses
import json
import math

import mpmath
import numpy as np
import pytest
from scipy.special import erf, ndtr

import symkit
from symkit.analysis.shape import Break, Extremum, Interval, Piece, Shape, shape
from symkit.errors import DomainError, SymkitError

INF = math.inf


def near(expected: float) -> object:
    return pytest.approx(expected, rel=1e-13, abs=1e-15)


def trends(found: Shape) -> list[tuple[float, float, str]]:
    return [(piece.low, piece.high, piece.trend) for piece in found.pieces]


def minimum_of(text: str) -> Extremum:
    (found,) = shape(text).extrema
    assert found.kind == "minimum"
    return found


# -- extrema and bumps -----------------------------------------------------------------------------------------


def test_swish() -> None:
    found = shape("x*sigmoid(x)")
    # x = -1 - W(1/e): the slope is sigmoid(x)*(1 + x*sigmoid(-x)).
    low = -1 - float(mpmath.lambertw(mpmath.exp(-1)).real)
    assert low == near(-1.2784645427610738)
    (bottom,) = found.extrema
    assert (bottom.x, bottom.value) == (near(low), near(low + 1))
    assert found.zeros == (0.0,)
    assert found.fixed_points == (0.0,)
    assert found.sign_changes == (near(low),)
    assert trends(found) == [(-INF, near(low), "falls"), (near(low), INF, "rises")]
    assert found.range == (near(low + 1), INF)
    assert (found.smoothness, found.breaks) == (INF, ())
    # f'' = 0 where x = 2/tanh(x/2), and the slope is largest there.
    bend = float(mpmath.findroot(lambda x: x * mpmath.tanh(x / 2) - 2, 2.4))
    assert [point.x for point in found.inflections] == [near(-bend), near(bend)]
    assert found.lipschitz == pytest.approx(1.0998393201288671, rel=1e-13)
    assert found.lipschitz_at == near(bend)
    assert found.left.text == "0"
    assert found.right.text == "x"
    assert found.bumps == 1
    (bump,) = found.bump_shapes
    assert (bump.low, bump.high, bump.kind) == (-INF, 0.0, "negative")
    assert (bump.peak, bump.height) == (near(low), near(-1 - low))


@pytest.mark.parametrize(
    ("text", "slope", "start"),
    [
        ("x*tanh(softplus(x))", lambda x: mpmath.diff(lambda t: t * mpmath.tanh(mpmath.log1p(mpmath.exp(t))), x), -1.2),
        ("gelu(x)", lambda x: mpmath.ncdf(x) + x * mpmath.npdf(x), -0.75),
        ("elish(x)", lambda x: mpmath.diff(lambda t: mpmath.expm1(t) / (1 + mpmath.exp(-t)), x), -0.9),
        ("sigmoid(x)*erf(x)", lambda x: mpmath.diff(lambda t: mpmath.erf(t) / (1 + mpmath.exp(-t)), x), -0.85),
    ],
)
def test_functions_with_one_negative_bump(text: str, slope: object, start: float) -> None:
    with mpmath.workdps(30):
        place = float(mpmath.findroot(slope, start))
    assert minimum_of(text).x == near(place)
    found = shape(text)
    assert found.bumps == 1
    assert found.bump_shapes[0].kind == "negative"
    assert (found.bump_shapes[0].low, found.bump_shapes[0].high) == (-INF, 0.0)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("relu(x)", ""),
        ("tanh(x)", ""),
        ("abs(x)", ""),
        ("x**2", ""),
        ("exp(-x**2)", "+"),
        ("-exp(-x**2)", "-"),
        ("x*exp(-x**2)", "-+"),
        ("x**3 - 3*x", "+-"),
        ("max(0, 1 - abs(x))", "+"),
        ("min(max(0, 3 - abs(x)), 1)", "+"),
        ("sin(x)", "-+-+-+"),
        ("min(abs(x), exp(x))", "+-"),
        ("sign(x)", ""),
    ],
)
def test_bumps(text: str, kinds: str) -> None:
    found = shape(text)
    assert "".join({"positive": "+", "negative": "-"}[bump.kind] for bump in found.bump_shapes) == kinds
    assert found.bumps == len(kinds)


def test_the_base_of_a_bump() -> None:
    hump, dip = shape("x**3 - 3*x").bump_shapes
    # The maximum of 2 at -1 lies over the minimum of -2 at 1; f is -2 at -2 too, and 2 at 2.
    assert (hump.low, hump.high, hump.peak, hump.height) == (near(-2), near(1), near(-1), near(4))
    assert (dip.low, dip.high, dip.peak, dip.height) == (near(-1), near(2), near(1), near(4))
    (level,) = shape("min(max(0, 3 - abs(x)), 1)").bump_shapes
    assert (level.low, level.high, level.peak, level.height) == (-3.0, 3.0, 0.0, 1.0)


def test_extrema_of_a_wave() -> None:
    found = shape("sin(x)")
    assert [point.x for point in found.extrema] == [near((k + 0.5) * math.pi) for k in range(-3, 3)]
    assert [point.kind for point in found.extrema] == ["minimum", "maximum"] * 3
    assert found.zeros == tuple(near(k * math.pi) for k in range(-3, 4))
    assert found.fixed_points == (0.0,)
    assert [piece.low for piece in found.pieces][0] == -10.0
    assert found.range == (-1.0, 1.0)
    assert (found.lipschitz, found.left.kind, found.right.limit) == (1.0, "oscillating", None)


def test_a_stationary_point_is_no_extremum() -> None:
    found = shape("x**3")
    assert (found.extrema, found.sign_changes) == ((), ())
    assert trends(found) == [(-INF, INF, "rises")]
    assert [point.x for point in found.inflections] == [0.0]
    assert (found.zeros, found.fixed_points) == ((0.0,), (-1.0, 0.0, 1.0))


def test_zeros_that_are_only_touched() -> None:
    assert shape("(x - 1)**2*(x - 3)").zeros == (1.0, 3.0)
    assert shape("x**4").zeros == (0.0,)
    assert shape("x + (x - 1/3)**2").fixed_points == (near(1 / 3),)
    assert shape("abs(3*x - 1)").zeros == (near(1 / 3),)
    assert shape("x**2 + 1e-12").zeros == ()


# -- breaks ----------------------------------------------------------------------------------------------------


def test_relu() -> None:
    found = shape("relu(x)")
    assert found.zeros == ()
    assert found.zero_intervals == (Interval(-INF, 0.0),)
    assert found.fixed_intervals == (Interval(0.0, INF),)
    assert found.pieces == (Piece(-INF, 0.0, "level"), Piece(0.0, INF, "rises"))
    assert found.breaks == (Break(0.0, "kink", 0.0, 0.0, 0.0, 1.0, 0.0, 0.0),)
    assert found.smoothness == 0
    assert found.lipschitz == 1.0
    assert found.range == (0.0, INF)
    (dead,) = found.dead_zones
    assert (dead.low, dead.high, dead.probability) == (-INF, 0.0, 0.5)
    assert found.even_share == pytest.approx(0.5, rel=1e-12)
    assert (found.parity, found.extrema, found.inflections) == (None, (), ())
    assert "dead_zones" in found.certified


def test_leaky_relu() -> None:
    found = shape("leaky_relu(x)")
    (kink,) = found.breaks
    assert (kink.left_slope, kink.right_slope) == (near(0.01), 1.0)
    assert trends(found) == [(-INF, INF, "rises")]
    assert (found.left.kind, found.left.slope, found.left.intercept) == ("linear", near(0.01), 0.0)
    assert found.fixed_intervals == (Interval(0.0, INF),)
    assert found.dead_zones == ()


def test_elu_and_selu() -> None:
    found = shape("elu(x)")
    assert (found.smoothness, found.breaks, found.range) == (1, (), (-1.0, INF))
    found = shape("selu(x)")
    alpha, scale = 1.6732632423543772, 1.0507009873554805
    (kink,) = found.breaks
    assert (kink.left_slope, kink.right_slope) == (near(alpha * scale), near(scale))
    assert found.range == (near(-alpha * scale), INF)
    assert (found.lipschitz, found.lipschitz_at) == (near(alpha * scale), 0.0)
    assert (found.left.limit, found.right.slope) == (near(-alpha * scale), near(scale))
    # The fixed point below 0 solves alpha*scale*(exp(x) - 1) = x.
    low, zero = found.fixed_points
    assert zero == 0.0
    assert alpha * scale * math.expm1(low) == pytest.approx(low, rel=1e-13)


def test_hard_sigmoid() -> None:
    found = shape("hard_sigmoid(x)", variance=4.0)
    assert [(b.x, b.left_slope, b.right_slope) for b in found.breaks] == [(-2.5, 0.0, near(0.2)), (2.5, near(0.2), 0.0)]
    assert [(d.low, d.high) for d in found.dead_zones] == [(-INF, -2.5), (2.5, INF)]
    assert [d.probability for d in found.dead_zones] == [pytest.approx(ndtr(-1.25)), pytest.approx(ndtr(-1.25))]
    assert found.range == (0.0, 1.0)
    # Within a hundredth of 0 and 1.
    assert [(s.low, s.high, s.level) for s in found.saturation] == [(-INF, near(-2.45), 0.0), (near(2.45), INF, 1.0)]


def test_steps_poles_and_tangents() -> None:
    (jump,) = shape("sign(x)").breaks
    assert (jump.kind, jump.left, jump.value, jump.right) == ("jump", -1.0, 0.0, 1.0)
    assert (shape("sign(x)").smoothness, shape("sign(x)").lipschitz) == (-1, None)
    assert "jumps at x = 0" in shape("sign(x)").lipschitz_reason
    found = shape("1/x")
    (pole,) = found.breaks
    assert (pole.kind, pole.left, pole.right, pole.value) == ("pole", -INF, INF, None)
    assert trends(found) == [(-INF, 0.0, "falls"), (0.0, INF, "falls")]
    assert found.zeros == ()
    assert found.fixed_points == (-1.0, 1.0)
    assert found.domain == (Interval(-INF, 0.0), Interval(0.0, INF))
    found = shape("log(abs(x))")
    (pole,) = found.breaks
    assert (pole.kind, pole.left, pole.right) == ("pole", -INF, -INF)
    assert found.zeros == (-1.0, 1.0)
    (tangent,) = shape("sqrt(abs(x))").breaks
    assert (tangent.kind, tangent.left_slope, tangent.right_slope) == ("vertical tangent", -INF, INF)
    assert shape("sqrt(abs(x))").extrema == (Extremum(0.0, 0.0, "minimum"),)
    (hole,) = shape("sin(x)/x").breaks
    assert (hole.kind, hole.left, hole.right, hole.value) == ("hole", 1.0, 1.0, None)


def test_an_essential_break_has_no_limits() -> None:
    (found,) = shape("sin(1/x)").breaks
    assert (found.kind, found.left, found.right) == ("jump", None, None)


def test_a_function_of_one_side() -> None:
    found = shape("sqrt(x)")
    assert found.domain == (Interval(0.0, INF),)
    assert (found.zeros, found.fixed_points) == ((0.0,), (0.0, 1.0))
    (edge,) = found.breaks
    assert (edge.kind, edge.left, edge.left_slope, edge.right, edge.right_slope) == (
        "vertical tangent",
        None,
        None,
        0.0,
        INF,
    )
    assert found.left.kind == "undefined"
    assert found.even_share is None
    found = shape("log(x)")
    assert (found.domain, found.zeros, found.range) == ((Interval(0.0, INF),), (1.0,), (-INF, INF))
    assert found.right.text == "~ log(x)"


def test_kinks_between_two_functions() -> None:
    found = shape("min(abs(x), exp(x))")
    omega = float(mpmath.lambertw(1).real)
    assert [(b.x, b.kind) for b in found.breaks] == [(near(-omega), "kink"), (0.0, "kink")]
    assert (found.breaks[0].left_slope, found.breaks[0].right_slope) == (near(omega), -1.0)
    assert [(e.x, e.value, e.kind) for e in found.extrema] == [
        (near(-omega), near(omega), "maximum"),
        (0.0, 0.0, "minimum"),
    ]
    assert found.fixed_intervals == (Interval(0.0, INF),)


@pytest.mark.parametrize(
    ("text", "smoothness"),
    [
        ("x", INF),
        ("abs(x)", 0),
        ("x*abs(x)", 1),
        ("abs(x)**3", 2),
        ("softsign(x)", 1),
        ("abs(x)**1.5", 1),
        ("relu(x)**3", 2),
        ("sign(x)", -1),
        ("1/x", -1),
        ("elish(x)", 1),
        ("max(x, 2*x - 1/3)", 0),
        ("where(x > 0, sin(x), x)", 2),
    ],
)
def test_smoothness(text: str, smoothness: float) -> None:
    assert shape(text).smoothness == smoothness


# -- the whole line --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "constant", "place"),
    [
        ("tanh(x)", 1.0, 0.0),
        ("sigmoid(x)", 0.25, 0.0),
        ("softplus(x)", 1.0, INF),
        ("abs(x)", 1.0, 0.0),
        ("exp(-x**2)", math.sqrt(2 / math.e), -math.sqrt(0.5)),
        ("arctan(2*x)", 2.0, 0.0),
        ("gelu(x)", ndtr(math.sqrt(2)) + math.exp(-1) / math.sqrt(math.pi), math.sqrt(2)),
    ],
)
def test_lipschitz(text: str, constant: float, place: float) -> None:
    found = shape(text)
    assert found.lipschitz == near(constant)
    assert found.lipschitz_at == near(place)


@pytest.mark.parametrize("text", ["x**3", "exp(x)", "sqrt(x)", "sign(x)", "1/x", "x*log(abs(x))", "x*sin(x)"])
def test_no_lipschitz_constant(text: str) -> None:
    found = shape(text)
    assert found.lipschitz is None
    assert found.lipschitz_at is None
    assert found.lipschitz_reason


def test_why_there_is_no_lipschitz_constant() -> None:
    assert shape("x**3").lipschitz_reason == "the slope grows without bound as x tends to -inf"
    assert shape("relu(x)**2").lipschitz_reason == "the slope grows without bound as x tends to inf"
    assert shape("x*log(x)").lipschitz_reason == "the slope grows without bound as x tends to 0"
    assert shape("sqrt(x)").lipschitz_reason == "the slope has no bound at x = 0"
    assert shape("1/x").lipschitz_reason == "f has no bound at x = 0"


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("tanh(x)", -1.0, 1.0),
        ("sigmoid(x)", 0.0, 1.0),
        ("arctan(x)", -math.pi / 2, math.pi / 2),
        ("exp(x)", 0.0, INF),
        ("x**2 - 40*x", -400.0, INF),
        ("cos(x)", -1.0, 1.0),
        ("x*sin(x)", -INF, INF),
        ("1/(1 + x**2)", 0.0, 1.0),
        ("erf(1e8*x)", -1.0, 1.0),
    ],
)
def test_range(text: str, low: float, high: float) -> None:
    assert shape(text).range == (near(low), near(high))


def test_saturation_of_tanh() -> None:
    left, right = shape("tanh(x)").saturation
    # The range is 2 wide: 1 - tanh(x) = 0.02.
    assert (right.high, right.level, left.low, left.level) == (INF, 1.0, -INF, -1.0)
    assert (left.high, right.low) == (near(-math.atanh(0.98)), near(math.atanh(0.98)))


def test_parity_and_parts() -> None:
    assert shape("tanh(x)").parity == "odd"
    assert shape("abs(x)").parity == "even"
    assert "parity" in shape("tanh(x)").certified
    assert (shape("tanh(x)").even_share, shape("abs(x)").even_share) == (0.0, 1.0)
    assert (shape("tanh(x)").even_part, shape("tanh(x)").odd_part) == ("0", "tanh(x)")
    # Zero on both sides for 20 deviations, and yet not even.
    assert shape("relu(x - 20)").parity is None
    found = shape("softplus(x)")
    assert found.parity is None
    x = np.linspace(-5, 5, 11)
    even, odd = (symkit.evaluate(part, x=x) for part in (found.even_part, found.odd_part))
    assert np.allclose(odd, x / 2, atol=1e-15)
    assert np.allclose(even + odd, np.logaddexp(0, x))


def test_even_share_against_quadrature() -> None:
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)

    def softplus(x: np.ndarray) -> np.ndarray:
        return np.logaddexp(0, 1.5 * x)

    even = (softplus(nodes) + softplus(-nodes)) / 2
    share = weights @ even**2 / (weights @ softplus(nodes) ** 2)
    assert shape("softplus(x)", variance=2.25, mean=3.0).even_share == pytest.approx(share, rel=1e-9)


def test_parameters_change_the_shape() -> None:
    found = shape("max(a*x, x)", parameters={"a": 0.25})
    assert found.breaks[0].left_slope == 0.25
    assert shape("max(a*x, x)").breaks == ()
    assert shape("prelu(x, a)", parameters={"a": -1.0}).extrema == (Extremum(0.0, 0.0, "minimum"),)


def test_the_window_moves_with_the_input() -> None:
    assert shape("sin(x)", mean=100.0, variance=0.01).zeros == (near(32 * math.pi),)
    assert shape("relu(x - 20)").breaks == ()
    assert [b.x for b in shape("relu(x - 20)", mean=15.0).breaks] == [20.0]
    dead = shape("relu(x)", mean=1.0, variance=4.0).dead_zones
    assert dead[0].probability == pytest.approx(ndtr(-0.5))


def test_a_wide_window_sees_no_noise() -> None:
    # 1 - tanh(x)**2 rounds to 0 from 20 on.
    found = shape("tanh(x)", variance=1000.0)
    assert trends(found) == [(-INF, INF, "rises")]
    assert [point.x for point in found.inflections] == [0.0]
    assert found.dead_zones == ()


def test_steps_too_steep_for_samples() -> None:
    found = shape("erf(1e8*x)")
    assert trends(found) == [(-INF, INF, "rises")]
    assert found.lipschitz == pytest.approx(2e8 / math.sqrt(math.pi), rel=1e-12)
    assert erf(1e8 * found.fixed_points[-1]) == 1.0


def test_constants_and_nothing() -> None:
    found = shape("x - x + 3")
    assert found.pieces == (Piece(-INF, INF, "level"),)
    assert (found.range, found.lipschitz, found.dead_zones[0].probability) == ((3.0, 3.0), 0.0, 1.0)
    assert found.fixed_points == (3.0,)
    nothing = shape("log(-1 - x**2)")
    assert (nothing.domain, nothing.range, nothing.pieces, nothing.zeros) == ((), None, (), ())
    assert nothing.lipschitz_reason


def test_proofs_are_of_what_is_said() -> None:
    found = shape("tanh(x)")
    assert {"parity", "range.low", "range.high"} <= set(found.certified)
    # |x| by way of what no operator tells: measured, and not said to be proved.
    found = shape("relu(x) + relu(-x) + x - x")
    assert found.parity == "even"
    assert "parity" not in found.certified


@pytest.mark.parametrize("text", ["(y - p)**2", "3"])
def test_only_activations_have_a_shape(text: str) -> None:
    with pytest.raises(DomainError):
        shape(text)


def test_bad_arguments() -> None:
    with pytest.raises(DomainError, match="variance"):
        shape("relu(x)", variance=0.0)
    with pytest.raises(DomainError, match="no parameter"):
        shape("relu(x)", parameters={"a": 1.0})
    with pytest.raises(SymkitError):
        shape("relu(")


def test_a_shape_is_plain_data() -> None:
    for text in ("x*sigmoid(x)", "1/x", "sqrt(x)"):
        data = dataclasses.asdict(shape(text))
        assert "NaN" not in json.dumps(data)
        with pytest.raises(dataclasses.FrozenInstanceError):
            shape(text).bumps = 3  # type: ignore[misc]


@pytest.mark.parametrize("mean", [1000.0, -1000.0])
def test_the_whole_line_is_looked_at_from_afar(mean: float) -> None:
    found = shape("x*sigmoid(x)", mean=mean)
    assert found.range == (near(-0.27846454276107379), INF)
    assert found.lipschitz == near(1.0998393201288671)
    assert shape("hard_sigmoid(x)", mean=mean).lipschitz == near(0.2)
    assert shape("1/x", mean=mean).range == (-INF, INF)
    # The trend at the window does not go on through 0.
    (piece,) = shape("hard_sigmoid(x)", mean=mean).pieces
    assert math.isinf(piece.low) != math.isinf(piece.high)
    # What is below every float64 has a sign for all that.
    assert trends(shape("exp(x)", mean=mean)) == [(-INF, INF, "rises")]


@pytest.mark.parametrize("variance", [1e-8, 1e4, 1e8])
def test_the_scale_of_the_input(variance: float) -> None:
    found = shape("gelu(x)", variance=variance)
    assert found.range == (near(-0.16997120747990366), INF)
    assert found.zeros == (0.0,)
    places = [point.x for point in found.extrema]
    assert places == ([] if variance < 1 else [near(-0.7517915246935645)])
    assert shape("relu(x)", variance=variance).breaks[0].x == 0.0
