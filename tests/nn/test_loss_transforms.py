"""Losses of logits under everything torch does with functions: higher derivatives, torch.func, compile and export."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from symkit.errors import Unsupported
from symkit.nn import Loss, LossFunction, export, loss_function

C = 5
SPARSE = "f(y, p; xi = 0.1) = -y*((1 - xi + xi/C)*log(p) + xi*(C - 1)/C*log((1 - p)/(C - 1)))"
DENSE = "-(y*(1 - p)**2*log(p) + (1 - y)*a*log(1 - p))"
SETTINGS: list[tuple[str, str, dict[str, Any]]] = [
    ("sparse", SPARSE, {}),
    ("dense", DENSE, {}),
    ("smoothed", SPARSE, {"label_smoothing": 0.2}),
    ("probabilities", DENSE, {}),
    ("sigmoid", DENSE, {"link": "sigmoid"}),
]

Case = tuple[LossFunction, Tensor, Tensor]


@pytest.fixture(params=SETTINGS, ids=lambda setting: setting[0])
def case(request: pytest.FixtureRequest) -> Case:
    """A loss, logits and targets in float64."""
    name, text, settings = request.param
    f = loss_function(text, **{"link": "softmax", "backend": "torch", **settings})
    logits = torch.randn(4, C, dtype=torch.float64)
    classes = torch.tensor([0, 3, -100, 1]) if f.link == "softmax" else None
    target = torch.rand(4, C, dtype=torch.float64) if name in ("probabilities", "sigmoid") else classes
    assert target is not None
    return f, logits, target


def parameters(f: LossFunction) -> dict[str, Tensor]:
    return {name: torch.tensor(0.3, dtype=torch.float64) for name in f.expression.parameters}


def of_logits_and_parameter(f: LossFunction, target: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
    (name,) = f.expression.parameters
    return lambda logits, value: f(logits, target, **{name: value})


def test_derivatives_of_derivatives(case: Case) -> None:
    f, logits, target = case
    inputs = (logits.requires_grad_(), torch.tensor(0.3, dtype=torch.float64, requires_grad=True))
    loss = of_logits_and_parameter(f, target)
    assert torch.autograd.gradcheck(loss, inputs)
    assert torch.autograd.gradgradcheck(loss, inputs)

    def slope(logits: Tensor, value: Tensor) -> Tensor:
        (first,) = torch.autograd.grad(loss(logits, value), logits, create_graph=True)
        return (first * torch.arange(first.numel()).reshape(first.shape)).sum()

    assert torch.autograd.gradgradcheck(slope, inputs)


def test_forward_mode_and_torch_func(case: Case) -> None:
    f, logits, target = case
    (name,) = f.expression.parameters
    value = torch.tensor(0.3, dtype=torch.float64)
    loss = of_logits_and_parameter(f, target)
    leaf = logits.clone().requires_grad_()
    (expected,) = torch.autograd.grad(loss(leaf, value), leaf)
    torch.testing.assert_close(torch.func.grad(loss)(logits, value), expected)
    direction = torch.randn_like(logits)
    _, slope = torch.func.jvp(lambda z: loss(z, value), (logits,), (direction,))
    torch.testing.assert_close(slope, (expected * direction).sum())
    hessian = torch.func.hessian(loss)(logits, value)
    torch.testing.assert_close(hessian, torch.autograd.functional.hessian(lambda z: loss(z, value), logits))


def test_vmap(case: Case) -> None:
    f, logits, target = case
    several = torch.stack([logits, 2 * logits, logits.flip(0)])
    torch.testing.assert_close(
        torch.vmap(lambda z: f(z, target))(several), torch.stack([f(z, target) for z in several])
    )
    if f.link == "softmax":
        rows = LossFunction(f.expression, f.link, "none", label_smoothing=f.label_smoothing, backend="torch")
        torch.testing.assert_close(torch.vmap(rows)(logits, target), rows(logits, target))
        slopes = torch.vmap(torch.func.grad(rows))(logits, target)
        leaf = logits.clone().requires_grad_()
        torch.testing.assert_close(slopes, torch.autograd.grad(rows(leaf, target).sum(), leaf)[0])


@pytest.fixture
def fresh_compiler() -> Iterator[None]:
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def results(loss: Any, logits: Tensor, target: Tensor, by: list[Tensor]) -> list[Tensor]:
    leaf = logits.clone().requires_grad_()
    value = loss(leaf, target)
    return [value.detach(), *torch.autograd.grad(value, [leaf, *by])]


@pytest.mark.usefixtures("fresh_compiler")
def test_losses_compile_whole(case: Case) -> None:
    f, logits, target = case
    loss = Loss(f.expression, link=f.link, label_smoothing=f.label_smoothing)
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    by = list(loss.parameters())
    for some in (logits, logits.float()):
        torch.testing.assert_close(results(compiled, some, target, by), results(loss, some, target, by))


@pytest.mark.usefixtures("fresh_compiler")
def test_batches_of_any_size_compile_at_once() -> None:
    loss = Loss(SPARSE, link="softmax")
    counter = torch._dynamo.testing.CompileCounterWithBackend("aot_eager")
    compiled = torch.compile(loss, fullgraph=True, backend=counter, dynamic=True)
    counts = []
    for size in (3, 8, 5):
        logits, target = torch.randn(size, C), torch.randint(0, C, (size,))
        torch.testing.assert_close(compiled(logits, target), loss(logits, target))
        counts.append(counter.frame_count)
    assert counts[0] == counts[-1] > 0


def test_exported_programs_load_without_symkit(tmp_path: Path) -> None:
    logits, classes = torch.randn(4, C), torch.tensor([0, 3, -100, 1])
    cases = {
        "sparse": (Loss(SPARSE, link="softmax"), classes),
        "dense": (Loss(DENSE, link="softmax", weight=torch.rand(C)), classes),
        "probabilities": (Loss(DENSE, link="softmax", label_smoothing=0.1), torch.rand(4, C)),
        "sigmoid": (Loss(DENSE, link="sigmoid"), torch.rand(4, C)),
    }
    for name, (loss, target) in cases.items():
        batch = torch.export.Dim("batch")
        program = torch.export.export(loss, (logits, target), dynamic_shapes=({0: batch}, {0: batch}))
        assert all("symkit" not in str(node.target) for node in program.graph.nodes)
        torch.export.save(program, tmp_path / f"{name}.pt2")
        more = (torch.cat([logits, 3 * logits]), torch.cat([target, target.flip(0)]))
        torch.save((more, loss(*more).detach()), tmp_path / f"{name}.pt")
    code = f"""
import sys
sys.modules["symkit"] = None
from pathlib import Path
import torch
for path in Path({str(tmp_path)!r}).glob("*.pt2"):
    inputs, value = torch.load(path.with_suffix(".pt"))
    torch.testing.assert_close(torch.export.load(path).module()(*inputs), value)
    print(path.stem)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == set(cases)


@pytest.mark.parametrize("link", ["softmax", "sigmoid"])
def test_torchscript_is_left_to_torch_export(link: str) -> None:
    with pytest.raises(Unsupported, match=r"under link .* has no TorchScript form; torch.export.export\(loss, "):
        export(Loss(DENSE, link=link), "torchscript")
    assert export(Loss(DENSE, link=link), "text") == str(Loss(DENSE).expression)
