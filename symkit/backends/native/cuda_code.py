"""LLVM's NVPTX target: the text of a kernel to PTX for an architecture."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from symkit.backends.native.cuda_entry import KernelText
from symkit.backends.native.cuda_memory import CudaTarget
from symkit.backends.native.engine import cache_key, lock, optimised
from symkit.disk_cache import KERNELS

TRIPLE = "nvptx64-nvidia-cuda"

KNOWN = {
    (7, 0): 15,
    (7, 2): 15,
    (7, 5): 15,
    (8, 0): 15,
    (8, 6): 15,
    (8, 7): 16,
    (8, 9): 16,
    (9, 0): 16,
    (10, 0): 20,
    (12, 0): 20,
    (10, 3): 21,
    (12, 1): 21,
    (8, 8): 22,
    (11, 0): 22,
}
"""Compute capabilities by the first major version of LLVM that has them."""


def architectures() -> list[tuple[int, int]]:
    """Compute capabilities that the LLVM in use makes code for, in order."""
    import llvmlite.binding as llvm

    return sorted(capability for capability, since in KNOWN.items() if since <= llvm.llvm_version_info[0])


def architecture(capability: tuple[int, int]) -> str | None:
    """`sm_XX` for a device: its own, or the newest before it, whose PTX it runs too; None for one too old."""
    older = [known for known in architectures() if known <= capability]
    return f"sm_{older[-1][0]}{older[-1][1]}" if older else None


def ptx(text: str, architecture: str) -> str:
    """The PTX of a module in LLVM IR, optimised, for `sm_XX`."""
    with lock:
        machine = _machine(architecture)
        return str(machine.emit_assembly(optimised(text, machine, TRIPLE)))


def kept_ptx(fingerprint: str, source: Callable[[], KernelText], architecture: str) -> str:
    """The PTX of the kernel with a fingerprint, from the disk if it is there; else `source` makes its text."""
    key = cache_key(fingerprint, TRIPLE, architecture)
    kept = KERNELS.read(key)
    if kept is not None:
        return kept.decode()
    made = ptx(source().text(CudaTarget.NVPTX), architecture)
    KERNELS.write(key, made.encode())
    return made


@cache
def _machine(architecture: str) -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    return llvm.Target.from_triple(TRIPLE).create_target_machine(cpu=architecture, features="", opt=3)
