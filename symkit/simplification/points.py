"""Where two forms of a function are compared: extremes of the dtype, what lies next to kinks, and random numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symkit.evaluation import evaluate_numpy
from symkit.evaluation.formats import Format
from symkit.ir import Kind, Program, ProgramBuilder
from symkit.text.expression import needed_constants

Floats = NDArray[np.float64]
Columns = dict[str, Floats]
Box = Mapping[str, tuple[float, float]]

MAGNITUDES = (
    *(1e-30, 1e-19, 1e-8, 1e-5, 1e-3, 0.05, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 2.5, 3.0, 6.0, 9.0, 17.0, 44.0, 80.0),
    *(88.0, 89.0, 104.0, 350.0, 710.0, 746.0, 1e4, 1e10, 1e19, 1e30, 1e38, 1e200),
)
SCALES = (0.1, 1.0, 4.0, 20.0, 100.0)
PER_SCALE = 16
ANY_SIZE = 50
"""Numbers of which one is as likely in each decade of the format."""
MOST_ALONE = 160
SPECIAL = (0.0, 1.0, -1.0)
BISECTIONS = 60
MOST_KINKS = 24
MOST_CROSSED = 8
"""Zeros of one term that are looked at, those nearest to 0."""


def sample(program: Program, names: Sequence[str], box: Box, format: Format, seed: int = 0) -> Columns:
    """Numbers of the format in the box, one array a name; the same for the same arguments."""
    rng = np.random.default_rng(seed)
    pools = [_pool(rng, box[name], format) for name in names]
    if not names:
        return {}
    if len(names) == 1:
        kinks = _around(kinks_of(program, names[0], pools[0]), box[names[0]], format)
        return {names[0]: np.concatenate([pools[0], kinks])}
    # Names run through their numbers by turns, beside moderate ones and beside 0, 1 and -1; then all do at once.
    length = max(len(pool) for pool in pools)
    columns = [rng.permutation(np.resize(pool, length)) for pool in pools]
    turns = np.arange(length) % len(names)
    special = np.array(SPECIAL)[np.arange(length) // len(names) % len(SPECIAL)]
    found: Columns = {}
    for place, name in enumerate(names):
        low, high = box[name]
        calm = _random(rng, box[name], format, length)
        beside = np.where((special >= low) & (special <= high), special, calm)
        parts = [np.where(turns == place, columns[place], others) for others in (calm, beside)]
        found[name] = np.concatenate([part[:MOST_ALONE] for part in parts] + [rng.permutation(columns[place])])
    return found


def moderate(names: Sequence[str], box: Box, format: Format, count: int, seed: int = 1) -> Columns:
    """Random numbers of moderate size, which hardly ever meet a kink."""
    rng = np.random.default_rng(seed)
    return {name: _random(rng, box[name], format, count) for name in names}


def inside(values: Floats, bounds: tuple[float, float]) -> Floats:
    """Those in the box; -0 counts as 0."""
    return values[(values >= bounds[0]) & (values <= bounds[1])]


def _pool(rng: np.random.Generator, bounds: tuple[float, float], format: Format) -> Floats:
    low, high = bounds
    special = np.array([*MAGNITUDES, format.smallest, format.smallest * 2**20, format.largest])
    everywhere = np.concatenate([special, -special, [0.0, -0.0]])
    lowest, highest = np.log10(format.smallest), np.log10(format.largest)
    powers = 10.0 ** rng.uniform(lowest, highest, ANY_SIZE) * rng.choice([-1.0, 1.0], ANY_SIZE)
    normal = np.concatenate([rng.normal(0.0, scale, PER_SCALE) for scale in SCALES])
    between: Floats = (
        rng.uniform(max(low, -30.0), min(high, 30.0), 30) if max(low, -30.0) < min(high, 30.0) else np.array([])
    )
    share = rng.uniform(size=30)
    spread = low * (1 - share) + high * share
    drawn = _rounded(np.concatenate([everywhere, powers, normal, between, spread, [low, high]]), format)
    kept = inside(drawn, bounds)
    # The two zeros are different numbers.
    return np.unique(kept[kept != 0]) if not len(kept[kept == 0]) else np.append(np.unique(kept), -0.0)


def _random(rng: np.random.Generator, bounds: tuple[float, float], format: Format, count: int) -> Floats:
    low, high = bounds
    if low == high:
        return np.full(count, low)
    scales = rng.choice(np.array([0.5, 1.0, 3.0, 8.0]), count)
    drawn = rng.normal(0.0, 1.0, count) * scales
    centre, half = low / 2 + high / 2, min(8.0, high / 2 - low / 2)
    centre = min(max(centre, low + half), high - half) if abs(centre) > 8.0 else centre
    near = centre + rng.uniform(-1.0, 1.0, count) * half
    outside = (drawn < low) | (drawn > high)
    return np.clip(_rounded(np.where(outside, near, drawn), format), low, high)


def _rounded(values: Any, format: Format) -> Floats:
    with np.errstate(all="ignore"):
        rounded = np.asarray(values, dtype=np.float64).astype(format.dtype).astype(np.float64)
    return rounded[np.isfinite(rounded)]


def _around(roots: Floats, bounds: tuple[float, float], format: Format) -> Floats:
    """Numbers of the format at and next to these."""
    if not len(roots):
        return np.array([])
    last = int(format.ordinals(format.largest))
    ordinals = np.clip(format.ordinals(_rounded(roots, format)), 2**12 - last, last - 2**12)
    steps = (-(2**12), -1, 0, 1, 2**12)
    return inside(np.concatenate([format.numbers(ordinals + step).astype(np.float64) for step in steps]), bounds)


def kinks_of(program: Program, name: str, grid: Floats) -> Floats:
    """Where an operator has a kink, by changes of sign between the points of a grid."""
    builder = ProgramBuilder()
    placed = builder.include(program)
    terms: list[int] = []
    for node in program.nodes:
        if node.kind is Kind.APPLY and node.operator.kinks is not None:
            operands = builder.terms(placed[i] for i in node.operands)
            terms += [term.index for term in node.operator.kinks(builder.algebra, *operands)]
    if not terms:
        return np.array([])
    watched = builder.build(list(dict.fromkeys(terms))[:MOST_KINKS])
    if watched.inputs + watched.parameters != (name,) or needed_constants(watched):
        return np.array([])
    found: list[Floats] = []
    for number in range(len(watched.roots)):

        def value(x: Floats, number: int = number) -> Floats:
            return np.broadcast_to(evaluate_numpy(watched, {name: x})[number], x.shape)

        sign = np.sign(value(grid))
        crossed = np.flatnonzero(sign[:-1] * sign[1:] < 0)
        crossed = crossed[np.argsort(np.abs(grid[crossed]), kind="stable")][:MOST_CROSSED]
        low, high, falls = grid[crossed], grid[crossed + 1], sign[crossed]
        for _ in range(BISECTIONS if len(crossed) else 0):
            middle = low / 2 + high / 2
            left = np.sign(value(middle)) == falls
            low, high = np.where(left, middle, low), np.where(left, high, middle)
        found.append(low)
    return np.concatenate(found)
