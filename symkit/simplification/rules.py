"""The named rules in one place, as data. Those with conditions apply only where these are proved.

Where the two sides of a rule cost the same, the right one is the form that other rules, and readers, know.
"""

from __future__ import annotations

from symkit.simplification.function_rules import (
    CANCELLING,
    EXPONENTIALS,
    EXTREMA,
    HYPERBOLIC,
    LOGISTIC,
    NAMED,
    ROUNDED,
    selects,
)
from symkit.simplification.plain_rules import DELETING, LITERALS, NEUTRAL, POWERS, SUMS, SUMS_OF_LITERALS
from symkit.transform import RULES as STABILISING
from symkit.transform import Rule
from symkit.transform.algebra import RULES as SHARING

CHEAPER: tuple[Rule, ...] = (
    *NEUTRAL,
    *LITERALS,
    *DELETING,
    *POWERS,
    *SUMS,
    *SUMS_OF_LITERALS,
    *EXTREMA,
    *selects(),
    *EXPONENTIALS,
    *LOGISTIC,
    *HYPERBOLIC,
    *NAMED,
    *ROUNDED,
)

STEADIER: tuple[Rule, ...] = (
    Rule("root_less_one", "hypot(1, a) - 1", "a*(a/(1 + hypot(1, a)))", "the difference cancels where a is small"),
    Rule("gate_left_over", "a - swish(a)", "a*sigmoid(-a)", "the difference cancels where the gate is open"),
    Rule("softplus_left_over", "softplus(a) - a", "softplus(-a)", "the difference cancels where softplus rounds to a"),
    Rule("tanh_of_sigmoid", "2*sigmoid(a) - 1", "tanh(0.5*a)", "the difference cancels near 0"),
    Rule("sigmoid_less_half", "sigmoid(a) - 0.5", "0.5*tanh(0.5*a)", "the difference cancels near 0"),
    Rule("half_less_sigmoid", "0.5 - sigmoid(a)", "-0.5*tanh(0.5*a)", "the difference cancels near 0"),
    Rule(
        "one_less_square_of_tanh",
        "1 - square(tanh(a))",
        "square(sech(a))",
        "the difference cancels where tanh rounds to 1",
    ),
    Rule(
        "one_less_square_of_tanh_2",
        "1 - tanh(a)**2",
        "square(sech(a))",
        "the difference cancels where tanh rounds to 1",
    ),
    Rule("one_less_cos", "1 - cos(a)", "2*square(sin(0.5*a))", "the difference cancels near 0"),
    Rule("cosh_less_one", "cosh(a) - 1", "2*square(sinh(0.5*a))", "the difference cancels near 0"),
)
"""Rules after those of `stabilise`, for forms that may cost more."""

STABLE: tuple[Rule, ...] = (*STABILISING, *STEADIER)
ALL: tuple[Rule, ...] = (*STABILISING, *STEADIER, *SHARING, *CHEAPER)

KEEPING: tuple[Rule, ...] = tuple(rule for rule in ALL if rule not in DELETING)
"""All rules but those that remove an operand which may have made the whole NaN."""

EXACT: tuple[Rule, ...] = (
    *(rule for rule in ALL if rule not in (*LITERALS, *SUMS_OF_LITERALS, *ROUNDED)),
    *CANCELLING,
)
"""Rules whose two sides are the same real function to the last digit, and undefined at the same points."""
