"""Comparisons, conditions and the select."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from symkit.ops import ball_forms as balls
from symkit.ops import exact_forms as exact
from symkit.ops import interval_forms as intervals
from symkit.ops.record import Algebra, Infix, Operator, Term

COMPARISON = 1


def _difference(b: Algebra, x: Term, y: Term) -> tuple[Term, ...]:
    return (x - y,)


def _comparison(
    name: str,
    symbol: str,
    latex: str,
    numpy: str,
    holds: Callable[..., Any],
    ball: Callable[..., Any],
    interval: Callable[..., Any],
    narrows: Callable[..., Any],
) -> Operator:
    return Operator(
        name,
        2,
        f"1 where a {symbol} b, else 0.",
        "IEEE 754",
        infix=Infix(symbol, COMPARISON),
        latex="{0} " + latex + " {1}",
        exact=lambda m, a, b: exact.truth(m, holds(a, b)),
        partials=(None, None),
        ball=ball,
        interval=interval,
        narrows=narrows,
        smoothness=-1,
        kinks=_difference,
        at_kink="0",
        piece=lambda b, signs, x, y: float(holds(signs[0], 0)),
        range=(0.0, 1.0),
        safe=(1.0, 1.0),
        commutative=holds(1, 2) == holds(2, 1),
        returns_truth=True,
        torch=f"torch.{name}",
        native=name,
        numpy=f"numpy.{numpy}",
    )


def _logical(
    name: str,
    arity: int,
    meaning: str,
    combine: Callable[..., bool],
    ball: Callable[..., Any],
    interval: Callable[..., Any],
    latex: str,
) -> Operator:
    return Operator(
        name,
        arity,
        meaning,
        "IEEE 754 truth of a number: everything but 0",
        latex=latex,
        exact=lambda m, *operands: exact.truth(m, combine(*operands)),
        partials=(None,) * arity,
        ball=ball,
        interval=interval,
        smoothness=-1,
        kinks=lambda b, *operands: tuple(operands),
        at_kink="0",
        piece=lambda b, signs, *operands: float(combine(*signs)),
        range=(0.0, 1.0),
        safe=(1.0,) * arity,
        commutative=arity == 2,
        associative=arity == 2,
        returns_truth=True,
        takes_truth=frozenset(range(arity)),
        torch=f"torch.{name}",
        native=name,
        numpy=f"numpy.{name}",
    )


OPERATORS = (
    _comparison("lt", "<", "<", "less", operator.lt, balls.less, intervals.less, intervals.less_narrows),
    _comparison(
        "le",
        "<=",
        r"\le",
        "less_equal",
        operator.le,
        balls.less_equal,
        intervals.less_equal,
        intervals.less_equal_narrows,
    ),
    _comparison(
        "gt",
        ">",
        ">",
        "greater",
        operator.gt,
        lambda a, b: balls.less(b, a),
        intervals.greater,
        intervals.greater_narrows,
    ),
    _comparison(
        "ge",
        ">=",
        r"\ge",
        "greater_equal",
        operator.ge,
        lambda a, b: balls.less_equal(b, a),
        intervals.greater_equal,
        intervals.greater_equal_narrows,
    ),
    _comparison("eq", "==", "=", "equal", operator.eq, balls.equal, intervals.equal, intervals.equal_narrows),
    _comparison(
        "ne", "!=", r"\ne", "not_equal", operator.ne, balls.unequal, intervals.unequal, intervals.unequal_narrows
    ),
    _logical(
        "logical_and",
        2,
        "1 where both hold, else 0.",
        lambda a, b: a != 0 and b != 0,
        balls.all_of,
        intervals.all_of,
        r"{0} \wedge {1}",
    ),
    _logical(
        "logical_or",
        2,
        "1 where one holds, else 0.",
        lambda a, b: a != 0 or b != 0,
        balls.any_of,
        intervals.any_of,
        r"{0} \vee {1}",
    ),
    _logical(
        "logical_not",
        1,
        "1 where it does not hold, else 0.",
        lambda a: a == 0,
        balls.none_of,
        intervals.none_of,
        r"\neg {0}",
    ),
    Operator(
        "where",
        3,
        "The second operand where the first holds, else the third; the other one is not looked at.",
        "DSL; torch.where",
        latex=r"\begin{{cases}} {1} & {0} \\ {2} & \text{{otherwise}} \end{{cases}}",
        exact=exact.where,
        partials=(None, lambda b, c, x, y, r: b("where", c, 1, 0), lambda b, c, x, y, r: b("where", c, 0, 1)),
        ball=balls.where,
        interval=intervals.where,
        smoothness=-1,
        kinks=lambda b, c, x, y: (),
        at_kink="that of the branch taken",
        trend=(None, "increasing", "increasing"),
        piece=lambda b, signs, c, x, y: x if signs[0] else y,
        safe=(1.0, 1.0, 1.0),
        takes_truth=frozenset({0}),
        torch="torch.where",
        torch_backward=(
            None,
            lambda b, c, x, y, r, g: b("where", c, g, 0),
            lambda b, c, x, y, r, g: b("where", c, 0, g),
        ),
        native="where",
        numpy="numpy.where",
    ),
)
