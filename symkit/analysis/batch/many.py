"""Moments and backward gains of thousands of functions at once, quickly: what is not sure is not said."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from symkit.analysis.batch.judge import DENSE, ROUNDING, TIMES, Found, Lines, Samples, judge
from symkit.analysis.batch.layout import COMMON, FAR, FINE, Plan, layout, padded
from symkit.analysis.batch.points import Places, Reach, distinct, places
from symkit.analysis.batch.pool import Order, Pool, Sampled
from symkit.analysis.batch.tape import BLUR, load_kernels
from symkit.analysis.curve import Floats, Normal
from symkit.errors import DomainError
from symkit.text import Expression, parse

CHUNK = 4096
"""Functions that are sampled together, where all are sampled at the same points."""

JUDGED = 256
"""Functions whose samples are judged together: they should stay in the processor's cache."""

FINE_PANELS = 50_000
"""Panels of all functions that are sampled together more finely."""

THINNED = 4
"""Of so many samples of panels one is put off."""

ACTIVE, MOVES = 8.0, 4.0
"""Where the operand of a curved operator is within so much of 0, it must not move more from sample to sample."""

FINEST = 8
"""A function of more points than this is not sampled more finely."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Moments of f(X) for a normal X, of many f. Arrays are float64, NaN where a number cannot be had here.

    Attributes:
        mean, variance, second_moment, backward_gain: E[f(X)], its variance, E[f(X)**2] and E[f'(X)**2]; of shape (n,).
        error: estimates of how far they are off, of shape (n, 4) in this order.
        reasons: for each function "", or "cannot be had here: " and why numbers are missing.
    """

    mean: Floats
    variance: Floats
    second_moment: Floats
    backward_gain: Floats
    error: Floats
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Function:
    """A function with its place among all, where it may not be smooth, and whether it may jump far from the mean."""

    place: int
    expression: Expression
    points: tuple[float, ...]
    far: bool = False


@dataclass(frozen=True, slots=True)
class _Pass:
    """Functions sampled and judged."""

    pool: Pool
    order: Order
    sampled: Sampled
    lines: Lines
    roots: Sequence[int]
    found: Found
    coarse: NDArray[np.bool_]


MANY = 256
"""So many functions are worth loading kernels for."""


def moments_many(
    expressions: Sequence[Expression | str],
    *,
    mean: float = 0.0,
    variance: float = 1.0,
    progress: Callable[[int, int], None] | None = None,
) -> Batch:
    """E[f(X)], its variance, E[f(X)**2] and E[f'(X)**2] of many functions, X normal.

    Args:
        expressions: activations, or their texts; parameters at their initial values.
        mean, variance: of X; the variance, not the standard deviation.
        progress: called with the number of functions that are done, and of all.

    All functions are sampled at the same points, subterms that they share once; those with kinks of their own at
    points of their own. A number is given where two rules agree, rounding does no harm, no pole, no step and no tail
    is in the way; it is within 1e-10 of the root mean square, or of its square. `symkit.analysis.moments` takes longer
    and finds more.

    Raises:
        DomainError: for a loss, or a variance that is not positive and finite.
    """
    normal = _normal(mean, variance)
    if len(expressions) >= MANY:
        load_kernels()
    numbers, errors = np.full((len(expressions), 4), math.nan), np.full((len(expressions), 4), math.nan)
    reasons = [""] * len(expressions)
    for start in range(0, len(expressions), CHUNK):
        known = _known(COMMON, normal)
        functions = [
            _function(place, expression, known)
            for place, expression in enumerate(expressions[start : start + CHUNK], start)
        ]
        for place, row, error, reason in _measured(functions, normal):
            numbers[place], errors[place], reasons[place] = row, error, reason
        if progress is not None:
            progress(min(start + CHUNK, len(expressions)), len(expressions))
    first, spread, second, gain = numbers.T.copy()
    return Batch(first, spread, second, gain, errors, tuple(reasons))


def _normal(mean: float, variance: float) -> Normal:
    if not math.isfinite(mean):
        raise DomainError(f"mean {mean!r} is not finite")
    if not (0 < variance < math.inf):
        raise DomainError(f"variance {variance!r} is not positive and finite; it is the square of the deviation")
    return Normal(float(mean), math.sqrt(variance))


def _known(plan: Plan, normal: Normal) -> tuple[float, ...]:
    """Every function is taken not to be smooth at 0, if that is within reach."""
    return (0.0,) if abs(normal.mean) < plan.end * normal.deviation else ()


def _function(place: int, expression: Expression | str, points: tuple[float, ...]) -> _Function:
    e = parse(expression) if isinstance(expression, str) else expression
    if e.kind != "activation":
        raise DomainError(
            f"{e} is of kind {e.kind}, of {', '.join(e.inputs) or 'no input'}; moments are those of an activation, "
            "a function of x alone"
        )
    return _Function(place, e, points)


def _measured(functions: Sequence[_Function], normal: Normal) -> Iterator[tuple[int, Floats, Floats, str]]:
    """(place, numbers, errors, reason) of each function."""
    first = _pass(COMMON, functions, normal)
    unusable = [_unusable(first, i) for i in range(len(functions))]
    found = _places(first, normal, [root for root, reason in zip(first.roots, unusable, strict=True) if not reason])
    later: list[_Function] = []
    finer: list[_Function] = []
    farther: list[_Function] = []
    for i, (function, root) in enumerate(zip(functions, first.roots, strict=True)):
        reason = unusable[i] or found.lost.get(root, "")
        own = replace(function, far=root in found.far)
        if reason:
            yield function.place, *_nothing(reason)
        elif root in found.points:
            later.append(replace(own, points=distinct({*function.points, *found.points[root]})))
        elif _open(first, i):
            (farther if first.found.far[i] else finer).append(own)
        else:
            yield function.place, *_result(first, i, own)
    for some in _alike(COMMON, later):
        second = _pass(COMMON, some, normal)
        for i, function in enumerate(some):
            if _open(second, i) and len(function.points) <= FINEST:
                (farther if second.found.far[i] else finer).append(function)
            else:
                yield function.place, *_result(second, i, function)
    for plan, left in ((FINE, finer), (FAR, farther)):
        for some in _alike(plan, left):
            last = _pass(plan, some, normal)
            for i, function in enumerate(some):
                yield function.place, *_result(last, i, function)


def _nothing(reason: str) -> tuple[Floats, Floats, str]:
    return np.full(4, math.nan), np.full(4, math.nan), f"cannot be had here: {reason}"


def _open(made: _Pass, i: int) -> bool:
    """Whether finer samples may give numbers that these do not."""
    found = made.found
    doubt = bool(found.doubtful[i] or made.coarse[i])
    return (doubt and not found.refused[i]) or bool((doubt or found.gain_doubtful[i]) and not found.gain_refused[i])


def _result(made: _Pass, i: int, function: _Function) -> tuple[Floats, Floats, str]:
    """What is sure of a function."""
    found = made.found
    unsettled = "samples do not settle what its integrals are"
    doubt = bool(found.doubtful[i] or made.coarse[i])
    reason = found.refused[i] or (unsettled if doubt else "")
    if reason:
        return _nothing(reason)
    numbers, errors = found.numbers[i].copy(), found.errors[i].copy()
    reason = found.gain_refused[i] or (unsettled if found.gain_doubtful[i] else "")
    reason = reason or ("the function may jump far from the mean" if function.far else "")
    if not reason:
        return numbers, errors, ""
    numbers[3] = errors[3] = math.nan
    return numbers, errors, f"cannot be had here: no backward gain, {reason}"


def _alike(plan: Plan, functions: Sequence[_Function]) -> Iterator[list[_Function]]:
    """Functions whose layouts are of one size, not too many."""
    groups: dict[int, list[_Function]] = {}
    for function in functions:
        groups.setdefault(padded(len(function.points)), []).append(function)
    for room, group in groups.items():
        most = FINE_PANELS // plan.panels(room)
        for start in range(0, len(group), most):
            yield group[start : start + most]


def _pass(plan: Plan, functions: Sequence[_Function], normal: Normal) -> _Pass:
    """Functions whose layouts are of one size, sampled and judged."""
    names = {points: f"x{i}" for i, points in enumerate(dict.fromkeys(f.points for f in functions))}
    layouts = [layout(plan, points, normal) for points in names]
    pool = Pool()
    roots = [pool.include(f.expression, names[f.points]) for f in functions]
    place = {points: i for i, points in enumerate(names)}
    which = np.array([place[f.points] for f in functions])
    made = Lines(layouts, which, normal.mean, normal.deviation)
    panels, ends, near, count = made.bounds[1:].tolist()
    blurred = np.concatenate([np.arange(0, panels, THINNED), *[np.arange(ends, near)] * TIMES])
    order = pool.order()
    lines = {name: line.x for name, line in zip(names.values(), layouts, strict=True)}
    sampled = order.sampled(lines, blurred)
    parts = []
    for start in range(0, len(roots), JUDGED):
        some = slice(start, start + JUDGED)
        parts.append(judge(made.some(some), _samples(sampled, roots[some], blurred), blurred))
    found = Found.joined(parts)
    rooms = {name: line.room.ravel() for name, line in zip(names.values(), layouts, strict=True)}
    return _Pass(pool, order, sampled, made, roots, found, _coarse(pool, order, sampled, rooms)[roots])


def _samples(sampled: Sampled, roots: Sequence[int], spoilt: NDArray[np.intp]) -> Samples:
    """Those of some functions."""
    rows = sampled.slope[roots]
    values, slopes = sampled.values[roots], sampled.slopes[rows]
    with np.errstate(all="ignore"):
        noise = np.abs(sampled.spoilt[roots] - values[:, spoilt]) * (ROUNDING / BLUR)
        slope_noise = np.abs(sampled.spoilt_slopes[rows] - slopes[:, spoilt]) * (ROUNDING / BLUR)
    return Samples(values, slopes, noise, slope_noise)


def _coarse(pool: Pool, order: Order, sampled: Sampled, rooms: Mapping[str, Floats]) -> NDArray[np.bool_]:
    """The nodes that stand on one which may do something between two samples that neither shows."""
    found = np.zeros(len(pool.nodes), dtype=bool)
    curved = np.array([i for i in order.applied.tolist() if pool.is_curved(i)], dtype=np.int64)
    groups: dict[str, list[int]] = {}
    for operand in np.unique(order.operands[curved, 0]).tolist():
        groups.setdefault(pool.lines[operand], []).append(operand)
    moved = np.zeros(len(pool.nodes), dtype=bool)
    with np.errstate(all="ignore"):
        for line, operands in groups.items():
            room = rooms[line]
            moves = np.abs(sampled.slopes[sampled.slope[operands], : len(room)]) * room
            values = np.abs(sampled.values[operands, : len(room)])
            moved[operands] = ((moves > MOVES) & (values - moves < ACTIVE)).any(axis=1)
    found[curved] = moved[order.operands[curved, 0]]
    if found.any():
        levels = np.array(pool.levels)
        for level in range(1, levels.max(initial=0) + 1):
            members = np.flatnonzero(levels == level)
            found[members] |= found[order.operands[members]].any(axis=1)
    return found


def _places(made: _Pass, normal: Normal, roots: Sequence[int]) -> Places:
    """Where functions of one line may not be smooth."""
    (line,) = made.lines.layouts
    panels, around = made.lines.bounds[1], made.lines.bounds[2]
    columns = np.concatenate([np.arange(panels), np.arange(around, len(line.x))])
    kinks, edges = (
        (normal.mean - reach * normal.deviation, normal.mean + reach * normal.deviation)
        for reach in (DENSE, COMMON.end)
    )
    reach = Reach(kinks, edges)
    return places(made.pool, made.order, made.sampled, line.x[columns], columns, line.points, reach, roots)


def _unusable(made: _Pass, i: int) -> str:
    """Why there are no numbers where samples are not finite; "" if they are."""
    panels = made.lines.bounds[1]
    row = made.sampled.values[made.roots[i], :panels]
    if np.isfinite(row).all():
        return ""
    lost = np.flatnonzero(~np.isfinite(row))
    x = made.lines.layouts[0].x[lost]
    nearest = int(np.argmin(np.abs(x - made.lines.mean)))
    kind = "not a number" if np.isnan(row[lost[nearest]]) else "infinite"
    return f"in float64 it is {kind} around x = {x[nearest]:.3g}"
