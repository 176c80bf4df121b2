"""Protecting: every operator with a hole gets a closed form, by name, and nothing else changes."""

from __future__ import annotations

import itertools
import math
import time
from itertools import islice

import numpy as np
import pytest

import symkit
from symkit.checking import protect, unprotected
from symkit.errors import DomainError, LimitError, ParseError
from symkit.evaluation import evaluate_exact, evaluate_numpy
from symkit.ops import Condition, Operator, standard
from symkit.spaces import Recipe, generated
from symkit.text import Expression, define, parse

DIVISIONS = ("aq", "divide_no_nan")
WITH_HOLES = [operator for operator in standard().values() if operator.domain]
OVERFLOWING = {operator.name for operator in standard().values() if operator.overflows}

TINY = float(np.finfo(np.float32).smallest_subnormal)
HUGE = float(np.finfo(np.float32).max)
EPS = float(np.float32(1e-7))
MODERATE = (0.0, -0.0, EPS, -EPS, 0.5, -0.5, 1.0, -1.0, 2.0, -2.0, 88.0, -88.0, 9984.0, -9984.0)
SPECIAL = (*MODERATE, TINY, -TINY, HUGE, -HUGE)


def applied(operator: Operator) -> Expression:
    """The operator over inputs of its own."""
    names = ", ".join("abc"[: operator.arity])
    return parse(f"f({names}) = {operator.name}({names})")


def values(e: Expression, points: tuple[float, ...]) -> np.ndarray:
    """What float32 makes of it, operator by operator, at all combinations of the points."""
    columns = np.array(list(itertools.product(points, repeat=len(e.inputs)))).T
    given = dict(zip(e.inputs, columns, strict=True)) | e.constant_values(C=10)
    return evaluate_numpy(e.program, given, "float32")[0]


@pytest.mark.parametrize("division", DIVISIONS)
@pytest.mark.parametrize("operator", WITH_HOLES, ids=lambda operator: operator.name)
def test_each_operator_with_a_hole_gets_a_closed_form(operator: Operator, division: str) -> None:
    e = applied(operator)
    found = protect(e, division=division)
    assert unprotected(e) == (operator.name,)
    assert set(unprotected(found)) <= OVERFLOWING
    assert protect(found, division=division) is found
    assert parse(str(found)) == found
    assert (found.kind, found.inputs) == (e.kind, e.inputs)
    # Where the form still has an exponential, only what does not overflow it.
    small = [point for point in MODERATE if abs(point) < 3 and (abs(point) != EPS or not unprotected(found))]
    for point in itertools.product(small, repeat=operator.arity):
        (value,) = evaluate_exact(found.program, dict(zip("abc", point, strict=False)) | found.constant_values())
        assert math.isfinite(value), point


@pytest.mark.parametrize("operator", WITH_HOLES, ids=lambda operator: operator.name)
def test_protected_forms_are_finite_in_float32(operator: Operator) -> None:
    found = protect(applied(operator))
    # A product of three moderate numbers is one too; of two huge ones it is not, nor is an exponential.
    points = SPECIAL if operator.arity == 1 or operator.name == "div" else MODERATE
    if unprotected(found):
        points = tuple(point for point in points if abs(point) < 3)
    # No float32 is a pole of the tangent, but its form should not depend on that.
    assert operator.name == "tan" or not np.isfinite(values(applied(operator), points)).all()
    assert np.isfinite(values(found, points)).all()


def test_the_other_division_is_finite_where_the_quotient_is() -> None:
    found = protect("f(a, b) = a/b", division="divide_no_nan")
    assert np.isfinite(values(found, MODERATE)).all()
    assert symkit.evaluate(found, a=3.0, b=0.0) == 0.0
    assert symkit.evaluate(found, a=3.0, b=4.0) == 0.75
    assert symkit.evaluate(found, a=3.0, b=TINY, dtype="float32") == math.inf


FORMS = [
    ("x/y", "aq(x, y)"),
    ("2/x", "aq(2, x)"),
    ("log(x)", "log_abs_eps(x)"),
    ("sqrt(x)", "sqrt_abs_eps(x)"),
    ("log1p(x)", "log_abs_eps(1 + x)"),
    ("reciprocal(x)", "aq(1, x)"),
    ("rsqrt(x)", "aq(1, sqrt_abs_eps(x))"),
    ("tan(x)", "aq(sin(x), cos(x))"),
    ("arctanh(x)", "0.5*(log_abs_eps(1 + x) - log_abs_eps(1 + -x))"),
    ("divide_eps(x, y)", "aq(x, y + eps)"),
    ("log_abs_shift(x)", "log_abs_eps(abs(x + eps))"),
    ("x**-1", "aq(1, x)"),
    ("x**-2", "aq(1, x**2)"),
    ("x**0.5", "exp(0.5*log_abs_eps(x))"),
    ("x**-0.5", "aq(1, exp(0.5*log_abs_eps(x)))"),
    ("x**y", "exp(y*log_abs_eps(x))"),
    ("celu(x, alpha)", "where(x > 0, x, alpha*expm1(aq(where(x > 0, 0, x), alpha)))"),
    ("y*log(sqrt(p)/y)", "y*log_abs_eps(aq(sqrt_abs_eps(p), y))"),
    ("1/cosh(x)", "aq(1, cosh(x))"),
    ("where(x > 0, log(x), 0)", "where(x > 0, log_abs_eps(x), 0)"),
    ("x/0", "aq(x, 0)"),
    ("x/1e-50", "aq(x, 1e-50)"),
    ("x*log(-2)", "x*log_abs_eps(-2)"),
    ("x/(C - 2)", "aq(x, C - 2)"),
    ("0**x", "exp(x*log_abs_eps(0))"),
]


@pytest.mark.parametrize(("text", "expected"), FORMS, ids=[text for text, _ in FORMS])
def test_forms(text: str, expected: str) -> None:
    e = parse(text)
    assert protect(e) == parse(expected, kind=e.kind)
    assert protect(protect(e)) == protect(e)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "x/2",
            "x/-2",
            "x/(2*pi)",
            "log(2)*x",
            "x*log(2*pi)",
            "x/sqrt(2*pi)",
            "-y*p/C",
            "x/eps",
            "f(x; C = 3) = x/(C - 2)",
        ),
        *("x**2", "x**0", "x**7", "2**x", "celu(x)", "celu(x, 0.5)", "snake(x)", "squareplus(x)", "divide_eps(x, 2)"),
        *("aq(x, y)", "divide_no_nan(x, y)", "log_abs_eps(x)", "sqrt_abs_eps(x)", "exp(x)", "hypot(x, y)", "x", "3"),
        *("log(cosh(2))*x", "smooth_leaky_relu(x, alpha)"),
    ],
)
def test_what_has_no_hole_stays(text: str) -> None:
    e = parse(text)
    assert protect(e) is e


def test_the_signature_is_kept() -> None:
    e = parse("f(y, p; beta: channel = 0.5, eps = 0.25, C = 3) = log(beta*p)*y**C/y + eps")
    found = protect(e)
    assert str(found) == (
        "f(y, p; beta: channel = 0.5, C = 3, eps = 0.25) = aq(log_abs_eps(beta*p)*exp(C*log_abs_eps(y)), y) + eps"
    )
    assert (found.kind, found.inputs, found.settings, found.constants) == (e.kind, e.inputs, e.settings, e.constants)
    assert symkit.evaluate(protect("f(x; eps = 0.5) = log(x)"), x=0.5) == 0.0


def test_a_constant_exponent_without_a_value_is_unknown() -> None:
    assert "log_abs_eps" in str(protect("x**C"))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("x/y", ("div",)),
        ("log(x) + 1/x + sqrt(x)", ("log", "div", "sqrt")),
        ("exp(x) + exp(2)", ("exp",)),
        ("exp(2)", ()),
        ("cosh(x)*x**5", ("cosh", "pow")),
        ("x**3", ()),
        ("softplus(x)*erf(x)", ()),
        ("x/2", ()),
    ],
)
def test_what_is_unprotected(text: str, names: tuple[str, ...]) -> None:
    assert unprotected(text) == names


def test_defined_operators_are_looked_into() -> None:
    table = define("half", "x/2", table=define("ratio", "f(a, b) = a/b", table=define("grow", "exp(x) - 1")))
    e = parse("ratio(half(x), grow(x)) + ratio(x, 3)", table=table)
    assert unprotected(e) == ("exp", "div")
    assert protect(e) == parse("aq(half(x), grow(x)) + x/3", table=table)
    assert protect(protect(e)).table == table
    assert unprotected(protect(e)) == ("exp",)


def test_an_operator_without_a_closed_form_stays_and_is_named() -> None:
    log = standard()["log"]
    record = Operator(
        "log2",
        1,
        "Logarithm to base 2.",
        "numpy.log2",
        exact=lambda m, x: m.log(x, 2),
        partials=(lambda b, x, r: 1 / (x * 0.6931471805599453),),
        ball=log.ball,
        torch="torch.log2",
        numpy="numpy.log2",
        domain=(Condition("> 0", lambda b, x: x),),
        defined_on=(0.0, math.inf),
        trend=("increasing",),
        safe=(1.0,),
    )
    e = parse("log2(x)/x", table=standard().extended(record))
    assert str(protect(e)) == "aq(log2(x), x)"
    assert unprotected(protect(e)) == ("log2",)


def test_random_expressions_are_closed_afterwards() -> None:
    recipe = Recipe(inputs=("y", "p"), constants=("eps", "pi", "C"), max_size=10, max_depth=4)
    rng = np.random.default_rng(3)
    points = {name: np.append(rng.normal(size=60), (0.0, 1.0, -1.0, 2.0)) for name in ("y", "p")}
    changed = 0
    for e in islice(generated(11, recipe), 400):
        found = protect(e)
        changed += found != e
        assert protect(found) == found
        assert set(unprotected(found)) <= OVERFLOWING
        assert parse(str(found), kind=found.kind) == found
        assert (found.kind, found.inputs) == (e.kind, e.inputs)
        if not unprotected(found):
            (value,) = evaluate_numpy(found.program, points | found.parameters | found.constant_values(C=10))
            assert np.isfinite(value).all(), found
    assert changed > 100


def test_closedness_has_its_limits_in_float32() -> None:
    """Squares overflow; the analytic quotient of what they give does not, for it takes no square itself."""
    assert symkit.evaluate(protect("x**2/y**2"), x=1e18, y=1e18, dtype="float32") == 1.0
    assert math.isnan(symkit.evaluate(protect("x**2/y**2"), x=1e20, y=1e20, dtype="float32"))


@pytest.mark.parametrize("text", ["f(x; eps = 0) = log(x)", "f(x; eps = -1) = sqrt(x)", "f(x; eps = 1e-60) = log1p(x)"])
def test_an_eps_that_protects_nothing(text: str) -> None:
    with pytest.raises(DomainError, match="keeps no operand away from 0"):
        protect(text)


def test_bad_input() -> None:
    with pytest.raises(DomainError, match=r"division 'fast' is not one of aq, divide_no_nan"):
        protect("x", division="fast")
    with pytest.raises(ParseError):
        protect("x +")


def test_hostile_input_is_stopped() -> None:
    start = time.perf_counter()
    nested = "x"
    for _ in range(150):
        nested = f"celu({nested}, a)"
    with pytest.raises(LimitError, match="the limits are"):
        protect(nested)
    chain = "; ".join(f"t{i + 1} = 1/t{i}" for i in range(3000)).replace("t0", "x")
    assert protect(f"{chain}; t3000").program.operator_counts() == {"aq": 3000}
    tower = "f(x) = x/" + "**".join(["9"] * 60)
    assert protect(tower).size
    assert time.perf_counter() - start < 10


def test_it_is_public() -> None:
    assert symkit.protect is protect
