"""Expression to LaTeX for maths mode."""

from __future__ import annotations

import math
import re
from functools import partial

from symkit.ir import Kind, Node, Program
from symkit.ops import Operator
from symkit.text.expression import Expression
from symkit.text.names import GREEK
from symkit.text.notation import APPLICATION, LOOSE, NEGATION, POWER, PRODUCT, RELATION, Notation, notation
from symkit.text.pieces import ATOM, Piece, called, lent, listed, piece, shown_operands, written
from symkit.text.printer import number_text

SHARED_LATEX = 60
"""Shared subterms whose source is longer than this are named."""

DEEPEST_LATEX = 40
"""So are terms that nest deeper than this; TeX allows 255 groups, and a level may take several."""

GREEK_COMMANDS = frozenset(GREEK.values()) - {"eps", "omicron"}
LATIN_CAPITALS = frozenset("Alpha Beta Epsilon Zeta Eta Iota Kappa Mu Nu Omicron Rho Tau Chi".split())
INDEXED = re.compile(r"([A-Za-z]+?)(?:_?([0-9]+)|_([A-Za-z0-9]+))?")
DOT = r" \cdot "


def to_latex(expression: Expression) -> str:
    """LaTeX source; large shared subterms are named in an `aligned` block and not unrolled."""
    program = expression.program
    locals_, root = written(
        program,
        partial(_spell, program),
        leaf=_leaf,
        longest=SHARED_LATEX,
        deepest=DEEPEST_LATEX,
        reserved=expression.inputs,
        uses=_uses(program),
    )
    if not locals_:
        return root.joined()
    lines = [f"{_name(name)} &= {made.joined()}" for name, made in locals_]
    body = " \\\\\n".join([*lines, f"& {root.joined()}"])
    return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"


def _uses(program: Program) -> list[int]:
    """How often each node is shown: some notations show an operand twice."""
    counts = list(program.uses)
    for node in program.nodes:
        template = None if node.is_leaf else notation(node.operator)
        if template is not None:
            for slot, index in enumerate(node.operands):
                counts[index] += max(0, template.shows(slot) - 1)
    return counts


def _spell(program: Program, node: Node, operands: list[Piece]) -> Piece:
    if node.kind is Kind.NUMBER:
        return _number(node.number)
    if node.is_leaf:
        return _leaf(node.name)
    operator = node.operator
    read = [
        _as_number_or_truth(operand, program.nodes[index], slot in operator.takes_truth)
        for slot, (index, operand) in enumerate(zip(node.operands, operands, strict=True))
    ]
    template = notation(operator)
    if template is None:
        inside = listed(shown_operands(operator, read))
        name = operator.name.replace("_", r"\_")
        return piece(rf"\operatorname{{{name}}}\left(", inside, r"\right)", precedence=APPLICATION, nests=1)
    return _filled(operator, template, read)


def _as_number_or_truth(operand: Piece, node: Node, wants_truth: bool) -> Piece:
    """A comparison used as a number is written `[x > 0]`, a number used as a condition `x != 0`."""
    is_truth = not node.is_leaf and node.operator.returns_truth
    if is_truth and not wants_truth:
        return piece(r"\left[", operand, r"\right]", nests=1)
    if wants_truth and not is_truth:
        return piece(_fenced(operand, RELATION + 1), r" \ne 0", precedence=RELATION)
    return operand


def _filled(operator: Operator, template: Notation, operands: list[Piece]) -> Piece:
    """The template with its operands; those that it does not show follow the first, unless they are defaults."""
    hidden = [operand for slot, operand in enumerate(shown_operands(operator, operands)) if not template.shows(slot)]
    parts: list[str | Piece] = []
    for part in template.parts:
        if isinstance(part, str):
            parts.append(part)
            continue
        operand = operands[part.operand]
        if part.operand == 0:
            operand = lent(operator, operand) if template.encloses else operand
            operand = piece(operand, "; ", listed(hidden)) if hidden else operand
        # A sign after another needs a bracket, whatever it binds.
        signed = bool(parts) and part.wanted > LOOSE and operand.head.startswith("-")
        operand = _fenced(operand, ATOM + 1 if signed else part.wanted)
        if parts[1:] == [DOT] and _may_join(parts[0], operand):
            parts[1] = " "
        parts.append(operand)
    first, *inside, last = parts
    if template.encloses and isinstance(first, str) and isinstance(last, str):
        return called(operator, first, piece(*inside), last, template.precedence)
    made = piece(*parts, precedence=template.precedence, nests=int(template.nests))
    return made._replace(factor=isinstance(last, Piece) and last.factor)


def _may_join(left: str | Piece, right: Piece) -> bool:
    """Whether a product reads well without a dot: 2 x, \\beta x, x \\sin(x), but not x (y + 1), x 2 or 2 1/3."""
    starts_well = not right.head.startswith(("\\left", "\\mathit", *"0123456789"))
    return isinstance(left, Piece) and left.factor and right.precedence >= POWER and starts_well


def _fenced(operand: Piece, wanted: int) -> Piece:
    return operand if operand.precedence >= wanted else piece(r"\left(", operand, r"\right)", nests=1)


def _number(value: float) -> Piece:
    mantissa, _, exponent = number_text(value).partition("e")
    precedence = NEGATION if math.copysign(1.0, value) < 0 else ATOM
    text = mantissa
    if exponent:
        power = f"10^{{{exponent}}}"
        plain = mantissa.removeprefix("-") == "1"
        text = mantissa.replace("1", power) if plain else f"{mantissa}{DOT}{power}"
        precedence = min(precedence, POWER if plain else PRODUCT)
    return piece(text, precedence=precedence, number=value)._replace(factor=True)


def _leaf(name: str) -> Piece:
    text = _name(name)
    return piece(text)._replace(factor=not text.startswith(r"\mathit"))


def _name(name: str) -> str:
    if name == "eps":
        return r"\epsilon"
    match = INDEXED.fullmatch(name)
    if match is None:
        return rf"\mathit{{{name.replace('_', chr(92) + '_')}}}"
    stem, number, word = match.groups()
    if stem in LATIN_CAPITALS:
        base = rf"\mathrm{{{stem[0]}}}"
    elif stem in GREEK_COMMANDS:
        base = f"\\{stem}"
    else:
        base = stem if len(stem) == 1 else rf"\mathit{{{stem}}}"
    if word is not None:
        return rf"{base}_{{\mathit{{{word}}}}}"
    return f"{base}_{{{number}}}" if number else base
