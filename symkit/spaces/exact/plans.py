"""Small Programs made ready to be applied to the values of their operands at many points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from symkit.ir import Kind, Node, Program, ProgramBuilder, lower
from symkit.ops import Operator
from symkit.spaces.exact.reals import Rule, Value, applied


class Plan:
    """A Program of inputs "0", "1", ..., by slot. Its other leaves are further operands, after those.

    Attributes:
        leaves: what these are.
        rule: (*balls of operands) -> ball, all at once; it says nothing where a step on the way is no number.
    """

    def __init__(self, program: Program, arity: int) -> None:
        quick = lower(program, lambda operator: operator.ball is not None)
        careful = lower(program, lambda operator: operator.exact is not None)
        self.leaves = tuple(
            dict.fromkeys(node for node in (*quick, *careful) if node.is_leaf and node.kind is not Kind.INPUT)
        )
        places = {node: arity + place for place, node in enumerate(self.leaves)}
        places |= {Node(Kind.INPUT, str(slot)): slot for slot in range(arity)}
        self.passes: int | None = places.get(quick.nodes[quick.root])
        """The operand that is the result, if no operator is applied."""
        count = len(places)
        self.rule = _composed([(_ball_of(operator), operands) for operator, operands in _steps(quick, places)], count)
        self._steps = _steps(careful, places)

    def value(self, operands: Sequence[Value]) -> Value:
        """One operator after the other, each as the exact interpreter defines it."""
        values = list(operands)
        for operator, places in self._steps:
            values.append(applied(operator, _ball_of(operator), [values[place] for place in places]))
        return values[-1]


def alone(operator: Operator) -> Program:
    """An operator applied to inputs "0", "1", ..."""
    builder = ProgramBuilder()
    return builder.build([builder.apply(operator, tuple(builder.input(str(slot)) for slot in range(operator.arity)))])


def _steps(program: Program, places: dict[Node, int]) -> list[tuple[Operator, tuple[int, ...]]]:
    """Operators with the places of their operands among values; leaves stand first, then each result."""
    found: list[tuple[Operator, tuple[int, ...]]] = []
    where: list[int] = []
    for node in program.nodes:
        if node.is_leaf:
            where.append(places[node])
        else:
            where.append(len(places) + len(found))
            found.append((node.operator, tuple(where[i] for i in node.operands)))
    return found


def _composed(steps: Sequence[tuple[Rule, tuple[int, ...]]], count: int) -> Rule:
    if len(steps) == 1 and steps[0][1] == tuple(range(count)):
        return steps[0][0]

    def rule(*balls: Any) -> Any:
        values = list(balls)
        for step, places in steps:
            values.append(step(*[values[place] for place in places]))
        return values[-1]

    return rule


@lru_cache(maxsize=256)
def _ball_of(operator: Operator) -> Callable[..., Any]:
    """The operator's rule for balls, or that of its expansion."""
    if operator.ball is not None:
        return operator.ball
    plan = Plan(alone(operator), operator.arity)
    if not plan.leaves:
        return plan.rule

    def rule(*balls: Any) -> Any:
        return plan.rule(*balls, *[type(balls[0])(leaf.number) for leaf in plan.leaves])

    return rule
