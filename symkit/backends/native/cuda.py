"""The CUDA target: kernels of Programs on NVIDIA's devices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from struct import Struct
from typing import Protocol

import torch
from torch import Tensor

from symkit.backends.eager import EagerKernel
from symkit.backends.forms import has_torch_form
from symkit.backends.native.cuda_entry import KernelText
from symkit.backends.native.cuda_layout import ACCESS, CudaLayout, Finish, plan_cuda
from symkit.backends.native.cuda_text import CudaText
from symkit.backends.native.host import FORMATS
from symkit.backends.native.layout import RootLayout
from symkit.backends.native.prepare import Call, Prepared
from symkit.backends.native.self_check import agrees, warn_of_difference
from symkit.backends.native.translate import translate
from symkit.backends.protocol import Kernel
from symkit.backends.unfused import Unfused
from symkit.ir import Program, fingerprint, lower


class Loaded(Protocol):
    """A kernel on a device."""

    def launch(self, arguments: bytes, grid: int) -> None:
        """Queues `grid` blocks of `cuda_layout.THREADS` threads."""
        ...


class Device(Protocol):
    """What runs kernels.

    Attributes:
        name: for messages.
        workers: threads that it runs at once.
    """

    def __hash__(self) -> int: ...

    @property
    def name(self) -> str: ...

    @property
    def workers(self) -> int: ...

    def load(self, fingerprint: str, source: Callable[[], KernelText]) -> Loaded:
        """The kernel with a fingerprint; `source` is asked only if it is not on disk."""
        ...

    def is_capturing(self) -> bool:
        """Whether launches are recorded for a graph, and nothing may be looked at."""
        ...


class GpuTarget:
    """A Program compiled for one device, once for each layout and choice of dtypes it meets."""

    def __init__(self, program: Program, leaves: tuple[str, ...], device: Device) -> None:
        self._program = program
        self._leaves = leaves
        self._device = device
        self._kernels: dict[object, _Trusted] = {}
        self._torch = Unfused(EagerKernel(lower(program, has_torch_form), leaves), None)

    def fused(self, call: Call) -> Prepared | None:
        """See `symkit.backends.native.prepare.Target`."""
        # What torch allocates for results is aligned.
        alignments = [*map(alignment, call.leaves), *(ACCESS for _ in call.roots)]
        layout = plan_cuda(
            call.shape, call.strides, call.order, call.storages, call.summed, alignments, self._device.workers
        )
        if layout is None:
            return None
        key = call.computed, layout.box
        if key not in self._kernels:

            def source() -> CudaText:
                machine, roots = translate(self._program, FORMATS[call.computed])
                return CudaText(machine, self._leaves, roots, layout.box)

            name = f"{fingerprint(self._program)} {self._leaves} {call.computed} {layout.box}"
            self._kernels[key] = _Trusted(self._device, self._device.load(name, source))
        return _Fused(self._kernels[key], layout, call, self._torch)


def alignment(tensor: Tensor) -> int:
    """The largest power of two up to `ACCESS` that divides a tensor's address."""
    address = tensor.data_ptr()
    return min(address & -address, ACCESS) or ACCESS


class _Trusted:
    """A kernel that is believed once it has agreed with torch."""

    def __init__(self, device: Device, loaded: Loaded) -> None:
        self.launch = loaded.launch
        self.is_checked = False
        self.is_wrong = False
        self._device = device

    def check(self, torch_kernel: Kernel, call: Call, leaves: Sequence[Tensor], results: Sequence[Tensor]) -> None:
        """Compares results with torch's, unless a graph is being captured."""
        if self._device.is_capturing():
            return
        self.is_checked = True
        self.is_wrong = not agrees(torch_kernel, call, leaves, results)
        if self.is_wrong:
            warn_of_difference(self._device.name)


class _Fused:
    """One pass over memory, and one small sum for each root that is summed."""

    def __init__(self, kernel: _Trusted, layout: CudaLayout, call: Call, torch_kernel: Kernel) -> None:
        self._kernel = kernel
        self._call = call.without_leaves()
        self._torch = torch_kernel
        self._grid = layout.grid
        self._words = Struct(f"={len(layout.words)}q").pack(*layout.words)
        self._pointers = Struct(f"={len(call.strides)}q").pack
        device = call.leaves[0].device
        self._rooms: list[Callable[[], Tensor]] = []
        self._finishes: list[Callable[[Tensor], Tensor] | None] = []
        for root, finish in zip(call.roots, layout.finishes, strict=True):
            if finish is None:
                self._rooms.append(partial(root.empty, device))
                self._finishes.append(None)
            else:
                self._rooms.append(partial(torch.empty, layout.partials, dtype=call.computed, device=device))
                self._finishes.append(partial(_finished, finish, root))

    def __call__(self, leaves: Sequence[Tensor]) -> tuple[Tensor, ...]:
        kernel = self._kernel
        if kernel.is_wrong:
            return self._by_torch(leaves)
        rooms = [room() for room in self._rooms]
        pointers = self._pointers(*[tensor.data_ptr() for tensor in (*leaves, *rooms)])
        kernel.launch(pointers + self._words, self._grid)
        results = tuple(
            [room if finish is None else finish(room) for room, finish in zip(rooms, self._finishes, strict=True)]
        )
        if not kernel.is_checked:
            kernel.check(self._torch, self._call, leaves, results)
            if kernel.is_wrong:
                return self._by_torch(leaves)
        return results

    def _by_torch(self, leaves: Sequence[Tensor]) -> tuple[Tensor, ...]:
        roots = zip(self._call.roots, self._torch(leaves), strict=True)
        return tuple(wanted.of(root.sum_to_size(wanted.shape)) for wanted, root in roots)


def _finished(finish: Finish, root: RootLayout, partials: Tensor) -> Tensor:
    """The sum of a root's partials, in one order on every device of a kind."""
    total = partials.sum(finish.axes, dtype=torch.float64) if finish.axes else partials
    return root.of(total.permute(finish.order).reshape(root.shape))
