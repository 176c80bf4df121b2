"""Expression to text that parses back to an equal Expression."""

from __future__ import annotations

import math
from collections.abc import Collection

from symkit.ir import Kind, Node, Program
from symkit.ops import Operator
from symkit.text.expression import Expression, Parameter
from symkit.text.pieces import ATOM, Piece, called, lent, listed, piece, shown_operands, written

SIGN = 4
"""Precedence of a sign, as in the operator records."""

SHARED_TEXT = 12
"""Shared subterms whose text is longer than this become local names."""

DEEPEST_TEXT = 100
"""So do terms that nest deeper than this; the parser's limit is 200."""


def to_text(expression: Expression) -> str:
    """The formula, with a header where name, sharing, initial values or inputs differ from the defaults."""
    body = program_text(expression.program, reserved=expression.inputs)
    head = header_text(expression)
    return f"{head} = {body}" if head else body


def header_text(expression: Expression) -> str:
    """The header without `=`, or nothing where the defaults say it all."""
    settings = [
        _setting(name, parameter) for name, parameter in expression.settings.items() if parameter != Parameter()
    ]
    settings += [f"{name} = {number_text(value)}" for name, value in sorted(expression.constants.items())]
    if not settings and expression.name is None and expression.has_implied_inputs:
        return ""
    inside = ", ".join(expression.inputs)
    if settings:
        inside += "; " + ", ".join(settings)
    return f"{expression.name or 'f'}({inside})"


def _setting(name: str, parameter: Parameter) -> str:
    text = name if parameter.granularity is None else f"{name}: {parameter.granularity}"
    if parameter.initial != 1.0 or parameter.granularity is None:
        text += f" = {number_text(parameter.initial)}"
    return text


def program_text(program: Program, *, reserved: Collection[str] = ()) -> str:
    """The only root of a Program as text; shared and very deep subterms by local names that are not `reserved`."""
    locals_, root = written(program, _spell, longest=SHARED_TEXT, deepest=DEEPEST_TEXT, reserved=reserved)
    return "; ".join([*(f"{name} = {text.joined()}" for name, text in locals_), root.joined()])


def number_text(value: float) -> str:
    """The shortest literal that reads back to the same float64."""
    mantissa, _, exponent = repr(float(value)).partition("e")
    mantissa = mantissa.removesuffix(".0")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def _spell(node: Node, operands: list[Piece]) -> Piece:
    if node.kind is Kind.NUMBER:
        signed = math.copysign(1.0, node.number) < 0
        precedence = SIGN if signed else ATOM
        return piece(number_text(node.number), precedence=precedence, nests=int(signed), number=node.number)
    if node.is_leaf:
        return piece(node.name)
    infix = node.operator.infix
    if infix is None:
        return _call(node.operator, operands)
    if infix.prefix:
        (operand,) = operands
        # A sign before a literal would fold into it when read back.
        if operand.number is not None:
            return _call(node.operator, operands)
        return piece(infix.symbol, _bracketed(operand, infix.precedence), precedence=infix.precedence, nests=1)
    # Comparisons do not chain; a power takes a sign on its right.
    left, right = operands
    left = _bracketed(left, infix.precedence + (infix.right or infix.precedence == 1))
    right = _bracketed(right, SIGN if infix.right else infix.precedence + 1)
    symbol = infix.symbol if infix.precedence > 2 else f" {infix.symbol} "
    return piece(left, symbol, right, precedence=infix.precedence, nests=int(infix.right))


def _bracketed(operand: Piece, wanted: int) -> Piece:
    return operand if operand.precedence >= wanted else piece("(", operand, ")", nests=1)


def _call(operator: Operator, operands: list[Piece]) -> Piece:
    first, *rest = shown_operands(operator, operands)
    return called(operator, f"{operator.name}(", listed([lent(operator, first), *rest]), ")")
