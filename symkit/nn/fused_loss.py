"""Losses of logits by a kernel that gives the loss and its gradient in one pass.

The gradient is computed with the loss, where it will be wanted, and handed over by the first backward pass; nothing
else is kept but what was given. On a CUDA device a few numbers a row are kept instead, and the gradient is made of them
when it is asked for; nothing ever waits for the device. A second backward pass computes it again, and derivatives of
derivatives are taken of the same loss composed of differentiable operators.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial

import torch
from torch import Tensor

from symkit.backends.native import row_cuda, row_host
from symkit.backends.native.backend import CPU_KEYS, CUDA_KEYS, TYPES, is_available
from symkit.backends.native.cuda_driver import gpu, why_not_on
from symkit.nn.curves import curves
from symkit.nn.first_rows import Composed
from symkit.nn.fused_plan import HOST, Maker, Plan, record, row_kernel
from symkit.nn.linked import is_watched
from symkit.text import Expression

Needed = bool | tuple[bool, ...]
"""Of logits and leaves, whether a gradient is wanted; one truth if there are no leaves, or none needs one."""

ON_CPU, ON_GPU = ("auto", "cpu"), ("auto", "cuda")
"""Backends by where they run kernels."""

_keys_of = torch._C._dispatch_keys
_is_grad_enabled = torch.is_grad_enabled
_any_autocast = torch._C._is_any_autocast_enabled


class Fused:
    """A loss of logits by kernels. What does not depend on the numbers in tensors is settled once.

    Args:
        expression: a loss of y and p.
        label_smoothing: of class indices; numbers for every output are given smoothed.
        ignore_index: the class index of rows that do not count.
        reduction: "none", "mean" or "sum".
        backend: see `functional`.
    """

    def __init__(
        self, expression: Expression, label_smoothing: float, ignore_index: int, reduction: str, backend: str
    ) -> None:
        self._expression = expression
        self._label_smoothing = label_smoothing
        self._settings = ignore_index, reduction
        self._backend = backend
        self._plans: dict[object, Plan] = {}
        self._known: dict[object, _Known] = {}

    def again(self, logits: Tensor, target: Tensor, values: Mapping[str, Tensor | float]) -> Tensor | None:
        """The loss by the shortest way, where tensors that lie in memory like these were remembered; None elsewhere.

        Calling a small loss is mostly looking at what it is called with.
        """
        if is_watched() or _any_autocast():
            return None
        if type(logits) not in TYPES or type(target) not in TYPES:
            return None
        known = self._known.get((logits.shape, logits.stride(), logits.dtype, target.shape, target.stride()))
        if known is None or target.dtype is not torch.int64:
            return None
        if _keys_of(logits).raw_repr() not in CPU_KEYS or _keys_of(target).raw_repr() not in CPU_KEYS:
            return None
        leaves = known.leaves(values) if values else known.literals
        if leaves is None:
            return None
        if _is_grad_enabled():
            needed = (
                (logits.requires_grad, *[leaf.requires_grad for leaf in leaves]) if leaves else logits.requires_grad
            )
        else:
            needed = False
        ready = known.ready.get(needed)
        if ready is None:
            ready = known.ready[needed] = self._ready(known, logits, target, leaves, needed)
        plan, prepared = ready
        if plan.has_gradient:
            result: Tensor | None = record(plan, prepared, known.composed, target, logits, None, *leaves)
            return result
        found = prepared((logits, target, *leaves))
        return None if found.stray is not None else plan.loss(found, logits)

    def remember(
        self,
        logits: Tensor,
        target: Tensor,
        names: Sequence[str],
        leaves: Sequence[Tensor],
        values: Mapping[str, Tensor | float],
        composed: Composed,
    ) -> None:
        """Lets `again` serve calls like one that a kernel on the CPU has served.

        Args:
            target: class indices.
            names, leaves: of the loss; those of `values` are given with every call, the others stay what they are.
        """
        tensors = (logits, target, *leaves)
        is_usual = logits.dim() < 4 and target.dtype is torch.int64 and self._maker(*tensors) is HOST
        if is_usual and all(isinstance(value, Tensor) for value in values.values()) and set(values) <= set(names):
            if len(self._known) >= row_host.MOST_KNOWN:
                self._known.clear()
            key = (logits.shape, logits.stride(), logits.dtype, target.shape, target.stride())
            given = tuple(name in values for name in names)
            self._known[key] = _Known(tuple(names), given, tuple(leaves), composed)

    def _ready(
        self, known: _Known, logits: Tensor, target: Tensor, leaves: Sequence[Tensor], needed: Needed
    ) -> tuple[Plan, row_host.Prepared]:
        each = needed if isinstance(needed, tuple) else (needed, *(False,) * len(leaves))
        plan = self._plan_of(logits.shape[1], True, False, each, HOST)
        return plan, plan.kernel.prepared(logits, target, None, leaves, *self._settings)

    def __call__(
        self,
        logits: Tensor,
        target: Tensor,
        leaves: Sequence[Tensor],
        weight: Tensor | None,
        composed: Composed,
    ) -> Tensor | None:
        """The loss of logits (N, C, ...); None where no kernel can run, or a class index is out of range.

        Args:
            target: class indices as int64 (N, ...), or numbers like the logits.
            leaves: of no dimension, in the order of the leaves of `curves`.
            weight: (C,), or None.
            composed: what to differentiate where a gradient of a gradient is wanted.

        Returns:
            A number, or with reduction "none" one a row, in the dtype of the logits.
        """
        maker = self._maker(logits, target, *leaves) if weight is None else self._maker(logits, target, weight, *leaves)
        if maker is None or target.requires_grad or (weight is not None and weight.requires_grad):
            return None
        if _is_grad_enabled():
            needed = (logits.requires_grad, *[leaf.requires_grad for leaf in leaves])
        else:
            needed = (False,) * (1 + len(leaves))
        by_class = target.dtype is torch.int64
        plan = self._plan_of(logits.shape[1], by_class, weight is not None, needed, maker)
        if not plan.takes(logits, target, leaves):
            return None
        if True in needed:
            result: Tensor | None = record(plan, None, composed, target, logits, weight, *leaves)
            return result
        return plan.loss(plan.run(logits, target, weight, leaves, composed), logits)

    def _maker(self, *tensors: Tensor) -> Maker | None:
        """What makes kernels for tensors whose memory can be read, all on one device; None for others."""
        if is_watched():
            return None
        for tensor in tensors:
            if type(tensor) not in TYPES or _keys_of(tensor).raw_repr() not in CPU_KEYS:
                return self._elsewhere(tensors)
        return HOST if self._backend in ON_CPU and is_available() else None

    def _elsewhere(self, tensors: Sequence[Tensor]) -> Maker | None:
        index = tensors[0].get_device()
        for tensor in tensors:
            is_plain = type(tensor) in TYPES and _keys_of(tensor).raw_repr() in CUDA_KEYS
            if not is_plain or tensor.get_device() != index:
                return None
        return _on_gpu(index) if self._backend in ON_GPU and why_not_on(index) is None else None

    def _plan_of(self, classes: int, by_class: bool, is_weighted: bool, needed: tuple[bool, ...], maker: Maker) -> Plan:
        key = classes, by_class, is_weighted, needed, maker
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = self._plan(*key)
        return plan

    def _plan(self, classes: int, by_class: bool, is_weighted: bool, needed: tuple[bool, ...], maker: Maker) -> Plan:
        smoothing = self._label_smoothing if by_class else 0.0
        found = curves(self._expression, classes=classes, label_smoothing=smoothing)
        wanted = tuple(name for name, need in zip(found.leaves, needed[1:], strict=True) if need)
        kernel = row_kernel(found, wanted, by_class, is_weighted, True in needed, maker)
        return Plan(kernel, needed, by_class, *self._settings)


class _Known:
    """A kind of call that has been before.

    Args:
        names: of the leaves.
        given: which of them come with every call.
        leaves: what they were; those that are not given stay so.
        composed: the same loss by operators of torch.
    """

    def __init__(
        self, names: tuple[str, ...], given: tuple[bool, ...], leaves: tuple[Tensor, ...], composed: Composed
    ) -> None:
        self._places = tuple(zip(names, given, leaves, strict=True))
        self._count = sum(given)
        self.literals = None if any(given) else leaves
        """The leaves, if none is given."""
        self.composed = composed
        self.ready: dict[Needed, tuple[Plan, row_host.Prepared]] = {}

    def leaves(self, values: Mapping[str, Tensor | float]) -> list[Tensor] | None:
        """The leaves with those that are given; None if they are not like the ones before."""
        if len(values) != self._count:
            return None
        found: list[Tensor] = []
        for name, is_given, leaf in self._places:
            value = values.get(name) if is_given else leaf
            if not isinstance(value, Tensor) or type(value) not in TYPES or value.dtype is not leaf.dtype:
                return None
            if is_given and (value.dim() or _keys_of(value).raw_repr() not in CPU_KEYS):
                return None
            found.append(value)
        return found


@cache
def _on_gpu(index: int) -> Maker:
    return partial(row_cuda.row_kernel, device=gpu(index))
