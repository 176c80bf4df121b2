"""The interpreter of analytic Programs on complex balls: what a quadrature with a proven error evaluates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from symkit.errors import DomainError
from symkit.ir import Kind, Node, Program, lower
from symkit.text.names import FIXED_CONSTANTS


class AnalyticEvaluator:
    """A Program of analytic operators of one variable, compiled to a list of steps.

    At a ball of no radius the results are balls around the exact values. On a wide one a finite result says that the
    function is analytic there, and holds all its values. Balls have the precision of flint's context.
    """

    def __init__(self, program: Program, variable: str, constants: Mapping[str, float]) -> None:
        """Raises DomainError for an operator that has no analytic form."""
        program = _lowered(program)
        self._roots = program.roots
        self._values: list[Any] = [None] * len(program.nodes)
        self._places: list[int] = []
        self._steps: list[tuple[int, Any, int, int]] = []
        for index, node in enumerate(program.nodes):
            if node.kind is Kind.INPUT and node.name == variable:
                self._places.append(index)
            elif node.is_leaf:
                self._values[index] = _leaf(node, constants)
            elif node.operator.analytic is None:
                raise DomainError(f"{node.operator.name} is not analytic")
            else:
                first, second = (*node.operands, -1)[:2]
                self._steps.append((index, node.operator.analytic, first, second))

    def __call__(self, x: Any) -> list[Any]:
        """The `acb` of every root at the `acb` x."""
        values = self._values.copy()
        for place in self._places:
            values[place] = x
        for index, form, first, second in self._steps:
            values[index] = form(values[first]) if second < 0 else form(values[first], values[second])
        return [values[root] for root in self._roots]


def is_analytic(program: Program) -> bool:
    """Whether every operator has an analytic form; that of a kink is that of one side."""
    return all(node.is_leaf or node.operator.analytic is not None for node in _lowered(program).nodes)


def has_exact_slope(program: Program) -> bool:
    """Whether its derivative is exact, and not only right to float64."""
    lowered = lower(program, lambda operator: operator.partials is not None)
    return not any(node.operator.rounded_partials for node in lowered.nodes if not node.is_leaf)


def _lowered(program: Program) -> Program:
    return lower(program, lambda operator: operator.analytic is not None)


def _leaf(node: Node, constants: Mapping[str, float]) -> Any:
    from flint import acb, arb

    if node.kind is Kind.NUMBER:
        return acb(node.number)
    if node.name in FIXED_CONSTANTS:
        return acb({"pi": arb.pi, "e": arb.const_e}[node.name]())
    if node.name in constants:
        return acb(constants[node.name])
    raise DomainError(f"{node.name} has no value; given: {', '.join(constants) or 'nothing'}")


def real_ball(low: float, high: float) -> Any:
    """An `acb` of all real numbers between two bounds."""
    from flint import acb, arb

    return acb(arb(low).union(arb(high)))


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Flint's context at so many bits."""
    from flint import ctx

    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before
