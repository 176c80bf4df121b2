"""Every rule and every fact, sampled against exact values: the same function, undefined at the same points."""

from __future__ import annotations

import itertools
import math
import random
import time
from collections.abc import Iterator

import pytest

from symkit.evaluation import evaluate_exact
from symkit.evaluation.formats import format_of
from symkit.ir import Program
from symkit.ops import standard
from symkit.simplification.accuracy import Judge, Repairs
from symkit.simplification.facts import FACTS, Fact
from symkit.simplification.function_rules import CANCELLING
from symkit.simplification.meanings import MEANINGS
from symkit.simplification.rules import ALL, CHEAPER, EXACT, STEADIER
from symkit.transform import RULES as STABILISING
from symkit.transform import Rule, gradient

SAMPLED = (*CHEAPER, *STEADIER, *CANCELLING, *MEANINGS)

VALUES = (0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 7.5, -7.5, 30.0, -30.0, 1e-3, -1e-3, 200.0, -200.0)
INFINITIES = (math.inf, -math.inf)
LITERALS = (2.0, -3.0, 0.5, -0.25)

EXPONENTIALS = "exponentials of an infinity cancel"
BY_LIMITS = {
    "exponential": EXPONENTIALS,
    "cancelling": EXPONENTIALS,
    "logistic": EXPONENTIALS,
    "hyperbolic": EXPONENTIALS,
    "named": EXPONENTIALS,
    "power": "a root takes a square of an infinity back",
    "extrema": "extrema of an infinity and its opposite cancel",
    "sum": "a common factor of infinities of both signs is taken out",
    "same_terms": "a common factor of infinities of both signs is taken out",
    "literal": "an infinity by a literal",
    "sign": "an infinity has a sign",
}
"""Rules whose sides may differ where a name is infinite, which the dtype then decides; by how names begin."""


LIMITS = tuple(BY_LIMITS)


def ids(rule: Rule) -> str:
    return rule.name


def points(rule: Rule) -> Iterator[dict[str, float]]:
    rng = random.Random(rule.name)
    names = rule.left.parameters
    values = [*VALUES, *(rng.gauss(0.0, spread) for spread in (0.3, 1.0, 5.0) for _ in range(4))]
    choices = [LITERALS if name in rule.literals else values for name in names]
    for choice in itertools.islice(itertools.product(*choices), 4000):
        yield dict(zip(names, choice, strict=True))


def met(rule: Rule, point: dict[str, float]) -> bool:
    return all(evaluate_exact(condition, point)[0] == 1 for condition in rule.conditions)


def value(program: Program, point: dict[str, float]) -> float:
    return float(evaluate_exact(program, point)[0])


def same(one: float, other: float, relative: float) -> bool:
    if not (math.isfinite(one) and math.isfinite(other)):
        return math.isfinite(one) == math.isfinite(other)
    return abs(one - other) <= relative * max(abs(one), abs(other)) + 1e-280


@pytest.mark.parametrize("rule", SAMPLED, ids=ids)
def test_same_function_where_its_conditions_hold(rule: Rule) -> None:
    # Some rules have literals that were rounded to float64, which tails show.
    relative = 1e-15 if rule in EXACT or rule in MEANINGS else 1e-9
    compared = 0
    for point in points(rule):
        if met(rule, point):
            before, after = value(rule.left, point), value(rule.right, point)
            assert same(before, after, relative), (point, before, after)
            compared += math.isfinite(before)
    assert compared >= 3


@pytest.mark.parametrize("rule", SAMPLED, ids=ids)
def test_same_gradient_off_kinks(rule: Rule) -> None:
    names = rule.left.parameters
    before, after = gradient(rule.left, names), gradient(rule.right, names)
    rng = random.Random(rule.name)
    compared = 0
    for _ in range(90):
        point = {name: rng.choice(LITERALS) if name in rule.literals else rng.gauss(0.0, 4.0) for name in names}
        if not met(rule, point):
            continue
        for name, old, new in zip(names, evaluate_exact(before, point), evaluate_exact(after, point), strict=True):
            if name not in rule.literals and math.isfinite(old):
                assert same(float(old), float(new), 1e-11), (name, point, float(old), float(new))
                compared += 1
    assert compared > 5


@pytest.mark.parametrize("rule", [rule for rule in CHEAPER if not rule.name.startswith(LIMITS)], ids=ids)
def test_an_infinity_is_not_lost(rule: Rule) -> None:
    """Where a name may be infinite, a rule does not make a number of what had none."""
    for name in rule.left.parameters:
        if name in rule.literals or name in rule.finite:
            continue
        for infinity in INFINITIES:
            for point in itertools.islice(points(rule), 40):
                there = {**point, name: infinity}
                if met(rule, there) and not math.isfinite(value(rule.left, there)):
                    assert not math.isfinite(value(rule.right, there)), (there, rule)


@pytest.mark.parametrize("rule", STEADIER, ids=ids)
def test_steadier_forms_are_steadier(rule: Rule) -> None:
    format = format_of("float32")
    box = dict.fromkeys(rule.left.parameters, (-format.largest, format.largest))
    judge = Judge(rule.left, tuple(box), box, format, {}, time.monotonic() + 60)
    opinion = judge.opinion(rule.right, Repairs.ALL)
    assert opinion.accepted, opinion.reason
    assert opinion.better


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: f"{fact.smaller} <= {fact.larger}")
def test_facts_hold(fact: Fact) -> None:
    names = tuple(dict.fromkeys((*fact.low.parameters, *fact.high.parameters)))
    rng = random.Random(3)
    for choice in itertools.product((*VALUES, *(rng.gauss(0.0, 2.0) for _ in range(60))), repeat=len(names)):
        point = dict(zip(names, choice, strict=True))
        (low,), (high,) = evaluate_exact(fact.low, point), evaluate_exact(fact.high, point)
        if low == low and high == high:
            assert low <= high, (point, float(low), float(high))


def test_rules_are_told_apart_and_known() -> None:
    assert len({rule.name for rule in CHEAPER}) == len(CHEAPER)
    assert set(STABILISING) <= set(ALL)
    table = set(standard().values())
    for rule in (*SAMPLED, *ALL):
        assert {node.operator for side in (rule.left, rule.right) for node in side.nodes if not node.is_leaf} <= table
        assert set(rule.right.parameters) <= set(rule.left.parameters)
        assert {*rule.finite, *rule.defined} <= set(rule.left.parameters)
