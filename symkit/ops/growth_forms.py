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


def power(value: Any, a: Any, b: Any) -> Any:
    exponent = b.only_number
    return value if exponent is None else value.of_order(a.order_raised(exponent))


def cube(value: Any, a: Any) -> Any:
    return value.of_order(a.order_raised(3.0))


def root(value: Any, a: Any) -> Any:
    return value.of_order(a.order_raised(0.5))


def exponential(value: Any, a: Any) -> Any:
    return value.vanishing(a, below=True).exploding(a)


def vanishing_below(value: Any, a: Any) -> Any:
    """At most twice exp(-|a|) for a below 0."""
    return value.vanishing(a, below=True)


def vanishing_above(value: Any, a: Any) -> Any:
    """At most twice exp(-|a|) for a above 0."""
    return value.vanishing(a, below=False)


def ramp(value: Any, a: Any) -> Any:
    """At most twice exp(-|a|) for a below 0, and a to 2a for a above 1."""
    return value.vanishing(a, below=True).like_operand(a, above=True)


def falling_ramp(value: Any, a: Any) -> Any:
    return value.vanishing(a, below=False).like_operand(a, above=False)


def logarithm(value: Any, a: Any) -> Any:
    return value.logarithmic(a)


def inverse_sinh(value: Any, a: Any) -> Any:
    return at_most_operand(value.logarithmic(a, from_zero=True), a)
