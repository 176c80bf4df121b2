"""bfloat16 and float16 in memory: every one of their numbers loads right, and stores round as torch does."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from kernels import gradients, kernel, same
from torch import Tensor

HALVES = [torch.bfloat16, torch.float16]


def every(dtype: torch.dtype) -> Tensor:
    """All 65,536 numbers of a format of 16 bits."""
    return torch.arange(2**16, dtype=torch.int32).to(torch.int16).view(dtype)


def copied(x: Tensor, dtype: torch.dtype | None) -> Tensor:
    (result,) = kernel("x")((x,), dtype)
    return result


@pytest.mark.parametrize("dtype", HALVES)
def test_every_number_loads(dtype: torch.dtype) -> None:
    halves = every(dtype)
    assert same(copied(halves, None), halves.float())
    (wide,) = kernel("a*x")((halves, torch.ones((), dtype=torch.float64)))
    assert same(wide, halves.double())


@pytest.mark.parametrize("dtype", HALVES)
def test_every_number_survives(dtype: torch.dtype) -> None:
    halves = every(dtype)
    assert same(copied(halves, dtype), halves)


@pytest.mark.parametrize("dtype", HALVES)
def test_ties_and_their_neighbours(dtype: torch.dtype) -> None:
    """Halfway between any two numbers, and the float32 numbers next to that: rounded to even, or up or down."""
    halves = every(dtype).float()
    halves = halves[halves.isfinite()].sort().values
    largest = torch.finfo(dtype).max
    # Halfway to what would follow the largest number, results become infinite.
    gap = largest - halves[-2]
    ends = torch.tensor([-1.0, 1.0]) * (largest + gap / 2)
    ties = torch.cat([((halves[1:].double() + halves[:-1].double()) / 2).float(), ends])
    up, down = (torch.nextafter(ties, torch.tensor(to)) for to in (torch.inf, -torch.inf))
    numbers = torch.cat([ties, up, down])
    assert same(copied(numbers, dtype), numbers.to(dtype))
    assert copied(ends, dtype).isinf().all()


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("computed", [torch.float32, torch.float64])
def test_millions_of_numbers_round_as_in_torch(dtype: torch.dtype, computed: torch.dtype) -> None:
    rng = np.random.default_rng(0)
    some = torch.from_numpy(rng.integers(0, 2**32, 2**21, dtype=np.uint64).astype(np.uint32).view(np.float32))
    moderate = torch.from_numpy(rng.normal(0, 1, 2**20) * np.exp(rng.normal(0, 8, 2**20)))
    special = torch.tensor([torch.nan, -torch.nan, torch.inf, -torch.inf, 0.0, -0.0, 1e-45, -1e-45, 3e38, -3e38])
    numbers = torch.cat([part.to(computed) for part in (some, moderate, special)])
    assert same(copied(numbers, dtype), numbers.float().to(dtype))


def test_nan_stays_nan_whatever_its_bits() -> None:
    patterns = np.concatenate([np.arange(0x7F800001, 0x80000000, 4099), np.arange(0xFF800001, 0x100000000, 4099)])
    nans = torch.from_numpy(patterns.astype(np.uint32).view(np.float32))
    assert nans.isnan().all()
    for dtype in HALVES:
        assert copied(nans, dtype).isnan().all()


@pytest.mark.parametrize("dtype", HALVES)
def test_arithmetic_is_in_float32_and_rounded_once(dtype: torch.dtype) -> None:
    x = torch.randn(5000).to(dtype)
    formula = kernel("x*sigmoid(x) + 100 - 100")
    (narrow,), (wide,) = formula((x,), dtype), formula((x.float(),))
    assert same(narrow, wide.to(dtype))


@pytest.mark.parametrize("dtype", HALVES)
def test_sums_of_halves_are_added_in_float32_or_more(dtype: torch.dtype) -> None:
    x, a = torch.rand(100_000).to(dtype), torch.ones(())
    up = torch.ones((), dtype=dtype).expand(100_000)
    _, total = gradients("a*x")((up, x, a))
    torch.testing.assert_close(total.double(), x.double().sum(), rtol=1e-6, atol=0.0)
