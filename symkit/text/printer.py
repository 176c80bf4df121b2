"""Expression to text that parses back to an equal Expression."""

from __future__ import annotations

import math
from collections.abc import Iterator

from symkit.ir import Kind, Node, Program
from symkit.ops import Operator
from symkit.text.expression import Expression, Parameter

ATOM = 9
NEGATION = 4
SHARED_TEXT = 12
"""Shared subterms whose text is longer than this become local names."""

Piece = tuple[str, int]
"""Text and the precedence of its outermost operator."""


def to_text(expression: Expression) -> str:
    """The formula, with a header where name, sharing, initial values or inputs differ from the defaults."""
    body = program_text(expression.program)
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
        inside += ("; " if inside else ";") + ", ".join(settings)
    return f"{expression.name or 'f'}({inside})"


def _setting(name: str, parameter: Parameter) -> str:
    text = name if parameter.granularity is None else f"{name}: {parameter.granularity}"
    if parameter.initial != 1.0 or parameter.granularity is None:
        text += f" = {number_text(parameter.initial)}"
    return text


def program_text(program: Program) -> str:
    """The only root of a Program as text, shared subterms by local names."""
    locals_, pieces = written(program, _text_of, SHARED_TEXT)
    lines = [f"{name} = {text}" for name, text in locals_]
    return "; ".join([*lines, pieces[program.root][0]])


def written(
    program: Program, text_of: object, limit: int, name_of: object = None
) -> tuple[list[tuple[str, str]], list[Piece]]:
    """Text of every node; nodes used more than once whose text is longer than `limit` get a name.

    `text_of(node, operand pieces)` gives a Piece. Each text is built from its operands' texts, so shared
    subterms are never unrolled and deep chains need no recursion.
    """
    names = fresh_names(program)
    locals_: list[tuple[str, str]] = []
    pieces: list[Piece] = []
    for index, node in enumerate(program.nodes):
        text, precedence = text_of(node, [pieces[i] for i in node.operands])  # type: ignore[operator]
        if not node.is_leaf and program.uses[index] > 1 and len(text) > limit:
            name = next(names)
            locals_.append((name, text))
            text, precedence = (name if name_of is None else name_of(name)), ATOM  # type: ignore[operator]
        pieces.append((text, precedence))
    return locals_, pieces


def fresh_names(program: Program) -> Iterator[str]:
    """t1, t2, ... but for names that the program's leaves have."""
    taken = {node.value for node in program.nodes if node.is_leaf}
    number = 0
    while True:
        number += 1
        if (name := f"t{number}") not in taken:
            yield name


def _text_of(node: Node, operands: list[Piece]) -> Piece:
    if node.kind is Kind.NUMBER:
        return number_text(node.number), NEGATION if math.copysign(1.0, node.number) < 0 else ATOM
    if node.is_leaf:
        return node.name, ATOM
    operator = node.operator
    infix = operator.infix
    if infix is None:
        given = _without_defaults(operator, [text for text, _ in operands])
        return f"{operator.name}({', '.join(given)})", ATOM
    if infix.prefix:
        text, precedence = operands[0]
        # A sign before a literal would fold into it when read back.
        if _is_literal(text):
            return f"{operator.name}({text})", ATOM
        return f"{infix.symbol}{_bracketed(text, precedence, infix.precedence)}", infix.precedence
    (left, left_precedence), (right, right_precedence) = operands
    tight = infix.precedence >= 5
    left = _bracketed(left, left_precedence, infix.precedence + (infix.right or infix.precedence == 1))
    wanted = NEGATION if infix.right else infix.precedence + 1
    right = _bracketed(right, right_precedence, wanted)
    space = "" if tight or infix.precedence == 3 else " "
    return f"{left}{space}{infix.symbol}{space}{right}", infix.precedence


def _bracketed(text: str, precedence: int, wanted: int) -> str:
    return text if precedence >= wanted else f"({text})"


def _is_literal(text: str) -> bool:
    return text.lstrip("-")[:1].isdigit() and all(c.isalnum() or c in ".-+" for c in text)


def _without_defaults(operator: Operator, texts: list[str]) -> list[str]:
    """Operand texts without trailing ones that are the defaults."""
    kept = list(texts)
    for default in reversed(operator.defaults):
        if not kept or kept[-1] != number_text(default):
            break
        kept.pop()
    return kept


def number_text(value: float) -> str:
    """The shortest literal that reads back to the same float64."""
    text = repr(float(value))
    return text[:-2] if text.endswith(".0") else text
