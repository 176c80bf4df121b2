"""Fewer variables: where a function of several inputs is one of a single quantity, that is what is split.

`tanh(y - p)*(y - p)` is a function of `y - p`. Bounds of y and of p know nothing of how the two factors go together;
bounds of the difference do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from symkit.checking.prover import Claim, Outcome, decide
from symkit.checking.region import Region
from symkit.evaluation.formats import FORMATS
from symkit.evaluation.intervals import IntervalEvaluator
from symkit.ir import Kind, Node, Program, ProgramBuilder, rebuild

QUANTITY = "quantity:"
"""Begins the names of quantities; no text can spell them."""


def reduced(program: Program, region: Region, constants: Mapping[str, float]) -> tuple[Program, Region]:
    """The Program as one of the single quantity that it depends on, and the range of that; itself if there is none.

    What holds for all values of the quantity holds for all inputs for which it is defined. In a dtype the quantity is a
    number of the dtype that is computed in.
    """
    place = _bottleneck(program) if len(region.names) > 1 else None
    if place is None:
        return program, region
    evaluator = IntervalEvaluator(program, None if region.is_real else region.format, constants)
    value = evaluator.every_node(region.boxes.bounds)[place]
    low, high = float(np.min(value.low)), float(np.max(value.high))
    if low > high or (value.undefined.any() and not region.is_real):
        return program, region
    name, form = f"{QUANTITY}{place}", FORMATS[region.format.computed]
    # In a dtype the quantity may be infinite, which no input is.
    bounds = (int(form.ordinals(low if low else -0.0)),), (int(form.ordinals(high + 0.0)),)
    return _with_quantity(program, place, name), Region(form, (name,), *bounds, region.is_real)


def decide_by_quantity(
    claim_about: Callable[[Program, Region, Mapping[str, float]], Claim],
    claim: Claim,
    program: Program,
    region: Region,
    constants: Mapping[str, float],
    seconds: float,
) -> Outcome:
    """Branch and bound on the quantity that the Program is a function of, if there is one, and then on all inputs.

    Args:
        claim_about: what is claimed of a Program over a region.
        claim: that of this Program, by whose points it is refuted.
    """
    smaller, quantity = reduced(program, region, constants)
    if quantity is not region:
        # A value of the quantity is no witness: nobody says which inputs have it.
        outcome = decide(claim_about(smaller, quantity, constants).without_points(), quantity, seconds / 2)
        if outcome.is_proved:
            return outcome
    return decide(claim, region, seconds / 2)


def _bottleneck(program: Program) -> int | None:
    """The first node through which every way from an input to a root leads; neither a leaf nor a root."""
    varying: list[bool] = []
    for node in program.nodes:
        varying.append(node.kind in (Kind.INPUT, Kind.PARAMETER) or any(varying[i] for i in node.operands))
    for index, node in enumerate(program.nodes):
        if not node.is_leaf and varying[index] and index not in program.roots:
            if _cuts_off(program, index, varying):
                return index
    return None


def _cuts_off(program: Program, place: int, varying: list[bool]) -> bool:
    """Whether nothing that varies reaches the roots but through this node."""
    reached: set[int] = set()
    stack = list(program.roots)
    while stack:
        index = stack.pop()
        if index == place or index in reached or not varying[index]:
            continue
        if program.nodes[index].is_leaf:
            return False
        reached.add(index)
        stack.extend(program.nodes[index].operands)
    return True


def _with_quantity(program: Program, place: int, name: str) -> Program:
    indices = iter(range(len(program.nodes)))

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        return builder.input(name) if next(indices) == place else None

    return rebuild(program, change)
