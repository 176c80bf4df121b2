"""Points where functions break: the numbers that a search for a counterexample looks at first."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from symkit.checking.region import Region
from symkit.evaluation.formats import Floats, Format, Ordinals

SIMPLE = (
    *(0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 0.1, -0.1, 5.0, -5.0, 10.0, -10.0),
    *(2.5, -2.5, 6.0, -6.0, 20.0, -20.0, 50.0, -50.0, 100.0, -100.0, 1e3, -1e3, 1e4, -1e4, 1e6, -1e6),
    *(1e-3, -1e-3, 1e-7, -1e-7, 1e10, -1e10, 1e15, -1e15, 1e20, -1e20, 1e30, -1e30),
)
"""Numbers that one would try, the simplest first."""

EDGES = (
    4.0,
    5.0,
    9.0,
    11.0,
    15.0,
    17.0,
    26.0,
    88.0,
    89.0,
    90.0,
    103.0,
    104.0,
    705.0,
    709.0,
    710.0,
    711.0,
    745.0,
    746.0,
)
"""Where exponentials of a dtype overflow, underflow or round away."""

SPREAD = 512
PAIRS = 24
"""So many of the simplest numbers of two names are paired with each other, and of more names fewer."""

GRID = 1024
MOST_AXES = 32
RANDOM = 4096


@lru_cache(maxsize=64)
def probes(region: Region) -> dict[str, Floats]:
    """Points of a region by name: simple ones first, then extremes, spread and random ones."""
    with np.errstate(over="ignore", invalid="ignore"):
        points = _probes(region)
    for column in points.values():
        column.setflags(write=False)
    return points


def _probes(region: Region) -> dict[str, Floats]:
    columns = [_line(region.format, low, high) for low, high in zip(region.low, region.high, strict=True)]
    if len(columns) < 2:
        return {name: region.format.numbers(line) for name, line in zip(region.names, columns, strict=True)}
    rng = np.random.default_rng(0)
    # All pairs of the simplest, and of the rest as many random ones.
    varying = sum(len(line) > 1 for line in columns)
    each = max(1, min(PAIRS, int(GRID ** (1 / max(varying, 1))))) if len(columns) <= MOST_AXES else 1
    firsts = [line[:each] for line in columns]
    grids = np.meshgrid(*firsts, indexing="ij") if each > 1 else firsts
    picked = [np.concatenate([g.ravel(), rng.choice(line, RANDOM)]) for g, line in zip(grids, columns, strict=True)]
    neighbours = _neighbours(region, rng)
    joined = [np.concatenate([one, *near]) for one, *near in zip(picked, *neighbours, strict=True)]
    return {name: region.format.numbers(places) for name, places in zip(region.names, joined, strict=True)}


def _neighbours(region: Region, rng: np.random.Generator) -> list[list[Ordinals]]:
    """Points where all names have almost the same value: differences cancel there."""
    form = region.format
    low, high = max(region.low), min(region.high)
    if low >= high:
        return []
    base = form.ordinals((rng.normal(0, 1, RANDOM) * 10.0 ** rng.uniform(-3, 3, RANDOM)).astype(form.dtype))
    found: list[list[Ordinals]] = []
    for reach in (0.0, 1.0, float(np.finfo(form.dtype).nmant)):
        # From the next number to one of about twice the size.
        shifts = np.exp2(rng.uniform(0, reach, (len(region.names), RANDOM))) * rng.choice(
            (-1, 1), (len(region.names), RANDOM)
        )
        found.append([np.clip(base + shift.astype(np.int64), low, high) for shift in shifts])
    return found


def _line(form: Format, low: int, high: int) -> Ordinals:
    """Places to look at in a range, each once, the simplest numbers first."""
    known = _known(form)
    inside = known[(known >= low) & (known <= high)]
    most = int(form.ordinals(form.largest))
    ends = np.clip(np.array([low, high], dtype=np.int64), -most - 1, most)
    spread = np.linspace(float(ends[0]), float(ends[1]), SPREAD)
    even = np.linspace(float(form.numbers(ends[0])) / 2, float(form.numbers(ends[1])) / 2, SPREAD) * 2
    places = [inside, ends, np.clip(spread.astype(np.int64), *ends), form.ordinals(even.astype(form.dtype))]
    return _distinct(np.clip(np.concatenate(places), *ends))


@lru_cache(maxsize=8)
def _known(form: Format) -> Ordinals:
    edges = [sign * edge for edge in EDGES for sign in (1, -1)]
    extremes = (form.largest, -form.largest, form.smallest, -form.smallest, float(np.finfo(form.dtype).tiny))
    numbers = np.array([*SIMPLE, *edges, *extremes]).astype(form.dtype)
    return form.ordinals(numbers[np.isfinite(numbers)])


def _distinct(places: Iterable[int] | Ordinals) -> Ordinals:
    return np.array(list(dict.fromkeys(int(place) for place in places)), dtype=np.int64)
