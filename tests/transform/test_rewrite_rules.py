"""Every rewrite rule over its domain, extremes included: the same function and gradient, nowhere less accurate; and a
stabilising one somewhere better.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from tolerances import FORMATS

from symkit.evaluation import evaluate_exact, evaluate_numpy
from symkit.ir import Program
from symkit.transform import RULES as STABILISING
from symkit.transform import Rule, gradient
from symkit.transform.algebra import RULES as SHARING

RULES = (*STABILISING, *SHARING)

EXACT_RULES = {"double_negation": "nothing is gained but size"}
"""Rules that are exact in every dtype, so that nothing is more accurate after them."""

LOSSES: dict[str, tuple[Callable[[float, float], float], str]] = {
    "sigmoid_of_two_exponentials": (lambda a, b: abs(a - b), "the rounding of a - b is felt as often as that is large"),
    "log_of_sum_of_exps": (lambda a, b: 8, "near 0 the result is a difference of rounded numbers"),
}
"""Units in the last place that rules may lose, by the values of their names, where the pattern is finite."""

SATURATION = 4e4
"""Exponentials of more count as infinite in the exact evaluator."""

MAGNITUDES = (1e-30, 1e-19, 1e-8, 1e-4, 0.01, 0.3, 0.7, 1.0, 3.0, 9.0, 17.0, 44.0, 88.0, 104.0, 120.0, 350.0)
LARGE = (710.0, 746.0, 1e4, 1e10, 1e19, 1e30)

Array = NDArray[np.float64]


def ids(rule: Rule) -> str:
    return rule.name


@cache
def points(rule: Rule) -> list[dict[str, float]]:
    """Assignments in float32 numbers: extremes and random ones, every pair of them for two names."""
    rng = random.Random(rule.name)
    names = rule.left.parameters
    values = [sign * m for m in (*MAGNITUDES, *LARGE) for sign in (1, -1)] + [0.0]
    values += [rng.gauss(0, scale) for scale in (0.1, 1, 10, 50) for _ in range(4 if len(names) > 1 else 20)]
    rounded = [float(np.float32(value)) for value in values]
    return [dict(zip(names, choice, strict=True)) for choice in itertools.product(rounded, repeat=len(names))]


@cache
def exact_values(program: Program, rule: Rule) -> list[list[float]]:
    """By point, the roots. Several tests ask for those of the same side."""
    return [evaluate_exact(program, point) for point in points(rule)]


def same(one: float, other: float) -> bool:
    if one != one or other != other or math.inf in (abs(one), abs(other)):
        return one == other or (one != one and other != other)
    return bool(abs(one - other) <= 1e-25 * max(abs(one), abs(other)) + 1e-300)


@pytest.mark.parametrize("rule", RULES, ids=ids)
def test_same_real_function(rule: Rule) -> None:
    for point, (after,) in zip(points(rule), exact_values(rule.right, rule), strict=True):
        (before,) = evaluate_exact(rule.left, point)
        saturated = abs(before) == math.inf and max(map(abs, point.values())) > SATURATION
        assert same(before, after) or before != before or saturated, (point, float(before), float(after))


@pytest.mark.parametrize("rule", RULES, ids=ids)
def test_same_gradient_off_kinks(rule: Rule) -> None:
    names = rule.left.parameters
    before, after = gradient(rule.left, names), gradient(rule.right, names)
    compared = 0
    for point, values in zip(points(rule), exact_values(after, rule), strict=True):
        if not 0 < min(map(abs, point.values())) <= max(map(abs, point.values())) < 1000:
            continue
        for old, new in zip(evaluate_exact(before, point), values, strict=True):
            if old == old:
                assert same(old, new), (point, float(old), float(new))
                compared += 1
    assert compared > 30


def errors(roots: tuple[Program, Program], rule: Rule, dtype: str) -> tuple[Array, Array]:
    """Errors before and after the rule in units in the last place, one row a root; infinite for a wrong NaN or inf.

    Numbers below the normal ones may be flushed to 0, also before they are multiplied by another name.
    """
    columns = {name: np.array([point[name] for point in points(rule)]) for name in rule.left.parameters}
    exact = np.array([[float(v) for v in values] for values in exact_values(roots[1], rule)]).T
    form = FORMATS[dtype]
    largest = np.max([np.abs(column) for column in columns.values()], axis=0)
    found: list[Array] = []
    with np.errstate(all="ignore"):
        unit = np.maximum(form.ulp(exact), form.smallest * np.maximum(largest, 1.0))
        for program in roots:
            values = evaluate_numpy(program, columns, dtype)
            got = np.array([np.broadcast_to(value, largest.shape) for value in values], dtype=np.float64)
            overflow = np.isinf(got) & (np.abs(exact) > 0.99 * form.largest) & (got * exact > 0)
            error = np.where(overflow, 0.0, np.abs(exact - got) / unit)
            # What is NaN exactly has no error.
            found.append(np.where(np.isnan(exact), 0.0, np.where(np.isnan(error), np.inf, error)))
    return found[0], found[1]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rule", RULES, ids=ids)
def test_nowhere_less_accurate(rule: Rule, dtype: str) -> None:
    before, after = errors((rule.left, rule.right), rule, dtype)
    allowed = np.full(len(points(rule)), 3.0)
    if rule.name in LOSSES:
        allowed += [LOSSES[rule.name][0](**point) for point in points(rule)]
    worse = (after > before + allowed)[0]
    assert [(points(rule)[i], before[0, i], after[0, i]) for i in np.flatnonzero(worse)] == []


@pytest.mark.parametrize("rule", [rule for rule in STABILISING if rule.name not in EXACT_RULES], ids=ids)
def test_value_or_gradient_is_somewhere_better(rule: Rule) -> None:
    names = rule.left.parameters
    value = errors((rule.left, rule.right), rule, "float32")
    slope = errors((gradient(rule.left, names), gradient(rule.right, names)), rule, "float32")
    assert any(((before > 100) & (after < 4)).any() for before, after in (value, slope))
