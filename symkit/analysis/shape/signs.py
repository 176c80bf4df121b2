"""Where a function changes sign between two breakpoints; float64 proposes, exact values decide."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symkit.analysis.curve import Floats
from symkit.analysis.shape.rows import Row

LEAST = 2.0**-1000
"""Samples below this may have lost their sign."""

PLAIN = 1e-9
"""Samples above this part of the largest are no noise."""

CLOSE = 3
"""Changes of sign that so few samples lie between may be noise of float64."""

SPREAD = (0.383, 0.717, 0.119)
"""Parts of a stretch where exact values tell whether a function is 0 throughout."""

PROBES = 9
"""Places of a noisy stretch that are looked at exactly."""

SECTIONS, ROUNDS = 17, 12
"""A change is enclosed by cutting its stretch into 16 parts, 12 times."""

HALVINGS = 60

MOST = 400
"""No more changes of sign than this are looked into on one stretch."""


@dataclass(frozen=True, slots=True)
class Run:
    """A range of one sign; 0 where the function is 0 throughout."""

    low: float
    high: float
    sign: int


def runs(row: Row, x: Floats, low: float, high: float) -> list[Run]:
    """The runs of one sign between two breakpoints, ascending; none where the function is undefined.

    Args:
        row: the function, smooth between the breakpoints.
        x: points strictly between them, ascending; a pair of changes between two neighbours is missed.
        low, high: the breakpoints.
    """
    heights = row.floats(x)
    probes = [row.sign(float(x[int(SPREAD[0] * len(x))]))]
    if probes[0] == 0:
        # A steep step leaves nothing to be seen beside it.
        peak = int(np.argmax(np.where(np.isfinite(heights), np.abs(heights), 0.0)))
        probes += [row.sign(float(x[place])) for place in (*(int(part * len(x)) for part in SPREAD[1:]), peak)]
        if not any(probes) and None not in probes:
            return [Run(low, high, 0)]
    sure = np.flatnonzero(np.abs(heights) > LEAST)
    if not sure.size:
        known = _known(row, x[np.unique(np.linspace(0, len(x) - 1, PROBES + 2).astype(int)[1:-1])])
        if not known:
            return []
        brackets = _changes(known)
        first = next((sign for _, sign in known if sign), 0)
    else:
        signs = np.sign(heights[sure]).astype(int)
        first = next((sign for sign in probes if sign), int(signs[0]))
        brackets = _brackets(row, x[sure], heights[sure], signs)
        brackets = _alternating([*_edge(row, x, int(sure[0]), -1), *brackets, *_edge(row, x, int(sure[-1]), 1)])
    if brackets:
        first = brackets[0][2]
    places = _enclosed(row, brackets)
    ends = [low, *places, high]
    return [Run(a, b, first * (-1) ** i) for i, (a, b) in enumerate(zip(ends, ends[1:], strict=False))]


Bracket = tuple[float, float, int]
"""Two points of opposite signs, and the sign of the first."""


def _known(row: Row, points: Floats) -> list[tuple[float, int]]:
    found = [(float(point), row.sign(float(point))) for point in points]
    return [(point, sign) for point, sign in found if sign is not None]


def _changes(known: list[tuple[float, int]]) -> list[Bracket]:
    signed = [(point, sign) for point, sign in known if sign]
    return [(a, b, s) for (a, s), (b, t) in zip(signed, signed[1:], strict=False) if s != t]


def _edge(row: Row, x: Floats, sure: int, way: int) -> list[Bracket]:
    """A change of sign among samples at the end of the stretch that float64 loses."""
    lost = x[:sure] if way < 0 else x[sure + 1 :]
    if len(lost) < CLOSE:
        return []
    points = lost[np.unique(np.linspace(0, len(lost) - 1, CLOSE).astype(int))]
    here = x[sure : sure + 1]
    return _changes(_known(row, np.concatenate([points, here] if way < 0 else [here, points])))


def _brackets(row: Row, x: Floats, heights: Floats, signs: NDArray[np.int_]) -> list[Bracket]:
    """Changes of sign, those between small values confirmed exactly."""
    changes = np.flatnonzero(signs[:-1] != signs[1:])[:MOST]
    sizes = np.abs(heights)
    # Next to breakpoints, where samples lie close, float64 may take another branch.
    wide = np.diff(x, append=math.inf) > 0.25 * np.median(np.diff(x)) if len(x) > 1 else np.array([False])
    plain = sizes > PLAIN * np.max(sizes[np.isfinite(sizes)], initial=0.0)
    found: list[Bracket] = []
    start = 0
    for k in range(len(changes)):
        if k + 1 < len(changes) and changes[k + 1] - changes[k] <= CLOSE:
            continue
        first, last = int(changes[start]), int(changes[k]) + 1
        noisy = k > start
        start = k + 1
        if noisy:
            first, last = max(first - 1, 0), min(last + 1, len(x) - 1)
            places = np.unique(np.linspace(first, last, PROBES).astype(int))
        elif plain[first] and plain[last] and wide[first]:
            found.append((float(x[first]), float(x[last]), int(signs[first])))
            continue
        else:
            places = np.array([first, last])
        found += _changes(_known(row, x[places]))
    return found


def _alternating(brackets: list[Bracket]) -> list[Bracket]:
    """Without changes to the sign that is there already, of which the exact values of noise leave a few."""
    kept: list[Bracket] = []
    for bracket in brackets:
        if not kept or kept[-1][2] != bracket[2]:
            kept.append(bracket)
    return kept


def _enclosed(row: Row, brackets: list[Bracket]) -> list[float]:
    """Where the sign changes, to the last bit or so."""
    if not brackets:
        return []
    low, high, sign = (np.array(column, dtype=np.float64) for column in zip(*brackets, strict=True))
    each = np.arange(len(low))
    for _ in range(ROUNDS):
        points = np.linspace(low, high, SECTIONS)
        same = np.sign(row.floats(points.ravel()).reshape(points.shape)) == sign
        same[0], same[-1] = True, False
        first = np.argmin(same, axis=0)
        low, high = points[first - 1, each], points[first, each]
    middles = 0.5 * (low + high)
    return [_polished(row, bracket, float(x)) for bracket, x in zip(brackets, middles, strict=True)]


def _polished(row: Row, bracket: Bracket, x: float) -> float:
    """One step along the secant from the exact value at x; to a shorter decimal if it is a zero."""
    low, high, _ = bracket
    step = 1e-6 * (high - low)
    value = row.exact(x)
    rise = float(np.subtract(*row.floats(np.array([x + step, x - step]))))
    if value == 0 and row.sign(x) == 0:
        return _short(row, x, step)
    if value and rise and math.isfinite(value) and math.isfinite(rise):
        better = x - 2 * step * float(value) / rise
        close = abs(better - x) <= 1e-15 * abs(x)
        if close or abs(better - x) <= step and abs(row.exact(better)) <= 0.01 * abs(value):
            return _short(row, better, step)
    # A change further off than that is one that the noise of float64 has hidden.
    short = _short(row, x, 0.01 * (high - low))
    return short if short != x else _halved(row, bracket)


def _short(row: Row, x: float, reach: float) -> float:
    """The shortest decimal in reach that is exactly a zero, else x."""
    for digits in (0, 1, 2, 3, 6, 9):
        short = round(x, digits) + 0.0
        if abs(short - x) <= reach and row.sign(short) == 0:
            return short
    return x


def _halved(row: Row, bracket: Bracket) -> float:
    low, high, sign = bracket
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if row.sign(middle) == sign else (low, middle)
    return _short(row, high, 1e-9 * (bracket[1] - bracket[0]))
