"""Whether a loss is least where the prediction is the target."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from symkit.checking.certain import value_at
from symkit.checking.explain import point_text
from symkit.checking.folding import folded
from symkit.checking.losses import CONFIRMED, SECONDS, VISIBLE, nonnegative, values_at
from symkit.checking.polynomials import is_nonnegative_polynomial
from symkit.checking.probes import probes
from symkit.checking.prover import Claim, Point, decide, first_failure
from symkit.checking.reduction import QUANTITY, reduced
from symkit.checking.region import Region
from symkit.checking.shrink import shrunk
from symkit.checking.verdict import Verdict, proved, refuted, unknown
from symkit.evaluation import evaluate_balls, evaluate_exact
from symkit.evaluation.formats import Floats
from symkit.evaluation.intervals import IntervalEvaluator
from symkit.evaluation.time_limit import time_limit
from symkit.ir import Kind, Node, Program, ProgramBuilder, lower, reachable, rebuild
from symkit.transform import gradient

TARGET, PREDICTION = "y", "p"

Bools = NDArray[np.bool_]


def minimum_at_target(
    program: Program, region: Region, constants: Mapping[str, float], seconds: float = SECONDS
) -> Verdict:
    """Whether no prediction gives less than the one that is the target, over a region of the reals.

    At the target there must be a value, unless there is none for any prediction. A witness is a target and a
    prediction that gives less. A pole at the target counts as infinite.
    """
    aim = Node(Kind.INPUT, TARGET)
    ideal = with_leaf(program, PREDICTION, aim)
    claim = Claim(fails=_less_than_ideal(program, ideal, constants))
    found = first_failure(claim, probes(region))
    if found is not None:
        return _refutation(program, ideal, _simple(claim, region, found, seconds), constants)
    if (floor := _floor(program, aim, region, constants, seconds)) is not None:
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
    aim = Node(Kind.NUMBER, target)
    ideal = with_leaf(program, PREDICTION, aim)
    claim = Claim(fails=_less_than_ideal(program, ideal, constants))
    found = first_failure(claim, probes(region))
    if found is not None:
        return _refutation(program, ideal, _simple(claim, region, found, seconds), constants, target)
    if (floor := _floor(program, aim, region, constants, seconds)) is not None:
        return floor
    away = 1.0 if target == 0 else -1.0
    if _keeps_sign(gradient(program, [PREDICTION]), program, away, region, constants, seconds):
        return proved(f"it falls as the prediction nears {target:g}")
    return unknown(f"no prediction was found that gives less than {target:g}, and none was ruled out")


def _floor(
    program: Program, aim: Node, region: Region, constants: Mapping[str, float], seconds: float
) -> Verdict | None:
    """Proved if the loss has a value at the target, and less that is never negative."""
    if not _has_value(program, aim, region, constants, seconds):
        return None
    ideal = with_leaf(program, PREDICTION, aim)
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
    """Whether the value is +inf for certain: what has no finite ball is made of numbers that are 0 or not for sure."""
    balls = evaluate_balls(Program(program.nodes, range(len(program.nodes))), {**constants, **point})
    for node, ball in zip(program.nodes, balls, strict=True):
        finite = [balls[i] for i in node.operands if balls[i].is_finite()]
        if not ball.is_finite() and any(operand.contains(0) and not operand.is_zero() for operand in finite):
            return False
    return bool(evaluate_exact(program, {**point, **constants})[0] == math.inf)


def _has_value(program: Program, aim: Node, region: Region, constants: Mapping[str, float], seconds: float) -> bool:
    """Whether the loss is shown to have a value at the target wherever it has one for some prediction.

    A part like `log(y)` has a value for any prediction or for none, so it is taken for a quantity that has one; but not
    behind a select, which may pass it by, nor where the target is a number and all there is.
    """
    builder = ProgramBuilder()
    here = builder.include(program)
    there: list[int] = []
    for node in program.nodes:
        changed = aim if node.kind is Kind.INPUT and node.name == PREDICTION else node
        operands = tuple(there[i] for i in node.operands)
        there.append(builder.leaf(changed) if node.is_leaf else builder.apply(node.operator, operands))
    parts: list[int] = []
    if aim.kind is Kind.INPUT and not any(node.operator.is_select for node in lower(program).nodes if not node.is_leaf):
        parts = [h for h, t in zip(here, there, strict=True) if h == t and not builder.nodes[h].is_leaf]
    joined = builder.build([there[program.root], *parts])
    places = joined.roots[1:]
    bounds = IntervalEvaluator(joined, None, constants).every_node(region.boxes.bounds)
    ranges = {f"{QUANTITY}{i}": (float(np.min(bounds[i].low)), float(np.max(bounds[i].high))) for i in places}
    if any(low > high for low, high in ranges.values()):
        return False
    evaluator = IntervalEvaluator(_with_inputs(joined, places), None, constants)
    claim = Claim(lambda boxes: np.asarray(~evaluator(boxes)[0].undefined))
    return decide(claim, region.extended(ranges), seconds).is_proved


def _with_inputs(program: Program, places: Sequence[int]) -> Program:
    """The first root, with inputs in the place of some nodes."""
    indices = iter(range(len(program.nodes)))

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        place = next(indices)
        return builder.input(f"{QUANTITY}{place}") if place in places else None

    changed = rebuild(program, change)
    return reachable(changed, changed.roots[:1])


def _simple(claim: Claim, region: Region, found: Point, seconds: float) -> Point:
    with time_limit(seconds / 2):
        return shrunk(claim, region, found, at_edge=False)


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
    """Whether the derivative by the prediction has the sign of prediction less target, and nothing jumps.

    On the way to the target, too: from any prediction to any target.
    """
    builder = ProgramBuilder()
    derived = gradient(program, [PREDICTION])
    slope = builder.term(builder.include(derived)[derived.root])
    away = builder.term(builder.input(PREDICTION)) - builder.term(builder.input(TARGET))
    product = builder.build([(away * slope).index])
    return _keeps_sign(product, program, 1.0, region.spanned(TARGET, PREDICTION), constants, seconds)


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


def with_leaf(program: Program, name: str, leaf: Node) -> Program:
    """The Program with a leaf in the place of an input."""

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        return builder.leaf(leaf) if node.kind is Kind.INPUT and node.name == name else None

    return rebuild(program, change)
