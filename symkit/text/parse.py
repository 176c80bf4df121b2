"""Text to Expression. Text is data: it is tokenised, matched against a grammar, and built into a graph."""

from __future__ import annotations

import threading

from symkit.errors import DomainError, LimitError, ParseError
from symkit.ops import OperatorTable, standard
from symkit.text.expression import Expression
from symkit.text.names import KINDS, plain_letters
from symkit.text.reader import Reader

MAX_TEXT = 64 * 1024
"""Bytes of text, in UTF-8."""


def parse(text: str, *, kind: str | None = None, table: OperatorTable | None = None) -> Expression:
    """The Expression that `text` spells.

    Args:
        text: at most 64 KiB; see the language page of the documentation.
        kind: "activation", "loss" or "plain"; inferred from the inputs if None.
        table: operators that may be used; the shipped table if None.

    Raises:
        ParseError: with line, column and what was expected; UnknownOperator and LimitError are ParseErrors.
        DomainError: for an unknown `kind`.
    """
    if not isinstance(text, str):
        raise DomainError(f"text must be a str, not {type(text).__name__}")
    if kind is not None and kind not in KINDS:
        raise DomainError(f"kind {kind!r} is not one of {', '.join(KINDS)}")
    _check_length(text)
    try:
        expression = _readers.reader.read(plain_letters(text), kind, table if table is not None else standard())
        if len(text) > ALWAYS_PRINTABLE:
            _check_printable(expression)
    except ParseError as error:
        error.text = text
        raise
    return expression


def _check_length(text: str) -> None:
    """Raises LimitError at the first character past the limit."""
    kept = text[:MAX_TEXT]
    if not kept.isascii():
        encoded = kept.encode("utf-8", "surrogatepass")
        if len(encoded) > MAX_TEXT:
            kept = encoded[:MAX_TEXT].decode("utf-8", "ignore")
    if len(kept) < len(text):
        raise LimitError(
            f"the text has {len(text)} characters; the limit is {MAX_TEXT} bytes",
            text=text[: len(kept) + 100],
            line=kept.count("\n") + 1,
            column=len(kept) - kept.rfind("\n"),
        )


ALWAYS_PRINTABLE = 100
"""A text this short prints below the limit, whatever it says."""


def _check_printable(expression: Expression) -> None:
    """Raises LimitError where the printed text, with full names, would be too long to be read again."""
    program = expression.program
    longest = max(len(node.operator.name if not node.is_leaf else str(node.value)) for node in program.nodes)
    if len(program) * (4 * longest + 100) > MAX_TEXT and (length := len(str(expression))) > MAX_TEXT:
        problem = f"printed with full names the expression has {length} characters; the limit is {MAX_TEXT}"
        raise LimitError(problem, line=1, column=1)


class _Readers(threading.local):
    """Lark with an embedded transformer keeps state while it parses, so each thread has its own."""

    _reader: Reader | None = None

    @property
    def reader(self) -> Reader:
        if self._reader is None:
            self._reader = Reader()
        return self._reader


_readers = _Readers()
