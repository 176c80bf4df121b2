"""Torch functions that operator records name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from symkit.ops import Operator
from symkit.ops.python_signs import python_function


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
    own = python_function(operator)
    if own is not None:
        # With Python's own operators a literal needs no tensor.
        return own
    assert operator.torch is not None
    import torch

    found: Any = torch
    for part in operator.torch.split(".")[1:]:
        found = getattr(found, part)
    function: Callable[..., Any] = found
    return function
