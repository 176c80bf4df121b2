"""The operator table: a value that maps spellings to records."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property

from symkit.ops.record import Operator


class OperatorTable(Mapping[str, Operator]):
    """Operators by name. Lookup ignores case and knows aliases; iteration gives names once."""

    def __init__(self, operators: Iterable[Operator]) -> None:
        self._operators: dict[str, Operator] = {}
        self._spellings: dict[str, Operator] = {}
        for operator in operators:
            self._operators[operator.name] = operator
            for spelling in (operator.name, *operator.aliases):
                if self._spellings.setdefault(spelling, operator) is not operator:
                    taken = self._spellings[spelling].name
                    raise ValueError(f"{spelling!r} names both {taken!r} and {operator.name!r}")

    def __getitem__(self, name: str) -> Operator:
        found = self._spellings.get(name) or self._spellings.get(name.lower())
        if found is None:
            raise KeyError(name)
        return found

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (name in self._spellings or name.lower() in self._spellings)

    def __iter__(self) -> Iterator[str]:
        return iter(self._operators)

    def __len__(self) -> int:
        return len(self._operators)

    def extended(self, *operators: Operator) -> OperatorTable:
        """A new table that also holds `operators`; a record with a known name replaces the old one."""
        names = {operator.name for operator in operators}
        kept = (old for name, old in self._operators.items() if name not in names)
        return OperatorTable((*kept, *operators))

    def nearest(self, name: str, also: Iterable[str] = ()) -> str | None:
        """The spelling closest to `name`, if one is close."""
        close = difflib.get_close_matches(name.lower(), [*self._spellings, *also], n=1, cutoff=0.6)
        return close[0] if close else None

    @cached_property
    def user_defined(self) -> tuple[Operator, ...]:
        return tuple(op for op in self._operators.values() if op.definition is not None)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OperatorTable) and self._operators == other._operators

    def __hash__(self) -> int:
        return hash(frozenset(self._operators.values()))

    def __reduce__(self) -> tuple[object, ...]:
        shipped = standard()
        return _rebuild, (tuple(op for name, op in self._operators.items() if shipped.get(name) is not op),)


def _rebuild(added: tuple[Operator, ...]) -> OperatorTable:
    return standard().extended(*added) if added else standard()


@cache
def standard() -> OperatorTable:
    """The table that symkit ships."""
    from symkit.ops import (
        activations,
        arithmetic,
        comparison,
        elementary,
        extrema,
        gates,
        protected,
        rectifiers,
        special,
        trigonometric,
    )

    rooms = (
        arithmetic,
        extrema,
        comparison,
        elementary,
        trigonometric,
        special,
        rectifiers,
        gates,
        activations,
        protected,
    )
    return OperatorTable(operator for room in rooms for operator in room.OPERATORS)


def standard_operator(name: str) -> Operator:
    """The shipped record called `name`; what a pickled record loads as."""
    return standard()[name]
