"""Errors with a place, and what the parser would have accepted there, in plain words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import TypeVar

from lark import Token, UnexpectedCharacters, UnexpectedToken

from symkit.errors import ParseError

Problem = TypeVar("Problem", bound=ParseError)

OPERAND = frozenset({"NUMBER", "NAME", "FUNCTION", "LEFT", "OPEN_BAR", "MINUS", "PLUS"})
OPERATOR = frozenset({"PLUS", "MINUS", "TIMES", "DIVIDE", "POWER", "COMPARISON", "SUPERSCRIPT", "IF"})
WORDS = {
    "NUMBER": "a number",
    "NAME": "a name",
    "LEFT": "'('",
    "MINUS": "'-'",
    "COMMA": "','",
    "EQUAL": "'='",
    "COLON": "':'",
    "ELSE": "'else'",
    "RIGHT": "a closing bracket",
    "CLOSE_BAR": "a closing '|'",
    "SEMICOLON": "';'",
    "$END": "the end",
}
"""In the order in which they are listed; SEPARATOR is a ';' by another name, HEADER a name."""

FOR_CHARACTER = {
    "!": "'!='",
    "&": "logical_and(a, b)",
    "~": "logical_not(a)",
    "∞": "1/0",
}
FOR_WORD = {"and": "logical_and(a, b)", "or": "logical_or(a, b)"}
MAX_TRIED = 1000
MAX_COMPARED = 64
"""Longer names are no slips of the pen, and comparing them costs the square of their length."""


def problem_at(
    token: Token,
    problem: str,
    expected: Sequence[str] = (),
    *,
    suggestion: str | None = None,
    error: type[Problem] = ParseError,  # type: ignore[assignment]
) -> Problem:
    """The error at a token; `parse` adds the text."""
    line, column = token.line or 1, token.column or 1
    return error(problem, line=line, column=column, expected=expected, suggestion=suggestion)


def bad_character(error: UnexpectedCharacters) -> ParseError:
    """Something that no token starts with."""
    char = str(error.char)
    shown = repr(char) if char.isprintable() else f"U+{ord(char):04X}"
    return ParseError(
        f"the character {shown} is not part of the language",
        line=error.line,
        column=error.column,
        expected=("a number, a name, an operator or a bracket",),
        suggestion=FOR_CHARACTER.get(char),
    )


def bad_token(error: UnexpectedToken, text: str) -> ParseError:
    """A token, or the end of `text`, where the grammar allows others."""
    token = error.token
    accepted = _accepted(error)
    expected = expected_words(accepted)
    if token.type == "$END":
        return _too_early(token, accepted, expected)
    written = text[token.start_pos : token.end_pos]
    return problem_at(token, f"{written!r} does not fit here", expected, suggestion=_hint(token, written, accepted))


def _accepted(error: UnexpectedToken) -> frozenset[str]:
    """Terminals that may follow; after a very long chain those of its last state, for trying each costs the chain."""
    parser = error.interactive_parser
    if parser is None or len(parser.parser_state.state_stack) > MAX_TRIED:
        return frozenset(error.expected)
    return frozenset(parser.accepts())


def _too_early(token: Token, accepted: frozenset[str], expected: tuple[str, ...]) -> ParseError:
    """The end of the text; the place is after its last token."""
    line, column = token.end_line or 1, token.end_column or 1
    suggestion = None
    if (line, column) == (1, 1):
        problem = "the text is empty"
    elif "SEMICOLON" in accepted:
        problem = "the text ends with a definition"
        expected = ("';' and the formula that uses it",)
        suggestion = "f(x) = ... for a function with a name"
    else:
        problem = "the text ends too early"
    return ParseError(problem, line=line, column=column, expected=expected, suggestion=suggestion)


def _hint(token: Token, written: str, accepted: frozenset[str]) -> str | None:
    if token.type == "EQUAL":
        if {"RIGHT", "SEMICOLON"} <= accepted:
            return "';' before settings: f(x; a = 1) = ..."
        return "'==' to compare, or 'name = ...;' before the formula"
    if token.type == "COMPARISON" and "PLUS" in accepted and "NUMBER" not in accepted:
        return "one comparison at a time: where(a < b, where(b < c, ...), ...)"
    if token.type in ("NAME", "FUNCTION", "LEFT", "OPEN_BAR"):
        if "TIMES" in accepted:
            return FOR_WORD.get(written, f"'*' before {written!r}")
        if accepted == {"$END"}:
            return "definitions first, and one formula at the end: s = sigmoid(x); x*s"
    return None


def expected_words(accepted: Iterable[str]) -> tuple[str, ...]:
    """Short words for a set of terminals: whole families by one word."""
    left = set(accepted)
    words: list[str] = []
    if {"NUMBER", "NAME", "LEFT"} <= left:
        words.append("an operand (a number, a name or a bracket)")
        left -= OPERAND
    if "PLUS" in left:
        words.append("an operator")
        left -= OPERATOR
    if "SEPARATOR" in left:
        left.add("SEMICOLON")
    words.extend(word for name, word in WORDS.items() if name in left)
    return tuple(words)


def nearest_name(name: str, known: Sequence[str]) -> str | None:
    """The name closest to a short one, if one is close."""
    if len(name) > MAX_COMPARED:
        return None
    close = difflib.get_close_matches(name, [other for other in known if len(other) <= MAX_COMPARED], n=1)
    return close[0] if close else None
