"""Losses of logits by a kernel that gives the loss and its gradient in one pass.

The gradient is computed with the loss, where it will be wanted, and handed over by the first backward pass; nothing
else is kept but what was given. On a CUDA device a few numbers a row are kept instead, and the gradient is made of them
when it is asked for; nothing ever waits for the device. A second backward pass computes it again, and derivatives of
derivatives are taken of the same loss composed of differentiable operators.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from symkit.backends.native import row_cuda, row_host
from symkit.backends.native.backend import CPU_KEYS, CUDA_KEYS, TYPES, is_available
from symkit.backends.native.cuda_driver import gpu, why_not_on
from symkit.backends.native.prepare import STORAGES
from symkit.backends.native.row_arithmetic import RowLoss
from symkit.backends.native.row_cuda import MOST_ROWS
from symkit.backends.native.translate import has_native_form
from symkit.ir import Program, bind_constants, lower
from symkit.nn.curves import Curves
from symkit.nn.first_rows import Composed, believed
from symkit.text.names import FIXED_CONSTANTS
from symkit.transform import with_gradient
from symkit.transform.link import LOG_P, LOG_Q, with_probabilities

Maker = Callable[[RowLoss], row_host.RowKernel]
"""What gives the kernel of a loss on some device."""

HOST: Maker = row_host.row_kernel

MOST_CLASSES = 2**24
"""A label is compared as a float32."""

ON_CPU, ON_GPU = ("auto", "cpu"), ("auto", "cuda")
"""Backends by where they run kernels."""

_HOST_KEYS, _GPU_KEYS = set(CPU_KEYS), set(CUDA_KEYS)
_is_transformed = torch._C._are_functorch_transforms_active
_keys_of = torch._C._dispatch_keys
_dispatch_modes = torch._C._len_torch_dispatch_stack
_is_grad_enabled = torch.is_grad_enabled


def fused(
    curves: Curves,
    logits: Tensor,
    target: Tensor,
    leaves: Sequence[Tensor],
    weight: Tensor | None,
    ignore_index: int,
    reduction: str,
    backend: str,
    composed: Composed,
) -> Tensor | None:
    """The loss of logits (N, C, ...) by a kernel; None where none can run.

    Args:
        curves: the loss, labels smoothed if they are to be.
        target: class indices as int64 (N, ...), or numbers like the logits. An index that is no class gives None, but
            on a CUDA device the loss and the gradient of its row are NaN.
        leaves: of no dimension, in the order of `curves.leaves`.
        weight: (C,), or None.
        composed: what to differentiate where a gradient of a gradient is wanted.

    Returns:
        A number, or with reduction "none" one a row, in the dtype of the logits.
    """
    tensors = (logits, target, *leaves, *(() if weight is None else (weight,)))
    maker = _maker(tensors, backend)
    if maker is None or not _is_plain(logits, target, weight, leaves):
        return None
    call = _Call(curves, target, ignore_index, reduction, composed, maker)
    if _is_grad_enabled() and (logits.requires_grad or any(leaf.requires_grad for leaf in leaves)):
        result: Tensor = _record(call, logits, weight, *leaves)
        return result
    return call.loss(call.run(logits, weight, leaves, (False,) * (1 + len(leaves))), logits)


def _maker(tensors: Sequence[Tensor], backend: str) -> Maker | None:
    """What makes kernels for tensors whose memory can be read, all on one device; None for others."""
    if any(type(tensor) not in TYPES for tensor in tensors):
        return None
    keys = {_keys_of(tensor).raw_repr() for tensor in tensors}
    if keys <= _HOST_KEYS:
        return HOST if backend in ON_CPU and is_available() else None
    if not keys <= _GPU_KEYS or backend not in ON_GPU or len({tensor.get_device() for tensor in tensors}) > 1:
        return None
    index = tensors[0].get_device()
    return _on_gpu(index) if why_not_on(index) is None else None


@cache
def _on_gpu(index: int) -> Maker:
    return partial(row_cuda.row_kernel, device=gpu(index))


def _is_plain(logits: Tensor, target: Tensor, weight: Tensor | None, leaves: Sequence[Tensor]) -> bool:
    """Whether tensors are what kernels take, and nothing has to be written down or transformed."""
    if torch.compiler.is_compiling() or torch._C._get_tracing_state() is not None or _is_transformed():
        return False
    if _dispatch_modes() or forward_ad._current_level >= 0:
        return False
    if target.requires_grad or (weight is not None and weight.requires_grad):
        return False
    if not (target.dtype is torch.int64 or target.dtype in STORAGES) or any(leaf.dim() for leaf in leaves):
        return False
    classes, count = logits.shape[1], logits.numel()
    return bool(count) and classes < MOST_CLASSES and count // classes < MOST_ROWS


@dataclass(frozen=True, eq=False)
class _Call:
    """What a call is about, beside what it may be differentiated by."""

    curves: Curves
    target: Tensor
    ignore_index: int
    reduction: str
    composed: Composed
    maker: Maker

    def run(
        self, logits: Tensor, weight: Tensor | None, leaves: Sequence[Tensor], needed: Sequence[bool]
    ) -> row_host.RowResult | None:
        """One pass; None if a label is no class, or a device's kernel has been found to be wrong.

        Args:
            needed: of logits and leaves, whether a gradient is wanted.
        """
        names = self.curves.leaves
        wanted = tuple(name for name, need in zip(names, needed[1:], strict=True) if need)
        kernel = row_kernel(self.curves, wanted, self._by_class, weight is not None, any(needed), self.maker)
        logits, target = self._flat(logits)
        settings = self.ignore_index, self.reduction
        given = logits, target, weight, leaves
        if isinstance(kernel, row_cuda.RowCudaKernel) and not believed(kernel, self.composed, given, *settings):
            return None
        result = kernel(*given, *settings)
        return result if result.stray is None else None

    @property
    def _by_class(self) -> bool:
        return self.target.dtype is torch.int64

    def _flat(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """(logits, target) of at most three dimensions."""
        target = self.target.flatten(1) if self._by_class and logits.dim() > 2 else self.target
        if logits.dim() > 3:
            logits = logits.flatten(2)
            target = target if self._by_class else target.flatten(2)
        return logits, target

    def loss(self, result: row_host.RowResult | None, logits: Tensor) -> Tensor | None:
        if result is None or self.reduction != "none":
            return None if result is None else result.loss
        return result.losses.to(logits.dtype).view(logits.shape[:1] + logits.shape[2:])

    def gradients(
        self,
        result: row_host.RowResult,
        logits: Tensor,
        weight: Tensor | None,
        leaves: Sequence[Tensor],
        needed: Sequence[bool],
        given: Tensor,
    ) -> list[Tensor | None]:
        """The gradients of logits and leaves, where they are needed, from that of the loss."""
        found: list[Tensor | None] = [None] * len(needed)
        if needed[0]:
            tensors = (*self._flat(logits), *(() if weight is None else (weight,)), *leaves)
            gradient = result.pulled(given, tensors)
            found[0] = gradient.unflatten(2, logits.shape[2:]) if logits.dim() > 3 else gradient
        if any(needed[1:]):
            if self.reduction == "none":
                sums = result.rows_by_leaves @ given.reshape(-1).double()
            else:
                sums = result.by_leaves * given.double()
            places = [place for place, need in enumerate(needed) if need and place]
            for place, value in zip(places, sums.unbind(), strict=True):
                found[place] = value.to(leaves[place - 1].dtype)
        return found


class _FusedLoss(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, call: _Call, logits: Tensor, weight: Tensor | None, *leaves: Tensor) -> Tensor | None:
        needed = (ctx.needs_input_grad[1], *ctx.needs_input_grad[3:])
        ctx.call = call
        ctx.result = result = call.run(logits, weight, leaves, needed)
        ctx.save_for_backward(logits, call.target, weight, *leaves)
        return call.loss(result, logits)

    @staticmethod
    def backward(ctx: Any, given: Tensor) -> tuple[Tensor | None, ...]:
        logits, target, weight, *leaves = ctx.saved_tensors
        call: _Call = ctx.call
        needed = (ctx.needs_input_grad[1], *ctx.needs_input_grad[3:])
        if _is_grad_enabled():
            found = _differentiable(call, logits, target, weight, leaves, needed, given)
        else:
            result = ctx.result or call.run(logits, weight, leaves, needed)
            # What is handed over may be changed by whoever gets it.
            ctx.result = None
            assert result is not None
            found = call.gradients(result, logits, weight, leaves, needed, given)
        return None, found[0], None, *found[1:]


_record: Callable[..., Any] = super(torch.autograd.Function, _FusedLoss).apply
"""`apply` without the check for torch.func, which is done before."""


def _differentiable(
    call: _Call,
    logits: Tensor,
    target: Tensor,
    weight: Tensor | None,
    leaves: Sequence[Tensor],
    needed: Sequence[bool],
    given: Tensor,
) -> list[Tensor | None]:
    """The same gradients with a graph of their own."""
    loss = call.composed(logits, target, leaves, weight)
    by = [tensor for tensor, need in zip((logits, *leaves), needed, strict=True) if need]
    found = iter(torch.autograd.grad(loss, by, given, create_graph=True, allow_unused=True))
    return [next(found) if need else None for need in needed]


@lru_cache(maxsize=row_host.MOST_KNOWN)
def row_kernel(
    curves: Curves,
    wanted: tuple[str, ...],
    by_class: bool,
    is_weighted: bool,
    has_gradient: bool,
    maker: Maker = HOST,
) -> row_host.RowKernel:
    """The kernel of a loss, with derivatives by wanted leaves."""

    def made(program: Program, by: tuple[str, ...]) -> Program:
        derived = with_gradient(program, by) if has_gradient and by else program
        return bind_constants(lower(with_probabilities(derived), has_native_form), FIXED_CONSTANTS)

    logs = (LOG_P, LOG_Q)
    is_sparse = by_class and curves.is_sparse
    loss = RowLoss(
        made(curves.target, (*logs, *wanted)) if by_class else None,
        made(curves.other, wanted if is_sparse else (*logs, *wanted))
        if by_class
        else made(curves.any, (*logs, *wanted)),
        curves.leaves,
        len(wanted),
        is_sparse,
        is_weighted,
        has_gradient,
    )
    return maker(loss)
