"""Whether a function has a real value everywhere."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from symkit.checking.curve import Curve
from symkit.checking.explain import point_text
from symkit.checking.probes import probes
from symkit.checking.prover import Claim, Point, first_failure
from symkit.checking.region import Boxes
from symkit.checking.shrink import shrunk
from symkit.checking.verdict import Verdict, proved, refuted, unknown
from symkit.evaluation import evaluate_numpy
from symkit.evaluation.formats import Floats
from symkit.evaluation.interval_arithmetic import Bools
from symkit.evaluation.intervals import IntervalEvaluator
from symkit.ir import Program

CONFIRMED = 32
"""So many points where floats give no finite number are looked at exactly."""


def defined(curve: Curve) -> Verdict:
    """Whether the function is defined at every point of a zone of the reals.

    A witness is a point of which bounds say that no real number is the value.
    """

    def fails(points: Mapping[str, Floats]) -> Bools:
        (values,) = evaluate_numpy(curve.program, {**curve.constants, **points})
        count = max((len(column) for column in points.values()), default=1)
        failing = ~np.isfinite(np.broadcast_to(values, (count,)))
        suspects = np.flatnonzero(failing)
        failing[suspects[CONFIRMED:]] = False
        for place in suspects[:CONFIRMED]:
            point = {name: float(column[place]) for name, column in points.items()}
            failing[place] = is_undefined(curve.program, point, curve.constants)
            if failing[place]:
                failing[place + 1 :] = False
                break
        return np.asarray(failing)

    claim = Claim(lambda boxes: np.zeros(1, dtype=bool), fails)
    region = curve.zone.inner("float64")
    found = first_failure(claim, probes(region))
    if found is not None:
        witness = shrunk(claim, region, found)
        return refuted(f"at {point_text(witness)} there is no real value", witness)
    covered = curve.cover(
        lambda boxes: ~curve.values(boxes).values.undefined,
        lambda boxes: _defined_between(curve, boxes),
    )
    if covered.is_complete:
        return proved(f"defined for {curve.zone}: certified bounds say so")
    return unknown(f"no point was found at which it is undefined, and none ruled out for {curve.zone}")


def is_undefined(program: Program, point: Point, constants: Mapping[str, float]) -> bool:
    """Whether a function certainly has no real value at a point."""
    (root,) = IntervalEvaluator(program, None, constants)({name: (value, value) for name, value in point.items()})
    return bool(np.all(root.is_empty & root.undefined))


def _defined_between(curve: Curve, boxes: Boxes) -> Bools:
    sure = ~curve.values(boxes, inside=(True, True)).values.undefined
    ends = curve.zone.open_ends(boxes)[curve.wrt]
    for high in (False, True):
        sure = sure & (ends[high] | ~curve.at_end(boxes, high=high).values.undefined)
    return np.asarray(sure)
