"""Derivatives in the IR: reverse and forward, of any order, in every input and parameter.

A cotangent that flows through a select is masked, not multiplied by 0: where the branch is not taken its factors may
be infinite or NaN. The mask travels with the flow and is applied after the last product, so nothing leaks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from symkit.errors import DomainError
from symkit.ir import Kind, Program, ProgramBuilder
from symkit.ops import Operator, Term
from symkit.text import Expression, parse

DIFFERENTIABLE = frozenset({Kind.INPUT, Kind.PARAMETER})


def derivative(e: Expression | str, wrt: str = "x", order: int = 1) -> Expression:
    """The derivative of an expression by one of its inputs or parameters.

    Args:
        e: an expression or its text.
        wrt: name of an input or a parameter; a loss has "y", "p" and "z".
        order: how often; 0 gives the expression itself.

    Composites keep their own derivatives. At kinks the value is what the operator's record says.

    Raises:
        DomainError: for a name the expression does not have, or a negative order.
    """
    expression = parse(e) if isinstance(e, str) else e
    known = (*expression.inputs, *expression.settings)
    if wrt not in known:
        raise DomainError(f"{wrt!r} is neither input nor parameter; there are {', '.join(known) or 'none'}")
    if order < 0:
        raise DomainError(f"order {order} is negative")
    program = expression.program
    for _ in range(order):
        program = gradient(program, [wrt])
    return expression.with_program(program)


def gradient(program: Program, wrt: Sequence[str]) -> Program:
    """One root for each name of `wrt`: the derivative of the program's only root by it."""
    builder = ProgramBuilder()
    placed = builder.include(program)
    seed = builder.term(builder.number(1.0))
    return _roots(builder, _reverse(builder, {placed[program.root]: seed}, leaf_indices(builder, wrt)), wrt)


def with_gradient(program: Program, wrt: Sequence[str]) -> Program:
    """The program's only root, and then one root for each name of `wrt`: what both compute is computed once."""
    builder = ProgramBuilder()
    value = builder.include(program)[program.root]
    derived = gradient(program, wrt)
    placed = builder.include(derived)
    return builder.build([value, *(placed[root] for root in derived.roots)])


def vjp(program: Program, wrt: Sequence[str]) -> Program:
    """Vector-Jacobian product: one root for each name of `wrt`, from a cotangent input for each root.

    The cotangents are the inputs that `cotangents(program)` names, one a root.
    """
    builder = ProgramBuilder()
    placed = builder.include(program)
    seeds: dict[int, Term] = {}
    for name, root in zip(cotangents(program), program.roots, strict=True):
        seed = builder.term(builder.input(name))
        index = placed[root]
        seeds[index] = seeds[index] + seed if index in seeds else seed
    return _roots(builder, _reverse(builder, seeds, leaf_indices(builder, wrt)), wrt)


def jvp(program: Program, wrt: Sequence[str]) -> Program:
    """Jacobian-vector product: one root for each root, from the tangents that `tangents(program, wrt)` names."""
    builder = ProgramBuilder()
    placed = builder.include(program)
    flows: dict[int, Term] = {}
    leaves = leaf_indices(builder, wrt)
    for name, seed in zip(wrt, tangents(program, wrt), strict=True):
        index = leaves[name]
        if index is not None:
            flows[index] = builder.term(builder.input(seed))
    for index in range(len(builder.nodes)):
        node = builder.nodes[index]
        if node.is_leaf or not any(i in flows for i in node.operands):
            continue
        total: Term | None = None
        for slot, operand in enumerate(node.operands):
            factor = _partial(builder, index, slot) if operand in flows else None
            if factor is not None:
                part = _times(flows[operand], factor)
                total = part if total is None else total + part
        if total is not None:
            flows[index] = total
    zero = builder.number(0.0)
    return builder.build([flows[placed[r]].index if placed[r] in flows else zero for r in program.roots])


def cotangents(program: Program) -> tuple[str, ...]:
    """Names of the inputs that carry the cotangents of the roots in `vjp(program, ...)`; no text can spell them."""
    return tuple(f"cotangent:{_generation(program)}:{position}" for position in range(len(program.roots)))


def tangents(program: Program, wrt: Sequence[str]) -> tuple[str, ...]:
    """Names of the inputs that carry the tangents of leaves in `jvp(program, wrt)`; no text can spell them."""
    return tuple(f"tangent:{_generation(program)}:{name}" for name in wrt)


def _generation(program: Program) -> int:
    """How often a Program was derived, so that the seeds of a derivative's derivative get names of their own."""
    return 1 + max((int(name.split(":")[1]) for name in program.inputs if ":" in name), default=0)


@dataclass(frozen=True, slots=True)
class _Flow:
    """A cotangent that counts only where `mask` holds; None is everywhere."""

    value: Term
    mask: Term | None = None

    def settled(self) -> Term:
        if self.mask is None:
            return self.value
        builder = _builder(self.value)
        return builder.algebra("where", self.mask, self.value, 0)


def _roots(builder: ProgramBuilder, found: Mapping[str, Term], wrt: Iterable[str]) -> Program:
    zero = builder.number(0.0)
    return builder.build([found[name].index if name in found else zero for name in wrt])


def leaf_indices(builder: ProgramBuilder, wrt: Iterable[str]) -> dict[str, int | None]:
    places = {node.name: i for i, node in enumerate(builder.nodes) if node.kind in DIFFERENTIABLE}
    return {name: places.get(name) for name in wrt}


def _reverse(builder: ProgramBuilder, seeds: Mapping[int, Term], wrt: Mapping[str, int | None]) -> dict[str, Term]:
    """Cotangents of the leaves, from those of some nodes. Leaves that nothing depends on are absent."""
    targets = {index for index in wrt.values() if index is not None}
    active = depending_on(builder, targets)
    flows: dict[int, list[_Flow]] = {index: [_Flow(seed)] for index, seed in seeds.items() if index in active}
    for index in range(max(flows, default=-1), -1, -1):
        if index not in flows or builder.nodes[index].is_leaf:
            continue
        flow = _joined(flows.pop(index))
        for slot, operand in enumerate(builder.nodes[index].operands):
            if operand in active:
                factor = _partial(builder, index, slot)
                if factor is not None:
                    flows.setdefault(operand, []).append(_through(flow, factor))
    return {
        name: _joined(flows[index]).settled() for name, index in wrt.items() if index is not None and index in flows
    }


def depending_on(builder: ProgramBuilder, targets: set[int]) -> set[int]:
    active = set(targets)
    for index, node in enumerate(builder.nodes):
        if any(operand in active for operand in node.operands):
            active.add(index)
    return active


def _joined(flows: list[_Flow]) -> _Flow:
    """The sum of flows. Opposite masks become one select; others are applied, and then one mask holds where any did."""
    builder = _builder(flows[0].value)
    by_mask: dict[int | None, Term] = {}
    for flow in flows:
        key = None if flow.mask is None else flow.mask.index
        by_mask[key] = by_mask[key] + flow.value if key in by_mask else flow.value
    for key in [key for key in by_mask if key is not None]:
        opposite = builder.algebra("logical_not", builder.term(key)).index
        if key in by_mask and opposite in by_mask:
            either = builder.algebra("where", builder.term(key), by_mask.pop(key), by_mask.pop(opposite))
            by_mask[None] = by_mask[None] + either if None in by_mask else either
    parts = [_Flow(value, None if key is None else builder.term(key)) for key, value in by_mask.items()]
    if len(parts) == 1:
        return parts[0]
    total = _sum([part.settled() for part in parts])
    mask: Term | None = None
    for part in parts:
        if part.mask is None:
            return _Flow(total)
        mask = part.mask if mask is None else builder.algebra("logical_or", mask, part.mask)
    return _Flow(total, mask)


def _sum(terms: list[Term]) -> Term:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _through(flow: _Flow, factor: Term) -> _Flow:
    """The flow times a partial derivative; a partial that is 0 in one branch of a select becomes a mask."""
    builder = _builder(factor)
    node = builder.nodes[factor.index]
    if node.kind is Kind.APPLY and node.operator.is_select:
        condition, taken, other = builder.terms(node.operands)
        if other.literal == 0.0:
            return _through(_Flow(flow.value, _both(flow.mask, condition)), taken)
        if taken.literal == 0.0:
            return _through(_Flow(flow.value, _both(flow.mask, builder.algebra("logical_not", condition))), other)
    return _Flow(_times(flow.value, factor), flow.mask)


def _both(mask: Term | None, other: Term) -> Term:
    if mask is None or mask.index == other.index:
        return other
    return _builder(other).algebra("logical_and", mask, other)


def _times(value: Term, factor: Term) -> Term:
    """The product, pushed into selects so that the branch not taken is never multiplied; 1 and -1 cost nothing."""
    builder = _builder(factor)
    if value.literal == 1.0:
        return factor
    if factor.literal == 1.0:
        return value
    if factor.literal == -1.0:
        return -value
    node = builder.nodes[factor.index]
    if node.kind is Kind.APPLY and node.operator.is_select:
        condition, taken, other = builder.terms(node.operands)
        return builder.algebra("where", condition, _times_or_zero(value, taken), _times_or_zero(value, other))
    return value * factor


def _times_or_zero(value: Term, factor: Term) -> Term:
    return factor if factor.literal == 0.0 else _times(value, factor)


def _partial(builder: ProgramBuilder, index: int, slot: int) -> Term | None:
    """The partial derivative of a node by one of its operands, or None where it is 0 everywhere."""
    node = builder.nodes[index]
    operator = node.operator
    if operator.partials is not None:
        form = operator.partials[slot]
        if form is None:
            return None
        value = builder.lifted(form(builder.algebra, *builder.terms(node.operands), builder.term(index)))
        return None if value.literal == 0.0 else value
    template = _derived_partials(operator)[slot]
    if template is None:
        return None
    placed: list[int] = []
    for part in template.nodes:
        if part.kind is Kind.INPUT:
            placed.append(node.operands[int(part.name)])
        elif part.is_leaf:
            placed.append(builder.leaf(part))
        else:
            placed.append(builder.apply(part.operator, tuple(placed[i] for i in part.operands)))
    return builder.term(placed[template.root])


@lru_cache(maxsize=1024)
def _derived_partials(operator: Operator) -> tuple[Program | None, ...]:
    """Partials of a composite without its own, through its expansion; operands are inputs "0", "1", ..."""
    builder = ProgramBuilder()
    names = [str(slot) for slot in range(operator.arity)]
    operands = [builder.input(name) for name in names]
    result = builder.expand(operator, operands)
    seed = builder.term(builder.number(1.0))
    found = _reverse(builder, {result.index: seed}, dict(zip(names, operands, strict=True)))
    return tuple(builder.build([found[name].index]) if name in found else None for name in names)


def _builder(term: Term) -> ProgramBuilder:
    assert isinstance(term.builder, ProgramBuilder)
    return term.builder
