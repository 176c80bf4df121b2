"""Refines the lexer's stream, so that the grammar stays LALR(1): what the header of the grammar file lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lark import Token

from symkit.errors import LimitError, ParseError, UnknownOperator
from symkit.ops import OperatorTable, standard
from symkit.text.names import CALL_SPELLINGS, CONSTANTS, INPUTS, LOSS_SPELLINGS, is_greek, plain_name
from symkit.text.problems import problem_at

MAX_NESTING = 200
MAX_LITERAL = 400
"""Characters of one token: a literal, and a name as well."""

NAMES = frozenset({"NAME", "GREEK", "ROOT"})
SIGNS = frozenset({"PLUS", "MINUS"})
ENDS_OPERAND = frozenset({"NUMBER", "NAME", "RIGHT", "CLOSE_BAR", "SUPERSCRIPT"})
STARTS_OPERAND = frozenset({"NUMBER", "NAME", "FUNCTION", "LEFT", "OPEN_BAR"})
PRODUCT_AFTER = frozenset({"NUMBER", "RIGHT", "CLOSE_BAR", "SUPERSCRIPT"})
PRODUCT_BEFORE = frozenset({"NAME", "FUNCTION", "LEFT", "OPEN_BAR"})
PAIRS = {"(": ")", "{": "}", "[": "]", "|": "|"}


class Refiner:
    """Lark's `postlex`; `table` says which names are functions."""

    always_accept = ("GREEK", "ROOT", "BAR", "NEWLINE")

    def __init__(self) -> None:
        self.table: OperatorTable = standard()

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        tokens = list(_limited(stream))
        header = _header(tokens)
        if header is not None:
            tokens[header] = _as(tokens[header], "HEADER", plain_name(str(tokens[header])))
        return iter(list(self._refined(tokens)))

    def _refined(self, tokens: list[Token]) -> Iterator[Token]:
        """Functions, names and bars told apart, brackets matched, products and separators written."""
        brackets: list[Token] = []
        defined: set[str] = set()
        previous = ""
        greek_before = False
        line_end: Token | None = None
        for token, following in _with_next(tokens):
            if token.type == "NEWLINE":
                line_end = token if not brackets and previous in ENDS_OPERAND else None
                continue
            greek = False
            if token.type in NAMES:
                greek = is_greek(plain_name(str(token)))
                token = self._name(token, greek, following, defined)
                if following is not None and following.type == "EQUAL" and not brackets:
                    defined.add(str(token))
            elif token.type == "BAR":
                closing = previous in ENDS_OPERAND and bool(brackets) and brackets[-1] == "|"
                token = _as(token, "CLOSE_BAR" if closing else "OPEN_BAR")
            if token.type in ("CLOSE_BAR", "RIGHT"):
                _close(brackets, token)
            if line_end is not None and token.type in STARTS_OPERAND:
                yield _as(line_end, "SEPARATOR")
            elif token.type in PRODUCT_BEFORE and (previous in PRODUCT_AFTER or (previous == "NAME" and greek_before)):
                yield _as(token, "TIMES", "*")
            yield token
            if token.type in ("OPEN_BAR", "LEFT"):
                brackets.append(token)
                if len(brackets) > MAX_NESTING:
                    raise problem_at(token, f"brackets are nested more than {MAX_NESTING} deep", error=LimitError)
            previous, greek_before, line_end = token.type, greek, None
        if brackets:
            opened = brackets[-1]
            raise problem_at(opened, f"{str(opened)!r} is never closed", (f"a closing {PAIRS[str(opened)]!r}",))

    def _name(self, token: Token, greek: bool, following: Token | None, defined: set[str]) -> Token:
        """The token as NAME, or as FUNCTION where a bracket follows."""
        spelling = str(token)
        name = plain_name(spelling)
        if following is None or following.type != "LEFT":
            if token.type == "ROOT":
                raise problem_at(token, "√ stands without a bracket", ("√(...) with a bracket",))
            if name in self.table and not greek and following is not None and _is_operand_beside(following, token):
                raise problem_at(
                    following,
                    f"the operand of {spelling} stands without a bracket",
                    (f"'(' after {spelling}",),
                    suggestion=f"{spelling}({following})",
                )
            return _as(token, "NAME", name)
        for function in (CALL_SPELLINGS.get(name), spelling, name):
            if function is not None and function in self.table:
                return _as(token, "FUNCTION", function)
        if greek:
            return _as(token, "NAME", name)
        raise self._unknown(token, name, defined)

    def _unknown(self, token: Token, name: str, defined: set[str]) -> ParseError:
        if len(name) == 1 or name in defined or name in INPUTS or name in CONSTANTS or name in LOSS_SPELLINGS:
            expected = ("an operator before the bracket",)
            return problem_at(token, f"{token} is not a function", expected, suggestion=f"{token}*(")
        near = self.table.nearest(name)
        return problem_at(
            token, f"unknown function {name!r}", ("a known function",), suggestion=near, error=UnknownOperator
        )


def _header(tokens: list[Token]) -> int | None:
    """Where the name of a header stands: `name(...) =` at the start."""
    at = next((i for i, token in enumerate(tokens) if token.type != "NEWLINE"), len(tokens))
    if len(tokens) < at + 2 or tokens[at].type not in ("NAME", "GREEK") or tokens[at + 1].type != "LEFT":
        return None
    depth = 0
    settings = False
    for i in range(at + 1, len(tokens)):
        depth += (tokens[i].type == "LEFT") - (tokens[i].type == "RIGHT")
        settings = settings or tokens[i].type == "SEMICOLON"
        if depth == 0:
            if i + 1 < len(tokens) and tokens[i + 1].type == "EQUAL":
                return at
            if settings:
                raise problem_at(tokens[i], f"the header of {tokens[at]} has no '='", ("'=' and the formula after it",))
            return None
    return None


def _limited(stream: Iterator[Token]) -> Iterator[Token]:
    """Bounds the length of a token and the run of signs, which nest without a bracket."""
    signs = 0
    for token in stream:
        if len(token) > MAX_LITERAL and token.type != "NEWLINE":
            what = "literal" if token.type in ("NUMBER", "SUPERSCRIPT") else "name"
            problem = f"a {what} has {len(token)} characters; the limit is {MAX_LITERAL}"
            raise problem_at(token, problem, error=LimitError)
        signs = signs + 1 if token.type in SIGNS else 0
        if signs > MAX_NESTING:
            raise problem_at(token, f"more than {MAX_NESTING} signs stand in a row", error=LimitError)
        yield token


def _with_next(tokens: list[Token]) -> Iterable[tuple[Token, Token | None]]:
    """Each token with the next one that is not a line end."""
    following: Token | None = None
    pairs: list[tuple[Token, Token | None]] = []
    for token in reversed(tokens):
        pairs.append((token, following))
        if token.type != "NEWLINE":
            following = token
    return reversed(pairs)


def _is_operand_beside(following: Token, token: Token) -> bool:
    return following.type in ("NAME", "GREEK", "NUMBER") and following.line == token.line


def _close(brackets: list[Token], token: Token) -> None:
    if not brackets:
        raise problem_at(token, f"{str(token)!r} closes nothing", ("an operator or the end",))
    opened = brackets.pop()
    if PAIRS[str(opened)] != token:
        expected = (f"a closing {PAIRS[str(opened)]!r}",)
        raise problem_at(token, f"{str(token)!r} does not close {str(opened)!r}", expected)


def _as(token: Token, kind: str, value: str | None = None) -> Token:
    return Token.new_borrow_pos(kind, str(token) if value is None else value, token)
