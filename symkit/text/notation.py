"""How LaTeX writes an operator: the template of its record, read for where brackets are needed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from string import Formatter

from symkit.ops import Infix, Operator
from symkit.text.pieces import ATOM

LOOSE, RELATION, PRODUCT, NEGATION, FRACTION, POWER, APPLICATION = 0, 10, 30, 40, 45, 50, 60
"""Precedences, loosest first: those of the operator records times ten, and some between; at last ATOM."""

SCALE = 10
GROUP = re.compile(r"\{[^{}]*\}")
FENCE = re.compile(r"\\left\W?(?:(?!\\left).)*?\\right\W?")


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of an operand, and the least precedence that stands there without a bracket."""

    operand: int
    wanted: int


@dataclass(frozen=True, slots=True)
class Notation:
    """Fragments and slots in order.

    Attributes:
        precedence: that of the whole.
        nests: whether it has groups or fences.
        encloses: whether all operands stand, one after the other, between two fragments.
    """

    parts: tuple[str | Slot, ...]
    precedence: int
    nests: bool
    encloses: bool

    def shows(self, operand: int) -> int:
        """How often an operand stands in it."""
        return sum(isinstance(part, Slot) and part.operand == operand for part in self.parts)


@lru_cache(maxsize=1024)
def notation(operator: Operator) -> Notation | None:
    """The notation of an operator, or None where its record has no template."""
    if operator.latex is None:
        return None
    fragments, fields = _split(operator.latex)
    parts: list[str | Slot] = [fragments[0]]
    for position, operand in enumerate(fields):
        before, after = fragments[position], fragments[position + 1]
        inside = sum(f.count("{") - f.count("}") for f in fragments[: position + 1]) > 0
        wanted = _beside(before, after)
        if operator.infix is not None:
            wanted = LOOSE if inside else _in_infix(operator.infix, operand)
        parts += Slot(operand, wanted), after
    whole = _outermost("#".join(fragments))
    if operator.infix is not None and whole != FRACTION:
        whole = operator.infix.precedence * SCALE
    nests = any("{" in fragment or "\\left" in fragment for fragment in fragments)
    encloses = nests and fields == list(range(operator.arity)) and "" not in (fragments[0], fragments[-1])
    return Notation(tuple(part for part in parts if part != ""), whole, nests, encloses)


def _split(template: str) -> tuple[list[str], list[int]]:
    """Literal fragments and the operands between them."""
    fragments, fields = [""], []
    for literal, field, _, _ in Formatter().parse(template):
        fragments[-1] += literal
        if field is not None:
            fields.append(int(field))
            fragments.append("")
    return fragments, fields


def _in_infix(infix: Infix, operand: int) -> int:
    if infix.prefix:
        return infix.precedence * SCALE + 1
    if infix.right:
        return ATOM
    # Relations do not chain.
    return infix.precedence * SCALE + (operand > 0 or infix.precedence * SCALE == RELATION)


def _beside(before: str, after: str) -> int:
    """What a slot needs that stands between two fragments of a template."""
    if after.startswith("^"):
        return ATOM
    if before.endswith("\\neg "):
        return APPLICATION
    if before.endswith(("\\wedge ", "\\vee ")) or after.startswith((" \\wedge", " \\vee")):
        return RELATION
    if before.endswith(("+ ", "- ", "-")) or after.startswith((" +", " -")):
        return PRODUCT
    return LOOSE


def _outermost(template: str) -> int:
    """Precedence of a template with `#` for its operands, from what lies outside groups and fences."""
    left = template.replace("\\{", "").replace("\\}", "")
    while GROUP.search(left):
        left = GROUP.sub("", left)
    while FENCE.search(left):
        left = FENCE.sub("|", left)
    if left.startswith("\\frac"):
        return FRACTION
    if " " in left.strip():
        return LOOSE
    if "^" in left:
        return POWER
    return APPLICATION if left.endswith("|") and left != "|" else ATOM
