"""A loss of logits by one kernel, as a function that torch differentiates.

The gradient comes with the loss or after it, as the kernel has it, and is handed over by the first backward pass. A
second one computes it again, and derivatives of derivatives are taken of the loss composed of differentiable operators.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from symkit.backends.native import row_cuda, row_host
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

_is_grad_enabled = torch.is_grad_enabled


class Plan:
    """A kernel, and how it is called for some number of classes.

    Args:
        needed: of logits and leaves, whether a gradient is wanted.
        by_class: whether targets are class indices.
    """

    def __init__(
        self,
        kernel: row_host.RowKernel,
        needed: tuple[bool, ...],
        by_class: bool,
        ignore_index: int,
        reduction: str,
    ) -> None:
        self.kernel = kernel
        self.needed = needed
        self.has_gradient = True in needed
        self.needs_leaves = True in needed[1:]
        self.nothing = (None,) * len(needed)
        """The gradients of the weight and of leaves, where none needs one."""
        self.by_class = by_class
        self.settings = ignore_index, reduction
        self.is_reduced = reduction != "none"
        self._must_be_believed = isinstance(kernel, row_cuda.RowCudaKernel)
        self.is_ready = not self._must_be_believed and not self.needs_leaves
        """Whether the gradient of the logits, which is all that is wanted, is there once the loss is."""

    def takes(self, logits: Tensor, target: Tensor, leaves: Sequence[Tensor]) -> bool:
        """Whether sizes and dtypes are what kernels take."""
        classes, count = logits.shape[1], logits.numel()
        if not count or classes >= MOST_CLASSES or count // classes >= MOST_ROWS:
            return False
        if leaves and any(leaf.dim() for leaf in leaves):
            return False
        return self.by_class or target.dtype in STORAGES

    def run(
        self, logits: Tensor, target: Tensor, weight: Tensor | None, leaves: Sequence[Tensor], composed: Composed
    ) -> row_host.RowResult | None:
        """One pass; None if a label is no class, or a device's kernel has been found to be wrong."""
        if logits.dim() > 2:
            logits, target = self._flat(logits, target)
        if self._must_be_believed:
            assert isinstance(self.kernel, row_cuda.RowCudaKernel)
            if not believed(self.kernel, composed, (logits, target, weight, leaves), *self.settings):
                return None
        result = self.kernel(logits, target, weight, leaves, *self.settings)
        return result if result.stray is None else None

    def _flat(self, logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """(logits, target) of at most three dimensions."""
        target = target.flatten(1) if self.by_class else target.flatten(2)
        return logits.flatten(2), target

    def loss(self, result: row_host.RowResult | None, logits: Tensor) -> Tensor | None:
        if result is None or self.is_reduced:
            return None if result is None else result.loss
        return result.losses.to(logits.dtype).view(logits.shape[:1] + logits.shape[2:])

    def gradients(
        self,
        result: row_host.RowResult,
        logits: Tensor,
        target: Tensor,
        weight: Tensor | None,
        leaves: Sequence[Tensor],
        given: Tensor,
    ) -> list[Tensor | None]:
        """The gradients of logits and leaves, where they are needed, from that of the loss."""
        found: list[Tensor | None] = [None] * len(self.needed)
        if self.needed[0]:
            flat = self._flat(logits, target) if logits.dim() > 2 else (logits, target)
            tensors = (*flat, *leaves) if weight is None else (*flat, weight, *leaves)
            gradient = result.pulled(given, tensors)
            found[0] = gradient.unflatten(2, logits.shape[2:]) if logits.dim() > 3 else gradient
        if self.needs_leaves:
            if self.is_reduced:
                sums = result.by_leaves * given.double()
            else:
                sums = result.rows_by_leaves @ given.reshape(-1).double()
            places = [place for place, need in enumerate(self.needed) if need and place]
            for place, value in zip(places, sums.unbind(), strict=True):
                found[place] = value.to(leaves[place - 1].dtype)
        return found


class _FusedLoss(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        plan: Plan,
        prepared: row_host.Prepared | None,
        composed: Composed,
        target: Tensor,
        logits: Tensor,
        weight: Tensor | None,
        *leaves: Tensor,
    ) -> Tensor | None:
        ctx.plan, ctx.composed = plan, composed
        if prepared is None:
            result = plan.run(logits, target, weight, leaves, composed)
        else:
            found = prepared((logits, target, *leaves))
            result = found if found.stray is None else None
        ctx.result = result
        ctx.is_ready = plan.is_ready and logits.dim() < 4
        ctx.save_for_backward(logits, target, weight, *leaves)
        return plan.loss(result, logits)

    @staticmethod
    def backward(ctx: Any, given: Tensor) -> tuple[Tensor | None, ...]:
        plan: Plan = ctx.plan
        if ctx.is_ready and ctx.result is not None and not _is_grad_enabled():
            gradient = ctx.result.pulled(given, ())
            ctx.result = None
            return None, None, None, None, gradient, *plan.nothing
        logits, target, weight, *leaves = ctx.saved_tensors
        if _is_grad_enabled():
            found = _differentiable(plan.needed, ctx.composed, logits, target, weight, leaves, given)
        else:
            result = ctx.result or plan.run(logits, target, weight, leaves, ctx.composed)
            # What is handed over may be changed by whoever gets it.
            ctx.result = None
            assert result is not None
            found = plan.gradients(result, logits, target, weight, leaves, given)
        return None, None, None, None, found[0], None, *found[1:]


record: Callable[..., Any] = super(torch.autograd.Function, _FusedLoss).apply
"""`apply` without the check for torch.func, which is done before."""


def _differentiable(
    needed: Sequence[bool],
    composed: Composed,
    logits: Tensor,
    target: Tensor,
    weight: Tensor | None,
    leaves: Sequence[Tensor],
    given: Tensor,
) -> list[Tensor | None]:
    """The same gradients with a graph of their own."""
    loss = composed(logits, target, leaves, weight)
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
