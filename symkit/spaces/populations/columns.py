"""The columns of a table of functions, worked out a piece of the table at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from symkit.spaces.populations.bulk import CHUNK, Estimates, estimates
from symkit.spaces.populations.numbering import Numbers
from symkit.spaces.populations.population import Population, Rows
from symkit.spaces.populations.unique import Unique
from symkit.spaces.populations.validity import valid
from symkit.text import Expression

if TYPE_CHECKING:
    from symkit.analysis.batch import Batch

Column = Literal[
    "place",
    "text",
    "print",
    "first",
    "valid",
    "estimated_mean",
    "estimated_variance",
    "mean",
    "variance",
    "backward_gain",
    "reason",
    "values",
]
COLUMNS: tuple[Column, ...] = get_args(Column)
DEFAULT: tuple[Column, ...] = ("place", "text", "print", "first", "valid")


@dataclass
class Table:
    """What is known of all rows at once, worked out when a column asks for it.

    Attributes:
        population: the functions.
        places: of those in the table.
        same: which functions are the same; by values if None.
    """

    population: Population
    places: Numbers
    same: Unique | None

    @cached_property
    def first(self) -> Numbers:
        same = self.same if self.same is not None else self.population.unique()
        return same.first[same.labels[self.places]]

    @cached_property
    def valid(self) -> NDArray[np.bool_]:
        return valid(self.population, places=self.places)

    @cached_property
    def estimates(self) -> Estimates:
        return estimates(self.population, self.places)

    def pieces(self, columns: Sequence[Column]) -> Iterator[Piece]:
        """Rows in order, a few thousand at a time."""
        if "values" not in columns:
            for start in range(0, len(self.places), CHUNK):
                yield Piece(self, slice(start, min(start + CHUNK, len(self.places))))
            return
        start = 0
        for values in self.population.blocks(self.places):
            yield Piece(self, slice(start, start + len(values)), values)
            start += len(values)


@dataclass
class Piece:
    """Some rows.

    Attributes:
        table: what they are of.
        rows: which of its rows.
        values: of these functions, if a column asks for them.
    """

    table: Table
    rows: slice
    values: Rows | None = None

    def __len__(self) -> int:
        return int(self.rows.stop - self.rows.start)

    @cached_property
    def places(self) -> Numbers:
        return self.table.places[self.rows]

    @cached_property
    def expressions(self) -> list[Expression]:
        return [self.table.population[place] for place in self.places.tolist()]

    @cached_property
    def moments(self) -> Batch:
        from symkit.analysis.batch import moments_many

        return moments_many(self.expressions)


CELLS: dict[Column, Callable[[Piece], Any]] = {
    "place": lambda piece: piece.places,
    "text": lambda piece: [str(e) for e in piece.expressions],
    "print": lambda piece: piece.table.population.prints[piece.places],
    "first": lambda piece: piece.table.first[piece.rows],
    "valid": lambda piece: piece.table.valid[piece.rows],
    "estimated_mean": lambda piece: piece.table.estimates.mean[piece.rows],
    "estimated_variance": lambda piece: piece.table.estimates.variance[piece.rows],
    "mean": lambda piece: piece.moments.mean,
    "variance": lambda piece: piece.moments.variance,
    "backward_gain": lambda piece: piece.moments.backward_gain,
    "reason": lambda piece: piece.moments.reasons,
    "values": lambda piece: piece.values,
}
"""What stands in each column: an array or a list, as long as the piece."""
