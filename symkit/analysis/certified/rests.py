"""What the tails and the neighbourhood of a singular point add to a Gaussian integral, from bounds of the integrand.

With |f| <= exp(c0 + c1*t + c2*t**2) both are integrals of exp(A*t**2 + B*t + C) over t >= 0, which is at most
exp(C)/|B| where A <= 0 and B < 0, and infinite where A >= 0 and B >= 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from symkit.analysis.certified.far import FarIntervals
from symkit.analysis.certified.parabolas import Parabola
from symkit.analysis.certified.quadrature import Gaussian, Term
from symkit.analysis.certified.tail_bounds import Tail


@dataclass(frozen=True, slots=True)
class Rest:
    """What a stretch adds to the integral of a term.

    Attributes:
        value: a ball that holds it; None if none was found.
        diverges: whether the integral of the size surely has no bound.
    """

    value: Any | None = None
    diverges: bool = False


def rest(value: FarIntervals, tail: Tail, normal: Gaussian, term: Term) -> Rest:
    """What a tail adds to a term whose function has these bounds there."""
    from flint import arb

    if value.undefined.any():
        return Rest()
    if bool((value.low == 0).all() and (value.high == 0).all()):
        return Rest(arb(0))
    exponent = _far_exponent(tail, normal, term) if tail.end is None else _near_exponent(tail, normal, term)
    high, low = value.order.high, value.order.low
    if high is not None:
        c0, c1, c2 = _total(high, exponent, term.power)
        if c2 <= 0 and c1 < 0:
            most = (c0.exp() / -c1).upper()
            if most.is_finite():
                return Rest(_signed(value, term, _least(low, exponent, term), most))
    if low is not None and not term.weighted:
        _, c1, c2 = _total(low, exponent, term.power)
        if c2 > 0 or (c2 >= 0 and c1 >= 0):
            return Rest(diverges=True)
    return Rest()


def _least(low: Parabola | None, exponent: Parabola, term: Term) -> Any:
    """A number that the integral of the size is not below."""
    from flint import arb

    if low is None or term.weighted:
        return arb(0)
    c0, c1, c2 = _total(low, exponent, term.power)
    return (c0.exp() / -c1).lower() if c2 >= 0 and c1 < 0 else arb(0)


def _signed(value: FarIntervals, term: Term, least: Any, most: Any) -> Any:
    """The ball of an integral whose size is known, by the sign of the function."""
    from flint import arb

    if term.weighted or (term.power == 1 and value.low.min() < 0 < value.high.max()):
        return arb(0, most)
    size = least.union(most)
    return -size if term.power == 1 and value.high.max() <= 0 else size


def _total(order: Parabola, exponent: Parabola, power: int) -> Parabola:
    c0, c1, c2 = (power * a + b for a, b in zip(order, exponent, strict=True))
    return c0, c1, c2


def _far_exponent(tail: Tail, normal: Gaussian, term: Term) -> Parabola:
    """The logarithm of the density at start + direction*t, and above that of the distance from the mean."""
    from flint import arb

    distance = tail.direction * (arb(tail.start) - normal.mean)
    c0 = normal.log_density(arb(tail.start))
    c1, c2 = -distance / normal.variance, -1 / (2 * normal.variance)
    if term.weighted:
        c0, c1 = c0 + distance.log(), c1 + 1 / distance
    return c0, c1, c2


def _near_exponent(tail: Tail, normal: Gaussian, term: Term) -> Parabola:
    """The logarithm of length*exp(-t), times the density there, and the largest distance from the mean if weighted."""
    from flint import arb

    near = arb(tail.start).union(arb(tail.end))
    c0 = tail.length.log() + normal.log_density(near)
    if term.weighted:
        c0 = c0 + abs(near - normal.mean).upper().log()
    return c0, arb(-1), arb(0)
