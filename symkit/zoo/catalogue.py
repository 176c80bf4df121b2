"""The catalogue: known functions by name, and which of them an expression is."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping

from symkit.errors import SymkitError
from symkit.text import Expression, parse
from symkit.zoo.entries import KINDS, OPERATOR, Entry, read_entries, spelled, spellings
from symkit.zoo.match import Match, match
from symkit.zoo.triples import GanTriple, plain_gan, triples


class UnknownFunction(SymkitError, KeyError):
    """A name that the zoo does not hold; says the nearest one."""

    def __str__(self) -> str:
        # KeyError would show the repr.
        return str(self.args[0])


class Catalogue(Mapping[str, Expression]):
    """Expressions by name or alias; case is ignored, and - and spaces count as _. Iteration gives names only.

    Files are read on the first use, a formula is parsed on its own first use.
    """

    def __getitem__(self, name: str) -> Expression:
        return self.entry(name).expression

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and spelled(name) in spellings()

    def __iter__(self) -> Iterator[str]:
        return iter(read_entries())

    def __len__(self) -> int:
        return len(read_entries())

    def entry(self, name: str) -> Entry:
        """The entry called `name`, with title, sources and published figures.

        Raises:
            UnknownFunction: a KeyError that says the nearest name.
        """
        found = spellings().get(spelled(name))
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

    def gan(self, name: str) -> GanTriple:
        """The losses of a GAN: minimax, nonsaturating, wgan, lsgan or taylorgan, with or without gan_ in front.

        Raises:
            UnknownFunction: a KeyError that says the nearest name.
        """
        found = triples().get(plain_gan(name))
        if found is None:
            near = difflib.get_close_matches(plain_gan(name), triples(), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise UnknownFunction(f"the zoo holds no GAN {name!r}{hint}; there are {', '.join(triples())}")
        return found

    def gans(self) -> tuple[GanTriple, ...]:
        """The losses of every GAN."""
        return tuple(triples().values())

    def __repr__(self) -> str:
        return f"<zoo of {len(self)} functions>"


def nearest_name(name: str, kinds: Collection[str] = KINDS) -> str | None:
    """The name or alias of an entry of these kinds that is spelled most like `name`, if one is close."""
    return _closest(spelled(name), {key: key for key, entry in spellings().items() if entry.kind in kinds})


def _unknown(name: str) -> str:
    titles = {spelled(entry.title): entry.name for entry in spellings().values()}
    near = _closest(spelled(name), {**titles, **{known: known for known in spellings()}})
    hint = f"; did you mean {near!r}?" if near else "; list(zoo) gives all names"
    return f"the zoo holds no {name!r}{hint}"


def _closest(text: str, known: Mapping[str, str]) -> str | None:
    """What is known by the words closest to a text."""
    close = difflib.get_close_matches(text, known, n=1, cutoff=0.6)
    return known[close[0]] if close else None


catalogue = Catalogue()
"""The one catalogue; `symkit.zoo` stands for it."""
