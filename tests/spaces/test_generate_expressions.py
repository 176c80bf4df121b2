"""The random-expression generator keeps to its recipe and to its seed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import islice
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symkit.errors import DomainError
from symkit.ir import Kind, Program
from symkit.ops import standard
from symkit.spaces import Recipe, generate, generated
from symkit.text import define, parse

seeds = st.integers(0, 2**64)


def test_a_seed_is_an_expression() -> None:
    assert str(generate(7)) == str(generate(7))
    assert generate(7) == generate(Random(7))
    assert generate(7) != generate(8)


def test_a_random_moves_on() -> None:
    rng = Random(7)
    first, second = generate(rng), generate(rng)
    assert first == generate(7)
    assert first != second
    assert [first, second] == list(islice(generated(7), 2))


@settings(max_examples=200)
@given(seed=seeds, size=st.integers(1, 40), depth=st.integers(0, 12), sharing=st.floats(0, 1))
def test_size_and_depth_keep_their_bounds(seed: int, size: int, depth: int, sharing: float) -> None:
    expression = generate(seed, Recipe(max_size=size, max_depth=depth, sharing=sharing))
    assert expression.size <= size
    assert expression.depth <= depth
    assert expression.program.inputs == ("x",)


def test_every_size_is_drawn() -> None:
    sizes = Counter(e.size for e in islice(generated(1, Recipe(max_size=8, max_depth=8, sharing=0.0)), 500))
    assert set(sizes) == set(range(1, 9))


def test_a_recipe_without_operators_to_spend_gives_leaves() -> None:
    assert {generate(seed, Recipe(max_size=0)).size for seed in range(20)} == {0}


@settings(max_examples=100)
@given(seed=seeds)
def test_only_what_the_recipe_lists_is_used(seed: int) -> None:
    recipe = Recipe(
        operators=("add", "Silu", standard()["where"]),
        inputs=("y", "p"),
        parameters=("phi_0",),
        constants=("C",),
        literals=(2.5,),
        max_size=20,
    )
    expression = generate(seed, recipe)
    program = expression.program
    assert (expression.kind, expression.inputs) == ("loss", ("y", "p"))
    assert set(program.operator_counts()) <= {"add", "swish", "where"}
    assert set(program.inputs) <= {"y", "p"}
    assert set(program.parameters) <= {"phi_0"}
    assert set(program.constants) <= {"C"}
    assert {node.number for node in program.nodes if node.kind is Kind.NUMBER} <= {2.5}
    assert program.inputs


def test_everything_that_the_recipe_lists_is_used() -> None:
    recipe = Recipe(constants=("pi", "eps"), max_size=30)
    programs = [e.program for e in islice(generated(3, recipe), 600)]
    assert {name for program in programs for name in program.operator_counts()} == set(standard())
    assert {name for program in programs for name in program.parameters} == {"alpha", "beta", "gamma"}
    assert {name for program in programs for name in program.constants} == {"pi", "eps"}


@pytest.mark.parametrize("missing", ["inputs", "parameters", "literals"])
def test_a_kind_of_leaf_may_be_missing(missing: str) -> None:
    recipe = replace(Recipe(), **{missing: ()})
    for expression in islice(generated(5, recipe), 50):
        kinds = {node.kind for node in expression.program.nodes}
        absent = {"inputs": Kind.INPUT, "parameters": Kind.PARAMETER}.get(missing)
        assert absent not in kinds


def test_literals_may_be_drawn_by_a_function() -> None:
    recipe = Recipe(operators=("add",), parameters=(), literals=lambda rng: rng.gauss(0, 1), max_size=20, max_depth=9)
    numbers = [node.number for e in islice(generated(5, recipe), 50) for node in e.program.nodes if not node.operands]
    assert len(set(map(str, numbers))) > 50


def operands(program: Program, name: str, slot: int) -> list[object]:
    """What stands in a slot of an operator: the name of an operator, or the value of a leaf."""
    found = []
    for node in program.nodes:
        if not node.is_leaf and node.operator.name == name:
            operand = program.nodes[node.operands[slot]]
            found.append(operand.value if operand.is_leaf else operand.operator.name)
    return found


def test_conditions_are_comparisons_where_there_is_room() -> None:
    recipe = Recipe(operators=("where", "lt", "mul"), max_size=30, max_depth=8)
    conditions = [c for e in islice(generated(9, recipe), 200) for c in operands(e.program, "where", 0)]
    inner = [c for c in conditions if c in ("where", "lt", "mul")]
    assert inner
    assert set(inner) == {"lt"}


@pytest.mark.parametrize(("share", "expected"), [(0.0, {False, True}), (1.0, {True})])
def test_defaults_are_kept_as_often_as_asked(share: float, expected: set[bool]) -> None:
    recipe = Recipe(operators=("elu",), max_size=6, keep_defaults=share, literals=(1.0, 7.0))
    kept = {value == 1.0 for e in islice(generated(2, recipe), 200) for value in operands(e.program, "elu", 1)}
    # The operand that carries the input may be the one with the default.
    assert kept >= expected


def test_sharing_reuses_nodes() -> None:
    def reuse(sharing: float) -> int:
        recipe = Recipe(max_size=30, max_depth=8, sharing=sharing)
        programs = [e.program for e in islice(generated(4, recipe), 200)]
        return sum(program.tree_size - len(program) for program in programs)

    assert reuse(0.6) > 1.5 * reuse(0.0)


def test_kind_and_table() -> None:
    table = define("gate", "sigmoid(2*x)")
    recipe = Recipe(operators=("gate", "mul"), table=table, kind="plain", inputs=("a", "b"), parameters=())
    expression = generate(11, recipe)
    assert (expression.kind, expression.inputs, expression.table) == ("plain", ("a", "b"), table)
    assert parse(str(expression), kind="plain", table=table) == expression


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"operators": ("sigmoit",)}, "unknown operator 'sigmoit'; did you mean sigmoid?"),
        ({"operators": ()}, "there must be at least one operator"),
        ({"max_depth": 201}, "max_depth be 0 to 200"),
        ({"max_size": -1}, "max_size -1 must not be negative"),
        ({"sharing": 1.5}, "a share is between 0 and 1, not 1.5"),
        ({"constants": ("tau",)}, "'tau' is no constant; there are C, e, eps, pi"),
        ({"inputs": (), "parameters": (), "literals": ()}, "an input, a parameter, a constant or a literal"),
    ],
)
def test_recipes_that_cannot_be_followed(changes: dict[str, object], words: str) -> None:
    with pytest.raises(DomainError, match=words.replace("?", r"\?")):
        replace(Recipe(), **changes)  # type: ignore[arg-type]


def test_deep_expressions() -> None:
    recipe = Recipe(operators=("sin", "exp"), max_size=200, max_depth=200)
    deepest = max(islice(generated(1, recipe), 20), key=lambda e: e.depth)
    assert deepest.depth > 150
    assert parse(str(deepest)) == deepest


def test_a_known_draw_stays() -> None:
    recipe = Recipe(max_size=4, operators=("add", "mul", "sin", "elu"))
    assert [str(e) for e in islice(generated(2024, recipe), 4)] == [
        "elu(x)*(gamma*x*x)",
        "elu(beta, elu(sin(x), x))",
        "x*sin(sin(elu(x)))",
        "sin(x*x*(x*x))",
    ]
