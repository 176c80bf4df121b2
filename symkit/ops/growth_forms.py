"""How fast values grow or vanish where an operand does. Nothing is imported here.

A form takes the bounds of the result and the operands, and gives the result with bounds of its order: beside an
infinity, and beside 0, bounds of the values alone say that `x*exp(-x)` is anything.
"""

from __future__ import annotations

from typing import Any


def same(value: Any, a: Any) -> Any:
    return value.of_order(a.order, a.diverges)


def at_most_operand(value: Any, a: Any) -> Any:
    """No larger than the operand in size."""
    return value.of_order_below(a.order)


def at_least_operand(value: Any, a: Any) -> Any:
    """No smaller than the operand in size."""
    return value.of_order_above(a.order, a.diverges)


def about_operand(value: Any, a: Any) -> Any:
    """Half the operand to all of it in size, where that is above 2."""
    return value.about_operand(a)


def length(value: Any, a: Any, b: Any) -> Any:
    """No smaller than either operand and no larger than their sum, in size."""
    value = value.of_order_below((abs(a) + abs(b)).order)
    return at_least_operand(at_least_operand(value, a), b)


def power(value: Any, a: Any, b: Any) -> Any:
    exponent = b.only_number
    return value.powered(a, b) if exponent is None else value.raised(a, exponent)


def cube(value: Any, a: Any) -> Any:
    return value.raised(a, 3.0)


def root(value: Any, a: Any) -> Any:
    return value.raised(a, 0.5)


def exponential(value: Any, a: Any) -> Any:
    return value.vanishing(a, below=True).exploding(a)


def exponential_from_zero(value: Any, a: Any) -> Any:
    """exp(a) - 1."""
    return value.exponential_from_zero(a)


def logarithm_of_more(value: Any, a: Any) -> Any:
    """log(1 + a)."""
    return value.logarithm_of_more(a)


def hyperbolic(value: Any, a: Any) -> Any:
    """A quarter of exp(|a|) to all of it in size, where |a| is above 1; never smaller than the operand."""
    return at_least_operand(value.hyperbolic(a), a)


def vanishing_below(value: Any, a: Any) -> Any:
    """At most twice exp(-|a|) for a below 0."""
    return value.vanishing(a, below=True)


def logistic(value: Any, a: Any) -> Any:
    """Half of exp(-|a|) to twice that for a below 0."""
    return value.vanishing(a, below=True).at_least_half_exponential(a, below=True)


def vanishing_above(value: Any, a: Any) -> Any:
    """At most twice exp(-|a|) for a above 0."""
    return value.vanishing(a, below=False)


def ramp(value: Any, a: Any) -> Any:
    """Half of exp(-|a|) to twice that for a below 0, and a to 2a for a above 1."""
    return logistic(value, a).like_operand(a, above=True)


def falling_ramp(value: Any, a: Any) -> Any:
    value = value.vanishing(a, below=False).at_least_half_exponential(a, below=False)
    return value.like_operand(a, above=False)


def logarithm(value: Any, a: Any) -> Any:
    return value.logarithmic(a)


def inverse_sinh(value: Any, a: Any) -> Any:
    return at_most_operand(value.logarithmic(a, from_zero=True), a)
