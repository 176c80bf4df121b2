"""Results do not depend on where a number stands, how many there are, how they lie in memory, or who computes them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from kernels import SUBJECTS, Subject, assorted, gradients, kernel, name_of, same
from torch import Tensor

LENGTHS = [*range(1, 71), *(n + d for n in (96, 128, 192, 256, 512) for d in (-1, 0, 1))]
OFFSETS = (0, 1, 2, 3, 5, 16)
DTYPES = [torch.float32, torch.float64]

BUSY = "log(sigmoid(a*x))*b*arcsinh(x) + erf(x)*sin(x) - x**1.5/(1 + exp(-c*x))"
"""Most of the maths library in one kernel."""


def operands_of(subject: Subject, dtype: torch.dtype, count: int = 600) -> list[Tensor]:
    return [assorted(count, dtype, seed) for seed in range(subject.operator.arity)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("subject", SUBJECTS, ids=name_of)
def test_every_form_at_every_length_position_and_alignment(subject: Subject, dtype: torch.dtype) -> None:
    operands = operands_of(subject, dtype)
    whole = subject.native(*operands)
    for offset in OFFSETS:
        for length in LENGTHS:
            part = slice(offset, offset + length)
            assert same(subject.native(*(x[part] for x in operands)), whole[part]), (offset, length)


@pytest.mark.parametrize("dtype", [*DTYPES, torch.bfloat16, torch.float16])
def test_any_strides(dtype: torch.dtype) -> None:
    run = kernel(BUSY)
    x, parameters = assorted(2400, dtype), [torch.tensor(v, dtype=dtype) for v in (1.1, 0.9, -1.3)]

    def value(x: Tensor, *others: Tensor) -> Tensor:
        (result,) = run((x, *(others or parameters)), dtype)
        return result

    whole = value(x)
    assert same(value(x[1::3]), whole[1::3])
    assert same(value(x.view(40, 60).t()), whole.view(40, 60).t())
    assert same(value(x.view(4, 10, 60)[::2, 1:9, ::7]), whole.view(4, 10, 60)[::2, 1:9, ::7])
    assert same(value(x.view(2, 3, 20, 20).permute(0, 2, 3, 1)), whole.view(2, 3, 20, 20).permute(0, 2, 3, 1))
    assert same(value(x[17].expand(50)), whole[17].expand(50))
    assert same(value(x[17]), whole[17])
    assert same(value(x, *(p.expand(2400) for p in parameters)), whole)
    assert same(value(x, *(p.expand(2400).clone() for p in parameters)), whole)
    assert same(value(x[:, None], *(p[None, None] for p in parameters)), whole[:, None])


@pytest.mark.parametrize("dtype", DTYPES)
def test_any_number_of_threads(dtype: torch.dtype) -> None:
    run = kernel(BUSY)
    leaves = [assorted(50_021, dtype), *(torch.tensor(v, dtype=dtype) for v in (1.1, 0.9, -1.3))]
    results = []
    for threads in (1, 2, 3, 7):
        torch.set_num_threads(threads)
        results += run(leaves)
    assert all(same(result, results[0]) for result in results)


SUMS: list[tuple[Sequence[int], Sequence[int]]] = [
    ((50_021,), ()),
    ((300, 170), ()),
    ((300, 170), (170,)),
    ((300, 170), (300, 1)),
    ((20, 30, 9, 9), (30, 1, 1)),
    ((6, 5, 40, 41), (5, 1, 41)),
    ((3, 7, 2500), (7, 2500)),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("shape", "summed"), SUMS, ids=str)
def test_sums_with_any_number_of_threads_and_alignment(
    shape: Sequence[int], summed: Sequence[int], dtype: torch.dtype
) -> None:
    backward = gradients("log(sigmoid(a*x))*arcsinh(x)")
    count = int(np.prod(shape))
    flat = torch.randn(2 * count + 1, dtype=dtype)
    parameter = torch.randn(summed, dtype=dtype)

    def sums(offset: int) -> tuple[Tensor, ...]:
        memory = torch.empty(2 * count + 1 + offset, dtype=dtype)[offset:].copy_(flat)
        return backward((memory[:count].view(shape), memory[count : 2 * count].view(shape), parameter))

    torch.set_num_threads(1)
    first = sums(0)
    for threads in (1, 2, 5):
        torch.set_num_threads(threads)
        for offset in (0, 1, 3):
            assert all(same(a, b) for a, b in zip(sums(offset), first, strict=True))


def test_a_sum_of_infinities_is_no_warning() -> None:
    x = torch.tensor([torch.inf, -torch.inf]).repeat(5000)
    _, total = gradients("a*x")((torch.ones(10_000), x, torch.ones(())))
    assert total.isnan()
