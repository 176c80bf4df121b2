"""One-sided limits of a Program: certain where an expansion gives them, else estimated from exact values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from symkit.analysis.losses.expansion import Expansion, Undecided
from symkit.analysis.losses.expansion_forms import expansion
from symkit.evaluation import evaluate_exact
from symkit.evaluation.time_limit import OutOfTime, time_limit
from symkit.ir import Program

SECONDS = 0.2
STEPS = tuple(2.0**-k for k in (24, 48, 96, 192, 384))
"""Where a function is looked at whose expansion is not known."""

SAME = 1e-9
WIDEST = 1e-15
"""Relative radius of the ball of a limit that is given as a number."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A one-sided limit.

    Attributes:
        value: a number, an infinity, or None where none was found.
        how: "certified" from an expansion with certain coefficients, "estimated" from exact values ever closer, or ""
            where there is no value.
        reason: why there is no value, in one sentence.
    """

    value: float | None
    how: str
    reason: str = ""


def limit(program: Program, values: Mapping[str, float], variable: str) -> Limit:
    """The limit of the only root as an input falls to 0."""
    try:
        with time_limit(SECONDS):
            found = expansion(program, values, variable).limit
        value = _number(found)
        if value is not None:
            return Limit(value, "certified")
    except (Undecided, OutOfTime):
        pass
    return _estimated(program, values, variable)


def leading(program: Program, values: Mapping[str, float], variable: str) -> Expansion | None:
    """The expansion next to 0, if there is one."""
    try:
        with time_limit(SECONDS):
            return expansion(program, values, variable)
    except (Undecided, OutOfTime):
        return None


def _number(found: Any) -> float | None:
    if isinstance(found, float):
        return found
    if not found.is_finite() or found.rad() > WIDEST * abs(found.mid()) + 1e-60:
        return None
    return 0.0 if found.contains(0) else float(found.mid())


def _estimated(program: Program, values: Mapping[str, float], variable: str) -> Limit:
    heights = [float(evaluate_exact(program, {**values, variable: step})[0]) for step in STEPS]
    if any(math.isnan(height) for height in heights):
        return Limit(None, "", "it is not defined next to the end of the range")
    *_, before, last = heights
    if last == before or abs(last - before) <= SAME * abs(last):
        return Limit(last + 0.0, "estimated")
    sizes = [abs(height) for height in heights]
    if all(b > 2 * a for a, b in zip(sizes, sizes[1:], strict=False)):
        return Limit(math.copysign(math.inf, last), "estimated")
    if all(b < a / 2 for a, b in zip(sizes, sizes[1:], strict=False)):
        return Limit(0.0, "estimated")
    return Limit(None, "", "its values ever closer to the end of the range do not settle")
