"""The random-expression generator that tests, benchmarks and searches share.

It reads arity, defaults and conditions off the operator records, so a new operator is drawn without a change here.
All chance comes from one `random.Random`: the same seed gives the same expressions in every process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import TypeAlias

from symkit.errors import DomainError
from symkit.ir import Program, ProgramBuilder
from symkit.ops import Operator, OperatorTable, standard
from symkit.text import Expression
from symkit.text.names import CONSTANTS, kind_of_header

MAX_DEPTH = 200

Literals: TypeAlias = Sequence[float] | Callable[[Random], float]
"""Values to choose from, or a function that draws one."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What random expressions are made of.

    Attributes:
        operators: names or records to choose from, each as likely as it is listed; all of the table if None.
        table: the table that names are looked up in, and that expressions carry.
        max_size: operators at most; the size asked for is uniform in 1 to max_size, and sharing can only lower it.
        max_depth: operators on the longest path at most, up to 200.
        inputs, kind: as in a header; the kind that the inputs imply if None. The root stands on at least one input.
        parameters, constants: names of leaves.
        literals: values of literal leaves.
        input_share: how often a leaf is an input; else it is a parameter, a constant or a literal, each kind that
            there is as likely.
        sharing: how often an operand is a node that the expression has already.
        keep_defaults: how often an operand that has a default is left at it.

    Raises:
        DomainError: for an unknown operator, constant or kind, and for bounds that nothing fits.
    """

    operators: Sequence[str | Operator] | None = None
    table: OperatorTable = field(default_factory=standard)
    max_size: int = 12
    max_depth: int = 6
    inputs: Sequence[str] = ("x",)
    kind: str | None = None
    parameters: Sequence[str] = ("alpha", "beta", "gamma")
    constants: Sequence[str] = ()
    literals: Literals = (0.0, 1.0, 2.0, 3.0, 0.5, -1.0, -2.0)
    input_share: float = 0.6
    sharing: float = 0.1
    keep_defaults: float = 0.5

    def __post_init__(self) -> None:
        if self.max_size < 0 or not 0 <= self.max_depth <= MAX_DEPTH:
            raise DomainError(f"max_size {self.max_size} must not be negative, max_depth be 0 to {MAX_DEPTH}")
        for share in (self.input_share, self.sharing, self.keep_defaults):
            if not 0 <= share <= 1:
                raise DomainError(f"a share is between 0 and 1, not {share}")
        for name in self.constants:
            if name not in CONSTANTS:
                raise DomainError(f"{name!r} is no constant; there are {', '.join(sorted(CONSTANTS))}")
        if not self.records():
            raise DomainError("there must be at least one operator")
        if not self.leaves():
            raise DomainError("there must be an input, a parameter, a constant or a literal")

    def records(self) -> tuple[Operator, ...]:
        """The operators to choose from."""
        if self.operators is None:
            return tuple(self.table.values())
        return tuple(o if isinstance(o, Operator) else self._known(o) for o in self.operators)

    def leaves(self) -> list[str]:
        """The kinds of leaves there are."""
        kinds = {"input": self.inputs, "parameter": self.parameters, "constant": self.constants}
        return [*(kind for kind, names in kinds.items() if names), *(["number"] if self.literals else [])]

    def _known(self, name: str) -> Operator:
        if name in self.table:
            return self.table[name]
        near = self.table.nearest(name)
        raise DomainError(f"unknown operator {name!r}" + (f"; did you mean {near}?" if near else ""))


def generate(seed: int | Random, recipe: Recipe | None = None) -> Expression:
    """One random expression. A Random is drawn from and moves on; an int gives the same expression each time."""
    recipe = recipe if recipe is not None else Recipe()
    rng = seed if isinstance(seed, Random) else Random(seed)
    program = _Draw(rng, recipe).program()
    inputs = tuple(recipe.inputs)
    return Expression(program, recipe.kind or kind_of_header(inputs), inputs, table=recipe.table)


def generated(seed: int | Random, recipe: Recipe | None = None) -> Iterator[Expression]:
    """Random expressions without end."""
    recipe = recipe if recipe is not None else Recipe()
    rng = seed if isinstance(seed, Random) else Random(seed)
    while True:
        yield generate(rng, recipe)


class _Draw:
    """One expression in the making."""

    def __init__(self, rng: Random, recipe: Recipe) -> None:
        self._rng = rng
        self._recipe = recipe
        self._records = recipe.records()
        self._truths = tuple(record for record in self._records if record.returns_truth) or self._records
        self._other_leaves = [kind for kind in recipe.leaves() if kind != "input"]
        self._builder = ProgramBuilder(recipe.table)
        self._depths: list[int] = []
        """Depth of each node that the builder has."""

    def program(self) -> Program:
        size = self._rng.randint(min(1, self._recipe.max_size), self._recipe.max_size)
        root = self._node(self._recipe.max_depth, size, on_input=bool(self._recipe.inputs))
        return self._builder.build([root])

    def _node(self, depth: int, size: int, *, on_input: bool, truth: bool = False) -> int:
        """A node of at most this depth and this many new operators; if `on_input`, one that stands on an input."""
        if depth == 0 or size == 0:
            return self._leaf(on_input)
        if not on_input and self._rng.random() < self._recipe.sharing:
            known = self._shareable(depth, truth)
            if known:
                return self._rng.choice(known)
        operator = self._rng.choice(self._truths if truth else self._records)
        carrier = self._rng.randrange(operator.arity) if on_input else None
        required = operator.arity - len(operator.defaults)
        operands: list[int] = []
        for slot, share in enumerate(self._shares(size - 1, operator.arity)):
            carries = slot == carrier
            if slot >= required and not carries and self._rng.random() < self._recipe.keep_defaults:
                operands.append(self._noted(self._builder.number(operator.defaults[slot - required])))
            else:
                condition = slot in operator.takes_truth
                operands.append(self._node(depth - 1, share, on_input=carries, truth=condition))
        return self._noted(self._builder.apply(operator, tuple(operands)))

    def _shareable(self, depth: int, truth: bool) -> list[int]:
        """Operators that the expression has already and that fit; for a condition, comparisons."""
        nodes = self._builder.nodes
        return [
            index
            for index, found in enumerate(self._depths)
            if 0 < found <= depth and (not truth or nodes[index].operator.returns_truth)
        ]

    def _leaf(self, on_input: bool) -> int:
        rng, recipe, builder = self._rng, self._recipe, self._builder
        kinds = self._other_leaves
        if on_input or not kinds or (recipe.inputs and rng.random() < recipe.input_share):
            return self._noted(builder.input(rng.choice(recipe.inputs)))
        kind = rng.choice(kinds)
        if kind == "parameter":
            return self._noted(builder.parameter(rng.choice(recipe.parameters)))
        if kind == "constant":
            return self._noted(builder.constant(rng.choice(recipe.constants)))
        literals = recipe.literals
        return self._noted(builder.number(literals(rng) if callable(literals) else rng.choice(literals)))

    def _noted(self, index: int) -> int:
        if index == len(self._depths):
            operands = self._builder.nodes[index].operands
            self._depths.append(1 + max(self._depths[i] for i in operands) if operands else 0)
        return index

    def _shares(self, total: int, count: int) -> list[int]:
        """`total` cut at random into `count` parts."""
        cuts = sorted(self._rng.randint(0, total) for _ in range(count - 1))
        return [after - before for before, after in pairwise([0, *cuts, total])]
