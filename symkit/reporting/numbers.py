"""Numbers as a page writes them."""

from __future__ import annotations

import math
from collections.abc import Sequence

MOST = 12
"""Points that are told one by one."""


def number(value: float | None) -> str:
    """Six digits, an infinity sign, or a dash where there is no number."""
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value + 0.0:.6g}".replace("-", "−")


def error(value: float | None) -> str:
    """How far a number may be off: two digits, rounded up by them."""
    if value is None:
        return "–"
    return "0" if value == 0 else f"{value:.1e}".replace("-", "−")


def interval(low: float, high: float) -> str:
    """`[0, 1]`, open where it ends at an infinity."""
    left = "(" if math.isinf(low) else "["
    right = ")" if math.isinf(high) else "]"
    return f"{left}{number(low)}, {number(high)}{right}"


def listed(values: Sequence[float]) -> str:
    """Numbers one after the other, the first ones where there are many."""
    shown = ", ".join(number(value) for value in values[:MOST])
    return f"{shown} and {len(values) - MOST} more" if len(values) > MOST else shown or "none"
