"""Losses under the softmax link on the CPU: one pass for the loss, its gradient and the mean."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from struct import Struct
from typing import Protocol

import torch
from torch import Tensor

from symkit.backends.native.engine import Code
from symkit.backends.native.host import FORMATS
from symkit.backends.native.prepare import STORAGES
from symkit.backends.native.row_arithmetic import RowArithmetic, RowLoss
from symkit.backends.native.row_text import MOST_ROWS, RowBox, RowText, RowWord, Scratch
from symkit.backends.native.threads import run_items
from symkit.backends.unfused import computed_dtype
from symkit.ir import fingerprint

SHORT = 12
"""Classes below which rows run side by side, even where the classes of a row lie side by side."""

ELEMENTS = 32768
"""Of an item, so that what one pass has read is still near for the next."""

PARALLEL_FROM = 8192
"""Elements from which a second thread pays, two passes of many instructions being quick."""

MOST_KNOWN = 256

# Looked up once: a call of a small tensor costs little more than looking up names.
_empty_like = torch.empty_like
_pointer = Tensor.data_ptr


@dataclass(eq=False, slots=True)
class RowResult:
    """What a row kernel gives.

    Attributes:
        loss: the mean or sum over rows, of the logits' dtype.
        stray: number of a row whose label is no class, or None; if there is one, nothing else means anything.
    """

    loss: Tensor
    scratch: Tensor
    rows: int
    wanted: int
    stray: int | None

    def pulled(self, given: Tensor, tensors: Sequence[Tensor]) -> Tensor:
        """The gradient by the logits, for a kernel that has one; it is handed over, so it can be asked for once.

        Args:
            given: the gradient by the loss, or by every row's loss, (N, ...).
            tensors: what the kernel was called with.
        """
        raise NotImplementedError

    @property
    def losses(self) -> Tensor:
        """Of every row, float64."""
        first = Scratch.FIRST + self.wanted
        return self.scratch[first : first + self.rows]

    @property
    def by_leaves(self) -> Tensor:
        """Derivatives by wanted leaves, summed over rows, each by what it counts: float64."""
        return self.scratch[Scratch.FIRST : Scratch.FIRST + self.wanted]

    @property
    def rows_by_leaves(self) -> Tensor:
        """The same of every row: (leaves, rows)."""
        first = Scratch.FIRST + self.wanted + self.rows
        return self.scratch[first : first + self.wanted * self.rows].view(self.wanted, self.rows)


@dataclass(eq=False, slots=True)
class HostResult(RowResult):
    """With the gradient by the logits, each row by what it counts; None if not wanted."""

    gradient: Tensor | None

    def pulled(self, given: Tensor, tensors: Sequence[Tensor]) -> Tensor:
        gradient = self.gradient
        assert gradient is not None
        if given.dim():
            gradient.mul_((given.flatten(1) if given.dim() > 1 else given).unsqueeze(1))
        elif (factor := given.item()) != 1.0:
            gradient.mul_(factor)
        return gradient


class Prepared(Protocol):
    """A kernel for tensors of known shapes, strides and dtypes."""

    def __call__(self, tensors: Sequence[Tensor]) -> RowResult: ...


class RowKernel:
    """A loss compiled for every layout and choice of dtypes it meets."""

    def __init__(self, loss: RowLoss) -> None:
        self.loss = loss
        self._prepared: dict[object, Prepared] = {}

    def __call__(
        self,
        logits: Tensor,
        target: Tensor,
        weight: Tensor | None,
        leaves: Sequence[Tensor],
        ignored: int,
        reduction: str,
    ) -> RowResult:
        """The loss of logits (N, C, ...) in one pass.

        Args:
            target: int64 (N, ...) where the loss has a label, else floats like the logits.
            weight: (C,) if the loss is weighted.
            leaves: of no dimension.
            ignored: label of rows that do not count.
            reduction: "none", "mean" or "sum".
        """
        tensors = (logits, target, *leaves) if weight is None else (logits, target, weight, *leaves)
        return self.prepared(logits, target, weight, leaves, ignored, reduction)(tensors)

    def prepared(
        self,
        logits: Tensor,
        target: Tensor,
        weight: Tensor | None,
        leaves: Sequence[Tensor],
        ignored: int,
        reduction: str,
    ) -> Prepared:
        """What runs for tensors that lie in memory like these; it takes them in this order, if they are there."""
        tensors = (logits, target, *leaves) if weight is None else (logits, target, weight, *leaves)
        key = (reduction, ignored, *self._layouts(tensors))
        prepared = self._prepared.get(key)
        if prepared is None:
            if len(self._prepared) >= MOST_KNOWN:
                self._prepared.clear()
            prepared = self._prepared[key] = self._prepare(logits, target, weight, leaves, ignored, reduction)
        return prepared

    def _layouts(self, tensors: Sequence[Tensor]) -> list[object]:
        """What a kernel is prepared for of tensors."""
        return [(tensor.shape, tensor.stride(), tensor.dtype) for tensor in tensors]

    def _prepare(
        self,
        logits: Tensor,
        target: Tensor,
        weight: Tensor | None,
        leaves: Sequence[Tensor],
        ignored: int,
        reduction: str,
    ) -> Prepared:
        loss = self.loss
        computed = computed_dtype((logits,))
        outer, rows = (1, logits.shape[0]) if logits.dim() == 2 else (logits.shape[0], logits.shape[2])
        classes = logits.shape[1]
        strides = [boxed(logits)]
        if loss.label is None:
            strides.append(boxed(target))
        elif target.dim() == 1:
            strides.append((0, target.stride(0), 0))
        else:
            strides.append((target.stride(0), target.stride(1), 0))
        if weight is not None:
            strides.append((0, 0, weight.stride(0)))
        along = logits.stride(1) == 1 and classes >= SHORT
        if loss.has_gradient:
            gradient = torch.empty_like(logits)
            strides.append(boxed(gradient))
            along = along and gradient.stride(1) == 1
        box = RowBox(
            STORAGES[logits.dtype],
            STORAGES[target.dtype] if loss.label is None else None,
            None if weight is None else STORAGES[weight.dtype],
            tuple(STORAGES[leaf.dtype] for leaf in leaves),
            along,
        )
        group = max(1, min(MOST_ROWS, rows, ELEMENTS // max(classes, 1)))
        groups = -(-rows // group)
        words = [outer, rows, classes, group, groups, outer * groups, ignored, int(reduction == "mean")]
        for each in strides:
            words += each
        return _Prepared(_compiled(loss, computed, box), words, loss, reduction, outer * rows * classes)


@lru_cache(maxsize=MOST_KNOWN)
def row_kernel(loss: RowLoss) -> RowKernel:
    """The kernel of a loss; equal losses share one."""
    return RowKernel(loss)


def boxed(tensor: Tensor) -> tuple[int, int, int]:
    """Strides along outer places, rows and classes of (N, C) or (N, C, rows)."""
    if tensor.dim() == 2:
        return 0, tensor.stride(0), tensor.stride(1)
    return tensor.stride(0), tensor.stride(2), tensor.stride(1)


@lru_cache(maxsize=MOST_KNOWN)
def _compiled(loss: RowLoss, computed: torch.dtype, box: RowBox) -> Code:
    name = f"{described(loss)} {computed} {box}"
    return Code(name, lambda: RowText(RowArithmetic(loss, FORMATS[computed]), box).text())


def described(loss: RowLoss) -> str:
    """What tells losses apart."""
    label = "" if loss.label is None else fingerprint(loss.label)
    rest = loss.leaves, loss.wanted, loss.is_sparse, loss.is_weighted, loss.has_gradient
    return f"rows {label} {fingerprint(loss.other)} {rest}"


class _Prepared:
    """A kernel for tensors of known shapes, strides and dtypes."""

    def __init__(self, code: Code, words: list[int], loss: RowLoss, reduction: str, elements: int) -> None:
        self._code = code
        self._whole, self._before, self._after = (code.function(name) for name in ("whole", "before", "after"))
        self._words = (ctypes.c_int64 * len(words))(*words)
        self._layout = ctypes.addressof(self._words)
        self._items, self._rows = words[RowWord.ITEMS], words[RowWord.OUTER] * words[RowWord.ROWS]
        self._serial = elements < PARALLEL_FROM or self._items == 1
        self._has_gradient, self._wanted = loss.has_gradient, loss.wanted
        self._boxes = 3 if loss.is_weighted else 2
        self._room = int(Scratch.FIRST) + loss.wanted + self._rows * (1 + loss.wanted)
        tensors = self._boxes + self._has_gradient + 2 + len(loss.leaves)
        self._packed = Struct(f"={1 + tensors}q").pack
        self._is_reusable = not loss.wanted and reduction != "none"
        self._free: list[_Scratch] = []

    def __call__(self, tensors: Sequence[Tensor]) -> RowResult:
        logits = tensors[0]
        boxes, leaves = tensors[: self._boxes], tensors[self._boxes :]
        loss = logits.new_empty(())
        gradient = _empty_like(logits) if self._has_gradient else None
        if gradient is not None:
            boxes = (*boxes, gradient)
        try:
            scratch = self._free.pop()
        except IndexError:
            scratch = _Scratch(self._room)
        pointers = [*map(_pointer, boxes), scratch.address, _pointer(loss), *map(_pointer, leaves)]
        arguments = self._packed(self._layout, *pointers)
        if self._serial:
            self._whole(arguments)
        else:
            self._before(arguments)
            if not scratch.status.value:
                run_items(self._code.run, self._code.parallel, arguments, self._items, torch.get_num_threads())
                self._after(arguments)
        status = scratch.status.value
        if self._is_reusable:
            self._free.append(scratch)
        return HostResult(loss, scratch.tensor, self._rows, self._wanted, int(status) - 1 if status else None, gradient)


class _Scratch:
    """Memory that a call works in. Its own, for several threads may be calling."""

    def __init__(self, room: int) -> None:
        self.tensor = torch.empty(room, dtype=torch.float64)
        self.address = self.tensor.data_ptr()
        self.status = ctypes.c_double.from_address(self.address + 8 * Scratch.STATUS)
