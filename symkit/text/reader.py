"""Builds the graph while Lark reduces: one method a rule of the grammar."""

from __future__ import annotations

import math

from lark import Token, Transformer, UnexpectedCharacters, UnexpectedToken, v_args

from symkit.errors import LimitError, UnknownOperator
from symkit.ir import MAX_NODES, MAX_TREE, ProgramBuilder
from symkit.ops import Operator, OperatorTable, standard
from symkit.text.expression import Expression
from symkit.text.grammar import grammar_parser
from symkit.text.names import CONSTANTS, INPUTS, SUPERSCRIPTS, SYMBOLS
from symkit.text.problems import bad_character, bad_token, problem_at
from symkit.text.signature import Header, Setting, with_header, without_header
from symkit.text.tokens import MAX_NESTING, Refiner

Built = tuple[int, int, int]
"""A node, how deep its text is nested, and its size written out as a tree."""


@v_args(inline=True)
class Reader(Transformer):  # type: ignore[type-arg]
    """Reads one text at a time. Every free name is an input until the signature is known."""

    def __init__(self) -> None:
        super().__init__()
        self._refiner = Refiner()
        self._lark = grammar_parser(self, self._refiner)
        self._use(standard())
        self._begin()

    def read(self, text: str, kind: str | None, table: OperatorTable) -> Expression:
        """The Expression that `text` spells. Raises ParseError without the text."""
        if table is not self._table:
            self._use(table)
        self._begin()
        try:
            root: int = self._lark.parse(text)  # type: ignore[assignment]
        except UnexpectedCharacters as error:
            raise bad_character(error) from None
        except UnexpectedToken as error:
            raise bad_token(error, text) from None
        program = self._builder.build([root])
        if self._header is None:
            return without_header(program, kind, table, self._first_use)
        return with_header(program, self._header, kind, table)

    def _use(self, table: OperatorTable) -> None:
        self._table = table
        self._refiner.table = table
        signs = {op.infix.symbol: op for op in table.values() if op.infix is not None and not op.infix.prefix}
        self._infix = signs | {sign: signs[symbol] for sign, symbol in SYMBOLS.items() if symbol in signs}
        self._negation = next((op for op in table.values() if op.infix is not None and op.infix.prefix), None)

    def _begin(self) -> None:
        self._builder = ProgramBuilder(self._table)
        self._locals: dict[str, Built] = {}
        self._first_use: dict[str, Token] = {}
        self._header: Header | None = None

    # -- rules of the grammar ------------------------------------------------------------------------------

    def start(self, header: None, body: Built) -> int:
        return body[0]

    def body(self, *parts: Built | None) -> Built:
        return next(part for part in reversed(parts) if part is not None)

    def header(
        self, name: Token, _left: Token, inputs: tuple[Token, ...], settings: tuple[Setting, ...], *_: Token
    ) -> None:
        self._header = Header(name, inputs or (), settings or ())

    def names(self, *tokens: Token) -> tuple[Token, ...]:
        return tokens

    def settings(self, *settings: Setting) -> tuple[Setting, ...]:
        return settings

    def setting(self, name: Token, granularity: Token | None, initial: float | None) -> Setting:
        return Setting(name, granularity, initial)

    def positive(self, token: Token) -> float:
        return _value(token)

    def negative(self, _minus: Token, token: Token) -> float:
        return -_value(token)

    def local(self, name: Token, built: Built) -> None:
        if name in self._locals or name in self._first_use:
            raise problem_at(name, f"{name} is defined after it was used or defined", ("a new name",))
        declared = self._header is not None and name in self._header.inputs
        if declared or name in INPUTS or name in CONSTANTS:
            what = "a constant" if name in CONSTANTS else "an input"
            hint = f"f({name}) = ... for a function of {name}" if not declared and name not in CONSTANTS else None
            raise problem_at(name, f"{name} is {what} and cannot be defined", ("a name of your own",), suggestion=hint)
        index, _, tree = built
        self._locals[str(name)] = index, 0, tree

    def number(self, token: Token) -> Built:
        return self._built(token, self._builder.number(_value(token)))

    def name(self, token: Token) -> Built:
        name = str(token)
        if name in self._locals:
            return self._locals[name]
        if name in CONSTANTS:
            return self._built(token, self._builder.constant(name))
        self._first_use.setdefault(name, token)
        return self._built(token, self._builder.input(name))

    def binary(self, left: Built, symbol: Token, right: Built) -> Built:
        return self._apply(symbol, self._infix.get(str(symbol)), (left, right), nests=0)

    compare = binary

    def raised(self, base: Built, symbol: Token, exponent: Built) -> Built:
        return self._apply(symbol, self._infix.get(str(symbol)), (base, exponent))

    def prefix(self, symbol: Token, operand: Built) -> Built:
        index, nesting, tree = operand
        if symbol == "+":
            return self._built(symbol, index, nesting + 1, tree)
        value = self._builder.literal(index)
        if value is not None and math.copysign(1.0, value) > 0:
            return self._built(symbol, self._builder.number(-value), nesting + 1)
        return self._apply(symbol, self._negation, (operand,))

    def superscript(self, base: Built, token: Token) -> Built:
        exponent = self._built(token, self._builder.number(_value(token)))
        return self._apply(token, self._infix.get("**"), (base, exponent))

    def conditional(self, chosen: Built, token: Token, condition: Built, _else: Token, other: Built) -> Built:
        return self._apply(token, self._table.get("where"), (condition, chosen, other))

    def bracket(self, left: Token, built: Built, _right: Token) -> Built:
        index, nesting, tree = built
        return self._built(left, index, nesting + 1, tree)

    def bars(self, left: Token, built: Built, _right: Token) -> Built:
        return self._apply(left, self._table.get("abs"), (built,))

    def arguments(self, *built: Built) -> tuple[Built, ...]:
        return built

    def call(self, token: Token, _left: Token, arguments: tuple[Built, ...] | None, _right: Token) -> Built:
        operator = self._table[str(token)]
        given = arguments or ()
        folds = operator.associative and operator.arity == 2
        if folds and len(given) > 2:
            # Every operand nests once, however many there are.
            nesting = 1 + max(nesting for _, nesting, _ in given)
            folded = given[0]
            for other in given[1:]:
                folded = self._apply(token, operator, (folded, other), nests=0)
            return self._built(token, folded[0], nesting, folded[2])
        missing = operator.arity - len(given)
        if not 0 <= missing <= len(operator.defaults):
            least = operator.arity - len(operator.defaults)
            wanted = "two or more" if folds else str(least) if not operator.defaults else f"{least} to {operator.arity}"
            plural = "" if wanted == "1" else "s"
            problem = f"{token} takes {wanted} operand{plural}, not {len(given)}"
            raise problem_at(token, problem, (f"{wanted} operand{plural}",))
        defaults = operator.defaults[len(operator.defaults) - missing :]
        filled = tuple(self._built(token, self._builder.number(value)) for value in defaults)
        return self._apply(token, operator, given + filled)

    # -- building ------------------------------------------------------------------------------------------

    def _apply(self, token: Token, operator: Operator | None, operands: tuple[Built, ...], nests: int = 1) -> Built:
        if operator is None:
            problem = f"the operator table has no operator for {str(token)!r}"
            raise problem_at(token, problem, ("an operator of the table",), error=UnknownOperator)
        nesting, tree = 0, 1
        for _, inner, size in operands:
            nesting = max(nesting, inner)
            tree += size
        index = self._builder.apply(operator, tuple([operand[0] for operand in operands]))
        return self._built(token, index, nesting + nests, tree)

    def _built(self, token: Token, index: int, nesting: int = 0, tree: int = 1) -> Built:
        if nesting > MAX_NESTING:
            raise problem_at(token, f"the expression is nested more than {MAX_NESTING} deep", error=LimitError)
        if index >= MAX_NODES:
            raise problem_at(token, f"the expression has more than {MAX_NODES} different nodes", error=LimitError)
        if tree > MAX_TREE:
            problem = f"written out as a tree the expression has more than {MAX_TREE} nodes"
            raise problem_at(token, problem, error=LimitError)
        return index, nesting, tree


def _value(token: Token) -> float:
    value = float(token.translate(SUPERSCRIPTS))
    if not math.isfinite(value):
        raise problem_at(token, f"{token} is too large for a float64", ("at most 1.797e308 in magnitude",))
    return value
