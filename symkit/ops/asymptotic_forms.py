"""Operators on expansions in powers of a variable that falls to 0, and of its logarithm.

Expansions have Python's arithmetic, also with a number on the right, and `exp`, `log`, `atan`, `pi`, `sign`, `limit`
and `lowest`. A form gives None where the Taylor expansion around the limit of the operand does. Nothing but Python's
own is imported here.
"""

from __future__ import annotations

import math
from typing import Any


def expm1(x: Any) -> Any:
    return x.exp() - 1


def log1p(x: Any) -> Any:
    return (x + 1).log()


def sigmoid(x: Any) -> Any:
    """Of the exponential that does not grow."""
    if x.sign < 0:
        exponential = x.exp()
        return exponential / (exponential + 1)
    return ((-x).exp() + 1) ** -1


def tanh(x: Any) -> Any:
    logistic = sigmoid(x + x)
    return logistic + logistic - 1


def arctan(x: Any) -> Any:
    if x.lowest > 0:
        return x.atan()
    return x.pi() / 2 * x.sign - (x**-1).atan() if math.isinf(x.limit) else None
