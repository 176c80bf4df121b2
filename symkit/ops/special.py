"""Special functions, the logistic family included."""

from __future__ import annotations

import math

from symkit.ops import analytic_forms as analytic
from symkit.ops import asymptotic_forms as asymptotic
from symkit.ops import ball_forms as balls
from symkit.ops import exact_forms as exact
from symkit.ops import growth_forms as growth
from symkit.ops.record import Algebra, Operator, Term

TWO_OVER_SQRT_PI = 2 / math.sqrt(math.pi)


def _i1e_derivative(b: Algebra, x: Term, r: Term) -> Term:
    # i1e' = i0e - i1e/x - sign(x)*i1e; the quotient's own derivative cancels near 0, so the power series of
    # I_0(x) - I_1(x)/x serves |x| < 1 (remainder 1e-19).
    quarter = 0.25 * (x * x)
    series: Term | float = 0.0
    for k in range(9, -1, -1):
        coefficient = (k + 0.5) / (math.factorial(k) * math.factorial(k + 1))
        series = coefficient + quarter * series if isinstance(series, Term) else b.number(coefficient)
    return b("where", abs(x) < 1, b("exp", -abs(x)) * series, b("i0e", x) - r / x) - b("sign", x) * r


def _torch_i1e_backward(b: Algebra, x: Term, r: Term, g: Term) -> Term:
    # Torch's bound is the dtype's epsilon; from float64's to float32's both branches are one half. NaN takes 0.5 too.
    return g * b("where", abs(x) > 2.0**-52, b("i0e", x) - r * (b("sign", x) + b("reciprocal", x)), 0.5)


def _torch_log_sigmoid_backward(b: Algebra, x: Term, r: Term, g: Term) -> Term:
    exponential = b("exp", -abs(x))
    share = exponential / (1 + exponential)
    return b("where", x < 0, 1 - share, share) * g


def _tanh_softplus_derivative(b: Algebra, x: Term, r: Term) -> Term:
    # With c = sigmoid(-x) the function is (1 - c**2)/(1 + c**2).
    c = b("sigmoid", -x)
    square = c * c
    return 4 * (b("sigmoid", x) * square) / b("square", 1 + square)


OPERATORS = (
    Operator(
        "sigmoid",
        1,
        "Logistic function 1/(1 + exp(-x)).",
        "B section 4.7",
        aliases=("logistic",),
        latex=r"\sigma\left({0}\right)",
        exact=exact.sigmoid,
        partials=(lambda b, x, r: r * b("sigmoid", -x),),
        ball=balls.sigmoid,
        trend=("increasing",),
        range=(0.0, 1.0),
        growth=growth.logistic,
        analytic=analytic.sigmoid,
        asymptotic=asymptotic.sigmoid,
        safe=(0.0,),
        torch="torch.sigmoid",
        torch_backward=(lambda b, x, r, g: g * (1 - r) * r,),
        native="sigmoid",
        numpy="scipy.special.expit",
        cost=14,
    ),
    Operator(
        "log_sigmoid",
        1,
        "log(sigmoid(x)) without overflow.",
        "B table 4.1",
        aliases=("logsigmoid",),
        latex=r"\log\sigma\left({0}\right)",
        expansion=lambda b, x: b("min", x, 0) - b("log1p", b("exp", -abs(x))),
        partials=(lambda b, x, r: b("sigmoid", -x),),
        kinks=lambda b, x: (),
        trend=("increasing",),
        range=(-math.inf, 0.0),
        growth=growth.falling_ramp,
        analytic=analytic.log_sigmoid,
        safe=(0.0,),
        torch="torch.nn.functional.logsigmoid",
        torch_backward=(_torch_log_sigmoid_backward,),
        native="log_sigmoid",
        numpy="scipy.special.log_expit",
        cost=24,
    ),
    Operator(
        "softplus",
        1,
        "log(1 + exp(x)) without overflow.",
        "B section 4.7",
        latex=r"\operatorname{{softplus}}\left({0}\right)",
        expansion=lambda b, x: -b("log_sigmoid", -x),
        partials=(lambda b, x, r: b("sigmoid", x),),
        kinks=lambda b, x: (),
        trend=("increasing",),
        range=(0.0, math.inf),
        growth=growth.ramp,
        analytic=analytic.softplus,
        safe=(0.0,),
        cost=24,
    ),
    Operator(
        "logaddexp",
        2,
        "log(exp(a) + exp(b)) without overflow.",
        "torch.logaddexp",
        latex=r"\log\left(e^{{{0}}} + e^{{{1}}}\right)",
        exact=exact.logaddexp,
        expansion=lambda b, x, y: b("where", x > y, x + b("softplus", y - x), y + b("softplus", x - y)),
        partials=(lambda b, x, y, r: b("sigmoid", x - y), lambda b, x, y, r: b("sigmoid", y - x)),
        kinks=lambda b, x, y: (),
        trend=("increasing", "increasing"),
        analytic=analytic.logaddexp,
        safe=(0.0, 0.0),
        commutative=True,
        associative=True,
        torch="torch.logaddexp",
        torch_autograd=False,
        numpy="numpy.logaddexp",
        cost=26,
    ),
    Operator(
        "tanh_softplus",
        1,
        "tanh(softplus(x)), the gate of mish; rational in exp(-|x|).",
        "B section 4.7 (in Mish)",
        latex=r"\tanh\left(\operatorname{{softplus}}\left({0}\right)\right)",
        expansion=lambda b, x: b("tanh", b("softplus", x)),
        partials=(_tanh_softplus_derivative,),
        trend=("increasing",),
        range=(0.0, 1.0),
        growth=growth.vanishing_below,
        safe=(0.0,),
        native="tanh_softplus",
        cost=18,
    ),
    Operator(
        "gaussian",
        1,
        "exp(-x**2).",
        "B section 3.1.1",
        latex=r"e^{{-{0}^{{2}}}}",
        expansion=lambda b, x: b("exp", -(x * x)),
        partials=(lambda b, x, r: -2 * (x * r),),
        range=(0.0, 1.0),
        turns=(0.0,),
        safe=(0.0,),
        parity="even",
        native="gaussian",
        cost=12,
    ),
    Operator(
        "erf",
        1,
        "Error function.",
        "B section 3.1.1, table 4.1",
        latex=r"\operatorname{{erf}}\left({0}\right)",
        exact=lambda m, x: m.erf(x),
        partials=(lambda b, x, r: TWO_OVER_SQRT_PI * b("gaussian", x),),
        rounded_partials=True,
        ball=balls.monotone("erf"),
        trend=("increasing",),
        range=(-1.0, 1.0),
        analytic=analytic.method("erf"),
        safe=(0.0,),
        parity="odd",
        torch="torch.erf",
        native="erf",
        numpy="scipy.special.erf",
        cost=18,
    ),
    Operator(
        "erfc",
        1,
        "1 - erf(x) without cancellation.",
        "B table 4.1",
        latex=r"\operatorname{{erfc}}\left({0}\right)",
        exact=exact.erfc,
        partials=(lambda b, x, r: -TWO_OVER_SQRT_PI * b("gaussian", x),),
        rounded_partials=True,
        ball=balls.monotone("erfc"),
        trend=("decreasing",),
        # Scipy's tail in float64.
        units=1024,
        range=(0.0, 2.0),
        growth=growth.vanishing_above,
        analytic=analytic.method("erfc"),
        safe=(0.0,),
        torch="torch.erfc",
        native="erfc",
        numpy="scipy.special.erfc",
        cost=24,
    ),
    Operator(
        "i0e",
        1,
        "exp(-|x|) I_0(x), the exponentially scaled modified Bessel function of order 0.",
        "B table 4.1",
        aliases=("bessel_i0e",),
        latex=r"e^{{-\left|{0}\right|}} I_0\left({0}\right)",
        exact=lambda m, x: exact.bessel_ratio(m, 0, x),
        partials=(lambda b, x, r: b("i1e", x) - b("sign", x) * r,),
        ball=balls.i0e,
        # Near 1, at 0.
        is_plain=False,
        turns=(0.0,),
        smoothness=0,
        kinks=lambda b, x: (x,),
        at_kink="0",
        range=(0.0, 1.0),
        analytic=analytic.i0e,
        piece=lambda b, signs, x: b("i0e", -x) if signs[0] < 0 else None,
        safe=(0.0,),
        parity="even",
        torch="torch.special.i0e",
        native="i0e",
        numpy="scipy.special.i0e",
        cost=30,
    ),
    Operator(
        "i1e",
        1,
        "exp(-|x|) I_1(x), the exponentially scaled modified Bessel function of order 1.",
        "B table 4.1",
        aliases=("bessel_i1e",),
        latex=r"e^{{-\left|{0}\right|}} I_1\left({0}\right)",
        exact=lambda m, x: exact.bessel_ratio(m, 1, x),
        partials=(_i1e_derivative,),
        rounded_partials=True,
        ball=balls.i1e,
        turns=(-1.5451272579925426, 1.5451272579925426),
        smoothness=1,
        kinks=lambda b, x: (x,),
        at_kink="1/2; its second derivative, which jumps there, is 0",
        range=(-0.22, 0.22),
        analytic=analytic.i1e,
        piece=lambda b, signs, x: -b("i1e", -x) if signs[0] < 0 else None,
        safe=(0.0,),
        parity="odd",
        torch="torch.special.i1e",
        torch_backward=(_torch_i1e_backward,),
        native="i1e",
        numpy="scipy.special.i1e",
        cost=30,
    ),
    Operator(
        "normal_pdf",
        1,
        "Density of the standard normal, exp(-x**2/2)/sqrt(2 pi).",
        "the derivative of normal_cdf",
        aliases=("φ",),
        latex=r"\varphi\left({0}\right)",
        exact=exact.normal_pdf,
        ball=balls.normal_pdf,
        expansion=lambda b, x: 1 / math.sqrt(2 * math.pi) * b("exp", -0.5 * (x * x)),
        partials=(lambda b, x, r: -(x * r),),
        range=(0.0, 0.4),
        turns=(0.0,),
        analytic=analytic.normal_pdf,
        safe=(0.0,),
        parity="even",
        native="normal_pdf",
        cost=14,
    ),
    Operator(
        "normal_cdf",
        1,
        "Distribution function of the standard normal, accurate in both tails.",
        "B section 4.7 (in GELU)",
        aliases=("Φ", "ncdf"),
        latex=r"\Phi\left({0}\right)",
        exact=exact.normal_cdf,
        ball=balls.normal_cdf,
        expansion=lambda b, x: 0.5 * b("erfc", -math.sqrt(0.5) * x),
        partials=(lambda b, x, r: b("normal_pdf", x),),
        trend=("increasing",),
        range=(0.0, 1.0),
        growth=growth.vanishing_below,
        analytic=analytic.normal_cdf,
        safe=(0.0,),
        native="normal_cdf",
        cost=26,
    ),
)
