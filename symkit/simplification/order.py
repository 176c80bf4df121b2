"""Proofs that one subterm is never larger than another: by bounds, by known facts, by monotonicity, by cases."""

from __future__ import annotations

import numpy as np

from symkit.ir import Kind, ProgramBuilder
from symkit.ops import Operator, standard
from symkit.simplification.facts import FACTS
from symkit.simplification.ranges import Bools, Ranges
from symkit.transform.rewrite import all_matches, instantiate

DEEPEST = 6
MOST_QUESTIONS = 400
"""For one question the user asks; a proof that needs more is not found."""

_table = standard()
MAX, MIN, RELU, ABS = (_table[name] for name in ("max", "min", "relu", "abs"))


class Order:
    """Answers for the nodes of a builder, over the cells of its ranges."""

    def __init__(self, builder: ProgramBuilder, ranges: Ranges) -> None:
        self._builder = builder
        self._ranges = ranges
        self._left = 0

    def proves(self, a: int, b: int) -> bool:
        """Whether a <= b wherever both have a value."""
        return bool(np.all(self.cells(a, b)))

    def cells(self, a: int, b: int) -> Bools:
        """The cells in which a <= b is proved."""
        self._left = MOST_QUESTIONS
        return self._cells(a, b, DEEPEST)

    def _cells(self, a: int, b: int, depth: int) -> Bools:
        """Each way of proof may serve other cells."""
        if a == b:
            return np.ones(self._ranges.shape, dtype=bool)
        shown = self._ranges.below(a, b)
        self._left -= 1
        if depth == 0 or self._left < 0 or shown.all():
            return shown
        for way in (self._by_parts, self._by_trend, self._by_facts):
            shown = shown | way(a, b, depth - 1)
            if shown.all():
                break
        return shown

    def _is(self, index: int, *operators: Operator) -> bool:
        node = self._builder.nodes[index]
        return node.kind is Kind.APPLY and node.operator in operators

    def _by_parts(self, a: int, b: int, depth: int) -> Bools:
        """Extrema, rectifiers and selects on either side, as their operands."""
        shown = np.zeros(self._ranges.shape, dtype=bool)
        zero = self._builder.number(0.0)
        below, above = self._builder.nodes[a], self._builder.nodes[b]
        if self._is(a, MAX):
            shown |= self._cells(below.operands[0], b, depth) & self._cells(below.operands[1], b, depth)
        elif self._is(a, RELU):
            shown |= self._cells(below.operands[0], b, depth) & self._cells(zero, b, depth)
        elif self._is(a, MIN):
            shown |= self._cells(below.operands[0], b, depth) | self._cells(below.operands[1], b, depth)
        elif self._is(a, ABS):
            shown |= self._cells(below.operands[0], b, depth) & self._ranges.nonnegative(below.operands[0])
        elif below.kind is Kind.APPLY and below.operator.is_select:
            condition, first, second = below.operands
            one, other = self._cells(first, b, depth), self._cells(second, b, depth)
            shown |= one & other | one & self._ranges.holds(condition) | other & self._ranges.fails(condition)
        if self._is(b, MIN):
            shown |= self._cells(a, above.operands[0], depth) & self._cells(a, above.operands[1], depth)
        elif self._is(b, MAX):
            shown |= self._cells(a, above.operands[0], depth) | self._cells(a, above.operands[1], depth)
        elif self._is(b, RELU):
            shown |= self._cells(a, above.operands[0], depth) | self._cells(a, zero, depth)
        elif above.kind is Kind.APPLY and above.operator.is_select:
            condition, first, second = above.operands
            one, other = self._cells(a, first, depth), self._cells(a, second, depth)
            shown |= one & other | one & self._ranges.holds(condition) | other & self._ranges.fails(condition)
        return shown

    def _by_trend(self, a: int, b: int, depth: int) -> Bools:
        """f(p) <= f(q) by the order of p and q."""
        below, above = self._builder.nodes[a], self._builder.nodes[b]
        nothing = np.zeros(self._ranges.shape, dtype=bool)
        if below.kind is not Kind.APPLY or above.kind is not Kind.APPLY or below.operator != above.operator:
            return nothing
        trends = below.operator.trend
        if not trends:
            return nothing
        shown = ~nothing
        for trend, p, q in zip(trends, below.operands, above.operands, strict=True):
            if p == q:
                continue
            if trend is None:
                return nothing
            shown = shown & (self._cells(p, q, depth) if trend == "increasing" else self._cells(q, p, depth))
        return shown

    def _by_facts(self, a: int, b: int, depth: int) -> Bools:
        """a <= A <= b, or a <= B <= b, where one of the two steps is a fact."""
        shown = np.zeros(self._ranges.shape, dtype=bool)
        for fact in FACTS:
            if fact.low.size:
                for found in all_matches(fact.low, self._builder, a):
                    if set(fact.high.parameters) <= set(found):
                        shown |= self._cells(instantiate(fact.high, self._builder, found), b, depth)
                        break
            if fact.high.size:
                for found in all_matches(fact.high, self._builder, b):
                    if set(fact.low.parameters) <= set(found):
                        shown |= self._cells(a, instantiate(fact.low, self._builder, found), depth)
                        break
            if shown.all():
                break
        return shown
