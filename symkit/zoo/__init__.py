"""Known functions by name: `zoo["mish"]`, `zoo.entry("mish")`, `zoo.find("x*sigmoid(x)")`, `zoo.gan("lsgan")`.

`symkit.zoo` is a package and a mapping at once: the module's class has the mapping's methods, so `zoo["mish"]` works
whichever module of the package was imported first. The mapping as an object of its own, which is what type checkers
see in `from symkit import zoo`, is `symkit.zoo.catalogue.catalogue`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from types import ModuleType

from symkit.text import Expression
from symkit.zoo.catalogue import Catalogue, UnknownFunction
from symkit.zoo.catalogue import catalogue as _catalogue
from symkit.zoo.entries import FAMILIES, KINDS, Entry, Figure, documents
from symkit.zoo.match import Match
from symkit.zoo.nearest import Near, nearest
from symkit.zoo.triples import GanTriple

__all__ = [
    "FAMILIES",
    "KINDS",
    "Catalogue",
    "Entry",
    "Figure",
    "GanTriple",
    "Match",
    "Near",
    "UnknownFunction",
    "documents",
    "entry",
    "find",
    "gan",
    "gans",
    "nearest",
]

entry = _catalogue.entry
find = _catalogue.find
gan = _catalogue.gan
gans = _catalogue.gans


class _Zoo(ModuleType, Mapping[str, Expression]):
    def __getitem__(self, name: str) -> Expression:
        return _catalogue[name]

    def __contains__(self, name: object) -> bool:
        return name in _catalogue

    def __iter__(self) -> Iterator[str]:
        return iter(_catalogue)

    def __len__(self) -> int:
        return len(_catalogue)

    # A module is equal to itself only, and goes into sets.
    __eq__ = object.__eq__
    __hash__ = object.__hash__


sys.modules[__name__].__class__ = _Zoo
