"""Losses under the softmax link on NVIDIA's devices: the loss and its gradient by a few launches.

Nothing waits for the device. A label that is no class cannot be an error there: its row has the loss NaN and a gradient
of NaN, and so the mean and the sum over rows are NaN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from math import gcd
from struct import Struct

import torch
from torch import Tensor

from symkit.backends.native.cuda import Device, Loaded, alignment
from symkit.backends.native.cuda_layout import ACCESS, THREADS
from symkit.backends.native.host import FORMATS
from symkit.backends.native.prepare import STORAGES
from symkit.backends.native.row_arithmetic import (
    GRADIENT,
    LOSS,
    TOTAL_WEIGHT,
    WEIGHT,
    RowArithmetic,
    RowLoss,
    of_leaf,
)
from symkit.backends.native.row_cuda_layout import (
    SIZES,
    RowCudaBox,
    Split,
    chunk,
    in_flight,
    split_gradient,
    split_sums,
)
from symkit.backends.native.row_cuda_stages import Stage, kept_arrays, needs_total_weight, stages
from symkit.backends.native.row_cuda_text import RowCudaText
from symkit.backends.native.row_cuda_threads import ARRAYS, GIVEN, PARTIALS, SCRATCH, TOTALS, pointers
from symkit.backends.native.row_cuda_threads import boxed as boxed_names
from symkit.backends.native.row_host import MOST_KNOWN, RowKernel, RowResult, boxed, described
from symkit.backends.native.row_text import Scratch
from symkit.backends.unfused import computed_dtype

MOST_ROWS = 2**31
"""Rows are counted in 32 bits."""

MAXIMA = 3
"""Numbers that a part of a row knows of its logits."""


class RowCudaKernel(RowKernel):
    """A loss compiled for one device, for every layout and choice of dtypes it meets."""

    def __init__(self, loss: RowLoss, device: Device) -> None:
        super().__init__(loss)
        self.device = device
        self.verdicts: dict[torch.dtype, bool] = {}
        """By dtype of the logits, whether first results agreed with torch's."""

    def _layouts(self, tensors: Sequence[Tensor]) -> list[object]:
        # Memory that is not aligned is read in smaller pieces, by other kernels.
        return [*super()._layouts(tensors), *map(alignment, tensors)]

    def _prepare(
        self,
        logits: Tensor,
        target: Tensor,
        weight: Tensor | None,
        leaves: Sequence[Tensor],
        ignored: int,
        reduction: str,
    ) -> _Prepared:
        loss, computed = self.loss, computed_dtype((logits,))
        outer, rows = (1, logits.shape[0]) if logits.dim() == 2 else (logits.shape[0], logits.shape[2])
        classes = logits.shape[1]
        numbers = [logits, *([target] if loss.label is None else []), *([] if weight is None else [weight])]
        strides = [boxed(logits), _label_strides(target) if loss.label is not None else boxed(target)]
        strides += [] if weight is None else [(0, 0, weight.stride(0))]
        if loss.has_gradient:
            # Where it will lie is what counts: its memory comes aligned.
            numbers.append(torch.empty_like(logits, device="meta"))
            strides.append(boxed(numbers[-1]))
        moves = strides if loss.label is None else [strides[0], *strides[2:]]
        dense = tuple(each[-1] == 1 for each in moves)
        neighbours = [(t, each) for t, each, is_dense in zip(numbers, moves, dense, strict=True) if is_dense]
        storages = [STORAGES[tensor.dtype] for tensor, _ in neighbours]
        bases = [_base(tensor, each, outer, rows) for tensor, each in neighbours]
        vector = chunk(storages, bases, classes) if dense[0] else 1
        stored = STORAGES[logits.dtype]
        at_once, size = in_flight(stored, vector), SIZES[stored.element] * vector
        shared = outer * rows, classes // vector, size, at_once, dense[0], self.device.workers
        sums, written = split_sums(*shared), split_gradient(*shared)
        box = RowCudaBox(
            stored,
            STORAGES[target.dtype] if loss.label is None else None,
            None if weight is None else STORAGES[weight.dtype],
            tuple(STORAGES[leaf.dtype] for leaf in leaves),
            dense,
            vector,
            at_once,
            outer > 1,
            sums.parts > 1,
        )
        words = [outer * rows, rows, classes, classes // vector, ignored, int(reduction == "mean")]
        words += [sums.parts, sums.turns, sums.left, written.parts, written.turns, written.left]
        words.append(int(reduction == "none"))
        for each in strides:
            words += each
        return _Prepared(loss, _launches(loss, computed, box, self.device), sums, written, words, computed)


@lru_cache(maxsize=MOST_KNOWN)
def row_kernel(loss: RowLoss, device: Device) -> RowCudaKernel:
    """The kernel of a loss on a device; equal losses share one."""
    return RowCudaKernel(loss, device)


def _label_strides(target: Tensor) -> tuple[int, int, int]:
    return (0, target.stride(0), 0) if target.dim() == 1 else (target.stride(0), target.stride(1), 0)


def _base(tensor: Tensor, strides: tuple[int, int, int], outer: int, rows: int) -> int:
    """The largest power of two up to `ACCESS`, in bytes, where rows of a tensor start."""
    size = tensor.element_size()
    moved = [stride * size for stride, count in zip(strides, (outer, rows), strict=False) if count > 1]
    return gcd(ACCESS, alignment(tensor), *moved)


@lru_cache(maxsize=MOST_KNOWN)
def _launches(loss: RowLoss, computed: torch.dtype, box: RowCudaBox, device: Device) -> list[tuple[Stage, Loaded]]:
    arithmetic = RowArithmetic(loss, FORMATS[computed])
    name = f"{described(loss)} {computed} {box}"
    found = []
    for stage in stages(arithmetic, box.is_split):
        found.append((stage, device.load(f"{name} {stage.value}", partial(RowCudaText, arithmetic, box, stage))))
    return found


class _Prepared:
    """Launches for tensors of known shapes, strides, dtypes and alignments."""

    def __init__(
        self,
        loss: RowLoss,
        launches: Sequence[tuple[Stage, Loaded]],
        sums: Split,
        written: Split,
        words: list[int],
        computed: torch.dtype,
    ) -> None:
        arithmetic = RowArithmetic(loss, FORMATS[computed])
        self._rows = words[0]
        threads = {
            Stage.PARTS: self._rows * sums.parts,
            Stage.OTHERS: self._rows * sums.parts,
            Stage.GRADIENT: self._rows * written.parts,
            Stage.TOTALS: 1,
        }
        grids = {stage: (each.launch, -(-threads.get(stage, self._rows) // THREADS)) for stage, each in launches}
        self._gradient = grids.pop(Stage.GRADIENT, None)
        self._totals = grids.pop(Stage.TOTALS)
        self._before = list(grids.values())
        self._wanted = loss.wanted
        self._names = pointers(loss)
        self._given = [*[name for name in boxed_names(loss) if name != GRADIENT], *map(of_leaf, loss.leaves)]
        self._needs_total_weight = needs_total_weight(arithmetic)
        self._summed = 2 + loss.wanted
        self._first = int(Scratch.FIRST) + loss.wanted
        is_split = sums.parts > 1
        self._partials = max(MAXIMA, len(arithmetic.sums)) * sums.parts * self._rows if is_split else 0
        self._arrays = len(kept_arrays(arithmetic, is_split)) * self._rows
        self._computed = computed
        self._words = Struct(f"={len(words)}q").pack(*words)
        self._packed = Struct(f"={len(self._names)}q").pack

    def __call__(self, tensors: Sequence[Tensor]) -> RowResult:
        logits = tensors[0]
        scratch = logits.new_empty(self._first + self._summed * self._rows, dtype=torch.float64)
        found = dict(zip(self._given, tensors, strict=True))
        found[LOSS], found[SCRATCH] = logits.new_empty(()), scratch
        found[TOTALS], found[PARTIALS] = scratch.new_empty(self._summed), scratch.new_empty(self._partials)
        found[ARRAYS] = scratch.new_empty(self._arrays, dtype=self._computed)
        if self._needs_total_weight:
            found[TOTAL_WEIGHT] = found[WEIGHT].sum(dtype=torch.float64)
        arguments = self._arguments(found)
        for launch, grid in self._before:
            launch(arguments, grid)
        of_rows = scratch.as_strided((self._summed, self._rows), (self._rows, 1), self._first)
        torch.sum(of_rows, 1, out=found[TOTALS])
        launch, grid = self._totals
        launch(arguments, grid)
        return CudaResult(found[LOSS], scratch, self._rows, self._wanted, None, self, found[ARRAYS])

    def _arguments(self, found: Mapping[str, Tensor]) -> bytes:
        return self._packed(*[found[name].data_ptr() if name in found else 0 for name in self._names]) + self._words

    def pulled(self, result: CudaResult, given: Tensor, tensors: Sequence[Tensor]) -> Tensor:
        """See `RowResult.pulled`."""
        assert self._gradient is not None
        gradient = torch.empty_like(tensors[0])
        found = dict(zip(self._given, tensors, strict=True))
        found |= {GRADIENT: gradient, GIVEN: given.to(gradient.dtype).contiguous()}
        found |= {SCRATCH: result.scratch, ARRAYS: result.arrays}
        launch, grid = self._gradient
        launch(self._arguments(found), grid)
        return gradient


@dataclass(eq=False, slots=True)
class CudaResult(RowResult):
    """What there is when the loss is: numbers of rows that the gradient is made of when it is asked for."""

    prepared: _Prepared
    arrays: Tensor

    def pulled(self, given: Tensor, tensors: Sequence[Tensor]) -> Tensor:
        return self.prepared.pulled(self, given, tensors)
