"""`symkit zoo`: known functions, by name, by word, or by what an expression is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from symkit.cli.arguments import JsonOption, read_expression
from symkit.cli.card import Row, card, counted, heading, listing
from symkit.cli.console import emit, emit_json, remark
from symkit.errors import DomainError
from symkit.reporting.wording import formula_rows, held, settings_text

if TYPE_CHECKING:
    from symkit.zoo import Entry, GanTriple, Match

ROLES = ("D, real", "D, generated", "G")
"""Of the losses of a GAN, in the order of a triple: whose loss, and what the discriminator sees."""


def zoo(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Show this function, or the three losses of this GAN.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option(metavar="KIND", help="List these only: activation, loss, gan or constraint-op.")
    ] = None,
    search: Annotated[
        str | None, typer.Option(metavar="WORD", help="List those with this word in name, title, formula or source.")
    ] = None,
    find: Annotated[str | None, typer.Option(metavar="EXPR", help="Say which known functions this formula is.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Look up known functions.

    List those of the literature, show one, or ask which ones a formula is. With --find and --search the exit status
    is 1 if there is none.

    \b
    Examples:
      symkit zoo
      symkit zoo mish
      symkit zoo lsgan
      symkit zoo --kind loss --search huber
      symkit zoo --find "x/(1 + exp(-x))"
    """
    if (name is not None) + (find is not None) + (kind is not None or search is not None) > 1:
        raise DomainError("give a NAME, or --find, or --kind and --search; they do not go together")
    if name is not None:
        _one(name, as_json)
    elif find is not None:
        _find(find, as_json)
    else:
        _list(kind, search, as_json)


def _one(name: str, as_json: bool) -> None:
    from symkit.text.describe import describe
    from symkit.zoo import entry, gan
    from symkit.zoo.triples import is_gan

    if is_gan(name):
        _three(gan(name), as_json)
        return
    found = entry(name)
    if as_json:
        emit_json({**_brief(found), **_details(found), "expression": describe(found.expression)})
        return
    emit(heading(f"{found.name}: {found.title}"), card(_rows(found)))


def _three(triple: GanTriple, as_json: bool) -> None:
    from symkit.zoo import entry

    entries = [entry(name) for name in triple.entries]
    if as_json:
        losses = {name: _brief(found) for name, found in zip(("d_real", "d_fake", "g_fake"), entries, strict=True)}
        emit_json({"name": triple.name, "title": triple.title, "kind": entries[0].kind, **losses})
        return
    rows = [(role, f"{found.text} ({found.name})") for role, found in zip(ROLES, entries, strict=True)]
    emit(
        heading(f"{triple.name}: {triple.title}"),
        card([*rows, ("in Python", _gan_loss(triple)), *_literature(entries[-1])]),
    )


def _gan_loss(triple: GanTriple) -> str:
    return f'symkit.nn.GANLoss(*symkit.zoo.gan("{triple.name}"))'


def _find(text: str, as_json: bool) -> None:
    from symkit import zoo

    expression = read_expression(text)
    matches = zoo.find(expression)
    if as_json:
        emit_json({"text": str(expression), "matches": [_match(match) for match in matches]})
    elif matches:
        emit(card(_match_row(match) for match in matches))
    else:
        remark(f"no function of the zoo is {expression}")
    if not matches:
        raise typer.Exit(1)


def _list(kind: str | None, search: str | None, as_json: bool) -> None:
    from symkit.zoo import KINDS
    from symkit.zoo.entries import read_entries

    if kind is not None and kind not in KINDS:
        raise DomainError(f"kind {kind!r} is not one of {', '.join(KINDS)}")
    word = (search or "").casefold()
    entries = [
        entry for entry in read_entries().values() if kind in (None, entry.kind) and word in _searched(entry).casefold()
    ]
    if as_json:
        emit_json({"count": len(entries), "entries": [_brief(entry) for entry in entries]})
    elif entries:
        emit(listing(("name", "kind", "formula"), list(_lines(entries))))
        remark(f"{counted(len(entries), 'function')}; symkit zoo NAME shows one")
    else:
        remark(f"no function of the zoo has {search!r}")
    if not entries:
        raise typer.Exit(1)


def _lines(entries: Iterable[Entry]) -> Iterator[tuple[str, str, str]]:
    """A line a function; the three losses of a GAN stand on one."""
    from symkit.zoo.entries import GAN
    from symkit.zoo.triples import triple_of

    told: set[str] = set()
    for entry in entries:
        if entry.kind != GAN:
            yield entry.name, entry.kind, entry.text
            continue
        triple = triple_of(entry.name)
        if triple.name not in told:
            told.add(triple.name)
            losses = zip(ROLES, triple, strict=True)
            yield triple.name, entry.kind, "; ".join(f"{role}: {loss}" for role, loss in losses)


def _searched(entry: Entry) -> str:
    return "\n".join((entry.name, *entry.aliases, entry.title, entry.text, entry.note, *entry.sources))


def _rows(entry: Entry) -> list[Row]:
    rows = [("formula", entry.text), *formula_rows(entry.expression), ("LaTeX", entry.expression.latex())]
    if entry.equals:
        rows.append(("equals", entry.equals))
    if entry.initially:
        rows.append(("initially", entry.initially))
    rows.append(("listed as", f"{entry.kind}, {entry.family}"))
    if entry.aliases:
        rows.append(("also called", ", ".join(entry.aliases)))
    return [*rows, *_literature(entry)]


def _literature(entry: Entry) -> list[Row]:
    """Where it comes from, and what was published of it."""
    from symkit.zoo import documents

    rows = [("source", "; ".join(entry.sources))]
    if entry.note:
        rows.append(("note", entry.note))
    rows += [("published" if not i else "", str(figure)) for i, figure in enumerate(entry.published)]
    if entry.published:
        rows.append(("", _explained(entry)))
    short = {source: title for source, title in documents().items() if _cites(entry.sources, source)}
    rows += short.items()
    return rows


def _explained(entry: Entry) -> str:
    statistics = dict.fromkeys(figure.statistic for figure in entry.published if figure.statistic)
    stars = "; *, **, ***: better than ReLU, p <= 0.05, 0.01, 0.001" if any(f.stars for f in entry.published) else ""
    return "(" + "; ".join(statistics) + stars + ")"


def _cites(sources: Sequence[str], document: str) -> bool:
    return any(source == document or source.startswith((f"{document} ", f"{document},")) for source in sources)


def _brief(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "title": entry.title,
        "kind": entry.kind,
        "family": entry.family,
        "text": entry.text,
        "aliases": entry.aliases,
        "sources": entry.sources,
    }


def _details(entry: Entry) -> dict[str, Any]:
    return {
        "note": entry.note,
        "equals": entry.equals,
        "initially": entry.initially,
        "published": entry.published,
    }


def _match(match: Match) -> dict[str, Any]:
    return {
        "name": match.name,
        "by": match.by,
        "parameters": match.parameters,
        "difference": match.difference,
        "entry": _brief(match.entry),
    }


def _match_row(match: Match) -> Row:
    renamed = ", ".join(f"{name} is {ours}" for name, ours in match.parameters.items() if isinstance(ours, str))
    condition = f", at {settings_text(held(match))}" if held(match) else f", {renamed}" if renamed else ""
    return match.name, f"{match.entry.text} (by {match.by}{condition})"
