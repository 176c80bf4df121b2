"""Closure: does every input in a region, each a finite number of a dtype, give a finite result?

Programs are judged as written, operator by operator in the dtype. An infinity on the way is allowed where the result
does not show it, as in `exp(-exp(x))`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from symkit.checking.explain import explanation
from symkit.checking.probes import probes
from symkit.checking.prover import Claim, Outcome, Point, first_failure
from symkit.checking.reduction import decide_by_quantity
from symkit.checking.region import Region
from symkit.checking.shrink import shrunk
from symkit.checking.verdict import Verdict, proved, refuted, unknown
from symkit.evaluation import evaluate_numpy
from symkit.evaluation.formats import Floats
from symkit.evaluation.intervals import IntervalEvaluator
from symkit.evaluation.time_limit import OutOfTime, time_limit
from symkit.ir import Program

SECONDS = 0.6
"""How long a proof may take by default."""


def closure(program: Program, region: Region, constants: Mapping[str, float], seconds: float = SECONDS) -> Verdict:
    """Whether all roots are finite at every point of a region of a dtype's numbers.

    Args:
        program: one root or more.
        region: ranges of all inputs and parameters.
        constants: values of the settable constants.

    A witness is a point where numpy, operator by operator in the dtype, gives a root that is NaN or infinite.
    """
    claim = finiteness(program, region, constants)
    found = first_failure(claim, probes(region))
    outcome = (
        Outcome(False, found, None, 0)
        if found
        else decide_by_quantity(finiteness, claim, program, region, constants, seconds)
    )
    if outcome.counterexample is not None:
        witness = _witness(claim, region, outcome.counterexample, seconds)
        return refuted(explanation(program, witness, constants, region.format), witness)
    if outcome.is_proved:
        return proved(f"finite for {region}: {outcome.ground}" if region.names else f"finite: {outcome.ground}")
    assert outcome.open is not None
    form = region.format
    place = ", ".join(f"{n} in [{form.text(a)}, {form.text(b)}]" for n, (a, b) in outcome.open.items())
    return unknown(
        f"no input was found that fails, and no proof within {outcome.boxes} boxes; left open: {place or 'all'}"
    )


def _witness(claim: Claim, region: Region, counterexample: Point, seconds: float) -> Point:
    """A simple witness, in about so many seconds. One that every library agrees on is the better one."""
    try:
        with time_limit(seconds / 2):
            sure = first_failure(claim.strict, probes(region))
            if sure is not None:
                return shrunk(claim.strict, region, sure)
    except OutOfTime:
        pass
    with time_limit(seconds / 2):
        return shrunk(claim, region, counterexample)


def finiteness(program: Program, region: Region, constants: Mapping[str, float]) -> Claim:
    """The claim that all roots are finite."""
    evaluator = IntervalEvaluator(program, region.format, constants)

    def holds(boxes: Mapping[str, tuple[Floats, Floats]]) -> NDArray[np.bool_]:
        roots = evaluator(boxes)
        sure = [np.isfinite(root.low) & np.isfinite(root.high) & ~root.undefined & ~root.is_empty for root in roots]
        return np.asarray(np.logical_and.reduce(np.broadcast_arrays(*sure)))

    def fails(points: Mapping[str, Floats]) -> NDArray[np.bool_]:
        roots = evaluate_numpy(program, {**points, **constants}, region.format.name)
        return np.asarray(~np.logical_and.reduce(np.broadcast_arrays(*(np.isfinite(root) for root in roots))))

    def surely(points: Mapping[str, Floats]) -> NDArray[np.bool_]:
        roots = evaluator({name: (column, column) for name, column in points.items()})
        infinite = [root.is_empty | np.isinf(root.low) & (root.low == root.high) for root in roots]
        return np.asarray(np.logical_or.reduce(np.broadcast_arrays(*infinite)))

    return Claim(holds, fails, surely)
