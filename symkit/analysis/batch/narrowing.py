"""Points at which the terms of many nodes vanish, change sign or cease to be defined: all are narrowed at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symkit.analysis.batch.pool import Pool
from symkit.analysis.batch.step import Guides
from symkit.analysis.curve import Floats

ROUNDS = 10
LOOKS = 4
"""Rounds for a change, and for a dip, each of which looks at as many points as there are SHARES."""

SHARES = np.arange(1, 64) / 64
NARROWING = 8.0 ** -np.arange(1.0, 17.0)
AROUND = np.concatenate([-NARROWING, [0.0], NARROWING])

TOUCHES = 1e-7
"""Part of its height beside it to which a dip must fall to count as a zero."""


@dataclass(frozen=True, slots=True)
class Bracket:
    """A stretch of the line in which a term of a node changes its class, or else dips towards 0."""

    node: int
    guides: Guides
    term: int
    low: float
    high: float
    changes: bool


def narrowed(pool: Pool, brackets: Sequence[Bracket]) -> list[list[float]]:
    """The points in each bracket."""
    points: list[list[float]] = [[] for _ in brackets]
    changing = [(i, b.low, b.high) for i, b in enumerate(brackets) if b.changes]
    dipping = [i for i, b in enumerate(brackets) if not b.changes]
    for i, found in zip(dipping, _looked(pool, [brackets[i] for i in dipping]), strict=True):
        if isinstance(found, tuple):
            low, middle, high = found
            changing += [(i, low, middle), (i, middle, high)]
        elif found is not None:
            points[i].append(found)
    located = _located(pool, [brackets[i] for i, _, _ in changing], [(low, high) for _, low, high in changing])
    for (i, _, _), point in zip(changing, located, strict=True):
        points[i].append(point)
    return points


class _Terms:
    """The terms of brackets, each at points of its own."""

    def __init__(self, pool: Pool, brackets: Sequence[Bracket]) -> None:
        own = Pool()
        groups: dict[tuple[int, int], list[int]] = {}
        operands: list[list[int]] = []
        for k, bracket in enumerate(brackets):
            operands.append([own.transfer(pool, i, f"#{k}") for i in pool.operands(bracket.node)])
            groups.setdefault((id(bracket.guides), bracket.term), []).append(k)
        self._schedule = own.schedule()
        row = self._schedule.row
        self._groups = [
            (
                brackets[members[0]],
                members,
                [row[list(slot)] for slot in zip(*(operands[k] for k in members), strict=True)],
            )
            for members in groups.values()
        ]

    def __call__(self, x: Floats) -> Floats:
        """Heights at points, one row a bracket."""
        values = self._schedule.values({f"#{k}": row for k, row in enumerate(x)})
        heights = np.empty(x.shape)
        with np.errstate(all="ignore"):
            for bracket, members, places in self._groups:
                given = {str(slot): values[rows] for slot, rows in enumerate(places)}
                heights[members] = bracket.guides.rows(given)[bracket.term]
        return heights


def _classes(heights: Floats) -> NDArray[np.int8]:
    return np.where(np.isnan(heights), 2, np.sign(heights)).astype(np.int8)


def _looked(pool: Pool, brackets: Sequence[Bracket]) -> list[float | tuple[float, float, float] | None]:
    """For each dip a point where it touches 0, or bounds and a point between them of another class, or neither."""
    found: list[float | tuple[float, float, float] | None] = [None] * len(brackets)
    if not brackets:
        return found
    terms = _Terms(pool, brackets)
    low, high = np.array([b.low for b in brackets]), np.array([b.high for b in brackets])
    each = np.arange(len(low))
    ends = terms(np.stack([low, high], axis=1))
    tall = np.abs(ends).max(axis=1)
    x = np.empty((len(low), len(SHARES)))
    heights = x
    crossed = np.zeros(len(low), dtype=bool)
    for _ in range(LOOKS):
        x = low[:, None] + (high - low)[:, None] * SHARES
        heights = terms(x)
        differs = _classes(heights) != _classes(ends[:, 0])[:, None]
        for i in np.flatnonzero(differs.any(axis=1) & ~crossed).tolist():
            found[i] = brackets[i].low, float(x[i, differs[i].argmax()]), brackets[i].high
        crossed |= differs.any(axis=1)
        best = np.clip(np.argmin(np.abs(heights), axis=1), 1, len(SHARES) - 2)
        low, high = x[each, best - 1], x[each, best + 1]
    lowest = np.argmin(np.abs(heights), axis=1)
    for i in np.flatnonzero(~crossed & (np.abs(heights[each, lowest]) < TOUCHES * tall)).tolist():
        found[i] = _short(float(x[i, lowest[i]]), 1e-6)
    return found


def _located(pool: Pool, brackets: Sequence[Bracket], bounds: Sequence[tuple[float, float]]) -> list[float]:
    """Where the class changes between each pair of bounds, looked for all over, and about the zero of a chord."""
    if not brackets:
        return []
    terms = _Terms(pool, brackets)
    low, high = np.array(bounds).T
    at_low, at_high = terms(np.stack([low, high], axis=1)).T
    open_ = np.arange(len(low))
    for _ in range(ROUNDS):
        # Most are done soon, and what is done is not evaluated again.
        wide = high - low > 2.0**-51 * np.maximum(np.abs(low), np.abs(high))
        if not wide.any():
            break
        if 2 * wide.sum() < len(open_):
            open_ = np.flatnonzero(wide)
            terms = _Terms(pool, [brackets[i] for i in open_.tolist()])
        x, heights = _seen(terms, low[open_], high[open_], at_low[open_], at_high[open_])
        differs = _classes(heights) != _classes(heights[:, 0])[:, None]
        upper, each = np.maximum(differs.argmax(axis=1), 1), np.arange(len(open_))
        low[open_], high[open_] = x[each, upper - 1], x[each, upper]
        at_low[open_], at_high[open_] = heights[each, upper - 1], heights[each, upper]
    nearer = np.where(np.abs(at_low) < np.abs(at_high), low, high)
    return [_short(point, 1e-15) for point in nearer.tolist()]


def _seen(terms: _Terms, low: Floats, high: Floats, at_low: Floats, at_high: Floats) -> tuple[Floats, Floats]:
    """Points from `low` to `high`, ascending, and the heights there."""
    with np.errstate(all="ignore"):
        zero = at_low / (at_low - at_high)
    zero = np.where(np.isfinite(zero), np.clip(zero, 0.0, 1.0), 0.5)
    shares = np.concatenate([zero[:, None] + AROUND, np.broadcast_to(SHARES, (len(low), len(SHARES)))], axis=1)
    inside = low[:, None] + (high - low)[:, None] * np.sort(np.clip(shares, 0.0, 1.0), axis=1)
    x = np.concatenate([low[:, None], inside, high[:, None]], axis=1)
    heights = terms(x)
    heights[:, 0], heights[:, -1] = at_low, at_high
    return x, heights


def _short(point: float, tolerance: float) -> float:
    """The point, or a decimal of few digits that it cannot be told from."""
    short = round(point, 4 if tolerance > 1e-9 else 12)
    return short if abs(short - point) <= tolerance * max(1.0, abs(point)) else point
