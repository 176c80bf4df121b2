"""Several signals that become one: sums and products of what may depend on each other, and the largest of many."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.polynomial.hermite_e import hermegauss

from symkit.nn.initialization import formulas, gaussian
from symkit.nn.initialization.signal import Signal, joint_mean

MAX_DEPTH = 100
"""Sums inside sums up to which covariances are followed."""

INDEPENDENT_TERMS = "terms taken as independent"
INDEPENDENT_FACTORS = "factors taken as independent"

PLACES, WEIGHTS = hermegauss(9)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


class Joint(NamedTuple):
    """What two signals have in common.

    Attributes:
        covariance: of entries at one place, as far as it was followed.
        known: whether it was followed wherever they have a source in common.
    """

    covariance: float
    known: bool = True

    def times(self, factor: float) -> Joint:
        return Joint(factor * self.covariance, self.known)


def joint(a: Signal, b: Signal) -> Joint:
    """What two signals have in common."""
    return _joint(a, b, {}, 0)


def _joint(a: Signal, b: Signal, found: dict[tuple[Signal, Signal], Joint], depth: int) -> Joint:
    if a.is_constant or b.is_constant or not a.origin.roots & b.origin.roots:
        return Joint(0.0)
    if depth > MAX_DEPTH:
        return Joint(0.0, False)
    key = (a, b)
    if key not in found:
        found[key] = _followed(a, b, found, depth + 1)
    return found[key]


def _followed(a: Signal, b: Signal, found: dict[tuple[Signal, Signal], Joint], depth: int) -> Joint:
    if a.origin is b.origin:
        covariance = a.variance if a is b else joint_mean(a, b)
        return Joint(covariance or 0.0, covariance is not None)
    for one, other in ((a, b), (b, a)):
        mean_of = one.origin.average_of
        if one.function is None and mean_of and mean_of.origin is other.origin and mean_of.function is other.function:
            return Joint(one.variance)
    for one, other in ((a, b), (b, a)):
        if one.function is None and one.origin.terms:
            parts = [_joint(term, other, found, depth).times(factor) for factor, term in one.origin.terms]
            return Joint(sum(part.covariance for part in parts), all(part.known for part in parts))
    for one, other in ((a, b), (b, a)):
        if one.function is not None and one.slope is not None:
            # Stein's lemma: exact for variables that are jointly normal.
            return _joint(Signal(one.origin), other, found, depth).times(one.slope)
    return Joint(0.0, False)


def sum_of(a: Signal, b: Signal, sign: float = 1.0) -> Signal:
    """a + b, or a - b for a sign of -1 (B equations 5.18 and 5.20, and twice the covariance)."""
    combine = formulas.added if sign > 0 else formulas.subtracted
    mean, variance = combine([(a.mean, a.variance), (b.mean, b.variance)])
    common = joint(a, b)
    together = 2 * sign * common.covariance
    shared = a.covariance + b.covariance + together * sqrt(max(a.correlation * b.correlation, 0.0))
    assumption = "" if common.known else INDEPENDENT_TERMS
    made = Signal.normal(mean, variance + together, shared, assumption, of=(a, b))
    return made.knowing(terms=((1.0, a), (sign, b)))


def product_of(a: Signal, b: Signal) -> Signal:
    """a*b, of factors that are jointly normal or independent (B equation 5.21)."""
    mean, variance = formulas.multiplied([(a.mean, a.variance), (b.mean, b.variance)])
    common = joint(a, b)
    c = common.covariance
    shared = (a.covariance + a.mean**2) * (b.covariance + b.mean**2) - (a.mean * b.mean) ** 2
    return Signal.normal(
        mean + c,
        variance + c**2 + 2 * a.mean * b.mean * c,
        shared,
        "" if common.known else INDEPENDENT_FACTORS,
        of=(a, b),
    )


def mixture(parts: Sequence[Signal], sizes: Sequence[float]) -> Signal:
    """Entries of several signals side by side, `sizes` being how many there are of each; taken as normal."""
    mean, variance = formulas.concatenated([(part.mean, part.variance) for part in parts], sizes)
    shared = sum(size * part.covariance for part, size in zip(parts, sizes, strict=True)) / max(sum(sizes), 1)
    return Signal.normal(mean, variance, shared, of=parts)


def largest_of(signal: Signal, count: int) -> Signal:
    """The largest of so many entries of a channel.

    What they have in common is a normal variable too: the largest is taken given that, and averaged over it.
    """
    own = signal.origin
    if not own.covariance or not own.variance:
        return signal.become(*gaussian.largest(signal.function, own.mean, own.variance, count))
    rest = max(own.variance - own.covariance, 0.0)
    common = own.mean + sqrt(own.covariance) * PLACES
    cases = [gaussian.largest(signal.function, float(place), rest, count) for place in common]
    means, variances = (np.array(values) for values in zip(*cases, strict=True))
    mean = float(WEIGHTS @ means)
    shared = float(WEIGHTS @ (means - mean) ** 2)
    return signal.become(mean, shared + float(WEIGHTS @ variances), shared)
