"""One operator over rows of numbers: its value and its slope along a line, compiled from its record once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from symkit.analysis.curve import Floats
from symkit.evaluation.numeric import numpy_function
from symkit.evaluation.truth import is_truth
from symkit.ir import Kind, Program, ProgramBuilder, bind_constants, lower, reachable
from symkit.ops import Operator
from symkit.text.expression import needed_constants
from symkit.text.names import FIXED_CONSTANTS
from symkit.transform.derive import jvp, tangents

Settings = tuple[tuple[str, float], ...]
"""Values of the settable constants that an operator stands on."""

Blur = Callable[[Floats], None]
"""What is done to the result of every operation, in place."""


@dataclass(frozen=True, slots=True)
class Call:
    """A numpy function and the places of its operands and result.

    Attributes:
        to_truth, to_number: slots whose operands are read as a condition, or are one and read as a number.
        is_exact: whether the result is a condition or the same all along the line: nothing to blur.
    """

    place: int
    function: Callable[..., Any]
    operands: tuple[int, ...]
    to_truth: tuple[int, ...]
    to_number: tuple[int, ...]
    is_exact: bool


@dataclass(frozen=True, slots=True)
class Rows:
    """A Program as a list of numpy calls over rows.

    Attributes:
        sources: for each node that is not computed, the name of its input or its number.
        calls: for each that is.
        roots: places of the results.
        size: how many places there are.
    """

    sources: tuple[tuple[int, str | float], ...]
    calls: tuple[Call, ...]
    roots: tuple[int, ...]
    size: int

    @classmethod
    def of(cls, program: Program, varying: Set[str]) -> Rows:
        """Only named inputs, those `varying` along the line and others, and numbers may be left among the leaves."""
        lowered = lower(program, lambda operator: operator.numpy is not None)
        sources: list[tuple[int, str | float]] = []
        calls: list[Call] = []
        moving: set[int] = set()
        for place, node in enumerate(lowered.nodes):
            if node.kind is Kind.NUMBER:
                sources.append((place, node.number))
            elif node.is_leaf:
                sources.append((place, node.name))
                if node.name in varying:
                    moving.add(place)
            else:
                wanted, record = node.operator.takes_truth, node.operator
                truths = {slot for slot, i in enumerate(node.operands) if is_truth(lowered.nodes[i])}
                to_truth, to_number = tuple(wanted - truths), tuple(truths - wanted)
                is_exact = record.returns_truth or moving.isdisjoint(node.operands)
                if not moving.isdisjoint(node.operands):
                    moving.add(place)
                calls.append(Call(place, numpy_function(record), node.operands, to_truth, to_number, is_exact))
        return cls(tuple(sources), tuple(calls), lowered.roots, len(lowered))

    def __call__(self, rows: Mapping[str, Floats], blur: Blur | None = None) -> list[Any]:
        """The roots; a condition is an array of bool."""
        values: list[Any] = [None] * self.size
        for place, source in self.sources:
            values[place] = rows[source] if isinstance(source, str) else source
        for call in self.calls:
            operands = [values[i] for i in call.operands]
            for slot in call.to_truth:
                operands[slot] = operands[slot] != 0
            for slot in call.to_number:
                operands[slot] = np.asarray(operands[slot], np.float64)
            result = call.function(*operands)
            if blur is not None and not call.is_exact:
                # Never in place of an operand.
                result = result.copy() if any(result is operand for operand in operands) else result
                blur(result)
            values[call.place] = result
        return [values[root] for root in self.roots]


@dataclass(frozen=True, slots=True)
class Step:
    """An operator whose value, and slope if it has one, are wanted.

    Attributes:
        value: the value of operands "0", "1", ...
        rows: the value and, if `sloped`, the slope, of the operands and their slopes, named by `slopes`.
        sloped: whether it has a slope at all, as a comparison has not.
        slopes: for each active operand, its slot and the name of its slope.
    """

    value: Rows
    rows: Rows
    sloped: bool
    slopes: tuple[tuple[int, str], ...]


@lru_cache(maxsize=4096)
def step(operator: Operator, varying: tuple[int, ...], active: tuple[int, ...], settings: Settings) -> Step:
    """The Step of an operator whose operands `varying` change along the line; those `active` have slopes."""
    moving = {str(slot) for slot in varying}
    value = _bound(_applied(operator), settings)
    plain = Rows.of(value, moving)
    names = [str(slot) for slot in active]
    slope = _bound(jvp(_applied(operator), names), settings)
    root = slope.nodes[slope.root]
    if not active or (root.kind is Kind.NUMBER and root.number == 0.0):
        return Step(plain, plain, False, ())
    builder = ProgramBuilder()
    roots = [builder.include(program)[program.root] for program in (value, slope)]
    slopes = tuple(zip(active, tangents(_applied(operator), names), strict=True))
    return Step(plain, Rows.of(builder.build(roots), moving.union(name for _, name in slopes)), True, slopes)


@dataclass(frozen=True, slots=True)
class Guides:
    """Terms in whose zero sets an operator may not be smooth; the first of them, `edges`, bound its domain."""

    rows: Rows
    edges: int


@lru_cache(maxsize=4096)
def guides(operator: Operator, literals: tuple[float | None, ...], settings: Settings) -> Guides | None:
    """The Guides of operands "0", "1", ..., of which `literals` are numbers; None if there are none.

    A composite that says nothing of its kinks is looked into.
    """
    if operator.is_primitive and operator.kinks is None and not operator.domain:
        return None
    builder = ProgramBuilder()
    operands = [
        builder.input(str(slot)) if literal is None else builder.number(literal)
        for slot, literal in enumerate(literals)
    ]
    builder.apply(operator, tuple(operands))
    edges: dict[int, None] = {}
    kinks: dict[int, None] = {}
    index = 0
    while index < len(builder.nodes):
        node = builder.nodes[index]
        index += 1
        if node.kind is not Kind.APPLY:
            continue
        b, given, record = builder.algebra, builder.terms(node.operands), node.operator
        if record.kinks is not None:
            kinks.update((builder.lifted(term).index, None) for term in record.kinks(b, *given))
        elif not record.is_primitive:
            builder.expand(record, node.operands)
        edges.update((builder.lifted(condition.of(b, *given)).index, None) for condition in record.domain)
    terms = [*edges, *(kink for kink in kinks if kink not in edges)]
    everything = builder.build(terms)
    moving = [bool(reachable(everything, (root,)).inputs) for root in everything.roots]
    roots = [root for root, moves in zip(everything.roots, moving, strict=True) if moves]
    if not roots:
        return None
    return Guides(Rows.of(_bound(Program(everything.nodes, roots), settings), frozenset()), sum(moving[: len(edges)]))


@lru_cache(maxsize=4096)
def settable(operator: Operator) -> tuple[str, ...]:
    """Names of the settable constants that an operator stands on."""
    return needed_constants(_applied(operator))


def _applied(operator: Operator) -> Program:
    builder = ProgramBuilder()
    return builder.build([builder.apply(operator, tuple(builder.input(str(i)) for i in range(operator.arity)))])


def _bound(program: Program, settings: Settings) -> Program:
    lowered = lower(program, lambda operator: operator.numpy is not None)
    return bind_constants(lowered, {**FIXED_CONSTANTS, **dict(settings)})
