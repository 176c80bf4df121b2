"""The native compiler: fused kernels from LLVM IR."""

from symkit.backends.native.backend import AutoBackend, CpuBackend

__all__ = ["AutoBackend", "CpuBackend"]
