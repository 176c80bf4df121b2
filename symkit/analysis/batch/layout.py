"""Where functions are sampled: on Gauss-Legendre panels between points, around the points, and far out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.polynomial import legendre

from symkit.analysis.breakpoints import REACH
from symkit.analysis.curve import Floats, Normal

COUNT = 30
"""Nodes of a panel; the rule is exact for polynomials of degree 59."""

NODES, WEIGHTS = legendre.leggauss(COUNT)

LAST = (2 * np.arange(COUNT - 4, COUNT) + 1) * legendre.legvander(NODES, COUNT - 1)[:, -4:]
"""What multiplies terms of an integral to give twice the last four coefficients of the integrand's Legendre series,
which show how it goes on."""

INSET = 2.0**-36
"""Part of a panel's width by which samples at its ends lie inside."""

FLOOR = 2.0**-46
"""Deviations that they lie inside at least."""

DISTANCES = np.array([2.0**-36, 2.0**-24, 2.0**-12])
"""Deviations from a point at which its neighbourhood is looked at."""

RUNGS = 14
"""Samples beyond the panels, a side."""

MOST_POINTS = 25
ROOMS = (0, 1, 2, 4, 8, MOST_POINTS)
"""Numbers of points that layouts have room for."""

FLATTER = 6
"""The innermost panel beside a point is taken in the variable of which its distance is this power."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Panels for a mean of 0 and a deviation of 1.

    Attributes:
        edges: of the panels, ascending.
        octaves: panels beside every point, each a quarter as far away as the one before; 0 for none.
    """

    edges: tuple[float, ...]
    octaves: int

    @property
    def end(self) -> float:
        return self.edges[-1]

    def panels(self, room: int) -> int:
        """How many panels there are with room for so many points."""
        return len(self.edges) - 1 + room * max(2 * self.octaves, 1)


COMMON = Plan((-16.0, -13.0, -10.0, -7.0, -4.0, -2.0, -1.0, 1.0, 2.0, 4.0, 7.0, 10.0, 13.0, 16.0), 0)
INNER = (*np.arange(0.5, 8.0, 0.5).tolist(), *np.arange(8.0, 17.0).tolist())
FINE = Plan((*(-e for e in reversed(INNER)), *INNER), 13)
OUTER = (*INNER, *np.arange(18.0, 41.0, 2.0).tolist())
FAR = Plan((*(-e for e in reversed(OUTER)), *OUTER), 13)
"""Ever more samples, for functions that need them; the last for those that count far from the mean."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One line of samples.

    Attributes:
        x: all samples: those of the panels, panel by panel; the two ends of each; those around the points, point by
            point, `DISTANCES` to the left and then to the right; and those beyond, from the panels outwards, first to
            the left.
        weights: of the samples of panels, the density included, (panels, COUNT).
        lengths: what multiplies samples to integrate them over x without the density, (panels, COUNT).
        density: the largest of each panel.
        joints: whether the end of a panel is one of the points, but for the last panel.
        edges: of each panel its two, (panels, 2).
        graded: whether panels are graded towards the points.
        points: where functions of this line may not be smooth.
        rungs: how many deviations the samples beyond are from the mean, one side.
        room: the distances between samples of panels, (panels, COUNT).
    """

    x: Floats
    weights: Floats
    lengths: Floats
    density: Floats
    joints: np.ndarray[tuple[int], np.dtype[np.bool_]]
    edges: Floats
    graded: bool
    points: tuple[float, ...]
    rungs: Floats
    room: Floats

    @property
    def panels(self) -> int:
        return len(self.weights)


@lru_cache(maxsize=2048)
def layout(plan: Plan, points: tuple[float, ...], normal: Normal) -> Layout:
    """The line for functions that are smooth but at `points`, ascending; its size depends on their number alone."""
    spread = normal.deviation
    places = padded(len(points))
    cuts = _cuts(plan, points, normal)
    anchors, low, high = _graded(plan, cuts, points) if plan.octaves else (cuts[:-1], 0.0 * cuts[1:], np.diff(cuts))
    anchors, low, high = _split(anchors, low, high, plan.panels(places))
    half = 0.5 * (high - low)
    scale = np.ones((len(low), COUNT))
    offsets = low[:, None] + half[:, None] * (1 + NODES)
    if plan.octaves:
        inner = ((low == 0) | (high == 0)) & np.isin(anchors, np.array(points))
        u = 0.5 * (1 + NODES)
        flat = np.where((low == 0)[:, None], u, 1 - u)
        reach = np.where(low == 0, high, low)[:, None]
        # A sample must not fall on the point.
        away = np.maximum(np.abs(reach) * flat**FLATTER, 2.0**-50 * np.abs(anchors)[:, None])
        offsets = np.where(inner[:, None], np.copysign(away, reach), offsets)
        scale = np.where(inner[:, None], FLATTER * flat ** (FLATTER - 1), scale)
    x = anchors[:, None] + offsets
    z = (x - normal.mean) / spread
    lengths = half[:, None] * WEIGHTS * scale
    weights = lengths * np.exp(-0.5 * z * z) / (spread * math.sqrt(2 * math.pi))
    inset = np.maximum(INSET * 2 * half, FLOOR * spread)
    ends = np.stack([anchors + low + inset, anchors + high - inset], axis=1)
    shown = np.array([*points, *[points[-1]] * (places - len(points))]) if points else np.zeros(0)
    near = shown[:, None] + spread * np.concatenate([-DISTANCES, DISTANCES])
    rungs = np.geomspace(plan.end + 0.7, REACH, RUNGS)
    beyond = normal.mean + spread * np.concatenate([-rungs, rungs])
    every = np.concatenate([x.ravel(), ends.ravel(), near.ravel(), beyond])
    closest = np.clip(normal.mean, anchors + low, anchors + high)
    density = np.exp(-0.5 * ((closest - normal.mean) / spread) ** 2) / (spread * math.sqrt(2 * math.pi))
    edges = np.stack([anchors + low, anchors + high], axis=1)
    gaps = np.abs((anchors + high)[:-1, None] - np.array(points))
    joints = gaps.min(axis=1, initial=math.inf) < 1e-9 * spread
    room = np.gradient(x, axis=1)
    return Layout(
        every, weights, lengths, density, joints, edges, plan.octaves > 0, tuple(shown.tolist()), rungs, np.abs(room)
    )


def padded(count: int) -> int:
    """The number of points that a layout of so many has room for: there are few sizes."""
    return next(room for room in ROOMS if room >= count)


def _cuts(plan: Plan, points: Sequence[float], normal: Normal) -> Floats:
    """The edges of panels, the points among them, and one between any two of those."""
    edges = normal.mean + normal.deviation * np.array(plan.edges)
    inside = np.array(points)
    apart = np.abs(edges[:, None] - inside).min(axis=1, initial=math.inf) > 1e-3 * normal.deviation
    between = 0.5 * (inside[1:] + inside[:-1]) if plan.octaves else inside[:0]
    return np.unique(np.concatenate([edges[apart], inside, between]))


def _split(anchors: Floats, low: Floats, high: Floats, count: int) -> tuple[Floats, Floats, Floats]:
    """As many panels as that: the widest are halved."""
    missing = count - len(low)
    if missing <= 0:
        return anchors, low, high
    widest = np.sort(np.argsort(low - high)[:missing])
    middle = 0.5 * (low[widest] + high[widest])
    lower, upper = high.copy(), np.insert(low, widest + 1, middle)
    lower[widest] = middle
    higher = np.insert(lower, widest + 1, high[widest])
    return np.insert(anchors, widest + 1, anchors[widest]), upper, higher


def _graded(plan: Plan, cuts: Floats, points: Sequence[float]) -> tuple[Floats, Floats, Floats]:
    """(anchors, low, high): the panels beside a point are cut into quarters of quarters towards it."""
    steps = np.concatenate([0.25 ** np.arange(plan.octaves), [0.0]])
    anchors, low, high = [], [], []
    for left, right in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
        width = right - left
        middle = 0.5 * width if left in points and right in points else width
        if left in points:
            anchors += [left] * plan.octaves
            low += (middle * steps[1:][::-1]).tolist()
            high += (middle * steps[:-1][::-1]).tolist()
        if right in points:
            anchors += [right] * plan.octaves
            low += (-middle * steps[:-1]).tolist()
            high += (-middle * steps[1:]).tolist()
        if left not in points and right not in points:
            anchors.append(left)
            low.append(0.0)
            high.append(width)
    return np.array(anchors), np.array(low), np.array(high)
