"""What a check reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from symkit.checking.requirements import Requirement
from symkit.checking.verdict import Verdict


@dataclass(frozen=True)
class ClassificationReport:
    """A loss where the target is 0 or 1 and the prediction a number between them.

    Attributes:
        closure: in the dtype, for predictions above 0 and below 1.
        nonnegative: over the reals.
        minimum_at_target: whether it falls towards the target, or is least there.
    """

    closure: Verdict
    nonnegative: Verdict
    minimum_at_target: Verdict


@dataclass(frozen=True)
class CheckReport:
    """The verdicts on a function, in a dtype and over a region of inputs.

    Attributes:
        text: the function.
        dtype: the format that closure is about.
        region: what inputs and parameters range over, in words.
        closure: whether every input in the region has a finite result, operator by operator as written.
        compiled_closure: the same for the stable form, which is what `compile` runs.
        gradient: the same for the first derivatives of the stable form, as symkit computes them.
        torch_gradient: the same for those that torch's autograd has for the formula as written.
        uses: for a loss, whether the value depends on each input.
        nonnegative: for a loss, whether it is never negative over the reals, where it is defined.
        nonnegative_dtype: the same for what the dtype gives.
        minimum_at_target: for a loss of y and p, whether no prediction gives less than the target itself.
        classification: for a loss of y and p, what holds for targets of 0 and 1.
        required: requirements that were stated, in their order.
    """

    text: str
    dtype: str
    region: str
    closure: Verdict
    compiled_closure: Verdict
    gradient: Verdict
    torch_gradient: Verdict
    uses: Mapping[str, Verdict] = field(default_factory=dict)
    nonnegative: Verdict | None = None
    nonnegative_dtype: Verdict | None = None
    minimum_at_target: Verdict | None = None
    classification: ClassificationReport | None = None
    required: tuple[Requirement, ...] = ()
