"""The host target: kernels of Programs on the CPU."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import torch
from torch import Tensor

from symkit.backends.native.engine import Code
from symkit.backends.native.host_text import KernelText, Reduction
from symkit.backends.native.layout import Layout, dense_strides, plan, storage_order
from symkit.backends.native.machine import FLOAT32, FLOAT64
from symkit.backends.native.storage import Storage
from symkit.backends.native.threads import run_items
from symkit.backends.native.translate import translate
from symkit.backends.protocol import broadcast_shape
from symkit.ir import Program, fingerprint

STORAGES = {
    torch.float64: Storage.FLOAT64,
    torch.float32: Storage.FLOAT32,
    torch.bfloat16: Storage.BFLOAT16,
    torch.float16: Storage.FLOAT16,
}
FORMATS = {torch.float32: FLOAT32, torch.float64: FLOAT64}

PARALLEL_FROM = 8192
"""Elements from which a second thread pays."""


MAX_PREPARED = 512
"""Layouts that a kernel remembers; past it all are forgotten and met again."""


class HostKernel:
    """A Program compiled for the host, once for each layout and choice of dtypes it meets."""

    def __init__(self, program: Program, leaves: tuple[str, ...]) -> None:
        self._program = program
        self._leaves = leaves
        self._code: dict[object, Code] = {}
        self._prepared: dict[object, _Prepared] = {}

    def __call__(
        self,
        leaves: Sequence[Tensor],
        dtypes: Sequence[torch.dtype | None] | None = None,
        targets: Sequence[torch.Size | None] | None = None,
    ) -> tuple[Tensor, ...]:
        """The roots of a Program.

        Args:
            leaves: CPU tensors of any floating dtype and strides that broadcast.
            dtypes: of every root; that of computation where None, float64 if a leaf has it, else float32.
            targets: the shape every root is summed to; the broadcast shape where None.
        """
        key = (
            *[(leaf.shape, leaf.stride(), leaf.dtype) for leaf in leaves],
            None if dtypes is None else tuple(dtypes),
            None if targets is None else tuple(targets),
        )
        prepared = self._prepared.get(key)
        if prepared is None:
            if len(self._prepared) >= MAX_PREPARED:
                self._prepared.clear()
            prepared = self._prepared[key] = self._prepare(leaves, dtypes, targets)
        return prepared(leaves)

    def _prepare(
        self,
        leaves: Sequence[Tensor],
        dtypes: Sequence[torch.dtype | None] | None,
        targets: Sequence[torch.Size | None] | None,
    ) -> _Prepared:
        """All that does not depend on the numbers in the tensors."""
        count = len(self._program.roots)
        computed = torch.float64 if any(leaf.dtype is torch.float64 for leaf in leaves) else torch.float32
        kinds = [computed if d is None else d for d in dtypes or (None,) * count]
        shape = broadcast_shape(leaves)
        wanted = [shape if target is None else target for target in targets or (None,) * count]
        if not shape.numel():
            return _Empty(list(zip(wanted, kinds, strict=True)))
        order = storage_order(leaves, shape)
        whole = dense_strides(shape, order)
        summed = [target != shape for target in wanted]
        strides = [_broadcast_strides(leaf.shape, leaf.stride(), shape) for leaf in leaves]
        strides += [
            _broadcast_strides(target, dense_strides(target, range(len(target))), shape) if sums else whole
            for target, sums in zip(wanted, summed, strict=True)
        ]
        storages = [STORAGES[leaf.dtype] for leaf in leaves] + [STORAGES[kind] for kind in kinds]
        layout = plan(shape, strides, order, storages, summed)
        if layout is None:
            return _SummedAfterwards(self, list(zip(wanted, kinds, strict=True)))
        outputs = [_Output(layout, root, wanted[root], whole, computed, kinds[root]) for root in range(count)]
        return _Fused(self._compiled(computed, layout), layout, outputs)

    def _compiled(self, dtype: torch.dtype, layout: Layout) -> Code:
        key = dtype, layout.box
        if key not in self._code:

            def source() -> str:
                machine, roots = translate(self._program, FORMATS[dtype])
                return KernelText(machine, self._leaves, roots, layout.box).text()

            self._code[key] = Code(f"{fingerprint(self._program)} {self._leaves} {dtype} {layout.box}", source)
        return self._code[key]


class _Prepared(Protocol):
    """A kernel for tensors of known shapes, strides and dtypes."""

    def __call__(self, leaves: Sequence[Tensor]) -> tuple[Tensor, ...]: ...


class _Fused:
    """One pass over memory."""

    def __init__(self, code: Code, layout: Layout, outputs: list[_Output]) -> None:
        self._code = code
        self._outputs = outputs
        self._rooms = [output.room for output in outputs]
        self._stored = all(output.is_stored for output in outputs)
        self._items = layout.groups * layout.blocks
        self._serial = layout.rows * layout.columns < PARALLEL_FROM or self._items == 1
        words = [layout.columns, layout.rows, layout.group, layout.block, layout.blocks, self._items, *layout.sizes]
        self._places: list[int] = []
        for strides in layout.strides:
            self._places.append(len(words))
            words += [0, strides[-1], *strides[:-1]]
        self._array = ctypes.c_int64 * len(words)
        self._words = bytes(self._array(*words))

    def __call__(self, leaves: Sequence[Tensor]) -> tuple[Tensor, ...]:
        results = [room() for room in self._rooms]
        words = self._array.from_buffer_copy(self._words)
        for place, tensor in zip(self._places, (*leaves, *results)):  # noqa: B905 - strict costs, and lengths are ours
            words[place] = tensor.data_ptr()
        address = ctypes.addressof(words)
        if self._serial:
            self._code.run(address, 0, self._items)
        else:
            run_items(self._code.run, self._code.parallel, address, self._items, torch.get_num_threads())
        if self._stored:
            return tuple(results)
        return tuple([output.finished(room) for output, room in zip(self._outputs, results, strict=True)])


class _SummedAfterwards:
    """For sums that keep dimensions which one pass cannot: whole roots, then torch's sum."""

    def __init__(self, kernel: HostKernel, roots: list[tuple[torch.Size, torch.dtype]]) -> None:
        self._kernel = kernel
        self._roots = roots

    def __call__(self, leaves: Sequence[Tensor]) -> tuple[Tensor, ...]:
        whole = self._kernel(leaves)
        return tuple(root.sum_to_size(shape).to(dtype) for root, (shape, dtype) in zip(whole, self._roots, strict=True))


class _Empty:
    """No elements: roots are empty, and sums 0."""

    def __init__(self, roots: list[tuple[torch.Size, torch.dtype]]) -> None:
        self._roots = roots

    def __call__(self, leaves: Sequence[Tensor]) -> tuple[Tensor, ...]:
        return tuple(torch.zeros(shape, dtype=dtype) for shape, dtype in self._roots)


class _Output:
    """Where a root goes: its own tensor, or partials in the dtype of computation."""

    def __init__(
        self,
        layout: Layout,
        root: int,
        shape: torch.Size,
        strides: Sequence[int],
        computed: torch.dtype,
        dtype: torch.dtype,
    ) -> None:
        self._shape = shape
        self._dtype = dtype
        self._axes: tuple[int, ...] = (0,)
        self._order: tuple[int, ...] = (0,)
        fate = layout.box.reductions[root]
        self.is_stored = fate is Reduction.STORE
        self.room: Callable[[], Tensor]
        """Makes memory for the kernel to write."""
        if fate is Reduction.STORE:
            if tuple(strides) == dense_strides(shape, range(len(shape))):
                self.room = partial(torch.empty, shape, dtype=dtype)
            else:
                self.room = partial(torch.empty_strided, shape, tuple(strides), dtype=dtype)
        elif fate is Reduction.COLUMNS:
            own = layout.strides[len(layout.strides) - len(layout.box.reductions) + root]
            outer = range(len(layout.sizes))
            kept = [d for d in outer if own[d]]
            self._axes = (*(d for d in outer if not own[d]), len(outer))
            # What is left stands in storage order; the root wants its own.
            self._order = tuple(sorted(range(len(kept)), key=lambda i: -own[kept[i]]))
            self.room = partial(torch.empty, (*layout.sizes, layout.blocks), dtype=computed)
        else:
            self.room = partial(torch.zeros, (layout.groups, layout.columns), dtype=computed)

    def finished(self, room: Tensor) -> Tensor:
        """The root, its partials added up by numpy: in one order, whatever the number of threads."""
        if self.is_stored:
            return room
        total = room.numpy().sum(axis=self._axes, dtype="float64").transpose(self._order)
        return torch.as_tensor(total).to(self._dtype).reshape(self._shape)


def _broadcast_strides(shape: torch.Size, strides: Sequence[int], full: torch.Size) -> tuple[int, ...]:
    """Strides over the full shape: 0 along dimensions that are broadcast."""
    padding = len(full) - len(shape)
    own = [0 if size == 1 else stride for size, stride in zip(shape, strides, strict=True)]
    return (*(0,) * padding, *own)
