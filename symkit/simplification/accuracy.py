"""Whether a form may take the place of another: nowhere less accurate, defined at the same points, the same gradient.

Errors are counted in units in the last place of the dtype, each operator run in the dtype one by one, against the exact
value of the original. What a number's neighbours get counts too: one result that happens to be lucky is no measure.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from symkit.evaluation import evaluate_balls, evaluate_exact, evaluate_numpy
from symkit.evaluation.formats import Format
from symkit.evaluation.time_limit import OutOfTime
from symkit.ir import Program, reachable
from symkit.simplification.points import Box, Columns, Floats, moderate, sample
from symkit.transform import gradient, stabilise

FACTOR, SLACK = 2.0, 4.0
"""A form may have FACTOR times the worst error of the original next to a point, plus SLACK units in the last place."""

BAD, GOOD = 100.0, 8.0
"""An error that a stabilising form is there to remove, and what it has to get it down to."""

REPAIRED = 0.01
"""Where the original is not finite though the exact value is, the relative error that a finite value may have."""

NEIGHBOURS = (-37, -5, -1, 1, 6, 41)
"""Distances, in numbers of the dtype, of the neighbours that are looked at."""

EXACT_POINTS = 16
MOST_FLUSHED = 1e30
"""The size of inputs up to which a result may lack what was flushed to 0."""

AGREEMENT = 1e-10
"""Relative difference of exact values: literals that stand for constants are rounded to float64."""

GRADIENT_POINTS = 48
GRADIENT_AGREEMENT = 1e-6
BITS = (128, 1024, 2304)
WANTED_BITS = 64
NEGLIGIBLE = 1e-320
"""Precisions of balls, and how narrow they have to be."""

POLE_BITS = 1024
"""A ball that is not finite at this precision will not be."""


DOUBTS = 6
"""Points at which a doubtful gradient is computed exactly."""

Flags = NDArray[np.bool_]


class Repairs(Enum):
    """Where a form may be finite though the original is not.

    ALL is for rules that keep every operand. Those that delete one may undo an overflow, but not make a number of NaN:
    that takes a proof, not a few samples. SymPy may do neither.
    """

    ALL = "all"
    OVERFLOWS = "overflows"
    NONE = "none"


@dataclass(frozen=True)
class Opinion:
    """What comparing a form with the original has shown.

    Attributes:
        accepted: whether it may take the original's place.
        better: whether it also removes a large error or a wrong infinity.
        reason: why it is not accepted.
    """

    accepted: bool
    better: bool = False
    reason: str = ""


@dataclass(frozen=True, eq=False)
class _Errors:
    """What a form makes of every point.

    Attributes:
        values: its values in the dtype.
        here: errors in units in the last place, infinite for what is not finite but should be.
        around: the largest finite error of the point and its neighbours.
    """

    values: Floats
    here: Floats
    around: Floats


class Judge:
    """Compares forms with one original over one box in one dtype."""

    def __init__(
        self,
        original: Program,
        names: Sequence[str],
        box: Box,
        format: Format,
        constants: Mapping[str, float],
        deadline: float,
    ) -> None:
        self._original = original
        self._names = tuple(names)
        self._box = box
        self._format = format
        self._constants = constants
        self._deadline = deadline
        self._best: _Errors | None = None
        self.asked = 0

    def check_time(self) -> None:
        """Raises OutOfTime past the deadline."""
        if time.monotonic() > self._deadline:
            raise OutOfTime

    @cached_property
    def points(self) -> Columns:
        return sample(self._original, self._names, self._box, self._format)

    @cached_property
    def _length(self) -> int:
        return max((len(column) for column in self.points.values()), default=1)

    @cached_property
    def _neighbours(self) -> list[Columns]:
        """The points, every name moved by a few numbers of the dtype."""
        moved: list[Columns] = []
        for step in NEIGHBOURS:
            columns: Columns = {}
            for name, column in self.points.items():
                last = int(self._format.ordinals(self._format.largest))
                ordinals = np.clip(self._format.ordinals(column) + step, -last - 1, last)
                columns[name] = np.clip(self._format.numbers(ordinals).astype(np.float64), *self._box[name])
            moved.append(columns)
        return moved

    @cached_property
    def exact(self) -> Floats:
        """The exact values at the points, as the nearest floats.

        Where no precision decides, as for `erf(20) < 1`, it is what the dtype gives, so that a form must give that too.
        """
        stable = stabilise(self._original)
        given = self._values(self._original, self.points, self._format.name)
        values: list[float] = []
        for place, row in enumerate(self._rows(self.points, self._length)):
            value = self._exactly(self._original, row)
            if value is None:
                value = float(given[place])
            elif not math.isfinite(value) and stable != self._original:
                # Exponentials of a huge size count as infinite, even where a logarithm takes them back.
                again = self._exactly(stable, row)
                value = value if again is None else again
            values.append(value)
        return np.array(values)

    def _rows(self, columns: Columns, length: int) -> list[dict[str, float]]:
        return [{name: float(column[i]) for name, column in columns.items()} for i in range(length)]

    def _exactly(self, program: Program, row: Mapping[str, float]) -> float | None:
        self.check_time()
        return _exact_float(program, {**self._constants, **row})

    @cached_property
    def _wide(self) -> list[Floats] | None:
        """Values next to the points in float64, where that is a wider format."""
        if self._format.name == "float64":
            return None
        stable = stabilise(self._original)
        return [self._values(stable, columns, "float64") for columns in self._neighbours]

    @cached_property
    def _trusted(self) -> Flags:
        """Where float64 is good enough to stand for the exact value."""
        here = self._values(self._original, self.points, "float64")
        with np.errstate(all="ignore"):
            return np.abs(here - self.exact) <= 1e-3 * self._unit

    def _values(self, program: Program, columns: Columns, dtype: str, root: int = 0) -> Floats:
        (value,) = evaluate_numpy(program, {**self._constants, **columns}, dtype)[root : root + 1]
        return np.broadcast_to(value, (self._length,)).astype(np.float64)

    @cached_property
    def _unit(self) -> Floats:
        """One unit in the last place of the dtype at the exact values.

        Libraries may flush what is below the normal numbers to 0, also before they multiply it by an input.
        """
        sizes = [np.minimum(np.abs(column), MOST_FLUSHED) for column in self.points.values()]
        flushed = float(np.finfo(self._format.dtype).tiny) * np.max([np.ones(self._length), *sizes], axis=0)
        with np.errstate(all="ignore"):
            nearest = np.minimum(np.abs(self.exact), self._format.largest).astype(self._format.dtype)
        unit: Floats = np.maximum(np.spacing(nearest).astype(np.float64), flushed)
        return unit

    def _error(self, values: Floats, exact: Floats) -> Floats:
        """Errors in units in the last place."""
        largest = self._format.largest
        with np.errstate(all="ignore"):
            error = np.abs(values - exact) / self._unit
            beyond = np.abs(exact) > largest * (1 - 2.0**-10)
            right = beyond & (np.sign(values) == np.sign(exact)) & (np.abs(values) >= 0.9 * largest)
        error = np.where(np.isfinite(error), error, np.inf)
        error = np.where(beyond & ~right, np.inf, np.where(right, 0.0, error))
        return np.where(np.isnan(exact), 0.0, error)

    def _errors(self, program: Program) -> _Errors:
        values = self._values(program, self.points, self._format.name)
        here = self._error(values, self.exact)
        around = np.where(np.isfinite(here), here, 0.0)
        if self._wide is not None:
            for columns, wide in zip(self._neighbours, self._wide, strict=True):
                error = self._error(self._values(program, columns, self._format.name), wide)
                usable = self._trusted & np.isfinite(error) & np.isfinite(wide)
                around = np.where(usable, np.maximum(around, np.where(usable, error, 0.0)), around)
        return _Errors(values, here, around)

    @cached_property
    def _original_errors(self) -> _Errors:
        return self._errors(self._original)

    @property
    def best(self) -> _Errors:
        """The smallest errors seen: a form that was stabilised must not become unstable again."""
        return self._best if self._best is not None else self._original_errors

    def opinion(self, form: Program, repairs: Repairs) -> Opinion:
        """Whether a form may take the place of the best one so far."""
        self.asked += 1
        self.check_time()
        best, errors = self.best, self._errors(form)
        if (problem := self._worse(best, errors, repairs)) is not None:
            return Opinion(False, reason=problem)
        if (problem := self._different(form)) is not None:
            return Opinion(False, reason=problem)
        return Opinion(True, better=bool(np.any((best.here > BAD) & (errors.here < GOOD))))

    def adopt(self, form: Program) -> None:
        """From now on forms are compared with this one too."""
        best, errors = self.best, self._errors(form)
        better = errors.here < best.here
        self._best = _Errors(
            np.where(better, errors.values, best.values),
            np.where(better, errors.here, best.here),
            # One form's rounding is not held against the next, but what it repairs is.
            np.where(best.around > BAD, np.minimum(best.around, errors.around), best.around),
        )

    def _worse(self, before: _Errors, after: _Errors, repairs: Repairs) -> str | None:
        finite_before, finite_after = np.isfinite(before.values), np.isfinite(after.values)
        same_class = ~finite_before & ~finite_after & (np.isnan(before.values) == np.isnan(after.values))
        same_class &= np.isnan(before.values) | (before.values == after.values)
        allowed = FACTOR * np.where(np.isfinite(before.here), before.around, 0.0) + SLACK
        with np.errstate(all="ignore"):
            close = np.abs(after.values - self.exact) <= REPAIRED * np.abs(self.exact) + 4 * self._format.smallest
        repaired = ~np.isfinite(before.here) & ~np.isnan(self.exact) & (close | (after.here == 0))
        fine = (np.isfinite(before.here) & (after.here <= allowed)) | same_class | repaired
        fine &= ~(np.isnan(self.exact) & finite_after & ~finite_before)
        # Infinite and NaN where the exact value is infinite or undefined must stay what they were.
        fine &= ~(np.isnan(self.exact) & finite_before & ~finite_after)
        if repairs is not Repairs.ALL:
            fine &= ~(np.isnan(before.values) & finite_after)
        if repairs is Repairs.NONE:
            fine &= finite_before == finite_after
        if np.all(fine):
            return None
        place = int(np.argmin(fine))
        where = ", ".join(f"{name} = {column[place]!r}" for name, column in self.points.items())
        return (
            f"at {where} it gives {after.values[place]!r}, not {before.values[place]!r} (exactly {self.exact[place]!r})"
        )

    @cached_property
    def _calm(self) -> Columns:
        return moderate(self._names, self._box, self._format, GRADIENT_POINTS)

    def _different(self, form: Program) -> str | None:
        """Why it is another real function, or has another gradient."""
        rows = self._rows(self._calm, GRADIENT_POINTS if self._names else 1)
        for row in rows[:EXACT_POINTS]:
            before, after = self._exactly(self._original, row), self._exactly(form, row)
            if before is not None and after is not None and not _agree(before, after, AGREEMENT):
                return f"at {row} its exact value is {after!r}, not {before!r}"
        return self._different_gradient(form, rows)

    @cached_property
    def _gradient(self) -> Program | None:
        return gradient(self._original, self._names) if self._names else None

    def _different_gradient(self, form: Program, rows: list[dict[str, float]]) -> str | None:
        if self._gradient is None:
            return None
        after = gradient(form, self._names)
        for dtype in dict.fromkeys(("float64", self._format.name)):
            values = [evaluate_numpy(p, {**self._constants, **self._calm}, dtype) for p in (self._gradient, after)]
            for number, (one, other) in enumerate(zip(*values, strict=True)):
                one, other = (np.broadcast_to(v, (GRADIENT_POINTS,)).astype(np.float64) for v in (one, other))
                lost = np.isfinite(one) & ~np.isfinite(other)
                if np.any(lost):
                    return f"at {rows[int(np.argmax(lost))]} a derivative is no longer finite"
                if dtype != "float64":
                    continue
                both = np.isfinite(one) & np.isfinite(other)
                with np.errstate(all="ignore"):
                    apart = both & (np.abs(one - other) > GRADIENT_AGREEMENT * np.maximum(np.abs(one), np.abs(other)))
                for place in np.flatnonzero(apart)[:DOUBTS]:
                    pair = [
                        self._exactly(reachable(p, (p.roots[number],)), rows[place]) for p in (self._gradient, after)
                    ]
                    if pair[0] is not None and pair[1] is not None and not _agree(pair[0], pair[1], AGREEMENT):
                        return f"at {rows[place]} a derivative is {pair[1]!r}, not {pair[0]!r}"
        return None


def _exact_float(program: Program, values: Mapping[str, float]) -> float | None:
    """The exact value as a float; None where no precision decides.

    It is the middle of a narrow ball if there is one, which is quick and never saturates.
    """
    for bits in BITS:
        (ball,) = evaluate_balls(program, values, bits)
        if ball.is_finite() and (ball.rel_accuracy_bits() >= WANTED_BITS or ball.rad() < NEGLIGIBLE):
            return float(ball.mid())
        if bits >= POLE_BITS and not ball.is_finite():
            # A pole, or outside the domain: where float64 says NaN, no more need be known.
            (quick,) = evaluate_numpy(program, values)
            return math.nan if np.isnan(quick) else float(evaluate_exact(program, values)[0])
    return None


def _agree(before: float, after: float, relative: float) -> bool:
    if math.isnan(before) or math.isnan(after):
        return math.isnan(before) and math.isnan(after)
    if math.isinf(before) or math.isinf(after):
        return before == after
    return abs(before - after) <= relative * max(abs(before), abs(after)) + 1e-300
