"""What `symkit space` prints."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from symkit.cli.card import Row, card, counted, heading, listing
from symkit.cli.console import emit, emit_json

if TYPE_CHECKING:
    from symkit.spaces import Group, Space, Unique

SHOWN = 5
"""Functions of a group that are printed."""


def _facts(found: Space) -> list[Row]:
    sets = ", ".join(f"{len(chosen)} {name}" for name, chosen in found.operators.items())
    facts = [("schema", found.schema.text), ("operators", sets)]
    if found.printed is not None:
        facts.append(("as printed", f"{found.printed:,}"))
    return facts


def overview(found: Space, as_json: bool, examples: Sequence[str]) -> None:
    if as_json:
        sets = {name: [form.text for form in chosen.forms] for name, chosen in found.operators.items()}
        emit_json(
            {
                "space": found.name,
                "schema": found.schema.text,
                "kind": found.kind,
                "count": found.count(),
                "published_count": found.count(published=True),
                "published_unique": found.printed_unique,
                "operators": sets,
                **({"examples": list(examples)} if examples else {}),
            }
        )
        return
    emit(
        heading(f"{found.name}: {found.count():,} functions"),
        card([*_facts(found), *[("" if i else "examples", text) for i, text in enumerate(examples)]]),
    )


def listed(found: Space, texts: list[str], as_json: bool, start: int | None = None) -> None:
    if as_json:
        numbered = {} if start is None else {"start": start}
        emit_json({"space": found.name, "count": found.count(), **numbered, "functions": texts})
    elif start is None:
        emit(*texts)
    else:
        emit(listing(("", "function"), [(str(start + i), text) for i, text in enumerate(texts)], numbers=(0,)))


COMPARED = {
    "program": "by the form that they are written in, commutative operands in any order",
    "values": "by their values",
    "function": "by exact values to 60 digits",
}


def different_ones(found: Space, different: Unique, shown: int, as_json: bool) -> None:
    largest = list(islice(different.groups(), max(shown, 0)))
    if as_json:
        emit_json(
            {
                "space": found.name,
                "level": different.level,
                "total": different.total,
                "distinct": different.distinct,
                "points": different.points,
                "digits": different.digits,
                "published_unique": found.printed_unique,
                "groups": [{"size": len(group), "functions": _some(group)} for group in largest],
            }
        )
        return
    compared = COMPARED[different.level]
    if different.points is not None:
        to = "" if different.digits is None else f", to {counted(different.digits, 'digit')}"
        compared += f" at {counted(different.points, 'point')}{to}"
    rows = [("compared", compared)]
    if found.printed_unique is not None:
        rows.append(("as printed", f"{found.printed_unique:,} different"))
    emit(heading(f"{different.distinct:,} of {different.total:,} functions are different"), card(rows))
    if largest:
        emit("", listing(("size", "the same function"), [_group(group) for group in largest], numbers=(0,)))


def _group(group: Group) -> tuple[str, str]:
    return f"{len(group):,}", ", ".join(_some(group)) + (", ..." if len(group) > SHOWN else "")


def _some(group: Group) -> list[str]:
    return [str(e) for e in islice(group, SHOWN)]
