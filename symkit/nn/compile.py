"""compile: the module that an expression is."""

from __future__ import annotations

from typing import Any

from symkit.errors import DomainError
from symkit.nn.activation import Activation
from symkit.nn.loss import Loss
from symkit.text import Expression, parse


def compile(e: Expression | str, **settings: Any) -> Activation | Loss:
    """An `Activation` or a `Loss`, as the expression's kind says; `settings` are those of that class.

    Raises:
        DomainError: for an expression of neither kind; `functional` runs it.
    """
    expression = parse(e) if isinstance(e, str) else e
    if expression.kind == "loss":
        return Loss(expression, **settings)
    if len(expression.inputs) == 1:
        return Activation(expression, **settings)
    inputs = ", ".join(expression.inputs) or "none"
    raise DomainError(f"{expression} is neither activation nor loss, its inputs are {inputs}; functional() runs it")
