"""A reader of the LaTeX that symkit writes: it accepts what TeX in maths mode would, and names what it would not."""

from __future__ import annotations

import re
from typing import NoReturn

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[^\s\\]|\s+")
ARGUMENTS = {"frac": 2, "sqrt": 1, "operatorname": 1, "mathit": 1, "mathrm": 1, "text": 1}
WORDS = {"operatorname", "mathit", "mathrm", "text"}
GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi "
    "omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
)
FUNCTIONS = (
    "arccos arcsin arctan arg cos cosh cot coth csc deg det dim exp gcd inf ker lg lim ln log max min sec sin sinh "
    "sup tan tanh"
)
RELATIONS = "cdot times le leq ge geq ne neq approx wedge vee neg pm infty varepsilon vartheta varphi varrho"
SYMBOLS = set(f"{GREEK} {FUNCTIONS} {RELATIONS}".split())
PLAIN = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-=<>.,;|()[]")
DELIMITERS = {"(", ")", "[", "]", "|", r"\{", r"\}"}


class LatexError(AssertionError):
    """TeX would stop, or set something else than is meant."""


def check_latex(source: str) -> None:
    """Raises LatexError unless `source` is well-formed."""
    reader = _Reader(TOKEN.findall(source))
    reader.row(end=None, cells=False)


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens = [token for token in tokens if not token.isspace()]
        self.at = 0

    def fail(self, problem: str) -> NoReturn:
        raise LatexError(f"{problem} at {' '.join(self.tokens[max(0, self.at - 8) : self.at + 3])}")

    def next(self) -> str:
        if self.at == len(self.tokens):
            self.fail("the source ends too early")
        self.at += 1
        return self.tokens[self.at - 1]

    def row(self, end: str | None, cells: bool) -> None:
        """Atoms with scripts up to `end`."""
        scripts: set[str] | None = None
        while True:
            if end is None and self.at == len(self.tokens):
                return
            token = self.next()
            if token == end:
                return
            if token in ("^", "_"):
                if scripts is None or token in scripts:
                    self.fail("a script without a base, or a second one")
                scripts.add(token)
                self.script()
            elif token in ("&", r"\\"):
                if not cells:
                    self.fail(f"{token} outside a table")
                scripts = None
            else:
                self.atom(token)
                scripts = set()

    def atom(self, token: str) -> None:
        if token == "{":
            self.row(end="}", cells=False)
        elif token == r"\left":
            if self.next() not in DELIMITERS:
                self.fail("not a delimiter")
            self.row(end=r"\right", cells=False)
            if self.next() not in DELIMITERS:
                self.fail("not a delimiter")
        elif token == r"\begin":
            name = self.word()
            if name not in ("cases", "aligned"):
                self.fail(f"unknown environment {name}")
            self.row(end=r"\end", cells=True)
            if self.word() != name:
                self.fail("an environment ends as another")
        elif token.startswith("\\"):
            command = token[1:]
            if command in WORDS:
                self.word()
            elif command in ARGUMENTS:
                for _ in range(ARGUMENTS[command]):
                    self.group()
            elif command not in SYMBOLS:
                self.fail(f"unknown command {token}")
        elif token not in PLAIN:
            self.fail(f"{token!r} is not a plain character")

    def script(self) -> None:
        """A group, or one letter or digit."""
        if self.at < len(self.tokens) and self.tokens[self.at].isalnum():
            self.at += 1
        else:
            self.group()

    def group(self) -> None:
        if self.next() != "{":
            self.fail("a group is missing")
        self.row(end="}", cells=False)

    def word(self) -> str:
        """A group of letters, digits and escaped underscores."""
        if self.next() != "{":
            self.fail("a group is missing")
        word = ""
        while (token := self.next()) != "}":
            if not (token.isalnum() or token == r"\_"):
                self.fail(f"{token!r} in a word")
            word += token
        if not word:
            self.fail("an empty word")
        return word
