"""Stabilising: rules fire however their pattern is written and wherever it stands, and the result is settled."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from itertools import islice
from random import Random

import pytest
import torch

import symkit
from symkit.evaluation import evaluate_exact
from symkit.ir import Kind, Program, ProgramBuilder, digest
from symkit.ops import Operator, Term, standard
from symkit.spaces import Recipe, generated
from symkit.text import parse
from symkit.transform import RULES as STABILISING
from symkit.transform import Rule, rewrite, shared, stabilise, stabilised
from symkit.transform.algebra import RULES as SHARING

RULES = (*STABILISING, *SHARING)

SPELLINGS = [
    ("1/(1 + exp(-x))", "sigmoid(x)"),
    ("(1 + exp(-x))**-1", "sigmoid(x)"),
    ("reciprocal(exp(-x) + 1)", "sigmoid(x)"),
    ("exp(x)/(exp(x) + 1)", "sigmoid(x)"),
    ("x/(1 + exp(-x))", "x*sigmoid(x)"),
    ("1 - 1/(1 + exp(-x))", "sigmoid(-x)"),
    ("exp(x)/(exp(x) + exp(3))", "sigmoid(x - 3)"),
    ("exp(-x)/(1 + exp(-x))**2", "sigmoid(-x)*sigmoid(x)"),
    ("log(1/(1 + exp(-x)))", "log_sigmoid(x)"),
    ("-log(1 - sigmoid(x))", "-log_sigmoid(-x)"),
    ("log(exp(x) + 1)", "softplus(x)"),
    ("x*tanh(log(1 + exp(x)))", "x*tanh(softplus(x))"),
    ("log(exp(x) + exp(-x))", "logaddexp(x, -x)"),
    ("log((cosh(x)))", "log_cosh(x)"),
    ("(exp(x) - exp(-x))/(exp(x) + exp(-x))", "tanh(x)"),
    ("(exp(x) - exp(-x))/(exp(-x) + exp(x))", "tanh(x)"),
    ("(exp(2*x) - 1)/(exp(2*x) + 1)", "tanh(0.5*(2*x))"),
    ("(1 - exp(-2*x))/(1 + exp(-2*x))", "-tanh(0.5*(-2*x))"),
    ("0.5*x*(1 + erf(x/sqrt(2)))", "0.5*x*erfc(-(x/sqrt(2)))"),
    ("0.5*x*(1 + tanh(x))", "0.5*x*(2*sigmoid(2*x))"),
    ("log(1 - x)", "log1p(-x)"),
    ("log(x + 1)", "log1p(x)"),
    ("log(1 - exp(-abs(x)))", "log(-expm1(-abs(x)))"),
    ("exp(x) - 1", "expm1(x)"),
    ("sqrt(x*x + 1)", "hypot(1, x)"),
    ("x/sqrt(1 + x**2)", "x/hypot(1, x)"),
    ("log(x**2)", "2*log(abs(x))"),
    ("sqrt(square(y - p))", "abs(y - p)"),
]


@pytest.mark.parametrize(("text", "settled"), SPELLINGS)
def test_what_papers_write(text: str, settled: str) -> None:
    assert str(stabilised(parse(text))) == settled


@pytest.mark.parametrize(("text", "settled"), SPELLINGS)
def test_what_papers_write_inside_something_larger(text: str, settled: str) -> None:
    outer = "cos({0}) + x*max({0}, beta)"
    assert stabilised(parse(outer.format(f"({text})"))) == parse(outer.format(f"({settled})"))


def test_extremes_are_right_in_float32() -> None:
    x = torch.tensor([-1000.0, -104.0, -89.0, 89.0, 104.0, 1000.0], requires_grad=True)
    for text, expected, slope in [
        ("log(1/(1 + exp(-x)))", [-1000.0, -104.0, -89.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]),
        ("exp(x)/(1 + exp(x))", [0.0, 0.0, 0.0, 1.0, 1.0, 1.0], [0.0] * 6),
        ("log(exp(x) + exp(-x))", [1000.0, 104.0, 89.0, 89.0, 104.0, 1000.0], [-1.0] * 3 + [1.0] * 3),
        ("(exp(x) - exp(-x))/(exp(x) + exp(-x))", [-1.0] * 3 + [1.0] * 3, [0.0] * 6),
    ]:
        value = symkit.functional(text)(x)
        (gradient,) = torch.autograd.grad(value.sum(), x)
        torch.testing.assert_close(value.detach(), torch.tensor(expected), rtol=1e-6, atol=1e-30)
        torch.testing.assert_close(gradient, torch.tensor(slope), rtol=1e-6, atol=1e-30)


def spelled(program: Program, builder: ProgramBuilder, names: dict[str, Term], swap: Iterator[bool]) -> Term:
    """The program's root in a builder, its names replaced and some operands of commutative operators swapped."""
    placed: list[int] = []
    for node in program.nodes:
        operands = tuple(placed[i] for i in node.operands)
        if node.kind is Kind.PARAMETER:
            placed.append(names[node.name].index)
        elif node.is_leaf:
            placed.append(builder.leaf(node))
        else:
            swapped = node.operator.commutative and next(swap)
            placed.append(builder.apply(node.operator, operands[::-1] if swapped else operands))
    return builder.term(placed[program.root])


def in_context(program: Program, swap: Iterator[bool]) -> Program:
    builder = ProgramBuilder()
    x, beta = builder.terms([builder.input("x"), builder.parameter("beta")])
    b = builder.algebra
    inner = spelled(program, builder, {"a": beta * b("sinh", x), "b": b("cos", x)}, swap)
    return builder.build([(b("sin", inner) + x / inner).index])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_rule_fires_in_every_order_of_operands(rule: Rule) -> None:
    orders = sum(not node.is_leaf and node.operator.commutative for node in rule.left.nodes)
    expected = in_context(rule.right, itertools.repeat(False))
    for order in itertools.product((False, True), repeat=orders):
        assert digest(rewrite(in_context(rule.left, iter(order)), [rule])) == digest(expected)


@pytest.mark.parametrize("rule", STABILISING, ids=lambda rule: rule.name)
def test_no_rule_is_hidden_by_those_before_it(rule: Rule) -> None:
    assert stabilise(rule.left) != rule.left
    assert rewrite(stabilise(rule.left), [rule]) == stabilise(rule.left)


OFTEN = ["exp", "log", "add", "sub", "div", "neg", "square", "sqrt", "sigmoid", "tanh", "log1p", "expm1", "pow", "erf"]
RECIPE = Recipe(
    operators=OFTEN * 2 + ["mul", "max", "where", "gt", "cosh", "sinh"], max_size=16, literals=(1.0, 1.0, 2.0, -1.0)
)


def commuted(program: Program, rng: Random) -> Program:
    builder = ProgramBuilder()
    placed: list[int] = []
    for node in program.nodes:
        operands = tuple(placed[i] for i in node.operands)
        if node.is_leaf:
            placed.append(builder.leaf(node))
        else:
            swapped = node.operator.commutative and rng.random() < 0.5
            placed.append(builder.apply(node.operator, operands[::-1] if swapped else operands))
    return builder.build([placed[root] for root in program.roots])


def test_random_expressions_settle_in_one_form() -> None:
    """A second run changes nothing, the order of operands does not matter, and the function stays the same."""
    rng = Random(11)
    changed = 0
    for expression in islice(generated(12, RECIPE), 1500):
        program = expression.program
        settled = shared(stabilise(program))
        assert shared(stabilise(settled)) == settled
        assert digest(shared(stabilise(commuted(program, rng)))) == digest(settled)
        if settled != program:
            changed += 1
            assert_same_function(program, settled, rng)
    assert changed > 100


def assert_same_function(one: Program, other: Program, rng: Random) -> None:
    for _ in range(3):
        point = {name: rng.gauss(0, 2) for name in ("x", "alpha", "beta", "gamma")}
        (before,), (after,) = evaluate_exact(one, point), evaluate_exact(other, point)
        if before == before and abs(before) < math.inf:
            assert abs(before - after) <= 1e-20 * max(1, abs(before)), (parse_back(one), point)


def parse_back(program: Program) -> str:
    from symkit.text import program_text

    return program_text(program)


def test_it_ends_on_long_chains() -> None:
    text = "x"
    for _ in range(60):
        text = f"log(1 + exp({text}))"
    settled = stabilise(parse(text).program)
    assert settled.operator_counts() == {"softplus": 60}


def test_operators_in_rules_are_those_of_the_table() -> None:
    used: set[Operator] = {
        node.operator for rule in RULES for side in (rule.left, rule.right) for node in side.nodes if not node.is_leaf
    }
    assert used <= set(standard().values())
    assert all(set(rule.right.parameters) <= set(rule.left.parameters) for rule in RULES)
    assert len({rule.name for rule in RULES}) == len(RULES)
