"""Text to Expression. Text is data: it is tokenised, matched against a grammar, and built into a graph."""

from __future__ import annotations

import math
import threading
from functools import cache
from pathlib import Path

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedToken, v_args

from symkit.errors import DomainError, LimitError, ParseError, UnknownOperator
from symkit.ir import MAX_NODES, MAX_TREE, Kind, Node, Program, ProgramBuilder, renamed
from symkit.ir.traverse import rebuild
from symkit.ops import OperatorTable, standard
from symkit.text.expectations import expected_words, nearest_name
from symkit.text.expression import Expression, Parameter
from symkit.text.names import (
    CONSTANTS,
    GRANULARITIES,
    INPUTS,
    KINDS,
    LOSS_INPUTS,
    LOSS_SPELLINGS,
    SETTABLE_CONSTANTS,
    SUPERSCRIPTS,
    infer_inputs,
    kind_of_header,
)
from symkit.text.tokens import MAX_NESTING, Refiner

MAX_TEXT = 64 * 1024

INFIX = {
    "+": "add",
    "-": "sub",
    "−": "sub",
    "–": "sub",
    "*": "mul",
    "·": "mul",
    "⋅": "mul",
    "×": "mul",
    "∗": "mul",
    "/": "div",
    "÷": "div",
    "∕": "div",
    "<": "lt",
    "<=": "le",
    "≤": "le",
    ">": "gt",
    ">=": "ge",
    "≥": "ge",
    "==": "eq",
    "!=": "ne",
    "≠": "ne",
}
FOLDED = frozenset({"add", "mul", "max", "min"})
"""Operators whose call takes two or more operands, folded from the left."""


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
    if len(text) > MAX_TEXT or len(text.encode("utf-8", "surrogatepass")) > MAX_TEXT:
        raise LimitError(f"the text has {len(text)} characters; the limit is {MAX_TEXT} bytes")
    reader = _readers.reader
    try:
        return reader.read(text, kind, table if table is not None else standard())
    except ParseError as error:
        if error.args and "\n" not in str(error.args[0]):
            raise type(error)(
                error.problem,
                text=text,
                line=error.line,
                column=error.column,
                expected=error.expected,
                suggestion=error.suggestion,
            ) from None
        raise


Built = tuple[int, int]
"""A node and how deep its text is nested."""


@v_args(inline=True)
class _Reader(Transformer):  # type: ignore[type-arg]
    """Builds the graph while the parser reduces. One a thread."""

    def __init__(self) -> None:
        super().__init__()
        self._refiner = Refiner()
        grammar = _grammar_text()
        self._lark = Lark(
            grammar, parser="lalr", lexer="basic", postlex=self._refiner, transformer=self, maybe_placeholders=True
        )
        self._start(standard(), "")

    def _start(self, table: OperatorTable, text: str) -> None:
        self._text = text
        self._table = table
        self._builder = ProgramBuilder(table, limit=MAX_NODES)
        self._locals: dict[str, int] = {}
        self._first_use: dict[str, Token] = {}
        self._header: _Header | None = None
        self._refiner.known = table.__contains__

    def read(self, text: str, kind: str | None, table: OperatorTable) -> Expression:
        self._start(table, text)
        try:
            root = self._lark.parse(text)
        except UnexpectedCharacters as error:
            raise self._bad_character(error) from None
        except UnexpectedToken as error:
            raise self._bad_token(error) from None
        return self._finish(root, kind)

    # -- rules of the grammar ------------------------------------------------------------------------------

    def start(self, header: object, body: Built) -> int:
        return body[0]

    def body(self, *parts: object) -> Built:
        return next(part for part in reversed(parts) if isinstance(part, tuple))

    def header(self, name: Token, left: Token, names: object, settings: object, right: Token, *_: object) -> None:
        inputs: list[Token] = list(names) if isinstance(names, (list, tuple)) else []
        given = list(settings) if isinstance(settings, (list, tuple)) else []
        self._header = _Header(name, inputs, given)

    def names(self, *tokens: Token) -> list[Token]:
        return list(tokens)

    def settings(self, *settings: _Setting) -> list[_Setting]:
        return list(settings)

    def setting(self, name: Token, granularity: Token | None, initial: float | None) -> _Setting:
        return _Setting(name, granularity, initial)

    def positive(self, token: Token) -> float:
        return self._value(token)

    def negative(self, minus: Token, token: Token) -> float:
        return -self._value(token)

    def local(self, name: Token, built: Built) -> None:
        if name in self._locals or name in self._first_use:
            raise self._error(f"{name} is defined after it was used or defined", name, ("a new name",))
        if name in INPUTS or name in CONSTANTS:
            raise self._error(f"{name} is reserved and cannot be defined", name, ("a name of your own",))
        self._locals[str(name)] = built[0]

    def number(self, token: Token) -> Built:
        return self._builder.number(self._value(token)), 0

    def name(self, token: Token) -> Built:
        name = str(token)
        if name in self._locals:
            return self._locals[name], 0
        if name in CONSTANTS:
            return self._builder.constant(name), 0
        self._first_use.setdefault(name, token)
        return self._builder.input(name), 0

    def binary(self, left: Built, symbol: Token, right: Built) -> Built:
        return self._named(symbol, INFIX[str(symbol)], (left, right), nests=False)

    compare = binary

    def prefix(self, symbol: Token, operand: Built) -> Built:
        index, level = operand
        if symbol == "+":
            return index, self._nested(level, symbol)
        value = self._builder.literal(index)
        if value is not None and math.copysign(1.0, value) > 0:
            return self._builder.number(-value), self._nested(level, symbol)
        return self._named(symbol, "neg", (operand,))

    def raised(self, base: Built, symbol: Token, exponent: Built) -> Built:
        return self._named(symbol, "pow", (base, exponent))

    def superscript(self, base: Built, token: Token) -> Built:
        exponent = self._builder.number(float(str(token).translate(SUPERSCRIPTS)))
        return self._named(token, "pow", (base, (exponent, 0)))

    def conditional(self, chosen: Built, _if: Token, condition: Built, _else: Token, other: Built) -> Built:
        return self._named(_if, "where", (condition, chosen, other))

    def bracket(self, left: Token, built: Built, right: Token) -> Built:
        return built[0], self._nested(built[1], left)

    def bars(self, left: Token, built: Built, right: Token) -> Built:
        return self._named(left, "abs", (built,))

    def arguments(self, *built: Built) -> list[Built]:
        return list(built)

    def call(self, token: Token, left: Token, arguments: list[Built] | None, right: Token) -> Built:
        given = arguments or []
        name = str(token)
        operator = self._table[name] if name in self._table else None
        if operator is None:
            raise self._unknown_function(token)
        if operator.name in FOLDED and len(given) > operator.arity:
            built = given[0]
            for other in given[1:]:
                built = self._apply(token, operator.name, (built, other))
            return built
        least = operator.arity - len(operator.defaults)
        if not least <= len(given) <= operator.arity:
            wanted = str(operator.arity) if least == operator.arity else f"{least} to {operator.arity}"
            if operator.name in FOLDED:
                wanted = "two or more"
            raise self._error(f"{name} takes {wanted} operands, not {len(given)}", token, (f"{wanted} operands",))
        missing = operator.arity - len(given)
        filled = [(self._builder.number(v), 0) for v in operator.defaults[len(operator.defaults) - missing :]]
        return self._apply(token, operator.name, (*given, *filled))

    # -- building ------------------------------------------------------------------------------------------

    def _named(self, token: Token, operator: str, operands: tuple[Built, ...], nests: bool = True) -> Built:
        return self._apply(token, operator, operands, nests)

    def _apply(self, token: Token, operator: str, operands: tuple[Built, ...], nests: bool = True) -> Built:
        level = max((level for _, level in operands), default=0)
        try:
            index = self._builder.named(operator, tuple(index for index, _ in operands))
        except LimitError as error:
            raise self._error(error.problem, token, (), LimitError) from None
        return index, self._nested(level, token) if nests else level

    def _nested(self, level: int, token: Token) -> int:
        if level >= MAX_NESTING:
            raise self._error(f"the expression is nested more than {MAX_NESTING} deep", token, (), LimitError)
        return level + 1

    def _value(self, token: Token) -> float:
        value = float(token)
        if not math.isfinite(value):
            raise self._error(f"{token} is too large for a float64", token, ("at most 1.797e308 in magnitude",))
        return value

    def _finish(self, root: int, kind: str | None) -> Expression:
        program = self._builder.build([root])
        if program.tree_size > MAX_TREE:
            raise LimitError(
                f"written out as a tree the expression has {program.tree_size} nodes; the limit is {MAX_TREE}"
            )
        free = set(program.inputs)
        program, free = _with_loss_spellings(program, free, kind, self._header)
        if self._header is None:
            kind, inputs = infer_inputs(free, kind)
            settings, constants, name = {}, {}, None
        else:
            kind, inputs = self._check_header_inputs(self._header, kind)
            settings, constants = self._header_settings(self._header, inputs, program)
            name = None if self._header.name == "f" else str(self._header.name)
        program = _with_parameters(program, set(inputs))
        return Expression(program, kind, inputs, settings, constants, self._table, name)

    def _check_header_inputs(self, header: _Header, kind: str | None) -> tuple[str, tuple[str, ...]]:
        names = [LOSS_SPELLINGS.get(str(token), str(token)) for token in header.inputs]
        for token, name in zip(header.inputs, names, strict=True):
            if names.count(name) > 1:
                raise self._error(f"input {name} stands twice", token, ("different inputs",))
            if name in CONSTANTS:
                raise self._error(f"{name} is a constant, not an input", token, ("a setting, after ';'",))
        inputs = tuple(names)
        implied = kind_of_header(inputs)
        if kind == "activation" and len(inputs) != 1:
            raise self._error("an activation has one input", header.name, ("one input",))
        if kind == "loss" and not set(inputs) <= set(LOSS_INPUTS):
            raise self._error(f"a loss has inputs y, p or z, not {', '.join(inputs)}", header.name, ("y, p or z",))
        return kind or implied, inputs

    def _header_settings(
        self, header: _Header, inputs: tuple[str, ...], program: Program
    ) -> tuple[dict[str, Parameter], dict[str, float]]:
        settings: dict[str, Parameter] = {}
        constants: dict[str, float] = {}
        for setting in header.settings:
            name = str(setting.name)
            if name in settings or name in constants or name in inputs:
                raise self._error(f"{name} stands twice in the header", setting.name, ("a new name",))
            if name in SETTABLE_CONSTANTS:
                if setting.initial is None or setting.granularity is not None:
                    raise self._error(f"constant {name} needs a value and no sharing", setting.name, (f"{name} = ...",))
                constants[name] = setting.initial
                continue
            if name not in program.inputs:
                free = [n for n in program.inputs if n not in inputs]
                raise self._error(
                    f"the header sets {name}, which the formula does not use",
                    setting.name,
                    (f"one of {', '.join(free)}" if free else "no settings",),
                    suggestion=nearest_name(name, free),
                )
            if setting.granularity is not None and setting.granularity not in GRANULARITIES:
                raise self._error(
                    f"{setting.granularity} is no granularity",
                    setting.granularity,
                    GRANULARITIES,
                    suggestion=nearest_name(str(setting.granularity), GRANULARITIES),
                )
            granularity = None if setting.granularity is None else str(setting.granularity)
            settings[name] = Parameter(1.0 if setting.initial is None else setting.initial, granularity)
        return settings, {n: v for n, v in constants.items() if v != SETTABLE_CONSTANTS[n]}

    # -- errors --------------------------------------------------------------------------------------------

    def _error(
        self,
        problem: str,
        token: Token,
        expected: tuple[str, ...] = (),
        error: type[ParseError] = ParseError,
        suggestion: str | None = None,
    ) -> ParseError:
        return error(
            problem,
            text=self._text,
            line=token.line or 1,
            column=token.column or 1,
            expected=expected,
            suggestion=suggestion,
        )

    def _unknown_function(self, token: Token) -> ParseError:
        name = str(token)
        if name in INPUTS or name in self._locals or name in CONSTANTS or len(name) == 1:
            return self._error(
                f"{name} is not a function", token, ("a known function before '('",), suggestion=f"{name}*(...)"
            )
        near = self._table.nearest(name)
        return self._error(f"unknown function {name!r}", token, ("a known function",), UnknownOperator, near)

    def _bad_character(self, error: UnexpectedCharacters) -> ParseError:
        char = self._text[error.pos_in_stream] if error.pos_in_stream < len(self._text) else ""
        shown = repr(char) if char.isprintable() else f"U+{ord(char):04X}"
        hint = "'=='" if char == "=" else None
        return ParseError(
            f"the character {shown} is not part of the language",
            text=self._text,
            line=error.line,
            column=error.column,
            expected=("a number, a name, an operator or a bracket",),
            suggestion=hint,
        )

    def _bad_token(self, error: UnexpectedToken) -> ParseError:
        token = error.token
        accepted = error.interactive_parser.accepts() if error.interactive_parser else set(error.expected)
        expected = expected_words(accepted)
        if token.type == "$END":
            lines = self._text.splitlines() or [""]
            return ParseError(
                "the text ends too early" if self._text.strip() else "the text is empty",
                text=self._text,
                line=len(lines),
                column=len(lines[-1]) + 1,
                expected=expected,
            )
        suggestion = None
        if token.type == "EQUAL":
            suggestion = "'==' to compare, or 'name = ...;' before the formula"
        elif token.type in ("NAME", "FUNCTION", "LEFT", "OPEN_BAR") and "TIMES" in accepted:
            suggestion = f"'*' before {str(token)!r}"
        elif token.type == "COMPARISON":
            suggestion = "one comparison at a time: where(a < b, where(b < c, ...), ...)"
        return self._error(f"{str(token)!r} does not fit here", token, expected, suggestion=suggestion)


class _Setting:
    def __init__(self, name: Token, granularity: Token | None, initial: float | None) -> None:
        self.name, self.granularity, self.initial = name, granularity, initial


class _Header:
    def __init__(self, name: Token, inputs: list[Token], settings: list[_Setting]) -> None:
        self.name, self.inputs, self.settings = name, inputs, settings


class _Readers(threading.local):
    """Lark with an embedded transformer keeps state while it parses, so each thread has its own."""

    _reader: _Reader | None = None

    @property
    def reader(self) -> _Reader:
        if self._reader is None:
            self._reader = _Reader()
        return self._reader


_readers = _Readers()


@cache
def _grammar_text() -> str:
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "grammars", package.parent / "grammars"):
        file = folder / "symkit.lark"
        if file.is_file():
            return file.read_text(encoding="utf-8")
    raise FileNotFoundError(f"symkit.lark is missing beside {package}; install symkit again")


def _with_loss_spellings(
    program: Program, free: set[str], kind: str | None, header: _Header | None
) -> tuple[Program, set[str]]:
    """`f`, `yhat`, `y_pred`, `y_true` as `p` and `y`, wherever the expression can be a loss."""
    if header is not None:
        declared = {str(token) for token in header.inputs}
        names = {old: new for old, new in LOSS_SPELLINGS.items() if old in declared}
    elif kind in (None, "loss") and not (kind is None and "x" in free):
        names = {old: new for old, new in LOSS_SPELLINGS.items() if old in free}
    else:
        return program, free
    if not names:
        return program, free
    return renamed(program, names), {names.get(name, name) for name in free}


def _with_parameters(program: Program, inputs: set[str]) -> Program:
    """Free names that are no inputs become parameters."""

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        if node.kind is Kind.INPUT and node.name not in inputs:
            return builder.parameter(node.name)
        return None

    return rebuild(program, change)
