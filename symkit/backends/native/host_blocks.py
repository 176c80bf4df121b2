"""CUDA kernels run on the host, block by block and thread by thread: their layout, skeleton and arithmetic without a
device."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

from symkit.backends.native.cuda_entry import KernelText
from symkit.backends.native.cuda_memory import CudaTarget
from symkit.backends.native.engine import lock, optimised, target_machine


class HostBlocks:
    """A CUDA kernel compiled for the host; it lives as long as this object."""

    def __init__(self, text: KernelText) -> None:
        import llvmlite.binding as llvm

        with lock:
            # It runs a few times on a few numbers: the passes are those of a device, but code is made quickly.
            machine = target_machine(level=0)
            module = optimised(text.text(CudaTarget.HOST), machine, llvm.get_process_triple())
            self._engine = llvm.create_mcjit_compiler(module, machine)
            self._engine.finalize_object()
            signature = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_int32, ctypes.c_int32)
            self._blocks = signature(self._engine.get_function_address("blocks"))

    def launch(self, arguments: bytes, grid: int) -> None:
        """Runs blocks 0 to grid - 1, one after the other, with the pointers and words of a layout."""
        self._blocks(arguments, 0, grid)


class HostDevice:
    """A `symkit.backends.native.cuda.Device` of CPU tensors.

    Args:
        workers: threads that it is said to run at once.
    """

    name = "the host"

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def load(self, fingerprint: str, source: Callable[[], KernelText]) -> HostBlocks:
        return HostBlocks(source())

    def is_capturing(self) -> bool:
        return False
