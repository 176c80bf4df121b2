"""The matching of two graphs that needs fewest edits, by branch and bound over linear programs."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from random import Random

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from symkit.ir import Program
from symkit.spaces.edits.graph import Pairs, cost, edges_of, is_ordered, label
from symkit.spaces.edits.model import EditModel, Floats

MAX_EDGE_PAIRS = 40_000
"""Pairs of edges up to which linear programs are set up: two graphs of 200 edges."""

TOLERANCE = 1e-4
"""Far more than the solver misses a value by."""


@dataclass(frozen=True)
class Matching:
    """Pairs of nodes, what they cost, and a bound that no matching goes below."""

    pairs: Pairs
    cost: int
    bound: int


def match(a: Program, b: Program, timeout: float, rng: Random | None = None) -> Matching:
    """The best matching found in so many seconds; with `rng` any of the best, else always the same one."""
    deadline = time.monotonic() + timeout
    best = by_neighbourhoods(a, b)
    if best.bound == best.cost and rng is None:
        return best
    if len(edges_of(a)) * len(edges_of(b)) > MAX_EDGE_PAIRS:
        return best
    return _search(a, b, best, EditModel(a, b, rng), deadline)


def _search(a: Program, b: Program, best: Matching, model: EditModel, deadline: float) -> Matching:
    """Best first; equal bounds deepest first."""
    numbers = count(0, -1)
    heap = [(best.bound, next(numbers), *model.free())]
    is_first = True
    while heap and (heap[0][0] < best.cost or is_first):
        bound, _, low, high = heap[0]
        try:
            relaxed = model.solve(low, high, deadline - time.monotonic())
        except TimeoutError:
            break
        heappop(heap)
        if relaxed is None:
            continue
        bound = max(bound, math.ceil(relaxed.value - TOLERANCE))
        pairs = _rounded(model, relaxed.at, len(a), len(b))
        found = cost(a, b, pairs)
        # The relaxed program has chance in it, the first assignment has none: it gives way to an equal.
        if found < best.cost + is_first:
            best = Matching(pairs, found, best.bound)
        is_first = False
        if bound >= best.cost or (column := _undecided(model, relaxed.at, low, high)) is None:
            continue
        for value in (1.0, 0.0):
            below, above = low.copy(), high.copy()
            below[column] = above[column] = value
            heappush(heap, (bound, next(numbers), below, above))
    return Matching(best.pairs, best.cost, min(heap[0][0], best.cost) if heap else best.cost)


def _rounded(model: EditModel, at: Floats, n: int, m: int) -> dict[int, int]:
    """The assignment nearest to a point of the relaxed program."""
    shares = np.zeros((n, m))
    for (i, j), columns in model.pairs.items():
        shares[i, j] = at[columns].sum()
    rows, columns = linear_sum_assignment(shares, maximize=True)
    return {int(i): int(j) for i, j in zip(rows, columns, strict=True) if shares[i, j] > TOLERANCE}


def _undecided(model: EditModel, at: Floats, low: Floats, high: Floats) -> int | None:
    """The variable of a pair of nodes that is furthest from 0 and 1, or None if all are fixed."""
    columns = [column for pair in model.pairs.values() for column in pair if low[column] < high[column]]
    return min(columns, key=lambda column: abs(at[column] - 0.5), default=None)


def by_neighbourhoods(a: Program, b: Program) -> Matching:
    """The best assignment by labels and numbers of edges, which also bounds every matching from below.

    An edge has two ends, so each node counts half of what its edges must cost at least. Among equals, nodes that stand
    on equal subterms are taken for each other.
    """
    n, m = len(a), len(b)
    ends = _ends(a), _ends(b)
    deleted, inserted = (2 + counts.sum(axis=1) for counts in ends)
    labels = [label(node) for node in a], [label(node) for node in b]
    unlike = np.array([[one != other for other in labels[1]] for one in labels[0]], dtype=np.int64)
    taken = 2 * unlike + np.abs(ends[0][:, None, :] - ends[1][None, :, :]).sum(axis=2)
    twice = np.zeros((max(n, m), max(n, m)), dtype=np.int64)
    twice[:n, :m] = np.minimum(taken, deleted[:, None] + inserted[None, :])
    twice[:n, m:] = deleted[:, None]
    twice[n:, :m] = inserted[None, :]
    unequal = np.ones_like(twice)
    subterms: dict[object, int] = {}
    unequal[:n, :m] = _subterms(a, subterms)[:, None] != _subterms(b, subterms)[None, :]
    rows, columns = linear_sum_assignment(twice * (len(twice) + 1) + unequal)
    pairs = {int(i): int(j) for i, j in zip(rows, columns, strict=True) if i < n and j < m}
    return Matching(pairs, cost(a, b, pairs), -(-int(twice[rows, columns].sum()) // 2))


def _subterms(program: Program, known: dict[object, int]) -> NDArray[np.int64]:
    """(nodes,): equal numbers for equal subterms, up to the names of parameters and the order of operands."""
    numbers: list[int] = []
    for node in program:
        operands = [numbers[operand] for operand in node.operands]
        key = label(node), tuple(operands if is_ordered(node) else sorted(operands))
        numbers.append(known.setdefault(key, len(known)))
    return np.array(numbers)


def _ends(program: Program) -> NDArray[np.int64]:
    """(nodes, 2): edges into a node, and edges out of it but for the one to the mark."""
    ends = np.zeros((len(program), 2), dtype=np.int64)
    for edge in edges_of(program)[:-1]:
        ends[edge.user, 0] += 1
        ends[edge.operand, 1] += 1
    return ends
