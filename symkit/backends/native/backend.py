"""The native backends: fused kernels where they can run, plain torch where they cannot."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cache, cached_property, reduce
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from symkit.backends.eager import EagerKernel
from symkit.backends.forms import has_torch_form
from symkit.backends.native.host import HostTarget
from symkit.backends.native.prepare import Prepared, prepare
from symkit.backends.native.translate import has_native_form
from symkit.backends.unfused import Unfused
from symkit.errors import Unsupported
from symkit.ir import Program, lower
from symkit.ops import Operator

if TYPE_CHECKING:
    from symkit.backends.protocol import Kernel, Like

MAX_PREPARED = 512
"""Layouts that a kernel remembers; past it all are forgotten and met again."""

TYPES = (Tensor, nn.Parameter, nn.Buffer)
"""Subclasses have their own ways, and so has a dispatch mode, which sees torch's own operators only."""


def _keys(*names: str) -> int:
    keys = (torch._C.DispatchKeySet(getattr(torch._C.DispatchKey, name)) for name in names)
    return reduce(lambda a, b: a | b, keys).raw_repr()


DISPATCH_KEYS = (
    _keys("CPU", "AutocastCPU", "AutogradCPU", "ADInplaceOrView"),
    _keys("CPU", "AutocastCPU"),
)
"""Of tensors whose memory is there and means what it says, and of those made in inference mode. Others have more keys:
sparse, negated and wrapped ones, those of an older vmap than torch.func's that vectorises gradients of a whole batch of
cotangents, and the zeros without memory that torch makes where a derivative is known to vanish."""

# Looked up once: a call of a small tensor costs little more than looking up names.
_keys_of = torch._C._dispatch_keys
_dispatch_modes = torch._C._len_torch_dispatch_stack


class CpuBackend:
    """Fused kernels for CPU tensors; tensors elsewhere are an error."""

    name = "cpu"
    is_fused = True

    def has_form(self, operator: Operator) -> bool:
        return has_native_form(operator)

    def kernel(self, program: Program, leaves: tuple[str, ...], like: Like | None = None) -> Kernel:
        return NativeKernel(program, leaves, like, anywhere=False)


class AutoBackend:
    """The fastest there is: fused kernels for CPU tensors, torch for others."""

    name = "auto"
    is_fused = True

    def has_form(self, operator: Operator) -> bool:
        return has_native_form(operator)

    def kernel(self, program: Program, leaves: tuple[str, ...], like: Like | None = None) -> Kernel:
        return NativeKernel(program, leaves, like, anywhere=True)


class NativeKernel:
    """A fused kernel, and the same Program node by node for tensors whose memory it cannot read."""

    def __init__(self, program: Program, leaves: tuple[str, ...], like: Like | None, anywhere: bool) -> None:
        self._host = HostTarget(program, leaves)
        self._program = program
        self._leaves = leaves
        self._like = like
        self._anywhere = anywhere
        self._prepared: dict[object, Prepared] = {}

    @cached_property
    def _eager(self) -> Kernel:
        return Unfused(EagerKernel(lower(self._program, has_torch_form), self._leaves), self._like)

    def __call__(self, leaves: Sequence[Tensor], dtype: torch.dtype | None = None) -> tuple[Tensor, ...]:
        if _dispatch_modes():
            return self._elsewhere(leaves, dtype)
        key: list[object] = [dtype]
        for leaf in leaves:
            if type(leaf) not in TYPES or _keys_of(leaf).raw_repr() not in DISPATCH_KEYS:
                return self._elsewhere(leaves, dtype)
            key += (leaf.shape, leaf.stride(), leaf.dtype)
        prepared = self._prepared.get(tuple(key))
        if prepared is None:
            if not is_available():
                return self._elsewhere(leaves, dtype)
            if len(self._prepared) >= MAX_PREPARED:
                self._prepared.clear()
            prepared = self._prepared[tuple(key)] = prepare(
                self._host, leaves, dtype, self._like or (None,) * len(self._program.roots)
            )
        return prepared(leaves)

    def _elsewhere(self, leaves: Sequence[Tensor], dtype: torch.dtype | None) -> tuple[Tensor, ...]:
        if not self._anywhere:
            stray = next((leaf for leaf in leaves if leaf.device.type != "cpu"), None)
            if stray is not None:
                raise Unsupported(f"backend 'cpu' got a tensor on {stray.device}; move it, or use backend 'auto'")
        return self._eager(leaves, dtype)


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
