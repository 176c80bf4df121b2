"""Errors that teach: each carries the value, the place, and what is allowed."""

from __future__ import annotations

from collections.abc import Sequence


class SymkitError(Exception):
    """Root of everything symkit raises on purpose."""


class ParseError(SymkitError):
    """Text that is not an expression.

    Attributes:
        problem: what is wrong, in one line.
        text: the text that was read; `parse` fills it in.
        line, column: 1-based place of the first character that does not fit; 0 where no text was read.
        expected: what would have been accepted there, in plain words.
        suggestion: the nearest known spelling, or None.
    """

    def __init__(
        self,
        problem: str,
        *,
        text: str = "",
        line: int = 0,
        column: int = 0,
        expected: Sequence[str] = (),
        suggestion: str | None = None,
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.text = text
        self.line = line
        self.column = column
        self.expected = tuple(expected)
        self.suggestion = suggestion

    def __str__(self) -> str:
        parts = [self.problem]
        if self.line:
            parts[0] += f" (line {self.line}, column {self.column})"
        # Lines end as the parser counts them: str.splitlines knows more line ends.
        lines = self.text.split("\n")
        if self.text and 0 < self.line <= len(lines):
            parts.append(_with_caret(lines[self.line - 1], self.column))
        if self.expected:
            parts.append("expected " + _join(self.expected))
        if self.suggestion:
            parts.append(f"did you mean {self.suggestion}?")
        return "\n".join(parts)


class UnknownOperator(ParseError):
    """A function name that the operator table does not hold."""


class LimitError(ParseError):
    """Input past a fixed limit on size, depth or digits; raised before any costly work."""


class DomainError(SymkitError, ValueError):
    """A value, name or setting outside what is allowed."""


class Unsupported(SymkitError, NotImplementedError):
    """Something a backend or format cannot do; says what and what would help."""


def _with_caret(source: str, column: int, width: int = 72) -> str:
    """The line and a caret below the column, cut to a window where the line is long."""
    start = max(0, column - 1 - width // 2)
    window = source[start : start + width]
    shown = "".join(c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in window)
    left = "..." if start else ""
    right = "..." if start + width < len(source) else ""
    return f"    {left}{shown}{right}\n    {' ' * (len(left) + column - 1 - start)}^"


def _join(words: Sequence[str]) -> str:
    if len(words) == 1:
        return words[0]
    return ", ".join(words[:-1]) + " or " + words[-1]
