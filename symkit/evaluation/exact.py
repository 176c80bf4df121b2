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

PRECISIONS = (128, 256, 512, 1024, 2048, 4096)
WANTED_BITS = 100
SMALLEST = 2.0**-1000 * 2.0**-74
"""Errors below the smallest float64 do not matter, whatever they are relative to."""

SATURATION = 2**16
"""Magnitudes above 2**65536 count as infinite and below 2**-65536 as 0: no dtype sees a difference."""


def evaluate_exact(program: Program, values: Mapping[str, float]) -> list[Any]:
    """The roots of a Program at one point, each an `mpf` good to 30 digits.

    Args:
        values: a float for every input, parameter and constant by name, taken as that exact number.

    Undefined points give NaN, poles an infinity, infinite inputs the limit of each operator. There is one zero.
    """
    lowered = _lowered(program)
    for bits in PRECISIONS:
        verdict = _accurate(program, values, bits)
        if verdict is not False:
            break
    return _evaluate_at(lowered, values, bits + 32)


@lru_cache(maxsize=256)
def _lowered(program: Program) -> Program:
    return lower(program, lambda operator: operator.exact is not None)


def _accurate(program: Program, values: Mapping[str, float], bits: int) -> bool | None:
    """Whether `bits` suffice; None where balls cannot tell, since a value is not finite."""
    if not all(math.isfinite(value) for value in values.values()):
        return None
    for ball in evaluate_balls(program, values, bits):
        if not ball.is_finite():
            return None if bits >= 512 else False
        if ball.rel_accuracy_bits() < WANTED_BITS and not ball.rad() < SMALLEST:
            return False
    return True


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
