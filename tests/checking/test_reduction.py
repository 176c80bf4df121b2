"""Functions of a single quantity are proved as one of it."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest

from symkit import parse
from symkit.checking.reduction import QUANTITY, reduced
from symkit.checking.region import Region
from symkit.evaluation import evaluate_numpy
from symkit.ir import Program, ProgramBuilder
from symkit.spaces.generate import Recipe, generated
from symkit.text import Expression

EVERYWHERE = (-math.inf, math.inf)


def over(e: Expression, dtype: str | None = None, bounds: tuple[float, float] = EVERYWHERE) -> Region:
    return Region.of(dict.fromkeys((*e.inputs, *e.parameters), bounds), dtype)


@pytest.mark.parametrize(
    ("text", "bounds", "range_"),
    [
        ("tanh(y - p)*(y - p)", (0, 1), (-1, 1)),
        ("log(1 + (y*p)**2)", (-2, 3), (-6, 9)),
        ("exp(sin(y + p)) - sin(y + p)", (-1, 1), (-2, 2)),
        ("abs(y - p)", EVERYWHERE, EVERYWHERE),
    ],
)
def test_the_first_quantity_and_its_range(text: str, bounds: tuple[float, float], range_: tuple[float, float]) -> None:
    e = parse(text)
    smaller, quantity = reduced(e.program, over(e, None, bounds), e.constant_values())
    (name,) = quantity.names
    assert name.startswith(QUANTITY)
    assert set(smaller.inputs) == {name}
    low, high = quantity.bounds(name)
    assert low <= range_[0]
    assert high >= range_[1]
    assert (low, high) == pytest.approx(range_, rel=1e-12)


@pytest.mark.parametrize("text", ["y*p + y", "sin(y)*cos(p)", "y - p", "x**2", "(y - p)*tanh(p - y)"])
def test_no_single_quantity(text: str) -> None:
    e = parse(text)
    region = over(e)
    assert reduced(e.program, region, e.constant_values()) == (e.program, region)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_random_functions_are_the_same_of_their_quantity(dtype: str) -> None:
    recipe = Recipe(inputs=("y", "p"), parameters=(), max_size=9, sharing=0.5, literals=(0.5, 1.0, 2.0))
    rng = Random(3)
    expressions = generated(rng, recipe)
    found = 0
    for _ in range(300):
        e = next(expressions)
        region = over(e, dtype, (-2.0, 2.0))
        smaller, quantity = reduced(e.program, region, e.constant_values())
        if quantity is region:
            continue
        found += 1
        (name,) = quantity.names
        points = {n: np.array([rng.uniform(-2, 2) for _ in range(50)]).astype(dtype) for n in e.inputs}
        values = evaluate_numpy(
            _at(e.program, int(name.removeprefix(QUANTITY))), {**e.constant_values(), **points}, dtype
        )
        low, high = quantity.bounds(name)
        assert not ((values[0] < low) | (values[0] > high)).any(), str(e)
        before = evaluate_numpy(e.program, {**e.constant_values(), **points}, dtype)[0]
        after = evaluate_numpy(smaller, {**e.constant_values(), name: values[0]}, dtype)[0]
        np.testing.assert_array_equal(np.broadcast_to(after, before.shape), before, str(e))
    assert found > 30


def _at(program: Program, place: int) -> Program:
    """The value of one node."""
    builder = ProgramBuilder()
    return builder.build([builder.include(program)[place]])
