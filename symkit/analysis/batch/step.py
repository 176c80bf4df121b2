"""One operator over rows of numbers: its value and its slope along a line, made a template from its record once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from symkit.analysis.batch.tape import SLOTS, has_form, template
from symkit.ir import Kind, Program, ProgramBuilder, bind_constants, lower, reachable
from symkit.ops import Operator
from symkit.text.expression import needed_constants
from symkit.text.names import FIXED_CONSTANTS
from symkit.transform.derive import jvp, tangents

Settings = tuple[tuple[str, float], ...]
"""Values of the settable constants that an operator stands on."""


@dataclass(frozen=True, slots=True)
class Step:
    """An operator whose value, and slope if it has one, are wanted.

    Attributes:
        value: the template of its value.
        both: that of value and, if `sloped`, slope.
        sloped: whether it has a slope at all, as a comparison has not.
    """

    value: int
    both: int
    sloped: bool


@lru_cache(maxsize=4096)
def step(operator: Operator, varying: tuple[int, ...], active: tuple[int, ...], settings: Settings) -> Step:
    """The Step of an operator whose operands `varying` change along the line; those `active` have slopes."""
    moving = {str(slot) for slot in varying}
    places = {str(slot): slot for slot in range(operator.arity)}
    value = _bound(_applied(operator), settings)
    plain = template(value, moving, places)
    names = [str(slot) for slot in active]
    slope = _bound(jvp(_applied(operator), names), settings)
    root = slope.nodes[slope.root]
    if not active or (root.kind is Kind.NUMBER and root.number == 0.0):
        return Step(plain, plain, False)
    builder = ProgramBuilder()
    roots = [builder.include(program)[program.root] for program in (value, slope)]
    slopes = dict(zip(tangents(_applied(operator), names), (SLOTS + slot for slot in active), strict=True))
    return Step(plain, template(builder.build(roots), moving.union(slopes), {**places, **slopes}), True)


@dataclass(frozen=True, slots=True)
class Guides:
    """Templates of terms in whose zero sets an operator may not be smooth; the first, `edges`, bound its domain."""

    terms: tuple[int, ...]
    edges: int


@lru_cache(maxsize=4096)
def guides(operator: Operator, literals: tuple[float | None, ...], settings: Settings) -> Guides | None:
    """The Guides of operands of which `literals` are numbers; None if there are none.

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
    places = {str(slot): slot for slot in range(operator.arity)}
    programs = [_bound(reachable(everything, (root,)), settings) for root in roots]
    return Guides(tuple(template(program, frozenset(), places) for program in programs), sum(moving[: len(edges)]))


@lru_cache(maxsize=4096)
def settable(operator: Operator) -> tuple[str, ...]:
    """Names of the settable constants that an operator stands on."""
    return needed_constants(_applied(operator))


def _applied(operator: Operator) -> Program:
    builder = ProgramBuilder()
    return builder.build([builder.apply(operator, tuple(builder.input(str(i)) for i in range(operator.arity)))])


def _bound(program: Program, settings: Settings) -> Program:
    return bind_constants(lower(program, has_form), {**FIXED_CONSTANTS, **dict(settings)})
