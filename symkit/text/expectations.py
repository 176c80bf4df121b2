"""What the parser would have accepted, in plain words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

OPERAND = {"NUMBER", "NAME", "FUNCTION", "LEFT", "OPEN_BAR", "MINUS", "PLUS"}
OPERATOR = {"TIMES", "DIVIDE", "POWER", "COMPARISON", "SUPERSCRIPT", "IF"}
WORDS = {
    "RIGHT": "a closing bracket",
    "CLOSE_BAR": "a closing '|'",
    "COMMA": "','",
    "SEMICOLON": "';'",
    "SEPARATOR": "';'",
    "EQUAL": "'='",
    "COLON": "':'",
    "ELSE": "'else'",
    "$END": "the end",
    "NAME": "a name",
    "NUMBER": "a number",
    "LEFT": "'('",
    "MINUS": "'-'",
    "HEADER": "",
}


def expected_words(accepted: Iterable[str]) -> tuple[str, ...]:
    """Short words for a set of terminals: whole families by one word."""
    left = set(accepted)
    words: list[str] = []
    if {"NUMBER", "NAME", "FUNCTION"} <= left:
        words.append("an operand (a number, a name or a bracket)")
        left -= OPERAND | {"HEADER"}
    if {"TIMES", "DIVIDE"} <= left:
        words.append("an operator")
        left -= OPERATOR | {"PLUS", "MINUS"}
    if left & {"SEMICOLON", "SEPARATOR"}:
        left = left - {"SEPARATOR"} | {"SEMICOLON"}
    words.extend(WORDS.get(name, name.lower()) for name in sorted(left))
    return tuple(word for word in words if word)


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return close[0] if close else None
