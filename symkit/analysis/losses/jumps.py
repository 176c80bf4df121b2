"""Where the push of a loss jumps."""

from __future__ import annotations

from dataclasses import dataclass

from symkit.analysis.breakpoints import breakpoints
from symkit.analysis.curve import Normal
from symkit.analysis.losses.subject import PREDICTION, Subject
from symkit.ir import Program, lower

AROUND = Normal(0.5, 0.0625)
"""Breakpoints are looked for densely within ten deviations of the middle, which is more than all of 0 to 1."""

NEAR, NEARER = 2.0**-28, 2.0**-36
VISIBLE = 1e-6


@dataclass(frozen=True, slots=True)
class Jump:
    """Where delta = -dL/dp jumps.

    Attributes:
        y: target of the output.
        p: its prediction.
        left, right: delta just below and just above.
    """

    y: float
    p: float
    left: float
    right: float


def jumps(subject: Subject) -> tuple[Jump, ...]:
    """Jumps of delta for predictions between 0 and 1, of target outputs and of others."""
    return tuple(jump for y in (1.0, 0.0) for jump in _of(subject, y))


def _of(subject: Subject, y: float) -> list[Jump]:
    curve, slope = subject.curve(y), subject.slope(y)
    if subject.undefined(y) or _is_smooth(curve):
        return []
    found: list[Jump] = []
    for point in breakpoints(slope, subject.values, PREDICTION, AROUND):
        if NEAR < point < 1 - NEAR:
            sides = [_side(subject, slope, point, side) for side in (-1, 1)]
            left, right = (-side[0] + 0.0 if side else None for side in sides)
            if left is not None and right is not None and sides[0] and sides[1]:
                far, near = abs(sides[0][1] - sides[1][1]), abs(left - right)
                if near > 0.5 * far and near > VISIBLE * max(abs(left), abs(right)):
                    found.append(Jump(y, point, left, right))
    return found


def _side(subject: Subject, slope: Program, point: float, side: int) -> tuple[float, float] | None:
    """(what dL/dp tends to from one side, its value a little off); None where there is none."""
    far, near = (subject.exact(slope, p=point + side * step) for step in (NEAR, NEARER))
    if far is None or near is None:
        return None
    return near - (far - near) * NEARER / (NEAR - NEARER), far


def _is_smooth(program: Program) -> bool:
    lowered = lower(program, lambda operator: operator.numpy is not None)
    return all(node.is_leaf or node.operator.smoothness >= 2 for node in lowered.nodes)
