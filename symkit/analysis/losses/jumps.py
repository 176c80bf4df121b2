"""Where the push of a loss jumps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from symkit.analysis.breakpoints import breakpoints
from symkit.analysis.curve import Normal
from symkit.analysis.losses.subject import PREDICTION, Subject
from symkit.evaluation import evaluate_numpy
from symkit.ir import Program, lower

AROUND = Normal(0.5, 0.0625)
"""Breakpoints are looked for densely within ten deviations of the middle, which is more than all of 0 to 1."""

NEAR, NEARER = 2.0**-28, 2.0**-36
VISIBLE = 1e-6

MOST = 24
"""So many breakpoints are looked at exactly."""


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
    for point in _suspects(subject, slope):
        below, above = (_side(subject, slope, point, side) for side in (-1, 1))
        if below is None or above is None:
            continue
        left, right = -below[0] + 0.0, -above[0] + 0.0
        near, far = abs(left - right), abs(below[1] - above[1])
        if near > 0.5 * far and near > VISIBLE * max(abs(left), abs(right)):
            found.append(Jump(y, point, left, right))
    return found


def _suspects(subject: Subject, slope: Program) -> list[float]:
    """Breakpoints of the slope, those where it changes most, ascending."""
    points = np.array(breakpoints(slope, subject.values, PREDICTION, AROUND))
    points = points[(points > NEAR) & (points < 1 - NEAR)]
    with np.errstate(all="ignore"):
        below, above = (
            evaluate_numpy(slope, {**subject.values, PREDICTION: points + shift}, "float64")[0]
            for shift in (-NEAR, NEAR)
        )
        gaps = np.broadcast_to(np.abs(above - below), points.shape)
    return sorted(points[np.argsort(-np.nan_to_num(gaps))[:MOST]].tolist())


def _side(subject: Subject, slope: Program, point: float, side: int) -> tuple[float, float] | None:
    """(what dL/dp tends to from one side, its value a little off); None where there is none."""
    far, near = (subject.exact(slope, p=point + side * step) for step in (NEAR, NEARER))
    if far is None or near is None:
        return None
    return near - (far - near) * NEARER / (NEAR - NEARER), far


def _is_smooth(program: Program) -> bool:
    lowered = lower(program, lambda operator: operator.numpy is not None)
    return all(node.is_leaf or node.operator.smoothness >= 2 for node in lowered.nodes)
