"""What Python calls the operators that the language has signs for: with them numbers, symbols and tensors compute."""

from __future__ import annotations

import operator as python
from collections.abc import Callable
from typing import Any

from symkit.ops.record import Operator

_FUNCTIONS: dict[tuple[str, bool], Callable[..., Any]] = {
    ("+", False): python.add,
    ("-", False): python.sub,
    ("*", False): python.mul,
    ("/", False): python.truediv,
    ("**", False): python.pow,
    ("<", False): python.lt,
    ("<=", False): python.le,
    (">", False): python.gt,
    (">=", False): python.ge,
    ("==", False): python.eq,
    ("!=", False): python.ne,
    ("-", True): python.neg,
}
"""By symbol, and whether it is a prefix."""


def python_function(operator: Operator) -> Callable[..., Any] | None:
    """Python's own operator for a record with a sign, such as `operator.add`; None for one without."""
    return None if operator.infix is None else _FUNCTIONS[operator.infix.symbol, operator.infix.prefix]
