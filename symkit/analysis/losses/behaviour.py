"""Easy and hard examples, false positives and false negatives, and the learning rate that a loss implies."""

from __future__ import annotations

import math
from dataclasses import dataclass

from symkit.analysis.losses.points import ERRORS, TrainingPoint
from symkit.analysis.losses.rule import logit_pair, output_pair
from symkit.analysis.losses.subject import Subject

PERCENTS = (1, 5, 10, 25, 50, 75, 90, 95, 99)
"""Predictions of the target, in hundredths."""

HARD, EASY = 10, 90
MISSES = (0.1, 0.5, 0.9)
RESIDUALS = (1.0, 0.5, 1e-4)
SMALL_ERROR = ERRORS[1]

SAME = 1e-9
ALIKE = 1e-3
"""Relative difference of pushes that is worth a word."""


@dataclass(frozen=True, slots=True)
class Push:
    """How strongly an example is pushed whose target has the prediction p.

    Attributes:
        p: prediction of the target, the others sharing the rest.
        at_output: delta = -dL/dp of the target.
        at_logit: -dL/dz of the target, positive where it is raised.
        relative_output, relative_logit: the same over those of cross-entropy, 1/p and 1 - p.
    """

    p: float
    at_output: float | None
    at_logit: float | None
    relative_output: float | None
    relative_logit: float | None


@dataclass(frozen=True, slots=True)
class EasyHard:
    """What easy examples (p near 1) and hard ones (p near 0) get.

    Attributes:
        pushes: for p from 0.01 to 0.99.
        focusing_ratio: push at the logit relative to cross-entropy at p = 0.9 over that at p = 0.1: 1 for
            cross-entropy, less if hard examples count more; None where there is none.
        summary: the same in words.
    """

    pushes: tuple[Push, ...]
    focusing_ratio: float | None
    summary: str


@dataclass(frozen=True, slots=True)
class Miss:
    """A false positive, y = 0 and p = q, beside a false negative, y = 1 and p = 1 - q.

    Attributes:
        q: how far the prediction is off.
        loss_positive, loss_negative: the two losses.
        slope_positive, slope_negative: dL/dp of the first, -dL/dp of the second: the push towards the target.
        ratio: slope_positive over slope_negative; None where that is no number.
    """

    q: float
    loss_positive: float | None
    loss_negative: float | None
    slope_positive: float | None
    slope_negative: float | None
    ratio: float | None


@dataclass(frozen=True, slots=True)
class Asymmetry:
    """False positives against false negatives, for one output with targets 0 and 1."""

    misses: tuple[Miss, ...]
    symmetric: bool
    summary: str


@dataclass(frozen=True, slots=True)
class Rates:
    """Slope over that of a known loss, which acts as a factor of the learning rate; None where there is none."""

    null_epoch: float | None
    middle: float | None
    near_zero_error: float | None


@dataclass(frozen=True, slots=True)
class EffectiveRate:
    """The implicit learning rate.

    Attributes:
        at_output, at_logit: over cross-entropy, by the target's prediction and its logit: where it is 1/C, 0.5, and
            1 - 1e-4*(C - 1).
        regression: over squared error (y - p)**2 where y - p is 1, 0.5 and 1e-4; None for a loss of probabilities.
    """

    at_output: Rates
    at_logit: Rates
    regression: Rates | None


def easy_hard(subject: Subject) -> EasyHard:
    output, logit = output_pair(subject), logit_pair(subject)
    pushes = {n: _push(output.at_percent(n), logit.at_percent(n), (100 - n) / 100) for n in PERCENTS}
    hard, easy = (pushes[n].relative_logit for n in (HARD, EASY))
    ratio = quotient(easy, hard)
    return EasyHard(tuple(pushes.values()), ratio, _easy_hard_text(tuple(pushes.values()), hard, easy))


def _push(output: TrainingPoint, logit: TrainingPoint, rest: float) -> Push:
    """What a target gets; `rest` is what the other outputs have in all."""
    p = output.p_target
    at_logit = None if logit.target is None else 0.0 - logit.target
    relative = None if output.target is None else output.target * p
    return Push(p, output.target, at_logit, relative, quotient(at_logit, rest))


def quotient(one: float | None, other: float | None) -> float | None:
    """None where there is none."""
    if one is None or other is None or other == 0:
        return None
    value = one / other
    return value + 0.0 if math.isfinite(value) else None


def _easy_hard_text(pushes: tuple[Push, ...], hard: float | None, easy: float | None) -> str:
    ratios = [push.relative_logit for push in pushes]
    if hard is None or easy is None or None in ratios:
        return "The push at the logit has no value for some predictions, so there is nothing to compare."
    sizes = [ratio for ratio in ratios if ratio is not None]
    if max(map(abs, sizes)) <= SAME:
        return "No example is pushed at its logit: raising one output raises all alike."
    if max(sizes) - min(sizes) <= SAME * max(map(abs, sizes)):
        times = "" if math.isclose(sizes[0], 1, rel_tol=SAME) else f"{_times(sizes[0])} "
        return f"Every example gets {times}the push of cross-entropy."
    figures = f"{_times(hard)} the push of cross-entropy at p = {HARD / 100:g}, {_times(easy)} at p = {EASY / 100:g}"
    if min(hard, easy) > 0 and not math.isclose(hard, easy, rel_tol=ALIKE):
        which = "Hard" if hard > easy else "Easy"
        text = f"{which} examples count for more: they get {figures}."
    else:
        text = f"Examples get {figures}."
    turned = [push.p for push in pushes if push.at_logit is not None and push.at_logit < -SAME]
    if turned:
        span = f"at p = {turned[0]:g}" if len(turned) == 1 else f"at p = {turned[0]:g} to {turned[-1]:g}"
        text += f" The target's logit is pushed down {span}."
    return text


def _times(ratio: float) -> str:
    return f"{ratio:.3g} times"


def asymmetry(subject: Subject) -> Asymmetry:
    misses = tuple(_miss(subject, q) for q in MISSES)
    same = all(
        a is not None and b is not None and math.isclose(a, b, rel_tol=SAME, abs_tol=1e-300)
        for miss in misses
        for a, b in ((miss.slope_positive, miss.slope_negative),)
    )
    return Asymmetry(misses, same, _asymmetry_text(subject, misses, same))


def _miss(subject: Subject, q: float) -> Miss:
    values: list[float | None] = []
    for y, p, sign in ((0.0, q, 1.0), (1.0, 1 - q, -1.0)):
        if subject.undefined(y):
            values += [None, None]
        else:
            slope = subject.exact(subject.slope(y), p=p)
            values += [subject.exact(subject.curve(y), p=p), None if slope is None else sign * slope + 0.0]
    positive, positive_slope, negative, negative_slope = values
    ratio = quotient(positive_slope, negative_slope)
    return Miss(q, positive, negative, positive_slope, negative_slope, ratio)


def _asymmetry_text(subject: Subject, misses: tuple[Miss, ...], same: bool) -> str:
    undefined = subject.undefined(1.0, 0.0)
    if undefined:
        return f"There is nothing to compare: {undefined}."
    if same:
        return "False positives and false negatives are pushed alike."
    if all(miss.slope_positive == 0 for miss in misses):
        return "Other outputs than the target get no push of their own: a softmax alone meets false positives."
    ratios = [miss.ratio for miss in misses if miss.ratio is not None]
    if len(ratios) == len(misses) and all(ratio > 1 for ratio in ratios):
        return f"False positives are pushed more: {min(ratios):.3g} to {max(ratios):.3g} times as strongly."
    if len(ratios) == len(misses) and all(0 <= ratio < 1 for ratio in ratios):
        return f"False positives are pushed less: {min(ratios):.3g} to {max(ratios):.3g} times as strongly."
    if any(miss.slope_positive is not None and miss.slope_positive < 0 for miss in misses):
        return "Not symmetric: some false positives are pushed further up."
    if any(miss.slope_negative is not None and miss.slope_negative < 0 for miss in misses):
        return "Not symmetric: some false negatives are pushed further down."
    return "Not symmetric: which of the two is pushed more depends on how far the prediction is off."


def effective_rate(subject: Subject) -> EffectiveRate:
    output, logit = output_pair(subject), logit_pair(subject)
    others = subject.classes - 1
    pushes = (
        _push(output.null_epoch, logit.null_epoch, others / subject.classes),
        _push(output.at_percent(50), logit.at_percent(50), 0.5),
        _push(output.near_zero_error(SMALL_ERROR), logit.near_zero_error(SMALL_ERROR), others * SMALL_ERROR),
    )
    return EffectiveRate(
        Rates(*(push.relative_output for push in pushes)),
        Rates(*(push.relative_logit for push in pushes)),
        _regression_rates(subject),
    )


def _regression_rates(subject: Subject) -> Rates | None:
    if subject.reading not in ("residual", "real"):
        return None
    slope = subject.slope(1.0, everywhere=True)
    values = [subject.exact(slope, p=1 - residual) for residual in RESIDUALS]
    return Rates(*(quotient(value, -2 * residual) for value, residual in zip(values, RESIDUALS, strict=True)))
