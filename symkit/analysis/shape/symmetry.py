"""Even and odd functions, and the even and odd part of the others."""

from __future__ import annotations

from typing import Literal

import numpy as np

from symkit.analysis.breakpoints import breakpoints
from symkit.analysis.curve import Curve, Normal
from symkit.analysis.expectation import expectations
from symkit.analysis.shape.rows import Row
from symkit.analysis.subject import Subject
from symkit.checking.parity import mirror_sign, mirrored
from symkit.ir import Program, ProgramBuilder
from symkit.text import Expression

PLACES = (0.1234567, 0.7654321, 1.9283746, 3.3377991, 7.4185296)
"""Deviations from 0 at which a symmetry that is not plain from the operators is tried exactly."""

Parity = Literal["even", "odd"]


def parity(subject: Subject, value: Row) -> tuple[Parity | None, bool]:
    """What f becomes where x changes its sign, and whether that is proved."""
    sign = mirror_sign(subject.program, [subject.variable])
    if sign is not None:
        return ("even" if sign > 0 else "odd"), True
    x = subject.normal.deviation * np.concatenate([np.linspace(0.01, 10, 200), np.geomspace(10, 1e6, 100)])
    right, left = value.floats(x), value.floats(-x)
    with np.errstate(invalid="ignore", over="ignore"):
        for name, turn in (("even", 1.0), ("odd", -1.0)):
            apart = np.abs(left - turn * right) > 1e-9 * np.abs(right)
            if not (apart | np.isnan(left) | np.isnan(right)).any() and _is_exactly(subject, value, turn):
                return ("even" if name == "even" else "odd"), False
    return None, False


def _is_exactly(subject: Subject, value: Row, turn: float) -> bool:
    for place in PLACES:
        right, left = (value.exact(sign * place * subject.normal.deviation) for sign in (1, -1))
        # Exact values are good to 30 digits.
        if not abs(left - turn * right) <= 1e-25 * abs(right):
            return False
    return True


def parts(expression: Expression, known: Parity | None) -> tuple[str, str]:
    """(f(x) + f(-x))/2 and (f(x) - f(-x))/2 as text."""
    zero = str(expression.with_program(_number(0.0)))
    if known is not None:
        return (str(expression), zero) if known == "even" else (zero, str(expression))
    variable = expression.inputs[0]
    return (
        str(expression.with_program(part(expression.program, variable, 1))),
        str(expression.with_program(part(expression.program, variable, -1))),
    )


def part(program: Program, variable: str, sign: int) -> Program:
    """The even (1) or odd (-1) part of a Program of one root."""
    builder = ProgramBuilder()
    image = mirrored(program, [variable])
    first, second = (builder.term(builder.include(p)[p.root]) for p in (program, image))
    total = first + second if sign > 0 else first - second
    return builder.build([(total / 2.0).index])


def _number(value: float) -> Program:
    builder = ProgramBuilder()
    return builder.build([builder.number(value)])


def even_share(subject: Subject, known: Parity | None) -> float | None:
    """E[even part squared]/E[f**2] for an input around 0 of the variance given; None where there is no such number."""
    centred = Normal(0.0, subject.normal.deviation)
    points = breakpoints(subject.program, subject.values, subject.variable, centred)
    points = sorted({*points, *(-point + 0.0 for point in points)})
    programs = [subject.program]
    if known is None:
        programs = [part(subject.program, subject.variable, sign) for sign in (1, -1)]
    squares = []
    for program in programs:
        curve = Curve(program, subject.values, subject.variable)
        (found,) = expectations(curve, centred, points, (2,), variable=subject.variable)
        if found.value is None:
            return None
        squares.append(found.value)
    if not sum(squares):
        return None
    if known is not None:
        return 1.0 if known == "even" else 0.0
    return squares[0] / sum(squares)
