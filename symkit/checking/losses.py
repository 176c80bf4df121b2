"""What a loss has to keep: it depends on target and prediction, is not negative, and is least where they agree."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from symkit.checking.certain import ball_text, sign_at, value_at
from symkit.checking.explain import point_text
from symkit.checking.folding import depends_on, folded
from symkit.checking.polynomials import is_nonnegative_polynomial
from symkit.checking.probes import probes
from symkit.checking.prover import Claim, Outcome, Point, first_failure
from symkit.checking.reduction import decide_by_quantity
from symkit.checking.region import Region
from symkit.checking.shrink import shrunk
from symkit.checking.verdict import Verdict, proved, refuted, unknown
from symkit.evaluation import evaluate_numpy
from symkit.evaluation.formats import Floats
from symkit.evaluation.intervals import IntervalEvaluator
from symkit.evaluation.time_limit import time_limit
from symkit.ir import Program
from symkit.transform import rewrite
from symkit.transform.rewrite import Rule

Bools = NDArray[np.bool_]

SECONDS = 0.6

VISIBLE = 1e-9
"""Differences of sampled values that are worth an exact look, relative to the values."""

CONFIRMED = 16
"""So many suspects are looked at exactly."""

SIMPLE_VALUES = 4

FEW = 64
"""So many points show most differences, at little cost."""

BOUNDING = tuple(
    Rule(
        f"root_less_base_{number}",
        f"a + {root}",
        f"where(a < 0, b/({root} - a), a + {root})",
        "below 0 the sum cancels, and bounds of its terms do not say which is the larger",
        positive=("b",),
    )
    for number, root in enumerate(
        template.format(square)
        for square in ("a**2", "a*a", "square(a)")
        for template in ("sqrt({} + b)", "sqrt(abs({}) + b)")
    )
)
"""Forms of the same real function that are easier to bound."""


def uses(
    program: Program, name: str, region: Region, constants: Mapping[str, float], seconds: float = SECONDS
) -> Verdict:
    """Whether the value depends on an input, over a region of the reals.

    Bounds are looked at for so many seconds. If it does, the witness is a point, and the reason tells the value there
    and where only this input is another one.
    """
    found = two_values(program, name, region, constants)
    if found is not None:
        one, other = found
        first, second = (ball_text(value_at(program, at, constants)) for at in found)
        rest = point_text({n: v for n, v in one.items() if n != name}, region.format)
        here, there = (region.format.text(at[name]) for at in found)
        place = f"at {rest} it is" if rest else "it is"
        return proved(f"{place} {first} for {name} = {here}, {second} for {there}", one)
    with time_limit(seconds):
        smaller = folded(program, region, constants)
    if not depends_on(smaller, name):
        return refuted(f"the value is the same for every {name}: what there is of it cancels or is never looked at")
    return unknown(f"no two values of {name} were found that make a difference, and none was ruled out")


def two_values(
    program: Program, name: str, region: Region, constants: Mapping[str, float]
) -> tuple[Point, Point] | None:
    """Two points that differ in one input alone and in their values, simple ones first; None if none was found."""
    everything = probes(region)
    few = {each: column[:FEW] for each, column in everything.items()}
    return _two_of(program, name, few, constants) or _two_of(program, name, everything, constants)


def _two_of(
    program: Program, name: str, points: Mapping[str, Floats], constants: Mapping[str, float]
) -> tuple[Point, Point] | None:
    column = points[name]
    for values in (*(np.full_like(column, value) for value in column[:SIMPLE_VALUES]), np.roll(column, 1)):
        found = difference(program, points, {**points, name: values}, constants)
        if found is not None:
            return found
    return None


def difference(
    program: Program, points: Mapping[str, Floats], others: Mapping[str, Floats], constants: Mapping[str, float]
) -> tuple[Point, Point] | None:
    """The first of these pairs of points at which the exact values are finite and differ for certain."""
    before, after = (values_at(program, at, constants) for at in (points, others))
    with np.errstate(all="ignore"):
        gap = abs(before - after) > VISIBLE * np.maximum(abs(before), abs(after))
    gap &= np.isfinite(before) & np.isfinite(after)
    for place in np.flatnonzero(gap)[:CONFIRMED]:
        one, other = ({name: float(column[place]) for name, column in at.items()} for at in (points, others))
        first, second = (value_at(program, at, constants) for at in (one, other))
        if first is not None and second is not None and not first.overlaps(second):
            return one, other
    return None


def nonnegative(program: Program, region: Region, constants: Mapping[str, float], seconds: float = SECONDS) -> Verdict:
    """Whether the value is never negative where it is defined: over the reals, or as a dtype gives it.

    Over the reals a witness is confirmed by a ball below 0, in a dtype by evaluation in it.
    """
    claim = _not_below_zero(program, region, constants)
    found = _lowest(claim, program, region, constants)
    if found is None and region.is_real and is_nonnegative_polynomial(program, constants):
        return proved("a polynomial without a negative value: its factors are squares or never negative")
    outcome = Outcome(False, found, None, 0) if found else _decided(claim, program, region, constants, seconds)
    if outcome.is_proved:
        return proved(f"not negative for {region}: {outcome.ground}")
    counterexample = outcome.counterexample
    if counterexample is None:
        return unknown(f"no negative value was found, and none ruled out within {outcome.boxes} boxes")
    with time_limit(seconds / 2):
        witness = shrunk(claim, region, counterexample, at_edge=False)
    return refuted(
        f"{_value_text(program, witness, region, constants)} at {point_text(witness, region.format)}", witness
    )


def _decided(claim: Claim, program: Program, region: Region, constants: Mapping[str, float], seconds: float) -> Outcome:
    """What branch and bound makes of it, over the reals in a form that is easier to bound."""
    if region.is_real:
        program = rewrite(program, BOUNDING)
        claim = Claim(_not_below_zero(program, region, constants).holds, claim.fails)
    return decide_by_quantity(_not_below_zero, claim, program, region, constants, seconds)


def _lowest(claim: Claim, program: Program, region: Region, constants: Mapping[str, float]) -> Point | None:
    """Of the points looked at first that where the claim fails by most."""
    points = probes(region)
    values = values_at(program, points, constants, region.format.name)
    order = np.argsort(np.where(np.isfinite(values), values, np.inf), kind="stable")[:CONFIRMED]
    return first_failure(claim, {name: column[order] for name, column in points.items()})


def values_at(
    program: Program, points: Mapping[str, Floats], constants: Mapping[str, float], dtype: str = "float64"
) -> NDArray[np.float64]:
    """The only root at points, in a dtype."""
    (values,) = evaluate_numpy(program, {**points, **constants}, dtype)
    count = max((len(column) for column in points.values()), default=1)
    return np.broadcast_to(values, (count,)).astype(np.float64)


def _value_text(program: Program, point: Point, region: Region, constants: Mapping[str, float]) -> str:
    if region.is_real:
        return ball_text(value_at(program, point, constants))
    columns = {name: np.array([value]).astype(region.format.dtype) for name, value in point.items()}
    return f"{float(values_at(program, columns, constants, region.format.name)[0]):.6g}"


def _not_below_zero(program: Program, region: Region, constants: Mapping[str, float]) -> Claim:
    evaluator = IntervalEvaluator(program, None if region.is_real else region.format, constants)

    def holds(boxes: Mapping[str, tuple[Floats, Floats]]) -> Bools:
        (root,) = evaluator(boxes)
        return np.asarray(root.is_empty | (root.low >= 0))

    def fails(points: Mapping[str, Floats]) -> Bools:
        values = values_at(program, points, constants, region.format.name)
        suspects = np.atleast_1d(values < 0)
        if region.is_real:
            columns = {name: np.broadcast_to(column, suspects.shape) for name, column in points.items()}
            places = np.flatnonzero(suspects)
            suspects[places[CONFIRMED:]] = False
            for place in places[:CONFIRMED]:
                at = {name: float(column[place]) for name, column in columns.items()}
                suspects[place] = sign_at(program, at, constants) == -1
        return suspects

    return Claim(holds, fails)
