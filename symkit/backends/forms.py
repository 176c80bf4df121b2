"""Torch functions that operator records name."""

from __future__ import annotations

import operator as python
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from symkit.ops import Operator

INFIX: dict[tuple[str, bool], Callable[..., Any]] = {
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
"""Python's own operators by symbol and whether it is a prefix: with them a literal needs no tensor."""


def has_torch_form(operator: Operator) -> bool:
    return operator.torch is not None


def takes_literals(operator: Operator, literals: Sequence[bool]) -> bool:
    """Whether torch's form takes floats where `literals` says so: arithmetic and selects do, beside a tensor."""
    if operator.is_select:
        return not (literals[0] or (literals[1] and literals[2]))
    return not any(literals) or (operator.infix is not None and not all(literals))


@cache
def torch_function(operator: Operator) -> Callable[..., Any]:
    """What a record's form is in torch: an infix operator, or the function at its dotted path."""
    if operator.infix is not None:
        return INFIX[operator.infix.symbol, operator.infix.prefix]
    assert operator.torch is not None
    import torch

    found: Any = torch
    for part in operator.torch.split(".")[1:]:
        found = getattr(found, part)
    function: Callable[..., Any] = found
    return function
