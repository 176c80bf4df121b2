"""The spaces of published searches, and spaces of one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symkit.errors import DomainError
from symkit.ops import OperatorTable, standard
from symkit.spaces.operator_sets import chosen, published
from symkit.spaces.schema_text import read_schema
from symkit.spaces.space import Space
from symkit.spaces.variation.algorithm import Algorithm, Grown
from symkit.spaces.variation.pangaea import Pangaea

PANGAEA_PRINTED = 10_170_042_948_450
"""B equation 4.16. The last row of table 4.11 counts one arrangement of 3 binary and 4 unary operators; there are 5."""

AQUASURF_SCHEMAS = {
    3: "binary(unary(x), unary(x))",
    # B appendix A.4.3; the first is printed with its brackets out of place.
    4: "binary(unary(unary(x)), unary(x)) | binary(unary(x), unary(unary(x))) | n-ary(unary(x), unary(x), unary(x))"
    " | unary(binary(unary(x), unary(x))) | unary(unary(unary(unary(x))))",
}
AQUASURF_UNIQUE = {3: 2_913, 4: 425_896}
"""As printed in B appendix A.4.3."""

EVOMAL_LEAVES = "p | y | 1 | -1"


def schema(
    text: str,
    operators: str | Mapping[str, Sequence[str]] = "aquasurf",
    *,
    name: str = "schema",
    table: OperatorTable | None = None,
) -> Space:
    """A space of one's own.

    Args:
        text: schemas with `|` between them, such as "binary(unary(x), unary(unary(x)))"; see docs/spaces.md.
        operators: the sets of a published space, or lists of names and formulas by the name that the text uses.
        name: what the space is called.
        table: operators that formulas may use; the standard ones if None.

    Raises:
        ParseError: for text that is no schema, with the place.
        DomainError: for sets of operators that cannot be.
        LimitError: for a space of more than 10**4000 functions, or of more than 10,000 operators and leaves.
    """
    read = read_schema(text, chosen(operators, table), table)
    return Space(name, read, Algorithm(read.members), table=table if table is not None else standard())


def cafe(depth: int = 2) -> Space:
    """CAFE's S_depth: balanced trees of core units `binary(unary(x), unary(x))` (B section 3.1, equation 3.1).

    Raises:
        DomainError: for a depth below 1.
        LimitError: for a depth of more than 8.
    """
    if depth < 1:
        raise DomainError(f"a tree of core units has at least depth 1, not {depth}")
    read = read_schema(f"units(binary(unary(x), unary(x)), depth={depth})", published("cafe"))
    return Space(f"CAFE S_{depth}", read, Algorithm(read.members))


def pangaea(max_nodes: int = 7, max_parameters: int = 3) -> Space:
    """PANGAEA's graphs of up to `max_nodes` operators, `max_parameters` edges with parameters (B section 4.1.1).

    Counted are graphs as B section 4.9 counts them, where x stands under unary operators only. Mutations lead further:
    membership allows for x and the neutral operands 0 and 1 anywhere.

    Raises:
        DomainError: for less than one node.
        LimitError: for more than 32 nodes or parameters, or less than no parameters.
    """
    read = read_schema(f"graphs(x, nodes={max_nodes}, parameters={max_parameters})", published("pangaea"))
    printed = PANGAEA_PRINTED if (max_nodes, max_parameters) == (7, 3) else None
    return Space("PANGAEA", read, Pangaea(read, max_nodes, max_parameters), printed)


def aquasurf(nodes: int = 3, *, division: str = "ieee") -> Space:
    """AQuaSurF's functions of three or four nodes (B appendix A.4.3).

    Args:
        nodes: 3, the benchmark's 5,103 functions, or 4, its 1,023,516.
        division: "ieee", where 1/0 is infinite, or "no_nan", where it is 0.

    Raises:
        DomainError: for another number of nodes, and another division.
    """
    if nodes not in AQUASURF_SCHEMAS:
        raise DomainError(f"AQuaSurF has functions of 3 and of 4 nodes, not of {nodes}")
    read = read_schema(AQUASURF_SCHEMAS[nodes], published("aquasurf", division))
    return Space(f"AQuaSurF, {nodes} nodes", read, Algorithm(read.members), printed_unique=AQUASURF_UNIQUE[nodes])


def evomal(max_depth: int = 4) -> Space:
    """EvoMAL's losses: protected operators on p, y, 1 and -1, at most `max_depth` operators deep (R section 3.2.2).

    Raises:
        DomainError: for a depth below 1.
        LimitError: for a depth of more than 11, whose count has more than 4,000 digits.
    """
    return _grown("EvoMAL", "evomal", max_depth)


def glo(max_depth: int = 4) -> Space:
    """GLO's losses: log, square, sqrt, +, -, *, / on p, y, 1 and -1 (Gonzalez and Miikkulainen, arXiv:1905.11528).

    Raises as `evomal` does.
    """
    return _grown("GLO", "glo", max_depth)


def _grown(name: str, operators: str, max_depth: int) -> Space:
    if max_depth < 1:
        raise DomainError(f"max_depth is at least 1, not {max_depth}")
    read = read_schema(f"trees({EVOMAL_LEAVES}, depth={max_depth})", published(operators))
    return Space(name, read, Grown(read.members, max_depth))
