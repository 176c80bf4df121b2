"""Rules for functions: extrema and rectifiers, exponentials, the logistic family, and names for what has one."""

from __future__ import annotations

from symkit.simplification.plain_rules import plain
from symkit.transform import Rule

EXTREMA = (
    *plain(
        "extrema",
        *(("max(a, -a)", "abs(a)"), ("min(a, -a)", "-abs(a)"), ("-min(-a, 0)", "relu(a)"), ("-relu(-a)", "min(a, 0)")),
        *(("-max(-a, -b)", "min(a, b)"), ("-min(-a, -b)", "max(a, b)"), ("min(-a, -b)", "-max(a, b)")),
        *(("relu(a) - relu(-a)", "a"), ("relu(a) + relu(-a)", "abs(a)"), ("relu(a) + min(a, 0)", "a")),
        *(
            ("relu(a) - min(a, 0)", "abs(a)"),
            ("max(a, b) - min(a, b)", "abs(a - b)"),
            ("max(a, b) + min(a, b)", "a + b"),
        ),
        *(
            ("a*sign(a)", "abs(a)"),
            ("abs(a)*sign(a)", "a"),
            ("abs(a)*abs(b)", "abs(a*b)"),
            ("abs(a)/abs(b)", "abs(a/b)"),
            ("abs(aq(a, b))", "aq(abs(a), b)"),
        ),
        *(
            ("min(relu(a), 6)", "relu6(a)"),
            ("relu(min(a, 6))", "relu6(a)"),
            ("relu(min(1, 0.2*a + 0.5))", "hard_sigmoid(a)"),
        ),
        *(("min(1, relu(0.2*a + 0.5))", "hard_sigmoid(a)"), ("min(1, max(-1, a))", "hardtanh(a)")),
        ("max(-1, min(1, a))", "hardtanh(a)"),
    ),
    *plain(
        "half", ("a + abs(a)", "2*relu(a)"), ("a - abs(a)", "2*min(a, 0)"), ("abs(a) - a", "2*relu(-a)"), finite=("a",)
    ),
    *plain(
        "half_of_both",
        ("(a + b) + abs(a - b)", "2*max(a, b)"),
        ("(a + b) - abs(a - b)", "2*min(a, b)"),
        finite=("a", "b"),
    ),
    *plain("size", ("abs(a)", "a"), ("relu(a)", "a"), when=("a >= 0",)),
    *plain("rectified", ("selu(a)", "1.0507009873554805*a"), ("softsign(a)", "a/(1 + a)"), when=("a >= 0",)),
    *plain(
        "rectified_whole",
        *(("elu(a, b)", "a"), ("leaky_relu(a, b)", "a"), ("prelu(a, b)", "a")),
        when=("a >= 0",),
        finite=("b",),
    ),
    Rule("rectified_celu", "celu(a, b)", "a", when=("a >= 0", "b != 0"), finite=("b",)),
    *plain(
        "not_rectified",
        *(
            ("abs(a)", "-a"),
            ("relu(a)", "0"),
            ("elu(a, b)", "b*expm1(a)"),
            ("leaky_relu(a, b)", "b*a"),
            ("prelu(a, b)", "b*a"),
        ),
        when=("a <= 0",),
    ),
    Rule("size_of_product", "abs(a*b)", "a*abs(b)", when=("a >= 0",)),
    Rule("size_of_quotient", "abs(a/b)", "abs(a)/b", when=("b >= 0",)),
    Rule("size_of_quotient_of_positive", "abs(a/b)", "a/abs(b)", when=("a >= 0",)),
    Rule("hard_sigmoid_above", "hard_sigmoid(a)", "1", when=("a >= 2.5",)),
    Rule("hard_sigmoid_below", "hard_sigmoid(a)", "0", when=("a <= -2.5",)),
    Rule("relu6_below", "relu6(a)", "relu(a)", when=("a <= 6",)),
    Rule("hardtanh_inside", "hardtanh(a, b, c)", "a", when=("a >= b", "a <= c")),
    Rule("hardswish_above", "hardswish(a)", "a", when=("a >= 3",)),
    Rule("sign_of_positive", "sign(a)", "1", when=("a > 0",)),
    Rule("sign_of_negative", "sign(a)", "-1", when=("a < 0",)),
)


def selects() -> tuple[Rule, ...]:
    """Selects that are something simpler, however the comparison is written. NaN would take the second branch."""
    rules: list[Rule] = []
    for up, down in ((">", "<"), (">=", "<=")):
        for taken, other, simple in (
            ("a", "0", "relu(a)"),
            ("0", "a", "min(a, 0)"),
            ("a", "-a", "abs(a)"),
            ("-a", "a", "-abs(a)"),
            ("a", "expm1(a)", "elu(a)"),
            ("a", "b*expm1(a)", "elu(a, b)"),
            ("a", "b*a", "leaky_relu(a, b)"),
        ):
            for test in (f"a {up} 0", f"0 {down} a"):
                rules.append(Rule(f"select_{len(rules)}", f"where({test}, {taken}, {other})", simple, defined=("a",)))
            for test in (f"a {down} 0", f"0 {up} a"):
                rules.append(Rule(f"select_{len(rules)}", f"where({test}, {other}, {taken})", simple, defined=("a",)))
        for test, simple in ((f"a {up} b", "max(a, b)"), (f"a {down} b", "min(a, b)")):
            rules.append(Rule(f"select_{len(rules)}", f"where({test}, a, b)", simple, defined=("a", "b")))
    return tuple(rules)


CANCELLING = plain("cancelling", ("exp(a)*exp(b)", "exp(a + b)"), ("exp(a)/exp(b)", "exp(a - b)"))
"""Over the reals only: in a dtype the product of 0 and an infinity would go."""

EXPONENTIALS = (
    *plain(
        "exponential",
        ("exp(log_sigmoid(a))", "sigmoid(a)"),
        *(("exp(-softplus(a))", "sigmoid(-a)"), ("exp(softplus(a))", "1 + exp(a)"), ("exp(-square(a))", "gaussian(a)")),
        *(("log1p(expm1(a))", "a"), ("1 + expm1(a)", "exp(a)")),
        *(
            ("log(sqrt(a))", "0.5*log(a)"),
            ("log(1/a)", "-log(a)"),
            ("log(reciprocal(a))", "-log(a)"),
            ("log(cube(a))", "3*log(a)"),
        ),
        *(
            ("1/exp(a)", "exp(-a)"),
            ("b/exp(a)", "b*exp(-a)"),
            ("reciprocal(exp(a))", "exp(-a)"),
            ("sqrt(exp(a))", "exp(0.5*a)"),
        ),
        *(("log(b*exp(a))", "log(b) + a"), ("square(exp(a))", "exp(2*a)"), ("log(gaussian(a))", "-square(a)")),
        ("log1p(exp(a))", "softplus(a)"),
    ),
    Rule("exponential_of_log", "exp(log(a))", "a", when=("a >= 0",)),
    Rule("expm1_of_log1p", "expm1(log1p(a))", "a", when=("a >= -1",)),
    Rule("exponential_of_log1p", "exp(log1p(a))", "1 + a", when=("a >= -1",)),
)

LOGISTIC = (
    *plain(
        "logistic",
        *(
            ("a - log_sigmoid(a)", "softplus(a)"),
            ("a + softplus(-a)", "softplus(a)"),
            ("softplus(a) - a", "softplus(-a)"),
        ),
        *(
            ("a - softplus(a)", "log_sigmoid(a)"),
            ("a + log_sigmoid(-a)", "log_sigmoid(a)"),
            ("-log_sigmoid(-a)", "softplus(a)"),
        ),
        *(
            ("log_sigmoid(a) - a", "log_sigmoid(-a)"),
            ("-softplus(-a)", "log_sigmoid(a)"),
            ("-log_sigmoid(a)", "softplus(-a)"),
        ),
        *(
            ("softplus(a) - softplus(-a)", "a"),
            ("log_sigmoid(a) - log_sigmoid(-a)", "a"),
            ("logaddexp(0, a)", "softplus(a)"),
        ),
        *(
            ("softplus(a) + log_sigmoid(a)", "a"),
            ("sigmoid(a) + sigmoid(-a)", "1"),
            ("sigmoid(a)*exp(-a)", "sigmoid(-a)"),
        ),
        *(("2*sigmoid(2*a) - 1", "tanh(a)"), ("2*sigmoid(a) - 1", "tanh(0.5*a)"), ("1 - 2*sigmoid(a)", "-tanh(0.5*a)")),
        *(
            ("0.5 + 0.5*tanh(a)", "sigmoid(2*a)"),
            ("0.5 - 0.5*tanh(a)", "sigmoid(-2*a)"),
            ("sigmoid(a) - 0.5", "0.5*tanh(0.5*a)"),
        ),
        *(
            ("1 - sigmoid(a)", "sigmoid(-a)"),
            ("1 + -sigmoid(a)", "sigmoid(-a)"),
            ("tanh(softplus(a))", "tanh_softplus(a)"),
        ),
        ("sigmoid(a)/sigmoid(-a)", "exp(a)"),
    ),
)

HYPERBOLIC = (
    *plain(
        "hyperbolic",
        *(
            ("tanh(a)*cosh(a)", "sinh(a)"),
            ("sinh(a)/cosh(a)", "tanh(a)"),
            ("1/cosh(a)", "sech(a)"),
            ("b/cosh(a)", "b*sech(a)"),
        ),
        *(
            ("reciprocal(cosh(a))", "sech(a)"),
            ("sinh(arcsinh(a))", "a"),
            ("arcsinh(sinh(a))", "a"),
            ("tan(arctan(a))", "a"),
        ),
        *(
            ("0.5*(exp(a) + exp(-a))", "cosh(a)"),
            ("0.5*(exp(a) - exp(-a))", "sinh(a)"),
            ("cosh(a) + sinh(a)", "exp(a)"),
        ),
        *(("cosh(a) - sinh(a)", "exp(-a)"), ("1 - square(tanh(a))", "square(sech(a))"), ("sin(a)/cos(a)", "tan(a)")),
        *(
            ("square(sin(a)) + square(cos(a))", "1"),
            ("erf(a) + erfc(a)", "1"),
            ("1 - erf(a)", "erfc(a)"),
            ("1 - erfc(a)", "erf(a)"),
        ),
        *(("sqrt(1 + square(sinh(a)))", "cosh(a)"), ("hypot(1, sinh(a))", "cosh(a)"), ("log(cosh(a))", "log_cosh(a)")),
        *(("erfc(a) + erfc(-a)", "2"), ("2 - erfc(a)", "erfc(-a)"), ("log(a + hypot(1, a))", "arcsinh(a)")),
    ),
    Rule("difference_of_squares", "square(cosh(a)) - square(sinh(a))", "1", finite=("a",)),
)

NAMED = (
    *plain(
        "named",
        *(("a*sigmoid(a)", "swish(a)"), ("a*tanh_softplus(a)", "mish(a)"), ("a*normal_cdf(a)", "gelu(a)")),
        *(("a*sigmoid(1.702*a)", "quick_gelu(a)"), ("a/(1 + abs(a))", "softsign(a)"), ("a - tanh(a)", "tanhshrink(a)")),
        *(
            ("a - swish(a)", "a*sigmoid(-a)"),
            ("swish(a) + swish(-a)", "a*tanh(0.5*a)"),
        ),
        *(("a/hypot(1, b)", "aq(a, b)"), ("-swish(-a)", "a*sigmoid(-a)"), ("a*tanh(softplus(a))", "mish(a)")),
        ("0.5*(a + hypot(a, 2))", "squareplus(a)"),
    ),
)

ROUNDED = (
    Rule("hard_sigmoid_inside", "hard_sigmoid(a)", "0.2*a + 0.5", when=("a >= -2.5", "a <= 2.5")),
    Rule("normal_cdf_above", "0.5*erfc(-0.7071067811865476*a)", "normal_cdf(a)"),
    Rule("normal_cdf_below", "0.5*erfc(-0.7071067811865475*a)", "normal_cdf(a)"),
    Rule("logaddexp_of_same", "logaddexp(a, a)", "a + 0.6931471805599453"),
)
"""Rules with a constant that was rounded to float64."""
