"""Requirements as text: clauses, the formulas in them, and the ranges that they are about.

Only the shape is read here. Names, formulas and numbers get their meaning in `requirements`.
"""

from __future__ import annotations

import difflib
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedToken, v_args

from symkit.errors import DomainError, LimitError, ParseError
from symkit.text.grammar import OPTIONS, grammar_text
from symkit.text.names import plain_letters

MAX_TEXT = 4096
MAX_CLAUSES = 64
MAX_NESTING = 200

STATES = ("finite", "defined", "bounded")
SIGNS = {"nonnegative": ">=", "positive": ">", "nonpositive": "<=", "negative": "<"}
DIRECTIONS = ("monotone", "increasing", "decreasing")
SHAPES = ("convex", "concave", "even", "odd")
PROPERTIES = (*STATES, *SIGNS, *DIRECTIONS, "strictly", *SHAPES, "lipschitz", "uses", "zero at zero")
"""Words that a clause may begin with."""

PLAIN_RELATIONS = {"≤": "<=", "≥": ">=", "≠": "!="}


@dataclass(frozen=True)
class Formula:
    """A stretch of the text, and where it begins."""

    text: str
    start: int


@dataclass(frozen=True)
class Statement:
    """What is required.

    Attributes:
        property: a word of PROPERTIES but "strictly", or "comparison".
        strictly: of a direction.
        name: the input that it is about, where one is named.
        formulas, relations: of a comparison, one relation between two formulas each; the limit of a Lipschitz constant.
    """

    property: str
    strictly: bool = False
    name: Token | None = None
    formulas: tuple[Formula, ...] = ()
    relations: tuple[Token, ...] = ()


@dataclass(frozen=True)
class Range:
    """What one name is held to: a range, some numbers, or a chain of relations.

    Attributes:
        name: of a range or of numbers; a chain has it as one of its formulas.
        formulas: the bounds, the numbers, or what stands in the chain.
        brackets: of a range, as written: round ones leave the bound out.
        relations: of a chain.
    """

    name: Token | None
    formulas: tuple[Formula, ...]
    brackets: str = ""
    relations: tuple[Token, ...] = ()


@dataclass(frozen=True)
class Clause:
    """One requirement, its text with single blanks, and its ranges."""

    text: str
    start: int
    statement: Statement
    ranges: tuple[Range, ...]


def read_requirements(text: str) -> list[Clause]:
    """The clauses of a text.

    Raises:
        DomainError: for what is no text.
        ParseError: with place, what was expected and the nearest word; LimitError past 4096 characters or 64 clauses.
    """
    if not isinstance(text, str):
        raise DomainError(f"requirements must be a str, not {type(text).__name__}")
    if len(text) > MAX_TEXT:
        raise LimitError(f"the requirements have {len(text)} characters; the limit is {MAX_TEXT}", line=1, column=1)
    try:
        plain = plain_letters(text)
        _check_nesting(plain)
        clauses: list[Clause] = _Reader(plain).transform(_parsers.lark.parse(plain))
    except UnexpectedCharacters as error:
        shown = repr(error.char) if error.char.isprintable() else f"U+{ord(error.char):04X}"
        problem = f"the character {shown} is not part of a requirement"
        hint = "'==' to compare" if error.char == "=" else None
        raise ParseError(problem, text=text, line=error.line, column=error.column, suggestion=hint) from None
    except UnexpectedToken as error:
        raise _bad_token(error, text) from None
    if len(clauses) > MAX_CLAUSES:
        raise problem_at(
            text, clauses[MAX_CLAUSES].start, f"there are more than {MAX_CLAUSES} clauses", error=LimitError
        )
    return clauses


def problem_at(
    text: str,
    place: int,
    problem: str,
    expected: Iterable[str] = (),
    suggestion: str | None = None,
    error: type[ParseError] = ParseError,
) -> ParseError:
    """The error at a place of the text."""
    line, column = text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place)
    return error(problem, text=text, line=line, column=column, expected=tuple(expected), suggestion=suggestion)


def nearest(word: str, known: Iterable[str]) -> str | None:
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6) if len(word) <= 64 else []
    return close[0] if close else None


def _check_nesting(text: str) -> None:
    depth = 0
    for place, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if depth > MAX_NESTING:
            raise problem_at(text, place, f"brackets are nested more than {MAX_NESTING} deep", error=LimitError)


WORDS = {
    "SEMICOLON": "';'",
    "ON": "'on' and a range",
    "IN": "'in' and a name",
    "RELATION": "a comparison sign",
    "DIRECTION": ", ".join(DIRECTIONS),
    "NAME": "a name",
    "NUMBER": "a number or a formula",
    "OPERATOR": "an operator",
    "COMMA": "','",
    "CLOSE": "a closing bracket",
    "RBRACE": "'}'",
    "$END": "the end",
}
"""What the grammar's terminals are called, in the order in which they are listed."""


def _bad_token(error: UnexpectedToken, text: str) -> ParseError:
    token = error.token
    accepted = set(error.interactive_parser.accepts()) if error.interactive_parser is not None else set(error.expected)
    place = len(text.rstrip()) if token.type == "$END" else int(token.start_pos or 0)
    begin = text.rfind(";", 0, place) + 1
    written = text[begin:place].strip()
    if not written and "STATE" in accepted:
        problem = (
            "a requirement is missing"
            if token.type in ("$END", "SEMICOLON")
            else f"{str(token)!r} begins no requirement"
        )
        return problem_at(
            text, place, problem, (f"one of {', '.join(PROPERTIES)}, or a comparison such as abs(f) <= 1",)
        )
    if token.type in ("$END", "SEMICOLON", "ON", "IN", "AND") and "RELATION" in accepted and "CLOSE" not in accepted:
        start = begin + len(text[begin:place]) - len(text[begin:place].lstrip())
        if " on " not in f" {written} ":
            expected = (f"one of {', '.join(PROPERTIES)}", "a comparison")
            return problem_at(text, start, f"{written!r} is no requirement", expected, nearest(written, PROPERTIES))
    words = tuple(word for name, word in WORDS.items() if name in accepted)
    if token.type == "$END":
        return problem_at(text, place, "the text ends too early", words)
    return problem_at(text, place, f"{str(token)!r} does not fit here", words)


@v_args(inline=True)
class _Reader(Transformer):  # type: ignore[type-arg]
    """Builds clauses; positions are those of the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def start(self, *clauses: Clause | None) -> list[Clause]:
        return [clause for clause in clauses if isinstance(clause, Clause)]

    @v_args(meta=True)
    def clause(self, meta: Any, parts: list[Any]) -> Clause:
        statement, ranges = parts
        text = " ".join(self._text[meta.start_pos : meta.end_pos].split())
        return Clause(text, meta.start_pos, statement, ranges or ())

    def state(self, word: Token) -> Statement:
        return Statement(" ".join(word.split()))

    def directed(self, strictly: Token | None, word: Token, name: Token | None) -> Statement:
        return Statement(str(word), strictly is not None, name)

    def shaped(self, word: Token, name: Token | None) -> Statement:
        return Statement(str(word).lower(), name=name)

    def lipschitz_at_most(self, word: Token, relation: Token, limit: Formula, name: Token | None) -> Statement:
        return Statement(str(word).lower(), name=name, formulas=(limit,), relations=(relation,))

    def uses(self, _word: Token, name: Token) -> Statement:
        return Statement("uses", name=name)

    def comparison(self, *parts: Any) -> Statement:
        return Statement("comparison", formulas=parts[::2], relations=parts[1::2])

    def in_name(self, name: Token) -> Token:
        return name

    def region(self, *ranges: Range) -> tuple[Range, ...]:
        return ranges

    def between(self, name: Token, left: Token, low: Formula, high: Formula, right: Token) -> Range:
        return Range(name, (low, high), str(left) + str(right))

    def one_of(self, name: Token, *numbers: Formula) -> Range:
        return Range(name, numbers)

    def related(self, *parts: Any) -> Range:
        kept = [part for part in parts if part is not None]
        return Range(None, tuple(kept[::2]), relations=tuple(kept[1::2]))

    @v_args(meta=True)
    def formula(self, meta: Any, _tokens: list[Any]) -> Formula:
        return Formula(self._text[meta.start_pos : meta.end_pos], meta.start_pos)


def relation_of(token: Token) -> str:
    return PLAIN_RELATIONS.get(str(token), str(token))


class _Parsers(threading.local):
    """Lark keeps state while it parses, so each thread has its own."""

    _lark: Lark | None = None

    @property
    def lark(self) -> Lark:
        if self._lark is None:
            self._lark = Lark(grammar_text("requirements"), propagate_positions=True, **OPTIONS)
        return self._lark


_parsers = _Parsers()
