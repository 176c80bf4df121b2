"""Real numbers known as balls, which can be had as narrow as a question needs, and IEEE's values beside them."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from symkit.evaluation.analytic import precision
from symkit.ops import Operator
from symkit.ops.exact_forms import SATURATION
from symkit.spaces.exact.digits import (
    KEPT_BITS,
    SMALLEST_EXPONENT,
    WANTED_BITS,
    Rounded,
    rounded,
    rounded_down,
    saturates,
)

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


def literal(ball: Any) -> Real:
    """A number that is known exactly."""
    return Real(ball, sys.maxsize, lambda: ball)


def digits_of(value: Real) -> Rounded:
    """The number rounded to 60 digits."""
    found = rounded(value.ball)
    for bits in LADDER:
        if found is not None:
            return found
        with precision(bits):
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
        with precision(bits):
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

    return arb((1, SMALLEST_EXPONENT))


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
    found: set[str] = set()
    for step in (0, 1, -1):
        value = _exact(operator, [_as_mpf(operand, step) for operand in operands])
        if _context(LADDER[0]).isfinite(value):
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

    with precision(LADDER[0]):
        return Real(rule(), LADDER[0], rule)


def _exact(operator: Operator, given: Sequence[Any], bits: int = LADDER[0]) -> Any:
    assert operator.exact is not None
    m = _context(bits)
    value = m.convert(operator.exact(m, *[m.convert(x) for x in given]))
    if m.isnan(value) or m.isinf(value) or not value or abs(m.mag(value)) <= SATURATION:
        return value
    return m.zero if m.mag(value) < 0 else m.sign(value) * m.inf


def _as_mpf(value: Value, step: int = 0) -> Any:
    """A value rounded to 60 digits, and moved by a step of 2**-150 of itself if it is not known exactly.

    A number of which it is known that its digits go on is moved by 2**-240 of itself, so 1 - 1e-300 is not 1, and one
    that would be an integer only because its digits end is none. Equal numbers stay equal. Magnitudes end at 2**65536
    and 2**-65536, beyond which exact meanings need not work.
    """
    m = _context(LADDER[0])
    if not isinstance(value, Real):
        return m.mpf(value)
    man, exp = digits_of(value)
    from_digits = value.ball - type(value.ball)((man, exp))
    exp = max(-SATURATION, min(exp + KEPT_BITS, SATURATION)) - KEPT_BITS
    if not value.exact:
        man, exp = (man << 40) + (step << KEPT_BITS + 40 - NEARBY), exp - 40
        man += int(from_digits > 0) - int(from_digits < 0)
        if exp >= 0:
            man, exp = (man << exp + 1) + 1, -1
    return m.ldexp(m.mpf(man, prec=max(man.bit_length(), 2)), exp)


@lru_cache(maxsize=8)
def _context(bits: int) -> Any:
    from mpmath.ctx_mp import MPContext

    context = MPContext()
    context.prec = bits
    return context
