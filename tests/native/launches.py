"""CUDA kernels, run on the host block by block."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from kernels import CPU, leaves
from torch import Tensor

from symkit.backends import Like, prepared
from symkit.backends.native.cuda import GpuTarget
from symkit.backends.native.cuda_entry import KernelText
from symkit.backends.native.cuda_layout import CudaLayout, plan_cuda
from symkit.backends.native.cuda_text import CudaText
from symkit.backends.native.host_blocks import HostBlocks, HostDevice
from symkit.backends.native.machine import FLOAT32, FLOAT64
from symkit.backends.native.prepare import Call, Prepared, prepare
from symkit.backends.native.translate import translate
from symkit.ir import Program
from symkit.text import parse
from symkit.transform import cotangents, vjp

FEW, MANY = 8, 5000
"""Threads that a device is said to run at once."""


class Watched(HostDevice):
    """Keeps the texts of the kernels it was given."""

    def __init__(self, workers: int) -> None:
        super().__init__(workers)
        self.texts: list[KernelText] = []

    def load(self, fingerprint: str, source: Callable[[], KernelText]) -> HostBlocks:
        self.texts.append(source())
        return super().load(fingerprint, lambda: self.texts[-1])


class Launch:
    """Kernels of one Program on a device that the host plays."""

    def __init__(self, program: Program, names: tuple[str, ...], like: Like | None, workers: int) -> None:
        self._like = like or (None,) * len(program.roots)
        self.device = Watched(workers)
        ready = prepared(CPU, program, {})
        self._target = GpuTarget(ready, names, self.device)
        self.host = CPU.kernel(ready, names, like)
        """The same by the kernels of the host."""

    def __call__(self, tensors: Sequence[Tensor], dtype: torch.dtype | None = None) -> tuple[Tensor, ...]:
        return self.prepare(tensors, dtype)(tensors)

    def prepare(self, tensors: Sequence[Tensor], dtype: torch.dtype | None = None) -> Prepared:
        return prepare(self._target, tensors, dtype, self._like)


def value(text: str, workers: int = MANY) -> Launch:
    program = parse(text).program
    return Launch(program, leaves(program), None, workers)


def slopes(text: str, workers: int = MANY) -> Launch:
    """The gradients by all leaves, like them; the first operand is the cotangent."""
    program = parse(text).program
    names = leaves(program)
    like = tuple(range(1, 1 + len(names)))
    return Launch(vjp(program, names), (*cotangents(program), *names), like, workers)


class _Planner:
    """Plans a call, and does no more."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self.layout: CudaLayout | None = None
        self.computed = torch.float32

    def fused(self, call: Call) -> Prepared | None:
        alignments = [16] * len(call.strides)
        self.layout = plan_cuda(
            call.shape, call.strides, call.order, call.storages, call.summed, alignments, self._workers
        )
        self.computed = call.computed
        return None if self.layout is None else lambda leaves: ()


def layout_of(
    tensors: Sequence[Tensor], like: Like, dtype: torch.dtype | None = None, workers: int = MANY
) -> tuple[CudaLayout, torch.dtype]:
    """(plan of a call whose memory is aligned, dtype of computation)."""
    planner = _Planner(workers)
    prepare(planner, tensors, dtype, like)
    assert planner.layout is not None
    return planner.layout, planner.computed


def text_of(program: Program, names: Sequence[str], tensors: Sequence[Tensor], like: Like | None = None) -> CudaText:
    """The kernel of a Program for tensors."""
    layout, computed = layout_of(tensors, like or (None,) * len(program.roots), tensors[0].dtype)
    machine, roots = translate(prepared(CPU, program, {}), FLOAT64 if computed is torch.float64 else FLOAT32)
    return CudaText(machine, names, roots, layout.box)
