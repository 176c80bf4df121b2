"""Layout: how the tensors of a kernel lie in memory, as one box of rows and columns in storage order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from symkit.backends.native.host_text import Box, Reduction, Step
from symkit.backends.native.storage import Storage

INTERLEAVE = 4
"""Vectors that a long row works on at once; more spill registers."""

LONG_ROW = 512
"""Columns from which what is left over of so wide a step does not count."""

BLOCK = 4096
"""Columns of an item, and elements of an item of short rows."""

GROUPS = 32
"""Groups that a sum over a few rows is cut into: enough for threads."""

LONGEST_SUM = 256
"""Rows that are added up one after the other: rounding errors may all go one way, and grow with their number."""


@dataclass(frozen=True)
class Layout:
    """The box of one call.

    Attributes:
        box: what the kernel must be compiled for.
        columns, sizes: columns, and sizes of the outer dimensions.
        strides: for every tensor its strides along the outer dimensions and then along columns, in elements.
        order: dimensions of the broadcast shape from outermost to innermost in storage.
        group, block, blocks, groups: how items are cut.
    """

    box: Box
    columns: int
    sizes: tuple[int, ...]
    strides: tuple[tuple[int, ...], ...]
    rows: int
    group: int
    block: int

    @property
    def groups(self) -> int:
        return -(-self.rows // self.group)

    @property
    def blocks(self) -> int:
        return -(-self.columns // self.block)


def storage_order(tensors: Sequence[Tensor], shape: torch.Size) -> tuple[int, ...]:
    """Dimensions from the largest stride to the smallest, as the first tensor of the full shape has them.

    An expanded tensor, such as the gradient of a sum, says nothing of order.
    """
    for tensor in tensors:
        strides = tensor.stride()
        if tensor.shape == shape and all(strides):
            return tuple(sorted(range(len(shape)), key=lambda d: (-strides[d], d)))
    return tuple(range(len(shape)))


def dense_strides(shape: torch.Size, order: Sequence[int]) -> tuple[int, ...]:
    """Strides of a new tensor whose storage has this order of dimensions."""
    strides = [0] * len(shape)
    step = 1
    for d in reversed(order):
        strides[d] = step
        step *= max(shape[d], 1)
    return tuple(strides)


@dataclass(frozen=True)
class RootLayout:
    """How a root lies in memory."""

    shape: torch.Size
    strides: tuple[int, ...]
    dtype: torch.dtype

    def empty(self, device: torch.device | str = "cpu") -> Tensor:
        return torch.empty_strided(self.shape, self.strides, dtype=self.dtype, device=device)

    def of(self, tensor: Tensor) -> Tensor:
        """The tensor, or a copy where it lies otherwise."""
        if (tensor.shape, tensor.stride(), tensor.dtype) == (self.shape, self.strides, self.dtype):
            return tensor
        return self.empty(tensor.device).copy_(tensor)


def root_layouts(
    leaves: Sequence[Tensor], shape: torch.Size, like: Sequence[int | None], dtype: torch.dtype
) -> list[RootLayout]:
    """The layout of every root.

    Args:
        leaves: what the kernel is called with.
        shape: what they broadcast to.
        like: see `symkit.backends.Like`.
        dtype: of roots that are like no leaf.
    """
    dense = dense_strides(shape, storage_order(leaves, shape))
    layouts = []
    for place in like:
        own = shape if place is None else leaves[place].shape
        strides = dense if own == shape else dense_strides(own, range(len(own)))
        layouts.append(RootLayout(own, strides, dtype if place is None else leaves[place].dtype))
    return layouts


def collapse(
    shape: Sequence[int], strides: Sequence[Sequence[int]], order: Sequence[int]
) -> tuple[list[int], list[list[int]]]:
    """Sizes and strides with dimensions in `order`, those of size 1 dropped and those that run on merged."""
    sizes: list[int] = []
    merged: list[list[int]] = [[] for _ in strides]
    for d in order:
        if shape[d] == 1:
            continue
        if sizes and all(m[-1] == s[d] * shape[d] for m, s in zip(merged, strides, strict=True)):
            sizes[-1] *= shape[d]
            for m, s in zip(merged, strides, strict=True):
                m[-1] = s[d]
        else:
            sizes.append(shape[d])
            for m, s in zip(merged, strides, strict=True):
                m.append(s[d])
    if not sizes:
        return [1], [[0] for _ in strides]
    return sizes, merged


def plan(
    shape: Sequence[int],
    strides: Sequence[Sequence[int]],
    order: Sequence[int],
    storages: Sequence[Storage],
    summed: Sequence[bool],
) -> Layout | None:
    """The layout of a kernel, or None where a sum fits neither columns nor rows alone.

    Args:
        shape: the broadcast shape.
        strides: of every leaf, then of every root, over `shape`; a broadcast or summed dimension has stride 0.
        order: dimensions from outermost to innermost in storage.
        storages: how every leaf and root lies in memory.
        summed: for every root whether it is summed to its strides' shape.
    """
    roots = len(summed)
    sizes, merged = collapse(shape, strides, order)
    steps = []
    fates = []
    for position, m in enumerate(merged):
        root = position - (len(merged) - roots)
        step = Step.UNIT if m[-1] == 1 else Step.NONE if m[-1] == 0 else Step.ANY
        if root >= 0:
            fate = Reduction.STORE
            if summed[root]:
                fate = Reduction.COLUMNS if m[-1] == 0 else Reduction.ROWS
                if fate is Reduction.ROWS and (m[-1] != 1 or any(m[:-1])):
                    return None
            fates.append(fate)
        steps.append(step)
    columns, rows = sizes[-1], 1
    for size in sizes[:-1]:
        rows *= size
    if Reduction.ROWS in fates:
        group = min(-(-rows // min(rows, GROUPS)), LONGEST_SUM)
    else:
        group = max(1, min(rows, BLOCK // max(columns, 1)))
    interleave = INTERLEAVE if columns >= LONG_ROW else 1
    box = Box(len(sizes) - 1, tuple(storages), tuple(steps), tuple(fates), interleave)
    return Layout(box, columns, tuple(sizes[:-1]), tuple(map(tuple, merged)), rows, group, min(columns, BLOCK))
