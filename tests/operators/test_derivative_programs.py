"""The derivative Programs themselves: against differences of exact values, and at kinks against the records."""

from __future__ import annotations

import itertools
import math
import random
import re
from collections.abc import Callable, Iterator

import pytest
from operators.jets import OPERATORS, exact_jet, jet
from operators.points import CONSTANTS, Point, kink_terms, kinks_along, shortened

from symkit.evaluation import evaluate_exact
from symkit.ops import Operator, standard

NUMBER = r"-?\d+(?:\.\d+)?(?:/\d+)?|inf"


def smooth_points(operator: Operator, count: int = 20) -> Iterator[Point]:
    """Random points whose coordinates have 8 bits; small and large."""
    rng = random.Random(f"smooth {operator.name}")
    for _ in range(count):
        yield tuple(shortened(rng.choice((-1, 1)) * 2 ** rng.uniform(-7, 5), 8) for _ in range(operator.arity))


def moved(point: Point, slot: int, by: float) -> Point:
    return *point[:slot], point[slot] + by, *point[slot + 1 :]


def differences(operator: Operator, point: Point, slot: int) -> tuple[list[float], list[float]] | None:
    """By root, the derivative along a coordinate from exact values, and the error that may be left in it.

    Central differences at three steps, extrapolated (Richardson); None where a kink or a hole is too near.
    """
    step = abs(point[slot]) * 2.0**-20
    steps = (step, step / 2, step / 4)
    around = [moved(point, slot, by) for step in steps for by in (step, -step)]
    if any(len(signs) > 1 or 0 in signs for signs in _kink_signs(operator, [point, *around])):
        return None
    rows = [_exact(operator, at) for at in around]
    if not all(value == value and abs(value) < math.inf for row in rows for value in row):
        return None
    found: list[float] = []
    errors: list[float] = []
    for values in zip(*rows, strict=True):
        first, second, third = ((values[2 * i] - values[2 * i + 1]) / (2 * steps[i]) for i in range(3))
        coarse, fine = (4 * second - first) / 3, (4 * third - second) / 3
        found.append((16 * fine - coarse) / 15)
        errors.append(abs(found[-1]) * 1e-10 + max(map(abs, values)) / abs(point[slot]) * 1e-20)
    return found, errors


def _exact(operator: Operator, point: Point) -> list[float]:
    whole = jet(operator)
    return evaluate_exact(whole.program, dict(zip(whole.names, point, strict=True)) | CONSTANTS)


def _kink_signs(operator: Operator, at: list[Point]) -> list[set[int]]:
    """For each kink term the signs it has."""
    terms = [kink_terms(operator, point) for point in at]
    return [{(value > 0) - (value < 0) for value in column} for column in zip(*terms, strict=True)]


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.name)
def test_derivatives_are_limits_of_differences(operator: Operator) -> None:
    orders = jet(operator).orders
    compared = 0
    for point, slot in itertools.product(smooth_points(operator), range(operator.arity)):
        limit = differences(operator, point, slot)
        if limit is None:
            continue
        compared += 1
        derivatives = _exact(operator, point)
        for order, difference, error in zip(orders, *limit, strict=True):
            if len(order) < 2:
                higher = tuple(sorted((*order, slot)))
                derivative = derivatives[orders.index(higher)]
                assert abs(derivative - difference) <= error, (higher, point, float(derivative), float(difference))
    assert compared >= 5 * operator.arity


WORDS: dict[str, Callable[[Point], float | None]] = {
    "slope": lambda point: point[1],
    "alpha": lambda point: point[1],
    "at a zero base the derivative by the exponent is 0, unless the exponent is negative": lambda point: None,
    "NaN where both are 0": lambda point: None,
    "that of the branch taken": lambda point: None,
}
"""Promises that are no number, by what they say of the derivative by the first operand."""


def promise(operator: Operator, slot: int, point: Point) -> tuple[float, float] | None:
    """What the record says of the derivative by its first operand at a kink, and how exactly; None if nothing."""
    text = operator.at_kink.partition(";")[0]
    if slot and "each operand" not in text:
        return None
    if text in WORDS:
        value = WORDS[text](point)
        return None if value is None else (value, 0.0)
    places = {_number(place)[0]: value for value, place in re.findall(rf"({NUMBER}) at ({NUMBER})", text)}
    if places:
        return _number(places[point[slot]]) if point[slot] in places else None
    plain = re.match(rf"({NUMBER})(?= for each operand|,|$)", text)
    assert plain, f"{operator.name}: at_kink {operator.at_kink!r} starts with no number and is not in WORDS"
    return _number(plain[1])


def _number(text: str) -> tuple[float, float]:
    """The number, and half a unit of its last digit if four or more are printed."""
    top, _, bottom = text.partition("/")
    decimals = len(text.partition(".")[2])
    return float(top) / float(bottom or 1), 0.5 * 10.0**-decimals if decimals >= 4 else 0.0


KINKED = [operator for operator in OPERATORS if operator.at_kink]


@pytest.mark.parametrize("operator", KINKED, ids=lambda operator: operator.name)
def test_kinks_have_the_promised_derivative(operator: Operator) -> None:
    order = jet(operator).orders.index((0,))
    for slot, point in kinks_along(operator):
        promised = promise(operator, slot, point)
        if promised is not None:
            value, error = promised
            exact, remainder = exact_jet(operator, [point])[:, order, 0]
            assert exact == value or abs(exact - value + remainder) <= error + 1e-16, (point, exact)


def test_promises_in_words() -> None:
    def derivative(name: str, order: tuple[int, ...], point: Point) -> float:
        operator = standard()[name]
        return float(exact_jet(operator, [point])[0, jet(operator).orders.index(order), 0])

    assert [derivative("pow", (1,), (0.0, exponent)) for exponent in (0.0, 0.5, 1.0, 2.0)] == [0.0] * 4
    assert derivative("pow", (1,), (0.0, -1.0)) == -math.inf
    assert math.isnan(derivative("hypot", (0,), (0.0, 0.0)))
    assert [derivative("where", (1,), (condition, 2.0, 3.0)) for condition in (0.0, 1.0, -0.5)] == [0.0, 1.0, 1.0]
