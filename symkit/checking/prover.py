"""Branch and bound: boxes are split until a claim is proved on all of them, or fails somewhere, or time is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symkit.checking.region import Boxes, Region
from symkit.evaluation.formats import Floats
from symkit.evaluation.time_limit import OutOfTime, is_time_over, time_limit

Bools = NDArray[np.bool_]
Point = dict[str, float]

CHUNK = 2048
"""Boxes looked at together."""

SUSPECTS = 64
"""So many failing points are asked whether every library agrees."""

MOST_BOXES = 200_000
PIECES = 8


@dataclass(frozen=True)
class Claim:
    """Something that holds or fails at every point.

    Attributes:
        holds: for boxes, by name arrays of lowest and highest numbers: whether it is sure to hold on all of each;
            nothing is, if not given.
        fails: for points, by name arrays of numbers: whether it fails there, confirmed by evaluation; nowhere, if not
            given.
        surely: whether it fails there whichever library evaluates; where it fails, if not given.
    """

    holds: Callable[[Mapping[str, tuple[Floats, Floats]]], Bools] = lambda boxes: np.zeros(1, dtype=bool)
    fails: Callable[[Mapping[str, Floats]], Bools] = lambda points: np.zeros(1, dtype=bool)
    surely: Callable[[Mapping[str, Floats]], Bools] | None = None

    @property
    def strict(self) -> Claim:
        """The claim that fails only where every library agrees that it does."""
        if self.surely is None:
            return self
        surely = self.surely

        def fails(points: Mapping[str, Floats]) -> Bools:
            failing = np.array(np.atleast_1d(self.fails(points)))
            places = np.flatnonzero(failing)[:SUSPECTS]
            failing[:] = False
            if len(places):
                failing[places] = surely({name: column[places] for name, column in points.items()})
            return failing

        return Claim(self.holds, fails)

    def without_points(self) -> Claim:
        """The claim for proofs alone: no point is looked at."""
        return Claim(self.holds)


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Attributes:
        is_proved: whether the claim holds everywhere.
        counterexample: a point where it fails, or None.
        open: a box that is left undecided, or None.
        boxes: how many were looked at.
    """

    is_proved: bool
    counterexample: Point | None
    open: dict[str, tuple[float, float]] | None
    boxes: int

    @property
    def ground(self) -> str:
        """What a proof stands on, in words."""
        return "its bounds say so" if self.boxes == 1 else f"the bounds of {self.boxes} boxes say so"


def decide(claim: Claim, region: Region, seconds: float = 1.0) -> Outcome:
    """Proves or refutes a claim on a region, or gives up after so many seconds."""
    rng = np.random.default_rng(0)
    pending = [region.boxes]
    looked_at = 0
    stuck: dict[str, tuple[float, float]] | None = None
    pieces = PIECES if len(region.names) == 1 else 2
    with time_limit(seconds):
        while pending:
            boxes = pending.pop()
            if len(boxes) > CHUNK:
                pending.append(boxes[:-CHUNK])
                boxes = boxes[-CHUNK:]
            looked_at += len(boxes)
            try:
                undecided = boxes[~np.broadcast_to(claim.holds(boxes.bounds), (len(boxes),))]
                found = first_failure(claim, undecided.points(rng)) if len(undecided) else None
            except OutOfTime:
                return Outcome(False, None, stuck or _one(boxes), looked_at)
            if not len(undecided):
                continue
            if found is not None:
                return Outcome(False, found, None, looked_at)
            single = undecided.is_single
            if single.any() and stuck is None:
                stuck = _one(undecided[single])
            rest = undecided[~single]
            if len(rest):
                pending.append(rest.split(pieces))
            if looked_at > MOST_BOXES or is_time_over() or (stuck is not None and looked_at > CHUNK):
                return Outcome(False, None, stuck or _one(undecided), looked_at)
    return Outcome(stuck is None, None, stuck, looked_at)


def first_failure(claim: Claim, points: Mapping[str, Floats]) -> Point | None:
    """The first of these points where the claim fails."""
    count = max((len(column) for column in points.values()), default=1)
    failing = np.flatnonzero(np.broadcast_to(claim.fails(points), (count,)))
    return None if not len(failing) else {name: float(column[failing[0]]) for name, column in points.items()}


def _one(boxes: Boxes) -> dict[str, tuple[Any, Any]]:
    return {name: (float(low[0]), float(high[0])) for name, (low, high) in boxes.bounds.items()}
