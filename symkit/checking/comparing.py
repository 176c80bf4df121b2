"""Comparisons over a zone of the reals: is a difference never negative, positive, zero, or never zero?

They are about the points at which both sides are defined.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from symkit.checking.behaviour import Behaviour
from symkit.checking.certain import sign_at, value_at
from symkit.checking.curve import Curve
from symkit.checking.explain import number_text, point_text
from symkit.checking.losses import nonnegative
from symkit.checking.probes import probes
from symkit.checking.prover import Claim, Point
from symkit.checking.region import Boxes
from symkit.checking.shrink import shrunk
from symkit.checking.verdict import Verdict, proved, refuted, unknown
from symkit.evaluation import evaluate_numpy
from symkit.evaluation.interval_arithmetic import Bools

Relation = Literal[">=", ">", "==", "!="]
"""Of a difference with 0."""

FAILS: dict[Relation, tuple[int, ...]] = {">=": (-1,), ">": (-1, 0), "==": (-1, 1), "!=": (0,)}
"""Signs of a difference that refute it."""

MOST_PARTS = 64
CONFIRMED = 8
VISIBLE = 1e-6
FINE = 2001


def compared(curve: Curve, relation: Relation, text: str) -> Verdict:
    """Whether the curve is related to 0 so; `text` is what reasons call the statement."""
    witness = _counterexample(curve, relation)
    if witness is not None:
        value = value_at(curve.program, witness, curve.constants)
        return refuted(f"at {point_text(witness)}, {text} fails by {_size(value)}", witness)
    if _is_proved(curve, relation):
        return proved(f"{text} for {curve.zone}: certified bounds say so")
    return unknown(f"no counter-example to {text} was found for {curve.zone}, and none ruled out")


def _size(ball: Any) -> str:
    return number_text(float(f"{abs(float(ball.mid())):.4g}"))


# -- proofs ------------------------------------------------------------------------------------------------


def _is_proved(curve: Curve, relation: Relation) -> bool:
    found = curve.cover(
        lambda boxes: _holds(curve, boxes, relation), lambda boxes: _holds_between(curve, boxes, relation)
    )
    if found.is_complete:
        return True
    if relation != ">=" or not curve.left:
        return False
    return nonnegative(curve.program, curve.zone.region, curve.constants, curve.left).is_proved


def _holds(curve: Curve, boxes: Boxes, relation: Relation) -> Bools:
    """Whether it holds at all points of a box where the curve is defined."""
    found = curve.values(boxes)
    sure = _by_values(found, relation)
    # The value at an end says something of a box only if the function goes on to it.
    left_out = np.logical_or(*curve.zone.open_ends(boxes)[curve.wrt])
    unsure = ~sure & found.continuous & ~left_out
    if unsure.any():
        sure[unsure] = _holds_by_slope(curve, boxes[unsure], relation)
    return sure


def _by_values(found: Behaviour, relation: Relation) -> Bools:
    related = _related(found.values.low, found.values.high, found.low_open, found.high_open, relation)
    return np.array(found.values.is_empty | related)


def _related(low: Any, high: Any, low_open: Any, high_open: Any, relation: Relation) -> Bools:
    positive = (low > 0) | (low == 0) & low_open
    negative = (high < 0) | (high == 0) & high_open
    found = {">=": low >= 0, ">": positive, "==": (low == 0) & (high == 0), "!=": positive | negative}[relation]
    return np.asarray(found)


def _holds_by_slope(curve: Curve, boxes: Boxes, relation: Relation) -> Bools:
    """A continuous function that rises or falls over a box is between its values at the ends of the box."""
    slope = curve.slopes(boxes, inside=(True, True)).values
    ends = [curve.at_end(boxes, high=high).values for high in (False, True)]
    up, down = (slope.low >= 0) & ~slope.undefined, (slope.high <= 0) & ~slope.undefined
    places = boxes.bounds[curve.wrt]
    first, last = (end.undefined | end.is_empty | ~np.isfinite(at) for end, at in zip(ends, places, strict=True))
    # A level function has the values of either end; what is undefined at an end bounds nothing.
    low = np.where(up & ~first, ends[0].low, -np.inf)
    low = np.maximum(low, np.where(down & ~last, ends[1].low, -np.inf))
    high = np.where(up & ~last, ends[1].high, np.inf)
    high = np.minimum(high, np.where(down & ~first, ends[0].high, np.inf))
    return _related(low, high, False, False, relation)


def _holds_between(curve: Curve, boxes: Boxes, relation: Relation) -> Bools:
    """Whether it holds inside of boxes by bounds, and at both ends by certain signs."""
    low, high = boxes.bounds[curve.wrt]
    sure = _by_values(curve.values(boxes, inside=(True, True)), relation) | (low == high)
    for i in np.flatnonzero(~sure)[:MOST_PARTS]:
        sure[i] = curve.left > 0 and _holds_on_part(curve.part(boxes[i : i + 1]), relation)
    ends = curve.zone.open_ends(boxes)[curve.wrt]
    for places, left_out in ((boxes.low, ends[0] | np.isinf(low)), (boxes.high, ends[1] | np.isinf(high))):
        for i in np.flatnonzero(sure & ~left_out):
            box = Boxes(boxes.region, places[i : i + 1], places[i : i + 1])
            sure[i] = _holds(curve, box, relation).all() or _holds_at(curve, box, relation)
    return np.asarray(sure)


def _holds_on_part(part: Curve, relation: Relation) -> bool:
    """Whether it holds on a box for the branch that the function takes inside: by bounds, or from an end on.

    A function that rises holds if the sign at its low end is certainly a right one.
    """
    box = part.zone.region.boxes
    if _holds(part, box, relation).all():
        return True
    slope = part.slopes(box, inside=(True, True)).values
    if relation not in (">=", ">") or slope.undefined.any() or not part.values(box).continuous.all():
        return False
    low, high = box.bounds[part.wrt]
    ends = [(slope.low >= 0) & np.isfinite(low), (slope.high <= 0) & np.isfinite(high)]
    return any(
        bool(usable.all()) and _holds_at(part, Boxes(box.region, places, places), relation)
        for usable, places in zip(ends, (box.low, box.high), strict=True)
    )


def _holds_at(curve: Curve, box: Boxes, relation: Relation) -> bool:
    point = {name: float(bounds[0][0]) for name, bounds in box.bounds.items()}
    if not all(np.isfinite(value) for value in point.values()):
        return False
    sign = sign_at(curve.program, point, curve.constants)
    return sign is not None and sign not in FAILS[relation]


# -- refutations -------------------------------------------------------------------------------------------


def _counterexample(curve: Curve, relation: Relation) -> Point | None:
    """A point, made simple, where the sign of the curve is certainly a wrong one."""
    region = curve.zone.inner("float64")

    def fails(points: Any) -> Bools:
        values = _numbers(curve, points)
        wrong = _may_fail(values, relation)
        suspects = np.flatnonzero(wrong)
        certain = np.zeros(len(wrong), dtype=bool)
        for place in _worth_a_look(suspects, abs(values)):
            point = {name: float(np.broadcast_to(column, wrong.shape)[place]) for name, column in points.items()}
            certain[place] = sign_at(curve.program, point, curve.constants) in FAILS[relation]
            if certain[place]:
                break
        return certain

    claim = Claim(lambda boxes: np.zeros(1, dtype=bool), fails)
    starts = [probes(region)]
    if curve.is_line:
        low, high = (max(region.bounds(curve.wrt)[0], -20.0), min(region.bounds(curve.wrt)[1], 20.0))
        if low < high:
            line = np.linspace(low, high, FINE)
            rest = {name: np.full(FINE, region.bounds(name)[0]) for name in region.names if name != curve.wrt}
            starts.append({**rest, curve.wrt: line})
    for points in starts:
        failing = np.flatnonzero(fails(points)) if points else np.array([], dtype=np.int64)
        if len(failing):
            point = {name: float(column[failing[0]]) for name, column in points.items()}
            return shrunk(claim, region, point)
    return None


def _worth_a_look(suspects: Any, sizes: Any) -> Any:
    """The first of the suspects that are plain, for probes begin with simple ones; and those that are worst."""
    plain = suspects[(sizes[suspects] > VISIBLE) & np.isfinite(sizes[suspects])][:CONFIRMED]
    order = np.argsort(-np.where(np.isfinite(sizes[suspects]), sizes[suspects], -1), kind="stable")
    return np.concatenate([plain, suspects[order][:CONFIRMED]])


def _may_fail(values: Any, relation: Relation) -> Bools:
    """Points worth a certain look, by values that are only nearly right."""
    with np.errstate(invalid="ignore"):
        found = {">=": values < 0, ">": values <= 0, "==": values != 0, "!=": values == 0}[relation]
    return np.asarray(found & ~np.isnan(values))


def _numbers(curve: Curve, points: Any) -> Any:
    (values,) = evaluate_numpy(curve.program, {**curve.constants, **points})
    count = max((len(column) for column in points.values()), default=1)
    return np.broadcast_to(values, (count,)).astype(np.float64)
