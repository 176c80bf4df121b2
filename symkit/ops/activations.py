"""Activation functions of the literature and of torch, as composites."""

from __future__ import annotations

import math

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


def _swish_derivative(b: Algebra, x: Term, r: Term) -> Term:
    s = b("sigmoid", x)
    return s + r * b("sigmoid", -x)


def _gelu_tanh(b: Algebra, x: Term) -> Term:
    # 0.5*(1 + tanh(u)) is sigmoid(2u), which does not cancel for negative x. Beyond 128 that is 0 or 1 in every dtype,
    # and the cube need not overflow.
    held = b("max", b("min", x, 128), -128)
    inner = math.sqrt(2 / math.pi) * (held + 0.044715 * (held * held * held))
    return x * b("sigmoid", 2 * inner)


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


def _elish_gate(gate: Form) -> Form:
    def expansion(b: Algebra, x: Term) -> Term:
        below = b("expm1", b("where", x >= 0, 0, x))
        return b("where", x >= 0, x, below) * gate(b, x)

    return expansion


OPERATORS = (
    Operator(
        "relu",
        1,
        "max(x, 0).",
        "B section 4.7",
        latex=r"\operatorname{{ReLU}}\left({0}\right)",
        expansion=lambda b, x: b("max", x, 0),
        partials=(lambda b, x, r: b("where", x > 0, 1, 0),),
        smoothness=0,
        kinks=lambda b, x: (x,),
        at_kink="0",
        trend=("increasing",),
        range=(0.0, math.inf),
        safe=(1.0,),
        torch="torch.relu",
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
        "gelu",
        1,
        "x times the normal distribution function.",
        "B section 4.7, the definition (gelu_tanh is the approximation printed there)",
        latex=r"\operatorname{{GELU}}\left({0}\right)",
        expansion=lambda b, x: x * b("normal_cdf", x),
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
        "swish",
        1,
        "x*sigmoid(x).",
        "B section 4.7",
        aliases=("silu",),
        latex=r"\operatorname{{Swish}}\left({0}\right)",
        expansion=lambda b, x: x * b("sigmoid", x),
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
        "mish",
        1,
        "x*tanh(softplus(x)).",
        "B section 4.7",
        latex=r"\operatorname{{Mish}}\left({0}\right)",
        expansion=lambda b, x: x * b("tanh_softplus", x),
        range=(-0.3089, math.inf),
        safe=(0.0,),
        cost=40,
    ),
    Operator(
        "hard_sigmoid",
        1,
        "max(0, min(1, 0.2*x + 0.5)); torch's has slope 1/6, see hard_sigmoid_torch.",
        "B section 4.7",
        aliases=("hardsigmoid",),
        latex=r"\operatorname{{HardSigmoid}}\left({0}\right)",
        expansion=lambda b, x: b("max", 0, b("min", 1, (x + 2.5) / 5)),
        smoothness=0,
        kinks=lambda b, x: (x + 2.5, x - 2.5),
        at_kink="0.1, half the slope",
        trend=("increasing",),
        range=(0.0, 1.0),
        safe=(0.0,),
        cost=4,
    ),
    Operator(
        "hard_sigmoid_torch",
        1,
        "relu6(x + 3)/6.",
        "torch.nn.Hardsigmoid",
        expansion=lambda b, x: b("relu6", x + 3) / 6,
        smoothness=0,
        kinks=lambda b, x: (x + 3, x - 3),
        at_kink="0 at -3, 1/12 at 3",
        trend=("increasing",),
        range=(0.0, 1.0),
        safe=(0.0,),
        cost=8,
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
        "hardtanh",
        3,
        "x held between low and high, -1 and 1 unless given.",
        "torch.nn.Hardtanh",
        aliases=("hard_tanh", "clamp", "clip"),
        defaults=(-1.0, 1.0),
        expansion=lambda b, x, low, high: b("min", b("max", x, low), high),
        smoothness=0,
        kinks=lambda b, x, low, high: (x - low, x - high, low - high),
        at_kink="1/2",
        trend=("increasing", "increasing", "increasing"),
        safe=(0.0, -1.0, 1.0),
        cost=2,
    ),
    Operator(
        "hardshrink",
        2,
        "x where |x| > width, else 0; width 0.5 unless given.",
        "torch.nn.Hardshrink",
        defaults=(0.5,),
        expansion=lambda b, x, width: b("where", abs(x) > width, x, 0),
        smoothness=-1,
        kinks=lambda b, x, width: (abs(x) - width,),
        at_kink="0",
        safe=(0.0, 0.5),
        cost=3,
    ),
    Operator(
        "softshrink",
        2,
        "x moved towards 0 by width, 0.5 unless given, and 0 between.",
        "torch.nn.Softshrink",
        defaults=(0.5,),
        expansion=lambda b, x, width: b("where", x > width, x - width, b("where", x < -width, x + width, 0)),
        smoothness=0,
        kinks=lambda b, x, width: (abs(x) - width,),
        at_kink="0",
        safe=(0.0, 0.5),
        cost=5,
    ),
    Operator(
        "tanhshrink",
        1,
        "x - tanh(x).",
        "torch.nn.Tanhshrink",
        expansion=lambda b, x: x - b("tanh", x),
        partials=(lambda b, x, r: b("square", b("tanh", x)),),
        trend=("increasing",),
        safe=(0.0,),
        parity="odd",
        cost=17,
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
        "softsign",
        1,
        "x/(1 + |x|).",
        "B section 4.7",
        latex=r"\operatorname{{Softsign}}\left({0}\right)",
        expansion=lambda b, x: x / (1 + abs(x)),
        partials=(lambda b, x, r: 1 / b("square", 1 + abs(x)),),
        smoothness=1,
        kinks=lambda b, x: (x,),
        at_kink="1; its second derivative, which jumps there, is 0",
        trend=("increasing",),
        range=(-1.0, 1.0),
        safe=(0.0,),
        parity="odd",
        cost=6,
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
    Operator(
        "snake",
        2,
        "x + sin(a*x)**2/a; a 1 unless given.",
        "a periodic activation",
        defaults=(1.0,),
        expansion=lambda b, x, a: x + b("square", b("sin", a * x)) / a,
        domain=(Condition("!= 0", lambda b, x, a: a),),
        safe=(0.0, 1.0),
        cost=20,
    ),
)
