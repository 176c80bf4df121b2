"""Spaces as text: `binary(unary(x), unary(unary(x)))`, over sets of operators with names."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lark import Lark, Token, UnexpectedCharacters, UnexpectedToken

from symkit.checking.requirement_text import nearest, problem_at
from symkit.errors import DomainError, LimitError, ParseError
from symkit.ops import OperatorTable
from symkit.spaces.classes import Apply, Class, Union, Weighted, graphs, trees
from symkit.spaces.forms import OperatorSet, leaf, operators
from symkit.text.grammar import OPTIONS, grammar_text
from symkit.text.names import ACTIVATION_INPUT, kind_of_header

MAX_TEXT = 16_384
MAX_NESTING = 60
MAX_NODES = 32
MAX_DEPTH = {"units": 8, "trees": 12}
"""Counts of deeper trees have thousands of digits."""

LOSS = ("y", "p")
INPUTS = (ACTIVATION_INPUT, *LOSS)
ALIASES = {"n-ary": "nary", "ternary": "nary"}


@dataclass(frozen=True)
class Schema:
    """What a schema says.

    Attributes:
        text: as written.
        members: its trees.
        kind, inputs: as in a header.
        sets: the sets of operators that it may use, by name.
    """

    text: str
    members: Class
    kind: str
    inputs: tuple[str, ...]
    sets: Mapping[str, OperatorSet]


def read_schema(text: str, sets: Mapping[str, OperatorSet], table: OperatorTable | None = None) -> Schema:
    """The space that a text describes.

    Args:
        text: definitions of sets, each `name = "formula", "formula";`, then schemas with `|` between them.
        sets: sets of operators that the text may name.
        table: operators that formulas may use; the standard ones if None.

    Raises:
        ParseError: with the place, what was expected and the nearest name.
        LimitError: for a text of more than 16 KiB, brackets nested more than 60 deep, settings past their limits, and a
            space of more than 10**4000 functions, or of functions of more than 10,000 operators and leaves.
    """
    if not isinstance(text, str):
        raise DomainError(f"a schema must be a str, not {type(text).__name__}")
    if len(text) > MAX_TEXT:
        raise LimitError(f"the schema has {len(text)} characters; the limit is {MAX_TEXT}", line=1, column=1)
    _check_nesting(text)
    try:
        tree = _parsers.lark.parse(text)
        return _Reader(text, dict(sets), table).read(tree)
    except UnexpectedCharacters as error:
        raise ParseError(
            f"the character {error.char!r} is not part of a schema", text=text, line=error.line, column=error.column
        ) from None
    except UnexpectedToken as error:
        raise _bad_token(error, text) from None
    except ParseError as error:
        error.text = error.text or text
        raise


class _Parsers(threading.local):
    """One parser a thread."""

    def __init__(self) -> None:
        self.lark = Lark(grammar_text("spaces"), **OPTIONS)


_parsers = _Parsers()

WORDS = {
    "NAME": "a set of operators or an input",
    "NUMBER": "a number",
    "STRING": "a formula in quotes",
    "LPAR": "'('",
    "RPAR": "')'",
    "COMMA": "','",
    "VBAR": "'|'",
    "EQUAL": "'='",
    "SEMICOLON": "';'",
    "$END": "the end",
}


def _bad_token(error: UnexpectedToken, text: str) -> ParseError:
    token = error.token
    accepted = set(error.interactive_parser.accepts()) if error.interactive_parser is not None else set(error.expected)
    words = tuple(word for name, word in WORDS.items() if name in accepted)
    ended = token.type == "$END"
    problem = "the schema ends too early" if ended else f"{str(token)!r} does not fit here"
    place = len(text.rstrip()) if ended else int(token.start_pos or 0)
    return problem_at(text, place, problem, words)


def _check_nesting(text: str) -> None:
    depth = 0
    for char in text:
        depth += (char == "(") - (char == ")")
        if depth > MAX_NESTING:
            raise LimitError(f"brackets are nested more than {MAX_NESTING} deep", text=text, line=1, column=1)


def _error(token: Token, problem: str, known: Iterable[str] = (), error: type[ParseError] = ParseError) -> ParseError:
    names = list(known)
    line, column = token.line or 1, token.column or 1
    return error(problem, line=line, column=column, expected=names, suggestion=nearest(str(token), names))


class _Reader:
    """Classes from the parsed text. A class that stands twice is one object, so its count is worked out once."""

    def __init__(self, text: str, sets: dict[str, OperatorSet], table: OperatorTable | None) -> None:
        self._text = text
        self._sets = sets
        self._table = table
        self._leaves: dict[str | float, Class] = {}
        self._made: dict[object, Class] = {}

    def read(self, tree: Any) -> Schema:
        *definitions, body = tree.children
        for definition in definitions:
            name, *texts = definition.children
            self._define(name, texts)
        members = self._class(body, None)
        inputs = tuple(name for name in INPUTS if name in self._leaves)
        if ACTIVATION_INPUT in inputs and len(inputs) > 1:
            raise DomainError(f"a space is of activations in x or of losses in y and p, not of {', '.join(inputs)}")
        if not inputs:
            raise DomainError("the trees of a space must stand on x, or on y and p")
        inputs = inputs if ACTIVATION_INPUT in inputs else LOSS
        return Schema(self._text, members, kind_of_header(inputs), inputs, self._sets)

    def _define(self, name: Token, texts: Sequence[Token]) -> None:
        if name in BUILDERS or name in INPUTS:
            raise _error(name, f"{str(name)!r} has a meaning already; use another name")
        try:
            self._sets[str(name)] = operators(str(name), [text[1:-1] for text in texts], self._table)
        except ParseError as error:
            raise _error(name, f"the operators of {name}: {error}") from None
        except DomainError as error:
            raise _error(name, str(error)) from None

    def _class(self, tree: Any, leaves: Class | None) -> Class:
        """The class of a part; `leaves` stands in for x, inside units."""
        if tree.data == "union":
            parts = [self._class(part, leaves) for part in tree.children]
            if len(parts) == 1:
                return parts[0]
            return self._one(("union", *map(id, parts)), lambda: Union(parts))
        (token, *arguments) = tree.children
        if tree.data == "number":
            return self._leaf(float(token))
        if tree.data == "name":
            if token not in INPUTS:
                known = [*INPUTS, *self._sets, *BUILDERS]
                stands = token in self._sets or token in BUILDERS or token in ALIASES
                raise _error(token, f"{token} needs operands" if stands else f"{token} is no input", known)
            return leaves if leaves is not None and token == ACTIVATION_INPUT else self._leaf(str(token))
        try:
            return BUILDERS.get(token, _Reader._applied)(self, token, arguments, leaves)
        except LimitError as error:
            raise error if error.line else _error(token, error.problem, error=LimitError) from None

    def _applied(self, token: Token, arguments: Sequence[Any], leaves: Class | None) -> Class:
        chosen = self._sets.get(str(ALIASES.get(token, token)))
        if chosen is None:
            raise _error(token, f"there are no operators {str(token)!r}", [*self._sets, *BUILDERS])
        for argument in arguments:
            if argument.data == "setting":
                raise _error(argument.children[0], f"{token} has no settings")
        if len(arguments) != chosen.arity:
            plural = "" if chosen.arity == 1 else "s"
            raise _error(token, f"{token} takes {chosen.arity} operand{plural}, not {len(arguments)}")
        children = [self._plain(token, argument, leaves) for argument in arguments]
        return self._one((chosen, *map(id, children)), lambda: Apply(chosen, children))

    def _plain(self, token: Token, tree: Any, leaves: Class | None) -> Class:
        """The class of a part in which nothing has parameters."""
        found = self._class(tree, leaves)
        if _has_weights(found):
            problem = f"{token} cannot stand on functions with parameters"
            raise _error(token, f"{problem}: put them on the whole, weighted({token}(...), parameters=...)")
        return found

    def _leaf(self, value: str | float) -> Class:
        if value not in self._leaves:
            self._leaves[value] = Apply(OperatorSet(str(value), (leaf(value),)))
        return self._leaves[value]

    def _one(self, key: object, make: Callable[[], Class]) -> Class:
        """The class of a key. Classes live as long as the reader, so their ids stay theirs."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def _settings(self, token: Token, arguments: Sequence[Any], known: Mapping[str, int]) -> tuple[Any, dict[str, int]]:
        """The only schema among the arguments, or None, and the settings by name."""
        schemas = [argument for argument in arguments if argument.data != "setting"]
        if len(schemas) > 1:
            raise _error(token, f"{token} takes one schema, not {len(schemas)}")
        found: dict[str, int] = {}
        for argument in arguments:
            if argument.data == "setting":
                name, value = argument.children
                if name not in known or str(name) in found:
                    raise _error(name, f"{token} has no setting {str(name)!r}, or has it already", known)
                if not str(value).isdecimal() or int(value) > known[name]:
                    raise _error(value, f"{name} is a whole number of at most {known[name]}", error=LimitError)
                found[str(name)] = int(value)
        return schemas[0] if schemas else None, found

    def needed(self, token: Token, settings: Mapping[str, int], name: str) -> int:
        if name not in settings:
            raise _error(token, f"{token} needs the setting {name}, such as {name}=2")
        return settings[name]

    def all_sets(self) -> list[OperatorSet]:
        """The sets of operators by arity; a schema that names none uses all."""
        return sorted(self._sets.values(), key=lambda chosen: chosen.arity)

    def units(self, token: Token, arguments: Sequence[Any], leaves: Class | None) -> Class:
        schema, settings = self._settings(token, arguments, {"depth": MAX_DEPTH["units"]})
        if schema is None:
            raise _error(token, "units needs the schema of a unit, such as binary(unary(x), unary(x))")
        found = leaves if leaves is not None else self._leaf(ACTIVATION_INPUT)
        for _ in range(self.needed(token, settings, "depth")):
            below, found = found, self._class(schema, found)
            if found is below:
                break
        return found

    def trees(self, token: Token, arguments: Sequence[Any], leaves: Class | None) -> Class:
        schema, settings = self._settings(token, arguments, {"depth": MAX_DEPTH["trees"]})
        below = self._plain(token, schema, leaves) if schema is not None else self._leaf(ACTIVATION_INPUT)
        return trees(self.all_sets(), below, self.needed(token, settings, "depth"))

    def graphs(self, token: Token, arguments: Sequence[Any], leaves: Class | None) -> Class:
        schema, settings = self._settings(token, arguments, {"nodes": MAX_NODES, "parameters": MAX_NODES})
        below = self._plain(token, schema, leaves) if schema is not None else self._leaf(ACTIVATION_INPUT)
        chosen = [self._sets.get(name) for name in ("unary", "binary")]
        if chosen[0] is None or chosen[1] is None:
            raise _error(token, "graphs needs sets of operators called unary and binary")
        return graphs(chosen[0], chosen[1], below, self.needed(token, settings, "nodes"), settings.get("parameters", 0))

    def weighted(self, token: Token, arguments: Sequence[Any], leaves: Class | None) -> Class:
        schema, settings = self._settings(token, arguments, {"parameters": MAX_NODES})
        if schema is None:
            raise _error(token, "weighted needs a schema")
        part, most = self._plain(token, schema, leaves), self.needed(token, settings, "parameters")
        members = part.parts if isinstance(part, Union) else (part,)
        try:
            return Union([Weighted(member, most) for member in members])
        except DomainError as error:
            raise _error(token, str(error)) from None


def _has_weights(found: Class) -> bool:
    return isinstance(found, Weighted) or (isinstance(found, Union) and any(map(_has_weights, found.members)))


BUILDERS: Mapping[str, Callable[[_Reader, Token, Sequence[Any], Class | None], Class]] = {
    "units": _Reader.units,
    "trees": _Reader.trees,
    "graphs": _Reader.graphs,
    "weighted": _Reader.weighted,
}
"""Names that are no sets of operators, and what they make."""
