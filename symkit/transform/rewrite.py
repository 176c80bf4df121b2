"""Named rewrite rules: patterns and replacements are expressions in the language, so a rule is data.

Names in a pattern stand for any subterm; literals match by value, commutative operands in either order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from symkit.ir import Kind, Node, Program, ProgramBuilder, rebuild
from symkit.ops import Operator
from symkit.text import parse

MAX_PASSES = 20


@dataclass(frozen=True)
class Rule:
    """`pattern` becomes `replacement`; both mean the same real function wherever `pattern` is defined.

    Attributes:
        name: what reports and tests call it.
        pattern, replacement: text; every name in the replacement stands in the pattern.
        why: what goes wrong without it.
        positive: names that the rule's samples must keep above 0; the rule itself needs no such proof.
        literals: names that stand for literal numbers only.
        when: comparisons of the names, as text, that have to be proved first.
        finite: names whose values have to be proved finite first.

    A name that only the pattern has must be proved never to be NaN, and so must those in `defined`. `rewrite` proves
    nothing, so it takes no rule that asks for a proof.
    """

    name: str
    pattern: str
    replacement: str
    why: str = ""
    positive: tuple[str, ...] = ()
    literals: tuple[str, ...] = ()
    when: tuple[str, ...] = ()
    finite: tuple[str, ...] = ()
    defined: tuple[str, ...] = ()

    @cached_property
    def left(self) -> Program:
        return parse(f"f() = {self.pattern}").program

    @cached_property
    def right(self) -> Program:
        return parse(f"f() = {self.replacement}").program

    @cached_property
    def conditions(self) -> tuple[Program, ...]:
        """What has to be proved, as Programs of the pattern's names."""
        return tuple(parse(f"f() = {text}").program for text in self.when)

    @cached_property
    def never_nan(self) -> tuple[str, ...]:
        """Names that have to be proved never to be NaN."""
        dropped = (name for name in self.left.parameters if name not in self.right.parameters)
        return tuple(dict.fromkeys((*dropped, *self.defined)))

    @property
    def top(self) -> Operator:
        """The operator that a match has at its root."""
        return self.left.nodes[self.left.root].operator


def rewrite(program: Program, rules: Sequence[Rule]) -> Program:
    """The Program with rules applied from the leaves up until none fits; earlier rules win."""
    by_top: dict[Operator, list[Rule]] = {}
    for rule in rules:
        by_top.setdefault(rule.top, []).append(rule)

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        if node.is_leaf or node.operator not in by_top:
            return None
        index = builder.apply(node.operator, operands)
        for rule in by_top[node.operator]:
            bindings = first_match(rule.left, builder, index)
            if bindings is not None and all(builder.literal(bindings[name]) is not None for name in rule.literals):
                return instantiate(rule.right, builder, bindings)
        return index

    for _ in range(MAX_PASSES):
        changed = rebuild(program, change)
        if changed == program:
            return program
        program = changed
    return program


def first_match(pattern: Program, builder: ProgramBuilder, index: int) -> dict[str, int] | None:
    """What each name of the pattern stands for, if the pattern fits at a node."""
    return next(all_matches(pattern, builder, index), None)


def all_matches(pattern: Program, builder: ProgramBuilder, index: int) -> Iterator[dict[str, int]]:
    """Every way in which the pattern fits at a node."""
    return _matches(pattern, pattern.root, builder, index, {})


def instantiate(pattern: Program, builder: ProgramBuilder, bindings: Mapping[str, int]) -> int:
    """Appends a pattern with its names replaced."""
    placed: list[int] = []
    for node in pattern.nodes:
        if node.kind is Kind.PARAMETER:
            placed.append(bindings[node.name])
        elif node.is_leaf:
            placed.append(builder.leaf(node))
        else:
            placed.append(builder.apply(node.operator, tuple(placed[i] for i in node.operands)))
    return placed[pattern.root]


def _matches(
    pattern: Program, at: int, builder: ProgramBuilder, index: int, bound: dict[str, int]
) -> Iterator[dict[str, int]]:
    wanted, node = pattern.nodes[at], builder.nodes[index]
    if wanted.kind is Kind.PARAMETER:
        if bound.get(wanted.name, index) == index:
            yield {**bound, wanted.name: index}
    elif wanted.is_leaf:
        if wanted.kind is node.kind and wanted.value == node.value:
            yield bound
    elif node.kind is Kind.APPLY and node.operator == wanted.operator:
        yield from _match_operands(pattern, wanted.operands, builder, node.operands, bound)
        if node.operator.commutative and node.operands[0] != node.operands[1]:
            yield from _match_operands(pattern, wanted.operands, builder, node.operands[::-1], bound)


def _match_operands(
    pattern: Program,
    wanted: tuple[int, ...],
    builder: ProgramBuilder,
    operands: tuple[int, ...],
    bound: dict[str, int],
) -> Iterator[dict[str, int]]:
    if not wanted:
        yield bound
        return
    for extended in _matches(pattern, wanted[0], builder, operands[0], bound):
        yield from _match_operands(pattern, wanted[1:], builder, operands[1:], extended)
