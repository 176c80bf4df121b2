"""The points that operators are tried at, and what their records say of them: kinks and the domain."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator
from functools import cache
from typing import Any

from tolerances import FORMATS

from symkit.evaluation import evaluate_exact
from symkit.ir import Program, ProgramBuilder
from symkit.ops import Operator

CONSTANTS = {"eps": 1e-7}

Point = tuple[float, ...]

SPECIAL = (0.0, -0.0, 0.5, 1.0, -1.0, 2.0, -3.0, 88.0, -88.0, 9984.0, -9984.0, math.inf, -math.inf, math.nan)
BITS = (8, 24, 53)
"""Significands of the random points: those that every dtype holds, those of float32, those of float64."""

NEIGHBOURS = 16

GRID = [step / 4 for step in range(-26, 27)]
"""Where kinks are looked for."""


def operand_names(operator: Operator) -> tuple[str, ...]:
    """Names for the operands."""
    return tuple("abcdefgh"[: operator.arity])


def exactly(program: Program, point: Point) -> list[Any]:
    """The exact value of every root, where the point has the operands in order."""
    return evaluate_exact(program, dict(zip("abcdefgh", point, strict=False)) | CONSTANTS)


@cache
def points(operator: Operator) -> tuple[Point, ...]:
    """Special points, kinks and about 40 random ones. Not every dtype holds them all, see `holds`."""
    rng = random.Random(operator.name)
    specials = list(itertools.product(SPECIAL, repeat=operator.arity))
    if len(specials) > 300:
        specials = rng.sample(specials, 300)
    return *specials, *kinks(operator), *_random_points(operator, rng)


def _random_points(operator: Operator, rng: random.Random) -> Iterator[Point]:
    wide = 100 if operator.arity == 1 else 20
    for bits in BITS:
        for reach in (3, 8, wide):
            for _ in range(5):
                if reach == 3:
                    drawn = [rng.uniform(-3, 3) for _ in range(operator.arity)]
                else:
                    drawn = [rng.choice((-1, 1)) * 2.0 ** rng.uniform(-reach, reach) for _ in range(operator.arity)]
                yield tuple(shortened(value, bits) for value in drawn)


def shortened(value: float, bits: int) -> float:
    """The value rounded to so many significant bits."""
    significand, exponent = math.frexp(value)
    return math.ldexp(round(math.ldexp(significand, bits)), exponent - bits)


def neighbours(operator: Operator, point: Point, dtype: str) -> list[Point]:
    """Points of a dtype about a point: the coordinates that move do so by up to a tenth, or a little where they are 0.

    The point itself is the first, unless it is where torch may have another derivative than the record.
    """
    rng = random.Random(repr(point))
    bits = FORMATS[dtype].bits
    found = [] if 0 in point or 0 in kink_terms(operator, point) else [point]
    while len(found) < NEIGHBOURS:
        moves = [len(point) == 1 or rng.random() < 0.5 for _ in point]
        if any(moves):
            found.append(tuple(_near(v, bits, rng) if moved else v for v, moved in zip(point, moves, strict=True)))
    return found


def _near(value: float, bits: int, rng: random.Random) -> float:
    if not math.isfinite(value):
        return value
    return shortened(value * rng.uniform(0.9, 1.1) or rng.choice((-1, 1)) * 2.0 ** rng.uniform(-40, -8), bits)


def kinks(operator: Operator) -> list[Point]:
    """Points on the zero sets of the record's kinks."""
    if operator.kinks is None:
        return []
    found = [point for _, point in kinks_along(operator)]
    for base in itertools.product((-0.5, 2.0), repeat=operator.arity - 1):
        found += [(value, *base) for value in GRID if 0 in kink_terms(operator, (value, *base))]
    return list(dict.fromkeys(found))


def kinks_along(operator: Operator) -> list[tuple[int, Point]]:
    """(slot, point) of the kinks that lie on the lines along each operand, where the others have their safe value."""
    found: list[tuple[int, Point]] = []
    for slot, value in itertools.product(range(operator.arity), GRID):
        point = (*operator.safe[:slot], value, *operator.safe[slot + 1 :])
        if 0 in kink_terms(operator, point):
            found.append((slot, point))
    return found


def kink_terms(operator: Operator, point: Point) -> list[Any]:
    """The values of the terms whose zeros are kinks."""
    program = _kink_program(operator)
    return exactly(program, point) if program else []


@cache
def _kink_program(operator: Operator) -> Program | None:
    builder = ProgramBuilder()
    operands = builder.terms([builder.input(name) for name in operand_names(operator)])
    terms = operator.kinks(builder.algebra, *operands) if operator.kinks else ()
    return builder.build([term.index for term in terms]) if terms else None


WIDER = {"pow": "whether a negative base is allowed depends on the exponent, and is only known of literals"}
"""Operators that are also defined where the record's domain cannot tell."""


def is_inside(operator: Operator, point: Point) -> bool:
    """Whether a point is in the record's domain."""
    if not operator.domain:
        return True
    found = exactly(_domain_program(operator), point)
    return all(
        relation_holds(condition.relation, value) for condition, value in zip(operator.domain, found, strict=True)
    )


@cache
def _domain_program(operator: Operator) -> Program:
    builder = ProgramBuilder()
    operands = builder.terms([builder.input(name) for name in operand_names(operator)])
    return builder.build(
        [builder.lifted(condition.of(builder.algebra, *operands)).index for condition in operator.domain]
    )


def relation_holds(relation: str, value: Any) -> bool:
    return bool({"> 0": value > 0, ">= 0": value >= 0, "!= 0": value != 0}[relation])
