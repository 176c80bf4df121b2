"""Losses by name, with values of their parameters in brackets, or by formula."""

from __future__ import annotations

import difflib
import math
import re

from symkit.errors import DomainError
from symkit.ops import standard
from symkit.text import Expression, parse
from symkit.text.expression import needed_constants
from symkit.text.names import IDENTIFIER, LOSS_INPUTS, LOSS_SPELLINGS, plain_name
from symkit.zoo.catalogue import catalogue
from symkit.zoo.entries import read_entries

KINDS = ("loss", "gan")

ALIASES = {
    "cross_entropy": "ce",
    "mse": "squared",
    "label_smoothing": "lsr",
    "sparse_lsr": "sparselsr",
    "focal_loss": "focal",
}
"""Usual names of losses that the zoo calls otherwise."""

INPUTS = (*LOSS_INPUTS, *LOSS_SPELLINGS)

CALL = re.compile(rf"\s*({IDENTIFIER.pattern})\s*(?:\((.*)\))?\s*", re.DOTALL)


def named_loss(text: str) -> Expression:
    """The loss that a text means: `"ce"`, `"lsr(0.1)"`, `"sparselsr(xi=0.1, C=100)"`, or any formula of a loss.

    A name is one of the zoo's losses or `ALIASES`, case ignored. Values in brackets go to its parameters in the order
    of its header, then to the constants C and eps that it stands on; they may be given by name.

    Raises:
        DomainError: for a name that is no loss, or values that it cannot take.
        ParseError: for a formula that does not parse.
    """
    match = CALL.fullmatch(text)
    if match is None or (match[2] is not None and "(" in match[2]):
        return _formula(text)
    name = match[1].lower()
    entry = read_entries().get(ALIASES.get(name, name))
    if entry is None or entry.kind not in KINDS:
        is_formula = name in standard() if match[2] is not None else plain_name(match[1]) in INPUTS
        if is_formula:
            return _formula(text)
        raise DomainError(_unknown(match[1]))
    return entry.expression if match[2] is None else _with_values(catalogue[entry.name], entry.name, match[2])


def _formula(text: str) -> Expression:
    e = parse(text)
    if e.kind != "loss":
        given = ", ".join(e.inputs) or "no input"
        raise DomainError(f"{text!r} is a function of {given}; a loss is one of y and p, or y and z")
    return e


def _unknown(name: str) -> str:
    known = [*(n for n, entry in read_entries().items() if entry.kind in KINDS), *ALIASES]
    near = difflib.get_close_matches(name.lower(), known, n=1)
    hint = f"the nearest name is {near[0]!r}" if near else f"there are {', '.join(sorted(ALIASES.values()))} and others"
    return f"{name!r} is no loss of the zoo: {hint}. A formula of y and p does as well"


def _with_values(e: Expression, name: str, text: str) -> Expression:
    """The loss with these values in its header."""
    settable = (*e.parameters, *needed_constants(e.program))
    values: dict[str, float] = {}
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    for place, part in enumerate(parts):
        key, sign, number = (piece.strip() for piece in part.partition("="))
        if not sign:
            if place >= len(settable):
                raise DomainError(f"{name} takes {_list(settable)}; {part!r} is one value too many")
            key, number = settable[place], part
        key = plain_name(key)
        if key not in settable:
            raise DomainError(f"{name} has no parameter {key!r}; it takes {_list(settable)}")
        if key in values:
            raise DomainError(f"{name}({text}): {key} is given twice")
        values[key] = _number(f"{name}({text})", key, number)
    return e.with_values(values)


def _number(place: str, key: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DomainError(f"{place}: {key} = {text!r} is no finite number")
    return value


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "no values"
