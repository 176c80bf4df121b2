"""What records say of their functions, held to exact values: rules, proofs and searches take it from there."""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any

import numpy as np
import pytest
from operators.jets import OPERATORS, exact_jet, jet
from operators.points import CONSTANTS, GRID, WIDER, Point, is_inside, kink_terms, points, relation_holds, shortened

from symkit.evaluation import evaluate_exact, evaluate_numpy
from symkit.ir import Program, ProgramBuilder
from symkit.ops import Operator, standard
from symkit.transform import gradient

EDGES = (0.0, 0.5, -1.0, 3.0, -88.0, 9984.0, -9984.0, math.inf, -math.inf)
NEAR = 2.0**-40


def ids(operator: Operator) -> str:
    return operator.name


@cache
def value_program(operator: Operator) -> Program:
    builder = ProgramBuilder()
    return builder.build([builder.apply(operator, tuple(builder.input(name) for name in jet(operator).names))])


@cache
def value(operator: Operator, point: Point) -> Any:
    return run(value_program(operator), point)[0]


def run(program: Program, point: Point) -> list[Any]:
    return evaluate_exact(program, dict(zip("abcdefgh", point, strict=False)) | CONSTANTS)


@lru_cache(maxsize=16)
def jet_at(operator: Operator, point: Point) -> list[Any]:
    """The value and all derivatives; each order in turn asks for its own."""
    return run(jet(operator).program, point)


@cache
def tried(operator: Operator) -> tuple[Point, ...]:
    """Edges and random points."""
    rng = random.Random(f"facts {operator.name}")
    edges = list(itertools.product(EDGES, repeat=operator.arity))
    drawn = [
        tuple(shortened(rng.choice((-1, 1)) * 2 ** rng.uniform(-12, 12), 24) for _ in range(operator.arity))
        for _ in range(60)
    ]
    return *rng.sample(edges, min(len(edges), 100)), *drawn


def along(operator: Operator, slot: int, at: float, others: Point) -> Point:
    return *others[:slot], at, *others[slot + 1 :]


@pytest.mark.parametrize("operator", OPERATORS, ids=ids)
def test_range_holds_every_value(operator: Operator) -> None:
    low, high = operator.range
    outside = [p for p in tried(operator) if value(operator, p) < low or value(operator, p) > high]
    assert outside == []


@pytest.mark.parametrize("operator", [op for op in OPERATORS if any(op.trend)], ids=ids)
def test_trend_holds_along_each_operand(operator: Operator) -> None:
    rng = random.Random(f"trend {operator.name}")
    for slot, trend in enumerate(operator.trend):
        if trend is None:
            continue
        for _ in range(6):
            others = tuple(rng.uniform(-3, 3) for _ in range(operator.arity))
            steps = sorted({*GRID, *(rng.gauss(0, 30) for _ in range(10)), -9984.0, 9984.0, -math.inf, math.inf})
            values = [value(operator, along(operator, slot, step, others)) for step in steps]
            values = [v for v in values if v == v]
            assert values == sorted(values, reverse=trend == "decreasing")


@pytest.mark.parametrize("operator", [op for op in OPERATORS if op.parity], ids=ids)
def test_parity(operator: Operator) -> None:
    sign = 1 if operator.parity == "even" else -1
    for point in tried(operator):
        if point != (0.0,):  # There is one zero, so 1/0 has one sign.
            mirrored, here = value(operator, (-point[0],)), sign * value(operator, point)
            assert mirrored == here or (mirrored != mirrored and here != here), point


@pytest.mark.parametrize("operator", [op for op in OPERATORS if op.commutative], ids=ids)
def test_commutative(operator: Operator) -> None:
    for a, b in tried(operator):
        here, there = value(operator, (a, b)), value(operator, (b, a))
        assert here == there or (here != here and there != there), (a, b)


@pytest.mark.parametrize("operator", [op for op in OPERATORS if op.associative], ids=ids)
def test_associative(operator: Operator) -> None:
    builder = ProgramBuilder()
    a, b, c = (builder.input(name) for name in "abc")
    left = builder.apply(operator, (builder.apply(operator, (a, b)), c))
    right = builder.apply(operator, (a, builder.apply(operator, (b, c))))
    program = builder.build([left, right])
    rng = random.Random(f"associative {operator.name}")
    for _ in range(50):
        one, other = run(program, tuple(shortened(rng.gauss(0, 4), 12) for _ in range(3)))
        assert abs(one - other) <= 1e-25 * abs(one)


@pytest.mark.parametrize("operator", [op for op in OPERATORS if op.identity is not None], ids=ids)
def test_identity(operator: Operator) -> None:
    assert operator.identity is not None
    for step in GRID:
        assert value(operator, (step, operator.identity)) == step


@pytest.mark.parametrize("operator", OPERATORS, ids=ids)
def test_domain(operator: Operator) -> None:
    """Inside, finite operands give a finite number; outside, NaN or an infinity."""
    rng = random.Random(f"domain {operator.name}")
    edges = rng.sample(list(itertools.product((0.0, 0.5, 1.0, -1.0, 3.0, -2.5), repeat=operator.arity)), 6)
    drawn = [tuple(shortened(rng.gauss(0, 4), 24) for _ in range(operator.arity)) for _ in range(60)]
    for point in (*edges, *drawn):
        result = value(operator, point)
        defined, inside = result == result and abs(result) < math.inf, is_inside(operator, point)
        assert defined == inside or (defined and operator.name in WIDER), (point, float(result))


@pytest.mark.parametrize("exponent", [2.0, 0.0, -1.0, 0.5, -0.5])
def test_domain_of_literal_powers(exponent: float) -> None:
    """A literal exponent says exactly where its power is defined."""
    builder = ProgramBuilder()
    base, literal = builder.terms([builder.input("a"), builder.number(exponent)])
    conditions = standard()["pow"].domain
    bounds = [builder.lifted(condition.of(builder.algebra, base, literal)).index for condition in conditions]
    program = builder.build([(base**literal).index, *bounds])
    for at in GRID:
        result, *found = run(program, (at,))
        inside = all(relation_holds(c.relation, v) for c, v in zip(conditions, found, strict=True))
        assert (result == result and abs(result) < math.inf) == inside, at


@pytest.mark.parametrize("operator", OPERATORS, ids=ids)
def test_safe_values_are_inside_and_smooth(operator: Operator) -> None:
    rows = run(jet(operator).program, operator.safe)
    assert len(operator.safe) == operator.arity
    assert all(row == row and abs(row) < 1e10 for row in rows)


@pytest.mark.parametrize("operator", [op for op in OPERATORS if op.torch is not None], ids=ids)
def test_overflow_is_announced(operator: Operator) -> None:
    """Whether operands up to 1e4 from inside the domain give infinities in float32."""
    points = [
        point
        for point in itertools.product((0.5, 1.5, -2.0, 88.0, -88.0, 9984.0, -9984.0), repeat=operator.arity)
        if abs(value(operator, point)) < math.inf
    ]
    values = dict(zip("abcdefgh", np.array(points).T, strict=False)) | CONSTANTS
    (found,) = evaluate_numpy(value_program(operator), values, "float32")
    assert bool(np.isinf(found).any()) == operator.overflows


@pytest.mark.parametrize("operator", [op for op in OPERATORS if op.torch is not None], ids=ids)
def test_singularities_are_announced(operator: Operator) -> None:
    """Whether a first derivative is infinite or NaN where the function is defined and the operands are finite."""
    firsts = [root for root, order in enumerate(jet(operator).orders) if len(order) == 1]
    at = [point for point in points(operator) if all(map(math.isfinite, point))]
    exact = exact_jet(operator, [p for p in at if is_inside(operator, p) or operator.name in WIDER])[0]
    assert bool((np.isfinite(exact[0]) & ~np.isfinite(exact[firsts])).any()) == operator.singular


def test_powers_that_are_tame() -> None:
    power = standard()["pow"]
    assert power.tame is not None
    for exponent in (0.0, 1.0, 2.0, 3.0, 4.0, 0.5, -1.0, 1.5, 20.0):
        x = np.float32([0.0, -1.0, 1e4, -1e4])
        with np.errstate(all="ignore"):
            values = np.stack([x**exponent, exponent * x ** np.float32(exponent - 1)])
        if exponent == 0:
            values[1] = 0  # A constant's derivative, at 0 too.
        assert power.tame((None, exponent)) == bool(np.isfinite(values).all()), exponent
    assert not power.tame((None, None))


@pytest.mark.parametrize("operator", [op for op in OPERATORS if op.as_select], ids=ids)
def test_selects_are_the_same_function(operator: Operator) -> None:
    builder, names = ProgramBuilder(), jet(operator).names
    assert operator.as_select is not None
    term = operator.as_select(builder.algebra, *builder.terms(builder.input(name) for name in names))
    before, after = value_program(operator), builder.build([builder.lifted(term).index])
    pairs = [(before, after), *((gradient(before, [name]), gradient(after, [name])) for name in names)]
    for (one, other), point in itertools.product(pairs, points(operator)):
        if not any(map(math.isnan, point)) or one is before:
            (old,), (new,) = run(one, point), run(other, point)
            assert old == new or (old != old and new != new), point


@pytest.mark.parametrize("operator", [op for op in OPERATORS if not op.is_select], ids=ids)
def test_smoothness(operator: Operator) -> None:
    """Along each operand, nothing jumps off the kinks, and at the kinks what jumps first is what the record says."""
    bases = {operator.safe, tuple(value + 0.5 for value in operator.safe), (0.0,) * operator.arity}
    first_jump = math.inf
    for base, slot, at in itertools.product(sorted(bases), range(operator.arity), GRID):
        point = along(operator, slot, at, base)
        if not is_inside(operator, along(operator, slot, at - NEAR, base)):
            continue  # The end of the domain, or outside of it.
        jumps = [order for order in range(3) if _jumps(operator, slot, point, order)]
        if 0 in kink_terms(operator, point):
            first_jump = min([first_jump, *jumps])
        elif is_inside(operator, point):
            assert jumps == [], (slot, point)
    assert first_jump == operator.smoothness + 1 or operator.name in AT_THE_END


AT_THE_END = {"sqrt": "its kink is where its domain ends, so nothing lies on the other side"}


def _jumps(operator: Operator, slot: int, point: Point, order: int) -> bool:
    """Whether a derivative along an operand differs to the left, to the right, or for the value, at the point."""
    root = jet(operator).orders.index((slot,) * order)
    steps = (-NEAR, NEAR) if order else (-NEAR, 0.0, NEAR)
    found = [jet_at(operator, along(operator, slot, point[slot] + by, point))[root] for by in steps]
    low, high = min(found), max(found)
    return bool(high - low > 1e-4 * max(1, abs(low), abs(high)))


def test_a_primitive_that_nothing_bounds_is_refused() -> None:
    tanh = standard()["tanh"]
    with pytest.raises(ValueError, match="interval, turns, or a trend"):
        replace(tanh, trend=(None,))
