"""Functions by name, with values of their parameters in brackets, or by formula."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from symkit.errors import DomainError
from symkit.ops import standard
from symkit.text import Expression, parse
from symkit.text.expression import needed_constants
from symkit.text.names import IDENTIFIER, LOSS_INPUTS, LOSS_SPELLINGS, plain_name
from symkit.zoo.catalogue import nearest_name
from symkit.zoo.entries import GAN, KINDS, Entry, spelled, spellings
from symkit.zoo.triples import GanTriple, is_gan, plain_gan, triple_of, triples

LOSSES = ("loss", GAN)
INPUTS = (*LOSS_INPUTS, *LOSS_SPELLINGS)
CLASSES = "C"

NAME = re.compile(r"[A-Za-z_][\w\s-]*")
CALL = re.compile(rf"\s*({NAME.pattern})\((.*)\)\s*", re.DOTALL)
VALUES = re.compile(r"(\s*(\w+\s*=\s*)?[-+]?\.?\d[\w.+-]*\s*(,|$))*")
"""Numbers, by name or not, and commas."""

LONGEST = 1000
"""Characters of a name with values; a longer text is a formula, or nothing."""


@dataclass(frozen=True)
class Named:
    """What a name stands for.

    Attributes:
        entry: the known function.
        given: values in brackets, by name of a parameter, or C or eps.
    """

    entry: Entry
    given: Mapping[str, float]

    @property
    def expression(self) -> Expression:
        """The function with these values in its header."""
        return self.entry.expression.with_values(self.given) if self.given else self.entry.expression

    @property
    def for_any_classes(self) -> Expression:
        """The function without the number of classes C that its entry has as an example; one that was given stays."""
        if CLASSES in self.given:
            return self.expression
        kept = {name: value for name, value in self.expression.constants.items() if name != CLASSES}
        return replace(self.expression, constants=kept)


def named(text: str, kinds: Collection[str] = KINDS) -> Named | None:
    """The function that a name of the zoo means, such as `"mish"`, `"lsr(0.1)"` or `"sparse-lsr(xi=0.1, C=100)"`.

    Names are those of entries and their aliases; case is ignored, and - and spaces count as _. A name alone means the
    function of the zoo. Before a bracket the operators of the language come first, so that `swish(0.5)` is a number,
    unless values are given by name: `pswish(beta=0.5)`. Values go to the parameters in the order of the header, then
    to the constants C and eps that the function stands on.

    Args:
        text: a name, with values in brackets or without.
        kinds: those of entries that will do.

    Returns None for anything else, which may be a formula.

    Raises:
        DomainError: for values that the function cannot take, for an entry of another kind, for a name with values
            that is near one of the zoo, and for the name of a GAN, which has three losses.
    """
    if len(text) > LONGEST:
        return None
    call = CALL.fullmatch(text)
    name = (text if call is None else call[1]).strip()
    if NAME.fullmatch(name) is None:
        return None
    is_operator = call is not None and name in standard() and "=" not in call[2]
    if is_operator or (call is not None and "(" in call[2]):
        return None
    entry = spellings().get(spelled(name))
    if entry is None:
        if is_gan(name):
            raise DomainError(_three_losses(triples()[plain_gan(name)]))
        if call is not None and IDENTIFIER.fullmatch(name) and VALUES.fullmatch(call[2]) and nearest_name(name, kinds):
            raise DomainError(_unknown(name, kinds))
        return None
    if entry.kind not in kinds:
        raise DomainError(
            _three_losses(triple_of(entry.name))
            if entry.kind == GAN
            else f"{name} is of kind {entry.kind} in the zoo; here it must be of kind {' or '.join(kinds)}"
        )
    return Named(entry, {} if call is None else _values(entry, call[2]))


def named_function(text: str, kind: str | None = None) -> Expression:
    """The function that a text means: a name of the zoo, see `named`, or any formula.

    Args:
        text: of one or the other.
        kind: "activation", "loss" or "plain", as `parse` takes it.

    Raises:
        DomainError: as `named` does, and for a function of the zoo that is of another kind.
        ParseError: for a formula that does not parse.
    """
    found = named(text)
    if found is None:
        return parse(text, kind=kind)
    if kind not in (None, found.expression.kind):
        raise DomainError(f"{text.strip()} is of kind {found.expression.kind} in the zoo, not {kind}")
    return found.expression


def named_loss(text: str) -> Expression:
    """The loss that a text means: `"ce"`, `"lsr(0.1)"`, `"sparselsr(xi=0.1, C=100)"`, or any formula of a loss.

    Raises:
        DomainError: for a name that is no loss, or values that it cannot take.
        ParseError: for a formula that does not parse.
    """
    found = named(text, LOSSES)
    if found is not None:
        return found.expression
    name = text.strip()
    if len(name) <= LONGEST and IDENTIFIER.fullmatch(name) and plain_name(name) not in INPUTS:
        raise DomainError(_unknown(name, LOSSES))
    e = parse(text)
    if e.kind != "loss":
        given = ", ".join(e.inputs) or "no input"
        raise DomainError(f"{text!r} is a function of {given}; a loss is one of y and p, or y and z")
    return e


def _unknown(name: str, kinds: Collection[str]) -> str:
    near = nearest_name(name, kinds)
    hint = f"the nearest name is {near!r}" if near else "`symkit zoo` lists those that it has, such as ce and mish"
    return f"the zoo holds no {name!r}: {hint}. A formula does as well"


def _three_losses(triple: GanTriple) -> str:
    return (
        f"{triple.name} is three losses, one for each part that a GAN plays: {', '.join(triple.entries)}. "
        f'`symkit zoo {triple.name}` shows them; to train with them, use nn.GANLoss(*zoo.gan("{triple.name}"))'
    )


def _values(entry: Entry, text: str) -> dict[str, float]:
    """The values in brackets after the name of an entry, by name."""
    settable = (*entry.expression.parameters, *needed_constants(entry.expression.program))
    values: dict[str, float] = {}
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    for place, part in enumerate(parts):
        key, sign, number = (piece.strip() for piece in part.partition("="))
        if not sign:
            if place >= len(settable):
                raise DomainError(f"{entry.name} takes {_list(settable)}; {part!r} is one value too many")
            key, number = settable[place], part
        key = plain_name(key)
        if key not in settable:
            raise DomainError(f"{entry.name} has no parameter {key!r}; it takes {_list(settable)}")
        if key in values:
            raise DomainError(f"{entry.name}({text}): {key} is given twice")
        values[key] = _number(f"{entry.name}({text})", key, number)
    return values


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
