"""A loss of one output under the softmax link: what it is for the class, and for every other output.

Whether the outputs that are not the class matter is found out and not declared: y is bound to its number, and what
bounds over 0 < p < 1 show to be one number, whatever the parameters are, becomes that number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from symkit.checking.folding import folded
from symkit.checking.region import Region
from symkit.checking.target import with_leaf
from symkit.errors import DomainError
from symkit.evaluation.interval_arithmetic import Intervals
from symkit.evaluation.intervals import IntervalEvaluator
from symkit.ir import Kind, Node, Program, ProgramBuilder, lower, rebuild
from symkit.ops import Operator
from symkit.text import Expression
from symkit.text.expression import needed_constants
from symkit.transform import shared, stabilise
from symkit.transform.link import LOG_P, LOG_Q, PREDICTION, by_log_probability

TARGET = "y"


@dataclass(frozen=True)
class Curves:
    """A loss of one output under the softmax link, by log p and log q, where q = 1 - p.

    Attributes:
        leaves: names of parameters and then of constants that may be set, in calling order, after the inputs.
        any: the loss for any target; inputs are "y", `LOG_P` and `LOG_Q`.
        target: the loss of the output that is the class; inputs are `LOG_P` and `LOG_Q`.
        other: that of every other output.
        is_sparse: whether `other` depends on neither input: only the output that is the class has to be computed.
    """

    leaves: tuple[str, ...]
    any: Program
    target: Program
    other: Program
    is_sparse: bool


def curves(expression: Expression, *, classes: int | None = None, label_smoothing: float = 0.0) -> Curves:
    """The curves of a loss of y and p.

    Args:
        classes: number of outputs, which label smoothing depends on: the class has the target
            1 - label_smoothing + label_smoothing/classes, every other output label_smoothing/classes.

    Raises:
        DomainError: for a loss of anything but y and p.
    """
    if not label_smoothing:
        return _curves(expression, 1.0, 0.0)
    if classes is None:
        raise DomainError(f"label smoothing of {label_smoothing:g} needs the number of classes")
    other = label_smoothing / classes
    return _curves(expression, 1 - label_smoothing + other, other)


@lru_cache(maxsize=1024)
def _curves(expression: Expression, target: float, other: float) -> Curves:
    for name in expression.program.inputs:
        if name not in (TARGET, PREDICTION):
            raise DomainError(
                f"under a softmax a loss is written in the target y and the probability p; {expression} has {name}. "
                'A loss of the logit z goes with link="sigmoid", one output at a time'
            )
    whole, own, rest = (
        shared(stabilise(by_log_probability(program)))
        for program in (expression.program, *(_at(expression.program, y) for y in (target, other)))
    )
    builder = ProgramBuilder()
    constants = needed_constants(builder.build([builder.include(part)[part.root] for part in (whole, own, rest)]))
    return Curves((*expression.parameters, *constants), whole, own, rest, is_sparse=not _has_prediction(rest))


def _at(program: Program, target: float) -> Program:
    """The loss for one target, without what has no part in it for any 0 < p < 1 and any parameters."""
    fixed = lower(with_leaf(program, TARGET, Node(Kind.NUMBER, target)), _hides_no_constant)
    region = _region(fixed)
    bounds = IntervalEvaluator(fixed, None).every_node(region.boxes.bounds)
    is_defined = _defined_somewhere(fixed, bounds)
    alive = _without_dead_parts(fixed, bounds, is_defined)
    if PREDICTION in alive.inputs and all(is_defined):
        # Terms that cancel are found only in expanded Programs, where composites have lost derivatives of their own.
        expanded = folded(alive, region, {})
        if not _has_prediction(by_log_probability(expanded)):
            return expanded
    return alive


def _has_prediction(program: Program) -> bool:
    return not {LOG_P, LOG_Q}.isdisjoint(program.inputs)


def _region(program: Program) -> Region:
    """Every probability, and every value of what else there is: bounds hold whatever is learnt."""
    free = (*program.parameters, *needed_constants(program))
    return Region.of({PREDICTION: (0.0, 1.0), **dict.fromkeys(free, (-math.inf, math.inf))}, None)


def _defined_somewhere(program: Program, bounds: Sequence[Intervals]) -> list[bool]:
    """For each node, whether it and all that it stands on have a value at some point of the region."""
    found: list[bool] = []
    for node, bound in zip(program.nodes, bounds, strict=True):
        found.append(not bound.is_empty.any() and all(found[operand] for operand in node.operands))
    return found


def _without_dead_parts(program: Program, bounds: Sequence[Intervals], is_defined: Sequence[bool]) -> Program:
    """Nodes that are one number over the region replaced by it, and selects that are settled by their branch.

    The region holds the ends 0 and 1 of p, where there may be poles: what is the same number there too, or where it is
    not defined, is that number between them. What stands on something that is defined nowhere, such as 1/0, is left
    to the arithmetic of floating-point numbers.
    """
    indices = iter(range(len(program.nodes)))

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        index = next(indices)
        if node.is_leaf:
            return None
        low, high = float(bounds[index].low.flat[0]), float(bounds[index].high.flat[0])
        if is_defined[index] and low == high and math.isfinite(low):
            return builder.number(low + 0.0)
        if node.operator.is_select and (condition := builder.literal(operands[0])) is not None:
            return operands[1] if condition else operands[2]
        return None

    return rebuild(program, change)


@lru_cache(maxsize=1024)
def _hides_no_constant(operator: Operator) -> bool:
    """Whether no constant that may be set stands inside an operator: bounds know only those that are leaves."""
    builder = ProgramBuilder()
    operands = tuple(builder.input(str(slot)) for slot in range(operator.arity))
    return not needed_constants(builder.build([builder.apply(operator, operands)]))
