"""Gated activations: x, or its exponential unit, times a gate between 0 and 1, as composites."""

from __future__ import annotations

import math

from symkit.ops.record import Algebra, Form, Operator, Term


def _swish_derivative(b: Algebra, x: Term, r: Term) -> Term:
    s = b("sigmoid", x)
    return s + r * b("sigmoid", -x)


def _gelu_tanh(b: Algebra, x: Term) -> Term:
    # 0.5*(1 + tanh(u)) is sigmoid(2u), which does not cancel for negative x. Beyond 128 that is 0 or 1 in every dtype,
    # and the cube need not overflow.
    held = b("max", b("min", x, 128), -128)
    inner = math.sqrt(2 / math.pi) * (held + 0.044715 * (held * held * held))
    return x * b("sigmoid", 2 * inner)


def _elish_gate(gate: Form) -> Form:
    def expansion(b: Algebra, x: Term) -> Term:
        below = b("expm1", b("where", x >= 0, 0, x))
        return b("where", x >= 0, x, below) * gate(b, x)

    return expansion


OPERATORS = (
    Operator(
        "swish",
        1,
        "x*sigmoid(x).",
        "B section 4.7",
        aliases=("silu",),
        latex=r"\operatorname{{Swish}}\left({0}\right)",
        expansion=lambda b, x: x * b("sigmoid", x),
        turns=(-1.2784645427610737,),
        partials=(_swish_derivative,),
        range=(-0.2785, math.inf),
        safe=(0.0,),
        torch="torch.nn.functional.silu",
        cost=15,
    ),
    Operator(
        "pswish",
        2,
        "x*sigmoid(beta*x); beta 1 unless given. Write pswish(x, beta) to learn it.",
        "B section 4.7",
        defaults=(1.0,),
        expansion=lambda b, x, beta: x * b("sigmoid", beta * x),
        safe=(0.0, 1.0),
        cost=16,
    ),
    Operator(
        "gelu",
        1,
        "x times the normal distribution function.",
        "B section 4.7, the definition (gelu_tanh is the approximation printed there)",
        latex=r"\operatorname{{GELU}}\left({0}\right)",
        expansion=lambda b, x: x * b("normal_cdf", x),
        turns=(-0.7517915246935645,),
        range=(-0.17, math.inf),
        safe=(0.0,),
        cost=28,
    ),
    Operator(
        "gelu_tanh",
        1,
        "The tanh approximation of gelu.",
        "B section 4.7",
        aliases=("gelu_new", "gelu_approx"),
        expansion=_gelu_tanh,
        kinks=lambda b, x: (),
        range=(-0.171, math.inf),
        safe=(0.0,),
        cost=24,
    ),
    Operator(
        "quick_gelu",
        1,
        "x*sigmoid(1.702*x).",
        "the sigmoid approximation of GELU",
        expansion=lambda b, x: x * b("sigmoid", 1.702 * x),
        range=(-0.164, math.inf),
        safe=(0.0,),
        cost=17,
    ),
    Operator(
        "mish",
        1,
        "x*tanh(softplus(x)).",
        "B section 4.7",
        latex=r"\operatorname{{Mish}}\left({0}\right)",
        expansion=lambda b, x: x * b("tanh_softplus", x),
        turns=(-1.1924312145154952,),
        range=(-0.3089, math.inf),
        safe=(0.0,),
        cost=40,
    ),
    Operator(
        "hardswish",
        1,
        "x*relu6(x + 3)/6.",
        "torch.nn.Hardswish",
        aliases=("hard_swish",),
        expansion=lambda b, x: x * b("relu6", x + 3) / 6,
        smoothness=0,
        kinks=lambda b, x: (x + 3, x - 3),
        at_kink="0 at -3, 5/4 at 3",
        range=(-0.375, math.inf),
        safe=(0.0,),
        cost=9,
    ),
    Operator(
        "elish",
        1,
        "Swish above 0, (exp(x) - 1)*sigmoid(x) below.",
        "B section 4.7",
        latex=r"\operatorname{{ELiSH}}\left({0}\right)",
        expansion=_elish_gate(lambda b, x: b("sigmoid", x)),
        smoothness=1,
        kinks=lambda b, x: (x,),
        at_kink="1/2; of the second derivative, that of the upper branch",
        safe=(0.0,),
        cost=32,
    ),
    Operator(
        "hard_elish",
        1,
        "As elish, with max(0, min(1, (x + 1)/2)) in place of the sigmoid.",
        "the hard form of B section 4.7's ELiSH",
        expansion=_elish_gate(lambda b, x: b("max", 0, b("min", 1, 0.5 * (x + 1)))),
        smoothness=0,
        kinks=lambda b, x: (x, x + 1, x - 1),
        at_kink="-0.1580 at -1, 1/2 at 0, 5/4 at 1",
        safe=(0.0,),
        cost=20,
    ),
)
