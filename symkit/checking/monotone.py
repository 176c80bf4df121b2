"""Monotone functions: a proof by what rises or falls on every box, a refutation by points.

Statements are about the points of a zone at which the function is defined.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from symkit.checking.certain import value_at
from symkit.checking.curve import Curve
from symkit.checking.explain import number_text
from symkit.checking.pairs import Pair, find_pair, pair_reason, shown, witness_of
from symkit.checking.region import Boxes
from symkit.checking.verdict import Verdict, proved, refuted, unknown
from symkit.evaluation.interval_arithmetic import Bools


def increasing(curve: Curve, *, strictly: bool = False) -> Verdict:
    """Whether f(a) <= f(b) for a < b, or f(a) < f(b)."""
    return _directed(curve, up=True, strictly=strictly)


def decreasing(curve: Curve, *, strictly: bool = False) -> Verdict:
    return _directed(curve, up=False, strictly=strictly)


def monotone(curve: Curve, *, strictly: bool = False) -> Verdict:
    """Whether it is increasing or decreasing; a refutation has three points, the middle one the highest or lowest."""
    falls, rises = (find_pair(curve, up=up, strictly=strictly) for up in (True, False))
    if falls is not None and rises is not None:
        return _turning(curve, falls, rises, strictly)
    for up, other in ((True, falls), (False, rises)):
        if other is None and _is_proved(curve, up=up, strictly=strictly):
            return proved(_monotone_reason(curve, up, strictly))
    return unknown(
        f"no proof that it only rises or only falls for {curve.zone}, and no three points that show the contrary"
    )


def _directed(curve: Curve, *, up: bool, strictly: bool) -> Verdict:
    pair = find_pair(curve, up=up, strictly=strictly)
    if pair is not None:
        return refuted(pair_reason(curve, *pair), witness_of(curve, *pair))
    if _is_proved(curve, up=up, strictly=strictly):
        return proved(_monotone_reason(curve, up, strictly))
    word = "falls" if up else "rises"
    return unknown(f"no two points were found between which it {word}, and none ruled out for {curve.zone}")


def _monotone_reason(curve: Curve, up: bool, strictly: bool) -> str:
    word = "increasing" if up else "decreasing"
    return (
        f"{'strictly ' if strictly else ''}{word} for {curve.zone}: certified bounds of its slope and its parts say so"
    )


def _is_proved(curve: Curve, *, up: bool, strictly: bool) -> bool:
    if not never_turns(curve, up=up):
        return False
    return not strictly or _never_rests(curve)


def never_turns(curve: Curve, *, up: bool) -> bool:
    """Whether it is proved to rise (or fall), though not strictly."""
    whole = curve.values(curve.zone.region.boxes)
    if bool(whole.rising.all() if up else whole.falling.all()):
        return True
    holes: list[float] = []
    found = curve.cover(
        lambda boxes: curve.moves(boxes, up=up) | curve.absent(boxes),
        lambda boxes: _moves_between(curve, boxes, up, holes),
    )
    if not found.is_complete:
        return False
    if not curve.is_line:
        return _is_defined(curve)
    if not holes:
        return True
    # Parts on either side of a hole do not speak of each other: what is beside the domain must lie outside of it.
    domain = _domain(curve)
    return domain is not None and all(place <= domain[0] or place >= domain[1] for place in holes)


def _is_defined(curve: Curve) -> bool:
    return curve.cover(lambda boxes: ~curve.values(boxes).values.undefined).is_complete


def _moves_between(curve: Curve, boxes: Boxes, up: bool, holes: list[float]) -> Bools:
    """Whether it rises inside of boxes, and from there to their ends; ends at which it may be undefined are noted."""
    low, high = boxes.bounds[curve.wrt]
    is_point = low == high
    inside = curve.values(boxes, inside=(True, True)).values
    sure = is_point | curve.moves(boxes, up=up, inside=(True, True))
    for at_high, places in ((False, low), (True, high)):
        end = curve.at_end(boxes, high=at_high).values
        # At an infinity there is no value.
        missing = end.undefined | end.is_empty | ~np.isfinite(places)
        fits = is_point | curve.joins(boxes, sure & ~missing & ~is_point, high=at_high)
        steps = inside.high <= end.low if at_high == up else end.high <= inside.low
        sure = sure & (missing | fits | steps)
        holes += [float(place) for place in places[sure & missing] if math.isfinite(place)]
    return np.asarray(sure)


def _domain(curve: Curve) -> tuple[float, float] | None:
    """The range outside of which the function is defined nowhere; None if what is inside cannot be told apart."""
    pieces = curve.pieces
    order = np.argsort(pieces.low[:, pieces.region.names.index(curve.wrt)])
    pieces = pieces[order]
    gone = curve.absent(pieces)
    low, high = pieces.bounds[curve.wrt]
    there = np.flatnonzero(~gone)
    if not len(there):
        return None
    first, last = int(there[0]), int(there[-1])
    if gone[first:last].any():
        return None
    return float(low[first]), float(high[last])


def _never_rests(curve: Curve) -> bool:
    """Whether a function that never turns has no level stretch: it has a slope other than 0 but at single points."""
    if curve.values(curve.zone.region.boxes).strict.all():
        return True
    return curve.cover(
        lambda boxes: _has_sign(curve, boxes), lambda boxes: _has_sign(curve, boxes, (True, True))
    ).is_complete


def _has_sign(curve: Curve, boxes: Boxes, inside: tuple[bool, bool] = (False, False)) -> Bools:
    slope = curve.slopes(boxes, inside=inside)
    low, high = slope.values.low, slope.values.high
    is_point = boxes.bounds[curve.wrt][0] == boxes.bounds[curve.wrt][1]
    found = (low > 0) | (low == 0) & slope.low_open | (high < 0) | (high == 0) & slope.high_open
    return np.asarray(is_point | found & ~slope.values.is_empty | curve.absent(boxes))


def _turning(curve: Curve, falls: Pair, rises: Pair, strictly: bool) -> Verdict:
    """Three points of a function that both falls and rises, where the other names agree."""
    places = sorted({falls[0][curve.wrt], falls[1], rises[0][curve.wrt], rises[1]})
    rest = [{n: v for n, v in pair[0].items() if n != curve.wrt} for pair in (falls, rises)]
    if rest[0] == rest[1]:
        balls = [value_at(curve.program, {**rest[0], curve.wrt: x}, curve.constants) for x in places]
        for a, b, c in itertools.combinations(range(len(places)), 3):
            if (
                bool(balls[a] > balls[b])
                and bool(balls[b] < balls[c])
                or bool(balls[a] < balls[b])
                and bool(balls[b] > balls[c])
            ):
                x = [places[k] for k in (a, b, c)]
                texts = [f"{shown(balls[k])} at {number_text(places[k])}" for k in (a, b, c)]
                return refuted(
                    f"f is {texts[0]}, {texts[1]} and {texts[2]}",
                    witness_of(curve, {**rest[0], curve.wrt: x[0]}, *x[1:]),
                )
    first, second = pair_reason(curve, *falls), pair_reason(curve, *rises)
    return refuted(f"{first}, but {second}", witness_of(curve, *falls))
