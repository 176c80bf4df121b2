"""The check of a device's first losses: a wrong driver or compiler must not go unnoticed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from symkit.backends.native.row_cuda import RowCudaKernel
from symkit.backends.native.self_check import WHOLE, near, warn_of_difference

Composed = Callable[[Tensor, Tensor, Sequence[Tensor], Tensor | None], Tensor]
"""(logits, target, leaves, weight) -> the same loss, by operators that torch differentiates any number of times."""


def believed(
    kernel: RowCudaKernel,
    composed: Composed,
    tensors: tuple[Tensor, Tensor, Tensor | None, Sequence[Tensor]],
    ignore_index: int,
    reduction: str,
) -> bool:
    """Whether a kernel gives about what torch does, of a few rows; looked at once, and never while a graph is captured.

    Args:
        tensors: logits (N, C) or (N, C, rows), target, weight and leaves.
    """
    logits, target, weight, leaves = tensors
    known = kernel.verdicts.get(logits.dtype)
    if known is None:
        if kernel.device.is_capturing():
            return True
        few = _few_rows(logits, target, ignore_index)
        result = kernel(*few, weight, leaves, ignore_index, reduction)
        found = [result.losses if reduction == "none" else result.loss]
        if kernel.loss.has_gradient:
            given = torch.ones_like(few[0][:, 0] if reduction == "none" else result.loss)
            found.append(result.pulled(given, (*few, *(() if weight is None else (weight,)), *leaves)))
        exact, rounded = (
            _by_torch(composed, few, weight, leaves, dtype, kernel.loss.has_gradient)
            for dtype in (torch.float64, logits.dtype)
        )
        known = all(near(*(each.reshape(-1) for each in three)) for three in zip(found, exact, rounded, strict=True))
        kernel.verdicts[logits.dtype] = known
        if not known:
            warn_of_difference(kernel.device.name)
    return known


def _few_rows(logits: Tensor, target: Tensor, ignore_index: int) -> tuple[Tensor, Tensor]:
    """The first rows with their targets, of which none is out of range: torch's operators would stop the device."""
    places = max(1, WHOLE // logits.shape[1])
    logits, target = logits[:places], target[:places]
    if logits.dim() > 2:
        rows = max(1, places // logits.shape[0])
        logits, target = logits[..., :rows], target[..., :rows]
    if target.is_floating_point():
        return logits, target
    is_known = (target == ignore_index) | ((target >= 0) & (target < logits.shape[1]))
    return logits, target.where(is_known, 0)


def _by_torch(
    composed: Composed,
    rows: tuple[Tensor, Tensor],
    weight: Tensor | None,
    leaves: Sequence[Tensor],
    dtype: torch.dtype,
    has_gradient: bool,
) -> list[Tensor]:
    with torch.enable_grad():
        logits = rows[0].detach().to(dtype).requires_grad_()
        loss = composed(
            logits,
            rows[1],
            [leaf.detach().double() if dtype is torch.float64 else leaf.detach() for leaf in leaves],
            weight,
        )
        found = [loss.detach()]
        if has_gradient:
            found += torch.autograd.grad(loss.sum(), logits, materialize_grads=True)
    return found
