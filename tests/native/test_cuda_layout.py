"""How calls are shared out to threads: widths of accesses, kept dimensions, workers."""

from __future__ import annotations

from random import Random

import pytest
import torch
from launches import layout_of
from torch import Tensor, empty

from symkit.backends.native.cuda_layout import LONGEST_SUM, THREADS, CudaLayout, plan_cuda, reciprocal
from symkit.backends.native.storage import Storage


def plan_of(x: Tensor, a: Tensor | None = None, workers: int = 1000) -> CudaLayout:
    """Of gradients by x and, where there is one, a parameter."""
    tensors = [x] if a is None else [x, x, a]
    return layout_of(tensors, (None,) if a is None else (1, 2), x.dtype, workers)[0]


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (empty(64, dtype=torch.float64), (2, 1)),
        (empty(64), (4, 1)),
        (empty(64, dtype=torch.bfloat16), (8, 1)),
        (empty(65), (4, 1)),
        (empty(3), (2, 2)),
        (empty(1), (1, 4)),
        (empty(8, 66)[:, :64], (2, 2)),
        (empty(8, 65)[:, :64], (1, 4)),
        (empty(8, 80)[:, :63], (1, 4)),
        (empty(8, 80)[:, :62], (2, 2)),
        (empty(8, 80)[:, ::2], (4, 1)),
        (empty(64, 3).t(), (4, 1)),
    ],
)
def test_sixteen_bytes_at_once(x: Tensor, expected: tuple[int, int]) -> None:
    """(elements of a chunk, chunks at once); results are dense, and of no use where columns have steps."""
    box = plan_of(x).box
    assert (box.vector, box.chunks) == expected


@pytest.mark.parametrize(("alignment", "vector"), [(4, 1), (8, 2), (16, 4)])
def test_accesses_are_as_wide_as_addresses_allow(alignment: int, vector: int) -> None:
    layout = plan_cuda((64,), [(1,), (1,)], (0,), [Storage.FLOAT32] * 2, [False], [alignment, 16], 10)
    assert layout is not None
    assert layout.box.vector == vector
    assert layout.box.chunks == 4 // vector


@pytest.mark.parametrize(
    ("shape", "parameter", "kept", "partials"),
    [
        ((4, 6, 40), (), [], "w"),
        ((4, 6, 40), (6, 1), [1], "6w"),
        ((4, 6, 40), (40,), [1], "w,40"),
        ((4, 6, 40), (6, 40), [1], "w,240"),
        ((4, 6, 40), (4, 1, 1), [0], "4w"),
        ((4, 6, 40), (4, 1, 40), [0, 2], "w,4,40"),
    ],
)
def test_kept_dimensions(shape: tuple[int, ...], parameter: tuple[int, ...], kept: list[int], partials: str) -> None:
    layout = plan_of(empty(shape), empty(parameter))
    assert layout.box.kept == kept
    expected = {
        "w": (layout.workers,),
        "6w": (6, layout.workers),
        "4w": (4, layout.workers),
        "w,40": (layout.workers, 40),
        "w,240": (layout.workers, 240),
        "w,4,40": (layout.workers, 4, 40),
    }
    assert layout.partials == expected[partials]


def test_sums_that_keep_everything_together_have_no_plan() -> None:
    strides = [(40, 1), (1, 0), (0, 1)]
    assert plan_cuda((30, 40), strides, (0, 1), [Storage.FLOAT32] * 3, [True, True], [16] * 3, 10) is None


@pytest.mark.parametrize("seed", range(200))
def test_all_chunks_are_met_by_workers_that_share_alike(seed: int) -> None:
    draw = Random(seed)
    shape = [draw.choice([1, 2, 3, 7, 64, 300]) for _ in range(draw.randint(1, 3))]
    kept = [size if draw.random() < 0.4 else 1 for size in shape]
    if all(k > 1 or s == 1 for k, s in zip(kept, shape, strict=True)):
        kept = [1] * len(shape)
    layout = plan_of(empty(shape), empty(kept), draw.choice([1, 100, 10_000, 500_000]))
    assert layout.grid == -(-layout.positions * layout.workers // THREADS)
    turns = -(-layout.turns // (layout.workers * layout.box.chunks))
    assert 1 <= turns <= LONGEST_SUM
    named = dict(zip(layout.box.words, layout.words, strict=True))
    assert named["total"] == layout.positions * layout.workers
    chunks = layout.positions * layout.turns * layout.box.vector
    assert chunks - torch.Size(shape).numel() < layout.box.vector


@pytest.mark.parametrize("workers", [1, 1000, 132 * 2048])
def test_a_device_is_filled_with_equal_shares(workers: int) -> None:
    layout = plan_cuda((2**26,), [(1,), (1,)], (0,), [Storage.FLOAT32] * 2, [False], [16, 16], workers)
    assert layout is not None
    assert 0.95 * workers <= layout.workers < workers + 32


def test_large_tensors_have_wide_indices() -> None:
    def wide(count: int) -> bool:
        layout = plan_cuda((count,), [(1,), (1,)], (0,), [Storage.FLOAT32] * 2, [False], [16, 16], 10_000)
        assert layout is not None
        return layout.box.wide

    assert not wide(2**30)
    assert wide(2**31)
    far = plan_cuda((2, 8), [(2**31, 1), (8, 1)], (0, 1), [Storage.FLOAT32] * 2, [False], [16, 16], 10)
    assert far is not None
    assert far.box.wide


def test_division_by_products() -> None:
    draw = Random(0)
    divisors = [1, 2, 3, 7, 255, 256, 257, 2**30 - 1, 2**30, 2**30 + 1, 2**31 - 1]
    divisors += [draw.randrange(1, 2**31) for _ in range(300)]
    for divisor in divisors:
        magic, shift = reciprocal(divisor)
        assert magic < 2**32
        near = [k * divisor + d for k in (1, 2, 2**31 // divisor) for d in (-1, 0, 1)]
        for n in (0, 1, 2**31 - 1, *near, *(draw.randrange(2**31) for _ in range(30))):
            if 0 <= n < 2**31:
                assert n * magic >> shift == n // divisor, (n, divisor)
