"""The host target: kernels of Programs on the CPU."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import torch
from torch import Tensor

from symkit.backends.native.engine import Code
from symkit.backends.native.host_text import KernelText, Reduction
from symkit.backends.native.layout import Layout, dense_strides, plan, storage_order
from symkit.backends.native.machine import FLOAT32, FLOAT64
from symkit.backends.native.storage import Storage
from symkit.backends.native.threads import run_items
from symkit.backends.native.translate import translate
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


class HostKernel:
    """A Program compiled for the host, once for each layout and choice of dtypes it meets."""

    def __init__(self, program: Program, leaves: tuple[str, ...]) -> None:
        self._program = program
        self._leaves = leaves
        self._code: dict[object, Code] = {}

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
        count = len(self._program.roots)
        computed = torch.float64 if any(leaf.dtype is torch.float64 for leaf in leaves) else torch.float32
        kinds = [computed if d is None else d for d in dtypes or (None,) * count]
        wanted = tuple(targets) if targets is not None else (None,) * count
        shape = torch.broadcast_shapes(*(leaf.shape for leaf in leaves))
        if not shape.numel():
            return tuple(
                leaves[0].new_zeros(shape if t is None else t, dtype=d) for t, d in zip(wanted, kinds, strict=True)
            )
        order = storage_order(leaves, shape)
        whole = dense_strides(shape, order)
        summed = [target is not None and target != shape for target in wanted]
        strides = [_broadcast_strides(leaf.shape, leaf.stride(), shape) for leaf in leaves]
        for target, sums in zip(wanted, summed, strict=True):
            if sums:
                assert target is not None
                strides.append(_broadcast_strides(target, _contiguous(target), shape))
            else:
                strides.append(whole)
        storages = [STORAGES[leaf.dtype] for leaf in leaves] + [STORAGES[d] for d in kinds]
        layout = plan(shape, strides, order, storages, summed)
        if layout is None:
            roots = self(leaves)
            return tuple(
                (r if t is None else r.sum_to_size(t)).to(d) for r, t, d in zip(roots, wanted, kinds, strict=True)
            )
        outputs = [_output(layout, i, shape, whole, computed, kind) for i, kind in enumerate(kinds)]
        self._run(layout, computed, leaves, outputs)
        return tuple(
            _finished(layout, i, output, target, kind)
            for i, (output, target, kind) in enumerate(zip(outputs, wanted, kinds, strict=True))
        )

    def _run(self, layout: Layout, computed: torch.dtype, leaves: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        code = self._compiled(computed, layout)
        items = layout.groups * layout.blocks
        words = [layout.columns, layout.rows, layout.group, layout.block, layout.blocks, items, *layout.sizes]
        for tensor, strides in zip((*leaves, *outputs), layout.strides, strict=True):
            words += [tensor.data_ptr(), strides[-1], *strides[:-1]]
        arguments = (ctypes.c_int64 * len(words))(*words)
        threads = 1 if layout.rows * layout.columns < PARALLEL_FROM else torch.get_num_threads()
        run_items(code.run, code.parallel, ctypes.addressof(arguments), items, threads)

    def _compiled(self, dtype: torch.dtype, layout: Layout) -> Code:
        key = dtype, layout.box
        if key not in self._code:

            def source() -> str:
                machine, roots = translate(self._program, FORMATS[dtype])
                return KernelText(machine, self._leaves, roots, layout.box).text()

            self._code[key] = Code(f"{fingerprint(self._program)} {self._leaves} {dtype} {layout.box}", source)
        return self._code[key]


def _broadcast_strides(shape: torch.Size, strides: Sequence[int], full: torch.Size) -> tuple[int, ...]:
    """Strides over the full shape: 0 along dimensions that are broadcast."""
    padding = len(full) - len(shape)
    own = [0 if size == 1 else stride for size, stride in zip(shape, strides, strict=True)]
    return (*(0,) * padding, *own)


def _contiguous(shape: torch.Size) -> tuple[int, ...]:
    return dense_strides(shape, range(len(shape)))


def _output(
    layout: Layout, index: int, shape: torch.Size, strides: Sequence[int], computed: torch.dtype, dtype: torch.dtype
) -> Tensor:
    """Room for a root, or for its partials in the dtype of computation."""
    fate = layout.box.reductions[index]
    if fate is Reduction.STORE:
        return torch.empty_strided(shape, strides, dtype=dtype)
    if fate is Reduction.COLUMNS:
        return torch.empty((*layout.sizes, layout.blocks), dtype=computed)
    return torch.zeros((layout.groups, layout.columns), dtype=computed)


def _finished(layout: Layout, index: int, output: Tensor, target: torch.Size | None, dtype: torch.dtype) -> Tensor:
    """The root, its partials added up by numpy: in one order, whatever the number of threads."""
    fate = layout.box.reductions[index]
    if fate is Reduction.STORE:
        return output
    assert target is not None
    if fate is Reduction.ROWS:
        axes: tuple[int, ...] = (0,)
    else:
        strides = layout.strides[len(layout.strides) - len(layout.box.reductions) + index]
        axes = tuple(d for d in range(len(layout.sizes)) if strides[d] == 0) + (len(layout.sizes),)
    total = output.numpy().sum(axis=axes, dtype="float64")
    return torch.as_tensor(total).to(dtype).reshape(target)
