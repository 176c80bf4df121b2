"""Text under construction, for the printer and for LaTeX.

A piece holds its fragments and joins them only at the end, so that a chain of n terms costs n and not n squared, and
nothing recurses however deep an expression is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from symkit.ir import Node, Program
from symkit.ops import Operator

ATOM = 90
"""Precedence of what never needs a bracket; the operators' own, up to 5, is in their records."""


class Piece(NamedTuple):
    """The text of one node.

    Attributes:
        parts: fragments and inner pieces, in order.
        precedence: that of the outermost operator.
        length: characters in all.
        nesting: how many brackets, calls, signs and powers stand inside each other.
        head: the first fragment.
        number: the value, where the whole is a literal.
        call: the operator, where the parts are an opening, a list of operands that more may join, and a closing.
        factor: in LaTeX, whether another factor may follow without a dot.
    """

    parts: tuple[str | Piece, ...]
    precedence: int
    length: int
    nesting: int
    head: str
    number: float | None = None
    call: Operator | None = None
    factor: bool = False

    def joined(self) -> str:
        """The text."""
        fragments: list[str] = []
        left: list[str | Piece] = [self]
        while left:
            part = left.pop()
            if isinstance(part, str):
                fragments.append(part)
            else:
                left.extend(reversed(part.parts))
        return "".join(fragments)


def piece(*parts: str | Piece, precedence: int = ATOM, nests: int = 0, number: float | None = None) -> Piece:
    """Parts as one; `nests` is what they add to the nesting."""
    length = nesting = 0
    for part in parts:
        if isinstance(part, str):
            length += len(part)
        else:
            length += part.length
            nesting = max(nesting, part.nesting)
    head = parts[0] if isinstance(parts[0], str) else parts[0].head
    return Piece(parts, precedence, length, nesting + nests, head, number)


def listed(operands: Sequence[Piece]) -> Piece:
    """Operands with commas between."""
    parts: list[str | Piece] = [operands[0]]
    for operand in operands[1:]:
        parts += ", ", operand
    return piece(*parts)


def called(operator: Operator, opening: str, operands: Piece, closing: str, precedence: int = ATOM) -> Piece:
    """Operands inside what opens and closes a call."""
    made = piece(opening, operands, closing, precedence=precedence, nests=1)
    return made._replace(call=operator) if operator.associative else made


def lent(operator: Operator, operand: Piece) -> Piece:
    """The operands of a call of the same associative operator, for max(max(a, b), c) is max(a, b, c); else itself."""
    if operand.call is not operator:
        return operand
    inside = operand.parts[1]
    assert isinstance(inside, Piece)
    return inside


def shown_operands(operator: Operator, operands: Sequence[Piece]) -> list[Piece]:
    """Operands without trailing ones that are literals with the default value."""
    kept = list(operands)
    for default in reversed(operator.defaults):
        value = kept[-1].number
        if value is None or value.hex() != default.hex():
            break
        kept.pop()
    return kept


Spell: TypeAlias = Callable[[Node, list[Piece]], Piece]


def written(
    program: Program,
    spell: Spell,
    *,
    leaf: Callable[[str], Piece] = piece,
    longest: int,
    deepest: int,
    reserved: Collection[str] = (),
    uses: Sequence[int] | None = None,
) -> tuple[list[tuple[str, Piece]], Piece]:
    """(local names and their text, text of the only root).

    Args:
        spell: the piece of a node, given those of its operands.
        leaf: the piece of a local name.
        longest: a node used more than once becomes a local name if its text is longer.
        deepest: so does a node whose text nests deeper.
        reserved: names that local ones must not take, besides those of leaves.
        uses: how often the text of each node is shown; as often as it is an operand if None.
    """
    uses = program.uses if uses is None else uses
    names = _fresh_names(program, reserved)
    locals_: list[tuple[str, Piece]] = []
    pieces: list[Piece] = []
    for index, node in enumerate(program.nodes):
        made = spell(node, [pieces[i] for i in node.operands])
        repeated = uses[index] > 1 and made.length > longest
        if not node.is_leaf and index != program.root and (repeated or made.nesting > deepest):
            name = next(names)
            locals_.append((name, made))
            made = leaf(name)
        pieces.append(made)
    return locals_, pieces[program.root]


def _fresh_names(program: Program, reserved: Collection[str]) -> Iterator[str]:
    """t1, t2, ... but for names that are taken."""
    taken = {node.value for node in program.nodes if node.is_leaf}.union(reserved)
    number = 0
    while True:
        number += 1
        if (name := f"t{number}") not in taken:
            yield name
