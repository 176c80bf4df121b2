"""The native backends: fused kernels where they can run, plain torch where they cannot."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from symkit.backends.eager import EagerKernel
from symkit.backends.forms import has_torch_form
from symkit.backends.native.host import STORAGES, HostKernel
from symkit.backends.native.translate import has_native_form
from symkit.backends.unfused import Unfused, computed_dtype
from symkit.errors import Unsupported
from symkit.ir import Program, lower
from symkit.ops import Operator

if TYPE_CHECKING:
    from symkit.backends.protocol import Dtypes, Kernel, Targets

PLAIN = (Tensor, nn.Parameter, nn.Buffer)
"""Tensors whose memory is their own; subclasses, fake and wrapped ones have their own ways, and so has a dispatch mode,
which sees torch's own operators only."""


class CpuBackend:
    """Fused kernels for CPU tensors; tensors elsewhere are an error."""

    name = "cpu"

    def has_form(self, operator: Operator) -> bool:
        return has_native_form(operator)

    def kernel(self, program: Program, leaves: tuple[str, ...]) -> Kernel:
        return NativeKernel(program, leaves, anywhere=False)


class AutoBackend:
    """The fastest there is: fused kernels for CPU tensors, torch for others."""

    name = "auto"

    def has_form(self, operator: Operator) -> bool:
        return has_native_form(operator)

    def kernel(self, program: Program, leaves: tuple[str, ...]) -> Kernel:
        return NativeKernel(program, leaves, anywhere=True)


class NativeKernel:
    """A fused kernel, and the same Program node by node for tensors whose memory it cannot read."""

    def __init__(self, program: Program, leaves: tuple[str, ...], anywhere: bool) -> None:
        self._native = HostKernel(program, leaves)
        self._program = program
        self._leaves = leaves
        self._anywhere = anywhere

    @cached_property
    def _eager(self) -> Kernel:
        return Unfused(EagerKernel(lower(self._program, has_torch_form), self._leaves))

    def __call__(
        self, leaves: Sequence[Tensor], dtypes: Dtypes | None = None, targets: Targets | None = None
    ) -> tuple[Tensor, ...]:
        if all(map(_is_plain, leaves)) and not torch._C._len_torch_dispatch_stack() and is_available():
            return self._native(_stored(leaves), dtypes, targets)
        if not self._anywhere:
            stray = next((leaf for leaf in leaves if leaf.device.type != "cpu"), None)
            if stray is not None:
                raise Unsupported(f"backend 'cpu' got a tensor on {stray.device}; move it, or use backend 'auto'")
        return self._eager(leaves, dtypes, targets)


def _is_plain(tensor: Tensor) -> bool:
    return (
        tensor.is_cpu
        and type(tensor) in PLAIN
        and tensor.layout is torch.strided
        and not tensor.is_neg()
        # Gradients of a whole batch of cotangents are vectorised by an older vmap than torch.func's.
        and not torch._C._functorch.is_legacy_batchedtensor(tensor)
        # Torch makes tensors of zeros without memory where a derivative is known to vanish.
        and (tensor.data_ptr() != 0 or not tensor.numel())
    )


def _stored(leaves: Sequence[Tensor]) -> Sequence[Tensor]:
    """The leaves, integers such as those of a target as floats."""
    if all(leaf.dtype in STORAGES for leaf in leaves):
        return leaves
    dtype = computed_dtype(leaves)
    return [leaf if leaf.dtype in STORAGES else leaf.to(dtype) for leaf in leaves]


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
