"""Trees grown as genetic programming grows them, and their variation (R section 3.2.2)."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import cast

import pytest
from tree_tools import is_even, tree_of

from symkit import spaces
from symkit.spaces.trees import Tree, walk
from symkit.spaces.variation.algorithm import Grown
from symkit.spaces.variation.graph import from_graph, to_graph
from symkit.spaces.variation.growing import Grower

SPACE = spaces.evomal()
ALGORITHM = cast(Grown, SPACE.algorithm)
GROWER = ALGORITHM.grower


def leaf_depths(tree: Tree, above: int = 0) -> set[int]:
    if not tree.children:
        return {above}
    return set[int]().union(*(leaf_depths(child, above + 1) for child in tree.children))


@pytest.mark.parametrize("depth", [1, 2, 3, 6])
def test_closed_at_every_depth(depth: int) -> None:
    space = spaces.evomal(depth)
    rng = Random(depth)
    population = space.sample(rng, 20, how="initial")
    assert all(e in space for e in population)
    deepest = 0
    for _ in range(200):
        child = space.mutate(rng.choice(population), rng)
        assert child in space
        population[rng.randrange(20)] = child
        child = space.crossover(rng.choice(population), rng.choice(population), rng)
        assert child in space
        deepest = max(deepest, tree_of(space, child).height)
        population[rng.randrange(20)] = child
    assert deepest == depth


def test_functions_and_terminals() -> None:
    assert [form.text for form in GROWER.terminals] == ["p", "y", "1", "-1"]
    assert {form.text for form in GROWER.functions} == {
        form.text for chosen in SPACE.operators.values() for form in chosen.forms
    }
    assert len(GROWER.functions) == 12


def test_full_trees_reach_their_depth_everywhere() -> None:
    for seed in range(100):
        assert leaf_depths(GROWER.full(3, Random(seed))) == {3}


def test_grown_trees_stop_early() -> None:
    rng = Random(1)
    roots = Counter[object]()
    depths = Counter[int]()
    for _ in range(4000):
        tree = GROWER.grow(3, rng)
        roots[tree.form] += 1
        depths[tree.height] += 1
    assert is_even(roots, [1 / 16] * 16, [*GROWER.functions, *GROWER.terminals])
    assert set(depths) == {0, 1, 2, 3}
    assert GROWER.grow(0, rng).form in GROWER.terminals


def test_ramped_half_and_half() -> None:
    rng = Random(2)
    trees = [ALGORITHM.initial(rng) for _ in range(4000)]
    assert is_even(Counter[object](tree.form for tree in trees), [1 / 12] * 12, GROWER.functions)
    assert all(1 <= tree.height <= 4 for tree in trees)
    # A full tree of depth 4 has no leaf above; a grown one is so by the chance worked out here.
    unary = binary = 6 / 16

    def chance(depth: int) -> float:
        """That a grown subtree has all its leaves at this depth exactly."""
        return 1.0 if not depth else unary * chance(depth - 1) + binary * chance(depth - 1) ** 2

    grown = (chance(3) + chance(3) ** 2) / 2
    even = Counter[object]("deep" if leaf_depths(tree) == {4} else "other" for tree in trees)
    share = (1 + grown) / 6
    assert is_even(even, [share, 1 - share], ["deep", "other"])


def test_a_space_of_depth_one_starts_there() -> None:
    space = spaces.evomal(1)
    assert {tree_of(space, e).height for e in space.sample(3, 50, how="initial")} == {1}


def test_mutation_replaces_the_subtree_at_one_node() -> None:
    parent = tree_of(SPACE, "aq(tanh(p) + y, min(p, y))")
    places = list(walk(parent))
    rng, roots = Random(4), 0
    for _ in range(600):
        child = from_graph(ALGORITHM.mutate(to_graph(parent), rng))
        assert child.height <= 4
        assert any(_same_but(parent, child, place) for place in range(len(places)))
        roots += child.form is not parent.form
    # The root is one of 8 nodes, and comes back as itself once in 16.
    assert 40 < roots < 105


def _same_but(a: Tree, b: Tree, place: int) -> bool:
    """Whether two trees are equal outside the subtree at a place of the first, in the order of `walk`."""
    if place == 0:
        return True
    if a.form is not b.form:
        return False
    start, found = 1, -1
    for slot, child in enumerate(a.children):
        size = sum(1 for _ in walk(child))
        if start <= place < start + size:
            found = slot
            inner = place - start
        elif child != b.children[slot]:
            return False
        start += size
    return _same_but(a.children[found], b.children[found], inner)


def test_one_point_crossover_joins_both_parents_within_the_depth() -> None:
    a, b = tree_of(SPACE, "tanh(tanh(tanh(tanh(p))))"), tree_of(SPACE, "abs(abs(abs(abs(y))))")
    rng, cuts = Random(5), Counter[object]()
    for _ in range(2000):
        child = from_graph(ALGORITHM.crossover(to_graph(a), to_graph(b), rng))
        texts = [node.form.text for node in walk(child)]
        kept = texts.count("tanh")
        assert texts == ["tanh"] * kept + ["abs"] * texts.count("abs") + ["y"]
        assert child.height <= 4
        cuts[kept, texts.count("abs")] += 1
    # The first cut is even over 1 to 4 operators kept; the second over the subtrees that still fit.
    chances = {(kept, taken): 1 / 4 / (5 - kept) for kept in range(1, 5) for taken in range(5 - kept)}
    assert is_even(cuts, list(chances.values()), list(chances))


def test_leaves_can_be_crossed() -> None:
    assert {str(SPACE.crossover("p", "y", seed)) for seed in range(5)} == {"y"}


def test_a_grower_takes_the_forms_of_any_class() -> None:
    found = Grower(spaces.schema("binary(unary(x), 1)", {"unary": ["relu"], "binary": ["add", "mul"]}).members)
    assert [form.text for form in found.functions] == ["add", "mul", "relu"]
    assert [form.text for form in found.terminals] == ["x", "1"]
