"""The native backends: fused kernels where they can run, plain torch where they cannot."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor, nn

from symkit.backends.eager import EagerKernel
from symkit.backends.forms import has_torch_form
from symkit.backends.native.host import STORAGES, HostKernel
from symkit.backends.native.translate import has_native_form
from symkit.backends.protocol import Kernel
from symkit.errors import Unsupported
from symkit.ir import Program, lower
from symkit.ops import Operator

PLAIN = (Tensor, nn.Parameter, nn.Buffer)
"""Tensors whose memory is their own; subclasses, fake and wrapped ones have their own ways."""


class CpuBackend:
    """Fused kernels for CPU tensors.

    Args:
        strict: whether tensors elsewhere are an error, rather than torch's to run.
    """

    def __init__(self, strict: bool = True) -> None:
        self.name = "cpu" if strict else "auto"
        self._strict = strict

    def has_form(self, operator: Operator) -> bool:
        return has_native_form(operator)

    def kernel(self, program: Program, leaves: tuple[str, ...]) -> Kernel:
        return NativeKernel(program, leaves, self._strict)


class NativeKernel:
    """A fused kernel, and the same Program node by node for tensors it cannot read."""

    def __init__(self, program: Program, leaves: tuple[str, ...], strict: bool) -> None:
        self._native = HostKernel(program, leaves)
        self._eager = EagerKernel(lower(program, has_torch_form), leaves)
        self._strict = strict

    def __call__(
        self,
        leaves: Sequence[Tensor],
        dtypes: Sequence[torch.dtype | None] | None = None,
        targets: Sequence[torch.Size | None] | None = None,
    ) -> tuple[Tensor, ...]:
        if all(_is_plain(leaf) for leaf in leaves) and is_available():
            return self._native(leaves, dtypes, targets)
        if self._strict:
            stray = next((leaf for leaf in leaves if not _is_plain(leaf)), None)
            if stray is not None and stray.device.type != "cpu":
                raise Unsupported(f"backend 'cpu' got a tensor on {stray.device}; move it, or use backend 'auto'")
        return self._eager(leaves, dtypes, targets)


def _is_plain(tensor: Tensor) -> bool:
    return (
        tensor.device.type == "cpu"
        and type(tensor) in PLAIN
        and tensor.dtype in STORAGES
        and tensor.layout is torch.strided
    )


@cache
def is_available() -> bool:
    """Whether kernels can be compiled here; says once why not."""
    try:
        from symkit.backends.native.engine import host_target

        host_target()
    except (ImportError, OSError, RuntimeError) as error:
        warnings.warn(f"symkit runs without fused CPU kernels: {error}", RuntimeWarning, stacklevel=2)
        return False
    return True
