"""The host target: kernels of Programs on the CPU."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import torch
from torch import Tensor

from symkit.backends.native.engine import Code, start_threads
from symkit.backends.native.host_text import KernelText, Reduction
from symkit.backends.native.layout import Layout, dense_strides, plan, storage_order
from symkit.backends.native.machine import FLOAT32, FLOAT64
from symkit.backends.native.translate import translate
from symkit.ir import Program

FORMATS = {torch.float32: FLOAT32, torch.float64: FLOAT64}

PARALLEL_FROM = 8192
"""Elements from which a second thread pays."""


class HostKernel:
    """A Program compiled for the host, once for each dtype and layout it meets."""

    def __init__(self, program: Program, leaves: tuple[str, ...]) -> None:
        self._program = program
        self._leaves = leaves
        self._code: dict[object, Code] = {}

    def __call__(self, *leaves: Tensor) -> tuple[Tensor, ...]:
        return self.reduced((None,) * len(self._program.roots), *leaves)

    def reduced(self, targets: Sequence[torch.Size | None], *leaves: Tensor) -> tuple[Tensor, ...]:
        """The roots, each summed to a shape that broadcasts to the full one, or whole where it is None."""
        shape = torch.broadcast_shapes(*(leaf.shape for leaf in leaves))
        if not shape.numel():
            return tuple(leaves[0].new_zeros(shape if target is None else target) for target in targets)
        order = storage_order(leaves, shape)
        whole = dense_strides(shape, order)
        summed = [target is not None and target != shape for target in targets]
        strides = [_broadcast_strides(leaf.shape, leaf.stride(), shape) for leaf in leaves]
        for target, sums in zip(targets, summed, strict=True):
            if sums:
                assert target is not None
                strides.append(_broadcast_strides(target, _contiguous(target), shape))
            else:
                strides.append(whole)
        layout = plan(shape, strides, order, len(targets), summed)
        if layout is None:
            roots = self(*leaves)
            return tuple(r if t is None else r.sum_to_size(t) for r, t in zip(roots, targets, strict=True))
        outputs = [_output(layout, index, shape, whole, leaves[0]) for index in range(len(targets))]
        self._run(layout, leaves, outputs)
        return tuple(
            _finished(layout, index, output, target)
            for index, (output, target) in enumerate(zip(outputs, targets, strict=True))
        )

    def _run(self, layout: Layout, leaves: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        code = self._compiled(leaves[0].dtype, layout)
        items = layout.groups * layout.blocks
        words = [layout.columns, layout.rows, layout.group, layout.block, layout.blocks, items, *layout.sizes]
        for tensor, strides in zip((*leaves, *outputs), layout.strides, strict=True):
            words += [tensor.data_ptr(), strides[-1], *strides[:-1]]
        arguments = (ctypes.c_int64 * len(words))(*words)
        threads = torch.get_num_threads()
        if items == 1 or threads == 1 or layout.rows * layout.columns < PARALLEL_FROM:
            code.run(ctypes.addressof(arguments), 0, items)
        else:
            start_threads(code.parallel, ctypes.addressof(arguments), min(threads, items))

    def _compiled(self, dtype: torch.dtype, layout: Layout) -> Code:
        key = dtype, layout.box
        if key not in self._code:
            machine, roots = translate(self._program, FORMATS[dtype])
            self._code[key] = Code(KernelText(machine, self._leaves, roots, layout.box).text())
        return self._code[key]


def _broadcast_strides(shape: torch.Size, strides: Sequence[int], full: torch.Size) -> tuple[int, ...]:
    """Strides over the full shape: 0 along dimensions that are broadcast."""
    padding = len(full) - len(shape)
    own = [0 if size == 1 else stride for size, stride in zip(shape, strides, strict=True)]
    return (*(0,) * padding, *own)


def _contiguous(shape: torch.Size) -> tuple[int, ...]:
    return dense_strides(shape, range(len(shape)))


def _output(layout: Layout, index: int, shape: torch.Size, strides: Sequence[int], like: Tensor) -> Tensor:
    """Room for a root, or for its partials."""
    fate = layout.box.reductions[index]
    if fate is Reduction.STORE:
        return torch.empty_strided(shape, strides, dtype=like.dtype, device=like.device)
    if fate is Reduction.COLUMNS:
        return torch.zeros((*layout.sizes, layout.blocks), dtype=like.dtype)
    return torch.zeros((layout.groups, layout.columns), dtype=like.dtype)


def _finished(layout: Layout, index: int, output: Tensor, target: torch.Size | None) -> Tensor:
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
    return torch.as_tensor(total).to(output.dtype).reshape(target)
