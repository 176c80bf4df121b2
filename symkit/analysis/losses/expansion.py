"""Expansions next to 0: sums of c * t**a * log(1/t)**b with certain coefficients, up to a power of t that is left out.

They give limits that no evaluation can: `t*log(t)`, `1/t - 1/t`, `(1 - 9*t)/(9*t)`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from typing import Any

Exponent = tuple[Fraction, int]
"""Power of t, and power of log(1/t)."""

CONSTANT: Exponent = (Fraction(0), 0)

KEPT = 5
"""Powers of t that are kept beyond the leading one."""

MOST_TERMS = 60
NEVER = Fraction(10**6)
"""Beyond every power that matters: the remainder of what is exact."""


class Undecided(Exception):
    """The expansion does not exist in these terms, or its leading term is not certain."""


@dataclass(frozen=True, eq=False)
class Expansion:
    """A function of t > 0 near 0.

    Attributes:
        terms: coefficient by exponent, the leading term first; balls, none of them exactly 0.
        order: what is left out is smaller than t**a for every a below this.
    """

    terms: dict[Exponent, Any]
    order: Fraction = NEVER

    @classmethod
    def of(cls, terms: Iterable[tuple[Exponent, Any]], order: Fraction = NEVER) -> Expansion:
        """A sum of terms, those beyond the order left out."""
        total: dict[Exponent, Any] = {}
        for exponent, coefficient in terms:
            total[exponent] = total[exponent] + coefficient if exponent in total else coefficient
        ordered = sorted((e for e, c in total.items() if not c.is_zero()), key=lambda e: (e[0], -e[1]))
        kept = {e: total[e] for e in ordered if e[0] < order}
        if len(kept) > MOST_TERMS:
            raise Undecided
        return cls(kept, order)

    @classmethod
    def constant(cls, value: Any) -> Expansion:
        return cls.of([(CONSTANT, value)])

    @property
    def is_exact(self) -> bool:
        return self.order >= NEVER

    @property
    def is_zero(self) -> bool:
        return not self.terms and self.is_exact

    @property
    def lowest(self) -> Fraction:
        """A power that the function is no larger than, but for logarithms."""
        return next(iter(self.terms))[0] if self.terms else self.order

    @property
    def leading(self) -> tuple[Exponent, Any]:
        """The leading term. Raises Undecided if its coefficient may be 0."""
        if not self.terms:
            raise Undecided
        exponent, coefficient = next(iter(self.terms.items()))
        if coefficient.contains(0):
            raise Undecided
        return exponent, coefficient

    @property
    def sign(self) -> int:
        """That of the function near 0."""
        return 0 if self.is_zero else 1 if self.leading[1] > 0 else -1

    @property
    def limit(self) -> Any:
        """A ball, or an infinity as a float."""
        if not self.terms or self.lowest > 0:
            if self.order > 0:
                return 0.0
            raise Undecided
        (power, logs), coefficient = next(iter(self.terms.items()))
        if power == 0 and logs <= 0:
            return coefficient if logs == 0 else 0.0
        return math.copysign(math.inf, self.sign)

    @property
    def bounded(self) -> tuple[Any, Expansion]:
        """The constant term, and the rest, which tends to 0. Raises Undecided where it does not."""
        constant = self.terms.get(CONSTANT)
        rest = Expansion({e: c for e, c in self.terms.items() if e != CONSTANT}, self.order)
        if rest.lowest <= 0 and not rest.is_zero:
            raise Undecided
        return constant, rest

    def __add__(self, other: Expansion | float) -> Expansion:
        other = _lifted(other)
        return Expansion.of([*self.terms.items(), *other.terms.items()], min(self.order, other.order))

    def __neg__(self) -> Expansion:
        return Expansion({e: -c for e, c in self.terms.items()}, self.order)

    def __sub__(self, other: Expansion | float) -> Expansion:
        return self + -_lifted(other)

    def __mul__(self, other: Expansion | float) -> Expansion:
        other = _lifted(other)
        if self.is_zero or other.is_zero:
            return Expansion({})
        order = min(
            NEVER,
            NEVER if self.is_exact else self.order + other.lowest,
            NEVER if other.is_exact else other.order + self.lowest,
        )
        if order < NEVER or len(self.terms) * len(other.terms) > MOST_TERMS:
            order = min(order, self.lowest + other.lowest + KEPT)
        products = (((a + b, m + n), c * d) for (a, m), c in self.terms.items() for (b, n), d in other.terms.items())
        return Expansion.of(products, order)

    def __truediv__(self, other: Expansion | float) -> Expansion:
        return self * _lifted(other) ** -1

    def __pow__(self, other: Expansion | float) -> Expansion:
        exponent = _lifted(other)
        if exponent.is_zero:
            return _lifted(1)
        if set(exponent.terms) == {CONSTANT} and exponent.is_exact:
            return self._raised(exponent.terms[CONSTANT])
        return (exponent * self.log()).exp()

    def _raised(self, exponent: Any) -> Expansion:
        """To the power of a number, given as a ball."""
        q = _exact(exponent)
        if self.is_zero:
            if q is None or q < 0:
                raise Undecided
            return Expansion({}) if q > 0 else _lifted(1)
        whole = q is not None and q.denominator == 1
        if q is not None and whole and 0 <= q <= 8:
            product = _lifted(1)
            for _ in range(int(q)):
                product = product * self
            return product
        (power, logs), coefficient, rest = self.relative()
        if not coefficient > 0 and not whole:
            raise Undecided
        if q is None:
            if (power, logs) != CONSTANT:
                raise Undecided
            lead = Expansion.constant(coefficient**exponent)
        else:
            if (logs * q).denominator != 1:
                raise Undecided
            factor = coefficient ** int(q) if whole else coefficient**exponent
            lead = Expansion.of([((power * q, int(logs * q)), factor)])
        return lead * rest.series(_binomial(exponent))

    def exp(self) -> Expansion:
        """Raises Undecided where it grows faster than every power."""
        large = {e: c for e, c in self.terms.items() if e[0] <= 0 and e != CONSTANT}
        scale = _lifted(1)
        if any(power < 0 for power, _ in large):
            if self.sign > 0:
                raise Undecided
            # Smaller than any power of t, but not 0.
            return Expansion({}, Fraction(10**5))
        if set(large) - {(Fraction(0), 1)}:
            raise Undecided
        for coefficient in large.values():
            power = _exact(coefficient)
            if power is None:
                raise Undecided
            scale = Expansion.of([((-power, 0), _one())])
        constant, rest = Expansion({e: c for e, c in self.terms.items() if e not in large}, self.order).bounded
        return scale * Expansion.constant(_one() if constant is None else constant.exp()) * rest.series(_factorials())

    def log(self) -> Expansion:
        (power, logs), coefficient, rest = self.relative()
        if logs or not coefficient > 0:
            raise Undecided
        # log(t) is minus the logarithm that terms are made of.
        multiple = _one() * -power.numerator / power.denominator
        lead = Expansion.of([(CONSTANT, coefficient.log()), ((Fraction(0), 1), multiple)])
        return lead + rest.series(_one() * 0 if k == 0 else _one() * (-1) ** (k + 1) / k for k in count())

    def atan(self) -> Expansion:
        """Where this tends to 0; raises Undecided elsewhere."""
        return self * (self * self).series(_one() * (-1) ** k / (2 * k + 1) for k in count())

    @classmethod
    def pi(cls) -> Expansion:
        return cls.constant(_one().pi())

    def series(self, coefficients: Iterable[Any]) -> Expansion:
        """The sum of coefficients times powers 0, 1, ... of this expansion, which tends to 0 as a power of t."""
        if self.is_zero:
            return Expansion.constant(next(iter(coefficients)))
        if self.lowest <= 0:
            raise Undecided
        small = Expansion.of(self.terms.items(), min(self.order, self.lowest + KEPT))
        total, power = Expansion({}), _lifted(1)
        for coefficient in coefficients:
            total = total + power * Expansion.constant(coefficient)
            power = power * small
            if power.lowest >= KEPT:
                return Expansion.of(total.terms.items(), min(total.order, Fraction(KEPT)))
        raise Undecided

    def relative(self) -> tuple[Exponent, Any, Expansion]:
        """(exponent, coefficient, rest) of exponent term * (1 + rest), where the rest tends to 0."""
        (power, logs), coefficient = self.leading
        others = list(self.terms.items())[1:]
        rest = Expansion.of(
            (((a - power, b - logs), c / coefficient) for (a, b), c in others),
            NEVER if self.is_exact else self.order - power,
        )
        if rest.lowest <= 0:
            raise Undecided
        return (power, logs), coefficient, rest


def _one() -> Any:
    from flint import arb

    return arb(1)


def _lifted(value: Expansion | float) -> Expansion:
    return value if isinstance(value, Expansion) else Expansion.constant(_one() * value)


def _exact(ball: Any) -> Fraction | None:
    """The number that a ball is, if it has no radius."""
    if not ball.is_exact() or not ball.is_finite():
        return None
    mantissa, exponent = ball.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def _binomial(exponent: Any) -> Iterator[Any]:
    """Coefficients of (1 + x)**exponent."""
    coefficient = _one()
    for k in count():
        yield coefficient
        coefficient = coefficient * (exponent - k) / (k + 1)


def _factorials() -> Iterator[Any]:
    """Coefficients of exp(x)."""
    coefficient = _one()
    for k in count(1):
        yield coefficient
        coefficient = coefficient / k
