"""The catalogue: known functions by name, and which of them an expression is."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

from symkit.errors import SymkitError
from symkit.text import Expression, parse
from symkit.zoo.entries import OPERATOR, Entry, read_entries
from symkit.zoo.match import Match, match


class UnknownFunction(SymkitError, KeyError):
    """A name that the zoo does not hold; says the nearest one."""

    def __str__(self) -> str:
        # KeyError would show the repr.
        return str(self.args[0])


class Catalogue(Mapping[str, Expression]):
    """Expressions by name, case ignored. Files are read on the first use, a formula is parsed on its own first use."""

    def __getitem__(self, name: str) -> Expression:
        return self.entry(name).expression

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in read_entries()

    def __iter__(self) -> Iterator[str]:
        return iter(read_entries())

    def __len__(self) -> int:
        return len(read_entries())

    def entry(self, name: str) -> Entry:
        """The entry called `name`, with title, sources and published figures.

        Raises:
            UnknownFunction: a KeyError that says the nearest name.
        """
        found = read_entries().get(name.lower())
        if found is None:
            raise UnknownFunction(_unknown(name))
        return found

    def find(self, expression: Expression | str, *, operators: bool = False) -> list[Match]:
        """The known functions that an expression is, best first; an empty list where there is none.

        First come those of the same graph, then those with the same values, then families that are this function
        while their parameters keep their initial values. See `symkit.zoo.match` for how values are compared.

        Args:
            expression: an Expression, or text.
            operators: whether to look among the operators of the search spaces too.

        Raises:
            ParseError: for text that does not parse.
        """
        subject = parse(expression) if isinstance(expression, str) else expression
        among = (entry for entry in read_entries().values() if operators or entry.kind != OPERATOR)
        return match(subject, among)

    def __repr__(self) -> str:
        return f"<zoo of {len(self)} functions>"


def _unknown(name: str) -> str:
    entries = read_entries()
    spellings = {entry.title.lower(): entry.name for entry in entries.values()} | {n: n for n in entries}
    close = difflib.get_close_matches(name.lower(), spellings, n=1, cutoff=0.6)
    hint = f"; did you mean {spellings[close[0]]!r}?" if close else "; list(zoo) gives all names"
    return f"the zoo holds no {name!r}{hint}"


catalogue = Catalogue()
"""The one catalogue; `symkit.zoo` stands for it."""
