"""Enforcing: whatever random loss goes in, a legal one comes out, by one replacement and softplus."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from itertools import islice
from random import Random
from typing import Any

import networkx as nx
import numpy as np
import pytest

import symkit
import symkit.transform
from symkit.checking import enforce, protect, unprotected
from symkit.checking.enforce import BINARY, is_nonnegative, uses_required_arguments, witness_of_use
from symkit.errors import DomainError, ParseError
from symkit.evaluation import evaluate_exact, evaluate_numpy
from symkit.ir import Kind, verify
from symkit.ops import standard
from symkit.spaces import Recipe, generated
from symkit.text import Expression, define, parse

EVOMAL = (*BINARY, "sign", "square", "abs", "log_abs_eps", "sqrt_abs_eps", "tanh")
"""R table 3.1."""

ADVERSARIAL = [
    "p**2 + (y - y)",
    "0*y + p",
    "0*(y*p)",
    "zero(y)*p",
    "(0*p)*(0*y)",
    "y - y + p - p",
    "log(exp(y)) - y + p",
    "(y + p) - y - p",
    "(y + 1e6)**2 - y**2 - 2e6*y + p",
    "max(p, 1e300) + y - y",
    "min(y**2, -1) + p",
    "one(y)*p",
    "p**0 + y",
    "where(y > y, p, 2)",
    "sign(one(p))*y",
    "tanh(1e9 + y**2) - tanh(1e9) + p**2",
    "log(-1 - p**2) + y",
    "sqrt(-one(p))*y",
    "(y - p)/(p - p)",
    "p",
    "y",
    "y**2",
    "abs(p)",
    "f(p) = p**2",
    "f(y) = y**2",
    "f(z) = abs(z)",
    "f(y, z) = z",
    "f(y, p, z) = z*p",
    "t = p*2; t + t",
    "elu(p)",
    "elu(y, 0.5)*0",
    "2*(a*y)",
    "y*eps",
    "p/C",
]


def losses() -> list[Expression]:
    """500 random losses, of EvoMAL's operators and of all there are, and some that are meant to be hard."""
    evomal = Recipe(operators=EVOMAL, inputs=("y", "p"), parameters=(), literals=(1.0, -1.0), max_size=8)
    anything = Recipe(inputs=("y", "p"), constants=("eps", "C"), max_size=10)
    one_sided = Recipe(operators=EVOMAL, inputs=("y",), parameters=("phi",), literals=(1.0, -1.0, 0.0), max_size=8)
    numbers = Recipe(operators=EVOMAL, inputs=(), parameters=("phi",), kind="loss", max_size=4)
    drawn = [(5, evomal, 250), (6, anything, 150), (7, one_sided, 70), (8, numbers, 30)]
    random = [e for seed, recipe, count in drawn for e in islice(generated(seed, recipe), count)]
    return (
        [parse(text) for text in ADVERSARIAL] + [parse(text, kind="loss") for text in ("1", "-1", "a", "pi")] + random
    )


LOSSES = losses()


def changes_with(e: Expression, name: str) -> bool:
    """Whether exact values differ somewhere on a grid when one input alone moves. Another way than the package's."""
    steps = (0.3, 1.0, -2.0, 0.75, 12.0, -40.0, 0.01)
    others = [leaf for leaf in (*e.inputs, *e.parameters) if leaf != name]
    constants = e.constant_values(C=e.constants.get("C", 10.0))
    for row in itertools.product(steps[:5], repeat=len(others)):
        point = dict(zip(others, row, strict=True)) | constants
        found = [evaluate_exact(e.program, point | {name: step})[0] for step in steps]
        finite = [value for value in found if abs(value) < 1e300]
        if any(abs(a - b) > 1e-20 * abs(a) for a, b in itertools.combinations(finite, 2)):
            return True
    return False


def lowest(e: Expression) -> float:
    """The smallest value at random points in float64; NaN aside."""
    rng = np.random.default_rng(1)
    points = {name: rng.normal(size=300) * rng.choice((1.0, 30.0), size=300) for name in (*e.inputs, *e.parameters)}
    (value,) = evaluate_numpy(e.program, points | e.constant_values(C=10.0))
    return float(np.nanmin(np.append(value, 0.0)))


def prediction(e: Expression) -> str:
    return "p" if "p" in e.inputs else "z"


def test_every_loss_becomes_legal() -> None:
    wrapped = 0
    for seed, e in enumerate(LOSSES):
        found = enforce(e, rng=seed)
        verify(found.program)
        assert found.kind == "loss"
        assert {"y", prediction(found)} <= set(found.program.inputs), e
        assert parse(str(found), kind="loss") == found
        assert Expression.from_dag(found.dag) == found
        assert is_nonnegative(found)
        assert lowest(found) >= 0, e
        assert set(unprotected(found)) <= set(unprotected(e)), e
        assert enforce(found, rng=seed + 1) is found
        wrapped += found.program.nodes[found.program.root].value == standard()["softplus"]
    assert len(LOSSES) > 500
    assert 200 < wrapped < len(LOSSES)


@pytest.mark.parametrize("e", LOSSES[::3], ids=str)
def test_both_arguments_change_the_value(e: Expression) -> None:
    found = enforce(e, rng=3)
    assert changes_with(found, "y")
    assert changes_with(found, prediction(found))


def test_a_seed_is_a_loss() -> None:
    for e in LOSSES[:60]:
        assert str(enforce(e, rng=7)) == str(enforce(e, rng=7)) == str(enforce(e, rng=Random(7)))


def test_a_random_moves_on() -> None:
    rng = Random(7)
    found = [str(enforce("p", rng=rng)) for _ in range(5)]
    assert found[0] == str(enforce("p", rng=7))
    assert len(set(found)) > 1


def test_a_known_draw_stays() -> None:
    assert [str(enforce(text, rng=2024)) for text in ("p", "p**2 + (y - y)", "tanh(p)*sign(p) + log_abs_eps(1)")] == [
        "softplus(aq(y, p))",
        "softplus(p**2 + (p - y - y))",
        "softplus(tanh(p)*sign(p) + log_abs_eps(max(p, y)))",
    ]


def test_every_terminal_operator_and_order_is_drawn() -> None:
    found = Counter(str(enforce("sin(p) + aq(1, p)", rng=seed)) for seed in range(600))
    pairs = [f"{name}({a}, {b})" for name in BINARY for a, b in (("y", "p"), ("p", "y"))]
    hosts = ("softplus(sin({}) + aq(1, p))", "softplus(sin(p) + aq({}, p))", "softplus(sin(p) + aq(1, {}))")
    expected = {str(parse(host.format(pair))) for host in hosts for pair in pairs}
    assert set(found) == expected
    # 36 cases, 17 each on average.
    assert min(found.values()) > 3
    assert max(found.values()) < 40


def test_one_edge_of_a_shared_leaf_is_replaced() -> None:
    e = parse("p*p + sin(p)")
    before = e.dag.number_of_edges()
    for seed in range(20):
        found = enforce(e, rng=seed)
        # One terminal less, an operator with two more, and softplus.
        assert found.program.tree_size == e.program.tree_size + 3
    assert e.dag.number_of_edges() == before
    assert nx.is_frozen(e.dag)


def test_a_shared_subterm_stays_shared() -> None:
    found = enforce("t = 3*tanh(p); t*t", rng=4)
    assert found.program.nodes[found.program.root].operands[0] == found.program.nodes[found.program.root].operands[1]
    assert is_nonnegative(found)


@pytest.mark.parametrize("seed", range(12))
def test_exponents_divisors_and_defaults_are_left_alone(seed: int) -> None:
    found = str(enforce("elu(sin(p)**2/3) - log(2)", rng=seed))
    assert re.fullmatch(r"softplus\(elu\(sin\(\S+.*\)\*\*2/3\) - log\(2\)\)", found)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "(y - p)**2",
            "abs(y - p)",
            "square(y - p)/(1 + y**2)",
            "softplus(y*p)",
            "sqrt(y*p)",
            "exp(y - p)",
            "y*y*(p*p)",
        ),
        *("log_cosh(y - p)", "max(y, abs(p))", "where(y > p, 1, exp(p*y))", "abs(y)*relu(p)", "f(y, z) = abs(y - z)"),
        *("f(y, p; a = 0) = square(a*y + p)", "abs(y - p)/C", "abs(1e-12*y - p)", "f(p, y) = abs(p - y)"),
    ],
)
def test_a_legal_loss_stays(text: str) -> None:
    e = parse(text)
    assert enforce(e, rng=1) is e


@pytest.mark.parametrize("text", ["y - p", "y*log(p)", "-(y - p)**2", "y**2 + p**2 - 2*y*p", "tanh(y*p)", "y*log(p)/C"])
def test_softplus_goes_around_what_may_be_negative(text: str) -> None:
    e = parse(text)
    assert enforce(e, rng=1) == parse(f"softplus({text})")


def test_where_no_terminal_helps_the_whole_is_replaced() -> None:
    whole = {f"{name}({a}, {b})" for name in BINARY for a, b in (("y", "p"), ("p", "y"))}
    for text in ("zero(p)", "one(y) + zero(p)", "(0*p)*(0*y)", "sqrt(-one(p))*p"):
        for seed in range(5):
            found = enforce(text, rng=seed)
            assert found in {parse(f"softplus({pair})") for pair in whole}


def test_the_signature_grows_by_what_is_missing() -> None:
    found = enforce("f(p; beta: channel = 0.5, eps = 0.25) = log_abs_eps(beta*p)", rng=3)
    assert found.inputs == ("y", "p")
    assert found.constants == {"eps": 0.25}
    assert enforce("f(z) = z", rng=3).inputs == ("y", "z")
    assert enforce("f(y, p, z) = z*y", rng=3).inputs == ("y", "p", "z")
    assert "p" in enforce("f(y, p, z) = z*y", rng=3).program.inputs


def test_defined_operators_stay() -> None:
    table = define("gate", "x*sigmoid(2*x)")
    found = enforce(parse("gate(p)", table=table), rng=1)
    assert found.table == table
    assert "gate" in found.program.operator_counts()
    assert parse(str(found), table=table) == found


RULES = (
    symkit.transform.Rule("cancelled", "a - a", "0", "for the test"),
    symkit.transform.Rule("nothing_times", "0*a", "0", "for the test"),
    symkit.transform.Rule("plus_nothing", "a + 0", "a", "for the test"),
    symkit.transform.Rule("written_out", "square(a - b)", "a*a - 2*(a*b) + b*b", "for the test"),
)


def simplified(e: Expression) -> Expression:
    return e.with_program(symkit.transform.rewrite(e.program, RULES))


def test_constraints_are_checked_on_what_is_simplified() -> None:
    for seed, e in enumerate(LOSSES[:150]):
        found = enforce(e, rng=seed, simplify=simplified)
        assert uses_required_arguments(found)
        assert {"y", prediction(found)} <= set(found.program.inputs)
        assert is_nonnegative(found)
        assert not {"y - y", "0*y", "0*p"} & {str(found)}
    for seed in range(10):
        assert "y - y" not in str(enforce("p**2 + (y - y)", rng=seed, simplify=simplified))


def test_a_simplification_that_hides_the_sign_is_not_taken() -> None:
    assert str(enforce("square(y - p)", rng=1, simplify=simplified)) == "square(y - p)"
    assert str(enforce("square(y - p) - 1", rng=1, simplify=simplified)) == "softplus(y*y - 2*(y*p) + p*p - 1)"


@pytest.mark.parametrize(
    ("text", "name", "depends"),
    [
        ("p**2 + (y - y)", "y", False),
        ("p**2 + (y - y)", "p", True),
        ("(y + p) - y", "y", False),
        ("log(exp(y)) - y + p", "y", False),
        ("p + 1e-9*y", "y", True),
        ("p", "y", False),
        ("zero(y)", "y", False),
        ("log(p)*log(1 - p)", "p", True),
        ("sqrt(-1 - y**2)", "y", False),
        ("y*C", "y", True),
        ("f(y, p; a = 0) = a*y", "y", True),
        ("sign(y)", "y", True),
        ("sin(y)**2 + cos(y)**2", "y", False),
    ],
)
def test_witnesses_of_use(text: str, name: str, depends: bool) -> None:
    e = parse(text, kind="loss")
    found = witness_of_use(e, name)
    assert (found is not None) == depends
    if found is not None:
        one, other = found
        assert {leaf for leaf in one if one[leaf] != other[leaf]} == {name}
        assert symkit.evaluate(e, **one, **classes(e)) != symkit.evaluate(e, **other, **classes(e))


def classes(e: Expression) -> dict[str, float]:
    return {"C": 10.0} if "C" in e.program.constants else {}


def test_protect_and_enforce_go_together() -> None:
    for seed, e in enumerate(LOSSES[:200]):
        found = enforce(protect(e), rng=seed)
        assert protect(found) == found


@pytest.mark.parametrize(
    ("e", "rng", "said"),
    [
        ("x**2", 1, "enforce is for losses; x\\*\\*2 has kind activation"),
        ("x + y", 1, "has kind plain"),
        ("3", 1, 'has kind plain: write it in y and p, or parse it with kind="loss"'),
        ("p", None, "rng must be an int, as a seed, or a random.Random, not None"),
        ("p", 1.5, "not 1.5"),
        ("p", np.random.default_rng(0), "not Generator"),
        ("f(p; y = 2) = p*y", 1, "y is a parameter of"),
    ],
)
def test_bad_input(e: str, rng: Any, said: str) -> None:
    with pytest.raises(DomainError, match=said):
        enforce(e, rng=rng)


def test_text_that_does_not_parse() -> None:
    with pytest.raises(ParseError):
        enforce("p +", rng=1)


def test_the_operators_are_those_of_the_table() -> None:
    assert all(standard()[name].arity == 2 and not standard()[name].domain for name in BINARY)
    assert all(node.kind is not Kind.NUMBER for node in enforce("p", rng=0).program)


def test_it_is_public() -> None:
    assert symkit.enforce is enforce
