"""torch.ops.symkit.pointwise, which torch.compile keeps: what torch asks of operators, and the same bits."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.library import opcheck

import symkit
from symkit import zoo
from symkit.errors import DomainError, ParseError
from symkit.nn.operator import recipe_of

LAYER = "log(sigmoid(alpha*x))*beta*arcsinh(x)"
OPERATOR = torch.ops.symkit.pointwise.default
QUICK = ("test_schema", "test_autograd_registration", "test_faketensor")
"""What is checked of every function; the rest once, for it takes a second."""

ENTRIES = {name: zoo.entry(name).expression for name in zoo if zoo.entry(name).kind in ("activation", "loss", "gan")}


def recipe(text: str, *steps: tuple[list[bool], list[bool]], backend: str = "auto") -> str:
    found = recipe_of(symkit.functional(text, backend=backend))
    assert found is not None
    return json.dumps([*json.loads(found), *steps])


def graph_of(run: Any, *inputs: Tensor) -> str:
    """What torch.compile writes down."""
    torch._dynamo.reset()
    code: list[str] = []

    def keep(module: torch.fx.GraphModule, _: object) -> Any:
        code.append(module.code)
        return module.forward

    torch.compile(run, fullgraph=True, backend=keep)(*inputs)
    torch._dynamo.reset()
    return "".join(code)


@pytest.mark.parametrize("name", ENTRIES)
def test_every_function_is_an_operator(name: str) -> None:
    e = ENTRIES[name]
    function = symkit.functional(e)
    leaves = [torch.rand(3, 4, requires_grad=True) for _ in function.pointwise.leaves]
    found = recipe_of(function)
    assert found is not None
    opcheck(OPERATOR, (found, leaves, torch.float32), test_utils=QUICK)
    (value,) = OPERATOR(found, leaves, torch.float32)
    (own,) = function.pointwise.apply(leaves, torch.float32)
    torch.testing.assert_close(value, own, rtol=0, atol=0, equal_nan=True)
    up = torch.rand(3, 4)
    gradients = (torch.autograd.grad(result, leaves, up, allow_unused=True) for result in (value, own))
    for a, b in zip(*gradients, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize(
    ("shapes", "dtype"),
    [
        (((6, 5), (5,), ()), torch.float32),
        (((2, 3, 4, 5), (3, 1, 1), ()), torch.bfloat16),
        (((3,), (4, 3), (4, 1)), None),
        (((0, 3), (3,), ()), torch.float32),
        (((6, 5, 7), (6, 1, 7), (1,)), torch.float64),
    ],
    ids=str,
)
@pytest.mark.parametrize("order", [0, 1, 2])
def test_torch_accepts_the_operator(shapes: tuple[tuple[int, ...], ...], dtype: torch.dtype | None, order: int) -> None:
    leaves = [torch.rand(shape, requires_grad=True) for shape in shapes]
    steps = [([False] * i + [True] * 3, [True] * (1 if i == 0 else 3)) for i in range(order)]
    whole = torch.broadcast_shapes(*shapes)
    cotangents = [torch.rand(whole)] if order == 1 else [*(torch.rand(s) for s in shapes), torch.rand(whole)]
    operands = [*(cotangents if order else []), *leaves]
    opcheck(OPERATOR, (recipe(LAYER, *steps), operands, dtype))


@pytest.mark.parametrize("x", [torch.rand(5, 6).t(), torch.rand(2, 3, 4, 5).to(memory_format=torch.channels_last)])
@pytest.mark.parametrize("layer", [LAYER, "alpha*beta*x"])
def test_layouts_are_promised_as_they_are(x: Tensor, layer: str) -> None:
    opcheck(OPERATOR, (recipe(layer), [x, torch.rand(x.shape[-1]), torch.rand(())], torch.float32))


def test_derivatives_of_the_operator() -> None:
    leaves = [torch.rand(shape, dtype=torch.float64, requires_grad=True) for shape in ((4, 3), (3,), ())]

    def run(*leaves: Tensor) -> Tensor:
        (value,) = OPERATOR(recipe(LAYER), leaves, torch.float64)
        return value  # type: ignore[no-any-return]

    assert torch.autograd.gradcheck(run, leaves)
    assert torch.autograd.gradgradcheck(run, leaves)


def test_only_what_requires_a_gradient_gets_one() -> None:
    x, alpha, beta = torch.rand(4, 3), torch.rand(3, requires_grad=True), torch.rand(())
    (value,) = OPERATOR(recipe(LAYER), [x, alpha, beta], torch.float32)
    value.sum().backward()
    assert alpha.grad is not None
    assert alpha.grad.shape == (3,)


@pytest.mark.parametrize("in_dims", [(0, None, None), (0, 0, None), (1, None, 0), (None, 0, 0)])
def test_vmap(in_dims: tuple[int | None, ...]) -> None:
    sizes = [(4, 3), (3,), ()]
    leaves = [
        torch.rand(size) if dim is None else torch.rand(2, *size).movedim(0, dim)
        for size, dim in zip(sizes, in_dims, strict=True)
    ]
    run, derive = recipe(LAYER), recipe(LAYER, ([True] * 3, [True]))

    def both(*leaves: Tensor) -> tuple[Tensor, ...]:
        return (*OPERATOR(run, leaves, torch.float32), *OPERATOR(derive, [torch.ones(4, 3), *leaves], None))

    found = torch.vmap(both, in_dims)(*leaves)
    for i in range(2):
        one = both(*(leaf if d is None else leaf.select(d, i) for leaf, d in zip(leaves, in_dims, strict=True)))
        for a, b in zip(found, one, strict=True):
            torch.testing.assert_close(a[i], b)


def test_torch_compile_keeps_fused_kernels_and_their_bits() -> None:
    layer = symkit.nn.Activation(LAYER, granularity="channel", num_channels=3)
    loss = symkit.nn.Loss("-y*log(p + eps)*alpha", reduction="sum")
    assert "symkit.pointwise" in graph_of(layer, torch.rand(4, 3))
    assert "symkit.pointwise" in graph_of(loss, torch.rand(4, 3), torch.rand(4, 3))
    ours = torch.compile(layer, fullgraph=True, backend="aot_eager")
    x = torch.randn(40, 3, 9, requires_grad=True)
    leaves, up = [x, *layer.parameters()], torch.randn(40, 3, 9)
    for result in (layer(x), ours(x)):
        found = (result, *torch.autograd.grad(result, leaves, up))
        expected = (layer(x), *torch.autograd.grad(layer(x), leaves, up))
        assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))
    torch._dynamo.reset()


def test_dynamic_shapes_and_strides() -> None:
    layer = symkit.nn.Activation(LAYER)
    ours = torch.compile(layer, fullgraph=True, backend="aot_eager", dynamic=True)
    for x in (torch.randn(4, 6), torch.randn(9, 5), torch.randn(8, 7).t(), torch.randn(3, 2, 5)):
        x.requires_grad_()
        (a,) = torch.autograd.grad(ours(x).sum(), x)
        (b,) = torch.autograd.grad(layer(x).sum(), x)
        assert torch.equal(a, b)
        assert ours(x).stride() == layer(x).stride()
    torch._dynamo.reset()


def test_other_backends_and_devices_are_written_down_operator_by_operator() -> None:
    for backend in ("torch", "torchscript", "exact"):
        graph = graph_of(symkit.nn.Activation(LAYER, backend=backend), torch.rand(3))
        assert "symkit" not in graph
        assert "sigmoid" in graph
    graph = graph_of(symkit.nn.Activation(LAYER, device="meta"), torch.rand(3, device="meta"))
    assert "symkit" not in graph
    assert "sigmoid" in graph


def test_an_operator_that_was_defined_is_written_out() -> None:
    table = symkit.define("twice", "2*sigmoid(x)")
    function = symkit.functional(symkit.parse("x*twice(x)", table=table))
    x = torch.randn(5)
    assert "twice" not in graph_of(function, x)
    assert torch.equal(torch.compile(function, fullgraph=True, backend="aot_eager")(x), function(x))
    torch._dynamo.reset()


def test_a_recipe_means_the_same_in_every_process(tmp_path: Path) -> None:
    """A compiled graph that was kept runs where nothing was parsed before."""
    x, alpha, beta = torch.randn(7, 3), torch.rand(3), torch.rand(())
    text = recipe(LAYER, ([True, True, True], [True]))
    torch.save({"recipe": text, "leaves": [torch.ones(7, 3), x, alpha, beta]}, tmp_path / "call.pt")
    code = (
        "import sys, torch, symkit.nn\n"
        "call = torch.load(sys.argv[1])\n"
        "torch.save(torch.ops.symkit.pointwise(call['recipe'], call['leaves'], None), sys.argv[2])\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "call.pt"), str(tmp_path / "result.pt")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    expected = OPERATOR(text, [torch.ones(7, 3), x, alpha, beta], None)
    assert all(torch.equal(a, b) for a, b in zip(torch.load(tmp_path / "result.pt"), expected, strict=True))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no recipe"),
        ("[]", "is no recipe"),
        ("{}", "is no recipe"),
        ("3", "is no recipe"),
        ('["x", "activation", "auto"]', "is no recipe"),
        ('["x", "activation", "auto", true, 7]', "is no recipe"),
        ('["x", "activation", "auto", true, ["z"]]', "no derivative by 'z'"),
        ('["x", "activation", "auto", true, [], 5]', "is no recipe"),
        ('["x", "activation", "auto", true, [], [[true, true], [true]]]', "is no recipe"),
        ('["x", "activation", "auto", true, [], [[false], [true]]]', "a derivative of nothing"),
        ('["x", "activation", "nowhere", true, []]', "'nowhere' is not one of"),
        ('[3, "activation", "auto", true, []]', "text must be a str"),
    ],
)
def test_what_is_no_recipe(text: str, message: str) -> None:
    with pytest.raises(DomainError, match=message):
        OPERATOR(text, [torch.rand(3)], None)


def test_a_recipe_is_no_program() -> None:
    with pytest.raises(ParseError):
        OPERATOR('["__import__(1)", "activation", "auto", true, []]', [torch.rand(3)], None)


def test_leaves_that_are_missing_or_do_not_fit() -> None:
    with pytest.raises(DomainError, match="takes 3 leaves, x, alpha, beta; given are 1"):
        OPERATOR(recipe(LAYER), [torch.rand(3)], None)
    with pytest.raises(RuntimeError, match="do not broadcast"):
        OPERATOR(recipe("a*x"), [torch.rand(3), torch.rand(4)], None)


def test_a_network_under_torch_compile_learns() -> None:
    network = nn.Sequential(nn.Linear(3, 8), symkit.nn.Activation("x*sigmoid(beta*x)"), nn.Linear(8, 1))
    ours = torch.compile(network, fullgraph=True, backend="aot_eager")
    x = torch.randn(64, 3)
    optimiser = torch.optim.Adam(network.parameters(), lr=0.05)
    losses = []
    for _ in range(60):
        loss = (ours(x) - x.prod(1, keepdim=True)).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]
    torch._dynamo.reset()
