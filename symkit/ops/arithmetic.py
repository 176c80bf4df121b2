"""Arithmetic."""

from __future__ import annotations

import math

from symkit.ops import analytic_forms as analytic
from symkit.ops import ball_forms as balls
from symkit.ops import exact_forms as exact
from symkit.ops import growth_forms as growth
from symkit.ops import interval_forms as intervals
from symkit.ops.record import Algebra, Condition, Infix, Operator, Term

SUM, PRODUCT, NEGATION, POWER = 2, 3, 4, 5


def _power_by_base(b: Algebra, x: Term, y: Term, r: Term) -> Term | float:
    n = y.literal
    if n is None:
        # 0**y is flat at y = 0, where the product would be 0*inf.
        flat = b("logical_and", b("eq", x, 0), b("eq", y, 0))
        return b("where", flat, 0, y * x ** (y - 1))
    if n == 0:
        return 0.0
    if n == 1:
        return 1.0
    return n * x if n == 2 else n * x ** (n - 1)


def _power_by_exponent(b: Algebra, x: Term, y: Term, r: Term) -> Term:
    # At a zero base 0**y is flat in y unless y is negative; r*log(0) would be 0*inf.
    flat = b("logical_and", b("eq", x, 0), b("ge", y, 0))
    return b("where", flat, 0, r * b("log", x))


def _torch_power_by_base(b: Algebra, x: Term, y: Term, r: Term, g: Term) -> Term | float:
    n = y.literal
    if n is None:
        return b("where", b("eq", y, 0), 0, g * (y * x ** (y - 1)))
    return 0.0 if n == 0 else g * (n * x ** (n - 1))


def _base_that_must_not_be_negative(b: Algebra, x: Term, y: Term) -> Term:
    n = y.literal
    return b.number(1.0) if n is not None and n.is_integer() else x


def _base_that_must_not_be_zero(b: Algebra, x: Term, y: Term) -> Term:
    n = y.literal
    return b.number(1.0) if n is not None and n >= 0 else x


def _closed_power(b: Algebra, x: Term, y: Term) -> Term:
    n = y.literal
    if n is not None and n < 0:
        return 1 / (x if n == -1 else x**-n)
    return b("exp", y * b("log_abs_eps", x))


def _kinks_of_power(b: Algebra, x: Term, y: Term) -> tuple[Term, ...]:
    n = y.literal
    return () if n is not None and n.is_integer() else (x,)


def _sign_of_sum(signs: tuple[int, ...], literals: tuple[float | None, ...]) -> int | None:
    return signs[0] if signs[0] == signs[1] else None


def _sign_of_product(signs: tuple[int, ...], literals: tuple[float | None, ...]) -> int | None:
    return signs[0] * signs[1]


def _sign_of_power(signs: tuple[int, ...], literals: tuple[float | None, ...]) -> int | None:
    exponent = literals[1]
    whole = exponent is not None and exponent.is_integer()
    return None if exponent is None or not whole else signs[0] ** int(exponent % 2)


OPERATORS = (
    Operator(
        "add",
        2,
        "Sum.",
        "IEEE 754; B table 4.1",
        aliases=("sum", "sum_n", "plus"),
        infix=Infix("+", SUM),
        latex="{0} + {1}",
        exact=lambda m, a, b: a + b,
        partials=(lambda b, x, y, r: 1.0, lambda b, x, y, r: 1.0),
        ball=lambda a, b: a + b,
        interval=intervals.add,
        units=0,
        trend=("increasing", "increasing"),
        mirrored=_sign_of_sum,
        analytic=lambda a, b: a + b,
        asymptotic=lambda a, b: a + b,
        safe=(1.0, 1.0),
        commutative=True,
        associative=True,
        identity=0.0,
        torch="torch.add",
        native="add",
        numpy="numpy.add",
    ),
    Operator(
        "sub",
        2,
        "Difference.",
        "IEEE 754; B table 4.1",
        aliases=("subtract", "minus"),
        infix=Infix("-", SUM),
        latex="{0} - {1}",
        exact=lambda m, a, b: a - b,
        partials=(lambda b, x, y, r: 1.0, lambda b, x, y, r: -1.0),
        ball=lambda a, b: a - b,
        interval=intervals.subtract,
        units=0,
        trend=("increasing", "decreasing"),
        mirrored=_sign_of_sum,
        analytic=lambda a, b: a - b,
        asymptotic=lambda a, b: a - b,
        safe=(1.0, 1.0),
        torch="torch.sub",
        native="sub",
        numpy="numpy.subtract",
    ),
    Operator(
        "mul",
        2,
        "Product.",
        "IEEE 754; B table 4.1",
        aliases=("prod", "prod_n", "multiply", "times"),
        infix=Infix("*", PRODUCT),
        latex=r"{0} \cdot {1}",
        exact=lambda m, a, b: a * b,
        partials=(lambda b, x, y, r: y, lambda b, x, y, r: x),
        ball=lambda a, b: a * b,
        interval=intervals.multiply,
        units=0,
        trend=(None, None),
        mirrored=_sign_of_product,
        analytic=lambda a, b: a * b,
        asymptotic=lambda a, b: a * b,
        safe=(1.0, 1.0),
        commutative=True,
        associative=True,
        identity=1.0,
        torch="torch.mul",
        native="mul",
        numpy="numpy.multiply",
    ),
    Operator(
        "div",
        2,
        "Quotient by IEEE 754: x/0 is infinite, 0/0 is NaN. Safe forms are aq and divide_no_nan.",
        "IEEE 754; B table 4.1",
        aliases=("divide",),
        infix=Infix("/", PRODUCT),
        latex=r"\frac{{{0}}}{{{1}}}",
        exact=exact.divide,
        partials=(lambda b, x, y, r: 1 / y, lambda b, x, y, r: -(r / y)),
        ball=lambda a, b: a / b,
        interval=intervals.divide,
        units=0,
        domain=(Condition("!= 0", lambda b, x, y: y),),
        trend=(None, None),
        protected={
            "aq": lambda b, x, y: b("aq", x, y),
            "divide_no_nan": lambda b, x, y: b("divide_no_nan", x, y),
        },
        mirrored=_sign_of_product,
        analytic=lambda a, b: a / b,
        asymptotic=lambda a, b: a / b,
        safe=(1.0, 1.0),
        torch="torch.div",
        torch_backward=(lambda b, x, y, r, g: g / y, None),
        native="div",
        numpy="numpy.divide",
        cost=4,
    ),
    Operator(
        "neg",
        1,
        "Negation.",
        "B section 3.1.1, table 4.1",
        aliases=("negative", "negate"),
        infix=Infix("-", NEGATION, prefix=True),
        latex="-{0}",
        exact=lambda m, x: -x,
        partials=(lambda b, x, r: -1.0,),
        ball=lambda x: -x,
        interval=intervals.negate,
        inverse=intervals.negate_narrows,
        units=0,
        trend=("decreasing",),
        analytic=lambda x: -x,
        asymptotic=lambda x: -x,
        safe=(1.0,),
        parity="odd",
        torch="torch.neg",
        native="neg",
        numpy="numpy.negative",
    ),
    Operator(
        "pow",
        2,
        "Power by IEEE 754: a negative base with a non-integer exponent is NaN, x**0 is 1.",
        "IEEE 754; B table 4.1",
        aliases=("power",),
        infix=Infix("**", POWER, right=True),
        latex="{0}^{{{1}}}",
        exact=exact.power,
        partials=(_power_by_base, _power_by_exponent),
        ball=balls.power,
        interval=intervals.power,
        domain=(
            Condition(">= 0", _base_that_must_not_be_negative),
            Condition("!= 0", _base_that_must_not_be_zero),
        ),
        kinks=_kinks_of_power,
        at_kink="at a zero base the derivative by the exponent is 0, unless the exponent is negative",
        trend=(None, None),
        overflows=True,
        singular=True,
        tame=lambda literals: literals[1] in (0, 1, 2, 3, 4),
        protected={"log_abs_eps": _closed_power},
        growth=growth.power,
        mirrored=_sign_of_power,
        analytic=analytic.power,
        asymptotic=lambda a, b: a**b,
        safe=(1.0, 1.0),
        torch_exception="at a zero base torch's second derivatives by the exponent are NaN",
        torch="torch.pow",
        torch_backward=(_torch_power_by_base, None),
        native="pow",
        numpy="numpy.power",
        cost=30,
    ),
    Operator(
        "square",
        1,
        "x**2.",
        "B section 3.1.1, table 4.1; R table 3.1",
        latex="{0}^{{2}}",
        expansion=lambda b, x: x * x,
        partials=(lambda b, x, r: 2 * x,),
        ball=balls.square,
        interval=intervals.square,
        range=(0.0, math.inf),
        analytic=lambda x: x * x,
        safe=(1.0,),
        parity="even",
        torch="torch.square",
        numpy="numpy.square",
    ),
    Operator(
        "cube",
        1,
        "x**3.",
        "B section 3.1.1",
        latex="{0}^{{3}}",
        expansion=lambda b, x: x * x * x,
        partials=(lambda b, x, r: 3 * (x * x),),
        trend=("increasing",),
        growth=growth.cube,
        safe=(1.0,),
        parity="odd",
        cost=2,
    ),
    Operator(
        "reciprocal",
        1,
        "1/x; infinite at 0.",
        "B table 4.1",
        aliases=("inv", "inverse"),
        latex=r"\frac{{1}}{{{0}}}",
        expansion=lambda b, x: 1 / x,
        partials=(lambda b, x, r: -(r * r),),
        domain=(Condition("!= 0", lambda b, x: x),),
        safe=(1.0,),
        parity="odd",
        torch="torch.reciprocal",
        numpy="numpy.reciprocal",
        cost=4,
    ),
    Operator(
        "identity",
        1,
        "Its operand, unchanged.",
        "B section 3.1.1, table 4.1",
        aliases=("id", "linear"),
        expansion=lambda b, x: x,
        partials=(lambda b, x, r: 1.0,),
        trend=("increasing",),
        growth=growth.same,
        safe=(1.0,),
        parity="odd",
        cost=0,
    ),
    Operator(
        "zero",
        1,
        "0, whatever the operand.",
        "B section 3.1.1, table 4.1",
        expansion=lambda b, x: b.number(0.0),
        partials=(None,),
        range=(0.0, 0.0),
        safe=(1.0,),
        parity="even",
        cost=0,
    ),
    Operator(
        "one",
        1,
        "1, whatever the operand.",
        "B section 3.1.1, table 4.1",
        expansion=lambda b, x: b.number(1.0),
        partials=(None,),
        range=(1.0, 1.0),
        safe=(1.0,),
        parity="even",
        cost=0,
    ),
)
