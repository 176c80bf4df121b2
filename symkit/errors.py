"""Errors that teach: each carries the value, the place, and what is allowed."""

from __future__ import annotations

from collections.abc import Sequence


class SymkitError(Exception):
    """Root of everything symkit raises on purpose."""


class ParseError(SymkitError):
    """Text that is not an expression.

    Attributes:
        line, column: 1-based place of the first character that does not fit.
        expected: what would have been accepted there, in plain words.
        suggestion: the nearest known spelling, or None.
    """

    def __init__(
        self,
        problem: str,
        *,
        text: str = "",
        line: int = 1,
        column: int = 1,
        expected: Sequence[str] = (),
        suggestion: str | None = None,
    ) -> None:
        self.problem = problem
        self.line = line
        self.column = column
        self.expected = tuple(expected)
        self.suggestion = suggestion
        super().__init__(_describe(problem, text, line, column, self.expected, suggestion))


class UnknownOperator(ParseError):
    """A function name that the operator table does not hold."""


class LimitError(ParseError):
    """Input past a fixed limit on size, depth or digits; raised before any costly work."""


class DomainError(SymkitError, ValueError):
    """A value, name or setting outside what is allowed."""


class Unsupported(SymkitError, NotImplementedError):
    """Something a backend or format cannot do; says what and what would help."""


def _describe(
    problem: str, text: str, line: int, column: int, expected: tuple[str, ...], suggestion: str | None
) -> str:
    parts = [f"{problem} (line {line}, column {column})"]
    lines = text.splitlines()
    if 0 < line <= len(lines):
        parts.append(_with_caret(lines[line - 1], column))
    if expected:
        parts.append("expected " + _join(expected))
    if suggestion:
        parts.append(f"did you mean {suggestion}?")
    return "\n".join(parts)


def _with_caret(source: str, column: int, width: int = 72) -> str:
    """The line and a caret below the column, cut to a window where the line is long."""
    start = max(0, column - 1 - width // 2)
    window = source[start : start + width]
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in window)
    left = "..." if start else ""
    right = "..." if start + width < len(source) else ""
    return f"    {left}{shown}{right}\n    {' ' * (len(left) + column - 1 - start)}^"


def _join(words: Sequence[str]) -> str:
    if len(words) == 1:
        return words[0]
    return ", ".join(words[:-1]) + " or " + words[-1]
