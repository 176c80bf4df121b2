"""Named rules that make a function cheaper, as data. Those with conditions apply only where these are proved.

Where a rule's two sides cost the same, the right one is the form that other rules, and readers, know.
"""

from __future__ import annotations

from symkit.transform import RULES as STABILISING
from symkit.transform import Rule
from symkit.transform.algebra import RULES as SHARING


def _plain(
    prefix: str,
    *pairs: tuple[str, str],
    literals: tuple[str, ...] = (),
    when: tuple[str, ...] = (),
    finite: tuple[str, ...] = (),
) -> tuple[Rule, ...]:
    """Rules that are named by number and share their conditions."""
    return tuple(
        Rule(f"{prefix}_{i}", left, right, literals=literals, when=when, finite=finite)
        for i, (left, right) in enumerate(pairs, start=1)
    )


NEUTRAL = (
    *_plain(
        "neutral",
        *(
            ("a + 0", "a"),
            ("a - 0", "a"),
            ("0 - a", "-a"),
            ("a*1", "a"),
            ("a/1", "a"),
            ("a*(-1)", "-a"),
            ("a/(-1)", "-a"),
        ),
        *(("a**1", "a"), ("identity(a)", "a")),
    ),
    *_plain(
        "sign",
        *(("-(-a)", "a"), ("a + -b", "a - b"), ("a - -b", "a + b"), ("-(a - b)", "b - a"), ("-a - b", "-(a + b)")),
        *(("-a*b", "-(a*b)"), ("-a/b", "-(a/b)"), ("a/-b", "-(a/b)"), ("square(-a)", "square(a)")),
    ),
    *_plain("literal", ("-(b*a)", "(-b)*a"), ("-((b*a)*c)", "((-b)*a)*c"), ("-(b/a)", "(-b)/a"), literals=("b",)),
    Rule("literals_together", "b*(a*c)", "(b*c)*a", literals=("b", "c")),
    Rule("literal_added", "a + b", "a - (-b)", literals=("b",), when=("b < 0",)),
    Rule("literal_taken", "a - b", "a + (-b)", literals=("b",), when=("b < 0",)),
    *_plain("literal_outside", ("(b*a)*c", "b*(a*c)"), ("(b*a)/c", "b*(a/c)"), ("b*(c/a)", "(b*c)/a"), literals=("b",)),
    *_plain("literal_below", ("c/(b*a)", "(c/b)/a"), ("(b*a)/c", "(b/c)*a"), ("a/c", "(1/c)*a"), literals=("b", "c")),
    *_plain("literal_size", ("abs(b*a)", "abs(b)*abs(a)"), literals=("b",)),
)
"""What does nothing goes, signs and literals come to the front."""

DELETING = (
    Rule("product_with_0", "0*a", "0", "0*inf is NaN", finite=("a",)),
    Rule("quotient_of_0", "0/a", "0", "0/0 is NaN", finite=("a",), when=("a != 0",)),
    Rule("difference_of_same", "a - a", "0", "inf - inf is NaN", finite=("a",)),
    Rule("quotient_of_same", "a/a", "1", "0/0 and inf/inf are NaN", finite=("a",), when=("a != 0",)),
    Rule("power_0", "a**0", "1", finite=("a",)),
    Rule("power_of_1", "1**a", "1"),
    Rule("quotient_times_divisor", "(b/a)*a", "b", finite=("a", "b"), when=("a != 0",)),
    Rule("product_by_factor", "(b*a)/a", "b", finite=("a", "b"), when=("a != 0",)),
    Rule("sum_less_part", "(b + a) - a", "b", finite=("a", "b")),
    Rule("difference_and_part", "(b - a) + a", "b", finite=("a", "b")),
    Rule("sum_less_sum", "(b + a) - (c + a)", "b - c", finite=("a",)),
    Rule("select_of_same", "where(c, a, a)", "a"),
)
"""Rules that remove an operand, which has to be proved finite: it could have been what made the whole NaN."""

POWERS = (
    *_plain(
        "power",
        *(("a**2", "square(a)"), ("a**3", "cube(a)"), ("a**4", "square(square(a))"), ("a**0.5", "sqrt(a)")),
        *(("a**-1", "1/a"), ("a**-2", "1/square(a)"), ("a**1.5", "a*sqrt(a)"), ("a**0.25", "sqrt(sqrt(a))")),
        *(("a**-0.5", "1/sqrt(a)"), ("a*a", "square(a)"), ("a*square(a)", "cube(a)"), ("square(abs(a))", "square(a)")),
        *(
            ("abs(square(a))", "square(a)"),
            ("sqrt(square(a))", "abs(a)"),
            ("a*(1/b)", "a/b"),
            ("a*reciprocal(b)", "a/b"),
        ),
        *(("sqrt(1 + square(a))", "hypot(1, a)"), ("sqrt(square(a) + square(b))", "hypot(a, b)")),
        *(
            ("sqrt(abs(square(a)))", "abs(a)"),
            ("square(a)*square(b)", "square(a*b)"),
            ("square(a)/square(b)", "square(a/b)"),
        ),
    ),
    Rule("square_of_root", "square(sqrt(a))", "a", when=("a >= 0",)),
    Rule("root_times_root", "sqrt(a)*sqrt(a)", "a", when=("a >= 0",)),
)

SUMS = (
    *_plain(
        "sum",
        *(("a + a", "2*a"), ("a*b + a*c", "a*(b + c)"), ("a*b - a*c", "a*(b - c)"), ("b/a + c/a", "(b + c)/a")),
        *(("b/a - c/a", "(b - c)/a"),),
    ),
    *_plain(
        "same_terms",
        *(("b*a + c*a", "(b + c)*a"), ("b*a - c*a", "(b - c)*a"), ("b*a + a", "(b + 1)*a"), ("b*a - a", "(b - 1)*a")),
        *(("a - b*a", "(1 - b)*a"),),
        literals=("b", "c"),
    ),
)

EXTREMA = (
    *_plain(
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
        *(("max(-1, min(1, a))", "hardtanh(a)"),),
    ),
    *_plain(
        "half", ("a + abs(a)", "2*relu(a)"), ("a - abs(a)", "2*min(a, 0)"), ("abs(a) - a", "2*relu(-a)"), finite=("a",)
    ),
    *_plain(
        "half_of_both",
        ("(a + b) + abs(a - b)", "2*max(a, b)"),
        ("(a + b) - abs(a - b)", "2*min(a, b)"),
        finite=("a", "b"),
    ),
    *_plain("size", ("abs(a)", "a"), ("relu(a)", "a"), ("elu(a, b)", "a"), ("leaky_relu(a, b)", "a"), when=("a >= 0",)),
    *_plain(
        "rectified",
        *(("prelu(a, b)", "a"), ("celu(a, b)", "a"), ("selu(a)", "1.0507009873554805*a"), ("softsign(a)", "a/(1 + a)")),
        when=("a >= 0",),
    ),
    *_plain(
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
    Rule("hard_sigmoid_inside", "hard_sigmoid(a)", "0.2*a + 0.5", when=("a >= -2.5", "a <= 2.5")),
    Rule("hard_sigmoid_above", "hard_sigmoid(a)", "1", when=("a >= 2.5",)),
    Rule("hard_sigmoid_below", "hard_sigmoid(a)", "0", when=("a <= -2.5",)),
    Rule("relu6_below", "relu6(a)", "relu(a)", when=("a <= 6",)),
    Rule("hardtanh_inside", "hardtanh(a, b, c)", "a", when=("a >= b", "a <= c")),
    Rule("hardswish_above", "hardswish(a)", "a", when=("a >= 3",)),
    Rule("sign_of_positive", "sign(a)", "1", when=("a > 0",)),
    Rule("sign_of_negative", "sign(a)", "-1", when=("a < 0",)),
)


def _selects() -> tuple[Rule, ...]:
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


EXPONENTIALS = (
    *_plain(
        "exponential",
        *(("exp(a)*exp(b)", "exp(a + b)"), ("exp(a)/exp(b)", "exp(a - b)"), ("exp(log_sigmoid(a))", "sigmoid(a)")),
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
        *(("log1p(exp(a))", "softplus(a)"),),
    ),
    Rule("exponential_of_log", "exp(log(a))", "a", when=("a >= 0",)),
    Rule("expm1_of_log1p", "expm1(log1p(a))", "a", when=("a >= -1",)),
    Rule("exponential_of_log1p", "exp(log1p(a))", "1 + a", when=("a >= -1",)),
)

LOGISTIC = (
    *_plain(
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
        *(("logaddexp(a, a)", "a + 0.6931471805599453"), ("sigmoid(a)/sigmoid(-a)", "exp(a)")),
    ),
)

HYPERBOLIC = (
    *_plain(
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
    *_plain(
        "named",
        *(("a*sigmoid(a)", "swish(a)"), ("a*tanh_softplus(a)", "mish(a)"), ("a*normal_cdf(a)", "gelu(a)")),
        *(("a*sigmoid(1.702*a)", "quick_gelu(a)"), ("a/(1 + abs(a))", "softsign(a)"), ("a - tanh(a)", "tanhshrink(a)")),
        *(
            ("a - swish(a)", "a*sigmoid(-a)"),
            ("swish(a) - swish(-a)", "a*tanh(0.5*a)"),
            ("swish(a) + swish(-a)", "a*tanh(0.5*a)"),
        ),
        *(("a/hypot(1, b)", "aq(a, b)"), ("-swish(-a)", "a*sigmoid(-a)"), ("a*tanh(softplus(a))", "mish(a)")),
        *(("0.5*erfc(-0.7071067811865475*a)", "normal_cdf(a)"), ("0.5*erfc(-0.7071067811865476*a)", "normal_cdf(a)")),
        *(("0.5*(a + hypot(a, 2))", "squareplus(a)"), ("b/(a + hypot(1, a))", "b*(hypot(1, a) - a)")),
    ),
)
NAMED = tuple(rule for rule in NAMED if rule.pattern not in ("swish(a) - swish(-a)", "b/(a + hypot(1, a))"))

CHEAPER: tuple[Rule, ...] = (
    *NEUTRAL,
    *DELETING,
    *POWERS,
    *SUMS,
    *EXTREMA,
    *_selects(),
    *EXPONENTIALS,
    *LOGISTIC,
    *HYPERBOLIC,
    *NAMED,
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
    Rule("sums_of_logs", "log(sqrt(a))", "0.5*log(a)", "nothing is gained but size"),
)
STEADIER = STEADIER[:-1]
"""Rules after those of `stabilise`, for forms that may cost more."""

STABLE: tuple[Rule, ...] = (*STABILISING, *STEADIER)
ALL: tuple[Rule, ...] = (*STABILISING, *STEADIER, *SHARING, *CHEAPER)

ROUNDED = ("literal", "hard_sigmoid_inside", "named_14", "same_terms")
EXACT: tuple[Rule, ...] = tuple(rule for rule in ALL if not rule.name.startswith(ROUNDED))
"""Rules whose two sides are the same real function to the last digit, and undefined at the same points."""
