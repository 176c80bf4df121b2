"""A function and its slope over a zone of the reals: certified bounds, monotone parts, continuity, growth."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from symkit.checking.behaviour import Behaviour, BehaviourEvaluator
from symkit.checking.certain import sign_at
from symkit.checking.prover import Point
from symkit.checking.region import Boxes
from symkit.checking.zone import Coverage, Side, Zone, cover, joined
from symkit.evaluation import evaluate_numpy
from symkit.evaluation.formats import Floats
from symkit.evaluation.interval_arithmetic import Bools
from symkit.ir import Kind, Program, ProgramBuilder
from symkit.transform import gradient

MOST_ACTIVE = 4096
TOLERANCE = 1e-6
"""How closely extremes are bounded, relative to them."""


@dataclass(frozen=True)
class Extent:
    """Certified bounds of all values over a zone, and points where they come near.

    Attributes:
        low, high: bounds; infinite where none was found.
        lowest, highest: where the least and the greatest value that was met are, or None.
    """

    low: float
    high: float
    lowest: Point | None
    highest: Point | None


Check = Callable[[Boxes], Bools]


class Curve:
    """A Program of one root over a zone, as a function of one name."""

    def __init__(self, program: Program, wrt: str, zone: Zone, constants: Mapping[str, float], seconds: float) -> None:
        self.program = program
        self.wrt = wrt
        self.zone = zone
        self.constants = constants
        self.deadline = time.monotonic() + seconds
        self._of = BehaviourEvaluator(program, wrt, constants)

    @cached_property
    def slope(self) -> Program:
        return gradient(self.program, [self.wrt])

    @cached_property
    def _of_slope(self) -> BehaviourEvaluator:
        return BehaviourEvaluator(self.slope, self.wrt, self.constants)

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return max(0.0, self.deadline - time.monotonic())

    @property
    def is_line(self) -> bool:
        """Whether this name alone varies."""
        return self.zone.varying == (self.wrt,)

    @cached_property
    def pieces(self) -> Boxes:
        """The zone, cut at the literals of the Program."""
        literals = {abs(node.number) for node in self.program.nodes if node.kind is Kind.NUMBER}
        return self.zone.pieces(sorted(literals)[:32])

    def lines(self, *names: str) -> Iterator[Curve]:
        """The curve if it is a line; else the function of each of these names where the others have simple values."""
        if self.is_line:
            yield self
            return
        region = self.zone.inner("float64")
        for name in names or self.zone.varying:
            for value in (1.0, -1.0, 0.5):
                fixed = {n: float(np.clip(value, *region.bounds(n))) for n in self.zone.sides if n != name}
                zone = Zone({name: self.zone.sides[name], **{n: Side(x, x) for n, x in fixed.items()}})
                yield Curve(self.program, name, zone, self.constants, self.left)

    # -- over boxes ----------------------------------------------------------------------------------------

    def values(self, boxes: Boxes, *, inside: tuple[bool, bool] = (False, False)) -> Behaviour:
        """The function on boxes; `inside` says whether their ends, in this curve's name, are left out."""
        return self._look(self._of, boxes, inside)

    def slopes(self, boxes: Boxes, *, inside: tuple[bool, bool] = (False, False)) -> Behaviour:
        return self._look(self._of_slope, boxes, inside)

    def _look(self, evaluator: BehaviourEvaluator, boxes: Boxes, inside: tuple[bool, bool]) -> Behaviour:
        ends = self.zone.open_ends(boxes)
        low, high = ends[self.wrt]
        ends[self.wrt] = low | inside[0], high | inside[1]
        return evaluator(boxes.bounds, ends)

    def at_end(self, boxes: Boxes, *, high: bool) -> Behaviour:
        """The function at the points where boxes end, in the zone or not."""
        places = boxes.high if high else boxes.low
        return self._of(Boxes(boxes.region, places, places).bounds)

    def part(self, box: Boxes) -> Curve:
        """What the function is inside of one box, over the box with its ends."""
        yes = np.ones(1, dtype=bool)
        branch = self._of.branch(box.bounds, {**self.zone.open_ends(box), self.wrt: (yes, yes)})
        low, high = (float(bound[0]) for bound in box.bounds[self.wrt])
        zone = Zone({**self.zone.sides, self.wrt: Side(low, high, math.isinf(low), math.isinf(high))})
        return Curve(branch, self.wrt, zone, self.constants, self.left)

    def moves(self, boxes: Boxes, *, up: bool, inside: tuple[bool, bool] = (False, False)) -> Bools:
        """Whether the function is defined on all of a box and surely rises there (or falls)."""
        value = self.values(boxes, inside=inside)
        by_parts = value.rising if up else value.falling
        sure = by_parts & ~value.values.undefined & ~value.values.is_empty
        unsure = value.continuous & ~sure
        if unsure.any():
            slope = self.slopes(boxes[unsure], inside=inside).values
            sure = sure.copy()
            sure[unsure] = (slope.low >= 0 if up else slope.high <= 0) & ~slope.undefined
        return sure

    def absent(self, boxes: Boxes) -> Bools:
        """Whether the function is defined nowhere on a box."""
        return self.values(boxes).values.is_empty

    def cover(self, sure: Check, between: Check | None = None) -> Coverage:
        """Covers the zone; on a line a box that is not sure may be so from its open inside and its two ends.

        Functions tend to take another branch where pieces end: boxes that touch it would be cut again and again.
        """

        def either(boxes: Boxes) -> Bools:
            found = np.array(np.broadcast_to(sure(boxes), (len(boxes),)))
            if between is not None and self.is_line and not found.all():
                found[~found] = between(boxes[~found])
            return found

        return cover(self.pieces, either, self.deadline)

    # -- the whole zone ------------------------------------------------------------------------------------

    def is_continuous(self) -> tuple[bool, Boxes]:
        """Whether it is defined and continuous on all of the zone, and boxes where that is open."""
        gone = self.absent(self.pieces)
        if gone.any():
            return False, self.pieces[gone]
        found = self.cover(lambda boxes: self.values(boxes).continuous, self._is_continuous_between)
        return found.is_complete, joined(found.single, found.open)

    def _is_continuous_between(self, boxes: Boxes) -> Bools:
        sure = self.values(boxes, inside=(True, True)).continuous
        for high in (False, True):
            sure = sure & self.joins(boxes, sure, high=high)
        return sure

    def joins(self, boxes: Boxes, asked: Bools, *, high: bool) -> Bools:
        """Whether it is continuous from the inside of a box to an end of it, unless left out; of some boxes only."""
        left_out = self.zone.open_ends(boxes)[self.wrt][high]
        sure = asked & (left_out | self.values(boxes, inside=(high, not high)).continuous)
        for i in np.flatnonzero(asked & ~sure):
            sure[i] = self.continues(boxes[i : i + 1], high=high)
        return sure

    def continues(self, box: Boxes, *, high: bool) -> bool:
        """Whether what it is inside of a box goes on to an end of it, where a select may take another branch."""
        ends = self.zone.open_ends(box)
        yes = np.ones(1, dtype=bool)
        branch = self._of.branch(box.bounds, {**ends, self.wrt: (yes, yes)})
        beyond = {**ends, self.wrt: (yes & high, yes & (not high))}
        if not BehaviourEvaluator(branch, self.wrt, self.constants)(box.bounds, beyond).continuous.all():
            return False
        places = box.high if high else box.low
        point = {n: float(b[0][0]) for n, b in Boxes(box.region, places, places).bounds.items()}
        return sign_at(difference(branch, self.program), point, self.constants) == 0

    def grows_without_bound(self, *, slope: bool = False) -> Boxes:
        """Boxes that reach an infinity, or 0, on which it is defined and its size surely has no bound."""
        look = self.slopes if slope else self.values
        found = look(self.pieces, inside=(True, True)).values
        return self.pieces[found.diverges & ~found.undefined]

    def extent(self, *, slope: bool = False) -> Extent:
        """Certified bounds of the function, or of its slope, by branch and bound on both ends."""
        program = self.slope if slope else self.program
        look = self.slopes if slope else self.values
        boxes = self.pieces
        met = _Met()
        met.see(simple_points(self.zone, self.wrt), self._numbers(program, simple_points(self.zone, self.wrt)))
        low, high = math.inf, -math.inf
        while len(boxes):
            # A slope counts inside of boxes; one that may be undefined there has no bounds.
            bounds = look(boxes, inside=(slope, slope)).values
            kept = (boxes.low < boxes.high).any(axis=1) if slope and self.is_line else ~bounds.is_empty
            bound_low = np.where(slope & bounds.undefined, -np.inf, bounds.low)[kept]
            bound_high = np.where(slope & bounds.undefined, np.inf, bounds.high)[kept]
            boxes = boxes[kept]
            points = boxes.middles()
            met.see(points, self._numbers(program, points))
            wide = (bound_high > met.high + met.slack) | (bound_low < met.low - met.slack)
            stop = boxes.is_single | ~wide
            over = time.monotonic() > self.deadline or np.count_nonzero(~stop) > MOST_ACTIVE
            done = np.ones_like(stop) if over else stop
            low = min(low, float(np.min(bound_low[done], initial=math.inf)))
            high = max(high, float(np.max(bound_high[done], initial=-math.inf)))
            if (low, high) == (-math.inf, math.inf):
                break
            boxes = boxes[~done].split(4) if not done.all() else boxes[:0]
        return Extent(low, high, met.lowest, met.highest)

    def _numbers(self, program: Program, points: Mapping[str, Floats]) -> Floats:
        (values,) = evaluate_numpy(program, {**self.constants, **points})
        count = max((len(column) for column in points.values()), default=1)
        return np.broadcast_to(values, (count,))


def difference(a: Program, b: Program) -> Program:
    """a - b."""
    builder = ProgramBuilder()
    first, second = (builder.term(builder.include(program)[program.root]) for program in (a, b))
    return builder.build([(first - second).index])


class _Met:
    """The least and the greatest value that were met; simple points stay where later ones are hardly better."""

    def __init__(self) -> None:
        self.low, self.high = math.inf, -math.inf
        self.lowest: Point | None = None
        self.highest: Point | None = None

    @property
    def slack(self) -> float:
        """How closely bounds have to come to what was met."""
        known = self.lowest is not None
        return TOLERANCE * max(abs(self.low), abs(self.high), 1e-3) if known else 0.0

    def see(self, points: Mapping[str, Floats], values: Floats) -> None:
        finite = np.flatnonzero(np.isfinite(values))
        if not len(finite):
            return
        least, most = finite[np.argmin(values[finite])], finite[np.argmax(values[finite])]
        hardly = self.slack / 10
        if values[least] < self.low - hardly:
            self.low, self.lowest = float(values[least]), {n: float(column[least]) for n, column in points.items()}
        if values[most] > self.high + hardly:
            self.high, self.highest = float(values[most]), {n: float(column[most]) for n, column in points.items()}


SIMPLE_LINE = np.array(
    [0.0, *(s * x for s in (1.0, -1.0) for x in (0.01, *(k / 10 for k in range(1, 21)), 2.5, 3, 4, 5, 10, 20, 100))]
)
"""Places along a line that one would try."""


def simple_points(zone: Zone, wrt: str) -> dict[str, Floats]:
    """Places along a line in a zone, the other names at their lowest finite values."""
    region = zone.inner("float64")
    low, high = region.bounds(wrt)
    line = SIMPLE_LINE[(low <= SIMPLE_LINE) & (high >= SIMPLE_LINE)]
    return {name: line if name == wrt else np.full(len(line), region.bounds(name)[0]) for name in region.names}
