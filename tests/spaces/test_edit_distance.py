"""Edit distances: by hand, by networkx, by trying every matching, and as a metric."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from itertools import combinations, islice, permutations, product
from random import Random
from typing import Any

import pytest

from symkit.errors import DomainError
from symkit.ir import Kind, Program
from symkit.spaces import Recipe, generate, generated
from symkit.spaces.edits.distance import EditDistance, edit_distance
from symkit.spaces.edits.graph import cost
from symkit.spaces.edits.matching import by_neighbourhoods
from symkit.text import Expression, parse

SMALL = Recipe(operators=("add", "mul", "sub", "pow", "tanh", "erf"), max_size=3, max_depth=3, sharing=0.3)
UNORDERED = Recipe(operators=("add", "mul", "max", "tanh", "erf", "abs"), max_size=4, max_depth=4, sharing=0.3)
MIXED = Recipe(max_size=7, max_depth=5, sharing=0.2, keep_defaults=1.0)


def distance(a: str, b: str) -> int:
    found = edit_distance(parse(a, kind="activation"), parse(b, kind="activation"))
    assert found.exact
    return found.distance


@pytest.mark.parametrize(
    ("a", "b", "edits"),
    [
        ("tanh(x)", "tanh(x)", 0),
        ("tanh(x)", "erf(x)", 1),
        ("tanh(x) + erf(x)", "erf(x) + tanh(x)", 0),
        # One relabelling, though both operands change their slots.
        ("tanh(x) + erf(x)", "erf(x) + swish(x)", 1),
        ("tanh(x) + erf(x)", "erf(x) - tanh(x)", 1),
        ("tanh(x) + erf(x)", "tanh(x)*erf(x)", 1),
        # The order of operands of a difference is lost on the way over a sum: two relabellings.
        ("tanh(x) - erf(x)", "erf(x) - tanh(x)", 2),
        ("tanh(x) - erf(x)", "tanh(x)/erf(x)", 1),
        ("tanh(x) - erf(x)", "erf(x)/tanh(x)", 2),
        # Names of parameters do not matter; what they share does: two nodes, or one with two users.
        ("alpha*x", "beta*x", 0),
        ("alpha*x + alpha", "alpha*x + beta", 3),
        ("alpha*x", "2*x", 1),
        ("x**2", "x**3", 1),
        # Two edges from x, one of them taken away with a relabelling.
        ("x*x", "exp(x)", 2),
        # A node on an edge: itself, the two edges of it, and the one that it takes the place of.
        ("exp(x)*x", "exp(tanh(x))*x", 4),
        # Cheaper below the last operator: x becomes tanh, and gets another x below.
        ("exp(x)", "exp(tanh(x))", 3),
        ("x", "tanh(x)", 3),
        # The root is marked: edges and labels alone are the same.
        ("where(x > 0, x, 0)", "where(x > 0, 0, x)", 2),
    ],
)
def test_by_hand(a: str, b: str, edits: int) -> None:
    assert distance(a, b) == edits
    assert distance(b, a) == edits


def test_the_mapping_says_what_becomes_what() -> None:
    a, b = parse("tanh(x) + erf(x)"), parse("erf(x) + swish(x)")
    found = edit_distance(a, b)
    labels = {(a.dag.nodes[i]["label"], b.dag.nodes[j]["label"]) for i, j in found.mapping.items()}
    assert labels == {("x", "x"), ("+", "+"), ("erf", "erf"), ("tanh", "swish")}
    assert (found.distance, found.bound, found.exact) == (1, 1, True)


def pairs_of(recipe: Recipe, seed: int, number: int) -> list[tuple[Expression, Expression]]:
    drawn = list(islice(generated(seed, recipe), 2 * number))
    return list(zip(drawn[::2], drawn[1::2], strict=True))


def as_networkx(program: Program) -> Any:
    """The graph with a mark on its root; slots are left out."""
    import networkx as nx

    graph = nx.MultiDiGraph()
    graph.add_node("mark", label="mark")
    for index, node in enumerate(program):
        graph.add_node(index, label=None if node.kind is Kind.PARAMETER else node.value)
        graph.add_edges_from((operand, index) for operand in node.operands)
    graph.add_edge(program.root, "mark")
    return graph


@pytest.mark.parametrize(("a", "b"), pairs_of(UNORDERED, 1, 40))
def test_networkx_agrees_where_slots_do_not_matter(a: Expression, b: Expression) -> None:
    import networkx as nx

    known = nx.graph_edit_distance(
        as_networkx(a.program),
        as_networkx(b.program),
        node_match=lambda one, other: one["label"] == other["label"],
        roots=("mark", "mark"),
        upper_bound=edit_distance(a, b).distance + 0.5,
    )
    assert edit_distance(a, b).distance == known


def edges_into(program: Program, index: int) -> Counter[tuple[int, int]]:
    return Counter((operand, slot) for slot, operand in enumerate(program.nodes[index].operands))


def least_by_trying(a: Program, b: Program) -> int:
    """Every matching, and for each pair of nodes that mind the order both ways of keeping edges."""
    best = 10**9
    for size in range(min(len(a), len(b)) + 1):
        for chosen in combinations(range(len(a)), size):
            for partners in permutations(range(len(b)), size):
                best = min(best, edits_of(a, b, dict(zip(chosen, partners, strict=True))))
    return best


def edits_of(a: Program, b: Program, become: dict[int, int]) -> int:
    edits = len(a) + len(b) - 2 * len(become) + 2 * (become.get(a.root) != b.root)
    edits += sum(len(node.operands) for i, node in enumerate(a) if i not in become)
    edits += sum(len(node.operands) for j, node in enumerate(b) if j not in become.values())
    for i, j in become.items():
        one, other = a.nodes[i], b.nodes[j]
        both_parameters = one.kind is other.kind is Kind.PARAMETER
        differ = int((one.kind, one.value) != (other.kind, other.value) and not both_parameters)
        before = Counter({(become.get(o, -1), s): n for (o, s), n in edges_into(a, i).items()})
        after = edges_into(b, j)
        before_unordered, after_unordered = (Counter(o for o, _ in edges.elements()) for edges in (before, after))
        unordered = symmetric_difference(before_unordered, after_unordered)
        if minds_order(a, i) and minds_order(b, j):
            edits += min(differ + symmetric_difference(before, after), 2 + unordered)
        else:
            edits += differ + unordered
    return edits


def minds_order(program: Program, index: int) -> bool:
    node = program.nodes[index]
    return len(node.operands) > 1 and not node.operator.commutative


def symmetric_difference(one: Counter[Any], other: Counter[Any]) -> int:
    return ((one - other) + (other - one)).total()


@pytest.mark.parametrize(
    ("a", "b"), [(a, b) for a, b in pairs_of(SMALL, 5, 90) if len(a.program) + len(b.program) < 12]
)
def test_no_matching_has_fewer_edits(a: Expression, b: Expression) -> None:
    found = edit_distance(a, b)
    assert found.exact
    assert found.distance == least_by_trying(a.program, b.program)
    assert found.distance == edits_of(a.program, b.program, dict(found.mapping))


@pytest.mark.parametrize(("a", "b"), pairs_of(MIXED, 3, 25))
def test_it_is_symmetric_and_its_mapping_costs_as_much(a: Expression, b: Expression) -> None:
    there, back = edit_distance(a, b), edit_distance(b, a)
    assert there.exact
    assert back.exact
    assert there.distance == back.distance == edits_of(a.program, b.program, dict(there.mapping))
    assert by_neighbourhoods(a.program, b.program).bound <= there.distance


@pytest.mark.parametrize("seed", range(25))
def test_no_detour_is_shorter(seed: int) -> None:
    rng = Random(seed)
    a, b, c = (generate(rng, SMALL) for _ in range(3))
    direct = edit_distance(a, c).distance
    assert direct <= edit_distance(a, b).distance + edit_distance(b, c).distance


def test_only_equal_graphs_are_at_distance_0() -> None:
    drawn = list(islice(generated(2, Recipe(operators=("add", "sub", "erf"), max_size=2, max_depth=2)), 30))
    for a, b in product(drawn, drawn):
        assert (edit_distance(a, b).distance == 0) == (a.digest == b.digest)


def test_a_matching_may_be_priced_without_a_search() -> None:
    a, b = parse("tanh(x) + erf(x)"), parse("erf(x) + swish(x)")
    # Nothing kept: four nodes and five edges each, the mark's among them.
    assert cost(a.program, b.program, {}) == 18


def test_a_limit_of_time_is_kept_and_told() -> None:
    a, b = islice((e for e in generated(1, Recipe(max_size=80, max_depth=14)) if e.size > 40), 2)
    start = time.monotonic()
    found = edit_distance(a, b, timeout=0.5)
    assert time.monotonic() - start < 5
    assert not found.exact
    assert found.bound < found.distance == edits_of(a.program, b.program, dict(found.mapping))


def test_large_graphs_are_matched_by_neighbourhoods() -> None:
    def chain(sign: str, function: str, order: Iterable[int]) -> Expression:
        return parse(sign.join(f"{function}({i}*x)" for i in order))

    a, b, c = chain("+", "sin", range(80)), chain("*", "cos", range(80)), chain("*", "cos", reversed(range(80)))
    assert edit_distance(a, a) == EditDistance(0, 0, {i: i for i in range(len(a.program))})
    relabelled = edit_distance(a, b)
    assert (relabelled.distance, relabelled.exact) == (80 + 79, True)
    found = edit_distance(a, c)
    assert not found.exact
    assert 80 + 79 <= found.bound < found.distance == edits_of(a.program, c.program, dict(found.mapping))


@pytest.mark.parametrize(
    ("a", "timeout", "words"),
    [
        (3, 1.0, "between expressions, not int"),
        (parse("x"), 0.0, "a time in seconds above 0, not 0.0"),
        (parse("x"), float("nan"), "a time in seconds above 0, not nan"),
        (parse("*".join(f"sin({i}*x)" for i in range(200))), 1.0, r"the graph has \d+ nodes; .* up to 500"),
    ],
)
def test_what_has_no_distance(a: Any, timeout: float, words: str) -> None:
    with pytest.raises(DomainError, match=words):
        edit_distance(a, parse("x"), timeout=timeout)
