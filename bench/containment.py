"""Whether intervals hold what is computed: random boxes of a Program, random points in them, every library's values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.libraries import CONSTANTS, LIBRARIES, leaves, runner
from symkit.evaluation import evaluate_exact
from symkit.evaluation.formats import FORMATS, Format, Ordinals
from symkit.evaluation.interval_arithmetic import Intervals
from symkit.evaluation.intervals import IntervalEvaluator
from symkit.ir import Program, lower
from symkit.text import program_text

CORNERS = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.0, -3.0, 88.0, 89.0, -88.0, 1e4, -1e4, math.pi, -math.pi)
"""Where functions turn, overflow or have holes."""

FRACTION_OF_POINTS = 0.3
"""Boxes of one point."""

MODERATE = 1e4
"""What no operator makes so large that the exact evaluator calls it infinite, but at a pole."""

Bounds = Mapping[str, tuple[Ordinals, Ordinals]]


@dataclass(frozen=True)
class Stray:
    """A value outside the interval that should hold it.

    Attributes:
        of: the Program as text.
        library: that gave the value, or "exact".
        box, point: lowest and highest number, and the point, by name.
        value: what was computed there.
        low, high, undefined: the interval.
    """

    of: str
    library: str
    box: dict[str, tuple[float, float]]
    point: dict[str, float]
    value: float
    low: float
    high: float
    undefined: bool


def random_boxes(form: Format, names: Iterable[str], count: int, rng: np.random.Generator, infinite: bool) -> Bounds:
    """Boxes of all sizes and places as ordinals, many of them at corners, some single points."""
    most = math.inf if infinite else form.largest
    first, last = int(form.ordinals(-most)), int(form.ordinals(most))
    with np.errstate(over="ignore"):
        corners = np.array([*CORNERS, most, -most, form.smallest, -form.smallest]).astype(form.dtype)
    corners = form.ordinals(corners[np.isfinite(corners) | infinite])
    found = {}
    for name in names:
        moderate = rng.choice([-1, 1], count) * np.exp(rng.uniform(-12, 10, count))
        kinds = (
            rng.integers(first, last, count, endpoint=True),
            rng.choice(corners, count),
            form.ordinals(rng.normal(0, 3, count).astype(form.dtype)),
            form.ordinals(moderate.astype(form.dtype)),
        )
        start = np.choose(rng.integers(0, len(kinds), count), kinds)
        width = np.exp(rng.uniform(0, np.log(float(last)), count)).astype(np.int64)
        width = np.where(rng.random(count) < FRACTION_OF_POINTS, 0, width)
        # Neither end may run past the last ordinal, which for float64 is the last int64.
        upwards = rng.random(count) < 0.5
        low = np.where(upwards, start, np.where(start < first + width, first, start - width))
        high = np.where(upwards, np.where(start > last - width, last, start + width), start)
        found[name] = (np.clip(low, first, last), np.clip(high, first, last))
    return found


def points_inside(form: Format, boxes: Bounds, count: int, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    """For every box a row of points: its ends, numbers beside them, and numbers between."""
    found = {}
    for name, (low, high) in boxes.items():
        low, high = low[:, None], high[:, None]
        shape = (len(low), count)
        part, near = rng.random(shape), rng.integers(0, 1000, shape)
        between = ((1 - part) * low.astype(np.float64) + part * high.astype(np.float64)).astype(np.int64)
        kind = rng.random(shape)
        places = np.select([kind < 0.1, kind < 0.2, kind < 0.25], [low + near, high - near, near - 500], between)
        at_end = rng.random(shape) < 0.2
        places = np.where(at_end, np.where(part < 0.5, low, high), places)
        found[name] = form.numbers(np.clip(places, low, high))
    return found


def strays(
    program: Program,
    dtype: str,
    rng: np.random.Generator,
    *,
    boxes: int = 100,
    points: int = 50,
    libraries: Iterable[str] = LIBRARIES,
    infinite: bool = False,
) -> list[Stray]:
    """One value a library that is outside its interval in a dtype, if there is any."""
    form, names = FORMATS[dtype], leaves(program)
    if not names:
        return []
    where = random_boxes(form, names, boxes, rng, infinite)
    inside = points_inside(form, where, points, rng)
    interval = _interval(program, form, form, where)
    found = []
    for library in libraries:
        values = runner(library, program)(inside)
        missed = np.argwhere(~_held(interval, values, boxes))
        if len(missed):
            found.append(
                _stray(program, library, form, where, inside, interval, float(values[tuple(missed[0])]), missed[0])
            )
    return found


def exact_strays(program: Program, rng: np.random.Generator, *, boxes: int = 20, points: int = 5) -> list[Stray]:
    """One exact value that is outside its interval over the reals, or undefined where the interval denies it."""
    form, names = FORMATS["float64"], leaves(program)
    if not names:
        return []
    where = random_boxes(form, names, boxes, rng, False)
    inside = points_inside(form, where, points, rng)
    interval = _interval(program, None, form, where)
    low, high, undefined = (
        np.broadcast_to(part, (boxes,)) for part in (interval.low, interval.high, interval.undefined)
    )
    lowered = lower(program, lambda operator: operator.exact is not None)
    every = Program(lowered.nodes, range(len(lowered.nodes)))
    for box, point in np.ndindex(boxes, points):
        if undefined[box]:
            continue
        at = {name: float(column[box, point]) for name, column in inside.items()}
        values = evaluate_exact(every, {**CONSTANTS, **at})
        value = values[lowered.root]
        # The exact evaluator calls what is beyond 2**65536 infinite: what follows from that is not exact.
        if any(abs(found) == math.inf for found in values) and not _has_pole(lowered, values):
            continue
        # It is good to 30 digits.
        slack = abs(value) * 1e-29 if abs(value) != math.inf else 0.0
        if not low[box] - slack <= value <= high[box] + slack:
            return [_stray(program, "exact", form, where, inside, interval, float(value), (box, point))]
    return []


def _has_pole(program: Program, values: Sequence[Any]) -> bool:
    """Whether a node is infinite though its operands are of moderate size."""
    return any(
        abs(value) == math.inf and not node.is_leaf and all(abs(values[i]) < MODERATE for i in node.operands)
        for node, value in zip(program.nodes, values, strict=True)
    )


def _interval(program: Program, arithmetic: Format | None, form: Format, where: Bounds) -> Intervals:
    evaluator = IntervalEvaluator(program, arithmetic, CONSTANTS)
    (interval,) = evaluator({name: (form.numbers(low), form.numbers(high)) for name, (low, high) in where.items()})
    return interval


def _held(interval: Intervals, values: NDArray[Any], boxes: int) -> NDArray[np.bool_]:
    """Whether each value is in its interval, and a zero of its sign, and NaN only where that is allowed for."""
    low, high, undefined = (
        np.broadcast_to(part, (boxes,))[:, None] for part in (interval.low, interval.high, interval.undefined)
    )
    inside = (low <= values) & (values <= high)
    minus = (values == 0) & np.signbit(values) & (low == 0) & ~np.signbit(low)
    plus = (values == 0) & ~np.signbit(values) & (high == 0) & np.signbit(high)
    held: NDArray[np.bool_] = np.where(np.isnan(values), undefined, inside & ~minus & ~plus)
    return held


def _stray(
    program: Program,
    library: str,
    form: Format,
    where: Bounds,
    inside: Mapping[str, NDArray[Any]],
    interval: Intervals,
    value: float,
    place: Any,
) -> Stray:
    box, point = place
    size = len(next(iter(inside.values())))
    low, high, undefined = (
        np.broadcast_to(part, (size,))[box] for part in (interval.low, interval.high, interval.undefined)
    )
    return Stray(
        of=program_text(program),
        library=library,
        box={name: (float(form.numbers(a[box])), float(form.numbers(b[box]))) for name, (a, b) in where.items()},
        point={name: float(column[box, point]) for name, column in inside.items()},
        value=value,
        low=float(low),
        high=float(high),
        undefined=bool(undefined),
    )
