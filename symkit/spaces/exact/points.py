"""Points at which no two different formulas should agree by chance.

A point's digits are those of a cryptographic digest of a name and a place, so they have to do with no operator. What is
chosen is how large points are: some near 0; on both sides of 1, 2.5, 3 and 6, where published functions have kinks; at
most 7.4, so that exponentials of exponentials stay within range at most of them. At the first six points every name
lies between 0 and 1, where probabilities do and logarithms of x and of 1 - x are defined.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import shake_256

BITS = 256
"""Binary digits of a point's fraction of its interval: 77 decimal digits."""

UNIT = ((0.02, 0.1), (0.1, 0.25), (0.25, 0.45), (0.45, 0.65), (0.65, 0.85), (0.85, 0.98))
BEYOND = (
    *((1.1, 1.6), (1.7, 2.4), (2.6, 2.9), (3.1, 4.0), (6.2, 7.4)),
    *((-0.1, -0.02), (-0.35, -0.15), (-0.6, -0.4), (-0.95, -0.7), (-1.4, -1.05)),
    *((-2.1, -1.6), (-2.9, -2.6), (-4.0, -3.1), (-7.4, -6.2)),
)
COUNT = len(UNIT) + len(BEYOND)


@lru_cache(maxsize=256)
def generic_points(name: str) -> tuple[tuple[int, int], ...]:
    """The values of a name at the 20 points, each a significand and a binary exponent, exactly.

    Names pass through the intervals in orders of their own.
    """
    return tuple(_between(*ends, name) for part in (UNIT, BEYOND) for ends in _shuffled(part, name))


def _shuffled(intervals: tuple[tuple[float, float], ...], name: str) -> list[tuple[float, float]]:
    return sorted(intervals, key=lambda ends: _digest(f"order {ends} {name}"))


def _between(low: float, high: float, name: str) -> tuple[int, int]:
    """low + (high - low)*fraction; both ends are rounded to 1/64."""
    start, end = round(low * 64), round(high * 64)
    fraction = int.from_bytes(_digest(f"point {low} {high} {name}"), "little")
    return (start << BITS) + (end - start) * fraction, -BITS - 6


def _digest(text: str) -> bytes:
    return shake_256(text.encode()).digest(BITS // 8)
