"""Requirements stated as text: what they say, what they are about, and errors that point into them."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from flint import arb

from symkit.checking.requirement_text import MAX_CLAUSES, MAX_TEXT, PROPERTIES
from symkit.checking.requirements import Requirement, required
from symkit.errors import DomainError, LimitError, ParseError, UnknownOperator
from symkit.evaluation import evaluate_balls, evaluate_numpy
from symkit.text import define, parse

CROSS_ENTROPY = "-y*log(p) - (1 - y)*log(1 - p)"


def judged(text: str, requirements: str, **options: object) -> list[Requirement]:
    return required(parse(text), requirements, seconds=1.5, **options)  # type: ignore[arg-type]


def statuses(text: str, requirements: str, **options: object) -> list[str]:
    return [found.verdict.status for found in judged(text, requirements, **options)]


# -- clauses and ranges ------------------------------------------------------------------------------------


def test_clauses_are_judged_in_order_and_shown_with_single_blanks() -> None:
    found = judged("tanh(x)", "finite  on x in [-10,10];\n monotone ;abs(f)<=1;")
    assert [one.text for one in found] == ["finite on x in [-10,10]", "monotone", "abs(f)<=1"]
    assert [one.verdict.status for one in found] == ["proved"] * 3


@pytest.mark.parametrize(
    ("text", "requirements", "status"),
    [
        ("1/x", "finite on x > 0", "refuted"),
        ("1/x", "finite on x >= 1", "proved"),
        ("1/x", "decreasing on 0 < x", "proved"),
        ("1/x", "f <= 1 on 1 <= x", "proved"),
        ("1/x", "f < 1 on x > 1", "proved"),
        ("1/x", "f < 1 on x >= 1", "refuted"),
        ("1/x", "f <= 1 on 1 <= x < 5", "proved"),
        ("1/x", "f >= 0.25 on x in [1, 4]", "proved"),
        ("1/x", "f > 0.25 on x in [1, 4)", "proved"),
        ("1/x", "f > 0.25 on x in [1, 4]", "refuted"),
        ("1/x", "f <= 1 on x in {1, 2, 3.5}", "proved"),
        ("1/x", "f < 1 on x in {1, 2}", "refuted"),
        ("1/x", "f == 0.5 on x == 2", "proved"),
        ("1/x", "defined on x in [-1, 0)", "proved"),
        ("1/x", "defined on x in [-1, 0]", "refuted"),
        ("sin(x)", "increasing on x in [-pi/4, pi/4]", "proved"),
        ("sin(x)", "increasing on x in [-pi/2, 2*pi/3]", "refuted"),
        ("sqrt(x)", "defined on x in [0, inf)", "proved"),
        ("exp(x)", "0 < f <= 1 on x <= 0", "proved"),
        ("exp(x)", "0 < f < 1 on x <= 0", "refuted"),
        ("exp(x)", "f' == f on x in [-2, 2]", "proved"),
        ("tanh(x)", "0 <= f' <= 1", "proved"),
        ("tanh(x)", "|f'| ≤ 1", "proved"),
        ("x**2", "f ≥ 2*x - 1", "proved"),
        ("x**2", "f >= where(x > 0, x, -x)", "refuted"),
        ("x**2", "f >= (x if x > 1 else 0)", "proved"),
        ("x", "f >= zero(x) on x >= 0", "proved"),
        ("relu(x)", "f == max(x, 0)", "proved"),
        ("x*0 + 1", "uses x", "refuted"),
        ("x + 1", "uses x", "proved"),
        ("cos(x) - 1", "zero at zero", "proved"),
        ("pswish(x, beta)", "f >= -1 on beta in [1, 2]", "proved"),
        ("pswish(x, beta)", "uses beta", "proved"),
        ("pswish(x, beta)", "f >= x on beta == 0, x <= 0", "proved"),
        (CROSS_ENTROPY, "nonnegative on y in {0, 1}, p in (0, 1)", "proved"),
        (CROSS_ENTROPY, "finite on y in {0, 1} and p in (0, 1)", "proved"),
        (CROSS_ENTROPY, "decreasing in p on y == 1, p in (0, 1)", "proved"),
        (CROSS_ENTROPY, "decreasing in p on y in {0, 1}, p in (0, 1)", "refuted"),
        (CROSS_ENTROPY, "convex in p on y in {0, 1}, 0 < p < 1", "proved"),
        (CROSS_ENTROPY, "uses y on p in (0, 1), y in [0, 1]", "proved"),
        ("(y - p)**2", "nonnegative", "proved"),
        ("(y - p)**2", "f == 0 on y in {0.25}, p in {0.25}", "proved"),
        ("(y - p)**2", "lipschitz <= 2 in p on y in [0, 1], p in [0, 1]", "proved"),
        ("(y - p)**2", "even in p", "refuted"),
        ("(y - p)**2", "increasing in yhat on y == 0, yhat >= 0", "proved"),
        ("p**2 + (y - y)", "uses y", "refuted"),
        ("(y - p)**2", "bounded", "refuted"),
        ("(y - p)**2", "lipschitz in p", "refuted"),
        ("(y - p)**2", "bounded on y in [0, 1], p in [-1, 1]", "proved"),
        ("sigmoid(y)*tanh(p)", "bounded", "proved"),
        ("y*sign(p)", "lipschitz in p on y in [0, 1]", "refuted"),
    ],
)
def test_what_a_clause_is_about(text: str, requirements: str, status: str) -> None:
    assert statuses(text, requirements) == [status]


def test_ranges_of_a_clause_replace_the_box() -> None:
    box = {"x": (0.0, 1.0)}
    assert statuses("x**2", "f <= 1; f <= 1 on x in [0, 2]; increasing; increasing on x >= -1", box=box) == [
        "proved",
        "refuted",
        "proved",
        "refuted",
    ]


def test_finite_is_about_the_dtype_and_bounds_about_the_reals() -> None:
    assert statuses("exp(x)", "finite on x in [0, 80]; finite on x in [0, 80]", dtype="float32") == ["proved"] * 2
    assert statuses("exp(x)", "finite on x in [0, 80]", dtype="float16") == ["refuted"]
    assert statuses("exp(exp(x))", "finite; defined", dtype="float32") == ["refuted", "proved"]


def test_an_open_bound_leaves_out_one_number_of_the_dtype() -> None:
    (inside,) = judged("1/(1 - x)", "finite on x in [0, 1)", dtype="float32")
    (closed,) = judged("1/(1 - x)", "finite on x in [0, 1]", dtype="float32")
    assert inside.verdict.is_proved
    assert closed.verdict.witness == {"x": 1.0}


@pytest.mark.parametrize(
    ("text", "requirements"),
    [
        ("x**3 - x", "f <= 0.38 on x in [-1, 1]"),
        ("swish(x)", "f >= -0.278"),
        ("y*p", "f < 1 on y in (0, 2), p in (0, 2)"),
        ("tanh(x)", "f < x on x > -1"),
        ("sin(x)", "f' >= -0.5"),
    ],
)
def test_witnesses_lie_inside_and_fail(text: str, requirements: str) -> None:
    (found,) = judged(text, requirements)
    witness = found.verdict.witness
    assert found.verdict.is_refuted
    assert witness is not None
    checks = {
        "f <= 0.38 on x in [-1, 1]": lambda f, w: f > 0.38 and abs(w["x"]) <= 1,
        "f >= -0.278": lambda f, w: f < -0.278,
        "f < 1 on y in (0, 2), p in (0, 2)": lambda f, w: f >= 1 and 0 < w["y"] < 2 and 0 < w["p"] < 2,
        "f < x on x > -1": lambda f, w: f >= w["x"] > -1,
        "f' >= -0.5": lambda f, w: math.cos(w["x"]) < -0.5,
    }
    value = float(evaluate_balls(parse(text).program, dict(witness), 256)[0].mid())
    assert checks[requirements](value, witness)


def test_a_users_operator_can_be_used_in_a_requirement() -> None:
    table = define("double", "2*x")
    (found,) = required(parse("double(x)", table=table), "f == double(x)", seconds=1)
    assert found.verdict.is_proved


def test_constants_of_the_header_count() -> None:
    assert statuses("g(x; eps = 0.5) = x + eps", "f >= x + 0.5; f == x + eps") == ["proved", "proved"]


def test_most_verdicts_take_a_moment() -> None:
    clauses = "increasing; bounded; odd; even; f < 1; zero at zero; convex; lipschitz"
    judged("tanh(x)", clauses)
    start = time.perf_counter()
    judged("tanh(x)", clauses)
    assert time.perf_counter() - start < 8 * 0.15


# -- errors ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("requirements", "line", "column", "words", "suggestion"),
    [
        ("", 1, 1, "a requirement is missing", None),
        ("finite; ; odd", 1, 9, "a requirement is missing", None),
        ("monotonic", 1, 1, "no requirement", "monotone"),
        ("odd;\n  finit on x > 0", 2, 3, "no requirement", "finite"),
        ("lipschits", 1, 1, "no requirement", "lipschitz"),
        ("x in [0, 1]", 1, 1, "no requirement", None),
        ("f <=", 1, 5, "too early", None),
        ("f <= (1", 1, 8, "too early", None),
        ("f <= 1 on x in [0,", 1, 19, "too early", None),
        ("f = 1", 1, 3, "'='", "'==' to compare"),
        ("f <= 1 @ x", 1, 8, "'@'", None),
        ("strictly odd", 1, 10, "does not fit", None),
        ("f <= sigmod(x)", 1, 6, "sigmod", "sigmoid"),
        ("odd; 1 + sigmod(x) >= f", 1, 10, "sigmod", "sigmoid"),
        ("f <= 2*z1", 1, 8, "z1", None),
        ("monotone in q", 1, 13, "q", None),
        ("monotone on q > 0", 1, 13, "q", None),
        ("monotone on x in {1, 2}", 1, 1, "single values", None),
        ("f <= 1 on x in [3, 2]", 1, 11, "no number is left", None),
        ("f <= 1 on x in (3, 3]", 1, 11, "no number is left", None),
        ("f <= 1 on x > 3, x < 2", 1, 18, "no number is left", None),
        ("f <= 1 on x in [0, a]", 1, 20, "is no number", None),
        ("f <= 1 on x in [0, 0/0]", 1, 20, "has no value", None),
        ("f <= 1 on x in {0, inf}", 1, 11, "infinite", None),
        ("f <= 1 on x != 0", 1, 13, "no range", None),
        ("f <= 1 on 1 < 2", 1, 11, "one name", None),
        ("lipschitz >= 1", 1, 11, "at most", None),
        ("f <= 1e999", 1, 6, "too large", None),
    ],
)
def test_errors_point(requirements: str, line: int, column: int, words: str, suggestion: str | None) -> None:
    with pytest.raises(ParseError) as caught:
        judged("tanh(x)", requirements)
    error = caught.value
    assert words in error.problem
    assert (error.line, error.column) == (line, column)
    assert error.text == requirements
    assert error.suggestion == suggestion


def test_a_direction_of_several_inputs_needs_a_name() -> None:
    with pytest.raises(ParseError, match="in which input") as caught:
        judged("(y - p)**2", "nonnegative; monotone")
    assert caught.value.column == 14
    assert "'monotone in p'" in caught.value.expected[0]
    with pytest.raises(ParseError, match="derivative"):
        judged("(y - p)**2", "f' >= 0")


def test_an_unknown_function_keeps_its_error() -> None:
    with pytest.raises(UnknownOperator):
        judged("x", "f <= sigmod(x)")


def test_properties_are_listed_where_a_clause_begins_wrong() -> None:
    with pytest.raises(ParseError) as caught:
        judged("x", "bogus")
    assert all(word in " ".join(caught.value.expected) for word in PROPERTIES)


def test_limits() -> None:
    with pytest.raises(LimitError):
        judged("x", "odd;" * (MAX_TEXT // 4 + 1))
    with pytest.raises(LimitError) as caught:
        judged("x", ";".join(["odd"] * (MAX_CLAUSES + 1)))
    assert caught.value.column == 4 * MAX_CLAUSES + 1
    with pytest.raises(LimitError):
        judged("x", "f <= " + "(" * 300 + "1" + ")" * 300)
    with pytest.raises(LimitError):
        judged(
            "y + p",
            "f <= 1 on y in {" + ",".join(map(str, range(9))) + "}, p in {" + ",".join(map(str, range(9))) + "}",
        )


@pytest.mark.parametrize("text", [None, 3, b"odd", ["odd"]])
def test_what_is_no_text(text: object) -> None:
    with pytest.raises(DomainError):
        required(parse("x"), text)  # type: ignore[arg-type]


def test_hostile_text_raises_errors_of_this_package_only() -> None:
    rng = np.random.default_rng(0)
    pieces = [
        *"()[]{}|<>=;,'+-*/^ \n\x00é∞²′",
        "f",
        "x",
        "f'",
        " on ",
        " in ",
        " and ",
        "inf",
        "1e400",
        "1",
        "zero",
        "at",
    ]
    pieces += [f" {word} " for word in PROPERTIES] + [
        "<=",
        ">=",
        "==",
        "if",
        "else",
        "__import__('os')",
        "lambda",
        "\ud800",
    ]
    for _ in range(400):
        text = "".join(rng.choice(pieces, rng.integers(1, 12)))
        try:
            required(parse("x"), text, seconds=0.01)
        except (ParseError, DomainError):
            continue


def test_values_in_reasons_are_those_of_the_function() -> None:
    (found,) = judged("x**2", "f <= 3 on x in [0, 2]")
    assert found.verdict.witness is not None
    x = found.verdict.witness["x"]
    assert evaluate_numpy(parse("x**2").program, {"x": x})[0] > 3
    assert arb(x) ** 2 > 3
