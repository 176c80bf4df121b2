"""Enforcing: a loss that misses an argument or can be negative becomes one that is legal, as EvoMAL does it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from operator import index
from random import Random
from typing import TYPE_CHECKING, Any

from symkit.checking.losses import difference
from symkit.checking.protect import unprotected
from symkit.errors import DomainError
from symkit.evaluation.intervals import IntervalEvaluator
from symkit.ir import Kind, Node
from symkit.ops import Operator, standard
from symkit.text import Expression, parse
from symkit.text.names import LOSS_INPUTS

if TYPE_CHECKING:
    import networkx as nx

BINARY = ("add", "sub", "mul", "aq", "min", "max")
"""The binary operators of EvoMAL's search space, R table 3.1."""

MAX_TRIES = 20
SAMPLES = 400
"""Points at which a dependence is looked for."""

Simplify = Callable[[Expression], Expression]
Place = tuple[Any, Any, int] | None
"""A terminal as (leaf, operator that it is an operand of, slot); None is a leaf that is the whole expression."""


def enforce(e: Expression | str, *, rng: int | Random, simplify: Simplify | None = None) -> Expression:
    """The loss, changed as little as chance allows so that it is legal (R section 3.2.2, constraint enforcement).

    Two constraints, in the order of the source:

    1. *Required arguments*: the value must depend on the target `y` and on the prediction, which is `p`, or `z` in
       a loss without `p`. If it does not, one terminal is replaced by a binary operator of R table 3.1 (`add`,
       `sub`, `mul`, `aq`, `min`, `max`) over the two, in either order; terminal, operator and order are drawn from
       `rng`. That is one replacement, as in the source. The source looks whether the arguments stand in the
       expression; here the value must change with them, which `p**2 + (y - y)` does not with y. A terminal whose
       replacement does not help, or opens a hole (an exponent, a literal divisor), is passed over for another one.
       Where none helps, as in `zero(p)`, the binary operator replaces the whole expression.
    2. *Non-negative output*: the root is passed through softplus. The source does that to every loss; here a loss
       stays as it is if interval arithmetic proves that it is never negative.

    A terminal is one edge of `Expression.dag`: a leaf that several operators share is replaced at one of them, and in a
    subterm that is shared it is replaced for all who share it.

    Args:
        e: a loss or its text.
        rng: a seed, which gives the same loss each time, or a Random, which moves on.
        simplify: applied before and after each replacement, such as `symkit.simplify`; constraints are checked on
            what it gives. A simplification is not taken where it hides that the loss is never negative.

    Returns:
        A legal loss; its inputs are both arguments, also if the header named one of them. A legal one is returned
        unchanged. Operators with holes stay: `protect` is for those.

    Raises:
        DomainError: for what is no loss, and for an rng that is neither.
    """
    expression = parse(e) if isinstance(e, str) else e
    chance = _chance(rng)
    made_simple = _keeping_nonnegative(simplify) if simplify is not None else _unchanged
    loss = made_simple(_with_required_inputs(expression))
    legal = _made_nonnegative(loss)
    return legal if uses_required_arguments(legal) else _with_arguments(loss, chance, made_simple)


def required_arguments(loss: Expression) -> tuple[str, str]:
    """Target and prediction of a loss: `y`, and `p`, or `z` where the inputs have no `p`."""
    return "y", "z" if "z" in loss.inputs and "p" not in loss.inputs else "p"


def uses_required_arguments(loss: Expression) -> bool:
    """Whether the value really depends on target and prediction: each has a witness, see `witness_of_use`."""
    return all(witness_of_use(loss, name) is not None for name in required_arguments(loss))


def is_nonnegative(loss: Expression) -> bool:
    """Whether interval arithmetic proves that no value is negative, for any inputs and parameters, over the reals."""
    import numpy as np

    anything = np.array([-math.inf]), np.array([math.inf])
    boxes = dict.fromkeys((*loss.inputs, *loss.parameters), anything)
    if "C" not in loss.constants:
        boxes["C"] = np.array([1.0]), np.array([math.inf])
    constants = loss.constant_values(C=loss.constants.get("C", 1.0))
    (found,) = IntervalEvaluator(loss.program, None, constants)(boxes)
    return bool(np.all(found.low >= 0))


def witness_of_use(e: Expression, name: str) -> tuple[dict[str, float], dict[str, float]] | None:
    """Two points that differ in one input alone and have different exact, finite values; None if none was found.

    Points are random, the same in each call, of several magnitudes and between 0 and 1. Parameters are drawn too, since
    they are learnt. A pair that is found proves the dependence; none proves nothing.
    """
    if name not in e.program.inputs:
        return None
    import numpy as np

    rng = np.random.default_rng(0)
    leaves = dict.fromkeys((*e.inputs, *e.parameters))
    points = {leaf: _spread(rng) for leaf in leaves}
    constants = e.constant_values(C=e.constants.get("C", 10.0))
    moved = points | {name: _spread(rng)}
    return difference(e.program, points, moved, constants)


def _spread(rng: Any) -> Any:
    """Points of several magnitudes and signs, every other one between 0 and 1, where losses of probabilities live."""
    points = rng.normal(size=SAMPLES) * rng.choice((0.1, 1.0, 10.0), size=SAMPLES)
    points[::2] = rng.uniform(size=points[::2].shape)
    return points


def _with_arguments(loss: Expression, chance: Random, made_simple: Simplify) -> Expression:
    """A legal loss, by one terminal that is replaced so that the value uses both arguments and has no new hole."""
    places = list(_terminals(loss))
    chance.shuffle(places)
    allowed = set(unprotected(loss))
    for place in places[:MAX_TRIES]:
        changed = made_simple(_replaced(loss, place, *_binary(loss, chance)))
        if allowed.issuperset(unprotected(changed)):
            # Through softplus an argument may leave no trace, so it is the outcome that is looked at.
            legal = _made_nonnegative(changed)
            if uses_required_arguments(legal):
                return legal
    return _made_nonnegative(_replaced(loss, None, *_binary(loss, chance)))


def _binary(loss: Expression, chance: Random) -> tuple[Operator, tuple[str, ...]]:
    """A random binary operator and the arguments in random order."""
    operator = standard()[chance.choice(BINARY)]
    return operator, tuple(chance.sample(required_arguments(loss), 2))


def _terminals(loss: Expression) -> Iterator[Place]:
    """Every terminal that the text shows: operands left at their defaults are none."""
    nodes = loss.program.nodes
    if nodes[loss.program.root].is_leaf:
        yield None
    for user, node in enumerate(nodes):
        for slot, operand in enumerate(node.operands):
            if nodes[operand].is_leaf and not _is_default(node.operator, slot, nodes[operand]):
                yield operand, user, slot


def _is_default(operator: Operator, slot: int, leaf: Node) -> bool:
    position = slot - (operator.arity - len(operator.defaults))
    return position >= 0 and leaf.kind is Kind.NUMBER and leaf.number == operator.defaults[position]


def _replaced(loss: Expression, place: Place, operator: Operator, arguments: tuple[str, ...]) -> Expression:
    """The loss with an operator over inputs at the place of a terminal, or of the whole."""
    graph = loss.dag.copy()
    _add_operator(graph, operator, arguments)
    for name in arguments:
        graph.add_node(name, kind=Kind.INPUT, value=name)
    if place is None:
        graph.graph["roots"] = (operator,)
    else:
        leaf, user, slot = place
        graph.remove_edge(leaf, user, key=slot)
        graph.add_edge(operator, user, key=slot, slot=slot)
    return Expression.from_dag(graph)


def _made_nonnegative(loss: Expression) -> Expression:
    """The loss through softplus, unless it is known not to need it."""
    if is_nonnegative(loss):
        return loss
    graph = loss.dag.copy()
    softplus = standard()["softplus"]
    _add_operator(graph, softplus, graph.graph["roots"])
    graph.graph["roots"] = (softplus,)
    return Expression.from_dag(graph)


def _add_operator(graph: nx.MultiDiGraph[Any], operator: Operator, operands: Sequence[Any]) -> None:
    """A node for the operator, named by its record, with edges from its operands."""
    graph.add_node(operator, kind=Kind.APPLY, value=operator)
    for slot, operand in enumerate(operands):
        graph.add_edge(operand, operator, key=slot, slot=slot)


def _with_required_inputs(expression: Expression) -> Expression:
    """The expression over target and prediction, if it is a loss."""
    if expression.kind != "loss":
        raise DomainError(
            f"enforce is for losses; {expression} has kind {expression.kind}: write it in y and p, or parse it with "
            'kind="loss"'
        )
    missing = [name for name in required_arguments(expression) if name not in expression.inputs]
    if not missing:
        return expression
    if missing[0] in expression.parameters:
        raise DomainError(
            f"{missing[0]} is a parameter of {expression}, and a loss has an input of that name; rename it"
        )
    inputs = tuple(name for name in LOSS_INPUTS if name in (*missing, *expression.inputs))
    return replace(expression, inputs=inputs)


def _chance(rng: int | Random) -> Random:
    if isinstance(rng, Random):
        return rng
    try:
        return Random(index(rng))
    except TypeError:
        raise DomainError(f"rng must be an int, as a seed, or a random.Random, not {rng!r}") from None


def _keeping_nonnegative(simplify: Simplify) -> Simplify:
    """`simplify`, but for what it would take the sign of out of sight."""

    def made_simple(loss: Expression) -> Expression:
        found = simplify(loss)
        return loss if is_nonnegative(loss) and not is_nonnegative(found) else found

    return made_simple


def _unchanged(loss: Expression) -> Expression:
    return loss
