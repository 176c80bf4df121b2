"""What a call needs that does not depend on the numbers in its tensors, for every target alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from symkit.backends.native.layout import RootLayout, root_layouts, storage_order
from symkit.backends.native.storage import Storage
from symkit.backends.protocol import Like, broadcast_shape
from symkit.backends.unfused import computed_dtype

STORAGES = {
    torch.float64: Storage.FLOAT64,
    torch.float32: Storage.FLOAT32,
    torch.bfloat16: Storage.BFLOAT16,
    torch.float16: Storage.FLOAT16,
}


class Prepared(Protocol):
    """A kernel for tensors of known shapes, strides and dtypes."""

    def __call__(self, leaves: Sequence[Tensor]) -> tuple[Tensor, ...]: ...


@dataclass(frozen=True)
class Call:
    """Tensors of a call as a kernel is planned for them.

    Attributes:
        leaves: tensors of float dtypes; at least one element in what they broadcast to.
        computed: the dtype of computation.
        shape: what the leaves broadcast to.
        order: its dimensions from outermost to innermost in storage.
        roots: how the results lie.
        strides: of every leaf, then of every root, over `shape`; 0 where it is broadcast or summed.
        storages: how every leaf and root is stored.
        summed: for every root whether it is.
    """

    leaves: Sequence[Tensor]
    computed: torch.dtype
    shape: torch.Size
    order: tuple[int, ...]
    roots: list[RootLayout]
    strides: list[tuple[int, ...]]
    storages: list[Storage]
    summed: list[bool]

    def without_leaves(self) -> Call:
        """What can be kept without keeping tensors alive."""
        return replace(self, leaves=())


class Target(Protocol):
    """What makes kernels of one Program for one kind of device."""

    def fused(self, call: Call) -> Prepared | None:
        """A kernel of one pass over memory, or None where its sums do not fit one."""
        ...


def prepare(target: Target, leaves: Sequence[Tensor], dtype: torch.dtype | None, like: Like) -> Prepared:
    """A kernel for leaves like these; see `symkit.backends.Kernel`.

    Args:
        leaves: tensors with memory, on the target's device, of any strides.
    """
    computed = computed_dtype(leaves)
    if any(leaf.dtype not in STORAGES for leaf in leaves):
        return _Converted(prepare(target, _floats(leaves, computed), dtype, like), computed)
    shape = broadcast_shape(leaves)
    roots = root_layouts(leaves, shape, like, dtype or computed)
    if not shape.numel():
        return _Empty(roots)
    strides = [_broadcast_strides(leaf.shape, leaf.stride(), shape) for leaf in leaves]
    strides += [_broadcast_strides(root.shape, root.strides, shape) for root in roots]
    storages = [STORAGES[leaf.dtype] for leaf in leaves] + [STORAGES[root.dtype] for root in roots]
    summed = [root.shape != shape for root in roots]
    order = storage_order(leaves, shape)
    fused = target.fused(Call(leaves, computed, shape, order, roots, strides, storages, summed))
    if fused is not None:
        return fused
    return _SummedAfterwards(prepare(target, leaves, None, (None,) * len(like)), roots)


class _Converted:
    """For leaves that no kernel reads as they are: integers, such as those of a target."""

    def __init__(self, prepared: Prepared, computed: torch.dtype) -> None:
        self._prepared = prepared
        self._computed = computed

    def __call__(self, leaves: Sequence[Tensor]) -> tuple[Tensor, ...]:
        return self._prepared(_floats(leaves, self._computed))


class _SummedAfterwards:
    """For sums that keep dimensions which one pass cannot: whole roots, then torch's sum."""

    def __init__(self, prepared: Prepared, roots: list[RootLayout]) -> None:
        self._prepared = prepared
        self._roots = roots

    def __call__(self, leaves: Sequence[Tensor]) -> tuple[Tensor, ...]:
        whole = self._prepared(leaves)
        return tuple(wanted.of(root.sum_to_size(wanted.shape)) for root, wanted in zip(whole, self._roots, strict=True))


class _Empty:
    """No elements: roots are empty, and sums 0."""

    def __init__(self, roots: list[RootLayout]) -> None:
        self._roots = roots

    def __call__(self, leaves: Sequence[Tensor]) -> tuple[Tensor, ...]:
        return tuple(root.empty(leaves[0].device).zero_() for root in self._roots)


def _broadcast_strides(shape: torch.Size, strides: Sequence[int], full: torch.Size) -> tuple[int, ...]:
    """Strides over the full shape: 0 along dimensions that are broadcast."""
    padding = len(full) - len(shape)
    own = [0 if size == 1 else stride for size, stride in zip(shape, strides, strict=True)]
    return (*(0,) * padding, *own)


def _floats(leaves: Sequence[Tensor], computed: torch.dtype) -> list[Tensor]:
    return [leaf if leaf.dtype in STORAGES else leaf.to(computed) for leaf in leaves]
