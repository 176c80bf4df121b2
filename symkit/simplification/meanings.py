"""What operators mean over the reals, written with exponentials, logarithms and roots: for proofs, never for values."""

from __future__ import annotations

from functools import cache

from symkit.ir import Program, lower
from symkit.ops import Operator
from symkit.transform import Rule, rewrite

MEANINGS = tuple(
    Rule(f"meaning_{left.partition('(')[0]}", left, right)
    for left, right in (
        ("sigmoid(a)", "1/(1 + exp(-a))"),
        ("log_sigmoid(a)", "-log(1 + exp(-a))"),
        ("softplus(a)", "log(1 + exp(a))"),
        ("logaddexp(a, b)", "log(exp(a) + exp(b))"),
        ("tanh_softplus(a)", "((1 + exp(a))**2 - 1)/((1 + exp(a))**2 + 1)"),
        ("log_cosh(a)", "log(cosh(a))"),
        ("gaussian(a)", "exp(-a**2)"),
        ("expm1(a)", "exp(a) - 1"),
        ("log1p(a)", "log(1 + a)"),
        ("erfc(a)", "1 - erf(a)"),
        ("normal_cdf(a)", "(1 + erf(a/sqrt(2)))/2"),
        ("hypot(a, b)", "sqrt(a**2 + b**2)"),
        ("relu(a)", "max(a, 0)"),
    )
)

MAX_ROUNDS = 4


@cache
def _known() -> frozenset[Operator]:
    return frozenset(rule.top for rule in MEANINGS)


def spelled_out(program: Program) -> Program:
    """The same real function without composites."""
    for _ in range(MAX_ROUNDS):
        before = program
        program = lower(rewrite(program, MEANINGS), lambda operator: operator.is_primitive or operator in _known())
        if program == before:
            break
    return program
