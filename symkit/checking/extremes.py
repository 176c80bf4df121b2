"""Bounds of a function and of its slope: bounded, and Lipschitz."""

from __future__ import annotations

import math

import numpy as np

from symkit.checking.certain import value_at
from symkit.checking.curve import Curve
from symkit.checking.explain import number_text, point_text
from symkit.checking.pairs import SHOWN, Pair, gap_between, pair_reason, shown, witness_of
from symkit.checking.prover import Point
from symkit.checking.region import Boxes
from symkit.checking.verdict import Verdict, proved, refuted, unknown


def bounded(curve: Curve) -> Verdict:
    """Whether some number is never exceeded in size; the bounds are told."""
    for line in curve.lines():
        growing = line.grows_without_bound()
        if len(growing):
            return _unbounded(line, growing, slope=False)
    found = curve.extent()
    if math.isfinite(found.low) and math.isfinite(found.high):
        met = _met(curve, found.lowest, found.highest)
        return proved(f"between {_down(found.low)} and {_up(found.high)} for {curve.zone}{met}")
    sides = " and ".join(w for w, b in (("below", found.low), ("above", found.high)) if math.isinf(b))
    return unknown(f"no bound from {sides} was found for {curve.zone}, and no proof that there is none")


def lipschitz(curve: Curve, constant: float | None = None) -> Verdict:
    """Whether |f(a) - f(b)| <= L*|a - b| for some L, or for this one."""
    for line in curve.lines(curve.wrt):
        growing = line.grows_without_bound(slope=True)
        growing = growing[line.values(growing, inside=(True, True)).continuous]
        if len(growing):
            return _unbounded(line, growing, slope=True)
        jump = _jump(line, line.pieces)
        if jump is not None:
            return refuted(f"f jumps at {point_text(jump)}", jump)
    continuous, doubtful = curve.is_continuous()
    jump = None if continuous else _jump(curve, doubtful)
    if jump is not None:
        return refuted(f"f jumps at {point_text(jump)}", jump)
    found = curve.extent(slope=True)
    most = max(abs(found.low), abs(found.high))
    steepest = max(
        (p for p in (found.lowest, found.highest) if p is not None), key=lambda p: _size(curve, p), default=None
    )
    if constant is not None and steepest is not None:
        pair = _steep_pair(curve, steepest, constant)
        if pair is not None:
            return refuted(
                f"{pair_reason(curve, *pair)}, which is steeper than {number_text(constant)}", witness_of(curve, *pair)
            )
    if continuous and math.isfinite(most) and (constant is None or most <= constant):
        reached = (
            "" if steepest is None else f", and |f'| is {_size(curve, steepest):.{SHOWN}g} at {point_text(steepest)}"
        )
        return proved(f"|f'| is at most {_up(most)} for {curve.zone}{reached}")
    if not continuous:
        return unknown(f"no proof that f is defined and continuous for {curve.zone}")
    limit = "no bound of |f'| was found" if math.isinf(most) else f"|f'| is at most {_up(most)}"
    return unknown(f"{limit} for {curve.zone}, and no two points that are too steep")


def _unbounded(curve: Curve, growing: Boxes, *, slope: bool) -> Verdict:
    """The witness is a point of the growing part, a simple one where there is."""
    low, high = (bounds[0] for bounds in growing.bounds[curve.wrt])
    powers = (6, 10, 100, 300) if max(abs(low), abs(high)) > 1 else (-6, -10, -100, -300)
    sign = 1 if low + high > 0 else -1
    side = curve.zone.sides[curve.wrt]
    inside = [x for x in (sign * 10.0**k for k in powers) if side.low < x < side.high]
    inside.append(float(growing.middles()[curve.wrt][0]))
    point = {name: float(middle[0]) for name, middle in growing.middles().items()} | {curve.wrt: inside[0]}
    program = curve.slope if slope else curve.program
    value = value_at(program, point, curve.constants)
    what = "f'" if slope else "f"
    towards = "infinity" if abs(inside[0]) > 1 else "0"
    towards = "-" + towards if towards != "0" and sign < 0 else towards
    there = "" if value is None else f"{what} is {shown(value)} at {point_text(point)}, and "
    return refuted(f"{there}its size grows without bound as {curve.wrt} tends to {towards}", point)


def _jump(curve: Curve, doubtful: Boxes) -> Point | None:
    """A point whose value is apart from all values beside it."""
    if not curve.is_line or not len(doubtful):
        return None
    beside = curve.values(doubtful, inside=(True, True)).values
    left_out = curve.zone.open_ends(doubtful)[curve.wrt]
    for high in (False, True):
        point = curve.at_end(doubtful, high=high).values
        apart = (point.low > beside.high) | (point.high < beside.low)
        low, top = doubtful.bounds[curve.wrt]
        sure = apart & ~point.undefined & ~beside.undefined & ~beside.is_empty & ~point.is_empty & (low < top)
        sure = sure & np.isfinite(top if high else low) & ~left_out[high]
        for i in np.flatnonzero(sure):
            places = doubtful.high if high else doubtful.low
            at = Boxes(doubtful.region, places[i : i + 1], places[i : i + 1])
            return {name: float(bounds[0][0]) + 0.0 for name, bounds in at.bounds.items()}
    return None


def _size(curve: Curve, point: Point) -> float:
    ball = value_at(curve.slope, point, curve.constants)
    return 0.0 if ball is None else abs(float(ball.mid()))


def _steep_pair(curve: Curve, point: Point, constant: float) -> Pair | None:
    """Two points between which it is certainly steeper than that."""
    from flint import arb

    side = curve.zone.sides[curve.wrt]
    x = point[curve.wrt]
    for reach in (1.0, 0.1, 1e-2, 1e-3, 1e-5, 1e-7, 1e-9, 1e-12):
        for other in (x + reach, x - reach, x + reach * abs(x), x - reach * abs(x)):
            if other == x or not side.low < other < side.high:
                continue
            difference = gap_between(curve, point, {**point, curve.wrt: other})
            if difference is not None and abs(difference) > arb(constant) * abs(arb(x) - arb(other)):
                return point, other
    return None


def _met(curve: Curve, *points: Point | None) -> str:
    met = [(p, value_at(curve.program, p, curve.constants)) for p in points if p is not None]
    texts = [f"{shown(ball)} at {point_text(p)}" for p, ball in met if ball is not None]
    return f"; it is {' and '.join(dict.fromkeys(texts))}" if texts else ""


def _down(value: float) -> str:
    return number_text(_rounded(value, -1))


def _up(value: float) -> str:
    return number_text(_rounded(value, 1))


def _rounded(value: float, way: int) -> float:
    """To some digits, never past the bound."""
    if value == 0 or not math.isfinite(value):
        return value + 0.0
    unit = 10.0 ** (math.floor(math.log10(abs(value))) - SHOWN)
    near = float(f"{value:.{SHOWN}e}")
    outside = near >= value if way > 0 else near <= value
    return near if outside else float(f"{near + way * unit:.{SHOWN}e}")
