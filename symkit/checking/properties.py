"""Shape: convex and concave functions, and zero at zero."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from symkit.checking.certain import sign_at, value_at
from symkit.checking.curve import Curve
from symkit.checking.domain import is_undefined
from symkit.checking.explain import number_text, point_text
from symkit.checking.monotone import never_turns
from symkit.checking.pairs import VISIBLE, lines, numbers_of, shown, witness_of
from symkit.checking.prover import Point
from symkit.checking.verdict import Verdict, proved, refuted, unknown
from symkit.ir import Program


def convex(curve: Curve, *, up: bool = True) -> Verdict:
    """Whether chords lie above the function, or below it if not `up`: its slope rises, and it does not jump."""
    triple = _bent(curve, up=up)
    if triple is not None:
        point, middle, last = triple
        return refuted(
            f"f at {curve.wrt}' = {number_text(middle)} is {'above' if up else 'below'} the chord over "
            f"{curve.wrt} = {number_text(point[curve.wrt])} and {curve.wrt}'' = {number_text(last)}",
            witness_of(curve, point, middle, last),
        )
    slope = Curve(curve.slope, curve.wrt, curve.zone, curve.constants, 0.0)
    slope.deadline = curve.deadline
    if _has_slope(slope) and curve.is_continuous()[0] and never_turns(slope, up=up):
        return proved(f"{'convex' if up else 'concave'} for {curve.zone}: its slope never {'falls' if up else 'rises'}")
    return unknown(f"no three points show the contrary, and no proof for {curve.zone}")


def _has_slope(slope: Curve) -> bool:
    """Whether there is a slope but at single points."""
    return slope.cover(
        lambda boxes: ~slope.values(boxes).values.undefined,
        lambda boxes: ~slope.values(boxes, inside=(True, True)).values.undefined,
    ).is_complete


def _bent(curve: Curve, *, up: bool) -> tuple[Point, float, float] | None:
    """Three points a, (a + b)/2, b with the middle on the wrong side of the chord."""
    for points in lines(curve):
        line = points[curve.wrt]
        if len(line) < 3 or not np.isfinite(line[[0, -1]]).all():
            continue
        for step in (1, 2, 5, 20):
            a, b = line[: -2 * step], line[2 * step :]
            middle = a / 2 + b / 2
            if not len(a):
                continue
            rest = {name: column[: len(a)] for name, column in points.items()}
            first, last, between = (numbers_of(curve, {**rest, curve.wrt: column}) for column in (a, b, middle))
            with np.errstate(all="ignore"):
                excess = (between - (first / 2 + last / 2)) * (1 if up else -1)
                excess = excess - VISIBLE * np.maximum(abs(first), abs(last))
            excess = np.where(np.isfinite(excess), excess, -np.inf)
            for i in np.argsort(-excess)[:3]:
                if excess[i] <= 0:
                    break
                found = _bent_at(
                    curve,
                    {n: float(c[i]) for n, c in {**rest, curve.wrt: a}.items()},
                    float(middle[i]),
                    float(b[i]),
                    up,
                )
                if found is not None:
                    return found
    return None


def _bent_at(curve: Curve, point: Point, middle: float, last: float, up: bool) -> tuple[Point, float, float] | None:
    from flint import arb

    places = point[curve.wrt], middle, last
    balls = [value_at(curve.program, {**point, curve.wrt: x}, curve.constants) for x in places]
    if any(ball is None for ball in balls):
        return None
    # The middle is rounded: the chord there, exactly.
    part = (arb(places[1]) - arb(places[0])) / (arb(places[2]) - arb(places[0]))
    chord = balls[0] * (1 - part) + balls[2] * part
    wrong = balls[1] > chord if up else balls[1] < chord
    return (point, middle, last) if wrong else None


def zero_at_zero(program: Program, names: tuple[str, ...], rest: Point, constants: Mapping[str, float]) -> Verdict:
    """Whether f(0) = 0."""
    point = {**rest, **dict.fromkeys(names, 0.0)}
    sign = sign_at(program, point, constants)
    if sign == 0:
        return proved(f"f is 0 at {point_text(point)}")
    ball = value_at(program, point, constants)
    if sign is not None:
        return refuted(f"f is {shown(ball)} at {point_text(point)}", point)
    if ball is None and is_undefined(program, point, constants):
        return refuted(f"f has no value at {point_text(point)}", point)
    if ball is None:
        return unknown(f"f has no certain value at {point_text(point)}")
    return unknown(f"f is {float(ball.mid()):.3g} or 0 at {point_text(point)}; bounds cannot tell")
