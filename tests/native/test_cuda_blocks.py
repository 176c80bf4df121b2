"""CUDA kernels, run on the host: the bits of the host's own kernels, and sums near the exact ones, in every layout."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest
import torch
from kernels import SUBJECTS, Subject, assorted, name_of, same
from launches import FEW, MANY, Launch, slopes, value
from test_native_layouts import CASES, FORMULA, PRODUCT, Case, any_layout
from torch import Tensor, randn

from symkit.backends.native import cuda_layout

BUSY = "log(sigmoid(a*x))*b*arcsinh(x) + erf(x)*sin(x) - x**1.5"

DTYPES = [torch.float32, torch.float64, torch.bfloat16, torch.float16]


def assert_as_the_host(launch: Launch, tensors: list[Tensor], workers: Sequence[int] = (FEW, MANY)) -> None:
    """Elementwise roots to the bit, sums but for the order they are added in; and twice the same."""
    hosts = launch.host(tensors)
    elements = max(tensor.numel() for tensor in tensors)
    is_summed = any(host.numel() != elements for host in hosts)
    wide = launch.host([tensor.double() for tensor in tensors]) if is_summed else hosts
    for launch.device.workers in workers:
        for result, repeated, host, exact in zip(launch(tensors), launch(tensors), hosts, wide, strict=True):
            assert same(result, repeated)
            assert (result.shape, result.dtype) == (host.shape, host.dtype)
            if host.numel() == elements:
                assert result.stride() == host.stride()
                assert same(result, host)
            else:
                bound = max(2e-5, 4 * torch.finfo(result.dtype).eps)
                torch.testing.assert_close(result.double(), exact, rtol=bound, atol=bound)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_values_and_gradients_in_every_layout(case: Case) -> None:
    leaves = [case.x(), randn(case.a), randn(case.b)]
    assert_as_the_host(value(FORMULA), leaves)
    up = torch.empty_like(leaves[0]).normal_()
    assert_as_the_host(slopes(FORMULA), [up, *leaves])


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(4096,), (4099,), (7,), (3, 5, 64), (3, 5, 49), (6, 40), (2, 3, 22)])
def test_every_dtype_and_odd_sizes(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    x = assorted(torch.Size(shape).numel(), dtype).reshape(shape)
    a, b = torch.tensor(1.1, dtype=dtype), torch.tensor(0.9, dtype=dtype)
    launch = value(BUSY, workers=100)
    (result,) = launch([x, a, b], dtype)
    assert same(result, launch.host([x, a, b], dtype)[0])


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("parameter", [(), (6, 1), (40,), (6, 40), (5, 1, 1)], ids=str)
def test_sums_for_parameters(parameter: tuple[int, ...], dtype: torch.dtype) -> None:
    """A scalar, a channel between and behind, a neuron, and a row; halves are summed in float32."""
    up, x, a = (randn(shape).to(dtype) for shape in ((5, 6, 40), (5, 6, 40), parameter))
    assert_as_the_host(slopes("x*sigmoid(a*x)"), [up, x, a])


@pytest.mark.parametrize("shapes", [((), (6, 1)), ((40,), ()), ((6, 40), (40,)), ((6, 1), (5, 1, 1)), ((6, 40), ())])
def test_sums_that_keep_different_dimensions(shapes: tuple[tuple[int, ...], ...]) -> None:
    tensors = [randn(shape) for shape in ((5, 6, 40), (5, 6, 40), *shapes)]
    assert_as_the_host(slopes("x*sigmoid(a*x)*b"), tensors)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("offset", [1, 2, 3, 4, 8])
def test_memory_that_is_not_aligned(offset: int, dtype: torch.dtype) -> None:
    x = assorted(1000 + offset, dtype)[offset:]
    launch = value("x*sigmoid(a*x)", 64)
    (result,) = launch([x, torch.tensor(1.5, dtype=dtype)], dtype)
    assert same(result, launch.host([x, torch.tensor(1.5, dtype=dtype)], dtype)[0])


WORKERS = (1, 3, 1000, 300_000)


@pytest.mark.parametrize("count", [1, 2, 5, 255, 256, 257, 1023, 100_003])
def test_any_number_of_workers(count: int) -> None:
    x, a = assorted(count, torch.float32), torch.tensor(0.7)
    assert_as_the_host(value("x*tanh(a*x)"), [x, a], WORKERS)
    assert_as_the_host(slopes("x*tanh(a*x)"), [randn(count).abs(), randn(count), a], WORKERS)


@pytest.mark.parametrize("case", CASES[::3], ids=lambda case: case.name)
def test_indices_of_64_bits(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda_layout, "NARROW", 0)
    leaves = [case.x(), randn(case.a), randn(case.b)]
    assert_as_the_host(value(PRODUCT), leaves)
    assert_as_the_host(slopes(PRODUCT), [torch.empty_like(leaves[0]).normal_(), *leaves])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("parameter", [(), (6, 1), (6, 40)], ids=str)
def test_elements_that_are_seldom_met(parameter: tuple[int, ...], dtype: torch.dtype) -> None:
    """Angles so large that the sine needs another reduction, alone and side by side."""
    x = randn(5, 6, 40, dtype=dtype)
    x.view(-1)[[0, 17, 18, 401, 600, 601, 602, 603, 1199]] = 1e15
    a = torch.ones(parameter, dtype=dtype)
    assert_as_the_host(value("sin(a*x)"), [x, a])
    assert_as_the_host(slopes("a*sin(x)"), [torch.ones_like(x), x, a])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("subject", SUBJECTS, ids=name_of)
def test_every_operator(subject: Subject, dtype: torch.dtype) -> None:
    operands = [assorted(603, dtype, seed) for seed in range(subject.operator.arity)]
    (result,) = Launch(subject.program, subject.leaves, None, 64)(operands)
    assert same(result, subject.native(*operands))


@pytest.mark.parametrize("seed", range(30))
def test_random_layouts(seed: int) -> None:
    draw = Random(seed)
    shape = [draw.choice([1, 2, 3, 5, 16, 40]) for _ in range(draw.randint(0, 4))]
    parameters = [[size if draw.random() < 0.6 else 1 for size in shape[draw.randint(0, len(shape)) :]] for _ in "ab"]
    dtype = draw.choice(DTYPES[:2])
    leaves = [any_layout(draw, each).to(dtype) for each in (shape, *parameters)]
    up = any_layout(draw, shape).to(dtype) if draw.random() < 0.7 else randn(()).to(dtype).expand(shape)
    workers = [draw.choice([1, 20, 400, MANY])]
    assert_as_the_host(value(PRODUCT), leaves, workers)
    assert_as_the_host(slopes(PRODUCT), [up, *leaves], workers)
