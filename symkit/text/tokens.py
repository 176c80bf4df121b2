"""Refines the lexer's stream, so that the grammar stays LALR(1): what the header of the grammar file lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lark import Token

from symkit.errors import LimitError, ParseError
from symkit.text.names import CALL_SPELLINGS, is_greek, plain_name

MAX_NESTING = 200
MAX_LITERAL = 400

ENDS_OPERAND = frozenset({"NUMBER", "NAME", "RIGHT", "CLOSE_BAR", "SUPERSCRIPT"})
PRODUCT_AFTER = frozenset({"NUMBER", "RIGHT", "CLOSE_BAR", "SUPERSCRIPT"})
PRODUCT_BEFORE = frozenset({"NAME", "FUNCTION", "LEFT", "OPEN_BAR"})
PAIRS = {"(": ")", "{": "}", "[": "]"}


class Refiner:
    """Lark's `postlex`. `known(name)` says whether the operator table holds a function name."""

    always_accept = ("GREEK", "ROOT", "BAR", "NEWLINE")

    def __init__(self) -> None:
        self.known: Callable[[str], bool] = lambda name: False

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        tokens = list(self._refined(_limited(stream)))
        _mark_header(tokens)
        return iter(tokens)

    def _refined(self, stream: Iterator[Token]) -> Iterator[Token]:
        """Functions, names and bars told apart, brackets matched, products and separators written."""
        open_brackets: list[Token] = []
        previous = ""
        greek_before = False
        line_end: Token | None = None
        for token, following in _with_next(stream):
            if token.type == "NEWLINE":
                line_end = token if not open_brackets and previous in ENDS_OPERAND else None
                continue
            greek = False
            if token.type in ("NAME", "GREEK", "ROOT"):
                called = following is not None and following.type == "LEFT"
                token, greek = self._name(token, called)
            elif token.type == "BAR":
                closing = previous in ENDS_OPERAND and bool(open_brackets) and open_brackets[-1] == "|"
                token = _as(token, "CLOSE_BAR" if closing else "OPEN_BAR")
            if token.type in ("CLOSE_BAR", "RIGHT"):
                _close(open_brackets, token)
            if line_end is not None and (token.type in PRODUCT_BEFORE or token.type == "NUMBER"):
                yield _as(line_end, "SEPARATOR")
            elif token.type in PRODUCT_BEFORE:
                if previous in PRODUCT_AFTER or (previous == "NAME" and greek_before):
                    yield _as(token, "TIMES", "*")
            yield token
            if token.type in ("OPEN_BAR", "LEFT"):
                open_brackets.append(token)
                if len(open_brackets) > MAX_NESTING:
                    raise LimitError(
                        f"brackets are nested more than {MAX_NESTING} deep",
                        line=token.line or 1,
                        column=token.column or 1,
                    )
            previous, greek_before, line_end = token.type, greek, None
        if open_brackets:
            opened = open_brackets[-1]
            raise _problem(f"{str(opened)!r} is never closed", opened, f"a closing {PAIRS.get(str(opened), '|')!r}")

    def _name(self, token: Token, called: bool) -> tuple[Token, bool]:
        """The token as NAME or FUNCTION in plain spelling, and whether it counts as a Greek letter."""
        spelling = str(token)
        greek = is_greek(spelling)
        if called and spelling in CALL_SPELLINGS:
            return _as(token, "FUNCTION", CALL_SPELLINGS[spelling]), False
        if token.type == "ROOT":
            raise _problem("√ stands without a bracket", token, "√(...) with a bracket")
        if called and (not greek or self.known(spelling)):
            known_as = spelling if self.known(spelling) else plain_name(spelling)
            return _as(token, "FUNCTION", known_as), False
        return _as(token, "NAME", plain_name(spelling)), greek


def _mark_header(tokens: list[Token]) -> None:
    """`name(...) =` at the start makes the first token a HEADER."""
    if len(tokens) < 2 or tokens[0].type not in ("FUNCTION", "NAME"):
        return
    at = 1 + (tokens[1].type == "TIMES")
    if len(tokens) <= at or tokens[at].type != "LEFT":
        return
    depth = 0
    for i in range(at, len(tokens)):
        depth += tokens[i].type == "LEFT"
        depth -= tokens[i].type == "RIGHT"
        if depth == 0:
            if i + 1 < len(tokens) and tokens[i + 1].type == "EQUAL":
                tokens[0] = _as(tokens[0], "HEADER")
                del tokens[1:at]
            return


def _limited(stream: Iterator[Token]) -> Iterator[Token]:
    for token in stream:
        if token.type == "NUMBER" and len(token) > MAX_LITERAL:
            raise LimitError(
                f"a literal has {len(token)} characters; the limit is {MAX_LITERAL}",
                line=token.line or 1,
                column=token.column or 1,
            )
        yield token


def _with_next(stream: Iterator[Token]) -> Iterator[tuple[Token, Token | None]]:
    """Each token with the next one that is not a line end."""
    tokens = list(stream)
    following: Token | None = None
    pairs: list[tuple[Token, Token | None]] = []
    for token in reversed(tokens):
        pairs.append((token, following))
        if token.type != "NEWLINE":
            following = token
    return reversed(pairs)


def _close(open_brackets: list[Token], token: Token) -> None:
    if not open_brackets:
        raise _problem(f"{str(token)!r} closes nothing", token, "an operator or the end")
    opened = open_brackets.pop()
    expected = PAIRS.get(str(opened), "|")
    if expected != token:
        raise _problem(f"{str(token)!r} does not close {str(opened)!r}", token, f"a closing {expected!r}")


def _as(token: Token, kind: str, value: str | None = None) -> Token:
    return Token.new_borrow_pos(kind, str(token) if value is None else value, token)


def _problem(problem: str, token: Token, expected: str) -> ParseError:
    return ParseError(problem, line=token.line or 1, column=token.column or 1, expected=(expected,))
