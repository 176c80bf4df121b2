"""Reducing: rules applied from the leaves up until none fits, each where its conditions are proved.

Beside the rules there are four things that no pattern says: a subterm without names is a number; one whose bounds are
a single number is that number; an operand of an extremum that another one always beats goes; even and odd functions
take signs out. Sums and products are looked at two operands at a time, whatever their brackets.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from symkit.evaluation import evaluate_exact
from symkit.evaluation.formats import Format
from symkit.evaluation.numeric import numpy_function
from symkit.ir import Kind, Node, Program, ProgramBuilder, fingerprint
from symkit.ops import Operator, standard
from symkit.simplification.order import MAX, MIN, RELU, Order
from symkit.simplification.points import Box
from symkit.simplification.ranges import Ranges
from symkit.text.expression import needed_constants
from symkit.text.names import FIXED_CONSTANTS
from symkit.transform.rewrite import Rule, all_matches, instantiate

MAX_PASSES = 12
MAX_TURNS = 16
"""Times that one place is rewritten in a pass."""

MOST_OPERANDS = 10
"""Longer sums and products are left as they are bracketed."""

WHOLE_PARTS = 1024.0
"""In a dtype bounds are rounded, so that only multiples of 1/WHOLE_PARTS are taken for what they are."""

_table = standard()
ADD, SUB, MUL, DIV, NEG = (_table[name] for name in ("add", "sub", "mul", "div", "neg"))
COMPARISONS = frozenset(_table[name] for name in ("lt", "le", "gt", "ge", "eq", "ne"))
ORDERED = {_table["le"]: False, _table["ge"]: True}
"""Comparisons that proofs of order serve, and whether the larger one stands first."""

Change = tuple[str, str]
"""A rule's name and the fingerprint of what it was applied to."""


@dataclass(frozen=True)
class Setting:
    """What a reduction may count on.

    Attributes:
        box: lowest and highest number of every name.
        format: the dtype that proofs are for; None for the reals, where nothing is rounded.
        constants: bounds of the constants that can be set.
        nonzero: names that are not 0, so that those with a bound of 0 have a sign.
        check_time: raises when the time is used up.
    """

    box: Box
    format: Format | None
    constants: Mapping[str, tuple[float, float]]
    check_time: Callable[[], None] = field(default=lambda: None)
    nonzero: frozenset[str] = frozenset()


class Reducer:
    """Rules at work in one builder, over one box."""

    def __init__(self, rules: Sequence[Rule], setting: Setting) -> None:
        self._setting = setting
        self._by_top: dict[Operator, list[Rule]] = {}
        for rule in rules:
            self._by_top.setdefault(rule.top, []).append(rule)
        self._builder = ProgramBuilder()
        self._ranges = Ranges(self._builder, setting.box, setting.format, setting.constants)
        self._order = Order(self._builder, self._ranges)
        self._settled: dict[int, int] = {}
        self.vetoed: set[Change] = set()

    def __call__(self, program: Program) -> Program:
        """The Program with every change made that its rules allow."""
        for _ in range(MAX_PASSES):
            changed = self._pass(program)
            if changed == program:
                break
            program = changed
        return program

    def steps(self, program: Program) -> Iterator[tuple[Change, Program]]:
        """Programs that are one change away, and what that was; send no more than asked for."""
        placed = self._builder.include(program)
        for index in dict.fromkeys(placed):
            for name, new in self._changes(index):
                change = name, self._fingerprint(index)
                if change not in self.vetoed:
                    yield change, self._replaced(program, placed, index, new)

    def _fingerprint(self, index: int) -> str:
        return fingerprint(self._builder.build([index]))

    def _replaced(self, program: Program, placed: Sequence[int], old: int, new: int) -> Program:
        after: list[int] = []
        for node, index in zip(program.nodes, placed, strict=True):
            if index == old:
                after.append(new)
            elif node.is_leaf:
                after.append(index)
            else:
                after.append(self._builder.apply(node.operator, tuple(after[i] for i in node.operands)))
        return self._builder.build([after[root] for root in program.roots])

    def _pass(self, program: Program) -> Program:
        placed: list[int] = []
        for node in program.nodes:
            self._setting.check_time()
            if node.is_leaf:
                placed.append(self._builder.leaf(node))
            else:
                placed.append(self._settle(self._builder.apply(node.operator, tuple(placed[i] for i in node.operands))))
        return self._builder.build([placed[root] for root in program.roots])

    def _settle(self, index: int) -> int:
        """What a node whose operands are settled comes to."""
        start = index
        if start not in self._settled:
            seen = {index}
            for _ in range(MAX_TURNS):
                new = next((new for _, new in self._changes(index) if new not in seen), None)
                if new is None:
                    break
                seen.add(new)
                index = new
            self._settled[start] = index
        return self._settled[start]

    def _changes(self, index: int) -> Iterator[tuple[str, int]]:
        """What a node may be replaced by, and why, best first."""
        node = self._builder.nodes[index]
        if node.is_leaf:
            return
        for way in (self._number, self._extremum, self._select, self._parity, self._by_rules, self._by_pairs):
            for name, new in way(index, node):
                if new != index:
                    yield name, new

    def _number(self, index: int, node: Node) -> Iterator[tuple[str, int]]:
        """The value, where there is only one."""
        format = self._setting.format
        if format is not None and all(self._is_fixed(i) for i in node.operands):
            alone = self._builder.build([index])
            if needed_constants(alone):
                return
            (exact,) = evaluate_exact(alone, {})
            value = float(exact)
            smallest = float(np.finfo(format.dtype).tiny)
            if exact == 0 or smallest <= abs(value) <= format.largest:
                yield "number", self._builder.number(value)
            return
        only = self._ranges.only_number(index)
        if only is not None and (format is None or (only * WHOLE_PARTS).is_integer()):
            yield "only_value", self._builder.number(only + 0.0)

    def _is_fixed(self, index: int) -> bool:
        node = self._builder.nodes[index]
        return node.kind is Kind.NUMBER or (node.kind is Kind.CONSTANT and node.name in FIXED_CONSTANTS)

    def _extremum(self, index: int, node: Node) -> Iterator[tuple[str, int]]:
        """An extremum without the operands that others beat."""
        operator = MAX if node.operator == RELU else node.operator
        if operator not in (MAX, MIN):
            return
        operands = self._extremes(index, operator)
        kept = list(operands)
        for operand in operands:
            others = [other for other in kept if other != operand]
            if others and self._ranges.never_nan(operand):
                rest = self._joined(operator, others)
                if self._order.proves(*((operand, rest) if operator == MAX else (rest, operand))):
                    kept = others
        if node.operator == RELU and len(kept) == len(operands) == 2:
            return
        zero = self._builder.number(0.0)
        if operator == MAX and len(kept) > 1 and zero in kept:
            kept.remove(zero)
            yield "extremum", self._builder.apply(RELU, (self._joined(operator, kept),))
        elif len(kept) < len(operands) or operator == MAX:
            yield "extremum", self._joined(operator, kept)

    def _extremes(self, index: int, operator: Operator) -> list[int]:
        """The operands of an extremum and of those directly below it, each once."""
        node = self._builder.nodes[index]
        if node.kind is Kind.APPLY and node.operator == operator:
            operands: list[int] = list(node.operands)
        elif operator == MAX and node.kind is Kind.APPLY and node.operator == RELU:
            operands = [node.operands[0], self._builder.number(0.0)]
        else:
            return [index]
        return list(dict.fromkeys(i for operand in operands for i in self._extremes(operand, operator)))

    def _joined(self, operator: Operator, operands: Sequence[int]) -> int:
        result = operands[0]
        for operand in operands[1:]:
            result = self._builder.apply(operator, (result, operand))
        return result

    def _select(self, index: int, node: Node) -> Iterator[tuple[str, int]]:
        """The branch of a select that is always taken."""
        if node.operator.is_select:
            condition, first, second = node.operands
            sign = self._by_sign(condition)
            if sign is True or np.all(self._ranges.holds(condition)):
                yield "select", first
            if sign is False or np.all(self._ranges.fails(condition)):
                yield "select", second

    def _by_sign(self, index: int) -> bool | None:
        """Whether a comparison of a name with 0 holds, for a name that is not 0."""
        node = self._builder.nodes[index]
        if node.kind is not Kind.APPLY or node.operator not in COMPARISONS:
            return None
        sides: list[float] = []
        for operand in (self._builder.nodes[i] for i in node.operands):
            if operand.kind is Kind.NUMBER and operand.number == 0:
                sides.append(0.0)
            elif operand.kind is Kind.INPUT and operand.name in self._setting.nonzero:
                low, high = self._setting.box[operand.name]
                sides.append(1.0 if low >= 0 else -1.0 if high <= 0 else math.nan)
            else:
                return None
        return None if any(map(math.isnan, sides)) else bool(numpy_function(node.operator)(*sides))

    def _parity(self, index: int, node: Node) -> Iterator[tuple[str, int]]:
        """f(-a) as f(a) or -f(a)."""
        if node.operator.parity is None:
            return
        operand = self._builder.nodes[node.operands[0]]
        if operand.kind is Kind.APPLY and operand.operator == NEG:
            inner = self._builder.apply(node.operator, operand.operands)
            even = node.operator.parity == "even"
            yield "parity", inner if even else self._builder.apply(NEG, (inner,))
        elif operand.kind is Kind.APPLY and operand.operator == _table["abs"] and node.operator.parity == "even":
            yield "parity", self._builder.apply(node.operator, operand.operands)

    def _by_rules(self, index: int, node: Node) -> Iterator[tuple[str, int]]:
        for rule in self._by_top.get(node.operator, ()):
            for found in all_matches(rule.left, self._builder, index):
                if self._holds(rule, found):
                    yield rule.name, instantiate(rule.right, self._builder, found)
                    break

    def _holds(self, rule: Rule, found: Mapping[str, int]) -> bool:
        """Whether what a rule asks for is proved."""
        ranges = self._ranges
        return (
            all(self._is_literal(found[name]) for name in rule.literals if name in found)
            and all(ranges.finite(found[name]) for name in rule.finite)
            and all(ranges.never_nan(found[name]) for name in rule.never_nan)
            and all(self._proved(condition, found) for condition in rule.conditions)
        )

    def _is_literal(self, index: int) -> bool:
        """Whether a node is a literal that rules may move: 0 takes the place of what it is multiplied with."""
        return self._builder.nodes[index].kind is Kind.NUMBER and not self._is_zero(index)

    def _is_zero(self, index: int) -> bool:
        return self._builder.literal(index) == 0

    def _proved(self, condition: Program, found: Mapping[str, int]) -> bool:
        index = instantiate(condition, self._builder, found)
        if np.all(self._ranges.holds(index)):
            return True
        node = self._builder.nodes[index]
        if node.operator not in ORDERED:
            return False
        first, second = node.operands
        return self._order.proves(*((second, first) if ORDERED[node.operator] else (first, second)))

    def _by_pairs(self, index: int, node: Node) -> Iterator[tuple[str, int]]:
        """Rules for two operands of a longer sum or product."""
        if node.operator in (ADD, SUB):
            parts, join, back = self._terms(index), ADD, SUB
        elif node.operator in (MUL, DIV):
            parts, join, back = self._factors(index), MUL, DIV
        else:
            return
        if not 3 <= len(parts) <= MOST_OPERANDS:
            return
        for (i, (a, a_up)), (j, (b, b_up)) in itertools.combinations(enumerate(parts), 2):
            if join == MUL and (not (a_up or b_up) or self._is_zero(a) or self._is_zero(b)):
                # 0 is not brought together with one factor where another may be infinite.
                continue
            operands = (a, b) if a_up or not b_up else (b, a)
            pair = self._builder.apply(join if a_up == b_up else back, operands)
            pair_node = self._builder.nodes[pair]
            for name, new in itertools.chain(self._number(pair, pair_node), self._by_rules(pair, pair_node)):
                if new == pair:
                    continue
                rest = [part for k, part in enumerate(parts) if k not in (i, j)]
                rest.insert(min(i, len(rest)), (new, a_up or b_up))
                yield name, self._rejoined(rest, join, back)

    def _terms(self, index: int, up: bool = True) -> list[tuple[int, bool]]:
        """The terms of a sum, and whether each is added."""
        node = self._builder.nodes[index]
        if node.kind is Kind.APPLY and node.operator in (ADD, SUB):
            first, second = node.operands
            return [*self._terms(first, up), *self._terms(second, up == (node.operator == ADD))]
        if node.kind is Kind.APPLY and node.operator == NEG:
            return self._terms(node.operands[0], not up)
        return [(index, up)]

    def _factors(self, index: int, up: bool = True) -> list[tuple[int, bool]]:
        """The factors of a product, and whether each stands above the line; a quotient below it stays one."""
        node = self._builder.nodes[index]
        if node.kind is Kind.APPLY and (node.operator == MUL or (node.operator == DIV and up)):
            first, second = node.operands
            return [*self._factors(first, up), *self._factors(second, up == (node.operator == MUL))]
        if node.kind is Kind.APPLY and node.operator == NEG:
            return [(self._builder.number(-1.0), True), *self._factors(node.operands[0], up)]
        return [(index, up)]

    def _rejoined(self, parts: Sequence[tuple[int, bool]], join: Operator, back: Operator) -> int:
        """A sum or product of parts: those that count positive first, in their order."""
        above = [index for index, up in parts if up]
        below = [index for index, up in parts if not up]
        if not above:
            if join == ADD:
                return self._builder.apply(NEG, (self._joined(ADD, below),))
            above = [self._builder.number(1.0)]
        result = self._joined(join, above)
        for index in below:
            result = self._builder.apply(back, (result, index))
        return result
