"""Points at which the terms of many nodes vanish, change sign or cease to be defined: all are narrowed at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symkit.analysis.batch.pool import Order, Pool
from symkit.analysis.batch.tape import OWN, SLOTS, VALUE, assembled, most_registers, padded, run
from symkit.analysis.curve import Floats

ROUNDS = 12
LOOKS = 5
"""Rounds for a change, and for a dip, each of which looks at as many points as there are SHARES."""

SHARES = np.arange(1, 32) / 32
NARROWING = 16.0 ** -np.arange(1.0, 13.0)
AROUND = np.concatenate([-NARROWING, [0.0], NARROWING])

TOUCHES = 1e-7
"""Part of its height beside it to which a dip must fall to count as a zero."""


@dataclass(frozen=True, slots=True)
class Bracket:
    """A stretch of the line in which a term of a node, given by its template, changes its class, or else dips."""

    node: int
    term: int
    low: float
    high: float
    changes: bool


def narrowed(pool: Pool, order: Order, brackets: Sequence[Bracket]) -> list[list[float]]:
    """The points in each bracket."""
    points: list[list[float]] = [[] for _ in brackets]
    changing = [(i, b.low, b.high) for i, b in enumerate(brackets) if b.changes]
    dipping = [i for i, b in enumerate(brackets) if not b.changes]
    for i, found in zip(dipping, _looked(pool, order, [brackets[i] for i in dipping]), strict=True):
        if isinstance(found, tuple):
            low, middle, high = found
            changing += [(i, low, middle), (i, middle, high)]
        elif found is not None:
            points[i].append(found)
    located = _located(pool, order, [brackets[i] for i, _, _ in changing], [(low, high) for _, low, high in changing])
    for (i, _, _), point in zip(changing, located, strict=True):
        points[i].append(point)
    return points


class _Terms:
    """The terms of brackets, each at points of its own."""

    def __init__(self, pool: Pool, order: Order, brackets: Sequence[Bracket]) -> None:
        wanted = list(dict.fromkeys((b.node, b.term) for b in brackets))
        below = {node: pool.below(node) for node, _ in wanted}
        # Of each (node, term) the rows: those of the nodes below, in order, then the term's own, then scratch.
        count = len(order.operands)
        nodes = np.array([i for node, _ in wanted for i in (*below[node], node)], dtype=np.int64)
        sizes = np.array([len(below[node]) + 1 for node, _ in wanted])
        firsts = np.concatenate([[0], np.cumsum(sizes)])
        which = np.repeat(np.arange(len(wanted)), sizes)
        templates = order.value[nodes]
        templates[firsts[1:] - 1] = [term for _, term in wanted]
        keys = which * count + nodes
        places = np.minimum(np.searchsorted(keys, which[:, None] * count + order.operands[nodes]), len(keys) - 1)
        places -= firsts[which][:, None]
        registers = np.zeros((len(nodes), OWN), dtype=np.int64)
        registers[:, :SLOTS] = places
        registers[:, VALUE] = np.arange(len(nodes)) - firsts[which]
        is_leaf = order.operands[nodes, 0] == nodes
        applied = np.flatnonzero(~is_leaf)
        self._tape, bounds = assembled(templates[applied], registers[applied], sizes[which[applied]])
        parts = bounds[np.searchsorted(applied, firsts)]
        rooms = sizes + most_registers(templates[applied])
        place = {pair: k for k, pair in enumerate(wanted)}
        own = np.array([place[b.node, b.term] for b in brackets])
        self._starts = np.concatenate([[0], np.cumsum(rooms[own])])
        self._terms = self._starts[:-1] + sizes[own] - 1
        self._parts = parts[own], parts[own + 1]
        leaves: list[list[tuple[int, float | None]]] = [[] for _ in wanted]
        for k in np.flatnonzero(is_leaf).tolist():
            leaf = pool.nodes[nodes[k]]
            leaves[which[k]].append((k - firsts[which[k]], leaf if isinstance(leaf, float) else None))
        given = [(int(start) + k, leaf, i) for i, start in enumerate(self._starts[:-1]) for k, leaf in leaves[own[i]]]
        self._rows = np.empty((0, 0))
        self._numbers = np.array([row for row, leaf, _ in given if leaf is not None], dtype=np.int64)
        self._values = np.array([leaf for _, leaf, _ in given if leaf is not None])
        self._lines = np.array([(row, i) for row, leaf, i in given if leaf is None], dtype=np.int64).reshape(-1, 2)

    def __call__(self, x: Floats, some: NDArray[np.intp] | None = None) -> Floats:
        """Heights at points, one row a bracket, of some brackets, ascending, or of all."""
        count = x.shape[1]
        each = np.arange(len(self._terms)) if some is None else some
        if self._rows.shape[1] != padded(count):
            self._rows = np.empty((self._starts[-1], padded(count)))
            self._rows[self._numbers] = self._values[:, None]
        rows = self._rows
        wanted = np.zeros(len(self._terms), dtype=bool)
        wanted[each] = True
        row, owner = self._lines[wanted[self._lines[:, 1]]].T
        given = x[np.searchsorted(each, owner)]
        rows[row, :count] = given
        rows[row, count:] = given[:, -1:]
        first, last = (part[each] for part in self._parts)
        zero = np.zeros_like(first)
        run(rows, self._tape, np.stack([self._starts[each], zero, zero + rows.shape[1], first, last, zero], axis=1))
        return rows[self._terms[each], :count]


def _classes(heights: Floats) -> NDArray[np.int8]:
    return np.where(np.isnan(heights), 2, np.sign(heights)).astype(np.int8)


def _looked(pool: Pool, order: Order, brackets: Sequence[Bracket]) -> list[float | tuple[float, float, float] | None]:
    """For each dip a point where it touches 0, or bounds and a point between them of another class, or neither."""
    found: list[float | tuple[float, float, float] | None] = [None] * len(brackets)
    if not brackets:
        return found
    terms = _Terms(pool, order, brackets)
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


def _located(
    pool: Pool, order: Order, brackets: Sequence[Bracket], bounds: Sequence[tuple[float, float]]
) -> list[float]:
    """Where the class changes between each pair of bounds, looked for all over, and about the zero of a chord."""
    if not brackets:
        return []
    terms = _Terms(pool, order, brackets)
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
        x, heights = _seen(terms, open_, low[open_], high[open_], at_low[open_], at_high[open_])
        differs = _classes(heights) != _classes(heights[:, 0])[:, None]
        upper, each = np.maximum(differs.argmax(axis=1), 1), np.arange(len(open_))
        low[open_], high[open_] = x[each, upper - 1], x[each, upper]
        at_low[open_], at_high[open_] = heights[each, upper - 1], heights[each, upper]
    nearer = np.where(np.abs(at_low) < np.abs(at_high), low, high)
    return [_short(point, 1e-15) for point in nearer.tolist()]


def _seen(
    terms: _Terms, some: NDArray[np.intp], low: Floats, high: Floats, at_low: Floats, at_high: Floats
) -> tuple[Floats, Floats]:
    """Points from `low` to `high`, ascending, and the heights there."""
    with np.errstate(all="ignore"):
        zero = at_low / (at_low - at_high)
    zero = np.where(np.isfinite(zero), np.clip(zero, 0.0, 1.0), 0.5)
    shares = np.concatenate([zero[:, None] + AROUND, np.broadcast_to(SHARES, (len(low), len(SHARES)))], axis=1)
    inside = low[:, None] + (high - low)[:, None] * np.sort(np.clip(shares, 0.0, 1.0), axis=1)
    x = np.concatenate([low[:, None], inside, high[:, None]], axis=1)
    heights = terms(x, some)
    heights[:, 0], heights[:, -1] = at_low, at_high
    return x, heights


def _short(point: float, tolerance: float) -> float:
    """The point, or a decimal of few digits that it cannot be told from."""
    short = round(point, 4 if tolerance > 1e-9 else 12)
    return short if abs(short - point) <= tolerance * max(1.0, abs(point)) else point
