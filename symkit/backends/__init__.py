"""Backends: ways to run Programs on tensors, and to write them down for other tools."""

from symkit.backends.protocol import Backend, Kernel, Like, get_backend, prepared

__all__ = ["Backend", "Kernel", "Like", "get_backend", "prepared"]
