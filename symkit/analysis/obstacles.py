"""What stands in the way of E[f(X)**power]: holes, poles and tails, each said in a plain clause."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from symkit.analysis.breakpoints import REACH
from symkit.analysis.curve import Curve, Normal
from symkit.analysis.singular import Side, sides
from symkit.analysis.tails import Tail, tails

NEAR = 8.0
"""A piece between breakpoints is probed within so many deviations of where it is nearest to the mean."""

PROBES = np.array([0.0113, 0.0617, 0.3091, 0.5127, 0.7713, 0.9689])
"""Where a piece is probed; no round numbers, at which a function may be defined by exception."""


@dataclass(frozen=True, slots=True)
class Survey:
    """Where to integrate, and why not.

    Attributes:
        low, high: the range that counts.
        sides: both sides of every breakpoint in it.
        reasons: for every power without an expectation, a clause such as "is undefined for x < 0".
    """

    low: float
    high: float
    sides: list[Side]
    reasons: dict[int, str]


def survey(curve: Curve, normal: Normal, points: Sequence[float], powers: Sequence[int], variable: str) -> Survey:
    """Look for all that keeps E[f(X)**power] from existing, f being smooth but at `points`."""
    cuts = _cuts(normal, points)
    gap = hole(curve, normal, points, variable)
    if gap:
        return Survey(cuts[0], cuts[-1], [], dict.fromkeys(powers, gap))
    # Where |f|**power has no expectation, no higher power has: every reason holds from there on.
    reasons: dict[int, str] = {}
    ends = tails(curve, normal, powers)
    for p in powers:
        reasons |= _from(powers, p, _tail(ends[p], variable), reasons)
    existing = [p for p in powers if p not in reasons]
    low = normal.mean - normal.deviation * max((ends[p][0].end for p in existing), default=0.0)
    high = normal.mean + normal.deviation * max((ends[p][1].end for p in existing), default=0.0)
    if not existing:
        return Survey(low, high, [], reasons)
    edges = sides(curve, normal, list(_stretches(cuts, normal.deviation)), existing, (low, high))
    near = [side for side in edges if low < side.point < high]
    for p in existing:
        reasons |= _from(powers, p, _pole(edges, near, p, variable), reasons)
    ends_of_sides = [side.point + side.reach for side in near]
    return Survey(min([low, *ends_of_sides]), max([high, *ends_of_sides]), near, reasons)


def _from(powers: Sequence[int], power: int, reason: str, known: dict[int, str]) -> dict[int, str]:
    """The reason for every power from this one on that has none yet."""
    return {p: reason for p in powers if reason and p >= power and p not in known}


def _cuts(normal: Normal, points: Sequence[float]) -> list[float]:
    """The points within reach, between its two ends."""
    low, high = (normal.mean + sign * REACH * normal.deviation for sign in (-1, 1))
    return [low, *(point for point in points if low < point < high), high]


def _stretches(cuts: Sequence[float], widest: float) -> Iterator[tuple[float, float]]:
    """(breakpoint, signed reach) of both its sides: half way to the next breakpoint, and not far."""
    for before, point, after in zip(cuts, cuts[1:], cuts[2:], strict=False):
        yield point, -min(0.5 * (point - before), widest)
        yield point, min(0.5 * (after - point), widest)


def hole(curve: Curve, normal: Normal, points: Sequence[float], variable: str) -> str:
    """A clause on the pieces of the line where f is undefined, or infinite, throughout; empty if there is none."""
    cuts = _cuts(normal, points)
    pieces = list(pairwise(cuts))
    x = np.stack([low + (high - low) * PROBES for low, high in (_nearest(piece, normal) for piece in pieces)])
    samples = curve(x).mantissa
    for bad, word in ((np.isnan(samples), "undefined"), (np.isinf(samples), "infinite")):
        whole = [pieces[i] for i in np.flatnonzero(np.all(bad, axis=1))]
        if whole:
            return f"is {word} {_where(_joined(whole), cuts, normal, variable)}"
    return ""


def _nearest(piece: tuple[float, float], normal: Normal) -> tuple[float, float]:
    """The part of a piece that lies nearest to the mean."""
    (low, high), near = piece, NEAR * normal.deviation
    return max(low, min(normal.mean, high) - near), min(high, max(normal.mean, low) + near)


def _joined(pieces: list[tuple[float, float]]) -> list[tuple[float, float]]:
    joined = [pieces[0]]
    for low, high in pieces[1:]:
        if low == joined[-1][1]:
            joined[-1] = (joined[-1][0], high)
        else:
            joined.append((low, high))
    return joined


def _where(pieces: list[tuple[float, float]], cuts: Sequence[float], normal: Normal, variable: str) -> str:
    """Such as "for x < 0 (probability 0.5)"; of several pieces the likeliest is named."""
    open_ended = [
        (-math.inf if low == cuts[0] else low, math.inf if high == cuts[-1] else high) for low, high in pieces
    ]
    chances = [normal.probability(low, high) for low, high in open_ended]
    low, high = open_ended[int(np.argmax(chances))]
    if math.isinf(low) and math.isinf(high):
        return "everywhere"
    if math.isinf(low):
        bounds = f"{variable} < {high:.6g}"
    elif math.isinf(high):
        bounds = f"{variable} > {low:.6g}"
    else:
        bounds = f"{low:.6g} < {variable} < {high:.6g}"
    elsewhere = " and elsewhere" if len(pieces) > 1 else ""
    return f"for {bounds}{elsewhere} (probability {sum(chances):.3g})"


def _pole(edges: Sequence[Side], near: Sequence[Side], power: int, variable: str) -> str:
    """The breakpoint nearest to the mean that |f|**power cannot be integrated up to."""
    for side in edges:
        if side.rests[power].divergent:
            return f"grows too steeply at {variable} = {side.point:.6g} to be integrated"
    # Out of the range that counts it takes a true pole to matter.
    for side in near:
        if not side.rests[power].settled:
            return f"behaves at {variable} = {side.point:.6g} so that it cannot be told whether its integral exists"
    return ""


def _tail(ends: tuple[Tail, Tail], variable: str) -> str:
    for tail, infinity in zip(ends, ("-inf", "inf"), strict=True):
        if tail.infinite:
            return f"is infinite as {variable} goes to {infinity}"
        if tail.divergent:
            return f"grows faster than the normal density falls as {variable} goes to {infinity}"
    for tail, infinity in zip(ends, ("-inf", "inf"), strict=True):
        if not tail.settled:
            return f"cannot be followed far enough as {variable} goes to {infinity}"
    return ""
