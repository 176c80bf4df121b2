"""A function cut into pieces on each of which it is one analytic function: every select and kink is settled.

The operator records name the terms that change sign at their kinks. A range on which the sign of such a term is not
proved is cut: at the zero of the term, if it has one sign at either end, else in the middle. A zero that is no float
leaves a gap of some units in the last place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from symkit.evaluation.analytic import AnalyticEvaluator, has_exact_slope, is_analytic, precision, real_ball
from symkit.evaluation.intervals import IntervalEvaluator
from symkit.evaluation.time_limit import check_time
from symkit.ir import Kind, Node, Program, ProgramBuilder, lower, rebuild
from symkit.ops import Operator
from symkit.ops.record import Algebra, Term
from symkit.transform import gradient

MOST = 256
"""Ranges looked at."""

NARROW = 2.0**-60
"""Ranges narrower than this, relative to where they are or in themselves, are left open."""

PRECISE = 128
"""Bits that zeros of terms are told from their neighbours with."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A range, and the Program that the function is inside of it, of analytic operators alone."""

    low: float
    high: float
    program: Program


@dataclass(frozen=True, slots=True)
class Cut:
    """All pieces of a range, ascending, and the gaps between them on which nothing is known."""

    pieces: tuple[Piece, ...]
    gaps: tuple[tuple[float, float], ...]


class Cutter:
    """Cuts functions of one variable into pieces; what it works out about a term serves all ranges."""

    def __init__(self, variable: str, constants: Mapping[str, float]) -> None:
        self._variable = variable
        self._constants = constants
        self._guides: dict[Program, _Guide] = {}

    def cut(self, program: Program, low: float, high: float) -> Cut:
        """The pieces of a function between two finite bounds; of more than `MOST` the rest are gaps."""
        stack = [(low, high)]
        pieces: list[Piece] = []
        gaps: list[tuple[float, float]] = []
        for _ in range(MOST):
            if not stack:
                break
            low, high = stack.pop()
            if low >= high:
                continue
            try:
                pieces.append(Piece(low, high, self.resolved(program, low, high)))
            except _Undecided as undecided:
                stack += [part.ends for part in reversed(undecided.parts) if part.sign is not None]
                gaps += [part.ends for part in undecided.parts if part.sign is None]
        return Cut(_merged(pieces), (*gaps, *stack))

    def resolved(self, program: Program, low: float, high: float) -> Program:
        """What a Program is between two bounds, each operator that has pieces replaced by the one it is there.

        Raises an exception of this module's own where that is not settled.
        """

        def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
            if node.is_leaf:
                return builder.number(self._constants[node.name]) if node.kind is Kind.PARAMETER else None
            kept = _beside_identity(builder, node.operator, operands)
            if kept is not None or node.operator.piece is None:
                return kept
            terms = builder.terms(operands)
            guides = terms[:1] if node.operator.is_select else _kinks(node.operator, builder.algebra, terms)
            signs = [self._sign(builder, guide.index, low, high) for guide in guides]
            piece = node.operator.piece(builder.algebra, signs, *terms)
            return None if piece is None else builder.lifted(piece).index

        return rebuild(lower(program, _is_known), change)

    def _sign(self, builder: ProgramBuilder, term: int, low: float, high: float) -> int:
        number = builder.literal(term)
        if number is not None:
            return (number > 0) - (number < 0)
        program = builder.build([term])
        guide = self._guides.get(program)
        if guide is None:
            guide = self._guides[program] = _Guide(program, self._variable, self._constants)
        return guide.sign(low, high)


def _merged(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """Pieces that touch and have the same Program as one."""
    merged: list[Piece] = []
    for piece in pieces:
        if merged and merged[-1].high == piece.low and merged[-1].program == piece.program:
            merged[-1] = Piece(merged[-1].low, piece.high, piece.program)
        else:
            merged.append(piece)
    return tuple(merged)


def _is_known(operator: Operator) -> bool:
    return operator.analytic is not None or operator.piece is not None


def _beside_identity(builder: ProgramBuilder, operator: Operator, operands: tuple[int, ...]) -> int | None:
    """What is left of 1*x or 0 + x: with parameters such terms would be equal without looking so."""
    if not operator.commutative or operator.identity is None:
        return None
    first, second = operands
    if builder.literal(first) == operator.identity:
        return second
    return first if builder.literal(second) == operator.identity else None


def _kinks(operator: Operator, algebra: Algebra, terms: tuple[Term, ...]) -> tuple[Term, ...]:
    return operator.kinks(algebra, *terms) if operator.kinks is not None else ()


@dataclass(frozen=True, slots=True)
class _Part:
    """A range inside of which a term has one sign; None if it is open, which narrow ranges alone are."""

    ends: tuple[float, float]
    sign: int | None


class _Undecided(Exception):
    """A term has not one sign on a range; the parts of it on which it has."""

    def __init__(self, parts: Sequence[_Part]) -> None:
        self.parts = parts


class _Guide:
    """An analytic term whose sign decides what a function is."""

    def __init__(self, program: Program, variable: str, constants: Mapping[str, float]) -> None:
        self._at = AnalyticEvaluator(program, variable, constants)
        slope = gradient(program, [variable])
        is_known = is_analytic(slope) and has_exact_slope(program)
        self._slope_at = AnalyticEvaluator(slope, variable, constants) if is_known else None
        everywhere = {variable: (-math.inf, math.inf)}
        # Such as x - x, which is 0 in no ball.
        self._is_zero = IntervalEvaluator(program, None, constants)(everywhere)[0].only_number == 0
        self._parts: list[_Part] = []

    def sign(self, low: float, high: float) -> int:
        """The sign inside of a range: not 0 unless it is 0 everywhere, but perhaps at single points.

        Raises _Undecided.
        """
        if self._is_zero:
            return 0
        for part in self._parts:
            if part.sign is not None and part.ends[0] <= low and high <= part.ends[1]:
                return part.sign
        parts = self._look(low, high)
        self._parts += parts
        if len(parts) == 1 and parts[0].sign is not None:
            return parts[0].sign
        raise _Undecided(parts)

    def _look(self, low: float, high: float) -> list[_Part]:
        stack, parts = [(low, high)], []
        while stack:
            check_time()
            low, high = stack.pop()
            if low >= high:
                continue
            sign = self._proved(low, high)
            first, last = (low, low) if sign is not None else self._place(low, high)
            if sign is not None:
                parts.append(_Part((low, high), sign))
            elif (first, last) == (low, high) or len(parts) >= MOST:
                parts.append(_Part((low, high), None))
            else:
                stack += [(last, high), (first, last), (low, first)]
        merged: list[_Part] = []
        for part in parts:
            if merged and merged[-1].sign == part.sign and merged[-1].ends[1] == part.ends[0]:
                part = _Part((merged.pop().ends[0], part.ends[1]), part.sign)
            merged.append(part)
        return merged

    def _proved(self, low: float, high: float) -> int | None:
        side = self._sign_at(0.5 * (low + high))
        if not side:
            return None
        box = real_ball(low, high)
        if self._at(box)[0].real * side >= 0:
            return side
        slope = self._slope_at(box)[0].real if self._slope_at is not None else None
        if slope is not None and (slope >= 0 or slope <= 0):
            # Of a monotone term the end that it rises or falls from decides.
            end = self._sign_at(low if (slope >= 0) == (side > 0) else high)
            if end is not None and end * side >= 0:
                return side
        return None

    def _place(self, low: float, high: float) -> tuple[float, float]:
        """Where to cut a range: at the zero, twice, or two floats around it, or a place inside, twice.

        A range that is too narrow is given back.
        """
        middle = 0.0 if low < 0 < high else 0.5 * (low + high)
        if high - low <= NARROW * max(abs(low), abs(high), 1.0) or not low < middle < high:
            return low, high
        first, last = self._sign_at(low), self._sign_at(high)
        if first is None or last is None or first * last >= 0:
            return middle, middle
        while low < middle < high:
            here = self._sign_at(middle)
            if here == 0:
                return middle, middle
            if here is None:
                return max(low, math.nextafter(middle, -math.inf)), min(high, math.nextafter(middle, math.inf))
            low, high = (middle, high) if here == first else (low, middle)
            middle = 0.5 * (low + high)
        return low, high

    def _sign_at(self, x: float) -> int | None:
        """None where it cannot be told."""
        from flint import acb

        with precision(PRECISE):
            value = self._at(acb(x))[0].real
        return 0 if value.is_zero() else 1 if value > 0 else -1 if value < 0 else None
