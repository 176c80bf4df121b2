"""Gauss-Legendre quadrature of analytic functions against the normal density, with a proven error.

If g is analytic and at most M in size inside the ellipse around [-1, 1] whose half axes sum to r, the rule of n nodes
misses its integral by less than 64/15 * M / (1 - r**-2) * r**(-2*n): of its Chebyshev coefficients, at most 2*M*r**-k,
the rule is exact for those below 2*n and by symmetry for odd ones. Panels on which no ellipse gives enough are halved.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from symkit.evaluation.analytic import AnalyticEvaluator
from symkit.evaluation.point_bounds import float_above
from symkit.evaluation.time_limit import check_time

BITS = 96
"""Working precision."""

ELLIPSES = (4.0, 2.5)
"""Sums of half axes that are tried, the widest first."""

NODES = (2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 24, 28, 32, 40)

SHORTEST = 2.0**-90
"""Panels shorter than this, in deviations, are left over."""

SHORT = 2.0**-20
"""Panels shorter than this are left over where the values are too high for any rule."""

MOST_PANELS = 4000


@dataclass(frozen=True, slots=True)
class Term:
    """An integrand: f**power of a root, perhaps times the distance from the mean, times the density.

    Attributes:
        root: which result of the evaluator.
        power: 1 or 2.
        weighted: whether it is multiplied by x - mean.
        tolerance: an absolute error, by its base-2 logarithm, that panels should not exceed.
    """

    root: int
    power: int
    weighted: bool
    tolerance: float


@dataclass(frozen=True, slots=True)
class Gaussian:
    """A normal density in balls."""

    mean: Any
    variance: Any
    height: Any

    @classmethod
    def of(cls, mean: float, variance: float) -> Gaussian:
        from flint import arb

        return cls(arb(mean), arb(variance), 1 / (2 * arb.pi() * arb(variance)).sqrt())

    def density(self, x: Any) -> Any:
        return self.height * self._exponent(x).exp()

    def log_density(self, x: Any) -> Any:
        """Finite for the widest ball, of whose density the ball may hold 0."""
        return self.height.log() + self._exponent(x)

    def _exponent(self, x: Any) -> Any:
        distance = x - self.mean
        return -(distance * distance) / (2 * self.variance)


def integrals(
    of: AnalyticEvaluator, low: float, high: float, normal: Gaussian, terms: Sequence[Term]
) -> tuple[list[Any], list[tuple[float, float]]]:
    """The integral of every term between two bounds, and the ranges that are left out of all of them.

    Args:
        of: f, and other roots; analytic inside of the range, not always at its ends.
        normal: the distribution of x.
        terms: what to integrate.
    """
    from flint import arb

    deviation = float(normal.variance.sqrt())
    count = max(1, math.ceil((high - low) / (2 * deviation)))
    ends = [low + (high - low) * i / count for i in range(count)] + [high]
    stack = list(zip(ends[:-1], ends[1:], strict=True))
    sums: list[Any] = [arb(0) for _ in terms]
    left: list[tuple[float, float]] = []
    for _ in range(MOST_PANELS):
        if not stack:
            return sums, left
        check_time()
        first, last = stack.pop()
        found = _panel(of, first, last, normal, terms)
        if found is not None:
            sums = [a + b for a, b in zip(sums, found, strict=True)]
        elif last - first < SHORTEST * deviation or not first < 0.5 * (first + last) < last:
            left.append((first, last))
        elif last - first < SHORT * deviation and _is_too_high(of, first, last, normal, terms):
            # One after the other up to a pole, and none across it.
            joins = left and left[-1][0] == last and not _is_hole(of, last)
            left.append((first, left.pop()[1] if joins else last))
        else:
            middle = 0.5 * (first + last)
            if _is_hole(of, middle) and _is_hole(of, first + 0.3 * (last - first)):
                return sums, [*left, (first, last), *stack]
            stack += [(first, middle), (middle, last)]
    return sums, left + stack


def _panel(of: AnalyticEvaluator, low: float, high: float, normal: Gaussian, terms: Sequence[Term]) -> list[Any] | None:
    """The integrals over one panel, or None if it has to be halved."""
    from flint import acb, arb

    middle, half = (arb(low) + arb(high)) / 2, (arb(high) - arb(low)) / 2
    for ellipse in ELLIPSES:
        width, height = half * (ellipse + 1 / ellipse) / 2, half * (ellipse - 1 / ellipse) / 2
        area = acb(_around(middle, width), _around(arb(0), height))
        errors = _errors(of(area), area, half, ellipse, normal, terms)
        if errors is None:
            continue
        needed = max(e - t.tolerance for e, t in zip(errors, terms, strict=True)) / (2 * math.log2(ellipse))
        count = next((n for n in NODES if n >= needed), None)
        if count is not None:
            found = _rule(of, middle, half, count, normal, terms)
            shrunk = arb(ellipse) ** (-2 * count)
            return [
                value + _around(arb(0), arb(2) ** arb(math.ceil(error)) * shrunk)
                for value, error in zip(found, errors, strict=True)
            ]
    return None


def _is_too_high(of: AnalyticEvaluator, low: float, high: float, normal: Gaussian, terms: Sequence[Term]) -> bool:
    """Whether no rule is exact enough for a panel with such values."""
    from flint import acb, arb

    middle = acb(0.5 * (low + high))
    errors = _errors(of(middle), middle, (arb(high) - arb(low)) / 2, ELLIPSES[0], normal, terms)
    most = 2 * math.log2(ELLIPSES[0]) * NODES[-1]
    return errors is not None and max(e - t.tolerance for e, t in zip(errors, terms, strict=True)) > most


def _is_hole(of: AnalyticEvaluator, x: float) -> bool:
    """Whether a function seems not to be defined at a point."""
    from flint import acb

    return not all(value.is_finite() for value in of(acb(x)))


def _around(middle: Any, radius: Any) -> Any:
    from flint import arb

    return middle + arb(0, radius.upper())


def _errors(
    values: Sequence[Any], area: Any, half: Any, ellipse: float, normal: Gaussian, terms: Sequence[Term]
) -> list[float] | None:
    """For every term the base-2 logarithm of its rule's error before it is divided by ellipse**(2*n)."""
    from flint import arb

    density = abs(normal.density(area))
    factor = 64 * half / (15 * (1 - arb(ellipse) ** -2)) * density
    found = []
    for term in terms:
        bound = abs(values[term.root]) ** term.power * factor
        if term.weighted:
            bound = bound * abs(area - normal.mean)
        top = bound.upper()
        if not top.is_finite():
            return None
        found.append(_log2(top))
    return found


def _log2(size: Any) -> float:
    """The base-2 logarithm of a number that is not negative, rounded up; of 0 a very small one."""
    from flint import arb

    return float_above((size.log() / arb(2).log()).upper()) if size > 0 else -1e6


def _rule(
    of: AnalyticEvaluator, middle: Any, half: Any, count: int, normal: Gaussian, terms: Sequence[Term]
) -> list[Any]:
    from flint import acb, arb

    sums = [arb(0) for _ in terms]
    for node, weight in legendre(count):
        x = middle + half * node
        values = of(acb(x))
        share = normal.density(x) * weight
        far = x - normal.mean
        for i, term in enumerate(terms):
            value = values[term.root].real
            part = share * value if term.power == 1 else share * value * value
            sums[i] += part * far if term.weighted else part
    return [half * total for total in sums]


@lru_cache(maxsize=len(NODES))
def legendre(count: int) -> list[tuple[Any, Any]]:
    """Nodes and weights as balls."""
    from flint import arb

    from symkit.evaluation.analytic import precision

    with precision(BITS + 16):
        return [arb.legendre_p_root(count, k, weight=True) for k in range(count)]
