"""Changing one operator and exchanging subtrees leads from members to members."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from tree_tools import differing, expression_of, is_even, plain, tree_of

from symkit import spaces
from symkit.errors import DomainError
from symkit.spaces.space import Space
from symkit.spaces.trees import walk
from symkit.spaces.variation.graph import (
    from_graph,
    operands,
    to_graph,
    with_forms,
    with_operator,
    with_subtree,
    without_operator,
)
from symkit.spaces.variation.slots import slots
from symkit.text import parse

OWN: dict[str, Callable[[], Space]] = {
    "cafe 1": lambda: spaces.cafe(1),
    "cafe 2": spaces.cafe,
    "aquasurf 3": lambda: spaces.aquasurf(3),
    "aquasurf 4": lambda: spaces.aquasurf(4),
    "evomal": spaces.evomal,
    "glo": spaces.glo,
    "sizes": lambda: spaces.schema("graphs(x, nodes=5)"),
    "sizes with weights": lambda: spaces.schema("graphs(x, nodes=5, parameters=2)"),
    "weights and none": lambda: spaces.schema(
        "weighted(binary(unary(unary(x)), unary(x)), parameters=2) | unary(unary(x)) | weighted(unary(x), parameters=1)"
    ),
    "loss": lambda: spaces.schema("weighted(binary(unary(p | y | 1), unary(y)), parameters=3)", "evomal"),
    "formulas": lambda: spaces.schema(
        "binary(unary(x), unary(x) | x)",
        {"unary": ["min(x, 0)", "elu(x, 0.5)", "x*sigmoid(x)"], "binary": ["f(a, b) = a*b + a", "add"]},
    ),
}
PARENT = "cube(min(one(x), cosh(x)))*sigmoid(exp(x) + arctan(x))"
"""B figure 3.1."""


@pytest.fixture(params=OWN)
def space(request: pytest.FixtureRequest) -> Space:
    return OWN[request.param]()


def test_children_are_members(space: Space) -> None:
    rng = Random(20)
    population = space.sample(rng, 10) + space.sample(rng, 10, how="initial")
    for _ in range(120):
        child = space.mutate(rng.choice(population), rng)
        assert child in space
        population[rng.randrange(20)] = child
        child = space.crossover(rng.choice(population), rng.choice(population), rng)
        assert child in space
        population[rng.randrange(20)] = child
    assert len(set(population)) > 4


def test_children_of_the_counted_have_numbers(space: Space) -> None:
    rng = Random(21)
    for _ in range(50):
        a, b = space.sample(rng, 2)
        for child in (space.mutate(a, rng), space.crossover(a, b, rng)):
            assert 0 <= space.rank(child) < space.count()


def test_the_slots_hold_what_stands_in_them(space: Space) -> None:
    rng = Random(22)
    for _ in range(50):
        tree = tree_of(space, space.sample(rng)[0])
        found = slots(space.members, tree)
        nodes = list(walk(tree))
        assert len(found) == len(nodes)
        assert all(slot.fits(node) for slot, node in zip(found, nodes, strict=True))


def test_mutation_changes_one_operator_in_its_set() -> None:
    space = spaces.cafe()
    rng = Random(1)
    parent = space.sample(rng)[0]
    tree, places, forms = tree_of(space, parent), Counter[object](), Counter[object]()
    nodes = list(walk(tree))
    for _ in range(1500):
        child = from_graph(space.algorithm.mutate(to_graph(tree), rng))
        (place,) = differing(tree, child)
        places[place] += 1
        changed = list(walk(child))[place].form
        assert changed.arity == nodes[place].form.arity
        if place == 1:
            forms[changed] += 1
    inner = [place for place, node in enumerate(nodes) if node.children]
    assert len(inner) == 9
    assert is_even(places, [1 / 9] * 9, inner)
    others = [form for form in space.operators["unary"].forms if form is not nodes[1].form]
    assert is_even(forms, [1 / 23] * 23, others)


def test_mutation_of_figure_3_1() -> None:
    space = spaces.cafe()
    child = parse("cube(min(one(x), cosh(x)))*abs(exp(x) + arctan(x))")
    children = {space.mutate(PARENT, seed) for seed in range(1000)}
    assert child in children
    assert parse(PARENT) not in children
    assert len(children) <= 7 * 23 + 2 * 5


def test_leaves_are_changed_where_others_may_stand() -> None:
    space = spaces.schema("unary(x | 1)", {"unary": ["relu"]})
    assert {str(space.mutate("relu(x)", seed)) for seed in range(5)} == {"relu(1)"}
    losses = spaces.schema("trees(p | y | 1 | -1, depth=2)", "evomal")
    found = {str(losses.mutate("p*p", seed)) for seed in range(200)}
    assert {"y*p", "p*y", "1*p", "p*-1", "max(p, p)"} <= found
    assert not found & {"p*p", "abs(p)", "p"}


def test_nothing_to_change() -> None:
    space = spaces.schema("unary(x)", {"unary": ["relu"]})
    with pytest.raises(DomainError, match="larger sets"):
        space.mutate("relu(x)", 0)
    assert space.crossover("relu(x)", "relu(x)", 0) == parse("relu(x)")


def test_mutation_leaves_parameters_where_they_are() -> None:
    space = OWN["sizes with weights"]()
    parent = "relu(slope*erf(x)) + top*tanh(x)"
    tree = tree_of(space, parent)
    for seed in range(50):
        child = from_graph(space.algorithm.mutate(to_graph(tree), Random(seed)))
        assert len(differing(tree, child)) == 1
        assert [node.weight for node in walk(child)] == [node.weight for node in walk(tree)]
        assert set(space.mutate(parent, seed).parameters) == {"slope", "top"}


def test_no_parameter_comes_where_none_may_be_by_a_change() -> None:
    space = spaces.schema(
        "weighted(unary(x), parameters=1) | other(x)", {"unary": ["relu", "erf"], "other": ["tanh", "exp"]}
    )
    assert {str(space.mutate("alpha*relu(x)", seed)) for seed in range(20)} == {"alpha*erf(x)"}
    assert {str(space.mutate("relu(x)", seed)) for seed in range(40)} == {"erf(x)", "tanh(x)", "exp(x)"}
    assert {str(space.mutate("tanh(x)", seed)) for seed in range(40)} == {"erf(x)", "relu(x)", "exp(x)"}


def test_crossover_takes_a_subtree_of_equal_depth_from_the_second_parent() -> None:
    """B section 3.1.3, figure 3.2. No operator of one parent is in the other."""
    space = spaces.cafe()
    a = tree_of(space, "tanh(sinh(x) + cosh(x)) + erf(abs(x) + exp(x))")
    b = tree_of(space, "sin(cos(x)*square(x))*cube(sqrt(x)*sigmoid(x))")
    first, second = list(walk(a)), list(walk(b))
    own = {node.form for node in first if node.children}
    rng, heights, places = Random(3), Counter[object](), Counter[object]()
    for _ in range(1000):
        child = list(walk(from_graph(space.algorithm.crossover(to_graph(a), to_graph(b), rng))))
        foreign = [place for place, node in enumerate(child) if node.children and node.form not in own]
        taken = child[foreign[0]]
        assert taken in second
        assert taken.operators == len(foreign) < 9
        assert taken.height == first[foreign[0]].height
        heights[taken.height] += 1
        places[foreign[0]] += 1
    assert is_even(heights, [4 / 8, 2 / 8, 2 / 8], [1, 2, 3])
    assert is_even(places, [1 / 8] * 8, [place for place, node in enumerate(first) if place and node.children])


def test_crossover_takes_the_whole_where_nothing_else_fits() -> None:
    space = spaces.schema("unary(x) | binary(x, x)", {"unary": ["relu", "erf"], "binary": ["add", "mul"]})
    assert space.crossover("relu(x)", "x + x", 0) == parse("x + x")
    assert space.crossover("x + x", "erf(x)", 0) == parse("erf(x)")


def test_crossover_keeps_the_limit_of_parameters_and_their_names_apart() -> None:
    space = spaces.schema("weighted(binary(unary(unary(x)), unary(unary(x))), parameters=2)")
    a, b = "relu(alpha*erf(x)) + beta*tanh(exp(x))", "alpha*sinh(beta*cosh(x)) + abs(square(x))"
    found: dict[tuple[str, ...], set[tuple[int, ...]]] = {}
    for seed in range(300):
        child = space.crossover(a, b, seed)
        assert child in space
        tree = tree_of(space, child)
        weights = [node.weight for node in walk(tree)]
        if [node.form.text for node in walk(tree)][:3] == ["add", "sinh", "cosh"]:
            found.setdefault(tree.weights, set()).add(tuple(place for place, weight in enumerate(weights) if weight))
    # Of b's two parameters and the one that was there already, any two are kept.
    assert found == {("alpha", "beta"): {(1, 2), (1, 4), (2, 4)}}


def test_crossover_takes_parameters_away_where_none_may_be() -> None:
    space = spaces.schema("weighted(unary(unary(x)), parameters=1) | binary(unary(x), unary(x))")
    children = [space.crossover("relu(x) + erf(x)", "tanh(alpha*sinh(x))", seed) for seed in range(30)]
    assert {str(child) for child in children} == {"sinh(x) + erf(x)", "relu(x) + sinh(x)"}


def test_arguments_stay_as_they_are() -> None:
    space = OWN["sizes with weights"]()
    for seed in range(40):
        graphs = [to_graph(tree_of(space, e)) for e in space.sample(seed, 2)]
        before = [from_graph(graph) for graph in graphs]
        space.algorithm.mutate(graphs[0], Random(seed))
        space.algorithm.crossover(graphs[0], graphs[1], Random(seed))
        assert [from_graph(graph) for graph in graphs] == before


def test_strangers_are_refused() -> None:
    space = spaces.cafe(1)
    with pytest.raises(DomainError, match="no member"):
        space.mutate("tan(x)", 0)
    with pytest.raises(DomainError, match="no member"):
        space.crossover("x", "relu(x) + erf(x)", 0)


CHILDREN = """
from random import Random
from symkit import spaces

for space in (spaces.cafe(), spaces.pangaea(), spaces.evomal(), spaces.schema("graphs(x, nodes=5, parameters=2)")):
    rng = Random(5)
    a, b = space.sample(rng, 2, how="initial")
    for _ in range(10):
        a = space.mutate(a, rng)
        print(a)
        if space.name != "PANGAEA":
            b = space.crossover(a, b, rng)
            print(b)
"""


def test_a_seed_is_a_child_in_every_process() -> None:
    runs = [
        subprocess.run(
            [sys.executable, "-c", CHILDREN],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert len(runs[0].splitlines()) == 70


def test_graphs_are_trees_and_back() -> None:
    space = spaces.pangaea()
    for e in space.sample(4, 40):
        tree = tree_of(space, e)
        graph = to_graph(tree)
        assert from_graph(graph) == tree
        assert [graph.nodes[node]["form"] for node in graph] == [node.form for node in walk(tree)]
        assert [graph.nodes[node]["weight"] for node in graph] == [node.weight for node in walk(tree)]
        assert sorted(graph.out_degree(node) for node in graph) == [0] + [1] * (len(graph) - 1)
        assert graph.number_of_edges() == len(graph) - 1
        assert all(from_graph(graph, operand) in tree.children for operand in operands(graph, graph.graph["root"]))


def test_changes_of_graphs() -> None:
    space = spaces.pangaea()
    tree = tree_of(space, "relu(x) - erf(tanh(x))")
    graph = to_graph(tree)
    relu, erf = tree.children
    sub = tree.form

    def text(found: Any) -> str:
        return str(expression_of(space, from_graph(found)))

    assert text(with_forms(graph, {1: erf.form, 3: relu.form})) == "erf(x) - relu(tanh(x))"
    assert text(with_operator(graph, 0, erf.form)) == "erf(relu(x) - erf(tanh(x)))"
    assert text(with_operator(graph, 2, sub, [erf])) == "relu(x - erf(tanh(x))) - erf(tanh(x))"
    assert text(with_subtree(graph, 1, erf)) == "erf(tanh(x)) - erf(tanh(x))"
    assert text(with_subtree(graph, 0, relu)) == "relu(x)"
    assert text(without_operator(graph, 0, 3)) == "erf(tanh(x))"
    assert text(without_operator(graph, 3, 4)) == "relu(x) - tanh(x)"
    assert from_graph(graph) == tree == plain(tree)
