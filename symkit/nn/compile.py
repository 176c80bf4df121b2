"""compile: the module that an expression is."""

from __future__ import annotations

from typing import Any

from symkit.nn.activation import Activation
from symkit.nn.loss import Loss
from symkit.text import Expression, parse


def compile(e: Expression | str, **settings: Any) -> Activation | Loss:
    """An `Activation` or a `Loss`, as the expression's kind says; `settings` are those of that class."""
    expression = parse(e) if isinstance(e, str) else e
    return Loss(expression, **settings) if expression.kind == "loss" else Activation(expression, **settings)
