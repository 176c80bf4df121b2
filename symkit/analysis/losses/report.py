"""What is known of a loss, and of two losses beside each other."""

from __future__ import annotations

from dataclasses import dataclass

from symkit.analysis.losses.behaviour import Asymmetry, EasyHard, EffectiveRate
from symkit.analysis.losses.minima import Minimum
from symkit.analysis.losses.robustness import Robustness
from symkit.analysis.losses.rule import LearningRule, LogitRule


@dataclass(frozen=True, slots=True)
class Row:
    """One quantity of two losses.

    Attributes:
        quantity: what it is.
        this, other: its values, which may be infinite; None where there is none.
        ratio: of the first to the second; None where that is no number.
    """

    quantity: str
    this: float | None
    other: float | None
    ratio: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The same numbers for another loss.

    Attributes:
        against: its text.
        analysis: what is known of it.
        rows: the main quantities side by side.
    """

    against: str
    analysis: LossAnalysis
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class LossAnalysis:
    """What a loss does to learning. `dataclasses.asdict` gives plain data; limits may be infinite.

    Attributes:
        text: the loss.
        classes: number of outputs; the loss of each is summed.
        reading: "residual", a function of y - p alone; "real", defined for every real y and p; "probability", defined
            for p between 0 and 1; "logit", a function of y and z, where p is the sigmoid of z.
        uses_target: whether the loss of a target output and that of another one differ.
        rule, at_logits: what gradient descent does with an output, and the gradient by its logit.
        minimum_target, minimum_non_target: where the loss is least for y = 1 and y = 0.
        easy_hard, asymmetry, robustness, effective_rate: how that acts on examples of all sorts.
        comparison: beside another loss, if one was given.
    """

    text: str
    classes: int
    reading: str
    uses_target: bool
    rule: LearningRule
    at_logits: LogitRule
    minimum_target: Minimum
    minimum_non_target: Minimum
    easy_hard: EasyHard
    asymmetry: Asymmetry
    robustness: Robustness
    effective_rate: EffectiveRate
    comparison: Comparison | None = None
