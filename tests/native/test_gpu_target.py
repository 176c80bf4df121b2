"""What surrounds CUDA kernels: the check of their first results, and what happens where they cannot run."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest
import torch
from kernels import same
from torch import Tensor

import symkit
from symkit.backends import get_backend, prepared
from symkit.backends.native import cuda_driver
from symkit.backends.native.cuda import GpuTarget, Loaded
from symkit.backends.native.cuda_entry import KernelText
from symkit.backends.native.host_blocks import HostDevice
from symkit.backends.native.prepare import Prepared, prepare
from symkit.errors import DomainError, Unsupported
from symkit.nn.pointwise import Pointwise

FORMULA = "log(sigmoid(a*x))*b*arcsinh(x)"
WITHOUT = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")


class Spoilt(HostDevice):
    """A device whose launches are counted, and whose arguments may be spoilt."""

    def __init__(self, spoil: Callable[[bytes], bytes], capturing: bool = False) -> None:
        super().__init__(workers=64)
        self.spoil = spoil
        self.capturing = capturing
        self.launches = 0

    def load(self, fingerprint: str, source: Callable[[], KernelText]) -> Loaded:  # type: ignore[override]
        kernel, device = super().load(fingerprint, source), self

        class Launcher:
            def launch(self, arguments: bytes, grid: int) -> None:
                device.launches += 1
                kernel.launch(device.spoil(arguments), grid)

        return Launcher()

    def is_capturing(self) -> bool:
        return self.capturing


def second_leaf_for_first(arguments: bytes) -> bytes:
    """The kernel reads another tensor than it should."""
    return arguments[8:16] + arguments[8:]


def target_of(pointwise: Pointwise, device: HostDevice) -> GpuTarget:
    program = prepared(pointwise.backend, pointwise.program, pointwise.constants)
    return GpuTarget(program, pointwise.leaves, device)


def leaves() -> list[Tensor]:
    return [torch.randn(700), torch.tensor(1.2), torch.tensor(0.7)]


def gradients() -> Pointwise:
    derived, _ = symkit.functional(FORMULA).pointwise.pullback((True,) * 3, (True,))
    assert derived is not None
    return derived


def backward(device: HostDevice) -> tuple[Prepared, list[Tensor]]:
    derived = gradients()
    operands = [torch.randn(700), *leaves()]
    return prepare(target_of(derived, device), operands, None, derived.like), operands


def test_a_right_kernel_is_believed() -> None:
    device = Spoilt(lambda arguments: arguments)
    run, operands = backward(device)
    first, second = run(operands), run(operands)
    assert device.launches == 2
    assert all(same(a, b) for a, b in zip(first, second, strict=True))
    assert same(first[0], gradients().kernel(operands)[0])


def test_a_wrong_kernel_is_noticed_once_and_torch_takes_over() -> None:
    device = Spoilt(second_leaf_for_first)
    run, operands = backward(device)
    with pytest.warns(RuntimeWarning, match="gave other numbers than torch on the host"):
        first = run(operands)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        second = run(operands)
    assert device.launches == 1
    expected = gradients().kernel(operands)
    for found in (first, second):
        for a, b in zip(found, expected, strict=True):
            torch.testing.assert_close(a, b)


def test_nothing_is_looked_at_while_a_graph_is_captured() -> None:
    device = Spoilt(second_leaf_for_first, capturing=True)
    run, operands = backward(device)
    run(operands)
    device.capturing = False
    with pytest.warns(RuntimeWarning, match="gave other numbers"):
        run(operands)


@pytest.mark.parametrize("text", ["x/0", "log(x)", "exp(100*x)", "1e-30*x", "sign(x)*1e6", "tan(1e5*x)", "x*0/0"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.float64])
def test_numbers_that_are_hard_to_compare_raise_no_alarm(text: str, dtype: torch.dtype) -> None:
    pointwise = symkit.functional(text).pointwise
    x = torch.randn(3000).to(dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        prepare(target_of(pointwise, HostDevice(workers=64)), [x], dtype, (None,))([x])


@WITHOUT
def test_without_a_device_the_backend_says_so() -> None:
    assert cuda_driver.why_not() == "torch finds no CUDA device"
    with pytest.raises(Unsupported, match="backend 'cuda' got a tensor on cpu; move it, or use backend 'auto'"):
        symkit.functional("x", backend="cuda")(torch.ones(2))
    assert symkit.functional("exp(x)")(torch.ones(2, device="meta")).is_meta


def test_the_list_of_backends_names_it() -> None:
    with pytest.raises(DomainError, match="auto, cpu, cuda, torch, torchscript, exact"):
        get_backend("gpu")
