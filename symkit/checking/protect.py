"""Protecting: operators with holes become closed ones, as search spaces have them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from symkit.errors import DomainError, LimitError
from symkit.evaluation import evaluate_balls
from symkit.ir import MAX_NODES, MAX_TREE, Kind, Node, Program, ProgramBuilder, lower, rebuild
from symkit.ops import Operator, standard
from symkit.ops.record import Relation
from symkit.text import Expression, parse
from symkit.text.expression import needed_constants
from symkit.text.names import SETTABLE_CONSTANTS

MAX_PASSES = 20

SMALLEST = 2.0**-126
"""The smallest normal float32: what is smaller may be 0 there, and its reciprocal infinite."""

MOST_CLASSES = 2**30

HOLDS: dict[Relation, Callable[[Any], bool]] = {
    "> 0": lambda ball: bool(ball > SMALLEST),
    ">= 0": lambda ball: bool(ball >= 0),
    "!= 0": lambda ball: bool(abs(ball) > SMALLEST),
}


def protect(e: Expression | str, *, division: str = "aq") -> Expression:
    """The expression with closed operators in place of those that are not defined everywhere.

    The replacement goes by name and changes the function. After R table 3.1 `x/y` becomes `aq(x, y)`, `log(x)`
    becomes `log_abs_eps(x)`, `sqrt(x)` becomes `sqrt_abs_eps(x)`. Likewise `log1p(x)` becomes `log_abs_eps(1 + x)`.
    A power with a negative literal exponent becomes a quotient, which is replaced in turn; with any other exponent
    that is no natural number it becomes `exp(y*log_abs_eps(x))`, the power of |x| + eps. Composites with a hole
    (`reciprocal`, `tan`, `celu` at a learnable alpha, defined operators) are written out, and what they stand on is
    replaced. Records of operators say which closed form stands in for them.

    What only literals and constants decide is left alone where they rule the hole out: `x/2`, `log(2*pi)`, `x**2`,
    `2**x`, `y/C`. Whether an operand that varies can reach the hole is not asked: `1/cosh(x)` is replaced too, and
    so is the branch of a `where` that avoids it.

    Args:
        e: an expression or its text.
        division: "aq", the analytic quotient (R table 3.1), or "divide_no_nan", which is 0 where the divisor is 0
            (B section 4.1.1).

    Returns:
        An expression of the same signature. Protecting it again changes nothing. Its operators are defined for all real
        operands. That does not make it finite in a dtype: see `unprotected` for those that overflow soon; sums,
        products and squares overflow too if their operands are large enough, and so does `divide_no_nan` at a tiny
        divisor.

    Raises:
        DomainError: for another division, or if the header sets eps to what cannot protect.
        LimitError: if what is written out is larger than an expression may be.
    """
    expression = parse(e) if isinstance(e, str) else e
    divisions = tuple(standard()["div"].protected)
    if division not in divisions:
        raise DomainError(f"division {division!r} is not one of {', '.join(divisions)}")

    program = lower(expression.program, keep=_may_stay)
    for _ in range(MAX_PASSES):
        holes = frozenset(_holes(program, expression))
        changed = _filled(program, holes, division)
        if changed == program:
            break
        program = changed
        _check_size(program)
    if program == expression.program:
        return expression
    eps = expression.constants.get("eps", math.inf)
    if eps < SMALLEST and "eps" in needed_constants(program):
        raise DomainError(f"eps = {eps!r} keeps no operand away from 0; set it to at least {SMALLEST!r}")
    return expression.with_program(program)


def unprotected(e: Expression | str) -> tuple[str, ...]:
    """Names of the operators that may give NaN or an infinity soon: with a hole, or overflowing below 1e4.

    They are judged by name as `protect` does, operands before users; defined operators by those they stand on. Of
    what `protect` returns it names those for which no closed operator stands in: `exp`, `cosh` and the like.
    """
    expression = parse(e) if isinstance(e, str) else e
    program = lower(expression.program, keep=lambda operator: operator.definition is None)
    holes = frozenset(_holes(program, expression))
    varies = _varying(program.nodes)
    found = (
        node.operator.name
        for index, node in enumerate(program.nodes)
        if node in holes or (varies[index] and _overflows(program, node))
    )
    return tuple(dict.fromkeys(found))


def _filled(program: Program, holes: frozenset[Node], division: str) -> Program:
    """The Program with a closed form for each node with a hole, if it has one, or else written out one level."""

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        if node not in holes:
            return None
        forms = node.operator.protected
        if forms:
            form = forms[division] if division in forms else next(iter(forms.values()))
            return builder.lifted(form(builder.algebra, *builder.terms(operands))).index
        return None if node.operator.is_primitive else builder.expand(node.operator, operands).index

    return rebuild(program, change)


def _holes(program: Program, expression: Expression) -> Iterator[Node]:
    """The nodes whose operator is not known to be defined at its operands: only constants can settle that."""
    builder = ProgramBuilder()
    placed = builder.include(program)
    conditions: list[tuple[Node, Relation, int]] = []
    for node in program.nodes:
        if not node.is_leaf:
            operands = builder.terms(placed[i] for i in node.operands)
            for condition in node.operator.domain:
                term = builder.lifted(condition.of(builder.algebra, *operands))
                conditions.append((node, condition.relation, term.index))
    varies = _varying(builder.nodes)
    yield from (node for node, _, term in conditions if varies[term])
    constant = [(node, relation, term) for node, relation, term in conditions if not varies[term]]
    if constant:
        balls = evaluate_balls(builder.build([term for _, _, term in constant]), _constants(expression))
        for (node, relation, _), ball in zip(constant, balls, strict=True):
            if not HOLDS[relation](ball):
                yield node


def _varying(nodes: list[Node] | tuple[Node, ...]) -> list[bool]:
    """For each node whether it stands on an input or a parameter."""
    varies: list[bool] = []
    for node in nodes:
        is_variable = node.kind in (Kind.INPUT, Kind.PARAMETER)
        varies.append(is_variable or any(varies[operand] for operand in node.operands))
    return varies


def _constants(expression: Expression) -> dict[str, Any]:
    """Constants as balls; without a value, C is any number of classes."""
    from flint import arb

    any_number = arb(1).union(arb(MOST_CLASSES))
    return {**SETTABLE_CONSTANTS, "C": any_number, **expression.constants}


def _overflows(program: Program, node: Node) -> bool:
    if node.is_leaf:
        return False
    operator = node.operator
    literals = tuple(n.number if n.kind is Kind.NUMBER else None for n in (program.nodes[i] for i in node.operands))
    return operator.overflows and not (operator.tame is not None and operator.tame(literals))


@lru_cache(maxsize=1024)
def _may_stay(operator: Operator) -> bool:
    """Whether a record says itself where it is defined, or stands on nothing that has a hole."""
    if operator.definition is None:
        return True
    builder = ProgramBuilder()
    operands = tuple(builder.input(f"operand{slot}") for slot in range(operator.arity))
    inside = builder.build([builder.expand(operator, operands).index])
    return not any(_holes(inside, Expression(inside, "plain", inside.inputs)))


def _check_size(program: Program) -> None:
    if len(program) > MAX_NODES or program.tree_size > MAX_TREE:
        raise LimitError(
            f"with closed forms the expression has {len(program)} different nodes, {program.tree_size} written out "
            f"as a tree; the limits are {MAX_NODES} and {MAX_TREE}"
        )
