"""Rules of arithmetic: signs, literals, powers, sums, and those that delete an operand."""

from __future__ import annotations

from symkit.transform import Rule


def plain(
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
    *plain(
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
    *plain(
        "sign",
        *(("-(-a)", "a"), ("a + -b", "a - b"), ("a - -b", "a + b"), ("-(a - b)", "b - a"), ("-a - b", "-(a + b)")),
        *(("-a*b", "-(a*b)"), ("-a/b", "-(a/b)"), ("a/-b", "-(a/b)"), ("square(-a)", "square(a)")),
    ),
)
"""What does nothing goes, signs come to the front."""

LITERALS = (
    *plain("literal", ("-(b*a)", "(-b)*a"), ("-((b*a)*c)", "((-b)*a)*c"), ("-(b/a)", "(-b)/a"), literals=("b",)),
    Rule("literals_together", "b*(a*c)", "(b*c)*a", literals=("b", "c")),
    Rule("literal_added", "a + b", "a - (-b)", literals=("b",), when=("b < 0",)),
    Rule("literal_taken", "a - b", "a + (-b)", literals=("b",), when=("b < 0",)),
    *plain("literal_outside", ("(b*a)*c", "b*(a*c)"), ("(b*a)/c", "b*(a/c)"), ("b*(c/a)", "(b*c)/a"), literals=("b",)),
    *plain("literal_below", ("c/(b*a)", "(c/b)/a"), ("(b*a)/c", "(b/c)*a"), ("a/c", "(1/c)*a"), literals=("b", "c")),
    *plain("literal_size", ("abs(b*a)", "abs(b)*abs(a)"), literals=("b",)),
)
"""Literals come to the front and together; each time a number may be rounded to float64."""

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
    *plain(
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
    *plain(
        "sum",
        *(("a + a", "2*a"), ("a*b + a*c", "a*(b + c)"), ("a*b - a*c", "a*(b - c)"), ("b/a + c/a", "(b + c)/a")),
        *(("b/a - c/a", "(b - c)/a"),),
    ),
)

SUMS_OF_LITERALS = (
    *plain(
        "same_terms",
        *(("b*a + c*a", "(b + c)*a"), ("b*a - c*a", "(b - c)*a"), ("b*a + a", "(b + 1)*a"), ("b*a - a", "(b - 1)*a")),
        *(("a - b*a", "(1 - b)*a"),),
        literals=("b", "c"),
    ),
)
