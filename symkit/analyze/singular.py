"""What happens right beside a breakpoint: whether |f|**p can be integrated up to it, and what the last bit adds.

The stretch beside the point is cut into octaves, each half as far away as the one before. Their integrals fall off
geometrically where the whole exists (by 2**(a - 1) for |x|**-a, by a half where f is bounded) and do not where it does
not. What lies beyond the last octave is the rest of that series.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from symkit.analyze.curve import Curve, Floats, Scaled

OCTAVES = 44
DEEPER = 240
"""Octaves looked at; more of them beside 0, whose neighbourhood floats resolve without end, where they are needed."""

DIVERGES = 0.9995
"""Octaves that fall by less than this factor do not add up to anything finite."""

SETTLED = 1e-7
"""A sum that is less certain than this is not believed."""

NODES, WEIGHTS = np.polynomial.legendre.leggauss(20)


@dataclass(frozen=True, slots=True)
class Rest:
    """The integral of f**power from a point to a small offset from it, without any density.

    Attributes:
        value, error: of the integral, in units of 2**exponent; `error` is an estimate.
        divergent: whether the integral of |f|**power does not exist.
        settled: whether the octaves show what it is at all.
    """

    value: float = 0.0
    error: float = 0.0
    exponent: int = 0
    divergent: bool = False
    settled: bool = True


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a breakpoint.

    Attributes:
        point: the breakpoint.
        reach: signed distance to where this side ends.
        offset: signed distance at which ordinary quadrature may stop.
        rests: for each power, what lies between the point and the offset.
    """

    point: float
    reach: float
    offset: float
    rests: dict[int, Rest]


def sides(curve: Curve, stretches: Sequence[tuple[float, float]], powers: Sequence[int]) -> list[Side]:
    """A Side for every (point, reach)."""
    if not stretches:
        return []
    found = _studied(curve, stretches, powers, OCTAVES)
    deeper = [i for i, side in enumerate(found) if side.point == 0.0 and any(r.error for r in side.rests.values())]
    again = _studied(curve, [stretches[i] for i in deeper], powers, DEEPER) if deeper else []
    for i, side in zip(deeper, again, strict=True):
        found[i] = side
    return found


def _studied(curve: Curve, stretches: Sequence[tuple[float, float]], powers: Sequence[int], octaves: int) -> list[Side]:
    points, reaches = np.array(stretches).T
    ends = reaches[:, None] * np.exp2(-np.arange(octaves + 1.0))
    half = 0.5 * (ends[:, :-1] - ends[:, 1:])
    offsets = 0.5 * (ends[:, :-1] + ends[:, 1:])[..., None] + half[..., None] * NODES
    samples = curve(points[:, None, None] + offsets)
    # The heights of each side are taken relative to that at its end, which may be far beyond float64.
    units = np.where(samples.mantissa[:, 0, -1] == 0, 0, samples.exponent[:, 0, -1])
    relative = Scaled(samples.mantissa, samples.exponent - units[:, None, None])
    weights = np.abs(half)[..., None] * WEIGHTS
    with np.errstate(over="ignore", invalid="ignore"):
        integrals = {p: relative.power(p).floats() * weights for p in powers}
        signed = {p: v.sum(axis=-1) for p, v in integrals.items()}
        sizes = {p: np.abs(v).sum(axis=-1) for p, v in integrals.items()}
    return [
        _side(point, reach, {p: (sizes[p][i], signed[p][i]) for p in powers}, int(units[i]))
        for i, (point, reach) in enumerate(stretches)
    ]


def _side(point: float, reach: float, series: dict[int, tuple[Floats, Floats]], unit: int) -> Side:
    depth = len(next(iter(series.values()))[0])
    if point != 0.0:
        # Closer than 2**-46 of the point itself, floats cannot tell where they are.
        depth = max(4, min(depth, math.floor(math.log2(abs(reach / point))) + 46))
    studies = {p: _Study.of(sizes[:depth], signed[:depth], exact=point == 0.0) for p, (sizes, signed) in series.items()}
    usable = [study for study in studies.values() if not study.divergent and not study.lost]
    last = depth - 1
    if usable:
        first = depth // 2
        last = first + int(np.argmin(sum(study.doubt[first:] / (study.total or 1.0) for study in usable)))
    rests = {p: study.rest(last, p * unit) for p, study in studies.items()}
    return Side(point, reach, reach * 2.0 ** -(last + 1), rests)


@dataclass(frozen=True, slots=True)
class _Study:
    """A series of octave integrals, and for each octave the rest that a geometric series would leave beyond it."""

    signed: Floats
    sizes: Floats
    beyond: Floats
    doubt: Floats
    total: float
    divergent: bool
    lost: bool

    @classmethod
    def of(cls, sizes: Floats, signed: Floats, exact: bool) -> _Study:
        with np.errstate(all="ignore"):
            ratio = np.concatenate([[0.5], sizes[1:] / sizes[:-1]])
            beyond = np.where(sizes == 0, 0.0, np.where(ratio < 1, sizes * ratio / (1 - ratio), math.inf))
            step = np.abs(np.concatenate([[math.inf], sizes[1:] + beyond[1:] - beyond[:-1]]))
            doubt = step + np.concatenate([[math.inf], step[:-1]])
            doubt = np.where(np.isnan(doubt), math.inf, doubt)
            end = len(sizes) if exact else max(len(sizes) - 12, len(sizes) // 2)
            pace = (sizes[end - 1] / sizes[end // 2]) ** (1 / (end - 1 - end // 2))
        return cls(
            signed,
            sizes,
            beyond,
            doubt,
            float(np.nansum(sizes)),
            bool(np.isinf(sizes).any() or pace >= DIVERGES),
            bool(np.isnan(sizes).any()),
        )

    def rest(self, last: int, exponent: int) -> Rest:
        if self.divergent or self.lost:
            return Rest(divergent=self.divergent, settled=not self.lost)
        value, error = float(self.beyond[last]), float(self.doubt[last])
        settled = error <= SETTLED * self.total
        if abs(self.signed[last]) < 0.999 * self.sizes[last]:
            # The sign still changes from octave to octave: the rest may cancel.
            return Rest(0.0, error + value, exponent, settled=settled)
        return Rest(math.copysign(value, self.signed[last]), error, exponent, settled=settled)
