"""Which functions are the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from symkit.errors import DomainError
from symkit.spaces.populations.numbering import Numbers

if TYPE_CHECKING:
    from symkit.spaces.space import Space
    from symkit.text import Expression

Level = Literal["program", "values", "function"]
LEVELS: tuple[Level, ...] = ("program", "values", "function")


@dataclass(frozen=True, eq=False)
class Group:
    """Functions that are the same.

    Attributes:
        places: (size,) their numbers in the space, or places in the list, in rising order.
        functions: where the expressions come from.
    """

    places: Numbers
    functions: Space | Sequence[Expression]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, place: int) -> Expression:
        return self.functions[int(self.places[place])]

    def __iter__(self) -> Iterator[Expression]:
        return (self.functions[place] for place in self.places.tolist())

    def __repr__(self) -> str:
        return f"<Group of {len(self)}: {self[0]}{', ...' if len(self) > 1 else ''}>"


@dataclass(frozen=True, eq=False)
class Unique:
    """The different functions of a space or a list. Expressions are made as they are asked for.

    Attributes:
        level: what makes two functions the same: "program", "values" or "function".
        numbers: (total,), equal for equal functions; what they are otherwise says nothing.
        functions: the space or the list.
        points: at how many points functions were compared, or None.
        digits: to how many significant digits, or None.
    """

    level: Level
    numbers: NDArray[np.int64]
    functions: Space | Sequence[Expression]
    points: int | None = None
    digits: int | None = None

    @property
    def total(self) -> int:
        """How many functions were compared."""
        return len(self.numbers)

    @cached_property
    def distinct(self) -> int:
        """How many of them are different."""
        # Sorting numbers is ten times as quick as sorting places by them.
        ordered = np.sort(self.numbers)
        return int(np.count_nonzero(ordered[1:] != ordered[:-1])) + min(1, len(ordered))

    @cached_property
    def _sorted(self) -> tuple[Numbers, Numbers]:
        """Places ordered by number, those of one number in rising order; and where each number begins."""
        order = np.argsort(self.numbers, kind="stable")
        ordered = self.numbers[order]
        begins = np.flatnonzero(np.concatenate([np.ones(min(1, len(order)), bool), ordered[1:] != ordered[:-1]]))
        return order, begins

    @cached_property
    def first(self) -> Numbers:
        """(distinct,) the first function of each group, in rising order."""
        order, begins = self._sorted
        return np.sort(order[begins])

    @cached_property
    def labels(self) -> Numbers:
        """(total,) the group of each function, from 0, numbered by their first functions."""
        order, begins = self._sorted
        sizes = np.diff(begins, append=len(order))
        rank_of_group = np.argsort(np.argsort(order[begins]))
        found = np.empty(len(order), np.int64)
        found[order] = np.repeat(rank_of_group, sizes)
        return found

    @cached_property
    def sizes(self) -> Numbers:
        """(distinct,) how many functions each group has, by label."""
        return np.bincount(self.labels, minlength=self.distinct)

    def groups(self, smallest: int = 2) -> Iterator[Group]:
        """Groups of at least so many functions, the largest first, equally large ones by their first function.

        Raises:
            DomainError: for groups of no functions.
        """
        if smallest < 1:
            raise DomainError(f"a group has at least one function, not {smallest}")
        order, begins = self._sorted
        ends = np.append(begins[1:], len(order))
        sizes = ends - begins
        chosen = np.flatnonzero(sizes >= smallest)
        for index in chosen[np.lexsort((order[begins[chosen]], -sizes[chosen]))].tolist():
            yield Group(order[begins[index] : ends[index]], self.functions)

    def group_of(self, place: int) -> Group:
        """The group of a function, by its number or place. Raises IndexError past the end."""
        return Group(np.flatnonzero(self.numbers == self.numbers[place]), self.functions)

    def __iter__(self) -> Iterator[Expression]:
        """One function of each group, the first."""
        return (self.functions[place] for place in self.first.tolist())

    def __len__(self) -> int:
        return self.distinct

    def __repr__(self) -> str:
        return f"<Unique by {self.level}: {self.distinct} of {self.total}>"
