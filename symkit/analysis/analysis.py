"""All that is known of a function before any training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from symkit.analysis.losses import LossAnalysis, loss_analysis
from symkit.analysis.measure import Moments, measure_of
from symkit.analysis.moments import gain_of, moments_of
from symkit.analysis.shape import Shape, shape
from symkit.analysis.signal import Signal, signal
from symkit.analysis.subject import Subject
from symkit.text import Expression, parse


@dataclass(frozen=True, slots=True)
class Analysis:
    """What an activation does to a normal input, to a gradient, and through depth.

    Attributes:
        moments: of f(X).
        backward_gain: E[f'(X)**2], the factor on a gradient's variance; None where there is no such number.
        backward_gain_error: how far it is off at most; None where that is not known.
        backward_gain_certified: whether that is proved, or that there is no such number.
        backward_reason: why it is missing, in one sentence.
        kinks: where f jumps, or f' jumps or has no bound, and f has one; ascending, within 10 deviations of the mean.
        poles: where f has no bound; likewise.
        shape: where f rises, falls, breaks, saturates and is dead, and what it does far out.
        signal: what becomes of a signal in a deep network, the weights being such that a variance of 1 stays.
    """

    moments: Moments
    backward_gain: float | None
    backward_gain_error: float | None
    backward_gain_certified: bool
    backward_reason: str
    kinks: tuple[float, ...]
    poles: tuple[float, ...]
    shape: Shape
    signal: Signal


def analyze(
    expression: Expression | str,
    *,
    mean: float = 0.0,
    variance: float = 1.0,
    parameters: Mapping[str, float] | None = None,
    classes: int | None = None,
    against: Expression | str | None = None,
) -> Analysis | LossAnalysis:
    """What a function does before any training.

    Args:
        expression: an activation or a loss, or its text.
        mean, variance: of the normal input of an activation; the variance, not the standard deviation.
        parameters: values of learnable parameters and of settable constants by name; initial values where not given.
        classes, against: of a loss, the number of outputs and the loss to compare it with; see `loss_analysis`.

    Returns:
        An Analysis of an activation, a LossAnalysis of a loss.

    Raises:
        DomainError: for an unknown parameter, a variance that is not positive and finite, or another kind of function.
    """
    e = parse(expression) if isinstance(expression, str) else expression
    if e.kind == "loss":
        return loss_analysis(e, classes=classes, against=against, parameters=parameters)
    subject = Subject.of(e, mean, variance, parameters)
    measured = measure_of(subject)
    gain = gain_of(subject, measured)
    return Analysis(
        moments_of(subject, measured.moments),
        gain.value,
        gain.error,
        gain.certified,
        gain.reason,
        measured.kinks,
        measured.poles,
        shape(e, mean=mean, variance=variance, parameters=parameters),
        signal(e, parameters=parameters),
    )
