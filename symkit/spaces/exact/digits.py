"""Balls rounded to 60 digits, so that equal numbers round to equal ones."""

from __future__ import annotations

from typing import Any

DIGITS = 60
KEPT_BITS = 200
"""60 digits."""

GUARD_BITS = 30
"""A ball that reaches closer than 2**-30 of a unit to a tie is not rounded."""

WANTED_BITS = KEPT_BITS + GUARD_BITS + 2
"""Relative accuracy of a ball that can be rounded."""

LARGEST_EXPONENT = 2**40
SMALLEST_EXPONENT = -(2**40)
"""Magnitudes above 2**(2**40) count as infinite, and below 2**-(2**40) as 0."""

Rounded = tuple[int, int]
"""A significand of 200 bits with its sign, or 0, and an exponent."""


def rounded(ball: Any) -> Rounded | None:
    """The number of 200 bits nearest to an accurate ball, of two the lower one.

    None for a ball around a tie: what its numbers round to cannot be told.
    """
    man, exp = ball.mid().man_exp()
    significand, exponent = int(man), int(exp)
    surplus = significand.bit_length() - KEPT_BITS
    if surplus <= 0:
        # A tie is half a unit away, far outside the ball.
        return (significand << -surplus, exponent + surplus) if significand else (0, 0)
    if surplus < 2 * GUARD_BITS:
        significand, exponent, surplus = significand << GUARD_BITS, exponent - GUARD_BITS, surplus + GUARD_BITS
    moved = significand + (1 << surplus - 1) - 1
    from_tie = ((moved & (1 << surplus) - 1) << GUARD_BITS) >> surplus
    if not 0 < from_tie < (1 << GUARD_BITS) - 1 and not ball.is_exact():
        return None
    kept = moved >> surplus
    if kept.bit_length() > KEPT_BITS:
        return kept >> 1, exponent + surplus + 1
    return kept, exponent + surplus


def rounded_down(ball: Any) -> Rounded:
    """What a ball that stays around a tie is taken for: the tie, and of its two neighbours the lower one."""
    found = rounded(ball.lower())
    assert found is not None
    return found


def saturates(number: Rounded) -> bool:
    """Whether a number other than 0 counts as infinite or as 0."""
    return number[0] != 0 and not SMALLEST_EXPONENT <= number[1] + KEPT_BITS <= LARGEST_EXPONENT
