"""Certificates hold: the true number lies within what is printed beside it, and what is said to be missing is."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from symkit.analysis import moments
from symkit.analysis.measure import Moments, measure_of
from symkit.analysis.moments import gain_of
from symkit.analysis.subject import Subject
from symkit.errors import DomainError
from symkit.evaluation.analytic import precision

FACTS = json.loads((Path(__file__).parents[1] / "data" / "moments.json").read_text())
TIGHT = 1e-12
"""What a certificate leaves open at most, relative to the root mean square."""

TRUSTED = 1e-15
"""What the reference of the facts may be off."""

NORMALS = [(0.0, 1.0), (0.5, 4.0), (-1.3, 0.25), (3.0, 1e-4)]
"""Means and variances."""


def exact(value: float | str) -> Any:
    """A number as a ball, of 30 digits if it has no end."""
    from flint import arb

    with precision(200):
        return arb(value)


def density(t: Any) -> Any:
    from flint import arb

    return (-t * t / 2).exp() / (2 * arb.pi()).sqrt()


def below(t: Any) -> Any:
    """P(Z < t)."""
    return (-t / exact(2).sqrt()).erfc() / 2


def relu(m: Any, s: Any) -> tuple[Any, Any]:
    t = m / s
    return m * below(t) + s * density(t), (m * m + s * s) * below(t) + m * s * density(t)


def absolute(m: Any, s: Any) -> tuple[Any, Any]:
    t = m / s
    return m * (2 * below(t) - 1) + 2 * s * density(t), m * m + s * s


def exponential(m: Any, s: Any) -> tuple[Any, Any]:
    return (m + s * s / 2).exp(), (2 * m + 2 * s * s).exp()


def sine(m: Any, s: Any) -> tuple[Any, Any]:
    return m.sin() * (-s * s / 2).exp(), (1 - (2 * m).cos() * (-2 * s * s).exp()) / 2


def error_function(m: Any, s: Any) -> tuple[Any, None]:
    return (m / (1 + 2 * s * s).sqrt()).erf(), None


def gaussian(m: Any, s: Any) -> tuple[Any, Any]:
    def of(rate: int) -> Any:
        return (-rate * m * m / (1 + 2 * rate * s * s)).exp() / (1 + 2 * rate * s * s).sqrt()

    return of(1), of(2)


def step(m: Any, s: Any) -> tuple[Any, Any]:
    return 2 * below(m / s) - 1, exact(1)


def power(n: int) -> Any:
    """Moments of x**n: E[x**(k+1)] = m*E[x**k] + k*s**2*E[x**(k-1)]."""

    def found(m: Any, s: Any) -> tuple[Any, Any]:
        every = [exact(1), m]
        for k in range(1, 2 * n):
            every.append(m * every[k] + k * s * s * every[k - 1])
        return every[n], every[2 * n]

    return found


CLOSED = {
    "relu(x)": relu,
    "abs(x)": absolute,
    "exp(x)": exponential,
    "sin(x)": sine,
    "erf(x)": error_function,
    "exp(-x*x)": gaussian,
    "sign(x)": step,
    "x": power(1),
    "x**2": power(2),
    "x**5": power(5),
    "x**10": power(10),
}


def holds(value: float, error: float, ball: Any) -> bool:
    """Whether a number is within its error of the number that a ball is around."""
    with precision(200):
        return bool(abs(exact(value) - ball) <= exact(error))


def is_tight(found: Moments) -> bool:
    assert found.second_moment is not None
    assert found.mean_error is not None
    assert found.variance_error is not None
    size = math.sqrt(found.second_moment)
    return found.mean_error <= TIGHT * size and found.variance_error <= TIGHT * size**2


@pytest.mark.parametrize("entry", FACTS["functions"], ids=lambda entry: entry["expression"])
def test_facts_lie_within_their_certificates(entry: dict[str, Any]) -> None:
    for facts in entry["settings"]:
        found = moments(entry["expression"], mean=facts["mean"], variance=facts["variance"])
        assert found.certified
        if facts["f_second_moment"] is None:
            assert found.variance is None
            continue
        size = math.sqrt(float(facts["f_second_moment"]))
        for name, unit in (("mean", size), ("variance", size**2), ("second_moment", size**2)):
            off = abs(getattr(found, name) - float(facts[f"f_{name}"]))
            assert off <= getattr(found, f"{name}_error") + TRUSTED * unit
        assert is_tight(found)


@pytest.mark.parametrize("entry", FACTS["missing"], ids=lambda entry: entry["expression"])
def test_what_does_not_exist_has_no_number(entry: dict[str, Any]) -> None:
    for mean, variance in entry["settings"]:
        found = moments(entry["expression"], mean=mean, variance=variance)
        assert (found.mean, found.variance, found.second_moment, found.covariance) == (None, None, None, None)
        assert found.reason.startswith("No mean: ")


@pytest.mark.parametrize(("mean", "variance"), NORMALS)
@pytest.mark.parametrize("expression", CLOSED)
def test_closed_forms_lie_within_certificates(expression: str, mean: float, variance: float) -> None:
    found = moments(expression, mean=mean, variance=variance)
    assert found.certified
    assert is_tight(found)
    with precision(200):
        first, second = CLOSED[expression](exact(mean), exact(variance).sqrt())
        assert found.mean is not None
        assert found.mean_error is not None
        assert holds(found.mean, found.mean_error, first)
        if second is not None:
            assert found.second_moment is not None
            assert found.second_moment_error is not None
            assert found.variance is not None
            assert found.variance_error is not None
            assert holds(found.second_moment, found.second_moment_error, second)
            assert holds(found.variance, found.variance_error, second - first * first)


@pytest.mark.parametrize(("mean", "variance"), NORMALS)
@pytest.mark.parametrize(
    ("expression", "slope"),
    [("relu(x)", "where(x > 0, 1, 0)"), ("tanh(x)", "sech(x)**2"), ("abs(x)", "sign(x)"), ("x**3", "3*x**2")],
)
def test_the_covariance_is_the_variance_times_the_mean_slope(
    expression: str, slope: str, mean: float, variance: float
) -> None:
    """Stein's lemma."""
    found, steepness = (moments(text, mean=mean, variance=variance) for text in (expression, slope))
    assert found.certified
    assert steepness.certified
    assert found.covariance is not None
    assert found.covariance_error is not None
    assert steepness.mean is not None
    assert steepness.mean_error is not None
    with precision(200):
        off = abs(exact(found.covariance) - exact(variance) * exact(steepness.mean))
        assert off <= exact(found.covariance_error) + exact(variance) * exact(steepness.mean_error)
    assert found.covariance_error <= 1e-12 * math.sqrt(variance * (found.second_moment or 0.0)) + 1e-300


def test_a_power_that_grows_faster_than_exponentials() -> None:
    found = moments("abs(x)**x", mean=0.5, variance=4.0)
    assert found.certified
    assert found.mean is not None
    assert found.mean_error is not None
    assert abs(found.mean - 2004335.82474716909) <= found.mean_error + 1e-9
    assert found.mean_error <= TIGHT * found.mean


# mpmath 1.3, 40 digits, Gauss-Legendre on panels of a deviation that end at every kink, to 15 deviations.
STORED = [
    (
        "tanh(x)*relu(x - 0.3)",
        0.0,
        1.0,
        "0.221211568160550581012572107",
        "0.247721172040499488568735939",
        "0.338111441448933876904729096",
    ),
    ("abs(sin(3*x)) - x", 0.5, 4.0, "0.136619772367581343075535053", "4.11338022763241865692446495", "-4.0"),
    (
        "max(swish(x), cos(x))",
        0.0,
        1.0,
        "0.812043782431829677050706047",
        "0.824441793610294596306297169",
        "0.326157106229545773990345558",
    ),
    (
        "arctan(x**2 - 1.3)*arcsinh(x)",
        -1.3,
        0.25,
        "-0.52246054356155271469736596",
        "0.91445353708325443719369076",
        "0.374935533756284575101706876",
    ),
    (
        "log1p(exp(-x))**2 + hypot(x, 1)",
        0.0,
        1.0,
        "2.27577671534061558073036542",
        "7.34326775692937703511362388",
        "-1.01268014748934682179057966",
    ),
    (
        "elu(selu(x) - min(x, 0.25)**2)",
        0.5,
        4.0,
        "0.776494013613371411584360531",
        "3.37559979014022908013548614",
        "3.1643773801409747251612808",
    ),
    (
        "i0e(x)*i1e(2*x + 1)",
        0.0,
        1.0,
        "0.0610195141446856929810981249",
        "0.0139221148160429951538841077",
        "0.0578253951851376247663336021",
    ),
    (
        "mish(x)/(1 + abs(x))",
        -1.3,
        0.25,
        "-0.124593289310983385934424578",
        "0.0164854139372497628180643124",
        "-0.0088187546715088529427293498",
    ),
    ("sinc(2*x)*log_cosh(x)", 0.0, 1.0, "0.0686958137916003116399930643", "0.0188657901037634129506582348", "0"),
    (
        "where(x*x < 2, exp(x), erf(x))",
        0.0,
        1.0,
        "1.07621358661660651523656125",
        "2.21154669053163579937716808",
        "0.797712163523474209051808254",
    ),
    (
        "hardswish(4*x)*sqrt(1 + abs(x))",
        0.0,
        1.0,
        "2.21000534861629966546295276",
        "20.5334164833216973403667027",
        "3.19531229909598112382750167",
    ),
]


@pytest.mark.parametrize(("expression", "mean", "variance", "first", "second", "both"), STORED)
def test_drawn_functions_lie_within_certificates(
    expression: str, mean: float, variance: float, first: str, second: str, both: str
) -> None:
    found = moments(expression, mean=mean, variance=variance)
    assert found.certified
    assert is_tight(found)
    for name, text in (("mean", first), ("second_moment", second), ("covariance", both)):
        assert holds(getattr(found, name), getattr(found, f"{name}_error"), exact(text))


@pytest.mark.parametrize(
    ("expression", "mean"),
    [
        ("1/x", 0.0),
        ("1/x", 3.0),
        ("1/(x - 2)", 0.0),
        ("1/(x - 2)**2", 0.0),
        ("1/abs(x)", 0.0),
        ("exp(x**2/2)", 0.0),
        ("exp(x**2)", 0.0),
        ("exp(exp(x))", 0.0),
        ("exp(exp(-x))", 5.0),
        ("exp(1/x)", 0.0),
        ("x**2*exp(x**2/2)", 0.0),
        ("1/(x - 30)", 0.0),
        ("1/log(abs(x))", 0.0),
    ],
)
def test_what_diverges_is_proved_to(expression: str, mean: float) -> None:
    found = moments(expression, mean=mean)
    assert found.mean is None
    assert found.certified
    assert found.reason.startswith("No mean: ")


@pytest.mark.parametrize(
    ("expression", "first"),
    [("exp(x**2/4)", math.sqrt(2)), ("abs(x)**-0.5", 2**-0.25 * math.gamma(0.25) / math.sqrt(math.pi))],
)
def test_a_mean_without_a_variance(expression: str, first: float) -> None:
    found = moments(expression)
    assert found.certified
    assert found.mean == pytest.approx(first, rel=1e-15)
    assert (found.variance, found.second_moment) == (None, None)
    assert found.reason.startswith("No variance: ")


@pytest.mark.parametrize(
    ("expression", "mean", "variance"),
    [
        # Exists: the density falls faster, however little.
        ("exp(x**2/2 - abs(x))", 0.0, 1.0),
        ("log(abs(x))", 0.0, 1.0),
        ("abs(x)**-0.4", 0.0, 1.0),
        ("exp(-1/x**2)", 0.0, 1.0),
        ("sin(x)/x", 0.0, 1.0),
        ("expm1(x)/x", 0.0, 1.0),
        ("x/x", 0.0, 1.0),
        ("1/(x**2 + 1e-6)", 0.0, 1.0),
        ("sin(50*x)", 0.0, 1.0),
        ("sqrt(abs(x**2 - 2))", 0.0, 1.0),
        ("abs(x - 1/3)", 0.0, 1e-12),
        ("tanh(x)", 0.0, 1e8),
    ],
)
def test_no_divergence_is_claimed_of_what_exists(expression: str, mean: float, variance: float) -> None:
    found = moments(expression, mean=mean, variance=variance)
    measured = moments(expression, mean=mean, variance=variance, certified=False)
    assert found.certified
    assert found.mean is not None
    assert found.mean_error is not None
    assert measured.mean is not None
    assert measured.mean_error is not None
    assert not measured.certified
    assert abs(found.mean - measured.mean) <= found.mean_error + 10 * measured.mean_error


@pytest.mark.parametrize("expression", ["sqrt(x)", "log(x)", "arctanh(x)", "x**0.5", "log(x - 400)", "sqrt(x)*0"])
def test_a_hole_has_no_number(expression: str) -> None:
    assert moments(expression).mean is None


@pytest.mark.parametrize("expression", ["exp(500*x)", "1e300*x**2", "exp(exp(exp(x)))"])
def test_no_number_is_infinite(expression: str) -> None:
    found = moments(expression)
    for number in (found.mean, found.variance, found.second_moment, found.mean_error, found.covariance):
        assert number is None or math.isfinite(number)


def test_constants_have_no_variance() -> None:
    for expression in ("0*x", "one(x)", "max(3, 3*one(x))"):
        found = moments(expression, mean=0.3, variance=2.0)
        assert found.certified
        assert found.variance == 0.0


def test_parameters_count() -> None:
    found = moments("leaky_relu(x, alpha)", parameters={"alpha": 0.5})
    assert found.certified
    assert found.mean == pytest.approx(0.5 / math.sqrt(2 * math.pi), rel=1e-15)
    with pytest.raises(DomainError, match="not finite"):
        moments("leaky_relu(x, alpha)", parameters={"alpha": math.inf})


@pytest.mark.parametrize(("mean", "variance"), [(math.nan, 1.0), (0.0, 0.0), (0.0, -1.0), (0.0, math.inf)])
def test_bad_normals_are_refused(mean: float, variance: float) -> None:
    with pytest.raises(DomainError):
        moments("relu(x)", mean=mean, variance=variance)


def gain(expression: str) -> Any:
    subject = Subject.of(expression, 0.0, 1.0, None)
    return gain_of(subject, measure_of(subject))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("x**3", "27"),
        ("exp(x)", "7.38905609893065022723042746057500781318031557055184732408713"),
        ("relu(x)", "0.5"),
        ("abs(x)", "1"),
        # 1/(2*pi*sqrt(3)).
        ("normal_cdf(x)", "0.0918881492369653414062180205446225136"),
    ],
)
def test_gains_lie_within_certificates(expression: str, value: str) -> None:
    found = gain(expression)
    assert found.certified
    assert holds(found.value, found.error, exact(value))


@pytest.mark.parametrize("expression", ["erf(x)", "erfc(x)", "sinc(x)", "i1e(x)", "relu(x)*erf(x)"])
def test_a_derivative_with_rounded_constants_proves_nothing(expression: str) -> None:
    found = gain(expression)
    assert not found.certified
    assert found.error is None
    assert found.value > 0


def test_gains_that_do_not_exist() -> None:
    steep = gain("sqrt(abs(x))")
    assert (steep.value, steep.error, steep.certified) == (None, None, True)
    jump = gain("sign(x)")
    assert (jump.value, jump.error, jump.certified) == (None, None, False)
    assert "jumps" in jump.reason


def test_what_takes_too_long_has_no_number() -> None:
    found = moments("i0e(cube(relu6(celu(x, hard_elish(x)))))")
    assert found.certified or found.mean is None or found.mean_error is not None
    if found.mean is None:
        assert "seconds to be measured" in found.reason
