"""Many functions as one graph, evaluated operator by operator over rows of samples: values and slopes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from symkit.analysis.batch.step import Settings, Step, settable, step
from symkit.analysis.batch.tape import SLOTS, Words, assembled, most_registers, padded, run
from symkit.analysis.curve import Floats
from symkit.ir import Kind
from symkit.ops import Operator
from symkit.text import Expression
from symkit.text.names import FIXED_CONSTANTS

MISSING = (-1,) * SLOTS


class Applied(NamedTuple):
    """A node: an operator, the indices of its operands, and the constants that the operator stands on."""

    operator: Operator
    operands: tuple[int, ...]
    settings: Settings

    @property
    def is_smooth(self) -> bool:
        """Whether the operator is smooth and defined wherever its operands are."""
        return self.operator.is_primitive and self.operator.kinks is None and not self.operator.domain

    @property
    def may_jump(self) -> bool:
        """Whether the operator jumps; a composite that says nothing of its kinks may."""
        return self.operator.smoothness < 0 or self.operator.kinks is None


@dataclass(frozen=True, slots=True)
class Sampled:
    """Nodes at all points, and spoilt by rounding at some.

    Attributes:
        values, spoilt: a row for every node.
        slopes, spoilt_slopes: rows of slopes; `slope` says which is that of a node.
    """

    values: Floats
    spoilt: Floats
    slopes: Floats
    spoilt_slopes: Floats
    slope: Words


class Pool:
    """Nodes of many functions, equal ones once. The line may be sampled at points of its own for any function.

    Attributes:
        nodes: an Applied, a number, or a name of a line.
        lines: for each node the line that it changes along, or "".
        sloped: for each node whether it has a slope.
    """

    def __init__(self) -> None:
        self.nodes: list[Applied | float | str] = []
        self.lines: list[str] = []
        self.sloped: list[bool] = []
        self.levels: list[int] = []
        self._index: dict[object, int] = {}
        self._made: list[Step | None] = []
        self._padded: list[tuple[int, ...]] = []
        self._steps: dict[tuple[int, tuple[int, ...], tuple[int, ...], Settings], Step] = {}
        # A look-up by identity is much quicker than one by what an operator says. The record is kept, and so its id.
        self._numbers: dict[Operator, int] = {}
        self._operators: dict[int, tuple[int, tuple[str, ...], Operator]] = {}

    def include(self, expression: Expression, line: str) -> int:
        """The index of the root of an activation, its parameters at initial values, sampled at the points of a line."""
        placed: list[int] = []
        values: Mapping[str, float] = {}
        for node in expression.program.nodes:
            if node.kind is Kind.APPLY:
                number, needed, operator = self._known(node.operator)
                values = values or (_values(expression) if needed else values)
                settings = tuple([(name, values[name]) for name in needed]) if needed else ()
                placed.append(self._apply(number, operator, tuple([placed[i] for i in node.operands]), settings))
            elif node.kind is Kind.INPUT:
                placed.append(self.line(line))
            elif node.kind is Kind.NUMBER:
                placed.append(self.number(node.number))
            else:
                values = values or _values(expression)
                placed.append(self.number(values[node.name]))
        return placed[expression.program.root]

    def _known(self, operator: Operator) -> tuple[int, tuple[str, ...], Operator]:
        """The number of an operator, and the constants that it stands on."""
        found = self._operators.get(id(operator))
        if found is None:
            number = self._numbers.setdefault(operator, len(self._numbers))
            found = self._operators[id(operator)] = number, settable(operator), operator
        return found

    def _leaf(self, value: float | str, key: object) -> int:
        found = self._index.get(key)
        if found is None:
            found = self._index[key] = len(self.nodes)
            self.nodes.append(value)
            self.lines.append(value if isinstance(value, str) else "")
            self.sloped.append(isinstance(value, str))
            self.levels.append(0)
            self._made.append(None)
            self._padded.append(MISSING)
        return found

    def _apply(self, number: int, operator: Operator, operands: tuple[int, ...], settings: Settings) -> int:
        key = number, operands, settings
        found = self._index.get(key)
        if found is None:
            found = self._index[key] = len(self.nodes)
            self.nodes.append(Applied(operator, operands, settings))
            self.lines.append(max([self.lines[i] for i in operands]))
            self.levels.append(1 + max([self.levels[i] for i in operands]))
            varying = tuple([slot for slot, i in enumerate(operands) if self.lines[i]])
            active = tuple([slot for slot, i in enumerate(operands) if self.sloped[i]])
            made = self._steps.get((number, varying, active, settings))
            if made is None:
                made = self._steps[number, varying, active, settings] = step(operator, varying, active, settings)
            self.sloped.append(made.sloped)
            self._made.append(made)
            self._padded.append((*operands, *MISSING)[:SLOTS])
        return found

    def is_curved(self, index: int) -> bool:
        """Whether a node with a slope is a smooth function of one operand."""
        operator = self.applied(index).operator
        return operator.arity == 1 and operator.smoothness == math.inf and self.sloped[index]

    def below(self, index: int) -> list[int]:
        """The nodes that a node stands on, ascending, without it."""
        found = set(self.operands(index))
        stack = list(found)
        while stack:
            more = set(self.operands(stack.pop())) - found
            found |= more
            stack += more
        return sorted(found)

    def line(self, name: str) -> int:
        """The index of the leaf that stands for the points of a line."""
        return self._leaf(name, name)

    def number(self, value: float) -> int:
        return self._leaf(value, (value, math.copysign(1.0, value)))

    def applied(self, index: int) -> Applied:
        """A node that is no leaf."""
        node = self.nodes[index]
        assert isinstance(node, Applied)
        return node

    def operands(self, index: int) -> tuple[int, ...]:
        """The operands of a node."""
        node = self.nodes[index]
        return node.operands if isinstance(node, Applied) else ()

    def order(self) -> Order:
        """What it takes to evaluate all nodes, and how their operands lie."""
        count = len(self.nodes)
        operands = np.array(self._padded, dtype=np.int64).reshape(count, SLOTS)
        each = np.arange(count)
        operands = np.where(operands < 0, each[:, None], operands)
        sloped = np.array(self.sloped, dtype=bool)
        slope = np.cumsum(sloped) * sloped
        registers = np.concatenate([operands, count + slope[operands], each[:, None], count + slope[:, None]], axis=1)
        return Order(
            [(i, node) for i, node in enumerate(self.nodes) if not isinstance(node, Applied)],
            operands,
            np.flatnonzero(np.array(self._padded).reshape(count, SLOTS)[:, 0] >= 0),
            registers,
            np.array([made.value if made else 0 for made in self._made]),
            np.array([made.both if made else 0 for made in self._made]),
            slope,
        )


@dataclass(frozen=True)
class Order:
    """The nodes of a pool as arrays; operands come before users.

    Attributes:
        leaves: indices of numbers and lines.
        operands: of each node, (nodes, SLOTS), with its own index for those that are missing.
        applied: indices of nodes that are no leaves.
        registers: of each node the rows that its template names; those of slopes come after those of values.
        value, both: templates of the nodes.
        slope: which of the rows of slopes is that of a node; row 0 is of all that have none.
    """

    leaves: Sequence[tuple[int, float | str]]
    operands: Words
    applied: Words
    registers: Words
    value: Words
    both: Words
    slope: Words

    def sampled(self, lines: Mapping[str, Floats], spoilt: NDArray[np.intp]) -> Sampled:
        """Every node, and its slope, at the points of its line; and at those of number `spoilt`, spoilt by rounding."""
        count, points = len(self.operands), len(next(iter(lines.values())))
        split = padded(points)
        slopes = count + 1 + int(self.slope.max(initial=0))
        templates = self.both[self.applied]
        tape, bounds = assembled(templates, self.registers[self.applied], slopes)
        rows = np.empty((slopes + most_registers(templates), split + padded(len(spoilt))))
        rows[count] = 0.0
        for i, leaf in self.leaves:
            if isinstance(leaf, str):
                rows[i] = _spread(lines[leaf], split, spoilt, rows.shape[1])
                rows[count + self.slope[i]] = 1.0
            else:
                rows[i] = leaf
        run(rows, tape, [(0, 0, split, 0, bounds[-1], False), (0, split, rows.shape[1] - split, 0, bounds[-1], True)])
        before, behind = slice(points), slice(split, split + len(spoilt))
        values, sloped = rows[:count], rows[count:slopes]
        return Sampled(values[:, before], values[:, behind], sloped[:, before], sloped[:, behind], self.slope)

    def values(self, lines: Mapping[str, Floats]) -> Floats:
        """Every node at the points of its line."""
        count, points = len(self.operands), len(next(iter(lines.values())))
        tape, bounds = assembled(self.value[self.applied], self.registers[self.applied], count)
        rows = np.empty((count + most_registers(self.value[self.applied]), padded(points)))
        for i, leaf in self.leaves:
            rows[i] = np.pad(lines[leaf], (0, rows.shape[1] - points), mode="edge") if isinstance(leaf, str) else leaf
        run(rows, tape, [(0, 0, rows.shape[1], 0, bounds[-1], False)])
        return rows[:count, :points]


def _values(expression: Expression) -> Mapping[str, float]:
    """Of the constants and parameters that an expression may name."""
    return {**FIXED_CONSTANTS, **expression.constant_values(), **expression.parameters}


def _spread(x: Floats, split: int, spoilt: NDArray[np.intp], columns: int) -> Floats:
    """A line, and from `split` on those of its points that are spoilt; what is left is filled with the last."""
    row = np.full(columns, x[-1])
    row[: len(x)] = x
    row[split : split + len(spoilt)] = x[spoilt]
    return row
