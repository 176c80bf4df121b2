"""Expression to LaTeX for maths mode."""

from __future__ import annotations

import math
import re

from symkit.ir import Kind, Node
from symkit.text.expression import Expression
from symkit.text.names import GREEK
from symkit.text.printer import ATOM, NEGATION, Piece, number_text, written

SHARED_LATEX = 60
GREEK_COMMANDS = frozenset(GREEK.values()) - {"eps", "omicron"}
LATIN_CAPITALS = frozenset("Alpha Beta Epsilon Zeta Eta Iota Kappa Mu Nu Omicron Rho Tau Chi".split())
FENCED = re.compile(r"^(\\left|\\frac|\\sqrt|\\max|\\min|\\operatorname|\\log|\\sin|\\cos|\\tanh|\\sigma|\\Phi)")


def to_latex(expression: Expression) -> str:
    """LaTeX source; large shared subterms are named in an `aligned` block and not unrolled."""
    locals_, pieces = written(expression.program, _latex_of, SHARED_LATEX, _name)
    root = pieces[expression.program.root][0]
    if not locals_:
        return root
    lines = [f"{_name(name)} &= {text}" for name, text in locals_]
    body = " \\\\\n".join([*lines, f"& {root}"])
    return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"


def _latex_of(node: Node, operands: list[Piece]) -> Piece:
    if node.kind is Kind.NUMBER:
        return _number(node.number), NEGATION if math.copysign(1.0, node.number) < 0 else ATOM
    if node.is_leaf:
        return _name(node.name), ATOM
    operator = node.operator
    template = operator.latex
    if template is None:
        inside = ", ".join(text for text, _ in operands)
        return rf"\operatorname{{{operator.name.replace('_', chr(92) + '_')}}}\left({inside}\right)", ATOM
    infix = operator.infix
    if infix is not None and template.startswith("\\frac"):
        return template.format(*(text for text, _ in operands)), ATOM
    if infix is not None:
        wanted = [infix.precedence + (infix.right or infix.precedence == 1), infix.precedence + 1]
        if infix.right:
            wanted = [ATOM, 0]
        texts = [_fenced(piece, need) for piece, need in zip(operands, wanted, strict=False)]
        return template.format(*texts), infix.precedence
    opens = template.startswith("{0}")
    texts = [_fenced(piece, ATOM) if opens and i == 0 else piece[0] for i, piece in enumerate(operands)]
    shown = template.count("{") - template.count("{{") * 2
    extra = ", ".join(text for i, text in enumerate(texts) if f"{{{i}}}" not in template)
    if extra and shown:
        texts[0] += f"; {extra}"
    return template.format(*texts), 5 if opens else ATOM


def _fenced(piece: Piece, wanted: int) -> str:
    text, precedence = piece
    return text if precedence >= wanted else rf"\left({text}\right)"


def _number(value: float) -> str:
    mantissa, _, exponent = number_text(value).partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa


def _name(name: str) -> str:
    if name == "eps":
        return r"\epsilon"
    match = re.fullmatch(r"([A-Za-z]+?)_?([0-9]*)", name)
    if match is None:
        return rf"\mathit{{{name.replace('_', chr(92) + '_')}}}"
    stem, index = match.groups()
    if stem in LATIN_CAPITALS:
        base = rf"\mathrm{{{stem[0]}}}"
    elif stem in GREEK_COMMANDS:
        base = f"\\{stem}"
    else:
        base = stem if len(stem) == 1 else rf"\mathit{{{stem}}}"
    return f"{base}_{{{index}}}" if index else base
