"""What functions do far out, against the asymptotes one finds by hand."""

from __future__ import annotations

import math

import pytest

from symkit.analysis.shape import End, shape

INF = math.inf
PI = math.pi


def near(expected: float) -> object:
    return pytest.approx(expected, rel=1e-11, abs=1e-11)


@pytest.mark.parametrize(
    ("text", "left", "right"),
    [
        ("tanh(x)", -1.0, 1.0),
        ("sigmoid(x)", 0.0, 1.0),
        ("arctan(x)", -PI / 2, PI / 2),
        ("softsign(x)", -1.0, 1.0),
        ("x/sqrt(1 + x**2) + 3", 2.0, 4.0),
        ("1/x", 0.0, 0.0),
        ("exp(-abs(x))", 0.0, 0.0),
        ("1/sqrt(1 + abs(x))", 0.0, 0.0),
        ("sin(x)/x", 0.0, 0.0),
        ("erf(x)*0.3", -0.3, 0.3),
        ("exp(1/x)", 1.0, 1.0),
    ],
)
def test_limits(text: str, left: float, right: float) -> None:
    found = shape(text)
    for end, limit in ((found.left, left), (found.right, right)):
        assert (end.kind, end.limit, end.slope, end.intercept) == ("constant", near(limit), 0.0, near(limit))


@pytest.mark.parametrize(
    ("text", "left", "right"),
    [
        ("x", (1.0, 0.0, "x"), (1.0, 0.0, "x")),
        ("abs(x)", (-1.0, 0.0, "-x"), (1.0, 0.0, "x")),
        ("leaky_relu(x)", (0.01, 0.0, "0.01*x"), (1.0, 0.0, "x")),
        ("sqrt(x**2 + 1)", (-1.0, 0.0, "-x"), (1.0, 0.0, "x")),
        ("x + 1/x", (1.0, 0.0, "x"), (1.0, 0.0, "x")),
        ("(2*x**2 + 3*x)/(x + 1)", (2.0, 1.0, "2*x + 1"), (2.0, 1.0, "2*x + 1")),
        ("x*arctan(x)", (-PI / 2, -1.0, "-1.5708*x - 1"), (PI / 2, -1.0, "1.5708*x - 1")),
        ("x/3 - 5 + exp(-abs(x))", (1 / 3, -5.0, "0.333333*x - 5"), (1 / 3, -5.0, "0.333333*x - 5")),
    ],
)
def test_lines(text: str, left: tuple[float, float, str], right: tuple[float, float, str]) -> None:
    found = shape(text)
    for end, (slope, intercept, written) in ((found.left, left), (found.right, right)):
        assert (end.kind, end.slope, end.intercept) == ("linear", near(slope), near(intercept))
        assert end.text == written


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x**3", End(INF, "polynomial", degree=3.0, coefficient=1.0, text="~ x**3")),
        ("0.5*x**2 + x", End(INF, "polynomial", degree=2.0, coefficient=0.5, text="~ 0.5*x**2")),
        ("-x**4/(1 + x**2)", End(-INF, "polynomial", degree=2.0, coefficient=-1.0, text="~ -x**2")),
        ("sqrt(abs(x))", End(INF, "polynomial", degree=0.5, coefficient=1.0, text="~ x**0.5")),
        ("x + sqrt(abs(x))", End(INF, "polynomial", degree=1.0, coefficient=1.0, text="~ x")),
        ("x + sin(x)", End(INF, "polynomial", degree=1.0, coefficient=1.0, text="~ x")),
        ("arcsinh(x)", End(INF, "logarithmic", coefficient=1.0, text="~ log(x)")),
        ("3*log(abs(x) + 1) + 7", End(INF, "logarithmic", coefficient=3.0, text="~ 3*log(x)")),
        ("x*log(abs(x))", End(INF, "power times log", degree=1.0, coefficient=1.0, text="~ x*log(x)")),
        ("cosh(x)", End(INF, "exponential", coefficient=0.5, rate=1.0, text="~ 0.5*exp(x)")),
        ("-3*exp(x/2)", End(-INF, "exponential", coefficient=-3.0, rate=0.5, text="~ -3*exp(0.5*x)")),
        ("x*exp(x)", End(INF, "exponential", rate=1.0)),
        ("exp(x**2)", End(INF, "faster")),
        ("exp(exp(x))", End(INF, "faster")),
        ("sin(x)", End(None, "oscillating")),
        ("x*sin(x)", End(None, "oscillating")),
        ("log(-x)", End(None, "undefined")),
        ("sqrt(5 - x)", End(None, "undefined")),
        # Whether this has a limit is not seen from any finite distance.
        ("log(log(abs(x) + 3))", End(None, "other")),
        ("exp(sqrt(abs(x)))", End(INF, "other")),
    ],
)
def test_right_ends(text: str, expected: End) -> None:
    assert shape(text).right == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x**3", End(-INF, "polynomial", degree=3.0, coefficient=1.0, text="~ x**3")),
        ("sqrt(abs(x))", End(INF, "polynomial", degree=0.5, coefficient=1.0, text="~ abs(x)**0.5")),
        ("arcsinh(x)", End(-INF, "logarithmic", coefficient=-1.0, text="~ -log(-x)")),
        ("log_sigmoid(x)*arcsinh(x)", End(INF, "power times log", degree=1.0, coefficient=-1.0, text="~ -x*log(-x)")),
        ("exp(-x)", End(INF, "exponential", coefficient=1.0, rate=1.0, text="~ exp(-x)")),
    ],
)
def test_left_ends(text: str, expected: End) -> None:
    assert shape(text).left == expected


def test_what_the_evaluator_takes_for_infinity_times_nothing() -> None:
    # exp(x)*relu(-x) is 0 for x > 0, and infinity times 0 where exp(x) is beyond every number that is kept.
    found = shape("exp(x)*relu(-x)")
    assert (found.right.kind, found.right.limit) == ("constant", 0.0)
    assert found.zero_intervals[-1].high == INF
