"""Where a loss is least between 0 and 1."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from symkit.analysis.losses.limits import Limit, limit
from symkit.analysis.losses.subject import PREDICTION, SIZE, Path, Subject, along
from symkit.evaluation import evaluate_exact, evaluate_numpy
from symkit.evaluation.formats import Floats
from symkit.ir import Program
from symkit.transform import gradient

ENDS: tuple[Path, Path] = (lambda t, _: t, lambda t, _: 1 - t)

GRID = 1 / (1 + np.exp(-np.linspace(-24, 24, 385)))
"""Predictions that are looked at, ever closer towards 0 and 1."""

HALVINGS = 90
MOST_TURNS = 16
"""So many are looked at exactly, those where the loss is least."""

SAME = 1e-12
SEEN = 1e-9
"""Relative difference of sampled values that counts."""

FLAT = (0.1, 0.37, 0.62, 0.9)


@dataclass(frozen=True, slots=True)
class Minimum:
    """Where the loss of an output is least for predictions between 0 and 1.

    Attributes:
        p: the prediction; None where all are alike or none was found.
        value: the least value, or the infimum, which may be -inf.
        curvature: second derivative by p there; None at an end, at a kink, or where there is none.
        place: "inside", "end", "everywhere" or "unknown".
        attained: whether the loss has this value there, rather than coming ever closer to it.
        reason: what is known, in one sentence.
    """

    p: float | None
    value: float | None
    curvature: float | None
    place: str
    attained: bool
    reason: str


def minimum(subject: Subject, y: float) -> Minimum:
    """The minimum for outputs with this target."""
    undefined = subject.undefined(y)
    if undefined:
        return _unknown(undefined)
    curve = subject.curve(y)
    slope = gradient(curve, [PREDICTION])
    some = [subject.exact(curve, p=p) for p in FLAT]
    heights = _heights(subject, curve)
    level = some[0] is not None and len(set(some)) == 1 and np.allclose(heights, some[0], rtol=SEEN, atol=0.0)
    if level and all(subject.exact(slope, p=p) == 0 for p in FLAT):
        return Minimum(None, some[0], None, "everywhere", True, "the loss is the same for every prediction")
    ends = [limit(along(curve, {PREDICTION: path}), subject.values, SIZE) for path in ENDS]
    turns = [(subject.exact(curve, p=p), p) for p in _turns(subject, slope, heights)]
    inside = min(((value, p) for value, p in turns if value is not None), default=None)
    lacking = [end.reason for end in ends if end.value is None]
    if lacking:
        return _unknown(f"no limit was found at an end: {lacking[0]}")
    lowest = min((end.value, float(p)) for p, end in enumerate(ends) if end.value is not None)
    if inside is not None and inside[0] < lowest[0]:
        found = _inside(subject, slope, *inside)
    else:
        found = _at_end(subject, curve, *lowest, ends)
    return _lower_elsewhere(subject, curve, found) or found


def _unknown(reason: str) -> Minimum:
    return Minimum(None, None, None, "unknown", False, reason)


def _lower_elsewhere(subject: Subject, curve: Program, found: Minimum) -> Minimum | None:
    """What is to be said where samples are lower than the minimum that the slope tells of, as at a pole."""
    assert found.value is not None
    heights = _heights(subject, curve)
    place = int(np.nanargmin(np.where(np.isnan(heights), np.inf, heights)))
    lower = float(heights[place])
    if lower >= found.value or (math.isfinite(lower) and math.isclose(lower, found.value, rel_tol=SEEN, abs_tol=SEEN)):
        return None
    return _unknown(f"it is {lower:.6g} at p = {GRID[place]:.6g}, next to a pole or a jump, and may fall farther there")


def _inside(subject: Subject, slope: Program, value: float, p: float) -> Minimum:
    step = max(min(p, 1 - p) * 2.0**-30, 8 * math.ulp(p))
    left, right = (subject.exact(slope, p=p + side * step) for side in (-1, 1))
    curvature = subject.exact(gradient(slope, [PREDICTION]), p=p)
    # A kink changes the slope by more than the curvature does.
    bend = 0.0 if left is None or right is None else right - left
    if curvature is None or bend > 4 * step * abs(curvature) + SAME * max(abs(left or 0.0), abs(right or 0.0)):
        return Minimum(p, value, None, "inside", True, f"it turns at a kink at p = {p:.9g}, so there is no curvature")
    return Minimum(p, value, curvature, "inside", True, f"the slope is 0 at p = {p:.9g}")


def _at_end(subject: Subject, curve: Program, value: float, p: float, ends: list[Limit]) -> Minimum:
    if math.isinf(value) and value < 0:
        return Minimum(p, value, None, "end", False, f"it falls without bound as p nears {p:g}")
    there = subject.exact(curve, p=p)
    attained = there is not None and math.isclose(there, value, rel_tol=SAME, abs_tol=SAME)
    other = ends[0 if p else 1].value
    tie = other is not None and math.isclose(other, value, rel_tol=SAME, abs_tol=SAME)
    reason = f"it is least at p = {p:g}" if attained else f"it falls towards p = {p:g}, where it has no value"
    if tie:
        reason += f", and no less towards {1 - p:g}"
    return Minimum(p, value, None, "end", attained, reason)


def _turns(subject: Subject, slope: Program, heights: Floats) -> list[float]:
    """Where the slope turns from falling to rising, or to nothing."""
    falls = _heights(subject, slope) < 0
    places = np.flatnonzero(falls[:-1] & ~falls[1:])
    # Where the slope is nothing but rounding, there are many that are none.
    lowest = places[np.argsort(heights[places])][:MOST_TURNS]
    brackets = [(float(GRID[place]), float(GRID[place + 1])) for place in lowest]
    return [
        _bisected(subject, slope, low, high)
        for low, high in brackets
        if _sign(subject, slope, low) < 0 <= _sign(subject, slope, high)
    ]


def _heights(subject: Subject, program: Program) -> Floats:
    """Values over the grid, in float64."""
    (heights,) = evaluate_numpy(program, {**subject.values, PREDICTION: GRID}, "float64")
    return np.broadcast_to(heights, GRID.shape).astype(np.float64)


def _sign(subject: Subject, slope: Program, p: float) -> int:
    value = evaluate_exact(slope, {**subject.values, PREDICTION: p})[0]
    return int(value > 0) - int(value < 0)


def _bisected(subject: Subject, slope: Program, low: float, high: float) -> float:
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if _sign(subject, slope, middle) < 0 else (low, middle)
    return high
