"""A list of expressions as one graph, worked out level by level: what they have in common is looked at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from symkit.ir import Kind, Node, Program, ProgramBuilder, lower, rebuild
from symkit.ir.digest import parameter_order
from symkit.ir.program import identity
from symkit.ops import Operator
from symkit.spaces.forms import Form
from symkit.spaces.populations.numbering import Evaluator, Numbers
from symkit.text import Expression
from symkit.text.expression import needed_constants
from symkit.text.names import SETTABLE_CONSTANTS


def numbered(expressions: Sequence[Expression], evaluator: Evaluator, *, families: bool = False) -> Numbers:
    """(expressions,) numbers that an evaluator gives.

    Args:
        families: leave parameters in, named by their canonical order, so that functions compare for all values of them,
            and constants that an expression does not set otherwise than others. Else each is its value.

    Raises:
        DomainError: for a constant without a value, unless it is left in.
    """
    pool = _Pool()
    roots = [pool.place(_bound(e, families)) for e in expressions]
    numbers = np.empty(len(pool.forms), np.int64)
    last = set(roots) - pool.operands
    for level, places in sorted(pool.levels.items()):
        if level == 0:
            for place in places:
                numbers[place] = evaluator.leaf(pool.forms[place])
            continue
        groups: dict[tuple[int, bool], list[int]] = defaultdict(list)
        for place in places:
            groups[len(pool.arguments[place]), place not in last].append(place)
        for (_, keep), group in groups.items():
            forms = list(dict.fromkeys(pool.forms[place] for place in group))
            where = {form: index for index, form in enumerate(forms)}
            which = np.array([where[pool.forms[place]] for place in group], np.int64)
            operands = numbers[np.array([pool.arguments[place] for place in group], np.int64)]
            numbers[group] = evaluator.apply(forms, which, operands, keep=keep)
    return numbers[roots]


def _bound(e: Expression, families: bool) -> Program:
    """The graph with numbers for constants and parameters; with `families`, only for constants that are set."""
    program = lower(e.program, lambda operator: operator.is_primitive or not _hides_constants(operator))
    if not (program.constants or program.parameters):
        return program
    if families:
        values = {name: value for name, value in e.constants.items() if value != SETTABLE_CONSTANTS[name]}
    else:
        values = {**e.constant_values(), **e.parameters}
    places = {name: str(place) for place, name in enumerate(parameter_order(program))} if families else {}

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        if node.kind not in (Kind.CONSTANT, Kind.PARAMETER):
            return None
        return builder.number(values[node.name]) if node.name in values else builder.leaf(_placed(node, places))

    return rebuild(program, change)


@lru_cache(maxsize=1024)
def _hides_constants(operator: Operator) -> bool:
    """Whether an operator stands on constants that can be set, such as eps."""
    return bool(needed_constants(_applied(operator).program))


def _placed(node: Node, places: Mapping[str, str]) -> Node:
    return Node(node.kind, places.get(node.name, node.name))


class _Pool:
    """Nodes of many programs, equal ones once.

    Attributes:
        forms, arguments: of each node its form and operands.
        levels: nodes by the operators on the longest path below them.
        operands: nodes that others stand on.
    """

    def __init__(self) -> None:
        self.forms: list[Form] = []
        self.arguments: list[tuple[int, ...]] = []
        self.levels: dict[int, list[int]] = defaultdict(list)
        self.operands: set[int] = set()
        self._level: list[int] = []
        self._index: dict[object, int] = {}

    def place(self, program: Program) -> int:
        """Where the root of a program is."""
        placed: list[int] = []
        for node in program.nodes:
            operands = tuple([placed[i] for i in node.operands])
            key = (node.value, operands) if operands else (node.kind, identity(node.kind, node.value))
            found = self._index.get(key)
            if found is None:
                found = self._index[key] = len(self.forms)
                level = 1 + max([self._level[i] for i in operands]) if operands else 0
                self.forms.append(_applied(node.operator) if operands else _leaf(node))
                self.arguments.append(operands)
                self._level.append(level)
                self.levels[level].append(found)
                self.operands.update(operands)
            placed.append(found)
        return placed[program.root]


@lru_cache(maxsize=1024)
def _applied(operator: Operator) -> Form:
    """An operator on all its operands, those with defaults too."""
    builder = ProgramBuilder()
    operands = tuple(builder.input(str(slot)) for slot in range(operator.arity))
    return Form(operator.name, operator.arity, builder.build([builder.apply(operator, operands)]))


def _leaf(node: Node) -> Form:
    return Form(str(node.value), 0, Program([node], [0]))
