"""A point at which two functions differ, or how closely they agree on samples."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symkit.evaluation import evaluate_balls, evaluate_exact
from symkit.ir import Kind, Program, lower

SIMPLE = (
    *(0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, -3.0, 10.0, -10.0, 0.1, -0.1, 5.0, -5.0, 0.25, -0.25, 20.0, -20.0),
    *(0.01, -0.01, 50.0, -50.0, 100.0, -100.0, 1e-4, -1e-4, 1000.0, -1000.0, 1e-8, -1e-8, 1e4, -1e4, 1e6, -1e6),
)
RANDOM_POINTS = 150
SPREADS = (0.3, 1.0, 3.0, 10.0, 40.0)

BITS = (256, 2048)
"""Precisions at which two values have to be apart."""

ROUNDING = 2.0**-48
"""A relative difference that literals rounded to float64 explain; it refutes nothing."""

UNRESOLVED = 1e-290
"""Exact values are good to an absolute error of the smallest float, so what is smaller is not compared."""

SATURATED = 2.0**15
"""Past this size of an operand the exact evaluator takes some exponentials for infinite or 0."""


@dataclass(frozen=True)
class Comparison:
    """What comparing two functions at many points has shown.

    Attributes:
        witness: a point at which they differ; None if there was none.
        reason: what was seen.
        exactly: whether they agreed in all digits that were looked at.
    """

    witness: Mapping[str, float] | None
    reason: str
    exactly: bool


def compared(
    one: Program, other: Program, names: Sequence[str], constants: Mapping[str, float], deadline: float
) -> Comparison:
    """Looks at simple numbers first, until the deadline, a moment of `time.monotonic()`."""
    largest, count = 0.0, 0
    for point in points(names):
        if count and time.monotonic() > deadline:
            break
        values = {**constants, **point}
        first, second = (evaluate_exact(program, values)[0] for program in (one, other))
        if _finite(first) != _finite(second):
            if not (_saturates(one, values) or _saturates(other, values)) and _certain(one, other, values):
                return Comparison(
                    point, f"at {_shown(point)} one is {_short(first)}, the other {_short(second)}", False
                )
            continue
        if not _finite(first):
            continue
        count += 1
        size = max(abs(first), abs(second))
        gap = float(abs(first - second) / size) if size > UNRESOLVED else 0.0
        if gap > ROUNDING and not _apart(one, other, values):
            # No precision decides here.
            count -= 1
        elif gap > ROUNDING and not _rounded(one, other, values, gap * float(size)):
            return Comparison(point, f"at {_shown(point)} one is {_short(first)}, the other {_short(second)}", False)
        else:
            largest = max(largest, gap)
    exactly = largest < 1e-25
    closely = "in 25 digits" if exactly else f"to within {largest:.1e} of their size"
    return Comparison(
        None, f"equal {closely} on {count} samples" if count else "neither has a value on any sample", exactly
    )


def points(names: Sequence[str]) -> Iterator[dict[str, float]]:
    """Simple numbers, alone and mixed, then random ones."""
    if not names:
        yield {}
        return
    rng = random.Random(5)
    for number in SIMPLE:
        yield dict.fromkeys(names, number)
    if len(names) > 1:
        for _ in range(3 * len(SIMPLE)):
            yield {name: rng.choice(SIMPLE) for name in names}
    for turn in range(RANDOM_POINTS):
        yield {name: rng.gauss(0.0, SPREADS[turn % len(SPREADS)]) for name in names}


def _finite(value: Any) -> bool:
    return not (value != value or value in (math.inf, -math.inf))


def _rounded(one: Program, other: Program, values: Mapping[str, float], gap: float) -> bool:
    """Whether rounded literals may explain a difference: it is small beside the numbers that went into it."""
    sizes = [abs(value) for program in (one, other) for value in _every(program, values) if _finite(value)]
    return gap <= ROUNDING * float(max(sizes, default=0.0))


def _every(program: Program, values: Mapping[str, float]) -> list[Any]:
    """The exact value of every node."""
    lowered = lower(program, lambda operator: operator.exact is not None)
    return evaluate_exact(Program(lowered.nodes, range(len(lowered.nodes))), values)


def _apart(one: Program, other: Program, values: Mapping[str, float]) -> bool:
    """Whether two values are certainly different numbers."""
    for bits in BITS:
        first, second = (evaluate_balls(program, values, bits)[0] for program in (one, other))
        if not first.is_finite() or not second.is_finite():
            return False
        if not first.overlaps(second):
            return True
    return False


def _certain(one: Program, other: Program, values: Mapping[str, float]) -> bool:
    """Whether exactly one of the two is certainly a number."""
    finite = [bool(evaluate_balls(program, values, BITS[-1])[0].is_finite()) for program in (one, other)]
    return finite[0] != finite[1]


def _saturates(program: Program, values: Mapping[str, float]) -> bool:
    """Whether a function of an operand so large is computed that its exact value is not trusted."""
    lowered = lower(program, lambda operator: operator.exact is not None)
    every = _every(program, values)
    return any(
        node.kind is Kind.APPLY
        and node.operator.units > 0
        and any(_finite(every[i]) and abs(every[i]) > SATURATED for i in node.operands)
        for node in lowered.nodes
    )


def _shown(point: Mapping[str, float]) -> str:
    return ", ".join(f"{name} = {value:.17g}" for name, value in point.items()) or "no input"


def _short(value: Any) -> str:
    number = float(value)
    return "undefined" if number != number else f"{number:.10g}"
