"""The analysis of a loss."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

from symkit.analysis.losses.behaviour import asymmetry, easy_hard, effective_rate, quotient
from symkit.analysis.losses.minima import minimum
from symkit.analysis.losses.report import Comparison, LossAnalysis, Row
from symkit.analysis.losses.robustness import robustness
from symkit.analysis.losses.rule import learning_rule, logit_rule
from symkit.analysis.losses.rule_text import rule_texts
from symkit.analysis.losses.subject import Subject
from symkit.errors import DomainError
from symkit.text import Expression

TIMEOUT = 1.0


def loss_analysis(
    expression: Expression | str,
    *,
    classes: int | None = None,
    against: Expression | str | None = None,
    parameters: Mapping[str, float] | None = None,
    timeout: float = TIMEOUT,
) -> LossAnalysis:
    """What a loss does to learning: its push at the start and at the end of training, and on examples of all sorts.

    Numbers are exact values rounded to float64. Limits say how they were found. After R sections 4.4 and 4.5, with the
    behaviour at the logits beside that at the outputs, since through a softmax they differ.

    Args:
        expression: the loss of one output, of the target y and the prediction p, or of y and the logit z. Predictions
            are the softmax of the logits, and the loss is summed over outputs; a loss of z has the sigmoid of each.
        classes: number of outputs C; that of the header, or 10, where not given.
        against: another loss, or its formula, for the same number of classes.
        parameters: values of the loss's parameters and of eps, the initial ones where not given.
        timeout: seconds that SymPy has to shorten the texts of a loss, 0 to leave it out. Starting it, once a process,
            is not counted. Numbers do not depend on it.

    Raises:
        DomainError: for what is no function of y and p or y and z, a parameter that it does not have, a value that is
            not finite, a number of classes below 2, or a negative timeout.
        ParseError: for text that does not parse.
    """
    if not timeout >= 0:
        raise DomainError(f"the timeout must be a number of seconds, 0 or more, not {timeout!r}")
    subject = Subject.of(expression, classes, parameters)
    found = _analysis(subject, timeout)
    if against is None:
        return found
    other = Subject.of(against, subject.classes)
    beside = _analysis(other, timeout)
    comparison = Comparison(beside.text, beside, tuple(_rows(found, beside)))
    return replace(found, comparison=comparison)


def _analysis(subject: Subject, timeout: float) -> LossAnalysis:
    texts = rule_texts(subject, timeout)
    return LossAnalysis(
        text=str(subject.expression),
        classes=subject.classes,
        reading=subject.reading,
        uses_target=subject.uses_target,
        rule=learning_rule(subject, texts),
        at_logits=logit_rule(subject, texts),
        minimum_target=minimum(subject, 1.0),
        minimum_non_target=minimum(subject, 0.0),
        easy_hard=easy_hard(subject),
        asymmetry=asymmetry(subject),
        robustness=robustness(subject),
        effective_rate=effective_rate(subject),
    )


def _rows(one: LossAnalysis, other: LossAnalysis) -> Iterator[Row]:
    for (quantity, this), (_, that) in zip(_quantities(one), _quantities(other), strict=True):
        finite = this is not None and that is not None and math.isfinite(this) and math.isfinite(that)
        yield Row(quantity, this, that, quotient(this, that) if finite else None)


def _quantities(found: LossAnalysis) -> Iterator[tuple[str, float | None]]:
    for name, rule in (("-dL/dp", found.rule), ("dL/dz", found.at_logits)):
        yield f"{name} of the target, null epoch", rule.null_epoch.target
        yield f"{name} of the others, null epoch", rule.null_epoch.non_target
        yield f"{name} of the target, limit at zero error", rule.limits.target.value
        yield f"{name} of the others, limit at zero error", rule.limits.non_target.value
    yield "p of the least loss, target", found.minimum_target.p
    yield "curvature there", found.minimum_target.curvature
    for push in found.easy_hard.pushes:
        yield f"-dL/dz of the target at p = {push.p:g}", push.at_logit
    yield "focusing ratio", found.easy_hard.focusing_ratio
