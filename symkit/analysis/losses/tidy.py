"""Zeros, ones and products of literals taken out of a Program that is to be read, not computed with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from symkit.ir import Kind, Node, Program, ProgramBuilder, rebuild
from symkit.ops import Operator, Term, standard

Tidy = Callable[[Term, Term], Term | float | None]
"""(operand, operand) -> what the result is written as; None where there is nothing to tidy."""


def tidied(program: Program) -> Program:
    """The same function wherever every part of it is finite."""

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        if node.is_leaf:
            return None
        terms = builder.terms(operands)
        if node.operator is _negation:
            return _negated(builder, operands[0])
        if node.operator not in _TIDY:
            return None
        one, other = terms
        known = _computed(node.operator, one.literal, other.literal)
        result = _TIDY[node.operator](one, other) if known is None else known
        return None if result is None else builder.lifted(result).index

    return rebuild(program, change)


def _negated(builder: ProgramBuilder, operand: int) -> int | None:
    inner = _inside(builder.term(operand))
    if inner is not None:
        return inner.index
    value = builder.literal(operand)
    return None if value is None else builder.number(-value + 0.0)


def _inside(term: Term) -> Term | None:
    """What a term is the negative of, if it is."""
    assert isinstance(term.builder, ProgramBuilder)
    node = term.builder.nodes[term.index]
    if node.kind is not Kind.APPLY or node.operator is not _negation:
        return None
    return term.builder.term(node.operands[0])


def _reciprocal(term: Term) -> Term | None:
    """What a term is 1 over, if it is."""
    assert isinstance(term.builder, ProgramBuilder)
    node = term.builder.nodes[term.index]
    if node.kind is not Kind.APPLY or node.operator is not _division:
        return None
    above, below = term.builder.terms(node.operands)
    return below if above.literal == 1 else None


def _computed(operator: Operator, one: float | None, other: float | None) -> float | None:
    """The value for two literals, if a short literal has it."""
    if one is None or other is None or operator not in _EXACT:
        return None
    value = _EXACT[operator](Fraction(one), Fraction(other))
    rounded = float(value)
    return rounded if Fraction(rounded) == value and value.denominator <= LARGEST_DENOMINATOR else None


LARGEST_DENOMINATOR = 1024


def _sum(one: Term, other: Term) -> Term | None:
    return other if one.literal == 0 else one if other.literal == 0 else None


def _difference(one: Term, other: Term) -> Term | None:
    return -other if one.literal == 0 else one if other.literal == 0 else None


def _product(one: Term, other: Term) -> Term | float | None:
    if 0 in (one.literal, other.literal):
        return 0.0
    if one.literal == 1 or other.literal == -1:
        return other if one.literal == 1 else -one
    if other.literal == 1 or one.literal == -1:
        return one if other.literal == 1 else -other
    below, inner = _reciprocal(other), _inside(other)
    if inner is not None and one.literal is not None:
        return -one.literal * inner
    return None if below is None else one / below


def _quotient(one: Term, other: Term) -> Term | float | None:
    return 0.0 if one.literal == 0 else one if other.literal == 1 else None


def _power(one: Term, other: Term) -> Term | float | None:
    return one if other.literal == 1 else None


_table = standard()
_negation, _division = _table["neg"], _table["div"]
_TIDY: Mapping[Operator, Tidy] = {
    _table["add"]: _sum,
    _table["sub"]: _difference,
    _table["mul"]: _product,
    _table["div"]: _quotient,
    _table["pow"]: _power,
}
_EXACT: Mapping[Operator, Callable[[Fraction, Fraction], Fraction]] = {
    _table["add"]: lambda a, b: a + b,
    _table["sub"]: lambda a, b: a - b,
    _table["mul"]: lambda a, b: a * b,
}
