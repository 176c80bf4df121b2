"""The exact interpreter: mpmath at a precision that balls have shown to suffice.

It defines the real function that an expression means. `log(1 + exp(-1000))` needs 1,500 bits before it is not 0;
running again at twice the precision would not notice, an enclosing ball does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from symkit.evaluation.ball import evaluate_balls
from symkit.ir import Kind, Program, lower
from symkit.ops.exact_forms import SATURATION

PRECISIONS = tuple(1 << k for k in range(7, 15))
WANTED_BITS = 100
SMALLEST = 2.0**-1000 * 2.0**-74
"""Errors below the smallest float64 do not matter, whatever they are relative to."""

POLE_BITS = 4096
"""What stays infinite up to here is taken for a pole."""

LIMIT_BITS = 2048
"""Infinite inputs have no ball; at this precision a term of the size of any float64 counts beside 1."""


def evaluate_exact(program: Program, values: Mapping[str, float]) -> list[Any]:
    """The roots of a Program at one point, each an `mpf` good to 30 digits.

    Args:
        values: a float for every input, parameter and constant by name, taken as that exact number.

    Undefined points give NaN, poles an infinity, infinite inputs the limit of each operator. There is one zero.
    Where no precision decides, as for `1/cos(pi/2)` or `sqrt(x)**2 == x`, the value at the highest one stands.
    """
    return _evaluate_at(_lowered(program), values, _sufficient_bits(program, values) + 32)


def _sufficient_bits(program: Program, values: Mapping[str, float]) -> int:
    """The first precision whose balls are narrow enough, or the last one tried."""
    if not all(math.isfinite(value) for value in values.values()):
        return LIMIT_BITS
    for bits in PRECISIONS:
        balls = evaluate_balls(program, values, bits)
        if all(ball.is_finite() for ball in balls):
            if all(ball.rel_accuracy_bits() >= WANTED_BITS or ball.rad() < SMALLEST for ball in balls):
                return bits
        elif bits >= POLE_BITS:
            return bits
    return PRECISIONS[-1]


@lru_cache(maxsize=256)
def _lowered(program: Program) -> Program:
    return lower(program, lambda operator: operator.exact is not None)


def _evaluate_at(program: Program, values: Mapping[str, float], bits: int) -> list[Any]:
    m = _context(bits)
    results: list[Any] = []
    for node in program.nodes:
        if node.kind is Kind.NUMBER:
            results.append(m.mpf(node.number))
        elif node.kind is Kind.CONSTANT and node.name in ("pi", "e"):
            results.append(+getattr(m, node.name))
        elif node.is_leaf:
            results.append(m.mpf(values[node.name]))
        else:
            assert node.operator.exact is not None
            results.append(_saturated(m, node.operator.exact(m, *(results[i] for i in node.operands))))
    return [results[root] for root in program.roots]


def _saturated(m: Any, value: Any) -> Any:
    value = m.convert(value)
    sign, significand, exponent, bits = value._mpf_
    if not significand or abs(exponent + bits) <= SATURATION:
        return value
    if exponent < 0:
        return m.zero
    return m.ninf if sign else m.inf


@lru_cache(maxsize=16)
def _context(bits: int) -> Any:
    from mpmath.ctx_mp import MPContext

    context = MPContext()
    context.prec = bits
    return context
