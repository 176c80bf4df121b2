"""Size, sign and extrema."""

from __future__ import annotations

import math

from symkit.ops import ball_forms as balls
from symkit.ops import exact_forms as exact
from symkit.ops import interval_forms as intervals
from symkit.ops.record import Algebra, Form, Operator, Term


def _share_at_tie(wins: str) -> tuple[Form, Form]:
    """Partials of max or min: `wins` holds where the first operand is the result; a tie gives each one half.

    The outer select is what lets a derivative mask the loser before it multiplies.
    """

    def by_a(b: Algebra, x: Term, y: Term, r: Term) -> Term:
        return b("where", b(wins, x, y), b("where", b("eq", x, y), 0.5, 1), 0)

    def by_b(b: Algebra, x: Term, y: Term, r: Term) -> Term:
        return b("where", b(wins, y, x), b("where", b("eq", x, y), 0.5, 1), 0)

    return by_a, by_b


def _torch_share(loses: str) -> tuple[Form, Form]:
    """Cotangents of max or min in torch: all but the operand that `loses` get it; a tie gives each one half."""

    def by_a(b: Algebra, x: Term, y: Term, r: Term, g: Term) -> Term:
        return b("where", b(loses, x, y), 0, b("where", b("eq", x, y), g / 2, g))

    def by_b(b: Algebra, x: Term, y: Term, r: Term, g: Term) -> Term:
        return by_a(b, y, x, r, g)

    return by_a, by_b


def _greater(b: Algebra, x: Term, y: Term) -> Term:
    return b("where", x > y, x, b("where", y > x, y, 0.5 * x + 0.5 * y))


def _smaller(b: Algebra, x: Term, y: Term) -> Term:
    return b("where", x < y, x, b("where", y < x, y, 0.5 * x + 0.5 * y))


def _size(b: Algebra, x: Term) -> Term:
    return b("where", b("eq", x, 0), 0, abs(x))


OPERATORS = (
    Operator(
        "abs",
        1,
        "Absolute value.",
        "B section 3.1.1, table 4.1; R table 3.1",
        aliases=("absolute", "fabs"),
        latex=r"\left|{0}\right|",
        exact=lambda m, x: abs(x),
        # A select, so that a derivative masks what meets it at 0: of sqrt(abs(x)) it would be 0 times infinity.
        partials=(lambda b, x, r: b("where", b("ne", x, 0), b("sign", x), 0),),
        ball=balls.absolute,
        interval=intervals.absolute,
        inverse=intervals.absolute_narrows,
        units=0,
        smoothness=0,
        kinks=lambda b, x: (x,),
        at_kink="0",
        as_select=_size,
        range=(0.0, math.inf),
        piece=lambda b, signs, x: -x if signs[0] < 0 else x,
        safe=(1.0,),
        parity="even",
        torch="torch.abs",
        native="abs",
        numpy="numpy.abs",
    ),
    Operator(
        "sign",
        1,
        "-1, 0 or 1.",
        "R table 3.1",
        aliases=("sgn",),
        latex=r"\operatorname{{sign}}\left({0}\right)",
        exact=exact.sign,
        partials=(None,),
        ball=balls.sign,
        interval=intervals.sign,
        units=0,
        smoothness=-1,
        kinks=lambda b, x: (x,),
        at_kink="0",
        trend=("increasing",),
        range=(-1.0, 1.0),
        piece=lambda b, signs, x: float(signs[0]),
        safe=(1.0,),
        parity="odd",
        torch="torch.sign",
        torch_backward=(lambda b, x, r, g: 0.0,),
        native="sign",
        numpy="numpy.sign",
    ),
    Operator(
        "max",
        2,
        "The larger of two; NaN if either is.",
        "B section 3.1.1, table 4.1; R table 3.1",
        aliases=("maximum", "max_n"),
        latex=r"\max\left\{{{0}, {1}\right\}}",
        exact=exact.maximum,
        partials=_share_at_tie("ge"),
        ball=balls.maximum,
        picks="larger",
        interval=intervals.maximum,
        units=0,
        smoothness=0,
        kinks=lambda b, x, y: (x - y,),
        at_kink="1/2 for each operand",
        trend=("increasing", "increasing"),
        as_select=_greater,
        piece=lambda b, signs, x, y: y if signs[0] < 0 else x,
        safe=(1.0, 1.0),
        commutative=True,
        associative=True,
        torch="torch.maximum",
        torch_backward=_torch_share("lt"),
        native="max",
        numpy="numpy.maximum",
    ),
    Operator(
        "min",
        2,
        "The smaller of two; NaN if either is.",
        "B section 3.1.1, table 4.1; R table 3.1",
        aliases=("minimum", "min_n"),
        latex=r"\min\left\{{{0}, {1}\right\}}",
        exact=exact.minimum,
        partials=_share_at_tie("le"),
        ball=balls.minimum,
        picks="smaller",
        interval=intervals.minimum,
        units=0,
        smoothness=0,
        kinks=lambda b, x, y: (x - y,),
        at_kink="1/2 for each operand",
        trend=("increasing", "increasing"),
        as_select=_smaller,
        piece=lambda b, signs, x, y: x if signs[0] < 0 else y,
        safe=(1.0, 1.0),
        commutative=True,
        associative=True,
        torch="torch.minimum",
        torch_backward=_torch_share("gt"),
        native="min",
        numpy="numpy.minimum",
    ),
)
