"""The line that is looked at: breakpoints, samples between them and far out, and the runs of sign of each function."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from symkit.analysis.breakpoints import DENSE
from symkit.analysis.curve import Floats, Normal
from symkit.analysis.features import features
from symkit.analysis.shape.breaks import Joint, joints
from symkit.analysis.shape.ends import end
from symkit.analysis.shape.facts import End, Interval
from symkit.analysis.shape.rows import Row, Rows
from symkit.analysis.shape.signs import Run, runs

PER_DEVIATION = 128
"""Samples between breakpoints, a deviation,"""

FEWEST = 32
"""and on a short stretch."""

FINE = 2.0 ** -np.arange(1.0, 40.0)
"""Distances from both ends of a stretch, in parts of it, at which more samples lie."""

FARTHEST = 2.0**27
"""How many times further than the window it is looked."""

PER_OCTAVE = 8

HOME = Normal(0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What lies between two neighbouring breakpoints: points inside, and how they join beside them.

    Attributes:
        low, high: the breakpoints, or the ends of the window.
        x: points strictly inside, ascending.
        slope, bend: runs of sign of f' and f''; none where f is undefined.
    """

    low: float
    high: float
    x: Floats
    slope: list[Run]
    bend: list[Run]


class Line:
    """An activation within 10 deviations of the mean, and the places far out where only size and trend count."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        normal = rows.subject.normal
        self.low, self.high = (normal.mean + sign * DENSE * normal.deviation for sign in (-1, 1))
        self.points = rows.subject.joint_breakpoints
        self.cuts = [cut for cut in self.points if self.low < cut < self.high]
        self.joints: list[Joint] = joints(rows, self.cuts, self.low, self.high)

    @cached_property
    def left(self) -> End:
        """What f does as x tends to -inf."""
        return end(self.rows.value, -1)

    @cached_property
    def right(self) -> End:
        """The same for +inf."""
        return end(self.rows.value, 1)

    @cached_property
    def stretches(self) -> list[Stretch]:
        """Where f is defined, ascending."""
        found = []
        for low, high in pairwise([self.low, *self.cuts, self.high]):
            x = self._points(low, high)
            if not len(x) or not runs_defined(self.rows.value, x):
                continue
            found.append(Stretch(low, high, x, runs(self.rows.slope, x, low, high), runs(self.rows.bend, x, low, high)))
        return found

    def _points(self, low: float, high: float) -> Floats:
        step = 2.0 ** math.floor(math.log2(self.rows.subject.normal.deviation / PER_DEVIATION))
        grid = step * np.arange(math.ceil(low / step), math.floor(high / step) + 1)
        if len(grid) < FEWEST:
            grid = np.linspace(low, high, FEWEST)
        reach = 0.5 * min(high - low, self.rows.subject.normal.deviation)
        x = np.unique(np.concatenate([grid, low + reach * FINE, high - reach * FINE]))
        return x[(x > low) & (x < high)]

    def joint(self, x: float) -> Joint | None:
        """The breakpoint there."""
        return next((joint for joint in self.joints if joint.x == x), None)

    def value_at(self, x: float) -> float | None:
        """f(x), None where that is no finite number."""
        joint = self.joint(x)
        value = self.rows.value.number(x) if joint is None else joint.value
        return value if value is not None and math.isfinite(value) else None

    def joins(self, x: float) -> bool:
        """Whether f is continuous at a point."""
        joint = self.joint(x)
        return joint is None or joint.is_continuous

    @cached_property
    def far(self) -> tuple[Floats, Floats]:
        """Points beyond the window on the left, outwards, and on the right."""
        normal = self.rows.subject.normal
        count = round(math.log2(FARTHEST)) * PER_OCTAVE
        away = DENSE * normal.deviation * 2.0 ** (np.arange(count + 1) / PER_OCTAVE)
        return normal.mean - away, normal.mean + away

    @cached_property
    def domain(self) -> tuple[Interval, ...]:
        """Where f is defined; beyond the window where it is so at its end and far out."""
        found: list[Interval] = []
        for stretch in self.stretches:
            low = self._outer(stretch.low)
            high = self._outer(stretch.high)
            if found and found[-1].high == low and self._is_defined(low):
                found[-1] = Interval(found[-1].low, high)
            else:
                found.append(Interval(low, high))
        return tuple(found)

    def _is_defined(self, x: float) -> bool:
        joint = self.joint(x)
        if joint is None:
            return True
        # A float may miss a pole.
        is_pole = any(side is not None and math.isinf(side) for side in (joint.left, joint.right))
        return joint.value is not None and not is_pole

    def _outer(self, x: float) -> float:
        """An end of the window is where the domain ends only if it does so beyond."""
        if x not in (self.low, self.high):
            return x
        way = 0 if x == self.low else 1
        if (self.left, self.right)[way].kind == "undefined" or self._breaks_beyond(2 * way - 1):
            return x
        return -math.inf if way == 0 else math.inf

    @cached_property
    def home(self) -> Line:
        """The line around 0 at the usual scale, where functions of the literature have their features."""
        subject = self.rows.subject
        return self if subject.normal == HOME else Line(Rows(replace(subject, normal=HOME)))

    def _is_beyond(self, x: float, way: int) -> bool:
        return x >= self.high if way > 0 else x <= self.low

    def _breaks_beyond(self, way: int) -> bool:
        """Whether f has jumps or poles beyond the window."""
        if any(self._is_beyond(joint.x, way) and not joint.is_continuous for joint in self.home.joints):
            return True
        points = [point for point in self.points if self._is_beyond(point, way)]
        if not points:
            return False
        seen = features(self.rows.subject.curve, self.rows.subject.normal, points)
        return bool((seen.jumps | seen.unbounded).any())

    def trend_beyond(self, row: Row, way: int, sign: int) -> bool:
        """Whether a function keeps this sign from the end of the window to far out (way -1 or 1); 0 is level."""
        if (self.left if way < 0 else self.right).kind == "undefined" or self._breaks_beyond(way):
            return False
        if self.home is not self and not self._keeps_sign_at_home(row, way, sign):
            return False
        x = self.far[0 if way < 0 else 1]
        seen = np.sign(row.floats(x))
        plain = seen[~np.isnan(seen) & (seen != 0)]
        if sign and plain.size and (plain == sign).all() and not np.isnan(seen).any():
            return True
        # Noise, underflow and overflow are told from what is there by exact values; these, too, end somewhere.
        if sign == 0 and plain.size:
            return False
        places = x[:: (2 if sign else 6) * PER_OCTAVE]
        return all(row.sign(float(place)) in (0, sign, None) for place in places)

    def _keeps_sign_at_home(self, row: Row, way: int, sign: int) -> bool:
        """Whether a function has this sign wherever it is looked at around 0, beyond this window."""
        for stretch in self.home.stretches:
            x = stretch.x[[self._is_beyond(place, way) for place in stretch.x.tolist()]]
            if len(x) and any(run.sign != sign for run in runs(row, x, float(x[0]), float(x[-1]))):
                return False
        return True


def runs_defined(row: Row, x: Floats) -> bool:
    """Whether a function is defined between breakpoints: at some of these points, all of which are alike."""
    finite = np.isfinite(row.floats(x))
    # A power of a negative number is defined for whole exponents only.
    if (finite[1:] & finite[:-1]).any():
        return True
    probes = x[np.unique(np.linspace(0, len(x) - 1, 5).astype(int))]
    values = [row.exact(float(probe)) for probe in probes]
    return any(value.context.isfinite(value) for value in values)
