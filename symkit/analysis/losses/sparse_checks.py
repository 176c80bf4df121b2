"""What is proved of a sparse loss: that it is the sum it should be, which gradients it keeps, and which way it errs."""

from __future__ import annotations

import math
import time
from contextlib import closing

from symkit.analysis.losses.agreement import difference, places, samples
from symkit.analysis.losses.sparse_form import MEAN, NOTHING, Neat, Shares, at_predictions
from symkit.analysis.losses.subject import PREDICTION, TARGET, Subject
from symkit.checking.curve import Curve
from symkit.checking.properties import convex
from symkit.checking.prover import Point
from symkit.checking.target import with_leaf
from symkit.checking.verdict import Verdict, proved, refuted, unknown
from symkit.checking.zone import Side, Zone
from symkit.evaluation import evaluate_exact
from symkit.ir import Kind, Node, Program, ProgramBuilder, rebuild
from symkit.ir.bind import bind_constants
from symkit.ops import standard
from symkit.simplification.meanings import spelled_out
from symkit.simplification.proposals import Unfinished, ask
from symkit.text import Expression
from symkit.transform import gradient

OPEN = Zone({PREDICTION: Side(0.0, 1.0, True, True)})

ARITHMETIC = frozenset(standard()[name] for name in ("add", "sub", "mul", "div", "neg"))
HALF = Program([Node(Kind.NUMBER, 0.5)], [0])


def sum_verdict(subject: Subject, shares: Shares, sparse: Expression, timeout: float = 0.0) -> Verdict:
    """Whether a sparse loss is 0 for y = 0, and what all outputs add for y = 1. No proof is tried without a timeout."""
    if shares.is_sparse:
        return proved("it is sparse as it stands: l(0, p) is 0")
    zero, one = (with_leaf(sparse.program, TARGET, Node(Kind.NUMBER, y)) for y in (0.0, 1.0))
    points = samples(subject.values, tuple(subject.expression.parameters))
    points = [at for at in points if math.isfinite(evaluate_exact(shares.total, at)[0])]
    for y, found, wanted in ((0, zero, NOTHING), (1, one, shares.total)):
        if (at := difference(found, wanted, points)) is not None:
            place = ", ".join(f"{name} = {at[name]:.6g}" for name in (PREDICTION, "C", *subject.expression.parameters))
            return refuted(f"for y = {y} it is {_value(found, at)}, not {_value(wanted, at)}, at {place}", at)
    return _proved_equal(Neat(subject.expression), one, shares.total, timeout)


def gradient_verdicts(subject: Subject, shares: Shares, sparse: Expression, timeout: float) -> tuple[Verdict, Verdict]:
    """Whether the gradient by the target's logit is kept where all other predictions are equal, and anywhere.

    By the derivatives of a softmax it is p*(1 - p)*l'(1, p) less p*q*l'(0, q) for each other prediction q. What these
    come to is the same however the others share what is left if and only if q*l'(0, q) is a straight line.
    """
    if shares.is_sparse:
        return (proved("nothing was replaced"),) * 2
    neat = Neat(subject.expression)
    sparse_target = with_leaf(sparse.program, TARGET, Node(Kind.NUMBER, 1.0))
    here, there = _at_target_logit(shares.target, shares.other), _at_target_logit(sparse_target, NOTHING)
    at = difference(there, here, places(subject.values))
    if at is not None:
        reason = f"at p = {at[PREDICTION]:.6g} it is {_value(there, at)}, and {_value(here, at)} for the original"
        return (refuted(reason, {PREDICTION: at[PREDICTION]}),) * 2
    if subject.classes == 2:
        here, there = (bind_constants(program, subject.values) for program in (here, there))
    kept = _proved_equal(neat, here, there, timeout)
    if subject.classes == 2 or not kept.is_proved:
        return kept, kept
    return kept, _straight(subject, neat, neat(_moment(shares.other)), timeout)


def value_error(subject: Subject, shares: Shares, timeout: float) -> tuple[str, str]:
    """Which way the sparse loss misses the original, and why."""
    if not shares.other.inputs:
        return "none", "l(0, p) is the same for every p"
    if subject.classes == 2:
        return "none", "there is only one other output"
    if shares.is_reflected:
        return "unknown", "a reflected term does not stand at the mean, so Jensen's inequality says nothing"
    up, down = (convex(_curve(subject, shares.other, timeout), up=up) for up in (True, False))
    values = ", ".join(f"{name} = {value:g}" for name, value in subject.expression.parameters.items())
    where = f"for 0 < p < 1 and {values}" if values else "for 0 < p < 1"
    if up.is_proved and down.is_proved:
        return "none", f"l(0, p) is a straight line {where}"
    if up.is_proved:
        return "underestimates", f"l(0, p) is convex {where}: its mean is no less than its value at the mean"
    if down.is_proved:
        return "overestimates", f"l(0, p) is concave {where}: its mean is no more than its value at the mean"
    if up.is_refuted and down.is_refuted:
        return "unknown", f"l(0, p) is neither convex nor concave {where}, so it depends on the predictions"
    return "unknown", "it was not proved that l(0, p) is convex or concave for 0 < p < 1"


def _straight(subject: Subject, neat: Neat, moment: Program, timeout: float) -> Verdict:
    """Whether p*l'(0, p) is a straight line for 0 < p < 1."""
    text = "p*dl(0, p)/dp"
    if not moment.inputs:
        return proved(f"{text} is the same for every p, so it does not matter how the others share what is left")
    for up in (True, False):
        verdict = convex(_curve(subject, moment, timeout), up=up)
        if verdict.is_refuted:
            reason = f"{text} is no straight line, so it matters how the others share what is left"
            return refuted(reason, verdict.witness)
    if _proof(neat, moment, _line(moment), timeout) is not None:
        return proved(f"{text} is a straight line, so it does not matter how the others share what is left")
    return unknown(f"{text} looks like a straight line, which was not proved")


def _at_target_logit(target: Program, other: Program) -> Program:
    """dL/dz of the target over its prediction p, other predictions being equal."""
    builder = ProgramBuilder()
    slopes = gradient(target, [PREDICTION]), at_predictions(gradient(other, [PREDICTION]), {PREDICTION: MEAN})
    one, rest, q = (builder.term(builder.include(part)[part.root]) for part in (*slopes, MEAN))
    p, classes = builder.term(builder.input(PREDICTION)), builder.algebra.constant("C")
    return builder.build([(p * (1 - p) * one - (classes - 1) * (p * q * rest)).index])


def _moment(other: Program) -> Program:
    """p*l'(0, p)."""
    builder = ProgramBuilder()
    slope = gradient(other, [PREDICTION])
    p, rise = builder.terms((builder.input(PREDICTION), builder.include(slope)[slope.root]))
    return builder.build([(p * rise).index])


def _line(program: Program) -> Program:
    """The tangent at 1/2."""
    builder = ProgramBuilder()
    value, slope = (at_predictions(part, {PREDICTION: HALF}) for part in (program, gradient(program, [PREDICTION])))
    p, height, rise = builder.terms((builder.input(PREDICTION), *(builder.include(x)[x.root] for x in (value, slope))))
    return builder.build([(height + (p - 0.5) * rise).index])


def _curve(subject: Subject, program: Program, timeout: float) -> Curve:
    return Curve(program, PREDICTION, OPEN, subject.values, timeout)


# -- equality ----------------------------------------------------------------------------------------------


def _proved_equal(neat: Neat, one: Program, other: Program, timeout: float) -> Verdict:
    """For Programs that agree on samples."""
    reason = _proof(neat, one, other, timeout)
    return unknown("equal in 25 digits on samples") if reason is None else proved(reason)


def _proof(neat: Neat, one: Program, other: Program, timeout: float) -> str | None:
    """Why two Programs are equal where both have values; None if that is not proved.

    `symkit.equal` would ask for one domain as well, and that may differ outside of 0 < p < 1.
    """
    if timeout <= 0:
        return None
    one, other = neat(one), neat(other)
    if one == other:
        return "both come to the same form"
    deadline = time.monotonic() + timeout
    try:
        for pair in (_opaque(one, other), (one, other)):
            spelled = [spelled_out(program) for program in pair]
            with closing(ask("difference", spelled, neat.loss.table, deadline)) as answers:
                # All are read, for an answer that is left would end the process.
                found = [answer.get("zero") for answer in answers]
            if any(found):
                return "SymPy finds that their difference is 0"
    except Unfinished:
        return None
    return None


def _opaque(one: Program, other: Program) -> tuple[Program, Program]:
    """Both with a name for each subterm that is no arithmetic: what holds for any values holds for theirs.

    A select is a sum of its branches, weighted by the condition.
    """
    taken = {name for program in (one, other) for name in (*program.inputs, *program.parameters)}
    prefix = "v"
    while any(name.startswith(prefix) for name in taken):
        prefix += "_"

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        if node.is_leaf or node.operator in ARITHMETIC:
            return None
        if node.operator.is_select:
            condition, taken, other = builder.terms(operands)
            return (condition * taken + (1 - condition) * other).index
        return builder.parameter(f"{prefix}{builder.apply(node.operator, operands)}")

    builder = ProgramBuilder()
    return rebuild(one, change, builder), rebuild(other, change, builder)


def _value(program: Program, at: Point) -> str:
    return f"{float(evaluate_exact(program, at)[0]):.6g}"
