"""Many functions at the same points, with weights that make sums of them expectations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from symkit.analysis.batch.layout import COMMON, COUNT, FINE, MOST_POINTS, Layout, Plan, layout
from symkit.analysis.batch.points import Reach, distinct, places
from symkit.analysis.batch.pool import Pool
from symkit.analysis.curve import Floats, Normal
from symkit.text import Expression

EVEN = Plan(FINE.edges, 0)


class Shared:
    """Activations, parameters at their initial values, and the points where one of them may not be smooth."""

    def __init__(self, expressions: Sequence[Expression], normal: Normal) -> None:
        self._pool = Pool()
        self._roots = [self._pool.include(expression, "x") for expression in expressions]
        self._order = self._pool.order()
        known = (0.0,) if abs(normal.mean) < COMMON.end * normal.deviation else ()
        line = layout(COMMON, known, normal)
        inner = (normal.mean - COMMON.end * normal.deviation, normal.mean + COMMON.end * normal.deviation)
        sampled = self._order.sampled({"x": line.x}, np.arange(0))
        columns = np.arange(line.panels * COUNT)
        reach = Reach(inner, inner)
        found = places(self._pool, self._order, sampled, line.x[columns], columns, known, reach, self._roots)
        self.points = frozenset(known).union(*(found.points.get(root, ()) for root in self._roots))

    def values(self, line: Layout) -> Floats:
        """Each function, one a row, at the samples of the panels of a line."""
        return self._order.values({"x": line.x[: line.panels * COUNT]})[self._roots]


def common_line(points: frozenset[float], normal: Normal) -> tuple[Layout, Floats]:
    """A line split at the points, at those nearest to the mean if there are many, and its weights, one a sample."""
    nearest = sorted(distinct(points), key=lambda point: abs(point - normal.mean))[:MOST_POINTS]
    line = layout(EVEN, tuple(sorted(nearest)), normal)
    return line, line.weights.ravel()
