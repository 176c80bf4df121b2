"""The ball interpreter: rigorous enclosures through Arb."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from symkit.evaluation.time_limit import check_time
from symkit.ir import Kind, Node, Program, interpret, lower


def evaluate_balls(program: Program, values: Mapping[str, Any], bits: int = 128) -> list[Any]:
    """An `arb` for every root, holding the exact value, or every value if leaves are balls of positive radius.

    Args:
        values: a float, an int or an `arb` for every input, parameter and constant by name.
        bits: working precision.

    A ball that is not finite says that the function may be undefined or unbounded there. Raises OutOfTime inside a
    `time_limit`.
    """
    from flint import arb, ctx

    lowered = _lowered(program)
    symbols = {"pi": arb.pi, "e": arb.const_e}
    before = ctx.prec
    ctx.prec = bits
    try:

        def leaf(node: Node) -> Any:
            if node.kind is Kind.NUMBER:
                return arb(node.number)
            if node.kind is Kind.CONSTANT and node.name in symbols:
                return symbols[node.name]()
            value = values[node.name]
            return value if isinstance(value, arb) else arb(value)

        def apply(node: Node, operands: list[Any]) -> Any:
            check_time()
            assert node.operator.ball is not None
            return node.operator.ball(*operands)

        results = interpret(lowered, leaf, apply)
        return [results[root] for root in lowered.roots]
    finally:
        ctx.prec = before


@lru_cache(maxsize=256)
def _lowered(program: Program) -> Program:
    return lower(program, lambda operator: operator.ball is not None)
