"""A search space: functions that can be counted, numbered, drawn and varied without listing them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from operator import index as as_index
from random import Random
from typing import TYPE_CHECKING, Any, Literal

from symkit.errors import DomainError
from symkit.ops import OperatorTable, standard
from symkit.spaces.classes import Class, Reading
from symkit.spaces.schema_text import Schema
from symkit.spaces.trees import Tree, program
from symkit.spaces.variation.algorithm import Algorithm
from symkit.spaces.variation.graph import from_graph, to_graph
from symkit.text import Expression, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from symkit.spaces.forms import OperatorSet
    from symkit.spaces.populations.unique import Level, Unique

Draw = Literal["uniform", "initial"]


@dataclass(frozen=True, eq=False)
class Space:
    """Functions of a form, such as `binary(unary(x), unary(x))` over sets of operators.

    Members are numbered from 0 to `count() - 1`, always in the same order: schemas as they are written, then the
    operator at the root, then the operands from the left. So a space is shared out by ranges of numbers.

    `len(space)` works for up to sys.maxsize members; `count()` for any.

    Attributes:
        name: what it is called.
        schema: how it is written, and what that means.
        algorithm: how its search draws first functions, and varies them.
        printed: the published number of functions where it differs from the exact one, or None.
        printed_unique: the published number of different functions, or None.
        table: the operators that its expressions carry.
    """

    name: str
    schema: Schema
    algorithm: Algorithm
    printed: int | None = None
    printed_unique: int | None = None
    table: OperatorTable = field(default_factory=standard)

    @property
    def members(self) -> Class:
        """Its trees."""
        return self.schema.members

    @property
    def kind(self) -> str:
        """The kind of its expressions: "activation" or "loss"."""
        return self.schema.kind

    @property
    def inputs(self) -> tuple[str, ...]:
        """("x",) or ("y", "p")."""
        return self.schema.inputs

    @property
    def operators(self) -> Mapping[str, OperatorSet]:
        """Its sets of operators by name."""
        return self.schema.sets

    def count(self, published: bool = False) -> int:
        """How many members there are, exactly. With `published`, the figure as printed in its source."""
        return self.printed if published and self.printed is not None else self.members.count

    def __len__(self) -> int:
        return self.members.count

    def __bool__(self) -> bool:
        return True

    def __getitem__(self, rank: int) -> Expression:
        return self.unrank(rank)

    def unrank(self, rank: int) -> Expression:
        """The member of a number; negative numbers count from the end. Parameters start at 1.

        Raises:
            IndexError: for a number past the end.
        """
        place = as_index(rank)
        count = self.members.count
        if not -count <= place < count:
            raise IndexError(f"{place} is not below {count}, the number of functions in {self.name}")
        return self._expression(self.members.unrank(place % count))

    def rank(self, e: Expression | str) -> int:
        """The number of a member: `space[space.rank(e)]` equals `e`, up to the names of parameters.

        Raises:
            DomainError: for an expression that is not among those counted.
        """
        expression = self._given(e)
        found = self.members.find(Reading(expression.program.nodes), expression.program.root)
        if found is None or expression.inputs != self.inputs:
            raise DomainError(
                f"{expression} is not among the {self.count()} functions of {self.name}, {self.schema.text}"
            )
        return found[0]

    def enumerate(self, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[Expression]:
        """Members in order, made as they are asked for; all of them, or those of a range of numbers.

        Raises:
            DomainError: for a negative start, and a step below 1, when the first is asked for.
        """
        if start < 0 or step < 1:
            raise DomainError(f"enumerate(start={start}, step={step}): start is at least 0 and step at least 1")
        end = self.members.count if stop is None else min(stop, self.members.count)
        rank = start
        while rank < end:
            yield self._expression(self.members.unrank(rank))
            rank += step

    def __iter__(self) -> Iterator[Expression]:
        return self.enumerate()

    def __contains__(self, e: object) -> bool:
        """Whether an expression, or text, is a member: one of those counted, or one that variation may lead to."""
        if not isinstance(e, Expression | str):
            return False
        return self._tree(self._given(e)) is not None

    def sample(self, rng: Random | int, n: int = 1, *, how: Draw = "uniform") -> list[Expression]:
        """Members drawn with replacement.

        Args:
            rng: the source of chance, or a seed for one.
            n: how many.
            how: "uniform" over all members counted, or "initial", as the space's own search draws its first functions.

        Raises:
            DomainError: for another way, and a negative number.
        """
        rng = rng if isinstance(rng, Random) else Random(rng)
        if how not in ("uniform", "initial"):
            raise DomainError(f'how is "uniform" or "initial", not {how!r}')
        if n < 0:
            raise DomainError(f"n must not be negative, but is {n}")
        if how == "initial":
            return [self._expression(self.algorithm.initial(rng)) for _ in range(n)]
        members, count = self.members, self.members.count
        return [self._expression(members.unrank(rng.randrange(count))) for _ in range(n)]

    def unique(self, level: Level = "values", **options: Any) -> Unique:
        """Its different functions; see `symkit.spaces.unique` for the levels and options."""
        from symkit.spaces.populations.population import unique

        return unique(self, level, **options)

    def mutate(self, e: Expression | str, rng: Random | int) -> Expression:
        """A child of a member, changed as the space's search does it; a member again.

        Raises:
            DomainError: for an expression that is no member.
        """
        rng = rng if isinstance(rng, Random) else Random(rng)
        return self._child(self.algorithm.mutate(to_graph(self._member(e)), rng))

    def crossover(self, a: Expression | str, b: Expression | str, rng: Random | int) -> Expression:
        """A child of two members, combined as the space's search does it; a member again.

        Raises:
            DomainError: for expressions that are no members, and where the search has no crossover.
        """
        rng = rng if isinstance(rng, Random) else Random(rng)
        return self._child(self.algorithm.crossover(to_graph(self._member(a)), to_graph(self._member(b)), rng))

    def between(
        self, a: Expression | str, b: Expression | str, rng: Random | int, *, timeout: float = 10.0
    ) -> Expression:
        """A member on a shortest path of edits between two; see `symkit.spaces.edit_path_crossover`.

        Raises:
            DomainError: for expressions that are no members.
        """
        from symkit.spaces.edits.path import edit_path_crossover

        first, second = self._given(a), self._given(b)
        return edit_path_crossover(first, second, rng, is_member=self.__contains__, timeout=timeout)

    def _child(self, graph: object) -> Expression:
        return self._expression(from_graph(graph))

    def _member(self, e: Expression | str) -> Tree:
        expression = self._given(e)
        tree = self._tree(expression)
        if tree is None:
            raise DomainError(f"{expression} is no member of {self.name}, {self.schema.text}")
        return tree

    def _tree(self, e: Expression) -> Tree | None:
        return self.algorithm.read(e.program) if e.inputs == self.inputs else None

    def _given(self, e: Expression | str) -> Expression:
        if isinstance(e, str):
            return parse(e, kind=self.kind, table=self.table)
        if not isinstance(e, Expression):
            raise DomainError(f"members of {self.name} are expressions or texts, not {type(e).__name__}")
        return e

    @cached_property
    def _signature(self) -> Expression:
        return Expression(program(self.members.unrank(0)), self.kind, self.inputs, table=self.table)

    def _expression(self, tree: Tree) -> Expression:
        return self._signature.over(program(tree))

    def __repr__(self) -> str:
        return f"<Space {self.name}: {self.count()} functions>"
