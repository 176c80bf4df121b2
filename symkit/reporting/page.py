"""A page in one file: nothing is loaded from elsewhere, and nothing on it runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from symkit.reporting.markup import Markup, element, joined, table

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""What a browser may load for the page: its own style only."""


HEADING = 120
"""Letters of a formula that a heading has room for."""

Summary = Sequence[tuple[str, str]]
"""One line a quantity, for the table that compares several functions."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page under its title."""

    title: str
    body: Markup


def section(title: str, *parts: Markup) -> Section:
    """A section of several parts."""
    return Section(title, joined(parts, "\n"))


@dataclass(frozen=True, slots=True)
class Chapter:
    """What a page says of one function.

    Attributes:
        text: the function.
        head: its formula.
        sections: about it.
        summary: the same in short.
    """

    text: str
    head: Markup
    sections: Sequence[Section]
    summary: Summary

    @property
    def titles(self) -> list[str]:
        """Of the sections."""
        return [section.title for section in self.sections]


def page(chapters: Sequence[Chapter], beside: Sequence[Chapter], pictures: Markup, made: Sequence[str]) -> str:
    """The whole file.

    Args:
        chapters: the functions that the page is about.
        beside: others, which appear in the table of comparison only.
        pictures: of all of them together, in front.
        made: how the page was made, one line after the other.
    """
    title = chapters[0].text if len(chapters) == 1 else f"{len(chapters)} functions compared"
    single = len(chapters) == 1
    parts: list[Markup] = []
    if single:
        parts += [element("h1", element("code", _short(title))), chapters[0].head]
    else:
        parts += [element("h1", title), _contents(chapters)]
    if len(chapters) + len(beside) > 1:
        parts.append(_comparison([*chapters, *beside]))
    parts.append(pictures)
    for i, chapter in enumerate(chapters):
        if not single:
            parts += [element("h2", element("code", _short(chapter.text)), id=f"f{i + 1}"), chapter.head]
        parts += [element("section", element("h3", one.title), one.body) for one in chapter.sections]
    parts.append(element("footer", *(element("p", line) for line in made)))
    return _document(title, parts)


def _short(text: str, length: int = HEADING) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _contents(chapters: Sequence[Chapter]) -> Markup:
    links = (
        element("li", element("a", element("code", _short(chapter.text)), href=f"#f{i + 1}"))
        for i, chapter in enumerate(chapters)
    )
    return element("ol", *links)


def _comparison(chapters: Sequence[Chapter]) -> Markup:
    head = ["", *(element("code", _short(chapter.text, 48)) for chapter in chapters)]
    columns = [dict(chapter.summary) for chapter in chapters]
    rows = [[label, *(column[label] for column in columns)] for label in columns[0]]
    return element("section", element("h3", "Side by side"), table(head, rows))


def _document(title: str, parts: Sequence[Markup]) -> str:
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("title", _short(title, 80)),
        element("style", Markup(files("symkit.reporting").joinpath("page.css").read_text(encoding="utf-8"))),
    )
    body = element("body", element("main", joined(parts, "\n")))
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"
