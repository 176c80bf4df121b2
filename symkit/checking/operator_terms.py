"""What the records of operators say, as Programs of their operands: partial derivatives, domains, kinks.

Operands are inputs "0", "1", ..., or the literals that they are.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from symkit.ir import Program, ProgramBuilder, lower
from symkit.ops import Operator

Literals = tuple[float | None, ...]
"""For each operand its number, where it is one."""


def is_kept(operator: Operator) -> bool:
    """Composites that are analytic everywhere, whose bounds are known between turns and whose growth is known, stay."""
    if operator.is_primitive:
        return True
    known = is_strict(operator) or (operator.turns is not None and operator.growth is not None)
    return known and not operator.domain and operator.smoothness == np.inf


def is_strict(operator: Operator) -> bool:
    """Whether it is analytic, and strictly monotone in every operand."""
    return operator.smoothness == np.inf and operator.trend != () and None not in operator.trend


@lru_cache(maxsize=4096)
def partial(operator: Operator, slot: int, literals: Literals) -> Program:
    """A partial derivative of an operator; operands are inputs "0", "1", ..., or literals."""
    assert operator.partials is not None
    form = operator.partials[slot]
    assert form is not None
    builder = ProgramBuilder()
    places = _places(builder, literals)
    result = builder.apply(operator, places)
    root = builder.lifted(form(builder.algebra, *builder.terms(places), builder.term(result)))
    return lower(builder.build([root.index]), is_kept)


@lru_cache(maxsize=4096)
def conditions(operator: Operator, literals: Literals) -> tuple[tuple[str, Program], ...]:
    """Under which an operator is defined."""
    found: list[tuple[str, Program]] = []
    for condition in operator.domain:
        builder = ProgramBuilder()
        root = builder.lifted(condition.of(builder.algebra, *builder.terms(_places(builder, literals))))
        found.append((condition.relation, lower(builder.build([root.index]), is_kept)))
    return tuple(found)


@lru_cache(maxsize=4096)
def kinks(operator: Operator, literals: Literals) -> tuple[Program, ...]:
    assert operator.kinks is not None
    builder = ProgramBuilder()
    roots = operator.kinks(builder.algebra, *builder.terms(_places(builder, literals)))
    return tuple(lower(builder.build([root.index]), is_kept) for root in roots)


def _places(builder: ProgramBuilder, literals: Literals) -> tuple[int, ...]:
    return tuple(
        builder.input(str(slot)) if value is None else builder.number(value) for slot, value in enumerate(literals)
    )
