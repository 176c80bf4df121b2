"""Infimum and supremum of f, and the least Lipschitz constant."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from symkit.analysis.curve import Floats
from symkit.analysis.shape.ends import end
from symkit.analysis.shape.facts import End
from symkit.analysis.shape.line import Line
from symkit.analysis.shape.rows import Row
from symkit.analysis.shape.signs import runs

GROWS = 4.0
"""Peaks far out that are so many times those before them have no bound."""

FAR, SWING, SAMPLES = 100, 2.0**-5, 4096
"""Where far out an oscillation is followed, in how wide steps, and how many."""

VISIBLE = 1e-9
"""What far out exceeds the rest by less than this part of it is rounding."""


@dataclass(frozen=True, slots=True)
class Values:
    """Values that a function takes or tends to, each with where; `is_whole` says whether its bounds are among them."""

    places: tuple[tuple[float, float], ...]
    is_whole: bool

    @property
    def low(self) -> float:
        return min(value for value, _ in self.places)

    @property
    def high(self) -> float:
        return max(value for value, _ in self.places)


def value_bounds(lines: Sequence[Line]) -> tuple[float, float] | None:
    """Infimum and supremum of f on some lines; None if f is defined nowhere, or does far out what cannot be told."""
    found = [values for values in map(_values, lines) if values.places]
    if not found or not all(values.is_whole for values in found):
        return None
    return min(values.low for values in found), max(values.high for values in found)


def _values(line: Line) -> Values:
    inside: list[tuple[float, float]] = []
    for joint in line.joints:
        inside += [(value, joint.x) for value in (joint.left, joint.right, joint.value) if value is not None]
    for stretch in line.stretches:
        places = [stretch.low, *(run.high for run in stretch.slope)]
        inside += [(line.rows.value.number(x), x) for x in places if x not in line.cuts]
    return _with_ends(line, line.rows.value, line.rows.slope, inside, (line.left, line.right))


Steepness = tuple[float | None, float | None, str]


def lipschitz(lines: Sequence[Line]) -> Steepness:
    """The least constant on some lines, where the slope has or tends to that size, and why there is none."""
    found = [_steepness(line) for line in lines if line.stretches]
    if not found:
        return None, None, "the function is defined nowhere"
    # The first there is of those that have no constant, else the steepest.
    return max(found, key=lambda steepness: math.inf if steepness[0] is None else steepness[0])


def _steepness(line: Line) -> Steepness:
    name = line.rows.subject.variable
    for joint in line.joints:
        kind = joint.seen.kind if joint.seen is not None else ""
        said = {"pole": "f has no bound", "jump": "f jumps", "vertical tangent": "the slope has no bound"}.get(kind)
        if said is not None:
            return None, None, f"{said} at {name} = {joint.x:.6g}"
    if any(a.high != b.low for a, b in pairwise(line.domain)):
        return None, None, "the domain has a gap"
    inside: list[tuple[float, float]] = []
    for joint in line.joints:
        if joint.seen is None:
            inside.append((line.rows.slope.number(joint.x), joint.x))
        else:
            seen = joint.seen
            for limit, slope in ((seen.left, seen.left_slope), (seen.right, seen.right_slope)):
                if limit is not None and slope is None:
                    return None, None, f"the slope beside {name} = {joint.x:.6g} has no limit that can be told"
                if slope is not None:
                    inside.append((slope, joint.x))
    for stretch in line.stretches:
        places = [stretch.low, *(run.high for run in stretch.bend)]
        inside += [(line.rows.slope.number(x), x) for x in places if x not in line.cuts]
        # A slope that is constant has no inflection beside it.
        middle = float(stretch.x[len(stretch.x) // 2])
        inside.append((line.rows.slope.number(middle), middle))
    tails = [_of_slope(line, way, f) for way, f in ((-1, line.left), (1, line.right))]
    found = _with_ends(line, line.rows.slope, line.rows.bend, inside, (tails[0], tails[1]))
    sizes = [(abs(value), x) for value, x in found.places]
    if not sizes or not found.is_whole:
        return None, None, "it cannot be told whether the slope has a bound far out"
    most = max(size for size, _ in sizes)
    near = [x for size, x in sizes if size >= most * (1 - 1e-14)]
    if math.isinf(most):
        return None, None, f"the slope grows without bound as {name} tends to {near[0]:.6g}"
    return most, min(near, key=lambda x: (math.isinf(x), x not in line.cuts, abs(x))), ""


def _of_slope(line: Line, way: int, f: End) -> End:
    """What the slope does where f does that."""
    if f.slope is not None or f.kind == "undefined":
        return End(f.slope, "constant" if f.slope is not None else "undefined")
    if f.kind == "polynomial" and f.degree is not None and f.degree != 1:
        return End(math.inf if f.degree > 1 else 0.0, "other")
    known = {"logarithmic": 0.0, "power times log": math.inf, "exponential": math.inf, "faster": math.inf}
    return End(known[f.kind], "other") if f.kind in known else end(line.rows.slope, way)


def _with_ends(
    line: Line, row: Row, slope: Row, inside: Iterable[tuple[float, float]], ends: tuple[End, End]
) -> Values:
    """What is found in the window, far out and in the limit."""
    places = [(value, x) for value, x in inside if not math.isnan(value)]
    is_whole = True
    for tail, way, x in zip(ends, (-1, 1), line.far, strict=True):
        if tail.kind == "undefined" or not line.stretches:
            continue
        if tail.limit is not None:
            places.append((tail.limit, way * math.inf))
        elif tail.kind == "oscillating":
            places += [*_growing(row, x, way), *_swing(row, slope, float(x[FAR]), line)]
            continue
        else:
            is_whole = False
        heights = row.floats(x)
        finite = heights[np.isfinite(heights)]
        if places and finite.size:
            low, high = min(value for value, _ in places), max(value for value, _ in places)
            slack = VISIBLE * max(abs(bound) if math.isfinite(bound) else 0.0 for bound in (low, high))
            if finite.min() < low - slack or finite.max() > high + slack:
                places += [(row.number(turn), turn) for turn in _turns(slope, x)]
    return Values(tuple(places), is_whole)


def _turns(slope: Row, x: Floats) -> list[float]:
    ascending = np.sort(x)
    found = runs(slope, ascending[1:-1], float(ascending[0]), float(ascending[-1]))
    return [run.high for run in found[:-1]]


def _swing(row: Row, slope: Row, start: float, line: Line) -> list[tuple[float, float]]:
    """The extremes of an oscillation far out."""
    x = start + SWING * line.rows.subject.normal.deviation * np.arange(float(SAMPLES))
    heights = row.floats(x)
    if not np.isfinite(heights).all():
        return []
    found = []
    for peak in (int(np.argmin(heights)), int(np.argmax(heights))):
        low, high = float(x[max(peak - 1, 0)]), float(x[min(peak + 1, SAMPLES - 1)])
        turns = [run.high for run in runs(slope, np.linspace(low, high, 5)[1:-1], low, high)[:-1]]
        found += [(row.number(place), place) for place in turns or [float(x[peak])]]
    return found


def _growing(row: Row, x: Floats, way: int) -> list[tuple[float, float]]:
    """An infinity where the peaks of an oscillation grow."""
    values = row.floats(x)
    half = len(values) // 2
    found = []
    for turn in (1, -1):
        with np.errstate(invalid="ignore"):
            early, late = (np.max(turn * part, initial=0.0) for part in (values[:half], values[half:]))
        if late > GROWS * early:
            found.append((turn * math.inf, way * math.inf))
    return found
