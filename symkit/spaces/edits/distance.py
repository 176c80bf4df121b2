"""How many edits lead from one expression to another: a graph edit distance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from symkit.errors import DomainError
from symkit.spaces.edits.matching import match
from symkit.text import Expression, parse

MAX_NODES = 500


@dataclass(frozen=True)
class EditDistance:
    """The edits between two expressions.

    Attributes:
        distance: the least number of edits, or the least found in time.
        bound: no fewer edits do; equal to `distance` where that is exact.
        mapping: nodes of the first graph and the nodes of the second that they become, as `Expression.dag` numbers
            them. Other nodes of the first are deleted, other nodes of the second inserted.
    """

    distance: int
    bound: int
    mapping: Mapping[int, int]

    @property
    def exact(self) -> bool:
        """Whether the distance is proved to be the least."""
        return self.distance == self.bound


def edit_distance(a: Expression | str, b: Expression | str, *, timeout: float = 10.0) -> EditDistance:
    """The least number of edits that make the graph of one expression that of another.

    The graph is `Expression.dag`, in which equal subterms are one node, with a mark on its root. An edit deletes or
    inserts a node or an edge, or gives a node another label; to move the mark takes two. A label is an operator, an
    input or a constant by its name, or a literal by its bits; parameters all have one label, whatever their names and
    initial values. Edges keep their slots when their user is relabelled, but operands of a commutative operator stand
    in no order: to exchange them costs nothing. So `a + b` is one edit from `a - b`, and that is two from `b - a`.

    On graphs it is a metric: symmetric, 0 only between expressions of equal `digest`, with the triangle inequality.

    Graphs of up to 200 edges are searched until the distance is exact, or time is over; larger ones are only matched
    by labels and numbers of edges. Functions of CAFE, PANGAEA and AQuaSurF take about 10 milliseconds, full trees of
    EvoMAL a few tenths of a second, random graphs of 40 nodes many seconds.

    Args:
        timeout: seconds after which the best is returned that was found.

    Raises:
        DomainError: for what is no Expression or has more than 500 nodes, and for a timeout that is not positive.
    """
    first, second = graph_of(a), graph_of(b)
    if not timeout > 0:
        raise DomainError(f"timeout is a time in seconds above 0, not {timeout!r}")
    found = match(first.program, second.program, timeout)
    return EditDistance(found.cost, found.bound, MappingProxyType(dict(found.pairs)))


def graph_of(e: Expression | str) -> Expression:
    """The expression, parsed if it is text. Raises DomainError for what has no edit distance."""
    e = parse(e) if isinstance(e, str) else e
    if not isinstance(e, Expression):
        raise DomainError(f"an edit distance is between expressions, not {type(e).__name__}")
    if len(e.program) > MAX_NODES:
        raise DomainError(f"the graph has {len(e.program)} nodes; edit distances are found up to {MAX_NODES}")
    return e
