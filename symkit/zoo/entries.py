"""Entries: known functions with their sources, and how they are read from the TOML files beside this module."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from symkit.ops import standard
from symkit.text import Expression, parse

FAMILIES = (
    "classic",
    "cafe",
    "pangaea",
    "aquasurf",
    "losses",
    "evomal",
    "gan",
    "operators_cafe",
    "operators_pangaea",
    "operators_aquasurf",
    "operators_evomal",
)
"""Names of the files, in the order in which the zoo is listed."""

GAN, OPERATOR = "gan", "constraint-op"
KINDS = ("activation", "loss", GAN, OPERATOR)
"""What an entry is for: a "gan" is one of the three losses of a GAN, a "constraint-op" an operator of search spaces."""

JOINED = re.compile(r"[\s-]+")
"""What counts as an underscore in names."""


@dataclass(frozen=True)
class Figure:
    """One published figure.

    Attributes:
        table: document and number of the table.
        dataset, network, metric, statistic: what was measured, on what, and how it was summed up.
        value, spread: the two figures that `statistic` names; spread is None where there is one only.
        stars: "*" to "***" where the table marks a significant improvement over ReLU.
        note: what sets this row apart from others of the same table.
    """

    table: str
    dataset: str
    network: str
    metric: str
    statistic: str
    value: float
    spread: float | None = None
    stars: str = ""
    note: str = ""

    def __str__(self) -> str:
        spread = "" if self.spread is None else f" ± {self.spread:g}"
        note = f" ({self.note})" if self.note else ""
        return f"{self.table}: {self.network} on {self.dataset}, {self.metric} {self.value:g}{spread}{self.stars}{note}"


@dataclass(frozen=True)
class Entry:
    """A known function.

    Attributes:
        name, title: the key in the zoo, and a few words.
        kind: one of KINDS.
        family: the file that holds it.
        text: the formula in the language, parsed when `expression` is first asked for.
        sources: document and place of each print; `documents()` spells the short names out.
        published: figures of the tables.
        aliases: other names that the zoo knows it by.
        note: how a print was read, and what is known of the function.
        equals: text of a simpler function with the same values, or None.
        initially: text of what it is while its parameters have their initial values, or None.
    """

    name: str
    title: str
    kind: str
    family: str
    text: str
    sources: tuple[str, ...]
    published: tuple[Figure, ...] = ()
    aliases: tuple[str, ...] = ()
    note: str = ""
    equals: str | None = None
    initially: str | None = None

    @cached_property
    def expression(self) -> Expression:
        """The function, with the initial parameter values of its header."""
        return parse(self.text)


@cache
def read_entries() -> Mapping[str, Entry]:
    """Every entry by name; the files are read once."""
    entries: dict[str, Entry] = {}
    for family in FAMILIES:
        content = _read(family)
        kind = content.pop("kind")
        for name, fields in content.items():
            if name in entries:
                raise ValueError(f"{family}.toml: {name} is also in {entries[name].family}.toml")
            entries[name] = _entry(name, kind, family, fields)
    return entries


@cache
def spellings() -> Mapping[str, Entry]:
    """Every entry by its name, its aliases, and those of the operator that has its name."""
    found: dict[str, Entry] = dict(read_entries())
    for entry in read_entries().values():
        operator = standard().get(entry.name)
        for alias in (*entry.aliases, *(operator.aliases if operator is not None else ())):
            if found.setdefault(alias, entry) is not entry:
                raise ValueError(f"{alias} names both {found[alias].name} and {entry.name}")
    return found


def spelled(name: str) -> str:
    """A name as the zoo writes it: in small letters, with _ for - and spaces."""
    return JOINED.sub("_", name.strip().lower())


@cache
def documents() -> Mapping[str, str]:
    """Titles of the documents by the short names that sources use."""
    titles: dict[str, str] = _read("documents")["documents"]
    return titles


def _read(file: str) -> dict[str, Any]:
    return tomllib.loads((files(__package__) / f"{file}.toml").read_text(encoding="utf-8"))


@cache
def _tables() -> Mapping[str, Mapping[str, str]]:
    tables: dict[str, dict[str, str]] = _read("documents")["tables"]
    return tables


def _entry(name: str, kind: str, family: str, fields: Mapping[str, Any]) -> Entry:
    given = dict(fields)
    return Entry(
        name=name,
        kind=kind,
        family=family,
        text=given.pop("formula"),
        sources=tuple(given.pop("source")),
        published=tuple(_figures(given.pop("published", ()))),
        aliases=tuple(given.pop("aliases", ())),
        **given,
    )


def _figures(rows: list[dict[str, Any]]) -> Iterator[Figure]:
    """Rows completed by what holds for their whole table."""
    for row in rows:
        yield Figure(**{**_tables()[row["table"]], **row})
