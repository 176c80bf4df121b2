"""The expansion of a Program next to 0, operator by operator, as their records say it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import product

from symkit.analysis.losses.expansion import CONSTANT, Expansion, Undecided
from symkit.evaluation.time_limit import check_time
from symkit.ir import Kind, Node, Program, ProgramBuilder, lower
from symkit.ops import Operator

BITS = 320


def expansion(program: Program, values: Mapping[str, float], variable: str) -> Expansion:
    """The only root of a Program as `variable` falls to 0 from above.

    Raises Undecided where there is none in powers and logarithms of the variable, or no certain one.
    """
    from flint import arb, ctx

    def leaf(node: Node) -> Expansion:
        if node.kind is Kind.INPUT and node.name == variable:
            return Expansion.of([((Fraction(1), 0), arb(1))])
        if node.kind is Kind.NUMBER:
            return Expansion.constant(arb(node.number))
        symbols = {"pi": arb.pi, "e": arb.const_e} if node.kind is Kind.CONSTANT else {}
        return Expansion.constant(symbols[node.name]() if node.name in symbols else arb(values[node.name]))

    before = ctx.prec
    ctx.prec = BITS
    try:
        return _Expander(leaf).root(lower(program, _is_known))
    finally:
        ctx.prec = before


def _is_known(operator: Operator) -> bool:
    return operator.asymptotic is not None or operator.piece is not None


class _Expander:
    """Expansions of the nodes of a builder, each worked out once; None where there is none."""

    def __init__(self, leaf: Callable[[Node], Expansion]) -> None:
        self._leaf = leaf
        self._builder = ProgramBuilder()
        self._found: dict[int, Expansion | None] = {}

    def root(self, program: Program) -> Expansion:
        placed = self._builder.include(program)
        # From the leaves on, so that looking at operands goes no deeper than one node.
        for index in placed:
            self._at(index)
        return self._known(placed[program.root])

    def _known(self, index: int) -> Expansion:
        found = self._at(index)
        if found is None:
            raise Undecided
        return found

    def _at(self, index: int) -> Expansion | None:
        if index not in self._found:
            check_time()
            try:
                node = self._builder.nodes[index]
                self._found[index] = self._leaf(node) if node.is_leaf else self._applied(node)
            except Undecided:
                self._found[index] = None
        return self._found[index]

    def _applied(self, node: Node) -> Expansion:
        pieces = self._pieces(node)
        if None not in pieces:
            return _common([self._known(piece) for piece in pieces if piece is not None])
        operands = [self._known(operand) for operand in node.operands]
        form = node.operator.asymptotic
        found = form(*operands) if form is not None else None
        return _taylor(node.operator, operands) if found is None else found

    def _pieces(self, node: Node) -> list[int | None]:
        """What the operator is for all signs that its kink terms may have; None for itself."""
        operator, builder = node.operator, self._builder
        if operator.piece is None:
            return [None]
        terms = builder.terms(node.operands)
        guides = terms[:1]
        if operator.kinks is not None and not operator.is_select:
            guides = operator.kinks(builder.algebra, *terms)
        choices = [self._signs(guide.index) for guide in guides]
        pieces = [operator.piece(builder.algebra, signs, *terms) for signs in product(*choices)]
        return [None if piece is None else builder.lifted(piece).index for piece in pieces]

    def _signs(self, index: int) -> Sequence[int]:
        """All that a term may have next to 0."""
        known = self._known(index)
        try:
            return (known.sign,)
        except Undecided:
            return (-1, 0, 1)


def _common(pieces: Sequence[Expansion]) -> Expansion:
    """The expansion of what is one of these everywhere."""
    order = min(piece.order for piece in pieces)
    first, *others = (Expansion.of(piece.terms.items(), order) for piece in pieces)
    # Dicts of the same balls are equal, and of equal exact ones.
    if any(other.terms != first.terms for other in others):
        raise Undecided
    return first


def _taylor(operator: Operator, operands: Sequence[Expansion]) -> Expansion:
    """Where the operands have finite limits and the operator is differentiable there."""
    from flint import arb

    if operator.ball is None or operator.smoothness < 1:
        raise Undecided
    split = [operand.bounded for operand in operands]
    value = operator.ball(*(arb(0) if constant is None else constant for constant, _ in split))
    if not value.is_finite():
        raise Undecided
    rests = [rest.lowest for _, rest in split if not rest.is_zero]
    terms = {} if value.is_zero() else {CONSTANT: value}
    return Expansion(terms, min(rests)) if rests else Expansion.constant(value)
