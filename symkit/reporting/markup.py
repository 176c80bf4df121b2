"""HTML from parts: text is escaped, and only what was made here counts as markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

VOID = frozenset({"meta", "br"})


class Markup(str):
    """HTML that is safe as it stands."""

    __slots__ = ()


def element(tag: str, *children: str | Markup, **attributes: str) -> Markup:
    """An element; children that are plain text are escaped, and so are attributes: `class_`, `http_equiv`, ..."""
    names = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(value)}"' for name, value in attributes.items() if value
    )
    if tag in VOID:
        return Markup(f"<{tag}{names}>")
    return Markup(f"<{tag}{names}>{joined(children)}</{tag}>")


def joined(parts: Iterable[str | Markup], between: str = "") -> Markup:
    """Parts one after the other; plain text is escaped."""
    return Markup(between.join(part if isinstance(part, Markup) else escape(part, quote=False) for part in parts))


def facts(rows: Iterable[tuple[str, str | Markup]]) -> Markup:
    """A list of labels and values."""
    return element("dl", *(element("div", element("dt", label), element("dd", value)) for label, value in rows))


def table(head: Sequence[str | Markup], rows: Iterable[Sequence[str | Markup]], *, caption: str = "") -> Markup:
    """A table that can be moved sideways where it is wider than the page; the first column names the rows."""
    first = element("thead", element("tr", *(element("th", cell, scope="col") for cell in head)))
    body = element(
        "tbody",
        *(
            element("tr", element("th", row[0], scope="row"), *(element("td", cell) for cell in row[1:]))
            for row in rows
        ),
    )
    title = [element("caption", caption)] if caption else []
    return element("div", element("table", *title, first, body), class_="wide", tabindex="0")
