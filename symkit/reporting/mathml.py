"""The LaTeX that symkit writes as MathML, which browsers show without scripts."""

from __future__ import annotations

import re

from symkit.reporting.markup import Markup, element
from symkit.text.names import GREEK

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[0-9]+(?:\.[0-9]+)?|[^\s\\]")

LETTERS = {**{name: letter for letter, name in reversed(GREEK.items())}, "epsilon": "ϵ", "sigma": "σ", "infty": "∞"}
SIGNS = {"cdot": "⋅", "le": "≤", "ge": "≥", "ne": "≠", "wedge": "∧", "vee": "∨", "neg": "¬"}
WORDS = frozenset({"operatorname", "mathit", "mathrm", "text"})


def mathml(latex: str) -> Markup:
    """A `math` element for LaTeX as `Expression.latex` gives it."""
    reader = _Reader(TOKEN.findall(latex))
    return element("math", element("mrow", *reader.row()), display="block")


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    def _next(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1]

    def row(self, *ends: str) -> list[Markup]:
        """Atoms with their scripts up to one of `ends`, which is left to be read, or to the end of the text."""
        made: list[Markup] = []
        while self._at < len(self._tokens) and self._tokens[self._at] not in ends:
            token = self._next()
            if token == "^":
                made.append(element("msup", made.pop(), self._group()))
            elif token == "_":
                made.append(element("msub", made.pop(), self._group()))
            else:
                made.append(self._atom(token))
        return made

    def _group(self) -> Markup:
        """A group in braces, or one atom."""
        token = self._next()
        if token != "{":
            return self._atom(token)
        made = self.row("}")
        self._next()
        return made[0] if len(made) == 1 else element("mrow", *made)

    def _atom(self, token: str) -> Markup:
        if token == "{":
            self._at -= 1
            return self._group()
        if token == r"\left":
            return self._fenced()
        if token == r"\begin":
            return self._rows()
        if token.startswith("\\"):
            return self._command(token[1:])
        if token[0].isdigit():
            return element("mn", token)
        if token.isalpha():
            return element("mi", token)
        return element("mo", "−" if token == "-" else token)

    def _command(self, name: str) -> Markup:
        if name == "frac":
            return element("mfrac", self._group(), self._group())
        if name == "sqrt":
            return element("msqrt", self._group())
        if name in WORDS:
            return element("mtext" if name == "text" else "mi", self._word())
        if name in LETTERS:
            return element("mi", LETTERS[name])
        if name in SIGNS:
            return element("mo", SIGNS[name])
        return element("mi", name) if name.isalpha() else element("mo", name)

    def _word(self) -> str:
        """The letters of a group."""
        self._next()
        letters = []
        while (token := self._next()) != "}":
            letters.append(token.removeprefix("\\"))
        return "".join(letters)

    def _fenced(self) -> Markup:
        opening = self._next().removeprefix("\\")
        inside = self.row(r"\right")
        self._next()
        closing = self._next().removeprefix("\\")
        return element("mrow", _fence(opening, "prefix"), *inside, _fence(closing, "postfix"))

    def _rows(self) -> Markup:
        """The lines of `cases` or `aligned`, with their cells."""
        name = self._word()
        lines: list[list[Markup]] = [[]]
        while True:
            lines[-1].append(element("mtd", *self.row("&", r"\\", r"\end")))
            end = self._next()
            if end == r"\\":
                lines.append([])
            elif end == r"\end":
                break
        self._word()
        rows = element("mtable", *(element("mtr", *cells) for cells in lines), columnalign="left")
        return element("mrow", element("mo", "{", stretchy="true"), rows) if name == "cases" else rows


def _fence(sign: str, form: str) -> Markup:
    return element("mo", sign, stretchy="true", fence="true", form=form)
