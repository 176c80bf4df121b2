"""Where functions are not smooth, and what is there."""

from __future__ import annotations

import math

import numpy as np
import pytest

from symkit.analysis import analyze
from symkit.analysis.breakpoints import breakpoints
from symkit.analysis.curve import Normal
from symkit.analysis.series import Series
from symkit.ops import standard
from symkit.text import define, parse

OMEGA = 0.5671432904097838

KINKS = {
    "relu(x)": [0.0],
    "hard_sigmoid(x)": [-2.5, 2.5],
    "hardtanh(x, -0.3, 0.7)": [-0.3, 0.7],
    "relu6(x + 1.1)": [-1.1, 4.9],
    "min(abs(x), exp(x))": [-OMEGA, 0.0],
    "max(sinh(x), x**2)": [0.0, 1.313283718353484, 2.6392495138985532],
    "abs(x**2 - 2)": [-math.sqrt(2), math.sqrt(2)],
    "abs(relu(x) - 0.3)": [0.0, 0.3],
    "where(x > 0.1, 2*x, x)": [0.1],
    "min(max(x, -1e-5), 1e-5)": [-1e-5, 1e-5],
    "sqrt(abs(x))": [0.0],
    "sign(x)": [0.0],
    "x**2": [],
    "max(x, x)": [],
    "softplus(x)": [],
    "sinc(x)": [],
    "softsign(x)": [],
    "max(swish(x), x)": [0.0],
}
POLES = {
    "1/x": [0.0],
    "1/(x - 0.3)": [0.3],
    "log(abs(x))": [0.0],
    "log(abs(x**2 - 2))": [-math.sqrt(2), math.sqrt(2)],
    "1/square(x - 0.7)": [0.7],
    "1/(1 - cos(x))": [-2 * math.pi, 0.0, 2 * math.pi],
    "x/x": [],
    "1/(1e-6 + x**2)": [],
}


@pytest.mark.parametrize("expression", KINKS)
def test_kinks(expression: str) -> None:
    found = analyze(expression)
    assert found.kinks == pytest.approx(KINKS[expression], rel=1e-14, abs=1e-18)
    assert found.poles == ()


@pytest.mark.parametrize("expression", POLES)
def test_poles(expression: str) -> None:
    found = analyze(expression)
    assert found.poles == pytest.approx(POLES[expression], rel=1e-13, abs=1e-18)
    assert found.kinks == ()


def test_short_decimals_are_met_exactly() -> None:
    assert analyze("abs(x - 0.3)").kinks == (0.3,)
    assert analyze("relu(x)", mean=0.1, variance=0.49).kinks == (0.0,)


def test_kinks_of_a_defined_operator_are_found_in_its_expansion() -> None:
    table = define("bent", "abs(x - 0.25)*x", table=standard())
    expression = parse("bent(x) + 1", table=table)
    assert analyze(expression).kinks == (0.25,)


@pytest.mark.parametrize("name", [n for n in standard() if standard()[n].arity == 1 and standard()[n].smoothness < 1])
def test_every_operator_that_is_not_smooth_gets_a_breakpoint(name: str) -> None:
    expression = parse(f"{name}(x)")
    points = breakpoints(expression.program, expression.constant_values(), "x", Normal(0.0, 1.0))
    assert points, "the record says it is not smooth"


def test_periodic_kinks_are_all_found_within_ten_deviations() -> None:
    found = analyze("abs(sin(x))").kinks
    assert found == pytest.approx([k * math.pi for k in range(-3, 4)], abs=1e-14)


@pytest.mark.parametrize(
    ("ratio", "divergent"), [(0.25, False), (0.5, False), (2**-0.01, False), (1.0, True), (2.0, True)]
)
def test_octaves_diverge_when_they_do_not_fall(ratio: float, divergent: bool) -> None:
    sizes = ratio ** np.arange(44.0)
    series = Series(sizes, sizes)
    assert series.divergent is divergent
    if not divergent:
        rest = series.rest(20, 0)
        assert rest.settled
        assert rest.value == pytest.approx(ratio**21 / (1 - ratio), rel=1e-9)


def test_octaves_that_fall_like_a_power_of_their_number_are_not_believed() -> None:
    # The integral of 1/(x*log(x)**2) exists, that of 1/(x*log(x)) does not; 44 octaves cannot tell.
    for power in (1, 2):
        sizes = np.arange(1.0, 45.0) ** -power
        series = Series(sizes, sizes)
        assert not series.divergent
        assert not series.rest(43, 0).settled
