"""Many functions as one graph, evaluated operator by operator over rows of samples: values and slopes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symkit.analysis.batch.step import Blur, Settings, Step, settable, step
from symkit.analysis.curve import Floats
from symkit.ir import Kind
from symkit.ops import Operator
from symkit.text import Expression
from symkit.text.names import FIXED_CONSTANTS

Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Applied:
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
class Group:
    """Nodes of one step: the rows of their results are neighbours, those of their operands lie anywhere."""

    step: Step
    curved: bool
    start: int
    stop: int
    operands: tuple[Places, ...]


@dataclass(frozen=True, slots=True)
class Sampled:
    """A row of values, and of slopes, for every node, in the order of `Schedule.row`."""

    values: Floats
    slopes: Floats


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
        self._steps: dict[tuple[Operator, tuple[int, ...], tuple[int, ...], Settings], Step] = {}

    def include(self, expression: Expression, line: str) -> int:
        """The index of the root of an activation, its parameters at initial values, sampled at the points of a line."""
        placed: list[int] = []
        values: Mapping[str, float] = {**FIXED_CONSTANTS, **expression.parameters}
        has_settings = False
        for node in expression.program.nodes:
            if not has_settings and (
                settable(node.operator) if node.kind is Kind.APPLY else node.kind is Kind.CONSTANT
            ):
                values = {**expression.constant_values(), **expression.parameters}
                has_settings = True
            if node.kind is Kind.APPLY:
                placed.append(self._apply(node.operator, tuple([placed[i] for i in node.operands]), values))
            elif node.kind is Kind.INPUT:
                placed.append(self.line(line))
            else:
                placed.append(self.number(node.number if node.kind is Kind.NUMBER else values[node.name]))
        return placed[expression.program.root]

    def _leaf(self, value: float | str, key: object) -> int:
        found = self._index.get(key)
        if found is None:
            found = self._index[key] = len(self.nodes)
            self.nodes.append(value)
            self.lines.append(value if isinstance(value, str) else "")
            self.sloped.append(isinstance(value, str))
            self.levels.append(0)
        return found

    def _apply(self, operator: Operator, operands: tuple[int, ...], values: Mapping[str, float]) -> int:
        needed = settable(operator)
        return self._applied(operator, operands, tuple([(name, values[name]) for name in needed]) if needed else ())

    def _applied(self, operator: Operator, operands: tuple[int, ...], settings: Settings) -> int:
        key = operator.name, operator.definition, operands, settings
        found = self._index.get(key)
        if found is None:
            found = self._index[key] = len(self.nodes)
            self.nodes.append(Applied(operator, operands, settings))
            self.lines.append(max([self.lines[i] for i in operands]))
            self.sloped.append(self.step_of(operator, operands, settings).sloped)
            self.levels.append(1 + max([self.levels[i] for i in operands]))
        return found

    def transfer(self, source: Pool, index: int, line: str) -> int:
        """The index of a node of another pool, sampled at the points called `line`."""
        placed: dict[int, int] = {}
        stack = [index]
        while stack:
            top = stack[-1]
            node = source.nodes[top]
            missing = [i for i in node.operands if i not in placed] if isinstance(node, Applied) else []
            if missing:
                stack += missing
                continue
            stack.pop()
            if isinstance(node, Applied):
                placed[top] = self._applied(node.operator, tuple([placed[i] for i in node.operands]), node.settings)
            else:
                placed[top] = self.line(line) if isinstance(node, str) else self.number(node)
        return placed[index]

    def line(self, name: str) -> int:
        """The index of the leaf that stands for the points of a line."""
        return self._leaf(name, name)

    def number(self, value: float) -> int:
        return self._leaf(value, (value, math.copysign(1.0, value)))

    def step_of(self, operator: Operator, operands: tuple[int, ...], settings: Settings) -> Step:
        """The Step that makes such a node."""
        varying = tuple([slot for slot, i in enumerate(operands) if self.lines[i]])
        active = tuple([slot for slot, i in enumerate(operands) if self.sloped[i]])
        key = operator, varying, active, settings
        found = self._steps.get(key)
        if found is None:
            found = self._steps[key] = step(*key)
        return found

    def applied(self, index: int) -> Applied:
        """A node that is no leaf."""
        node = self.nodes[index]
        assert isinstance(node, Applied)
        return node

    def operands(self, index: int) -> tuple[int, ...]:
        """The operands of a node."""
        node = self.nodes[index]
        return node.operands if isinstance(node, Applied) else ()

    def schedule(self) -> Schedule:
        """The order in which the nodes are evaluated, all of one level and step at once."""
        groups: dict[tuple[int, int], list[int]] = {}
        steps: dict[int, Step] = {}
        leaves: list[int] = []
        for index, node in enumerate(self.nodes):
            if isinstance(node, Applied):
                made = self.step_of(node.operator, node.operands, node.settings)
                steps[id(made)] = made
                groups.setdefault((self.levels[index], id(made)), []).append(index)
            else:
                leaves.append(index)
        row = np.empty(len(self.nodes), dtype=np.intp)
        row[leaves] = np.arange(len(leaves))
        start = len(leaves)
        made_groups: list[Group] = []
        for level, identity in sorted(groups):
            members = groups[level, identity]
            nodes = [node for i in members if isinstance(node := self.nodes[i], Applied)]
            row[members] = np.arange(start, start + len(members))
            operands = tuple(row[list(slot)] for slot in zip(*(node.operands for node in nodes), strict=True))
            record = nodes[0].operator
            curved = record.arity == 1 and record.smoothness == math.inf and self.sloped[members[0]]
            made_groups.append(Group(steps[identity], curved, start, start + len(members), operands))
            start += len(members)
        placed = [(leaf, place) for place, i in enumerate(leaves) if not isinstance(leaf := self.nodes[i], Applied)]
        return Schedule(row, placed, made_groups)


@dataclass(frozen=True)
class Schedule:
    """Where the row of every node is, and how the rows are filled.

    Attributes:
        row: of each node of the pool its row.
        leaves: rows of numbers and lines.
        groups: operands before users.
    """

    row: Places
    leaves: Sequence[tuple[float | str, int]]
    groups: Sequence[Group]

    def sampled(self, lines: Mapping[str, Floats], blur: Blur | None = None) -> Sampled:
        """Every node, and its slope, at the points of its line."""
        values = self._leaves(lines)
        slopes = np.zeros_like(values)
        for leaf, place in self.leaves:
            slopes[place] = 1.0 if isinstance(leaf, str) else 0.0
        with np.errstate(all="ignore"):
            for group in self.groups:
                rows = {str(slot): values[places] for slot, places in enumerate(group.operands)}
                rows |= {name: slopes[group.operands[slot]] for slot, name in group.step.slopes}
                results = group.step.rows(rows, blur)
                values[group.start : group.stop] = results[0]
                if group.step.sloped:
                    slopes[group.start : group.stop] = results[1]
        return Sampled(values, slopes)

    def values(self, lines: Mapping[str, Floats]) -> Floats:
        """Every node at the points of its line."""
        values = self._leaves(lines)
        with np.errstate(all="ignore"):
            for group in self.groups:
                rows = {str(slot): values[places] for slot, places in enumerate(group.operands)}
                (values[group.start : group.stop],) = group.step.value(rows)
        return values

    def _leaves(self, lines: Mapping[str, Floats]) -> Floats:
        """Rows for every node, those of leaves filled in."""
        values = np.empty((len(self.row), len(next(iter(lines.values())))))
        for leaf, place in self.leaves:
            values[place] = lines[leaf] if isinstance(leaf, str) else leaf
        return values
