"""Ball rules that python-flint does not have ready. Balls are `arb`s; nothing is imported here."""

from __future__ import annotations

from typing import Any


def absolute(x: Any) -> Any:
    return x.union(-x).nonnegative_part() if x.contains(0) else abs(x)


def sign(x: Any) -> Any:
    return x.sgn() if x.is_finite() else x


def sinc(x: Any) -> Any:
    return x.sinc() if x.is_finite() else x


def maximum(a: Any, b: Any) -> Any:
    return a.max(b)


def minimum(a: Any, b: Any) -> Any:
    return a.min(b)


def truth(certain: bool, impossible: bool, like: Any) -> Any:
    """1, 0, or the ball of both."""
    one = type(like)(1)
    if certain:
        return one
    return one - one if impossible else (one - one).union(one)


def less(a: Any, b: Any) -> Any:
    return truth(bool(a < b), bool(a >= b), a)


def less_equal(a: Any, b: Any) -> Any:
    return truth(bool(a <= b), bool(a > b), a)


def equal(a: Any, b: Any) -> Any:
    return truth(bool(a == b), not a.overlaps(b), a)


def unequal(a: Any, b: Any) -> Any:
    return truth(not a.overlaps(b), bool(a == b), a)


def where(condition: Any, a: Any, b: Any) -> Any:
    if condition.is_zero():
        return b
    return a.union(b) if condition.contains(0) else a


def all_of(a: Any, b: Any) -> Any:
    return truth(_certain(a) and _certain(b), a.is_zero() or b.is_zero(), a)


def any_of(a: Any, b: Any) -> Any:
    return truth(_certain(a) or _certain(b), a.is_zero() and b.is_zero(), a)


def none_of(a: Any) -> Any:
    return truth(a.is_zero(), _certain(a), a)


def _certain(a: Any) -> bool:
    return not a.contains(0)


def power(a: Any, b: Any) -> Any:
    if b.is_integer() and abs(b) < 2**62:
        return a ** int(b.unique_fmpz())
    return a**b


def square(x: Any) -> Any:
    return absolute(x) ** 2


def hypot(x: Any, y: Any) -> Any:
    return monotone("sqrt")((square(x) + square(y)).nonnegative_part())


def sigmoid(x: Any) -> Any:
    """Monotone, so the ends enclose it; each end by the form that does not overflow."""
    low, high = x.lower(), x.upper()
    return _sigmoid_at(low).union(_sigmoid_at(high))


def _sigmoid_at(x: Any) -> Any:
    return 1 / (1 + (-x).exp())


def monotone(method: str) -> Any:
    """The rule of an increasing function: the union of its values at the two ends."""

    def rule(x: Any) -> Any:
        if x.is_exact():
            return getattr(x, method)()
        return getattr(x.lower(), method)().union(getattr(x.upper(), method)())

    return rule


def normal_cdf(x: Any) -> Any:
    return monotone("erfc")(-x / type(x)(2).sqrt()) / 2


def normal_pdf(x: Any) -> Any:
    return monotone("exp")(-square(x) / 2) / (2 * type(x).pi()).sqrt()


def cosh(x: Any) -> Any:
    near = absolute(x)
    return near.lower().cosh().union(near.upper().cosh())


def i0e(x: Any) -> Any:
    """Even and falling in |x|."""
    near = absolute(x)
    return near.lower().bessel_i(0, scaled=True).union(near.upper().bessel_i(0, scaled=True))


def i1e(x: Any) -> Any:
    """Odd; Arb's scaled form multiplies by exp(-x), not exp(-|x|), so it only serves x >= 0."""
    if x >= 0:
        return x.bessel_i(1, scaled=True)
    if x <= 0:
        return -(-x).bessel_i(1, scaled=True)
    right, left = x.nonnegative_part(), (-x).nonnegative_part()
    return right.bessel_i(1, scaled=True).union(-left.bessel_i(1, scaled=True))
