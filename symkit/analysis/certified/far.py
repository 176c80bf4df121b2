"""Bounds of a function on all of a tail, or next to a point, tight enough to be integrated there.

A tail is run through by t >= 0: x = start + direction*t towards an infinity, or x = point + reach*exp(-t) towards a
point. Beside the bounds of a value it is kept between which parabolas in t the value lies, and between which the
logarithm of its size does. `exp` makes the second of the first, `log` the first of the second; of products the
logarithms add. `abs(x)**x` is exp(x*log(x)), and log(x) lies below any of its tangents.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np

from symkit.checking.operator_terms import conditions
from symkit.evaluation.interval_arithmetic import Arithmetic, Bools, Intervals
from symkit.evaluation.intervals import IntervalEvaluator
from symkit.ir import Kind, Node, Program, lower
from symkit.ops import Operator

REALS = Arithmetic(None)

Parabola = tuple[Any, Any, Any]
"""The balls c0, c1, c2 of c0 + c1*t + c2*t**2."""


@dataclass(frozen=True, slots=True)
class Between:
    """Two parabolas that something lies between for all t >= 0; None where there is none."""

    low: Parabola | None = None
    high: Parabola | None = None

    def __add__(self, other: Between) -> Between:
        return Between(_sum(self.low, other.low), _sum(self.high, other.high))

    def __neg__(self) -> Between:
        return Between(_scaled(self.high, -1), _scaled(self.low, -1))

    def shifted(self, low: Any, high: Any) -> Between:
        """With something between two numbers added."""
        return self + Between(_constant(low), _constant(high))

    def scaled(self, factor: Any) -> Between:
        """Times a number, which may be a ball that is not around 0."""
        a, b = _scaled(self.low, factor), _scaled(self.high, factor)
        return Between(a, b) if factor >= 0 else Between(b, a)

    def both(self, other: Between) -> Between:
        """What is known where both are."""
        return Between(_better(self.low, other.low, 1), _better(self.high, other.high, -1))

    def either(self, other: Between) -> Between:
        """What is known where one of them is."""
        return Between(_hull(self.low, other.low, min_of), _hull(self.high, other.high, max_of))


UNKNOWN = Between()

LOG_OF_NOTHING = -(2.0**30)


def min_of(a: Any, b: Any) -> Any:
    return a.min(b)


def max_of(a: Any, b: Any) -> Any:
    return a.max(b)


def _constant(value: Any) -> Parabola | None:
    from flint import arb

    number = arb(value)
    return (number, arb(0), arb(0)) if number.is_finite() else None


def _sum(a: Parabola | None, b: Parabola | None) -> Parabola | None:
    return None if a is None or b is None else (a[0] + b[0], a[1] + b[1], a[2] + b[2])


def _scaled(a: Parabola | None, factor: Any) -> Parabola | None:
    return None if a is None else (a[0] * factor, a[1] * factor, a[2] * factor)


def _hull(a: Parabola | None, b: Parabola | None, pick: Any) -> Parabola | None:
    """For t >= 0 the coefficients decide."""
    return None if a is None or b is None else (pick(a[0], b[0]), pick(a[1], b[1]), pick(a[2], b[2]))


def _better(a: Parabola | None, b: Parabola | None, sign: int) -> Parabola | None:
    """Of two lower bounds (sign 1) or upper bounds (-1) the one that is tighter far out."""
    if a is None or b is None:
        return a if b is None else b
    for first, second in zip(a[::-1], b[::-1], strict=True):
        difference = float(first.mid() - second.mid()) * sign
        if difference:
            return a if difference > 0 else b
    return a


def _is_rising(a: Parabola | None) -> TypeGuard[Parabola]:
    """Whether the bound is surely never below 0 and never falls."""
    return a is not None and bool(a[0] >= 0 and a[1] >= 0 and a[2] >= 0)


def _product(a: Parabola, b: Parabola, *, least: bool) -> Parabola | None:
    """Of two that are never negative; a lower bound may leave terms of higher degree out."""
    from flint import arb

    cubic = a[1] * b[2] + a[2] * b[1]
    quartic = a[2] * b[2]
    if not least and not (cubic.is_zero() and quartic.is_zero()):
        return None
    found = (a[0] * b[0], a[0] * b[1] + a[1] * b[0], a[0] * b[2] + a[1] * b[1] + a[2] * b[0])
    return tuple(arb(c) for c in found)  # type: ignore[return-value]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FarIntervals(Intervals):
    """The interval of a value on one tail, with parabolas that it and the logarithm of its size lie between.

    What it does with the growth forms of the records is what `checking.tails.TailIntervals` does: there the order, a
    power of x, is bounded, here the logarithm, which tells exp(x) from exp(x**2).
    """

    value: Between
    order: Between

    @property
    def diverges(self) -> Bools:
        return np.zeros(self.low.shape, dtype=bool)

    @property
    def is_never_zero(self) -> bool:
        return self.order.low is not None

    def or_undefined(self, undefined: Any) -> FarIntervals:
        return far(Intervals.or_undefined(self, undefined), self.value, self.order)

    # -- what growth forms ask for -----------------------------------------------------------------------------

    def of_order(self, order: Between, diverges: Any = False) -> FarIntervals:
        return far(self, self.value, self.order.both(order))

    def of_order_below(self, order: Between) -> FarIntervals:
        return self.of_order(Between(None, order.high))

    def of_order_above(self, order: Between, diverges: Any) -> FarIntervals:
        return self.of_order(Between(order.low, None))

    def exploding(self, a: FarIntervals) -> FarIntervals:
        """exp(a)."""
        return self.of_order(a.value)

    def vanishing(self, a: FarIntervals, *, below: bool) -> FarIntervals:
        """At most 2*exp(-|a|), for a on one side of 0."""
        side = bool(a.high.max() <= 0) if below else bool(a.low.min() >= 0)
        size = a.value if below else -a.value
        return self.of_order_below(size.shifted(0, _log(2))) if side else self

    def at_least_half_exponential(self, a: FarIntervals, *, below: bool) -> FarIntervals:
        """At least exp(-|a|)/2, for a on one side of 0."""
        side = bool(a.high.max() <= 0) if below else bool(a.low.min() >= 0)
        size = a.value if below else -a.value
        return self.of_order_above(size.shifted(-_log(2), 0), False) if side else self

    def hyperbolic(self, a: FarIntervals) -> FarIntervals:
        """exp(|a|)/4 to exp(|a|) in size, for |a| above 1."""
        if not (a.low.min() >= 1 or a.high.max() <= -1):
            return self.of_order_below(abs(a).value)
        return self.of_order(abs(a).value.shifted(-_log(4), 0))

    def exponential_from_zero(self, a: FarIntervals) -> FarIntervals:
        """exp(a) - 1: at most exp(|a|) in size, and |a|/2 to 2*|a| for |a| up to 1."""
        if max(abs(a.low.min()), abs(a.high.max())) <= 1:
            return self.of_order(a.order.shifted(-_log(2), _log(2)))
        return self.of_order_below(abs(a).value)

    def logarithm_of_more(self, a: FarIntervals) -> FarIntervals:
        """log(1 + a): at most log(2*a + 1) for a above 0."""
        return self.logarithmic(a, from_zero=True) if a.low.min() >= 0 else self

    def raised(self, a: FarIntervals, exponent: float) -> FarIntervals:
        """a**exponent for a number."""
        value = UNKNOWN
        if exponent in (2.0, 3.0, 4.0):
            square = a.square()
            value = {2.0: square, 3.0: square * a, 4.0: square * square}[exponent].value
        return far(self, self.value.both(value), self.order.both(a.order.scaled(exponent)))

    def powered(self, a: FarIntervals, b: FarIntervals) -> FarIntervals:
        """a**b, for a above 0: exp(b*log(a))."""
        if not a.low.min() >= 0:
            return self
        low, high = (0.0 if a.low.min() >= 1 else -np.inf), (0.0 if a.high.max() <= 1 else np.inf)
        return self.of_order((b * far(REALS.of([low], [high]), a.order, UNKNOWN)).value)

    def like_operand(self, a: FarIntervals, *, above: bool) -> FarIntervals:
        """|a| to 2*|a| in size, for |a| above 1 on one side of 0."""
        side = bool(a.low.min() >= 1) if above else bool(a.high.max() <= -1)
        return self.of_order(a.order.shifted(0, _log(2))) if side else self

    def about_operand(self, a: FarIntervals) -> FarIntervals:
        """|a|/2 to |a| in size, for |a| above 2."""
        is_far = bool(a.low.min() >= 2 or a.high.max() <= -2)
        return self.of_order(a.order.shifted(-_log(2), 0)) if is_far else self

    def logarithmic(self, a: FarIntervals, *, from_zero: bool = False) -> FarIntervals:
        """log(a), or if `from_zero` at most log(2*|a| + 1) in size."""
        if not from_zero:
            return far(self, self.value.both(a.order), self.order)
        bound = _log_of_sum(a.order.shifted(0, _log(2)), Between(_constant(0), _constant(0))).high
        floor = _scaled(bound, -1)
        return far(self, self.value.both(Between(floor, bound)), self.order)

    # -- arithmetic --------------------------------------------------------------------------------------------

    def __neg__(self) -> FarIntervals:
        return far(Intervals.__neg__(self), -self.value, self.order)

    def __abs__(self) -> FarIntervals:
        plain = Intervals.__abs__(self)
        if self.low.min() >= 0:
            return far(plain, self.value, self.order)
        if self.high.max() <= 0:
            return far(plain, -self.value, self.order)
        return far(plain, Between(_constant(0), _hull(self.value.high, (-self.value).high, max_of)), self.order)

    def __add__(self, other: Intervals) -> FarIntervals:
        other = _far(other)
        plain = Intervals.__add__(self, other)
        order = Between(None, _log_of_sum(self.order, other.order).high)
        same = self.low.min() >= 0 and other.low.min() >= 0 or self.high.max() <= 0 and other.high.max() <= 0
        if same:
            order = Between(_better(self.order.low, other.order.low, 1), order.high)
        for a, b in ((self, other), (other, self)):
            gap = _sum(a.order.low, _scaled(b.order.high, -1))
            if gap is not None and bool(gap[0] >= _log(2) and gap[1] >= 0 and gap[2] >= 0):
                order = order.both(Between(_sum(a.order.low, _constant(-_log(2))), None))
        return far(plain, self.value + other.value, order)

    def __sub__(self, other: Intervals) -> FarIntervals:
        if other is self:
            return _far(Intervals.__sub__(self, other))
        return self + -_far(other)

    def __mul__(self, other: Intervals) -> FarIntervals:
        if other is self:
            return self.square()
        other = _far(other)
        return far(Intervals.__mul__(self, other), _value_of_product(self, other), self.order + other.order)

    def square(self) -> FarIntervals:
        size = abs(self)
        return far(Intervals.square(self), _value_of_product(size, size), self.order.scaled(2.0))

    def __truediv__(self, other: Intervals) -> FarIntervals:
        if other is self:
            return _far(Intervals.__truediv__(self, other))
        other = _far(other)
        number = other.only_number
        value = self.value.scaled(_inverse(number)) if number else UNKNOWN
        return far(Intervals.__truediv__(self, other), value, self.order + -other.order)

    def max(self, other: Intervals) -> FarIntervals:
        other = _far(other)
        return self._picked(other, Intervals.max(self, other), self.low >= other.high, other.low >= self.high)

    def min(self, other: Intervals) -> FarIntervals:
        other = _far(other)
        return self._picked(other, Intervals.min(self, other), self.high <= other.low, other.high <= self.low)

    def chosen(self, other: Intervals, certain: Any, never: Any) -> FarIntervals:
        other = _far(other)
        return self._picked(other, Intervals.chosen(self, other, certain, never), certain, never)

    def _picked(self, other: FarIntervals, plain: Intervals, certain: Any, never: Any) -> FarIntervals:
        if np.all(certain):
            return far(plain, self.value, self.order)
        if np.all(never):
            return far(plain, other.value, other.order)
        return far(plain, self.value.either(other.value), self.order.either(other.order))


def _log(number: float) -> Any:
    from flint import arb

    return arb(number).log()


def _inverse(number: float) -> Any:
    from flint import arb

    return 1 / arb(number)


def _log_of_sum(a: Between, b: Between) -> Between:
    """Bounds of log(exp(a) + exp(b)); the upper one also where one of them is log(0)."""
    if a.high is None or b.high is None:
        return UNKNOWN
    high = _hull(a.high, b.high, max_of)
    return Between(None, _sum(high, _constant(_log(2))))


def _value_of_product(a: FarIntervals, b: FarIntervals) -> Between:
    """Parabolas of a product, by the signs of its factors."""
    sign = 1
    factors = []
    for factor in (a, b):
        if factor.low.min() >= 0:
            factors.append(factor.value)
        elif factor.high.max() <= 0:
            factors.append(-factor.value)
            sign = -sign
        else:
            return _value_of_multiple(a, b)
    first, second = factors
    low = high = None
    if _is_rising(first.low) and _is_rising(second.low):
        low = _product(first.low, second.low, least=True)
    if _is_rising(first.high) and _is_rising(second.high):
        high = _product(first.high, second.high, least=False)
    found = Between(low, high)
    found = found if sign > 0 else -found
    return found.both(_value_of_multiple(a, b))


def _value_of_multiple(a: FarIntervals, b: FarIntervals) -> Between:
    """Parabolas of a product one of whose factors is a number."""
    for factor, other in ((a, b), (b, a)):
        number = factor.only_number
        if number is not None:
            return other.value.scaled(number)
    return UNKNOWN


def _far(plain: Intervals) -> FarIntervals:
    return plain if isinstance(plain, FarIntervals) else far(plain, UNKNOWN, UNKNOWN)


def far(plain: Intervals, value: Between, order: Between) -> FarIntervals:
    """A value with what is known of it, each bound made narrower by what the others say."""
    low, high = float(plain.low.min()), float(plain.high.max())
    value = value.both(Between(_constant(low), _constant(high)))
    most, least = max(abs(low), abs(high)), 0.0 if low <= 0 <= high else min(abs(low), abs(high))
    order = order.both(Between(_log_bound(least), _log_cap(most)))
    for size in (value, -value):
        # The size of what is above a number that is positive is too.
        if _is_rising(size.low) and size.low[0] > 0:
            order = order.both(Between(_constant(size.low[0].log()), None))
        if low >= 0 if size is value else high <= 0:
            order = order.both(Between(None, _log_of_parabola(size.high)))
            value = _exponentials(value, order, 1 if size is value else -1)
    return FarIntervals(
        plain.arithmetic, plain.low, plain.high, plain.undefined, plain.is_literal, value=value, order=order
    )


def _log_bound(size: float) -> Parabola | None:
    return _constant(_log(size)) if 0 < size < np.inf else None


def _log_cap(size: float) -> Parabola | None:
    """Above the logarithm of sizes up to this; that of 0 is below every number."""
    return _log_bound(size) if size else _constant(LOG_OF_NOTHING)


def _log_of_parabola(a: Parabola | None) -> Parabola | None:
    """Above log(c0 + c1*t + c2*t**2): the tangent at 0 of the logarithm."""
    if not _is_rising(a) or not a[0] > 0:
        return None
    return a[0].log(), a[1] / a[0], a[2] / a[0]


def _exponentials(value: Between, order: Between, sign: int) -> Between:
    """What bounds of the logarithm of |value| say of the value, which has one sign."""
    low = high = None
    if order.low is not None and order.low[1] >= 0 and order.low[2] >= 0:
        first, c1, c2 = order.low[0].exp(), order.low[1], order.low[2]
        low = (first, first * c1, first * (c1 * c1 / 2 + c2))
    if order.high is not None and order.high[1] <= 0 and order.high[2] <= 0:
        high = _constant(order.high[0].exp())
    found = Between(low, high)
    return value.both(found if sign > 0 else -found)


# -- the tails themselves --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tail:
    """The x that t >= 0 runs through: towards an infinity if `reach` is None, else towards `point`.

    Attributes:
        point: where it starts, or the point.
        direction: 1 or -1: of x with t, or the side of the point.
        reach: how far from the point it starts.
    """

    point: float
    direction: int
    reach: float | None = None

    def leaf(self) -> FarIntervals:
        from flint import arb

        point, side = arb(self.point), self.direction
        if self.reach is None:
            low, high = (self.point, np.inf) if side > 0 else (-np.inf, self.point)
            line = (point, arb(side), arb(0))
            order = UNKNOWN
            if side * self.point > 0:
                size = point * side
                order = Between(_constant(size.log()), (size.log(), 1 / size, arb(0)))
            return far(REALS.of([low], [high]), Between(line, line), order)
        end = self.point + side * self.reach
        low, high = min(self.point, end), max(self.point, end)
        order = UNKNOWN
        if self.point == 0:
            falling = (arb(self.reach).log(), arb(-1), arb(0))
            order = Between(falling, falling)
        return far(REALS.of([low], [high]), UNKNOWN, order)


def bounds(program: Program, variable: str, constants: Mapping[str, float], tail: Tail) -> list[FarIntervals]:
    """What is known of every root of a Program on a tail."""
    lowered = lower(program, lambda operator: operator.growth is not None or operator.analytic is not None)
    with np.errstate(all="ignore"):
        leaf = tail.leaf()
        found = _run(lowered, IntervalEvaluator(lowered, None, constants), lambda node: leaf)
    return [found[root] for root in lowered.roots]


def _run(
    program: Program, evaluator: IntervalEvaluator, variable: Callable[[Node], FarIntervals]
) -> list[FarIntervals]:
    """The bounds of every node; `variable` gives those of inputs."""
    found: list[FarIntervals] = []
    for node in program.nodes:
        if node.is_leaf:
            found.append(variable(node) if node.kind is Kind.INPUT else _far(evaluator.leaf(node, {})))
            continue
        operands = [found[i] for i in node.operands]
        value = _defined(_far(evaluator.apply(node.operator, list(operands))), node.operator, operands, evaluator)
        found.append(node.operator.growth(value, *operands) if node.operator.growth is not None else value)
    return found


def _defined(
    value: FarIntervals, operator: Operator, operands: list[FarIntervals], evaluator: IntervalEvaluator
) -> FarIntervals:
    """The value, not undefined where that is for a 0 that bounds an operand's interval and is no value of it."""
    if not operator.domain or not value.undefined.any() or any(operand.undefined.any() for operand in operands):
        return value
    literals = tuple(operand.only_number for operand in operands)
    for relation, term in conditions(operator, literals):
        tested = _run(term, evaluator, lambda node: operands[int(node.name)])[term.root]
        held = {
            "> 0": tested.low.min() >= 0 and tested.is_never_zero,
            ">= 0": tested.low.min() >= 0,
            "!= 0": tested.is_never_zero,
        }[relation]
        if not held:
            return value
    plain = value.arithmetic.of(value.low, value.high, np.zeros_like(value.undefined))
    return far(plain, value.value, value.order)
