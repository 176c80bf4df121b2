"""Rectifiers: about x above 0, and less of it below; hard, exponential and smooth ones, as composites."""

from __future__ import annotations

import math

from symkit.ops import interval_forms as intervals
from symkit.ops.record import Algebra, Condition, Form, Operator, Term

SELU_SCALE = 1.0507009873554804934193349852946
SELU_ALPHA = 1.6732632423543772848170429916717


def _exponential_below(b: Algebra, x: Term, alpha: Term | float, scale: Term | float = 1.0) -> Term:
    """x above 0, alpha*(exp(x/scale) - 1) below; the exponential never sees a positive operand."""
    below = b("where", x > 0, 0, x)
    inner = below if scale == 1.0 else below / scale
    return b("where", x > 0, x, alpha * b("expm1", inner))


def _elu_by_x(b: Algebra, x: Term, alpha: Term, r: Term) -> Term:
    return b("where", x > 0, 1, alpha * b("exp", b("where", x > 0, 0, x)))


def _elu_by_alpha(b: Algebra, x: Term, alpha: Term, r: Term) -> Term:
    return b("where", x > 0, 0, b("expm1", b("where", x > 0, 0, x)))


def _selu(scale: float, alpha: float) -> Form:
    return lambda b, x: scale * _exponential_below(b, x, alpha)


def _selu_derivative(scale: float, alpha: float) -> Form:
    return lambda b, x, r: b("where", x > 0, scale, scale * alpha * b("exp", b("where", x > 0, 0, x)))


def _celu_by_x(b: Algebra, x: Term, alpha: Term, r: Term) -> Term:
    return b("where", x > 0, 1, b("exp", b("where", x > 0, 0, x) / alpha))


def _celu_by_alpha(b: Algebra, x: Term, alpha: Term, r: Term) -> Term:
    # expm1(u) - u*exp(u); a negative alpha makes u positive, where the two would cancel as infinities.
    u = b("where", x > 0, 0, x) / alpha
    exponential = b("exp", u)
    below = b("where", u > 1, (1 - u) * exponential - 1, b("expm1", u) - u * exponential)
    return b("where", x > 0, 0, below)


def _smooth_relu_by_beta(b: Algebra, x: Term, beta: Term, r: Term) -> Term:
    return (x * b("sigmoid", beta * x) - r) / beta


def _squareplus(b: Algebra, x: Term, width: Term) -> Term:
    # Below 0 the sum cancels; its conjugate does not.
    root = b("hypot", x, b("sqrt", width))
    return b("where", x < 0, 0.5 * width / (root - x), 0.5 * (x + root))


OPERATORS = (
    Operator(
        "relu",
        1,
        "max(x, 0).",
        "B section 4.7",
        latex=r"\operatorname{{ReLU}}\left({0}\right)",
        expansion=lambda b, x: b("max", x, 0),
        interval=intervals.rectified,
        partials=(lambda b, x, r: b("where", x > 0, 1, 0),),
        smoothness=0,
        kinks=lambda b, x: (x,),
        at_kink="0",
        trend=("increasing",),
        range=(0.0, math.inf),
        safe=(1.0,),
        torch="torch.relu",
        torch_backward=(lambda b, x, r, g: b("where", r <= 0, 0, g),),
        native="relu",
    ),
    Operator(
        "relu6",
        1,
        "min(max(x, 0), 6).",
        "torch.nn.ReLU6",
        expansion=lambda b, x: b("min", b("relu", x), 6),
        smoothness=0,
        kinks=lambda b, x: (x, x - 6),
        at_kink="0 at 0, 1/2 at 6",
        trend=("increasing",),
        range=(0.0, 6.0),
        safe=(1.0,),
        cost=2,
    ),
    Operator(
        "leaky_relu",
        2,
        "x above 0, slope*x below; slope 0.01 unless given.",
        "B section 4.7",
        aliases=("leakyrelu", "lrelu"),
        defaults=(0.01,),
        latex=r"\operatorname{{LeakyReLU}}\left({0}\right)",
        expansion=lambda b, x, slope: b("where", x > 0, x, slope * x),
        smoothness=0,
        kinks=lambda b, x, slope: (x,),
        at_kink="slope",
        safe=(1.0, 0.01),
        cost=2,
    ),
    Operator(
        "prelu",
        2,
        "x above 0, alpha*x below; alpha 0.25 unless given. Write prelu(x, alpha) to learn it.",
        "B section 4.7",
        defaults=(0.25,),
        expansion=lambda b, x, alpha: b("where", x > 0, x, alpha * x),
        smoothness=0,
        kinks=lambda b, x, alpha: (x,),
        at_kink="alpha",
        safe=(1.0, 0.25),
        cost=2,
    ),
    Operator(
        "elu",
        2,
        "x above 0, alpha*(exp(x) - 1) below; alpha 1 unless given.",
        "B section 4.7",
        defaults=(1.0,),
        latex=r"\operatorname{{ELU}}\left({0}\right)",
        expansion=_exponential_below,
        partials=(_elu_by_x, _elu_by_alpha),
        smoothness=0,
        kinks=lambda b, x, alpha: (x,),
        at_kink="alpha",
        safe=(1.0, 1.0),
        cost=16,
    ),
    Operator(
        "selu",
        1,
        "Scaled ELU with the constants that keep mean 0 and variance 1.",
        "B section 4.7, with the constants at full precision",
        latex=r"\operatorname{{SELU}}\left({0}\right)",
        expansion=_selu(SELU_SCALE, SELU_ALPHA),
        partials=(_selu_derivative(SELU_SCALE, SELU_ALPHA),),
        smoothness=0,
        kinks=lambda b, x: (x,),
        at_kink="1.7581, scale*alpha",
        trend=("increasing",),
        range=(-1.7581, math.inf),
        safe=(1.0,),
        cost=17,
    ),
    Operator(
        "selu_printed",
        1,
        "Scaled ELU with the nine-digit constants as printed.",
        "B section 4.7",
        aliases=("selu_seed",),
        expansion=_selu(1.05070098, 1.67326324),
        partials=(_selu_derivative(1.05070098, 1.67326324),),
        smoothness=0,
        kinks=lambda b, x: (x,),
        at_kink="1.7581, scale*alpha",
        trend=("increasing",),
        safe=(1.0,),
        cost=17,
    ),
    Operator(
        "celu",
        2,
        "x above 0, alpha*(exp(x/alpha) - 1) below; alpha 1 unless given.",
        "torch.nn.CELU",
        defaults=(1.0,),
        expansion=lambda b, x, alpha: _exponential_below(b, x, alpha, alpha),
        partials=(_celu_by_x, _celu_by_alpha),
        domain=(Condition("!= 0", lambda b, x, alpha: alpha),),
        torch_exception="for a negative alpha torch's derivatives are NaN where exp(x/alpha) overflows",
        smoothness=1,
        kinks=lambda b, x, alpha: (x,),
        at_kink="1",
        safe=(1.0, 1.0),
        cost=20,
    ),
    Operator(
        "threshold",
        3,
        "x above the threshold, else value; 0 and 0 unless given.",
        "torch.nn.Threshold",
        defaults=(0.0, 0.0),
        expansion=lambda b, x, threshold, value: b("where", x > threshold, x, value),
        smoothness=-1,
        kinks=lambda b, x, threshold, value: (x - threshold,),
        at_kink="0",
        safe=(1.0, 0.0, 0.0),
        cost=2,
    ),
    Operator(
        "smooth_relu",
        2,
        "softplus(beta*x)/beta; beta 1 unless given.",
        "R section 5.2.3, equation 5.6",
        defaults=(1.0,),
        expansion=lambda b, x, beta: b("softplus", beta * x) / beta,
        partials=(lambda b, x, beta, r: b("sigmoid", beta * x), _smooth_relu_by_beta),
        domain=(Condition("!= 0", lambda b, x, beta: beta),),
        safe=(0.0, 1.0),
        cost=30,
    ),
    Operator(
        "smooth_leaky_relu",
        3,
        "softplus(beta*x)/beta*(1 - gamma) + gamma*x; gamma 0.01 and beta 10 unless given.",
        "R section 5.2.3, equation 5.7",
        defaults=(0.01, 10.0),
        expansion=lambda b, x, gamma, beta: b("smooth_relu", x, beta) * (1 - gamma) + gamma * x,
        domain=(Condition("!= 0", lambda b, x, gamma, beta: beta),),
        safe=(0.0, 0.01, 10.0),
        cost=34,
    ),
    Operator(
        "squareplus",
        2,
        "(x + sqrt(x**2 + b))/2; b 4 unless given.",
        "an algebraic stand-in for softplus",
        defaults=(4.0,),
        expansion=_squareplus,
        smoothness=0,
        kinks=lambda b, x, width: (b("hypot", x, b("sqrt", width)),),
        at_kink="NaN where both are 0",
        domain=(Condition(">= 0", lambda b, x, width: width),),
        safe=(0.0, 4.0),
        cost=8,
    ),
)
