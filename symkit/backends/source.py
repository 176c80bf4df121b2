"""Programs as torch source: one function that reads well, for export and for TorchScript."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable

from symkit.evaluation.truth import is_truth
from symkit.ir import Kind, Node, Program
from symkit.text.printer import number_text

ATOM = 9
NEGATION = 4
WIDTH = 72
"""A subterm whose text is longer than this gets a line of its own."""

LITERAL = "torch.scalar_tensor({value}, dtype={like}.dtype, device={like}.device)"


def python_names(names: Iterable[str]) -> dict[str, str]:
    """Leaf names as Python identifiers that are no keywords and do not hide torch; all different."""
    taken: set[str] = {"torch", "Tensor", "self"}
    found: dict[str, str] = {}
    for name in names:
        safe = re.sub(r"\W", "_", name)
        while safe in taken or keyword.iskeyword(safe) or not safe.isidentifier():
            safe = f"{safe}_" if safe.isidentifier() else f"v{safe}"
        taken.add(safe)
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
        self._literals: dict[float, str] = {}
        self._taken = set(names.values())
        self._counts: dict[str, int] = {}

    def emit(self) -> tuple[list[str], list[str]]:
        """(statements, the text of every root); a root that is no name or call stands in brackets."""
        program = self._program
        pieces: list[tuple[str, int]] = []
        for index, node in enumerate(program.nodes):
            text, precedence = self._text(node, pieces)
            shared = not node.is_leaf and program.uses[index] > 1
            if shared or (len(text) > WIDTH and index not in program.roots):
                text, precedence = self._assigned(text), ATOM
            pieces.append((text, precedence))
        roots = [self._as_number(root, _bracketed(pieces[root], ATOM)) for root in program.roots]
        literals = [
            f"{name} = {LITERAL.format(value=_number(value), like=self._like)}"
            for value, name in self._literals.items()
        ]
        return literals + self._lines, roots

    def _assigned(self, text: str, stem: str = "t") -> str:
        name = self._fresh(stem)
        self._lines.append(f"{name} = {text}")
        return name

    def _fresh(self, stem: str) -> str:
        while True:
            self._counts[stem] = self._counts.get(stem, 0) + 1
            name = f"{stem}{self._counts[stem]}"
            if name not in self._taken:
                self._taken.add(name)
                return name

    def _text(self, node: Node, pieces: list[tuple[str, int]]) -> tuple[str, int]:
        if node.kind is Kind.NUMBER:
            return _number(node.number), NEGATION if node.number < 0 else ATOM
        if node.is_leaf:
            return self._names[node.name], ATOM
        operator = node.operator
        operands = [self._operand(node, slot, pieces) for slot in range(operator.arity)]
        infix = operator.infix
        if infix is None:
            inside = ", ".join(self._tensor(i, text) for i, (text, _) in zip(node.operands, operands, strict=True))
            return f"{operator.torch}({inside})", ATOM
        if all(self._is_literal(i) for i in node.operands):
            operands = [(self._tensor(i, text), ATOM) for i, (text, _) in zip(node.operands, operands, strict=True)]
        if infix.prefix:
            return f"{infix.symbol}{_bracketed(operands[0], infix.precedence)}", infix.precedence
        left = _bracketed(operands[0], infix.precedence + (infix.right or infix.precedence == 1))
        right = _bracketed(operands[1], NEGATION if infix.right else infix.precedence + 1)
        return f"{left} {infix.symbol} {right}", infix.precedence

    def _operand(self, node: Node, slot: int, pieces: list[tuple[str, int]]) -> tuple[str, int]:
        index = node.operands[slot]
        truth, wanted = is_truth(self._program.nodes[index]), slot in node.operator.takes_truth
        if truth and not wanted:
            return self._as_number(index, pieces[index][0]), ATOM
        if wanted and not truth:
            return f"({self._tensor(index, _bracketed(pieces[index], 2))} != 0)", ATOM
        return pieces[index]

    def _as_number(self, index: int, text: str) -> str:
        """A condition as 0 and 1, a literal as a tensor, anything else as it is."""
        if is_truth(self._program.nodes[index]):
            return f"{_bracketed((text, 0), ATOM) if not text.isidentifier() else text}.to({self._like}.dtype)"
        return self._tensor(index, text)

    def _tensor(self, index: int, text: str) -> str:
        """The text, or for a literal the name of a tensor that holds it."""
        if not self._is_literal(index):
            return text
        value = self._program.nodes[index].number
        if value not in self._literals:
            self._literals[value] = self._fresh("c")
        return self._literals[value]

    def _is_literal(self, index: int) -> bool:
        return self._program.nodes[index].kind is Kind.NUMBER


def _bracketed(piece: tuple[str, int], wanted: int) -> str:
    text, precedence = piece
    return text if precedence >= wanted else f"({text})"


def _number(value: float) -> str:
    """A Python float literal."""
    text = number_text(value)
    return text if any(c in text for c in ".e") else f"{text}.0"
