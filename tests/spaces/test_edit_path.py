"""Children of shortest edit path crossover lie on the path, are members, and are the same for the same seed."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from random import Random
from typing import Any

import pytest
from processes import run_python

from symkit.errors import DomainError
from symkit.ir import Kind, Program, verify
from symkit.spaces import Recipe, Space, aquasurf, cafe, evomal, generated, pangaea
from symkit.spaces.edits.distance import edit_distance
from symkit.spaces.edits.graph import cost
from symkit.spaces.edits.path import edit_path_crossover
from symkit.spaces.edits.states import EditStates
from symkit.text import Expression, parse

SPACES = {"cafe_1": cafe(1), "cafe_2": cafe(2), "pangaea": pangaea(7, 3), "aquasurf_4": aquasurf(4)}


def anything(e: Expression) -> bool:
    return True


def made_of(*operators: str) -> Callable[[Expression], bool]:
    return lambda e: set(e.program.operator_counts()) <= set(operators)


def is_tree(e: Expression) -> bool:
    """Whether only leaves are shared."""
    return all(node.is_leaf or uses == 1 for node, uses in zip(e.program, e.program.uses, strict=True))


def distance(a: Expression, b: Expression) -> int:
    found = edit_distance(a, b)
    assert found.exact
    return found.distance


def assert_on_the_path(a: Expression, child: Expression, b: Expression) -> None:
    verify(child.program)
    assert distance(a, child) + distance(child, b) == distance(a, b)


@pytest.mark.parametrize("name", SPACES)
def test_children_of_a_space_are_members_on_the_path(name: str) -> None:
    space = SPACES[name]
    drawn = space.sample(7, 30)
    between = 0
    for seed, (a, b) in enumerate(zip(drawn[::2], drawn[1::2], strict=True)):
        child = edit_path_crossover(a, b, seed, is_member=space.__contains__)
        assert child in space
        assert_on_the_path(a, child, b)
        between += child.digest not in (a.digest, b.digest)
    assert between >= 13


def test_losses_have_children_too() -> None:
    space = evomal(3)
    drawn = space.sample(3, 16, how="initial")
    for seed, (a, b) in enumerate(zip(drawn[::2], drawn[1::2], strict=True)):
        child = edit_path_crossover(a, b, seed, is_member=space.__contains__)
        assert child in space
        assert (child.kind, child.inputs) == ("loss", ("y", "p"))
        assert_on_the_path(a, child, b)


@pytest.mark.parametrize("is_member", [anything, is_tree])
def test_children_of_any_expressions_lie_on_the_path(is_member: Callable[[Expression], bool]) -> None:
    recipe = Recipe(max_size=6, max_depth=5, sharing=0.2, kind="activation")
    drawn = list(islice((e for e in generated(11, recipe) if is_member(e)), 40))
    for seed, (a, b) in enumerate(zip(drawn[::2], drawn[1::2], strict=True)):
        child = edit_path_crossover(a, b, seed, is_member=is_member)
        assert is_member(child)
        assert_on_the_path(a, child, b)


def children(a: str, b: str, is_member: Callable[[Expression], bool] = anything, seeds: int = 12) -> set[str]:
    parents = parse(a, kind="activation"), parse(b, kind="activation")
    return {str(edit_path_crossover(*parents, seed, is_member=is_member)) for seed in range(seeds)}


def test_what_is_common_is_kept_in_whatever_order_it_is_written() -> None:
    # Written in one order the parents have the operand erf(x) in common; one of two edits is made.
    assert children("tanh(x) + erf(x)", "erf(x)*swish(x)") == {"swish(x) + erf(x)", "erf(x)*tanh(x)"}


def test_independent_edits_are_made_in_every_combination() -> None:
    found = children("tanh(sin(x)) + exp(x)", "tanh(erf(x)) - abs(x)", seeds=60)
    one_edit = {"tanh(erf(x)) + exp(x)", "tanh(sin(x)) - exp(x)", "tanh(sin(x)) + abs(x)"}
    two_edits = {"tanh(erf(x)) - exp(x)", "tanh(erf(x)) + abs(x)", "tanh(sin(x)) - abs(x)"}
    assert found == one_edit | two_edits


def test_a_difference_may_be_turned_round() -> None:
    # sub(f, g) to sub(g, f) takes two edits, and nothing that either parent has stands between.
    a = parse("tanh(x) - erf(x)")
    assert edit_path_crossover(a, parse("erf(x) - tanh(x)"), 0, is_member=anything) == a
    found = children("tanh(x) - erf(sin(x))", "erf(cos(x)) - tanh(x)")
    assert found == {"tanh(x) - erf(cos(x))", "erf(sin(x)) - tanh(x)"}


def test_nodes_are_inserted_with_their_edges() -> None:
    found = children("tanh(x)*x", "tanh(erf(x))*sin(x)*x", seeds=30)
    assert found
    for text in found:
        assert_on_the_path(parse("tanh(x)*x"), parse(text), parse("tanh(erf(x))*sin(x)*x"))


def test_only_members_are_children() -> None:
    a, b = "tanh(sin(x)) + exp(x)", "tanh(erf(x)) - abs(x)"
    few = made_of("tanh", "sin", "add", "exp", "erf", "abs", "sub")
    assert children(a, b, lambda e: few(e) and str(e) in (a, b, "tanh(erf(x)) + abs(x)")) == {"tanh(erf(x)) + abs(x)"}


def test_a_parent_is_the_child_only_where_nothing_is_between() -> None:
    assert children("tanh(x)", "erf(x)") == {"tanh(x)"}
    assert children("tanh(x)", "tanh(x)") == {"tanh(x)"}
    a, b = "tanh(sin(x)) + exp(x)", "tanh(erf(x)) - abs(x)"
    assert children(a, b, lambda e: str(e) in (a, b)) == {a}
    # Made alone, either relabelling gives two equal operands: one node, and more edits than the path has.
    a, b = "where(x > 0, tanh(x), erf(x))", "where(x > 0, erf(x), tanh(x))"
    assert children(a, b) == {a}


def test_every_graph_between_is_drawn_once() -> None:
    a, b = parse("tanh(sin(x)) + exp(x)"), parse("tanh(erf(x)) - abs(x)")
    pairs = edit_distance(a, b).mapping
    states = EditStates(a.program, b.program, pairs)
    drawn = [frozenset(state.chosen.items()) for state in states.draw(Random(1), iter(range(1000)))]
    assert len(drawn) == len(set(drawn)) == 2**3
    assert list(states.draw(Random(1), iter(range(2)))) == []


def test_parameters_keep_what_is_known_of_them() -> None:
    a = parse("f(x; alpha: channel = 0.5) = alpha*tanh(x) + exp(x)", kind="activation")
    b = parse("g(x; beta = 0.25, alpha: layer = 2) = beta*tanh(x) - exp(alpha*x)*sin(x)", kind="activation")
    seen = set()
    for seed in range(20):
        child = edit_path_crossover(a, b, seed, is_member=anything)
        assert child.name is None
        assert_on_the_path(a, child, b)
        for name, parameter in child.settings.items():
            seen.add((name, parameter.initial, parameter.granularity))
    # alpha is matched; the second one of b is new, and cannot be called alpha as well.
    assert seen == {("alpha", 0.5, "channel"), ("gamma", 2.0, "layer")}


def test_constants_come_along() -> None:
    a = parse("f(x; eps = 0.125) = sin(x + eps)*tanh(x)", kind="activation")
    b = parse("f(x; C = 3) = cos(x)*tanh(x*C)", kind="activation")
    for seed in range(10):
        child = edit_path_crossover(a, b, seed, is_member=anything)
        known = {"eps": 0.125, "C": 3.0}
        assert dict(child.constants) == {name: known[name] for name in child.program.constants}


DRAW = """
from symkit.spaces import pangaea
from symkit.spaces.edits.path import edit_path_crossover
space = pangaea(7, 3)
drawn = space.sample(5, 10)
for seed, (a, b) in enumerate(zip(drawn[::2], drawn[1::2])):
    print(edit_path_crossover(a, b, seed, is_member=space.__contains__))
"""


def test_a_seed_is_a_child_in_every_process(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = set()
    for seed in ("1", "2"):
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        printed.add(run_python(DRAW))
    assert len(printed) == 1
    a, b = pangaea(7, 3).sample(5, 2)
    assert printed.pop().splitlines()[0] == str(
        edit_path_crossover(a, b, Random(0), is_member=SPACES["pangaea"].__contains__)
    )


def test_seeds_give_different_children() -> None:
    space: Space = SPACES["cafe_2"]
    a, b = space.sample(1, 2)
    assert len({edit_path_crossover(a, b, seed, is_member=space.__contains__) for seed in range(12)}) > 6


def test_children_are_near_the_middle() -> None:
    space = SPACES["cafe_2"]
    drawn = space.sample(4, 20)
    for seed, (a, b) in enumerate(zip(drawn[::2], drawn[1::2], strict=True)):
        child = edit_path_crossover(a, b, seed, is_member=space.__contains__)
        assert 0.3 < distance(a, child) / distance(a, b) < 0.7


def test_out_of_time_the_child_lies_on_the_best_path_found() -> None:
    large = (e for e in generated(1, Recipe(max_size=80, max_depth=14, kind="activation")) if e.size > 40)
    a, b = islice(large, 2)
    child = edit_path_crossover(a, b, 3, is_member=anything, timeout=0.05)
    verify(child.program)
    assert child.inputs == a.inputs
    apart = cost(a.program, b.program, {})
    assert edit_distance(a, child, timeout=0.2).bound < apart


@pytest.mark.parametrize(
    ("a", "b", "timeout", "words"),
    [
        (3, parse("x"), 1.0, "between expressions, not int"),
        (parse("x"), parse("y - p"), 1.0, "the same kind and inputs, not activation of x and loss of y, p"),
        (parse("x"), parse("sin(x)"), 0.0, "a time in seconds above 0, not 0.0"),
        (parse("x"), parse("cos(x)"), 1.0, "cos.x. is no member, so it cannot be a parent"),
    ],
)
def test_parents_that_have_no_child(a: Any, b: Expression, timeout: float, words: str) -> None:
    with pytest.raises(DomainError, match=words):
        edit_path_crossover(a, b, 1, is_member=made_of("sin"), timeout=timeout)


def test_nodes_of_children_are_those_of_the_parents() -> None:
    """No label comes from elsewhere."""

    def labels(program: Program) -> set[object]:
        return {node.value for node in program if node.kind is not Kind.PARAMETER}

    space = SPACES["cafe_2"]
    a, b = space.sample(9, 2)
    child = edit_path_crossover(a, b, 9, is_member=space.__contains__)
    assert labels(child.program) <= labels(a.program) | labels(b.program)
