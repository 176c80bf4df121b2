"""The learning rule of a loss: what it adds to each output, at the output and at its logit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symkit.analysis.losses.jumps import Jump, jumps
from symkit.analysis.losses.points import LimitPair, Pair, TrainingPoint
from symkit.analysis.losses.rule_text import RuleTexts
from symkit.analysis.losses.subject import OTHER, PREDICTION, Subject
from symkit.errors import DomainError
from symkit.evaluation import evaluate_balls
from symkit.ir import Program, ProgramBuilder, renamed
from symkit.ops import Term
from symkit.text import Expression

PRECISIONS = (320, 1280, 5120, 20480)
ENOUGH_BITS = 60
SMALLEST = 2.0**-1074


@dataclass(frozen=True, slots=True)
class LearningRule:
    """delta = -dL/dp: what gradient descent adds to a prediction, per unit of learning rate (R equation 4.8).

    Attributes:
        text, latex: delta by y and p, parameters by name.
        target_text, non_target_text: the same for y = 1 and y = 0, for 0 < p < 1; None where the loss is not defined.
        null_epoch: where every prediction is 1/C.
        zero_error: where every other output has epsilon = 1e-2, 1e-4, 1e-8, 1e-12, and the target 1 - epsilon*(C - 1).
        limits: as epsilon falls to 0.
        jumps: where delta jumps between 0 and 1.
    """

    text: str
    latex: str
    target_text: str | None
    non_target_text: str | None
    null_epoch: TrainingPoint
    zero_error: tuple[TrainingPoint, ...]
    limits: LimitPair
    jumps: tuple[Jump, ...]


@dataclass(frozen=True, slots=True)
class LogitRule:
    """dL/dz, the gradient by the logits: gradient descent goes against it.

    Attributes:
        link: "softmax" over all outputs, whose gradients sum to 0, or "sigmoid" of each logit apart.
        target_text: dL/dz of the target by its prediction p, other outputs being equal to each other.
        null_epoch, zero_error, limits: as for the outputs, other outputs being equal to each other.
    """

    link: str
    target_text: str | None
    null_epoch: TrainingPoint
    zero_error: tuple[TrainingPoint, ...]
    limits: LimitPair


def learning_rule(subject: Subject, texts: RuleTexts) -> LearningRule:
    pair = output_pair(subject)
    return LearningRule(
        texts.rule,
        texts.latex,
        texts.target,
        texts.non_target,
        pair.null_epoch,
        pair.zero_error,
        pair.limits,
        jumps(subject),
    )


def logit_rule(subject: Subject, texts: RuleTexts) -> LogitRule:
    pair = logit_pair(subject)
    return LogitRule(subject.link, texts.logit, pair.null_epoch, pair.zero_error, pair.limits)


def output_pair(subject: Subject) -> Pair:
    """delta of the target output and of another one."""
    target, other = _slopes(subject)
    undefined = subject.undefined(1.0), subject.undefined(0.0)
    return Pair(subject, _built(lambda a: -a, target), _built(lambda a: -a, other), undefined)


def logit_pair(subject: Subject) -> Pair:
    """dL/dz of the target's logit and of another one.

    Through a softmax the derivative by z_k is p_k*(l_k - sum of p_i*l_i), l_i being the derivatives by p_i. Where the
    other outputs are equal it is p*(1 - p)*(l_t - l_o) for the target, shared by the others with the sign turned.
    """
    target, other = _slopes(subject)
    builder = ProgramBuilder()
    p, q, classes = (builder.term(i) for i in (builder.input(PREDICTION), builder.input(OTHER), builder.constant("C")))
    one, rest = (builder.term(builder.include(part)[part.root]) for part in (target, other))
    undefined = subject.undefined(1.0), subject.undefined(0.0)
    if subject.link == "sigmoid":
        at_target, at_other = p * (1 - p) * one, q * (1 - q) * rest
    else:
        at_target = p * (1 - p) * (one - rest)
        at_other = -at_target / (classes - 1)
        # Each logit moves every output.
        undefined = (subject.undefined(1.0, 0.0),) * 2
    return Pair(subject, builder.build([at_target.index]), builder.build([at_other.index]), undefined)


def logit_gradient(
    expression: Expression | str,
    logits: Sequence[float],
    target: int = 0,
    *,
    parameters: Mapping[str, float] | None = None,
) -> tuple[float | None, ...]:
    """dL/dz of a loss that is summed over outputs, at any logits: exact values, rounded; None where there is none.

    Args:
        expression: a loss of y and p, whose predictions are the softmax of the logits, or of y and z.
        logits: one for each class, two or more.
        target: index of the class that is right.
        parameters: values of parameters, the initial ones where not given.

    Raises:
        DomainError: for what is no such loss, and for logits or a target that cannot be.
    """
    if len(logits) < 2 or not all(math.isfinite(z) for z in logits):
        raise DomainError(f"logits {list(logits)!r}: two or more finite numbers are needed, one for each class")
    if not 0 <= target < len(logits):
        raise DomainError(f"target {target!r} is the index of no class; there are 0 to {len(logits) - 1}")
    subject = Subject.of(expression, len(logits), parameters)
    if subject.undefined(1.0, 0.0):
        return (None,) * len(logits)
    programs = [subject.slope(1.0 if i == target else 0.0) for i in range(len(logits))]
    for bits in PRECISIONS:
        balls = _gradient_balls(subject, programs, logits, bits)
        if all(ball.is_finite() and _is_narrow(ball) for ball in balls):
            break
    return tuple(float(ball.mid()) + 0.0 if ball.is_finite() and _is_narrow(ball) else None for ball in balls)


def _is_narrow(ball: Any) -> bool:
    return bool(ball.rel_accuracy_bits() >= ENOUGH_BITS or ball.rad() < SMALLEST)


def _gradient_balls(subject: Subject, programs: list[Program], logits: Sequence[float], bits: int) -> list[Any]:
    """dL/dz of every logit, the programs being dL/dp of each output."""
    from flint import arb, ctx

    before = ctx.prec
    ctx.prec = bits
    try:
        exponentials = [arb(z).exp() for z in logits]
        if subject.link == "sigmoid":
            predictions = [e / (1 + e) for e in exponentials]
        else:
            predictions = [e / sum(exponentials[1:], exponentials[0]) for e in exponentials]
        slopes = [
            evaluate_balls(program, {**subject.values, PREDICTION: p}, bits)[0]
            for program, p in zip(programs, predictions, strict=True)
        ]
        if subject.link == "sigmoid":
            return [slope * p * (1 - p) for slope, p in zip(slopes, predictions, strict=True)]
        mean = sum((slope * p for slope, p in zip(slopes, predictions, strict=True)), arb(0))
        return [p * (slope - mean) for slope, p in zip(slopes, predictions, strict=True)]
    finally:
        ctx.prec = before


def _slopes(subject: Subject) -> tuple[Program, Program]:
    """dL/dp of the target output, over p, and of another one, over its own prediction."""
    return subject.slope(1.0), renamed(subject.slope(0.0), {PREDICTION: OTHER})


def _built(form: Any, program: Program) -> Program:
    builder = ProgramBuilder()
    term: Term = form(builder.term(builder.include(program)[program.root]))
    return builder.build([term.index])
