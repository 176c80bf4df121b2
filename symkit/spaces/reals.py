"""Real numbers known as balls, which can be had as narrow as a question needs, and IEEE's values beside them."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, TypeAlias

from symkit.ops import Operator
from symkit.ops.exact_forms import SATURATION
from symkit.spaces.digits import WANTED_BITS, Rounded, rounded, rounded_down, saturates

LADDER = (320, 1280, 5120, 20480)
"""Working precisions, tried in turn."""

NEARBY = 150
"""What is infinite or undefined at numbers within 2**-150 of an operand, relatively, on both sides, is so at it."""

Rule: TypeAlias = Callable[..., Any]
"""(*balls) -> ball."""


class Real:
    """A finite number: a ball, and how a narrower one is made.

    Attributes:
        ball: an `arb` that holds it.
        bits: the working precision that the ball comes from; without end for a number that is known exactly.
        rule: what makes the ball from those of the operands.
        operands: further numbers.
    """

    __slots__ = ("ball", "bits", "operands", "rule")

    def __init__(self, ball: Any, bits: int, rule: Rule, operands: Sequence[Real] = ()) -> None:
        self.ball = ball
        self.bits = sys.maxsize if ball.is_exact() else bits
        self.rule = rule
        self.operands = operands

    @property
    def exact(self) -> bool:
        return self.bits == sys.maxsize

    def at(self, bits: int) -> Any:
        """A ball of a working precision, which must be that of flint's context."""
        if bits > self.bits:
            self.ball = self.rule(*[operand.at(bits) for operand in self.operands])
            self.bits = sys.maxsize if self.ball.is_exact() else bits
        return self.ball


Value: TypeAlias = Real | float
"""A number; or an infinity or NaN, as a float."""


@contextmanager
def working_precision(bits: int) -> Iterator[None]:
    """Balls are computed with so many bits inside."""
    from flint import ctx

    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before


def literal(ball: Any) -> Real:
    """A number that is known exactly."""
    return Real(ball, sys.maxsize, lambda: ball)


def digits_of(value: Real) -> Rounded:
    """The number rounded to 60 digits."""
    found = rounded(value.ball)
    for bits in LADDER:
        if found is not None:
            return found
        with working_precision(bits):
            found = rounded(value.at(bits))
    return found if found is not None else rounded_down(value.ball)


def applied(operator: Operator, rule: Rule, operands: Sequence[Value]) -> Value:
    """The value of an operator, by IEEE where an operand or the result is no number.

    Balls say it at the first precision of the ladder that suffices. Where none does, the operator's exact meaning for
    operands rounded to 60 digits stands: what agrees to thousands of digits is equal, and has the difference 0.

    Args:
        operator: it has an exact meaning.
        rule: the same for balls.
        operands: one or more values.
    """
    reals = [operand for operand in operands if isinstance(operand, Real)]
    if len(reals) < len(operands):
        return _by_exact_meaning(operator, operands)
    for bits in LADDER:
        with working_precision(bits):
            ball = rule(*[real.at(bits) for real in reals])
        if ball.is_finite():
            if ball.rel_accuracy_bits() >= WANTED_BITS:
                return _in_range(Real(ball, bits, rule, reals))
            if ball.abs_upper() < _smallest():
                return _zero()
        elif bits == LADDER[0]:
            special = _special_nearby(operator, reals)
            if special is not None:
                return special
    return _by_exact_meaning(operator, operands)


@lru_cache(maxsize=1)
def _smallest() -> Any:
    from flint import arb

    return arb((1, -SATURATION))


def _zero() -> Real:
    from flint import arb

    return literal(arb(0))


def _in_range(value: Real) -> Value:
    number = digits_of(value)
    if not saturates(number):
        return value
    if number[1] < 0:
        return _zero()
    return math.copysign(math.inf, number[0])


def _by_exact_meaning(operator: Operator, operands: Sequence[Value]) -> Value:
    """At operands rounded to 60 digits."""
    given = [_as_mpf(operand) for operand in operands]
    return _result(operator, given, operands)


def _special_nearby(operator: Operator, operands: Sequence[Real]) -> float | None:
    """The infinity or NaN that is the value at the operands and next to them, or None."""
    m = _context(LADDER[0])
    given = [_as_mpf(operand) for operand in operands]
    found: set[str] = set()
    for step in (0, 1, -1):
        factor = 1 + m.ldexp(step, -NEARBY)
        moved = [x if operand.exact else x * factor for x, operand in zip(given, operands, strict=True)]
        value = _exact(operator, moved)
        if m.isfinite(value):
            return None
        found.add(str(float(value)))
    return float(found.pop()) if len(found) == 1 else None


def _result(operator: Operator, given: Sequence[Any], operands: Sequence[Value]) -> Value:
    value = _exact(operator, given)
    if not _context(LADDER[0]).isfinite(value):
        return float(value)
    for operand, own in zip(operands, given, strict=True):
        if isinstance(operand, Real) and value == own:
            return operand

    def rule() -> Any:
        from flint import arb, ctx

        found = _exact(operator, given, ctx.prec)
        man, exp = found.man_exp
        ball = arb((int(man), int(exp)))
        short = found.man.bit_length() <= WANTED_BITS // 2
        return ball if short else ball + ball * arb(0, arb((1, 16 - ctx.prec)))

    with working_precision(LADDER[0]):
        return Real(rule(), LADDER[0], rule)


def _exact(operator: Operator, given: Sequence[Any], bits: int = LADDER[0]) -> Any:
    assert operator.exact is not None
    m = _context(bits)
    value = m.convert(operator.exact(m, *[m.convert(x) for x in given]))
    if m.isnan(value) or m.isinf(value) or not value or abs(m.mag(value)) <= SATURATION:
        return value
    return m.zero if m.mag(value) < 0 else m.sign(value) * m.inf


def _as_mpf(value: Value) -> Any:
    m = _context(LADDER[0])
    return m.mpf(digits_of(value) if isinstance(value, Real) else value)


@lru_cache(maxsize=8)
def _context(bits: int) -> Any:
    from mpmath.ctx_mp import MPContext

    context = MPContext()
    context.prec = bits
    return context
