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
from symkit.backends.native.cuda_driver import gpu, why_not, why_not_on
from symkit.backends.native.host import HostTarget
from symkit.backends.native.prepare import Prepared, Target, prepare
from symkit.backends.native.translate import has_native_form
from symkit.backends.unfused import Unfused
from symkit.errors import Unsupported
from symkit.ir import Program, lower
from symkit.ops import Operator

if TYPE_CHECKING:
    from symkit.backends.native.cuda import GpuTarget
    from symkit.backends.protocol import Kernel, Like

MAX_PREPARED = 512
"""Layouts that a kernel remembers; past it all are forgotten and met again."""

TYPES = (Tensor, nn.Parameter, nn.Buffer)
"""Subclasses have their own ways, and so has a dispatch mode, which sees torch's own operators only."""


def _keys(*names: str) -> int:
    keys = (torch._C.DispatchKeySet(getattr(torch._C.DispatchKey, name)) for name in names)
    return reduce(lambda a, b: a | b, keys).raw_repr()


def _plain_keys(device: str) -> tuple[int, int]:
    """The dispatch keys of tensors whose memory is there and means what it says, in and out of inference mode.

    Others have more: sparse, negated and wrapped ones, those of an older vmap than torch.func's that vectorises
    gradients of a whole batch of cotangents, and the zeros without memory that torch makes where a derivative is known
    to vanish.
    """
    own = (device, f"Autocast{device}")
    return _keys(*own, f"Autograd{device}", "ADInplaceOrView"), _keys(*own)


CPU_KEYS, CUDA_KEYS = _plain_keys("CPU"), _plain_keys("CUDA")

# Looked up once: a call of a small tensor costs little more than looking up names.
_keys_of = torch._C._dispatch_keys
_dispatch_modes = torch._C._len_torch_dispatch_stack


class NativeBackend:
    """Fused kernels. Tensors on other devices than its own are an error, but for "auto", which leaves them to torch."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def fused_on(self) -> frozenset[str]:
        own = {"auto": {"cpu", "cuda"}}.get(self.name, {self.name})
        return frozenset(own if why_not() is None else own - {"cuda"})

    def has_form(self, operator: Operator) -> bool:
        return has_native_form(operator)

    def kernel(self, program: Program, leaves: tuple[str, ...], like: Like | None = None) -> Kernel:
        return NativeKernel(program, leaves, like, self.name)


class NativeKernel:
    """A fused kernel, and the same Program node by node for tensors whose memory it cannot read."""

    def __init__(self, program: Program, leaves: tuple[str, ...], like: Like | None, backend: str) -> None:
        self._program = program
        self._leaves = leaves
        self._like = like or (None,) * len(program.roots)
        self._backend = backend
        self._host = HostTarget(program, leaves)
        self._devices: dict[int, GpuTarget] = {}
        self._prepared: dict[object, Prepared] = {}

    @cached_property
    def _eager(self) -> Kernel:
        return Unfused(EagerKernel(lower(self._program, has_torch_form), self._leaves), self._like)

    def __call__(self, leaves: Sequence[Tensor], dtype: torch.dtype | None = None) -> tuple[Tensor, ...]:
        key: list[object] = [dtype]
        for leaf in leaves:
            if type(leaf) not in TYPES or _keys_of(leaf).raw_repr() not in CPU_KEYS:
                return self._elsewhere(leaves, dtype)
            key += (leaf.shape, leaf.stride(), leaf.dtype)
        if _dispatch_modes():
            return self._by_torch(leaves, dtype)
        prepared = self._prepared.get(tuple(key))
        if prepared is None:
            if self._backend == "cuda":
                raise Unsupported("backend 'cuda' got a tensor on cpu; move it, or use backend 'auto'")
            if not is_available():
                return self._by_torch(leaves, dtype)
            prepared = self._remembered(tuple(key), self._host, leaves, dtype)
        return prepared(leaves)

    def _remembered(
        self, key: tuple[object, ...], target: Target, leaves: Sequence[Tensor], dtype: torch.dtype | None
    ) -> Prepared:
        if len(self._prepared) >= MAX_PREPARED:
            self._prepared.clear()
        prepared = self._prepared[key] = prepare(target, leaves, dtype, self._like)
        return prepared

    def _elsewhere(self, leaves: Sequence[Tensor], dtype: torch.dtype | None) -> tuple[Tensor, ...]:
        """For tensors that are not all plain ones on the CPU."""
        if self._backend != "cpu" and not _dispatch_modes() and _are_on_one_gpu(leaves):
            prepared = self._on_gpu(leaves, dtype)
            if prepared is not None:
                return prepared(leaves)
        return self._by_torch(leaves, dtype)

    def _on_gpu(self, leaves: Sequence[Tensor], dtype: torch.dtype | None) -> Prepared | None:
        from symkit.backends.native.cuda import GpuTarget, alignment

        index = leaves[0].get_device()
        # Memory that is not aligned is read in smaller pieces, by another kernel.
        layouts = [(leaf.shape, leaf.stride(), leaf.dtype, alignment(leaf)) for leaf in leaves]
        key = dtype, index, *layouts
        prepared = self._prepared.get(key)
        if prepared is None and self._has_gpu(index):
            if index not in self._devices:
                self._devices[index] = GpuTarget(self._program, self._leaves, gpu(index))
            prepared = self._remembered(key, self._devices[index], leaves, dtype)
        return prepared

    def _has_gpu(self, index: int) -> bool:
        reason = why_not_on(index)
        if reason is not None and self._backend == "cuda":
            raise Unsupported(f"backend 'cuda' cannot run: {reason}")
        return reason is None or _warn_once(f"symkit runs without fused CUDA kernels: {reason}")

    def _by_torch(self, leaves: Sequence[Tensor], dtype: torch.dtype | None) -> tuple[Tensor, ...]:
        if self._backend != "auto":
            stray = next((leaf for leaf in leaves if leaf.device.type != self._backend), None)
            if stray is not None:
                raise Unsupported(
                    f"backend {self._backend!r} got a tensor on {stray.device}; move it, or use backend 'auto'"
                )
        return self._eager(leaves, dtype)


def _are_on_one_gpu(leaves: Sequence[Tensor]) -> bool:
    return (
        all(type(leaf) in TYPES and _keys_of(leaf).raw_repr() in CUDA_KEYS for leaf in leaves)
        and len({leaf.get_device() for leaf in leaves}) == 1
    )


@cache
def _warn_once(message: str) -> bool:
    """Says it, and that nothing else is to be hoped for."""
    warnings.warn(message, RuntimeWarning, stacklevel=2)
    return False


@cache
def is_available() -> bool:
    """Whether kernels can be compiled here; says once why not."""
    try:
        from symkit.backends.native.engine import host_target

        host_target()
    except (ImportError, OSError, RuntimeError) as error:
        return _warn_once(f"symkit runs without fused CPU kernels: {error}")
    return True
