"""Nothing leaks from a branch that is not taken: no NaN, no infinity, in values and derivatives to second order."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import islice
from random import Random

import pytest
import torch
from torch import Tensor

from symkit.backends import get_backend, prepared
from symkit.backends.eager import EagerKernel
from symkit.backends.plain import plain_program
from symkit.ir import Program, ProgramBuilder, reachable
from symkit.spaces import Recipe, generated
from symkit.text import parse, program_text
from symkit.transform import gradient, stabilise

Way = Callable[[Program, Tensor], list[Tensor]]
"""(program, x) -> value, first and second derivative."""


def by_derivative_program(backend: str) -> Way:
    def run(program: Program, x: Tensor) -> list[Tensor]:
        first = gradient(program, ["x"])
        builder = ProgramBuilder()
        roots = [builder.include(p)[p.root] for p in (program, first, gradient(first, ["x"]))]
        runs_on = get_backend(backend)
        return list(runs_on.kernel(prepared(runs_on, builder.build(roots), {}), ("x",))([x]))

    return run


def by_autograd(program: Program, x: Tensor) -> list[Tensor]:
    x = x.clone().requires_grad_()
    (value,) = EagerKernel(plain_program(program, {}), ("x",))(x)
    first = _derivative(value, x)
    return [value.detach(), first.detach(), _derivative(first, x).detach() + 0.0]


def _derivative(of: Tensor, x: Tensor) -> Tensor:
    if not of.requires_grad:
        return torch.zeros_like(x)
    (found,) = torch.autograd.grad(of.sum(), x, create_graph=True, allow_unused=True)
    return torch.zeros_like(x) if found is None else found


WAYS: dict[str, Way] = {
    "torch": by_derivative_program("torch"),
    "torchscript": by_derivative_program("torchscript"),
    "plain": by_autograd,
}

E60 = math.exp(60)
CASES = [
    ("where(x > 0, sqrt(x), 0)", -1.0, (0, 0, 0)),
    ("where(x > 0, sqrt(x), 0)", 0.0, (0, 0, 0)),
    ("where(x > 0, sqrt(x), 0)", 4.0, (2, 0.25, -1 / 32)),
    ("where(x > 0, sqrt(x), 0)*x + where(x > 0, sqrt(x), 0)", -1.0, (0, 0, 0)),
    ("where(x > 0, log(x), x)*x**2", -2.0, (-8, 12, -12)),
    ("where(x > 0, log(x), 0) + where(x < 0, log(-x), 0)", -2.0, (math.log(2), -0.5, -0.25)),
    ("where(x > 0, log(x), 0) + where(x < 0, log(-x), 0)", 0.0, (0, 0, 0)),
    ("where(x > 0, sqrt(x), 0) + where(x > 1, sqrt(x), 0)", -1.0, (0, 0, 0)),
    ("where(x > 0, sqrt(x), 0) + where(x > 1, sqrt(x), 0)", 0.25, (0.5, 1, -2)),
    ("where(exp(x) < x, exp(x), x)", 100.0, (100, 1, 0)),
    ("where(log(x) > 0, log(x), x)", -1.0, (-1, 1, 0)),
    ("min(x, exp(x))", 100.0, (100, 1, 0)),
    ("max(x*exp(x - 2), x)", 2.0, (2, 2, 2)),
    ("max(x, -exp(x))", 100.0, (100, 1, 0)),
    ("min(exp(x), exp(2*x))", 60.0, (E60, E60, E60)),
    ("min(x, exp(x))*max(x, -sinh(x))", 100.0, (1e4, 200, 2)),
    ("where(x > 0, where(x > 1, log(x - 1), x**2), x)", 0.5, (0.25, 1, 2)),
    ("where(x > 0, where(x > 1, log(x - 1), x**0.5), x)", -0.5, (-0.5, 1, 0)),
    ("where(x > 1, where(x > 0, sqrt(x), log(x)), where(x > 0, x, acosh_like(x)))", 0.5, (0.5, 1, 0)),
    ("where(x > 0, abs(sqrt(x)), x)", -1.0, (-1, 1, 0)),
    ("where(x > 0, abs(sqrt(abs(x) + x)), x**2)", -1.0, (1, -2, 2)),
    ("where(x < 80, exp(x), x)*where(x < 80, 1, x)", 100.0, (1e4, 200, 2)),
    ("where(x > 20, x, log(1 + exp(x)))", 1000.0, (1000, 1, 0)),
    ("where(x > 0, x, 2*(exp(x) - 1))", 1000.0, (1000, 1, 0)),
    ("where(x == 0, 1, sin(x)/x)", 0.0, (1, 0, 0)),
    ("where(x == 0, x, x**2/x)", 0.0, (0, 1, 0)),
    ("where(x > 0, x**0.5, 0)*exp(x)", -1.0, (0, 0, 0)),
    ("sqrt(relu(x))", -1.0, (0, 0, 0)),
    ("sqrt(max(x, 0))", -1.0, (0, 0, 0)),
    ("log(max(x, 0.5))", -1.0, (math.log(0.5), 0, 0)),
    ("exp(where(x > 50, 0, x))*where(x > 50, x, 1)", 100.0, (100, 1, 0)),
    ("where(x > 0, 1/x, 1/(1 - x))", 0.0, (1, 1, 2)),
    ("where(abs(x) < 1, sqrt(1 - x**2), 0)", 3.0, (0, 0, 0)),
    ("where(abs(x) < 1, arctanh(x), x)", 3.0, (3, 1, 0)),
    ("where(x > 0, hypot(x, 0), 0)", 0.0, (0, 0, 0)),
    ("where(logical_and(x > 0, x < 1), log(x*(1 - x)), x)", 2.0, (2, 1, 0)),
    ("(sqrt(x) if x > 0 else -sqrt(-x))*1", -4.0, (-2, 0.25, 1 / 32)),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("stabilised", [False, True], ids=["as written", "stabilised"])
@pytest.mark.parametrize(("text", "at", "expected"), CASES)
def test_known_cases(text: str, at: float, expected: tuple[float, ...], stabilised: bool, way: str) -> None:
    program = parse(text.replace("acosh_like(x)", "log(x + sqrt(x**2 - 1))")).program
    if stabilised:
        program = stabilise(program)
    found = WAYS[way](program, torch.tensor([at]))
    for got, wanted in zip(found, expected, strict=True):
        torch.testing.assert_close(got, torch.tensor([float(wanted)]), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "name", ["where(x > 0, x**alpha, 0)", "where(x > 0, alpha*log(x), x)", "min(x, alpha*exp(-x))"]
)
def test_parameters_of_a_branch_not_taken_have_no_gradient(name: str) -> None:
    program = parse(name).program
    leaves = ("x", "alpha")
    x, alpha = torch.tensor([-200.0]), torch.tensor([0.5], requires_grad=True)
    for backend in ("torch", "torchscript"):
        runs_on = get_backend(backend)
        kernel = runs_on.kernel(prepared(runs_on, gradient(program, ["alpha"]), {}), leaves)
        assert kernel([x, alpha.detach()])[0].tolist() == [0.0]
    (value,) = EagerKernel(plain_program(program, {}), leaves)(x, alpha)
    (found,) = torch.autograd.grad(value.sum(), alpha, allow_unused=True)
    assert found is None or found.tolist() == [0.0]


RECIPE = Recipe(
    operators="add mul sub neg sin cos tanh sigmoid swish relu square where gt max exp erf".split(),
    max_size=8,
    parameters=(),
)
HARMFUL = [
    "log(-1 - x*x)", "sqrt(-1 - x*x)", "exp(1000 + x*x)", "x/(x - x)", "(-1 - x*x)**0.3", "cosh(200 + x*x)",
    "arctanh(2 + x*x)", "1/(x - x)", "log(x - x)", "rsqrt(x - x)", "exp(exp(9 + x*x))", "(x - x)**-1.5",
]  # fmt: skip


def with_dead_branch(program: Program, harmful: Program, rng: Random) -> Program:
    """The program, one of its nodes replaced by a select that never takes a harmful term of that node."""
    builder = ProgramBuilder()
    x = builder.term(builder.input("x"))
    b = builder.algebra
    chosen = rng.randrange(len(program.nodes))
    always = (x * x >= 0) if rng.random() < 0.5 else (x * x + 1 > 0.5)
    placed: list[int] = []
    for index, node in enumerate(program.nodes):
        operands = tuple(placed[i] for i in node.operands)
        here = builder.term(builder.leaf(node) if node.is_leaf else builder.apply(node.operator, operands))
        if index == chosen and not (not node.is_leaf and node.operator.returns_truth):
            dead = builder.term(builder.include(harmful)[harmful.root])
            if rng.random() < 0.5:
                dead = dead * here
            here = (
                b("where", always, here, dead)
                if rng.random() < 0.5
                else b("where", b("logical_not", always), dead, here)
            )
        placed.append(here.index)
    return builder.build([placed[program.root]])


@pytest.mark.parametrize("way", ["torch", "plain"])
def test_a_dead_branch_changes_nothing(way: str) -> None:
    rng = Random(5)
    x = torch.tensor([-1.5, -0.25, 0.75, 2.0])
    harmful = [parse(text).program for text in HARMFUL]
    for expression in islice(generated(6, RECIPE), 150):
        changed = with_dead_branch(expression.program, rng.choice(harmful), rng)
        for wanted, got in zip(WAYS[way](expression.program, x), WAYS[way](changed, x), strict=True):
            same = torch.isclose(got, wanted, rtol=1e-4, atol=1e-6, equal_nan=True)
            assert same.all(), (program_text(changed), got, wanted)


def test_the_mask_is_applied_after_the_last_product() -> None:
    """No factor of a cotangent is multiplied before the branch is chosen."""
    program = gradient(parse("where(x > 0, log(sin(x)), x)").program, ["x"])
    root = program.nodes[program.root]
    assert root.operator.is_select
    taken = reachable(program, (root.operands[1],))
    assert not any(node.operator.is_select for node in taken.nodes if not node.is_leaf)
