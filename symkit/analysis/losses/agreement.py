"""Whether functions of a prediction agree, by exact values at predictions between 0 and 1."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

from symkit.analysis.losses.subject import PREDICTION
from symkit.checking.prover import Point
from symkit.evaluation import evaluate_exact
from symkit.ir import Program

AGREEMENT = 1e-25
PLACES = (2.0**-40, *((k + 0.5) / 16 for k in range(16)), 1 - 2.0**-40)
MOST_CLASSES = 30


def places(values: Mapping[str, float]) -> list[Point]:
    """Predictions, at these values of everything else."""
    return [{**values, PREDICTION: place} for place in PLACES]


def samples(values: Mapping[str, float], parameters: Sequence[str]) -> list[Point]:
    """The same; at every other one C is another number, and parameters are moved a little."""
    return list(_samples(values, parameters))


def _samples(values: Mapping[str, float], parameters: Sequence[str]) -> Iterator[Point]:
    chance = random.Random(0)
    for k, at in enumerate(places(values)):
        moved = {name: values[name] * chance.uniform(0.9, 1.1) for name in parameters}
        yield {**at, **moved, "C": float(chance.randint(2, MOST_CLASSES))} if k % 2 else at


def difference(one: Program, other: Program, points: Sequence[Point]) -> Point | None:
    """Where the one misses the other most, of points where that is finite; None if nowhere by more than rounding."""
    worst, most = None, AGREEMENT
    for at in points:
        found, wanted = (evaluate_exact(program, at)[0] for program in (one, other))
        if wanted.context.isfinite(wanted):
            miss = abs(found - wanted) / (1 + abs(wanted))
            if not miss <= most:
                worst, most = at, miss
    return worst
