"""PANGAEA's first functions, mutations and parameters (B section 4.1.1)."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from math import comb
from random import Random
from typing import Any, cast

import numpy as np
import pytest
from tree_tools import differing, expression_of, is_even, plain, shape, tree_of

import symkit
from symkit import spaces
from symkit.errors import DomainError
from symkit.ir import ProgramBuilder
from symkit.ops import standard
from symkit.spaces.trees import Tree, walk
from symkit.spaces.variation.graph import from_graph, to_graph
from symkit.spaces.variation.pangaea import Pangaea
from symkit.spaces.variation.slots import parameterised
from symkit.text import parse

SPACE = spaces.pangaea()
ALGORITHM = cast(Pangaea, SPACE.algorithm)

FIGURE_4_2 = "square(tanh(x) + abs(erf(x)))"
SEVEN = "tanh(relu(x) + exp(abs(x) - erf(x)))"
EIGHT = "tanh(relu(x) + exp(abs(x) - erf(sinh(x))))"
POINTS = np.array([-3.0, -0.5, 0.0, 0.7, 2.5])


def graph_of(text: str) -> Any:
    return to_graph(tree_of(SPACE, text))


def members(seed: int, count: int) -> list[Tree]:
    """Trees of all sizes up to seven, without weights."""
    rng = Random(seed)
    found = [tree_of(SPACE, e) for e in SPACE.sample(rng, count, how="initial")]
    return [plain(tree) for tree in found + [tree_of(SPACE, e) for e in SPACE.sample(rng, count)]]


def test_children_are_members_whatever_came_before() -> None:
    rng = Random(1)
    population = SPACE.sample(rng, 20, how="initial")
    largest = 0
    for _ in range(1500):
        child = SPACE.mutate(rng.choice(population), rng)
        assert child in SPACE
        largest = max(largest, tree_of(SPACE, child).operators)
        population[rng.randrange(20)] = child
    assert largest > 7


def test_large_functions_only_shrink() -> None:
    large, eight = graph_of(f"max({SEVEN}, {SEVEN})"), graph_of(EIGHT)
    for seed in range(200):
        assert from_graph(ALGORITHM.mutate(large, Random(seed))).operators < 15
        assert from_graph(ALGORITHM.mutate(eight, Random(seed))).operators < 8


def test_no_chain_of_copies_leaves_the_space() -> None:
    small = spaces.pangaea(max_nodes=2)
    rng = Random(2)
    for _ in range(100):
        (e,) = small.sample(rng, how="initial")
        for _ in range(4):
            e = small.mutate(e, rng)
            assert e in small


def test_first_functions() -> None:
    rng = Random(3)
    kinds, unary, binary, parameters = (Counter[object]() for _ in range(4))
    for _ in range(6000):
        tree = ALGORITHM.initial(rng)
        kinds[shape(tree)] += 1
        forms = [node.form for node in walk(tree) if node.children]
        unary.update(form for form in forms if form.arity == 1)
        binary.update(form for form in forms if form.arity == 2)
        parameters[len(tree.weights)] += 1
        assert all(node.form.text == "x" for node in walk(tree) if not node.children)
    assert is_even(kinds, [1 / 2, 1 / 2], [(1, 1, 0), (2, 1, 0, 1, 0)])
    assert is_even(unary, [1 / 27] * 27, SPACE.operators["unary"].forms)
    assert is_even(binary, [1 / 7] * 7, SPACE.operators["binary"].forms)
    assert is_even(parameters, [1 / 4] * 4, [0, 1, 2, 3])


@pytest.mark.parametrize(
    ("text", "chances"),
    [
        (SEVEN, [1 / 4, 1 / 4, 1 / 4, 1 / 4]),
        (FIGURE_4_2, [1 / 4, 1 / 4, 1 / 4, 1 / 4]),
        ("relu(x)", [1 / 4, 0, 2 / 4, 1 / 4]),
        ("x + 0", [1 / 4, 0, 2 / 4, 1 / 4]),
        (EIGHT, [0, 1, 0, 0]),
    ],
)
def test_mutations_are_equally_likely_with_two_exceptions(text: str, chances: list[float]) -> None:
    rng, graph = Random(4), graph_of(text)
    kinds = Counter[object](ALGORITHM.mutation(graph, rng) for _ in range(4000))
    keys = ["insert", "remove", "change", "regenerate"]
    assert set(kinds) == {key for key, chance in zip(keys, chances, strict=True) if chance}
    some = [(key, chance) for key, chance in zip(keys, chances, strict=True) if chance]
    assert len(some) == 1 or is_even(kinds, [chance for _, chance in some], [key for key, _ in some])


def test_mutate_uses_all_four() -> None:
    """What a child has for a size and a shape tells the kinds apart, up to regenerate and change."""
    rng, parent = Random(5), plain(tree_of(SPACE, FIGURE_4_2))
    kinds = Counter[object]()
    for _ in range(1500):
        child = plain(from_graph(ALGORITHM.mutate(to_graph(parent), rng)))
        if shape(child) == shape(parent):
            changed = len(differing(parent, child))
            assert changed in (1, 5)
            kinds["change" if changed == 1 else "regenerate"] += 1
        else:
            kinds["insert" if child.operators > parent.operators else "remove"] += 1
    assert is_even(kinds, [1 / 4] * 4, ["insert", "remove", "change", "regenerate"])


def test_insert_puts_any_operator_on_any_edge() -> None:
    rng, parent = Random(6), plain(tree_of(SPACE, FIGURE_4_2))
    nodes = list(walk(parent))
    forms, places = Counter[object](), Counter[object]()
    for _ in range(2000):
        child = from_graph(ALGORITHM.insert(to_graph(parent), rng))
        # The operator stands where the walk through the child first differs in a form or in what follows.
        place, inserted = next(
            (place, node)
            for place, node in enumerate(walk(child))
            if node.form.arity and node.children[0] == nodes[place] and node != nodes[place]
        )
        forms[inserted.form] += 1
        places[place] += 1
    operators = [*SPACE.operators["unary"].forms, *SPACE.operators["binary"].forms]
    assert is_even(forms, [1 / 34] * 34, operators)
    assert is_even(places, [1 / len(nodes)] * len(nodes), range(len(nodes)))


def test_insert_of_a_binary_operator_keeps_the_values() -> None:
    rng, met = Random(7), Counter[str]()
    for parent in members(7, 150):
        child = from_graph(ALGORITHM.insert(to_graph(parent), rng))
        added = Counter(node.form for node in walk(child) if node.form.arity == 2)
        added -= Counter(node.form for node in walk(parent) if node.form.arity == 2)
        if not added:
            assert child.operators == parent.operators + 1
            continue
        met.update(form.text for form in added)
        before, after = (
            symkit.evaluate(expression_of(SPACE, tree), x=POINTS, stabilise=False) for tree in (parent, child)
        )
        np.testing.assert_array_equal(before, after)
    assert set(met) == {"add", "sub", "mul", "divide_no_nan", "pow", "max", "min"}


def test_second_operands_of_inserted_operators() -> None:
    graph = graph_of("relu(x)")
    found = {str(expression_of(SPACE, from_graph(ALGORITHM.insert(graph, Random(seed))))) for seed in range(900)}
    assert {"relu(x) + 0", "relu(x) - 0", "relu(x)*1", "divide_no_nan(relu(x), 1)", "relu(x)**1"} <= found
    assert {
        "max(relu(x), relu(x))",
        "min(relu(x), relu(x))",
        "relu(x + 0)",
        "relu(max(x, x))",
        "relu(tanh(x))",
    } <= found
    # relu(relu(x)) comes of both edges.
    assert len(found) == 2 * 34 - 1


def test_remove_takes_one_operator_and_what_is_not_kept() -> None:
    rng, graph = Random(8), graph_of(FIGURE_4_2)
    found = Counter[object](str(expression_of(SPACE, from_graph(ALGORITHM.remove(graph, rng)))) for _ in range(1000))
    chances = {
        "tanh(x) + abs(erf(x))": 1 / 5,
        "square(tanh(x))": 1 / 10,
        "square(abs(erf(x)))": 1 / 10,
        "square(x + abs(erf(x)))": 1 / 5,
        "square(tanh(x) + erf(x))": 1 / 5,
        "square(tanh(x) + abs(x))": 1 / 5,
    }
    assert is_even(found, list(chances.values()), list(chances))


def test_remove_leaves_an_operator() -> None:
    rng = Random(9)
    for parent in members(9, 200):
        if parent.operators > 1:
            child = from_graph(ALGORITHM.remove(to_graph(parent), rng))
            assert 1 <= child.operators < parent.operators
    for seed in range(40):
        assert str(expression_of(SPACE, from_graph(ALGORITHM.remove(graph_of("erf(x) + 0"), Random(seed))))) in (
            "erf(x)",
            "x + 0",
        )
    with pytest.raises(DomainError, match="change it"):
        ALGORITHM.remove(graph_of("erf(x)"), Random(0))


def test_change_changes_one_node_and_regenerate_all() -> None:
    rng, places = Random(10), Counter[object]()
    for parent in members(10, 200):
        inner = [place for place, node in enumerate(walk(parent)) if node.children]
        one = from_graph(ALGORITHM.change(to_graph(parent), rng))
        assert len(differing(parent, one)) == 1
        assert differing(parent, from_graph(ALGORITHM.regenerate(to_graph(parent), rng))) == inner
    parent = tree_of(SPACE, FIGURE_4_2)
    for _ in range(1000):
        places.update(differing(parent, from_graph(ALGORITHM.change(to_graph(parent), rng))))
    assert is_even(places, [1 / 5] * 5, [0, 1, 2, 4, 5])


class Told(Random):
    """Chooses what it is told to, by text, and fails if that is not among the choices."""

    def __init__(self, *texts: str) -> None:
        super().__init__(0)
        self.texts = list(texts)

    def choice(self, seq: Any) -> Any:
        (found,) = [form for form in seq if form.text == self.texts[0]]
        self.texts.pop(0)
        return found


def test_regenerate_of_figure_4_2() -> None:
    rng = Told("neg", "max", "zero", "tanh", "selu")
    child = from_graph(ALGORITHM.regenerate(graph_of(FIGURE_4_2), rng))
    assert expression_of(SPACE, child) == parse("-max(zero(x), tanh(selu(x)))")


@pytest.mark.parametrize(
    ("kind", "child"),
    [
        ("insert", "square(swish(tanh(x)) + abs(erf(x)))"),
        ("remove", "square(abs(erf(x)))"),
        ("change", "square(tanh(x)*abs(erf(x)))"),
    ],
)
def test_children_of_figure_4_2(kind: str, child: str) -> None:
    mutation = getattr(ALGORITHM, kind)
    rng, graph = Random(13), graph_of(FIGURE_4_2)
    children = {expression_of(SPACE, from_graph(mutation(graph, rng))) for _ in range(1500)}
    assert parse(child) in children


def test_parameters_of_figure_4_3() -> None:
    text = "alpha*sigmoid(beta*abs(x) - arctan(gamma*x))"
    assert text in SPACE
    parent, rng, found = plain(tree_of(SPACE, text)), Random(11), Counter[object]()
    for _ in range(4000):
        tree = parameterised(parent, 3, rng)
        assert plain(tree) == parent
        assert tree.weights == ("alpha", "beta", "gamma")[: len(tree.weights)]
        found[tuple(place for place, node in enumerate(walk(tree)) if node.weight)] += 1
        if len(tree.weights) == 3 and tree == tree_of(SPACE, text):
            found["figure"] += 1
    assert found.pop("figure") > 0
    edges = [chosen for count in range(4) for chosen in combinations(range(6), count)]
    assert is_even(found, [1 / 4 / comb(6, len(chosen)) for chosen in edges], edges)


def test_small_functions_have_room_for_few_parameters() -> None:
    relu = plain(tree_of(SPACE, "relu(x)"))
    found = Counter[object](len(parameterised(relu, 3, Random(seed)).weights) for seed in range(2000))
    assert is_even(found, [1 / 4, 1 / 4, 1 / 2], [0, 1, 2])


def test_parameters_start_at_one() -> None:
    e = next(e for e in (SPACE.mutate(FIGURE_4_2, seed) for seed in range(50)) if len(e.parameters) == 3)
    ones = symkit.evaluate(e, x=0.3, alpha=1.0, beta=1.0, gamma=1.0)
    assert symkit.evaluate(e, x=0.3) == ones


def test_old_parameters_go() -> None:
    none = spaces.pangaea(max_parameters=0)
    assert "alpha*relu(x)" not in none
    seen = {tree_of(SPACE, SPACE.mutate("slope*relu(x)", seed)).weights for seed in range(100)}
    assert seen <= {(), ("alpha",), ("alpha", "beta"), ("alpha", "beta", "gamma")}
    assert len(seen) == 4


@pytest.mark.parametrize(
    "text",
    [
        "erf(0)",
        "relu(1)",
        "x*x",
        "max(x, x)",
        "relu(x)**1",
        "a*relu(b*x) + c*x",
        "sigmoid(k*0)",
        SEVEN,
        EIGHT,
        "max(0, 1)",
    ],
)
def test_members(text: str) -> None:
    assert text in SPACE


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "1",
        "a*x",
        "relu(2)",
        "sin(x)",
        "a*(b*relu(x))",
        "relu(x)*a",
        "a*relu(x) + a*x",
        "a*x + b*(c*x + relu(d*x))",
    ],
)
def test_strangers(text: str) -> None:
    assert text not in SPACE


def test_the_largest_member() -> None:
    fifteen = f"max({SEVEN}, {SEVEN})"
    assert tree_of(SPACE, fifteen).operators == 15
    assert f"relu({fifteen})" not in SPACE


def test_graphs_of_huge_trees_are_refused_at_once() -> None:
    builder = ProgramBuilder(standard())
    index = builder.input("x")
    for _ in range(500):
        index = builder.apply(standard()["add"], (index, index))
    assert ALGORITHM.read(builder.build([index])) is None


def test_there_is_no_crossover() -> None:
    with pytest.raises(DomainError, match="between"):
        SPACE.crossover("relu(x)", "erf(x)", 0)


def test_arguments_stay_as_they_are() -> None:
    for seed, tree in enumerate(members(12, 50)):
        graph = to_graph(tree)
        ALGORITHM.mutate(graph, Random(seed))
        assert from_graph(graph) == tree
