"""Stabilising: forms that overflow or cancel become ones that do not, before derivatives are taken.

`log(sigmoid(x))` is -inf at x = -104 in float32 and its gradient NaN; `log_sigmoid(x)` is -104 and 1. Every rule keeps
the real function; it changes what a dtype makes of it. More specific rules stand first.
"""

from __future__ import annotations

from functools import lru_cache

from symkit.ir import Program
from symkit.text import Expression
from symkit.transform.rewrite import Rule, rewrite

OVERFLOW = "exp overflows, and the quotient of infinities is NaN"
CANCELS = "the difference cancels where the exponential is near 1"
SQUARES = ("{}**2", "square({})", "{}*{}")


def _squares(template: str, *names: str) -> list[str]:
    """The pattern once for every way to write the squares of `names`."""
    patterns = [template]
    for name in names:
        patterns = [p.replace(f"<{name}>", s.format(name, name)) for p in patterns for s in SQUARES]
    return patterns


def _each(name: str, patterns: list[str], replacement: str, why: str) -> list[Rule]:
    return [Rule(f"{name}_{i}" if i else name, p, replacement, why) for i, p in enumerate(patterns)]


RULES: tuple[Rule, ...] = (
    Rule("double_negation", "neg(neg(a))", "a", "cleans up after the rules below; exact"),
    # tanh
    Rule("tanh_of_exponentials", "(exp(a) - exp(-a))/(exp(a) + exp(-a))", "tanh(a)", OVERFLOW),
    Rule("tanh_of_sinh", "sinh(a)/cosh(a)", "tanh(a)", OVERFLOW),
    Rule("tanh_of_expm1", "expm1(a)/(1 + exp(a))", "tanh(0.5*a)", OVERFLOW),
    Rule("tanh_of_expm1_negative", "-expm1(a)/(1 + exp(a))", "-tanh(0.5*a)", OVERFLOW),
    *(
        Rule(f"one_{word}_tanh", f"1 {sign} tanh(a)", f"2*sigmoid({a})", "the sum cancels where tanh rounds to 1 or -1")
        for word, sign, a in (("plus", "+", "2*a"), ("minus", "-", "-2*a"))
    ),
    # sigmoid
    Rule("sigmoid_of_quotient", "exp(a)/(1 + exp(a))", "sigmoid(a)", OVERFLOW),
    Rule("sigmoid_of_scaled_quotient", "b*exp(a)/(1 + exp(a))", "b*sigmoid(a)", OVERFLOW),
    Rule("sigmoid_of_two_exponentials", "exp(a)/(exp(a) + exp(b))", "sigmoid(a - b)", OVERFLOW),
    *_each(
        "sigmoid_slope",
        ["exp(a)/(1 + exp(a))**2", "exp(a)/square(1 + exp(a))", "exp(a)/((1 + exp(a))*(1 + exp(a)))"],
        "sigmoid(a)*sigmoid(-a)",
        OVERFLOW,
    ),
    *_each(
        "sigmoid_of_reciprocal",
        ["1/(1 + exp(a))", "(1 + exp(a))**-1", "reciprocal(1 + exp(a))"],
        "sigmoid(-a)",
        "exp overflows, and the derivative is infinity over infinity",
    ),
    Rule(
        "sigmoid_of_division",
        "b/(1 + exp(a))",
        "b*sigmoid(-a)",
        "exp overflows, and the derivative is infinity over infinity",
    ),
    Rule("sigmoid_complement", "1 - sigmoid(a)", "sigmoid(-a)", "the difference is 0 where sigmoid rounds to 1"),
    # logarithms
    Rule("log_of_sigmoid", "log(sigmoid(a))", "log_sigmoid(a)", "sigmoid underflows to 0, whose log is -inf"),
    Rule("log_of_one_plus_exp", "log(1 + exp(a))", "softplus(a)", "exp overflows, and below -17 the sum rounds to 1"),
    Rule("log1p_of_exp", "log1p(exp(a))", "softplus(a)", "exp overflows"),
    Rule("log_of_exp", "log(exp(a))", "a", "exp overflows or underflows"),
    Rule("log_of_sum_of_exps", "log(exp(a) + exp(b))", "logaddexp(a, b)", "exp overflows or underflows"),
    Rule("log_of_cosh", "log(cosh(a))", "log_cosh(a)", "cosh overflows, and near 0 the log of 1 cancels"),
    *_each("log_of_square", _squares("log(<a>)", "a"), "2*log(abs(a))", "the square overflows or underflows"),
    Rule("log_of_one_plus", "log(1 + a)", "log1p(a)", "the sum rounds a away near 0"),
    Rule("log_of_one_minus", "log(1 - a)", "log1p(-a)", "the difference rounds a away near 0"),
    # exponentials less 1
    Rule("exp_minus_one", "exp(a) - 1", "expm1(a)", CANCELS),
    Rule("minus_one_plus_exp", "-1 + exp(a)", "expm1(a)", CANCELS),
    Rule("one_minus_exp", "1 - exp(a)", "-expm1(a)", CANCELS),
    # error functions
    Rule("one_minus_erf", "1 - erf(a)", "erfc(a)", "the difference is 0 where erf rounds to 1"),
    Rule("one_plus_erf", "1 + erf(a)", "erfc(-a)", "the sum is 0 where erf rounds to -1"),
    # square roots
    *_each("root_of_square", _squares("sqrt(<a>)", "a"), "abs(a)", "the square overflows or underflows"),
    *_each("root_of_one_plus_square", _squares("sqrt(1 + <a>)", "a"), "hypot(1, a)", "the square overflows"),
    *_each("root_of_squares", _squares("sqrt(<a> + <b>)", "a", "b"), "hypot(a, b)", "the squares over- or underflow"),
)


@lru_cache(maxsize=4096)
def stabilise(program: Program) -> Program:
    """The same real function in forms that stay finite and accurate."""
    return rewrite(program, RULES)


def stabilised(expression: Expression) -> Expression:
    """An Expression over its stabilised Program."""
    program = stabilise(expression.program)
    return expression if program == expression.program else expression.with_program(program)
