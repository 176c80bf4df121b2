"""NVIDIA's driver through its own Python bindings: modules made of PTX, launched on torch's current stream.

torch's primary context is used, so memory and streams are torch's own.
"""

from __future__ import annotations

import ctypes
import threading
import weakref
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import torch

from symkit.backends.native.cuda_code import architecture, architectures, kept_ptx
from symkit.backends.native.cuda_layout import THREADS

if TYPE_CHECKING:
    from symkit.backends.native.cuda_entry import KernelText

RETIRED_AT_ONCE = 64
"""Modules that nobody uses any more are unloaded together, for the device must be idle then."""

LOG_BYTES = 8192

_retired: list[tuple[int, Any]] = []
_lock = threading.Lock()


@cache
def why_not() -> str | None:
    """Why no kernel can run on any CUDA device here, or None."""
    if not torch.cuda.is_available():
        return "torch finds no CUDA device"
    try:
        import llvmlite.binding  # noqa: F401 - whether it is there is the question
        from cuda.bindings import driver

        driver.cuInit(0)
    except (ImportError, OSError, RuntimeError) as error:
        return f"llvmlite or NVIDIA's Python bindings are missing ({error}); pip install symkit[cuda]"
    return None


@cache
def why_not_on(index: int) -> str | None:
    """Why no kernel can run on a device, or None."""
    reason = why_not()
    if reason is not None:
        return reason
    capability = torch.cuda.get_device_capability(index)
    if architecture(capability) is None:
        found, needed = (".".join(map(str, version)) for version in (capability, architectures()[0]))
        return f"{torch.cuda.get_device_name(index)} has compute capability {found}; kernels need {needed} or more"
    return None


class Gpu:
    """One of NVIDIA's devices."""

    def __init__(self, index: int) -> None:
        facts = torch.cuda.get_device_properties(index)
        self.name: str = facts.name
        self.workers: int = facts.multi_processor_count * facts.max_threads_per_multi_processor
        self._index = index
        self._architecture = architecture((facts.major, facts.minor)) or ""

    def load(self, fingerprint: str, source: Callable[[], KernelText]) -> Module:
        """A kernel, from the disk if it is there."""
        return Module(kept_ptx(fingerprint, source, self._architecture), self._index)

    def is_capturing(self) -> bool:
        return torch.cuda.is_current_stream_capturing()


@cache
def gpu(index: int) -> Gpu:
    return Gpu(index)


class Module:
    """One kernel, loaded on one device. Unloaded some time after nobody holds it.

    Args:
        ptx: its text; the kernel is called "kernel".
        index: of the device.

    Raises:
        RuntimeError: with what the driver says of the text.
    """

    def __init__(self, ptx: str, index: int) -> None:
        from cuda.bindings import driver

        self._index = index
        self._launch = driver.cuLaunchKernel
        self._success = driver.CUresult.CUDA_SUCCESS
        with torch.cuda.device(index):
            torch.cuda.current_stream().query()  # makes torch's context the thread's own
            _unload_retired()
            log = bytearray(LOG_BYTES)
            options = [
                driver.CUjit_option.CU_JIT_ERROR_LOG_BUFFER,
                driver.CUjit_option.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES,
            ]
            error, module = driver.cuModuleLoadDataEx(ptx.encode() + b"\0", len(options), options, [log, LOG_BYTES])
            if error != self._success:
                said = bytes(log).split(b"\0")[0].decode(errors="replace").strip()
                raise RuntimeError(f"the driver refuses a kernel: {error.name}. {said}")
            self._function = _checked(driver.cuModuleGetFunction(module, b"kernel"))
        self._retire = weakref.finalize(self, _retire, index, module)
        self._retire.atexit = False  # the process's end unloads all

    def launch(self, arguments: bytes, grid: int) -> None:
        """Queues the kernel on torch's current stream; `arguments` are copied before this returns."""
        words = (ctypes.c_char * len(arguments)).from_buffer_copy(arguments)
        parameters = (ctypes.c_void_p * 1)(ctypes.addressof(words))
        if torch.cuda.current_device() != self._index:
            with torch.cuda.device(self._index):
                self._queue(parameters, grid)
        else:
            self._queue(parameters, grid)

    def _queue(self, parameters: Any, grid: int) -> None:
        stream = torch._C._cuda_getCurrentRawStream(self._index)
        address = ctypes.addressof(parameters)
        (error,) = self._launch(self._function, grid, 1, 1, THREADS, 1, 1, 0, stream, address, 0)
        if error != self._success:
            raise RuntimeError(f"a kernel could not be launched: {error.name}")
        if self._retire.alive and torch.cuda.is_current_stream_capturing():
            # A captured graph launches the kernel without this object; it stays loaded for good.
            self._retire.detach()


def _checked(result: tuple[Any, ...]) -> Any:
    error, value = result
    if error.value:
        raise RuntimeError(f"NVIDIA's driver: {error.name}")
    return value


def _retire(index: int, module: Any) -> None:
    with _lock:
        _retired.append((index, module))


def _unload_retired() -> None:
    """Unloads modules once there are many: none of their kernels may be running."""
    from cuda.bindings import driver

    with _lock:
        if len(_retired) < RETIRED_AT_ONCE or torch.cuda.is_current_stream_capturing():
            return
        modules, _retired[:] = list(_retired), []
    for index in {index for index, _ in modules}:
        torch.cuda.synchronize(index)
    for index, module in modules:
        with torch.cuda.device(index):
            driver.cuModuleUnload(module)
