"""Which of two functions is the larger one everywhere: facts as data, each sampled against exact values in tests."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from symkit.ir import Program
from symkit.text import parse


@dataclass(frozen=True)
class Fact:
    """`smaller <= larger` wherever both are defined, for all values of the names."""

    smaller: str
    larger: str

    @cached_property
    def low(self) -> Program:
        return parse(f"f() = {self.smaller}").program

    @cached_property
    def high(self) -> Program:
        return parse(f"f() = {self.larger}").program


BETWEEN_0_AND_A = (
    *("swish(a)", "gelu(a)", "mish(a)", "hardswish(a)", "quick_gelu(a)"),
    *("tanh(a)", "arcsinh(a)", "arctan(a)", "softsign(a)"),
)
"""Functions that lie between 0 and their operand."""

FACTS = (
    *(Fact("min(a, 0)", text) for text in BETWEEN_0_AND_A),
    *(Fact(text, "max(a, 0)") for text in BETWEEN_0_AND_A),
    Fact("a", "elu(a)"),
    Fact("elu(a)", "max(a, 0)"),
    Fact("max(a, 0)", "softplus(a)"),
    Fact("softplus(a)", "exp(a)"),
    Fact("log_sigmoid(a)", "min(a, 0)"),
    Fact("sigmoid(a)", "exp(a)"),
    Fact("a", "abs(a)"),
    Fact("-a", "abs(a)"),
    Fact("-abs(a)", "a"),
    Fact("-abs(a)", "-a"),
    Fact("a", "exp(a)"),
    Fact("a", "expm1(a)"),
    Fact("log1p(a)", "a"),
    Fact("log(a)", "a"),
    Fact("log_cosh(a)", "abs(a)"),
    Fact("abs(a)", "hypot(a, b)"),
    Fact("abs(a)", "cosh(a)"),
    Fact("max(a, b)", "logaddexp(a, b)"),
    Fact("min(sinh(a), 0)", "min(a, 0)"),
    Fact("max(a, 0)", "max(sinh(a), 0)"),
    Fact("sin(a)", "abs(a)"),
    Fact("-abs(a)", "sin(a)"),
)
