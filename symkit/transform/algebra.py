"""Algebra for speed: forms that stand on fewer exponentials, applied before derivatives are taken.

The native compiler shares equal subterms, so what counts is that a function and its derivative stand on the same few.
Every rule keeps the real function and is nowhere less accurate than what it replaces by more than rounding.
"""

from __future__ import annotations

from functools import lru_cache

from symkit.ir import Program
from symkit.transform.rewrite import Rule, rewrite

RULES: tuple[Rule, ...] = (
    Rule(
        "gate_of_mish",
        "tanh(softplus(a))",
        "tanh_softplus(a)",
        "one exponential and a quotient in place of two exponentials and a logarithm",
    ),
    Rule(
        "swish_product",
        "a*sigmoid(a)",
        "swish(a)",
        "its derivative, s + swish(a)*sigmoid(-a), stands on the one sigmoid",
    ),
)


@lru_cache(maxsize=4096)
def shared(program: Program) -> Program:
    """The same real function with fewer costly subterms."""
    return rewrite(program, RULES)
