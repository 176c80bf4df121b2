"""Programs as torch source: one function that reads well, for export and for TorchScript."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable

from symkit.backends.forms import takes_literals
from symkit.evaluation.truth import is_truth
from symkit.ir import Kind, Node, Program
from symkit.text.printer import number_text

ATOM = 9
NEGATION = 4
WIDTH = 80
"""A term that would be longer has its longest operands on lines of their own."""

LITERAL = "torch.scalar_tensor({value}, dtype={like}.dtype, device={like}.device)"
RESERVED = frozenset({"torch", "Tensor", "List", "self", "dtype", "result"})

Piece = tuple[str, int]
"""Text and how tightly it binds."""


def python_names(names: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """Names as Python identifiers that are no keywords and hide nothing that the source uses; all different."""
    used = {*RESERVED, *taken}
    found: dict[str, str] = {}
    for name in names:
        safe = re.sub(r"\W", "_", name)
        while safe in used or keyword.iskeyword(safe) or not safe.isidentifier():
            safe = f"{safe}_" if safe.isidentifier() else f"v{safe}"
        used.add(safe)
        found[name] = safe
    return found


class Emitter:
    """Writes the statements of a Program.

    Args:
        program: lowered and without constants; every operator has a torch form.
        names: the Python spelling of every leaf.
        like: the spelling of a tensor whose dtype and device literals take.
    """

    def __init__(self, program: Program, names: dict[str, str], like: str) -> None:
        self._program = program
        self._names = names
        self._like = like
        self._lines: list[str] = []
        self._literals: dict[str, str] = {}
        self._taken = set(names.values())
        self._counts: dict[str, int] = {}

    def emit(self) -> tuple[list[str], list[str]]:
        """(statements, the text of every root); a root that is no name or call stands in brackets."""
        program = self._program
        pieces: list[Piece] = []
        for index, node in enumerate(program.nodes):
            piece = self._fitting(node, pieces)
            if not node.is_leaf and program.uses[index] > 1:
                piece = self._assigned(piece[0]), ATOM
            pieces.append(piece)
        roots = [self._asnumber(root, (_bracketed(pieces[root], ATOM), ATOM)) for root in program.roots]
        literals = [
            f"{name} = {LITERAL.format(value=value, like=self._like)}" for value, name in self._literals.items()
        ]
        return literals + self._lines, roots

    def _fitting(self, node: Node, pieces: list[Piece]) -> Piece:
        """A node's text, its longest operands assigned to names until it fits."""
        piece = self._text(node, pieces)
        while len(piece[0]) > WIDTH:
            longest = max(node.operands, key=lambda i: len(pieces[i][0]))
            if pieces[longest][0].isidentifier():
                break
            pieces[longest] = self._assigned(pieces[longest][0]), ATOM
            piece = self._text(node, pieces)
        return piece

    def _assigned(self, text: str) -> str:
        name = self._fresh("t")
        self._lines.append(f"{name} = {text}")
        return name

    def _fresh(self, stem: str) -> str:
        while True:
            self._counts[stem] = self._counts.get(stem, 0) + 1
            name = f"{stem}{self._counts[stem]}"
            if name not in self._taken:
                self._taken.add(name)
                return name

    def _text(self, node: Node, pieces: list[Piece]) -> Piece:
        if node.kind is Kind.NUMBER:
            return number(node.number), NEGATION if node.number < 0 else ATOM
        if node.is_leaf:
            return self._names[node.name], ATOM
        operator = node.operator
        literals = [self._is_literal(i) for i in node.operands]
        as_tensors = not takes_literals(operator, literals)
        operands = [self._operand(node, slot, pieces, as_tensors) for slot in range(operator.arity)]
        infix = operator.infix
        if infix is None:
            return f"{operator.torch}({', '.join(text for text, _ in operands)})", ATOM
        if infix.prefix:
            return f"{infix.symbol}{_bracketed(operands[0], infix.precedence)}", infix.precedence
        left = _bracketed(operands[0], infix.precedence + (infix.right or infix.precedence == 1))
        right = _bracketed(operands[1], NEGATION if infix.right else infix.precedence + 1)
        return f"{left} {infix.symbol} {right}", infix.precedence

    def _operand(self, node: Node, slot: int, pieces: list[Piece], as_tensor: bool) -> Piece:
        """An operand as the operator wants it: condition, number or tensor."""
        index = node.operands[slot]
        truth, wanted = is_truth(self._program.nodes[index]), slot in node.operator.takes_truth
        if truth and not wanted:
            return self._asnumber(index, pieces[index]), ATOM
        if wanted and not truth:
            return f"({self._asnumber(index, (_bracketed(pieces[index], 2), 2))} != 0)", ATOM
        if as_tensor and self._is_literal(index):
            return self._literal(index), ATOM
        return pieces[index]

    def _asnumber(self, index: int, piece: Piece) -> str:
        """A condition as 0 and 1, a literal as a tensor, anything else as it is."""
        if is_truth(self._program.nodes[index]):
            return f"{_bracketed(piece, ATOM)}.to({self._like}.dtype)"
        return self._literal(index) if self._is_literal(index) else piece[0]

    def _literal(self, index: int) -> str:
        """The name of a tensor that holds a literal."""
        text = number(self._program.nodes[index].number)
        if text not in self._literals:
            self._literals[text] = self._fresh("c")
        return self._literals[text]

    def _is_literal(self, index: int) -> bool:
        return self._program.nodes[index].kind is Kind.NUMBER


def _bracketed(piece: Piece, wanted: int) -> str:
    text, precedence = piece
    return text if precedence >= wanted else f"({text})"


def number(value: float) -> str:
    """A Python float literal."""
    text = number_text(value)
    return text if any(c in text for c in ".e") else f"{text}.0"
