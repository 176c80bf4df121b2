"""torch.compile, torch.export and torch.jit.trace take layers and losses whole, and what they write needs no symkit."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import symkit

LAYER = "log(sigmoid(alpha*x))*beta*arcsinh(x) + where(x > 0, sqrt(x), elu(x))"

WITHOUT_SYMKIT = """
import sys
sys.modules["symkit"] = None
import torch
"""
"""The start of a program in which importing symkit fails."""


def run_without_symkit(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", WITHOUT_SYMKIT + code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(autouse=True)
def fresh_compiler() -> Iterator[None]:
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def compiled(module: nn.Module, **settings: Any) -> Any:
    """Compiled whole, by everything of torch.compile but the C++ compiler that not every machine has."""
    return torch.compile(module, fullgraph=True, backend="aot_eager", **settings)


def results(module: Any, *inputs: Tensor, parameters: list[Tensor]) -> list[Tensor]:
    """The value, and the gradients of the first input and the parameters."""
    first = inputs[0].clone().requires_grad_()
    value = module(first, *inputs[1:])
    return [value.detach(), *torch.autograd.grad(value.square().sum(), [first, *parameters])]


def test_a_network_compiles_whole(backend: str) -> None:
    layer = symkit.nn.Activation(LAYER, granularity="channel", num_channels=4, backend=backend)
    network = nn.Sequential(nn.Linear(3, 4), layer, nn.Linear(4, 2))
    parameters = list(network.parameters())
    x = torch.randn(8, 3)
    ours = compiled(network)
    torch.testing.assert_close(results(ours, x, parameters=parameters), results(network, x, parameters=parameters))
    with torch.no_grad():
        torch.testing.assert_close(ours(x), network(x))


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("-y*log(p + eps)*alpha", {}),
        ("-y*log(p)/C + abs(y - p)**gamma", {"reduction": "sum"}),
        ("(y - p)**2", {"C": 3}),
    ],
)
def test_losses_compile_whole(text: str, settings: dict[str, Any]) -> None:
    loss = symkit.nn.Loss(text, **settings)
    parameters = list(loss.parameters())
    p, y = torch.rand(8, 3) + 0.1, torch.rand(8, 3)
    ours = compiled(loss)
    torch.testing.assert_close(results(ours, p, y, parameters=parameters), results(loss, p, y, parameters=parameters))


def test_a_loss_over_shapes_that_broadcast_compiles() -> None:
    p, y = torch.rand(4, 1), torch.rand(4)
    torch.testing.assert_close(compiled(symkit.nn.Loss("(y - p)**2"))(p, y), ((y - p) ** 2).mean())


def test_halves_and_dynamic_shapes_compile() -> None:
    layer = symkit.nn.Activation(LAYER)
    ours = compiled(layer, dynamic=True)
    for shape in [(4, 3), (7, 3), (9, 5)]:
        x = torch.randn(shape).bfloat16()
        value = ours(x)
        assert value.dtype == torch.bfloat16
        torch.testing.assert_close(value, layer(x))


def test_a_compiled_function_gives_no_view_of_its_input() -> None:
    x = torch.ones(3)
    compiled(symkit.nn.Activation("x"))(x).add_(1)
    assert x.tolist() == [1.0, 1.0, 1.0]


def test_compiling_under_torch_func() -> None:
    f = symkit.functional("x*sigmoid(beta*x)")

    def slope(beta: Tensor, x: Tensor) -> Tensor:
        return torch.func.grad(lambda beta: f(x, beta=beta).sum())(beta)

    betas, x = torch.tensor([0.5, 2.0]), torch.randn(5)
    vectorised = torch.vmap(slope, (0, None))
    ours = torch.compile(vectorised, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(ours(betas, x), vectorised(betas, x))


def test_exported_programs_load_without_symkit(tmp_path: Path) -> None:
    layer = symkit.nn.Activation(LAYER, granularity="channel", num_channels=3)
    loss = symkit.nn.Loss("-y*log(p)/C + eps")
    x, p, y = torch.randn(4, 3), torch.rand(4, 3), torch.rand(4, 3)
    batch = torch.export.Dim("batch")
    programs = {
        "layer": torch.export.export(layer, (x,), dynamic_shapes={"x": {0: batch}}),
        "loss": torch.export.export(loss, (p, y)),
    }
    for name, program in programs.items():
        assert all("symkit" not in str(node.target) for node in program.graph.nodes)
        torch.export.save(program, tmp_path / f"{name}.pt2")
    more = torch.randn(9, 3)
    torch.save({"layer": [(more,), layer(more).detach()], "loss": [(p, y), loss(p, y)]}, tmp_path / "expected.pt")
    run_without_symkit(
        f"""
from pathlib import Path
folder = Path({str(tmp_path)!r})
for name, (inputs, value) in torch.load(folder / "expected.pt").items():
    torch.testing.assert_close(torch.export.load(folder / f"{{name}}.pt2").module()(*inputs), value)
"""
    )


@pytest.mark.filterwarnings("ignore:`torch.jit.*deprecated:DeprecationWarning")
def test_traced_modules_load_without_symkit(tmp_path: Path) -> None:
    layer = symkit.nn.Activation(LAYER)
    x = torch.tensor([-1.5, 0.0, 2.0])
    torch.jit.trace(layer, (x,)).save(tmp_path / "traced.pt")
    first = x.clone().requires_grad_()
    expected = torch.autograd.grad(layer(first).sum(), first)[0].tolist()
    printed = run_without_symkit(
        f"""
x = torch.tensor([-1.5, 0.0, 2.0], requires_grad=True)
traced = torch.jit.load({str(tmp_path / "traced.pt")!r})
print(*torch.autograd.grad(traced(x).sum(), x)[0].tolist())
"""
    )
    assert [float(word) for word in printed.split()] == pytest.approx(expected)
