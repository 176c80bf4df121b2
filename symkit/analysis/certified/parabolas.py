"""Parabolas that a value, or the logarithm of its size, lies between for all t >= 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeGuard

Parabola = tuple[Any, Any, Any]
"""The balls c0, c1, c2 of c0 + c1*t + c2*t**2."""


@dataclass(frozen=True, slots=True)
class Between:
    """Two parabolas that something lies between for all t >= 0; None where there is none."""

    low: Parabola | None = None
    high: Parabola | None = None

    def __add__(self, other: Between) -> Between:
        return Between(total(self.low, other.low), total(self.high, other.high))

    def __neg__(self) -> Between:
        return Between(times(self.high, -1), times(self.low, -1))

    def shifted(self, low: Any, high: Any) -> Between:
        """With something between two numbers added."""
        return self + Between(level(low), level(high))

    def scaled(self, factor: Any) -> Between:
        """Times a number, which may be a ball that is not around 0."""
        a, b = times(self.low, factor), times(self.high, factor)
        return Between(a, b) if factor >= 0 else Between(b, a)

    def both(self, other: Between) -> Between:
        """What is known where both are."""
        return Between(tighter(self.low, other.low, 1), tighter(self.high, other.high, -1))

    def either(self, other: Between) -> Between:
        """What is known where one of them is."""
        return Between(hull(self.low, other.low, min_of), hull(self.high, other.high, max_of))


UNKNOWN = Between()

LOG_OF_NOTHING = -(2.0**30)


def min_of(a: Any, b: Any) -> Any:
    return a.min(b)


def max_of(a: Any, b: Any) -> Any:
    return a.max(b)


def level(value: Any) -> Parabola | None:
    from flint import arb

    number = arb(value)
    return (number, arb(0), arb(0)) if number.is_finite() else None


def total(a: Parabola | None, b: Parabola | None) -> Parabola | None:
    return None if a is None or b is None else (a[0] + b[0], a[1] + b[1], a[2] + b[2])


def times(a: Parabola | None, factor: Any) -> Parabola | None:
    return None if a is None else (a[0] * factor, a[1] * factor, a[2] * factor)


def hull(a: Parabola | None, b: Parabola | None, pick: Any) -> Parabola | None:
    """For t >= 0 the coefficients decide."""
    return None if a is None or b is None else (pick(a[0], b[0]), pick(a[1], b[1]), pick(a[2], b[2]))


def tighter(a: Parabola | None, b: Parabola | None, sign: int) -> Parabola | None:
    """Of two lower bounds (sign 1) or upper bounds (-1) the one that is tighter far out."""
    if a is None or b is None:
        return a if b is None else b
    for first, second in zip(a[::-1], b[::-1], strict=True):
        difference = float(first.mid() - second.mid()) * sign
        if difference:
            return a if difference > 0 else b
    return a


def is_rising(a: Parabola | None) -> TypeGuard[Parabola]:
    """Whether the bound is surely never below 0 and never falls."""
    return a is not None and bool(a[0] >= 0 and a[1] >= 0 and a[2] >= 0)


def product_of_rising(a: Parabola, b: Parabola, *, least: bool) -> Parabola | None:
    """Of two that are never negative; a lower bound may leave terms of higher degree out."""
    cubic = a[1] * b[2] + a[2] * b[1]
    quartic = a[2] * b[2]
    if not least and not (cubic.is_zero() and quartic.is_zero()):
        return None
    return a[0] * b[0], a[0] * b[1] + a[1] * b[0], a[0] * b[2] + a[1] * b[1] + a[2] * b[0]


def log_of_sum(a: Parabola | None, b: Parabola | None) -> Parabola | None:
    """Above log(exp(x) + exp(y)), for x below a and y below b."""
    return total(hull(a, b, max_of), level(log_of(2)))


def log_of_parabola(a: Parabola | None) -> Parabola | None:
    """Above log(c0 + c1*t + c2*t**2): the tangent at 0 of the logarithm."""
    if not is_rising(a) or not a[0] > 0:
        return None
    return a[0].log(), a[1] / a[0], a[2] / a[0]


def log_of(number: float) -> Any:
    from flint import arb

    return arb(number).log()
