"""The two points of training that a loss is looked at: the null epoch, and near zero training error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from symkit.analysis.losses.limits import Limit, limit
from symkit.analysis.losses.subject import OTHER, PREDICTION, SIZE, Path, Subject, along
from symkit.ir import Program

ERRORS = (1e-2, 1e-4, 1e-8, 1e-12)

Paths = Mapping[str, Path]

NULL_EPOCH: Paths = {PREDICTION: lambda t, classes: 1 / classes, OTHER: lambda t, classes: 1 / classes}
ZERO_ERROR: Paths = {PREDICTION: lambda t, classes: 1 - t * (classes - 1), OTHER: lambda t, classes: t}
PERCENT: Paths = {
    PREDICTION: lambda t, classes: t / 100,
    OTHER: lambda t, classes: (100 - t) / (100 * (classes - 1)),
}
OTHERS_EQUAL: Paths = {PREDICTION: lambda t, classes: t, OTHER: lambda t, classes: (1 - t) / (classes - 1)}


@dataclass(frozen=True, slots=True)
class TrainingPoint:
    """What goes to the target output and to each other one.

    Attributes:
        p_target, p_non_target: their predictions.
        target, non_target: the values; None where there is none.
        reason: why there is none, in one sentence.
    """

    p_target: float
    p_non_target: float
    target: float | None
    non_target: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LimitPair:
    """What values tend to as the training error falls to 0."""

    target: Limit
    non_target: Limit


@dataclass(frozen=True)
class Pair:
    """A quantity of the target output and one of each other output, over their predictions p and `OTHER`.

    Attributes:
        undefined: why there is none of the one, and of the other; empty where there is.
    """

    subject: Subject
    target: Program
    non_target: Program
    undefined: tuple[str, str] = ("", "")

    @property
    def null_epoch(self) -> TrainingPoint:
        """Where every prediction is 1/C."""
        even = 1 / self.subject.classes
        return self._point(NULL_EPOCH, even, even, even)

    @property
    def zero_error(self) -> tuple[TrainingPoint, ...]:
        """Where every other output is left a small prediction epsilon, and the target the rest."""
        return tuple(self.near_zero_error(epsilon) for epsilon in ERRORS)

    @cached_property
    def limits(self) -> LimitPair:
        """As epsilon falls to 0."""
        return LimitPair(*(self._limit(part, reason) for part, reason in self._parts))

    def at_percent(self, percent: int) -> TrainingPoint:
        """Where the target has so many hundredths and the others share the rest."""
        return self._point(PERCENT, percent, percent / 100, (100 - percent) / (100 * (self.subject.classes - 1)))

    def near_zero_error(self, epsilon: float) -> TrainingPoint:
        others = self.subject.classes - 1
        p = 1 - epsilon * others
        if p <= 0:
            reason = f"{others} other outputs of {epsilon:g} leave nothing to the target"
            return TrainingPoint(p, epsilon, None, None, reason)
        return self._point(ZERO_ERROR, epsilon, p, epsilon)

    @property
    def _parts(self) -> tuple[tuple[Program, str], ...]:
        return tuple(zip((self.target, self.non_target), self.undefined, strict=True))

    def _limit(self, part: Program, undefined: str) -> Limit:
        return Limit(None, "", undefined) if undefined else limit(along(part, ZERO_ERROR), self.subject.values, SIZE)

    def _point(self, paths: Paths, size: float, p_target: float, p_other: float) -> TrainingPoint:
        values: list[float | None] = []
        reasons: dict[str, None] = {}
        for (part, undefined), name in zip(self._parts, ("target", "other outputs"), strict=True):
            value = None if undefined else self.subject.exact(along(part, paths), **{SIZE: size})
            if value is None:
                reasons[undefined or f"there is no finite value for the {name}"] = None
            values.append(value)
        target, other = values
        return TrainingPoint(p_target, p_other, target, other, "; ".join(reasons))
