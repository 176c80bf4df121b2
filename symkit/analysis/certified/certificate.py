"""Gaussian integrals of a function and its derivative: balls that hold the true value, or proofs that there is none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symkit.analysis.certified.pieces import Cutter
from symkit.analysis.certified.quadrature import BITS, Gaussian, Term, integrals
from symkit.analysis.certified.rests import Rest, rest
from symkit.analysis.certified.tail_bounds import Tail, bounds
from symkit.analysis.curve import Curve, Floats
from symkit.analysis.subject import Subject
from symkit.evaluation.analytic import AnalyticEvaluator, precision
from symkit.ir import Program

ENOUGH = 62.0
"""Bits below the largest value of an integrand that panels and rests stay."""

LADDER = np.concatenate([np.arange(0.0, 12.0, 0.25), np.geomspace(12.0, 300.0, 48)])
"""Deviations from the mean at which the integrands are looked at."""

SHARE = 8.0
"""Bits that a whole is larger than its many parts."""


@dataclass(frozen=True, slots=True)
class Request:
    """An expectation: E[root**power], or E[root**power * (X - mean)] if weighted."""

    root: int
    power: int
    weighted: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The ball of an expectation, None if there is no proof; `diverges` if it surely does not exist."""

    value: Any | None = None
    diverges: bool = False


def expectations(subject: Subject, requests: Sequence[Request], *, slope: bool) -> list[Answer]:
    """The answers to all requests; root 0 is the function and, if `slope`, 1 its derivative."""
    with precision(BITS):
        work = _Work.of(subject, requests, slope)
        return work.answers()


@dataclass(frozen=True, slots=True)
class _Work:
    subject: Subject
    program: Program
    normal: Gaussian
    terms: Sequence[Term]
    counts: Sequence[tuple[float, float]]

    @classmethod
    def of(cls, subject: Subject, requests: Sequence[Request], slope: bool) -> _Work:
        """With tolerances and ranges from samples, which need not be right."""
        curves = [subject.curve, subject.slope] if slope else [subject.curve]
        sizes = [_sizes(curve, subject) for curve in curves]
        terms, counts = [], []
        for request in requests:
            bits = _bits(sizes[request.root], request, subject)
            peak = float(np.max(bits[np.isfinite(bits)], initial=-1e5))
            terms.append(Term(request.root, request.power, request.weighted, peak - ENOUGH - SHARE))
            counts.append((_end(bits[0], peak), _end(bits[1], peak)))
        program = subject.joint if slope else subject.program
        normal = Gaussian.of(subject.normal.mean, subject.variance)
        return cls(subject, program, normal, terms, counts)

    def answers(self) -> list[Answer]:
        ends, rests = [], []
        for side in (-1, 1):
            end, found = self._tail(side)
            ends.append(end)
            rests.append(found)
        every: list[Rest | None] = [
            None if a is None or b is None else _joined(a, b) for a, b in zip(*rests, strict=True)
        ]
        asked = [i for i, found in enumerate(every) if found is not None and not found.diverges]
        sums = self._inside(ends[0], ends[1], asked) if asked else {}
        return [self._answer(found, sums.get(i)) for i, found in enumerate(every)]

    def _answer(self, outside: Rest | None, inside: tuple[Any, Rest] | None) -> Answer:
        if outside is not None and outside.diverges:
            return Answer(diverges=True)
        if outside is None or inside is None:
            return Answer()
        value, left = inside
        if left.diverges or left.value is None:
            return Answer(diverges=left.diverges)
        return Answer(value + outside.value + left.value)

    # -- tails ---------------------------------------------------------------------------------------------

    def _tail(self, side: int) -> tuple[float, list[Rest | None]]:
        """Where the tail of one side begins, and what it adds to every term; None where that is not known."""
        mean, deviation = self.subject.normal.mean, self.subject.normal.deviation
        needed = max(count[side > 0] for count in self.counts)
        found: list[Rest | None] = [None] * len(self.terms)
        start = mean
        for steps in sorted({needed, *(z for z in (14.0, 20.0, 40.0, 80.0, 300.0) if z > needed)}):
            start = mean + side * deviation * steps
            tail = Tail(start, side)
            roots = bounds(self.program, self.subject.variable, self.subject.values, tail)
            found = [_known(rest(roots[term.root], tail, self.normal, term)) for term in self.terms]
            if all(one is not None and self._is_small(one, term) for one, term in zip(found, self.terms, strict=True)):
                break
        return start, found

    def _is_small(self, found: Rest, term: Term) -> bool:
        from flint import arb

        if found.diverges:
            return True
        return found.value is not None and bool(abs(found.value) <= arb(2) ** arb(math.ceil(term.tolerance)))

    # -- inside --------------------------------------------------------------------------------------------

    def _inside(self, low: float, high: float, asked: Sequence[int]) -> dict[int, tuple[Any, Rest]]:
        """The sums of the terms asked for between two bounds, and what the ranges that are left out may add."""
        from flint import arb

        subject = self.subject
        parts = Cutter(subject.variable, subject.values).cut(self.program, low, high)
        terms = [self.terms[i] for i in asked]
        sums = [arb(0) for _ in terms]
        rests = [Rest(arb(0)) for _ in terms]
        for piece in parts.pieces:
            of = AnalyticEvaluator(piece.program, subject.variable, subject.values)
            found, left = integrals(of, piece.low, piece.high, self.normal, terms)
            sums = [a + b for a, b in zip(sums, found, strict=True)]
            for first, last in left:
                rests = self._with(rests, piece.program, first, last, terms)
        for first, last in parts.gaps:
            rests = self._with(rests, self.program, first, last, terms)
        return {i: (value, found) for i, value, found in zip(asked, sums, rests, strict=True)}

    def _with(self, rests: list[Rest], program: Program, low: float, high: float, terms: Sequence[Term]) -> list[Rest]:
        """With what a short range adds, at one end of which the function may have no bound."""
        if all(found.value is None for found in rests):
            return rests
        added = [Rest() for _ in terms]
        for tail in (Tail(high, -1, low), Tail(low, 1, high)):
            roots = bounds(program, self.subject.variable, self.subject.values, tail)
            added = [
                a if _known(a) else rest(roots[term.root], tail, self.normal, term)
                for a, term in zip(added, terms, strict=True)
            ]
        return [_joined(a, b) for a, b in zip(rests, added, strict=True)]


def _known(found: Rest) -> Rest | None:
    return None if found.value is None and not found.diverges else found


def _joined(a: Rest, b: Rest) -> Rest:
    if a.diverges or b.diverges:
        return Rest(diverges=True)
    return Rest(None if a.value is None or b.value is None else a.value + b.value)


def _sizes(curve: Curve, subject: Subject) -> Floats:
    """Base-2 logarithms of a function's size along the ladder, to the left and to the right."""
    mean, deviation = subject.normal.mean, subject.normal.deviation
    return curve(mean + deviation * np.stack([-LADDER, LADDER])).log2()


def _bits(sizes: Floats, request: Request, subject: Subject) -> Floats:
    """Base-2 logarithms of an integrand, times a deviation."""
    bits = request.power * sizes - 0.5 * LADDER**2 / math.log(2) - 1.3
    if request.weighted:
        bits = bits + np.log2(np.maximum(LADDER, 0.1) * subject.normal.deviation)
    return np.asarray(bits)


def _end(bits: Floats, peak: float) -> float:
    """The last rung at which an integrand counts, and one more."""
    counts = np.flatnonzero(bits > peak - ENOUGH)
    last = int(counts[-1]) + 1 if counts.size else 0
    return float(LADDER[last]) if last < len(LADDER) else 14.0
