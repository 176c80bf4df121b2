"""Values of a Program at single points between certain bounds: what confirms a witness over the reals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from symkit.evaluation import evaluate_balls
from symkit.ir import Program

PRECISIONS = (128, 512, 2048)
ENOUGH_BITS = 90


def value_at(program: Program, point: Mapping[str, float], constants: Mapping[str, float]) -> Any:
    """A ball around the value of the only root, narrow where that can be had; None where it may be undefined."""
    values = {**constants, **point}
    found = None
    for bits in PRECISIONS:
        (ball,) = evaluate_balls(program, values, bits)
        if not ball.is_finite():
            continue
        found = ball
        if ball.rel_accuracy_bits() >= ENOUGH_BITS or ball.is_exact():
            break
    return found


def ball_text(ball: Any) -> str:
    """Six digits of a narrow ball's middle, also of one that no float holds."""
    middle = float(ball)
    return f"{middle:.6g}" if math.isfinite(middle) and (middle or ball.is_zero()) else str(ball.str(6, radius=False))


def sign_at(program: Program, point: Mapping[str, float], constants: Mapping[str, float]) -> int | None:
    """-1, 0 or 1 if the sign of the only root is certain, else None."""
    values = {**constants, **point}
    for bits in PRECISIONS:
        (ball,) = evaluate_balls(program, values, bits)
        if not ball.is_finite():
            continue
        if ball > 0:
            return 1
        if ball < 0:
            return -1
        if ball.is_zero():
            return 0
    return None
