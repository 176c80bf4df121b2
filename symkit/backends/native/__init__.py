"""The native compiler: fused kernels from LLVM IR."""

from symkit.backends.native.backend import NativeBackend

__all__ = ["NativeBackend"]
