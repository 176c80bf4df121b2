"""Where a function of one input is not smooth or not defined: the zeros of what the operator records name.

Every record gives terms whose zero sets hold its kinks, and conditions whose zero sets bound its domain. A composite
that says nothing of its kinks is looked into.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from symkit.analysis.curve import Curve, Floats, Normal
from symkit.analysis.steps import steps
from symkit.analysis.zeros import zeros
from symkit.evaluation import evaluate_numpy
from symkit.ir import Kind, Node, Program, ProgramBuilder, lower, reachable

REACH = 300.0
"""How many deviations from the mean are looked at."""

DENSE = 10.0
"""How many of them densely."""

TINY = 1e-15
"""Deviations that no breakpoint is told from another by."""

MOST = 256
"""No more points than this are kept, the nearest to the mean."""


def breakpoints(program: Program, values: Mapping[str, float], variable: str, normal: Normal) -> list[float]:
    """Points where a root of the program may have a kink, a jump, a pole or an edge of its domain, ascending.

    A program of several roots, a function and its derivatives, gives the points of them all. A point where all is
    smooth after all does no harm.
    """
    guides, watched = _guides(program, variable)
    lowered = lower(guides, lambda operator: operator.numpy is not None)

    def rows(x: Floats) -> Floats:
        heights = evaluate_numpy(lowered, {**values, variable: x})
        return np.stack([np.broadcast_to(row, x.shape) for row in heights])

    def guide_rows(x: Floats) -> Floats:
        heights = rows(x)
        # Of the function itself it only matters whether it is defined: its zeros are no breakpoints.
        heights[watched:] = np.where(np.isnan(heights[watched:]), np.nan, 1.0)
        return heights

    def exact(row: int, x: float) -> float:
        return Curve(reachable(guides, guides.roots[row : row + 1]), values, variable).exact_float(x)

    dense = _dense(normal)
    points = zeros(guide_rows, exact, _grid(normal, dense), TINY * normal.deviation, DENSE * normal.deviation)
    # A spike of a derivative is a step of the function; its noise is nothing.
    points += steps(lambda x: rows(x)[watched : watched + 1], dense, points)
    nearest = sorted(set(points), key=lambda point: abs(point - normal.mean))
    return sorted(nearest[:MOST])


def _guides(program: Program, variable: str) -> tuple[Program, int]:
    """A program whose roots are the terms to watch and, after so many of them, the roots of `program`."""
    builder = ProgramBuilder()
    placed = builder.include(program)
    for node in _growing(builder):
        if node.kind is Kind.APPLY and node.operator.kinks is None and not node.operator.is_primitive:
            builder.expand(node.operator, node.operands)
    terms: dict[int, None] = {}
    for node in tuple(builder.nodes):
        if node.kind is Kind.APPLY:
            b, operands, record = builder.algebra, builder.terms(node.operands), node.operator
            kinks = record.kinks(b, *operands) if record.kinks is not None else ()
            edges = [builder.lifted(condition.of(b, *operands)) for condition in record.domain]
            terms.update((term.index, None) for term in (*kinks, *edges))
    varying: set[int] = set()
    for index, node in enumerate(builder.nodes):
        if (node.kind is Kind.INPUT and node.name == variable) or not varying.isdisjoint(node.operands):
            varying.add(index)
    watched = [term for term in terms if term in varying]
    return builder.build([*watched, *(placed[root] for root in program.roots)]), len(watched)


def _growing(builder: ProgramBuilder) -> Iterator[Node]:
    """Every node, those appended on the way included."""
    index = 0
    while index < len(builder.nodes):
        yield builder.nodes[index]
        index += 1


def _dense(normal: Normal) -> Floats:
    """Equally spaced within `DENSE` deviations, on binary fractions, so that 0 and 5/2 are met exactly."""
    step, reach = _step(normal), DENSE * normal.deviation
    first, last = math.floor((normal.mean - reach) / step), math.ceil((normal.mean + reach) / step)
    return step * np.arange(first, last + 1, dtype=np.float64)


def _grid(normal: Normal, dense: Floats) -> Floats:
    """That, geometric beyond, and ever finer towards 0, where functions of the literature have their small scales."""
    step, reach = _step(normal), DENSE * normal.deviation
    far = reach * np.exp2(np.arange(0, math.log2(REACH / DENSE), 1 / 64))
    parts = [dense, step * np.rint((normal.mean - far) / step), step * np.rint((normal.mean + far) / step)]
    if abs(normal.mean) < reach:
        fine = step * np.exp2(-np.arange(1.0, 40.0))
        parts += [fine, -fine]
    return np.unique(np.concatenate(parts))


def _step(normal: Normal) -> float:
    return math.ldexp(1.0, math.floor(math.log2(normal.deviation)) - 8)
