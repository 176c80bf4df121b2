"""Where functions of a pool may not be smooth or not be defined: zeros of the terms that their operators name."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from symkit.analysis.batch.layout import DISTANCES
from symkit.analysis.batch.narrowing import Bracket, narrowed
from symkit.analysis.batch.pool import Applied, Order, Pool, Sampled
from symkit.analysis.batch.step import Guides, guides
from symkit.analysis.batch.tape import OWN, SLOTS, VALUE, assembled, most_registers, padded, run
from symkit.analysis.curve import Floats

UNDEFINED = 2
"""The class of a sample that is NaN; the others are the signs -1, 0 and 1."""

MOST = 24
"""More points than this a function must not have."""

CLOSE = 1e-4
"""Deviations from a known point within which rounding may make zeros of what is none, but for the next samples."""

SAME = 1e-12


@dataclass(frozen=True, slots=True)
class Reach:
    """Bounds within which kinks are looked for, and within which edges of a domain are, which must not lie beyond."""

    kinks: tuple[float, float]
    edges: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Places:
    """What is known of nodes.

    Attributes:
        points: those that were not known before.
        lost: why those of a node cannot be told.
        far: nodes that may jump out of reach.
    """

    points: dict[int, frozenset[float]] = field(default_factory=dict)
    lost: dict[int, str] = field(default_factory=dict)
    far: set[int] = field(default_factory=set)


def places(
    pool: Pool,
    order: Order,
    sampled: Sampled,
    x: Floats,
    columns: NDArray[np.intp],
    known: Sequence[float],
    reach: Reach,
    roots: Sequence[int],
) -> Places:
    """The points of `roots`, and of the nodes that they stand on, but for those `known`.

    Args:
        pool: of functions of one line.
        sampled: their samples; those at `x`, of any order, are in `columns`.
    """
    deviation = (reach.edges[1] - reach.edges[0]) / 32
    ascending = np.argsort(x)
    near = np.abs(x[ascending, None] - np.array(known)).min(axis=1, initial=math.inf)
    ascending = ascending[(near > CLOSE * deviation) | (near < 2 * DISTANCES[0] * deviation)]
    line, columns = x[ascending], columns[ascending]
    straddles = np.zeros(len(line) - 1, dtype=bool)
    for point in known:
        straddles |= (line[:-1] < point) & (line[1:] > point)
    found = Places()
    brackets: list[Bracket] = []
    watched = _watched(pool, roots)
    terms = _terms(order, sampled, columns, watched)
    for guide, nodes in watched:
        for number, term in enumerate(guide.terms):
            heights = next(terms)
            is_edge = number < guide.edges
            inner = reach.edges if is_edge else reach.kinks
            changes, dips = _changes(heights, line, straddles, inner)
            row, left = np.nonzero(changes)
            for i, j in zip(row.tolist(), left.tolist(), strict=True):
                if inner[0] <= line[j] and line[j + 1] <= inner[1]:
                    brackets.append(Bracket(nodes[i], term, float(line[j]), float(line[j + 1]), True))
                elif is_edge:
                    found.lost[nodes[i]] = "it may not be defined far from the mean"
                elif pool.applied(nodes[i]).may_jump:
                    found.far.add(nodes[i])
            row, middle = np.nonzero(dips)
            for i, j in zip(row.tolist(), middle.tolist(), strict=True):
                brackets.append(Bracket(nodes[i], term, float(line[j]), float(line[j + 2]), False))
    counts: dict[int, int] = {}
    for bracket in brackets:
        counts[bracket.node] = counts.get(bracket.node, 0) + 1
    found.lost.update((node, _crowded()) for node, count in counts.items() if count > MOST)
    kept = [bracket for bracket in brackets if bracket.node not in found.lost]
    for bracket, points in zip(kept, narrowed(pool, order, kept), strict=True):
        if points:
            found.points[bracket.node] = found.points.get(bracket.node, frozenset()) | frozenset(points)
    _spread(pool, found)
    return found


def _crowded() -> str:
    return f"it may have more than {MOST} points where it is not smooth"


def _watched(pool: Pool, roots: Sequence[int]) -> list[tuple[Guides, list[int]]]:
    """Nodes that roots stand on, by what their operators name."""
    needed = set(roots)
    for index in range(len(pool.nodes) - 1, -1, -1):
        if index in needed:
            needed.update(pool.operands(index))
    groups: dict[int, tuple[Guides, list[int]]] = {}
    for index, node in enumerate(pool.nodes):
        if index in needed and isinstance(node, Applied) and pool.lines[index] and not node.is_smooth:
            literals = tuple([n if isinstance(n := pool.nodes[i], float) else None for i in node.operands])
            found = guides(node.operator, literals, node.settings)
            if found is not None:
                groups.setdefault(id(found), (found, []))[1].append(index)
    return list(groups.values())


def _terms(
    order: Order, sampled: Sampled, columns: NDArray[np.intp], watched: Sequence[tuple[Guides, list[int]]]
) -> Iterator[Floats]:
    """Of each guide each term, (nodes, columns)."""
    users = np.array([i for guide, nodes in watched for _ in guide.terms for i in nodes], dtype=np.int64)
    templates = np.array([term for guide, nodes in watched for term in guide.terms for _ in nodes], dtype=np.int64)
    operands, places = np.unique(order.operands[users], return_inverse=True)
    count = len(operands)
    registers = np.zeros((len(users), OWN), dtype=np.int64)
    registers[:, :SLOTS] = places.reshape(len(users), SLOTS)
    registers[:, VALUE] = count + np.arange(len(users))
    tape, bounds = assembled(templates, registers, count + len(users))
    rows = np.empty((count + len(users) + most_registers(templates), padded(len(columns))))
    rows[:count, : len(columns)] = sampled.values[operands[:, None], columns]
    rows[:count, len(columns) :] = 1.0
    run(rows, tape, [(0, 0, rows.shape[1], 0, bounds[-1], False)])
    at = count
    for guide, nodes in watched:
        for _ in guide.terms:
            yield rows[at : at + len(nodes), : len(columns)]
            at += len(nodes)


def _changes(
    heights: Floats, line: Floats, straddles: NDArray[np.bool_], inner: tuple[float, float]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """After which samples the class of a row changes, and which three samples dip towards a 0 that they may hide."""
    classes = np.where(np.isnan(heights), UNDEFINED, np.sign(heights)).astype(np.int8)
    first, last = np.searchsorted(line, inner[0]), np.searchsorted(line, inner[1]) - 1
    # Far out numbers underflow.
    for outside, edge in ((slice(None, first), first), (slice(last + 1, None), last)):
        part = classes[:, outside]
        part[:] = np.where(part == 0, classes[:, edge : edge + 1], part)
    # Beside a known point terms may cancel.
    for place in np.flatnonzero(straddles).tolist():
        for beside, outer in ((place, place - 1), (place + 1, place + 2)):
            classes[:, beside] = np.where(classes[:, beside] == 0, classes[:, outer], classes[:, beside])
    changes = (classes[:, 1:] != classes[:, :-1]) & ~straddles
    size = np.abs(heights[:, first : last + 1])
    kinds, across = classes[:, first : last + 1], straddles[first:last]
    left, middle, right = size[:, :-2], size[:, 1:-1], size[:, 2:]
    alike = (kinds[:, 1:-1] == kinds[:, :-2]) & (kinds[:, 1:-1] == kinds[:, 2:]) & (kinds[:, 1:-1] != 0)
    dips = np.zeros(alike.shape[:1] + (len(line),), dtype=bool)
    with np.errstate(invalid="ignore"):
        low = (middle <= left) & (middle <= right) & (middle < 0.5 * np.maximum(left, right))
    dips[:, first : first + alike.shape[1]] = alike & low & ~(across[1:] | across[:-1])
    return changes, dips


def _spread(pool: Pool, found: Places) -> None:
    """From operands to the nodes that stand on them."""
    for index in range(len(pool.nodes)):
        for operand in pool.operands(index):
            if operand in found.points:
                found.points[index] = found.points.get(index, frozenset()) | found.points[operand]
            if operand in found.lost:
                found.lost.setdefault(index, found.lost[operand])
            if operand in found.far:
                found.far.add(index)
        if len(found.points.get(index, ())) > MOST:
            found.lost.setdefault(index, _crowded())


def distinct(points: frozenset[float] | set[float]) -> tuple[float, ...]:
    """Ascending, and of several that are the same up to rounding one."""
    kept: list[float] = []
    for point in sorted(points):
        if not kept or point - kept[-1] > SAME * max(1.0, abs(point)):
            kept.append(point)
    return tuple(kept)
