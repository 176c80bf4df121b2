"""Lark's parser of the grammar. Its tables take long to build, so they are kept on disk, as plain data."""

from __future__ import annotations

import contextlib
import hashlib
import marshal
import sys
from functools import cache
from pathlib import Path
from typing import Any

import lark
from lark import Lark, Transformer
from lark.grammar import Rule
from lark.lexer import TerminalDef

from symkit.disk_cache import PARSE_TABLES
from symkit.text.tokens import Refiner

OPTIONS = {"parser": "lalr", "lexer": "basic", "maybe_placeholders": True}


def grammar_parser(transformer: Transformer, refiner: Refiner) -> Lark:  # type: ignore[type-arg]
    """A parser whose rules are methods of `transformer`, with the tables on disk if they are there."""
    hooks = {"transformer": transformer, "postlex": refiner}
    key = _key(grammar_text(), lark.__version__)
    kept = PARSE_TABLES.read(key)
    if kept is not None:
        # Whatever fails, the file is not what was meant to be there, and is replaced below.
        with contextlib.suppress(Exception):
            return _restored(kept, hooks)
    built = Lark(grammar_text(), **OPTIONS, **hooks)
    # Lark may change what it serialises to; tables that cannot be kept are built by every process.
    with contextlib.suppress(Exception):
        PARSE_TABLES.write(key, _serialised(built, hooks))
    return built


def _serialised(parser: Lark, hooks: dict[str, Any]) -> bytes:
    """The tables as lists, dicts, text and numbers; the form that `lark.tools.standalone` writes."""
    data, memo = parser.memo_serialize([TerminalDef, Rule])
    data["options"] = {name: value for name, value in data["options"].items() if name not in hooks}
    return marshal.dumps((data, memo))


def _restored(content: bytes, hooks: dict[str, Any]) -> Lark:
    data, memo = marshal.loads(content)
    parser: Lark = Lark._load_from_dict(data, memo, **hooks)
    return parser


def _key(grammar: str, version: str) -> str:
    """Tables of another grammar, lark or Python are other tables."""
    parts = (version, sys.version, repr(OPTIONS), repr(Refiner.always_accept), grammar)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@cache
def grammar_text(name: str = "symkit") -> str:
    """The grammar file of this name."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "grammars", package.parent / "grammars"):
        file = folder / f"{name}.lark"
        if file.is_file():
            return file.read_text(encoding="utf-8")
    raise FileNotFoundError(f"{name}.lark is missing beside {package}; install symkit again")
