"""Whether a loss is least where the prediction is the target."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from symkit.checking.certain import value_at
from symkit.checking.explain import point_text
from symkit.checking.folding import folded
from symkit.checking.losses import CONFIRMED, SECONDS, VISIBLE, nonnegative, values_at
from symkit.checking.polynomials import is_nonnegative_polynomial
from symkit.checking.probes import probes
from symkit.checking.prover import Claim, Point, decide, first_failure
from symkit.checking.reduction import reduced
from symkit.checking.region import Region
from symkit.checking.shrink import shrunk
from symkit.checking.verdict import Verdict, proved, refuted, unknown
from symkit.evaluation import IntervalEvaluator, evaluate_exact
from symkit.evaluation.formats import Floats
from symkit.ir import Kind, Node, Program, ProgramBuilder, rebuild
from symkit.transform import gradient

TARGET, PREDICTION = "y", "p"

MODERATE = 100.0

Bools = NDArray[np.bool_]


def minimum_at_target(
    program: Program, region: Region, constants: Mapping[str, float], seconds: float = SECONDS
) -> Verdict:
    """Whether no prediction gives less than the one that is the target, over a region of the reals.

    A witness is a target and a prediction that gives less. A pole at the target counts as infinite.
    """
    ideal = substituted(program, PREDICTION, TARGET)
    claim = Claim(fails=_less_than_ideal(program, ideal, constants))
    found = first_failure(claim, probes(region))
    if found is not None:
        return _refutation(program, ideal, shrunk(claim, region, found, at_edge=False), constants)
    if (floor := _floor(program, ideal, region, constants, seconds)) is not None:
        return floor
    if _falls_towards_target(program, region, constants, seconds):
        return proved("it falls towards the target from either side")
    return unknown("no prediction was found that gives less than the target itself, and none was ruled out")


def minimum_at_class(
    program: Program, target: float, region: Region, constants: Mapping[str, float], seconds: float = SECONDS
) -> Verdict:
    """The same for a target of 0 or 1 and predictions between, the program being the loss for that target.

    The end of the range where the target is may be a pole: then it has to be fallen to from the other end.
    """
    ideal = bound_to(program, PREDICTION, target)
    claim = Claim(fails=_less_than_ideal(program, ideal, constants))
    found = first_failure(claim, probes(region))
    if found is not None:
        return _refutation(program, ideal, shrunk(claim, region, found, at_edge=False), constants, target)
    if (floor := _floor(program, ideal, region, constants, seconds)) is not None:
        return floor
    away = 1.0 if target == 0 else -1.0
    if _keeps_sign(gradient(program, [PREDICTION]), program, away, region, constants, seconds):
        return proved(f"it falls as the prediction nears {target:g}")
    return unknown(f"no prediction was found that gives less than {target:g}, and none was ruled out")


def _floor(
    program: Program, ideal: Program, region: Region, constants: Mapping[str, float], seconds: float
) -> Verdict | None:
    """Proved if the loss less what it is at the target is never negative."""
    builder = ProgramBuilder()
    here, there = (builder.term(builder.include(part)[part.root]) for part in (program, ideal))
    least = folded(ideal, region, constants)
    number = least.nodes[least.root]
    if number.kind is not Kind.NUMBER:
        excess = builder.build([(here - there).index])
        if is_nonnegative_polynomial(excess, constants):
            return proved("less its value at the target it is a polynomial that is nowhere negative")
        return None
    least_value = number.number + 0.0
    excess = program if number.number == 0 else builder.build([(here - number.number).index])
    if nonnegative(excess, region, constants, seconds).is_proved:
        return proved(f"it is {least_value:g} where the prediction is the target, and nowhere less")
    return None


def _less_than_ideal(
    program: Program, ideal: Program, constants: Mapping[str, float]
) -> Callable[[Mapping[str, Floats]], Bools]:
    """Whether the loss at points is surely less than where the prediction is the target."""

    def fails(points: Mapping[str, Floats]) -> Bools:
        here, there = values_at(program, points, constants), values_at(ideal, points, constants)
        here, there = np.broadcast_arrays(here, there)
        with np.errstate(all="ignore"):
            gap = VISIBLE * np.maximum(abs(here), np.where(np.isfinite(there), abs(there), 0.0))
            suspects = np.array(here < there - gap)
        places = np.flatnonzero(suspects)
        suspects[places[CONFIRMED:]] = False
        for place in places[:CONFIRMED]:
            at = {name: float(column[place]) for name, column in points.items()}
            here_ball, there_ball = value_at(program, at, constants), value_at(ideal, at, constants)
            if here_ball is None:
                suspects[place] = False
            elif there_ball is None:
                suspects[place] = _has_pole(ideal, at, constants)
            else:
                suspects[place] = bool(here_ball < there_ball)
        return suspects

    return fails


def _has_pole(program: Program, point: Point, constants: Mapping[str, float]) -> bool:
    """Whether the value is +inf at a point of moderate size, where nothing overflows for the exact evaluator."""
    if any(abs(value) > MODERATE for value in point.values()):
        return False
    return bool(evaluate_exact(program, {**point, **constants})[0] == math.inf)


def _refutation(
    program: Program, ideal: Program, witness: Point, constants: Mapping[str, float], target: float | None = None
) -> Verdict:
    here, there = (evaluate_exact(which, {**witness, **constants})[0] for which in (program, ideal))
    if target is not None:
        witness = {TARGET: target, **witness}
    aim = witness.get(TARGET, 0.0)
    return refuted(
        f"{float(here):.6g} at {point_text(witness)}, but {float(there):.6g} at {PREDICTION} = {aim:g}", witness
    )


def _falls_towards_target(program: Program, region: Region, constants: Mapping[str, float], seconds: float) -> bool:
    """Whether the derivative by the prediction has the sign of prediction less target, and nothing jumps."""
    builder = ProgramBuilder()
    derived = gradient(program, [PREDICTION])
    slope = builder.term(builder.include(derived)[derived.root])
    away = builder.term(builder.input(PREDICTION)) - builder.term(builder.input(TARGET))
    return _keeps_sign(builder.build([(away * slope).index]), program, 1.0, region, constants, seconds)


def _keeps_sign(
    slope: Program, program: Program, sign: float, region: Region, constants: Mapping[str, float], seconds: float
) -> bool:
    if not is_continuous(program):
        return False
    builder = ProgramBuilder()
    roots = [builder.include(slope)[slope.root], builder.include(program)[program.root]]
    joined, quantity = reduced(builder.build(roots), region, constants)
    evaluator = IntervalEvaluator(joined, None, constants)

    def holds(boxes: Mapping[str, tuple[Floats, Floats]]) -> Bools:
        slopes, values = evaluator(boxes)
        right = slopes.low >= 0 if sign > 0 else slopes.high <= 0
        return np.asarray(right & ~values.undefined & ~slopes.undefined)

    return decide(Claim(holds), quantity, seconds).is_proved


def is_continuous(program: Program) -> bool:
    """Whether no operator of a Program jumps where it is defined."""
    return all(node.is_leaf or node.operator.smoothness >= 0 for node in program.nodes)


def substituted(program: Program, name: str, other: str) -> Program:
    """The Program with one input in the place of another."""

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        return builder.input(other) if node.kind is Kind.INPUT and node.name == name else None

    return rebuild(program, change)


def bound_to(program: Program, name: str, value: float) -> Program:
    """The Program with a number in the place of an input."""

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        return builder.number(value) if node.kind is Kind.INPUT and node.name == name else None

    return rebuild(program, change)
