"""What is kept for the backward pass: the input and the parameters, and nothing that was computed from them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from symkit import functional
from symkit.nn import Activation, Loss


class Saved:
    """Counts what autograd keeps."""

    def __init__(self) -> None:
        self.tensors: list[Tensor] = []

    def __enter__(self) -> Saved:
        self._hooks = saved_tensors_hooks(self._keep, lambda tensor: tensor)
        self._hooks.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._hooks.__exit__(*error)  # type: ignore[arg-type]

    def _keep(self, tensor: Tensor) -> Tensor:
        self.tensors.append(tensor)
        return tensor

    @property
    def memory(self) -> set[int]:
        return {tensor.data_ptr() for tensor in self.tensors}


FORMULA = "log(sigmoid(alpha*x)) * beta*arcsinh(x) + erf(x)*tanh(x)"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize(
    "sharing",
    [{}, {"granularity": "channel", "num_channels": 4}, {"granularity": "neuron", "shape": (4, 25)}],
    ids=["a layer", "a channel", "a neuron"],
)
def test_a_layer_saves_its_input_and_parameters_alone(sharing: dict[str, object], dtype: torch.dtype) -> None:
    layer = Activation(FORMULA, backend="cpu", dtype=dtype, **sharing)  # type: ignore[arg-type]
    x = torch.randn(10, 4, 25, dtype=dtype, requires_grad=True)
    with Saved() as saved:
        y = layer(x)
    assert saved.memory == {tensor.data_ptr() for tensor in (x, *layer.parameters())}
    assert sum(tensor.numel() for tensor in saved.tensors) == x.numel() + sum(p.numel() for p in layer.parameters())
    y.sum().backward()
    assert all(tensor.grad is not None for tensor in (x, *layer.parameters()))


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_no_layout_of_an_input_is_copied_to_be_saved(layout: torch.memory_format) -> None:
    x = torch.randn(2, 3, 4, 5).to(memory_format=layout).requires_grad_()
    with Saved() as saved:
        functional("x*tanh(x)", backend="cpu")(x)
    assert saved.memory == {x.data_ptr()}


def test_a_loss_saves_its_inputs_alone() -> None:
    p, y = torch.rand(50, requires_grad=True), torch.rand(50)
    with Saved() as saved:
        Loss("-y*log(p) + (1 - y)*p**1.5", reduction="none", backend="cpu")(p, y)
    assert saved.memory == {p.data_ptr(), y.data_ptr()}


def test_nothing_is_saved_without_gradients() -> None:
    with Saved() as saved:
        functional(FORMULA, backend="cpu")(torch.randn(50))
        with torch.no_grad():
            functional(FORMULA, backend="cpu")(torch.randn(50, requires_grad=True))
    assert saved.tensors == []
