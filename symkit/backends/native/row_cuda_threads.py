"""Who works on what in a CUDA kernel of rows, as LLVM IR: its arguments, its threads and their turns.

Arguments are one array of 64-bit words: a pointer for every name of `pointers`, then `RowCudaWord`, then the strides of
tensors.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from symkit.backends.native.cuda_entry import head, numbers
from symkit.backends.native.cuda_layout import THREADS
from symkit.backends.native.cuda_memory import CudaTarget, Elements
from symkit.backends.native.function_text import Function
from symkit.backends.native.machine import Format
from symkit.backends.native.row_arithmetic import (
    GRADIENT,
    LABEL,
    LOGIT,
    LOSS,
    TARGET,
    TOTAL_WEIGHT,
    WEIGHT,
    RowLoss,
    of_leaf,
)
from symkit.backends.native.row_cuda_layout import RowCudaBox, RowCudaWord
from symkit.backends.native.storage import Storage

SCRATCH, PARTIALS, ARRAYS, TOTALS, GIVEN = "scratch", "partials", "arrays", "totals", "given"
"""TOTALS: what stands of the rows in the scratch array, added up over rows. GIVEN: the gradient by the loss, or by that
of every row."""

OUTER, ROW, CLASSES = range(3)


def boxed(loss: RowLoss) -> list[str]:
    """Tensors with strides, in the order of the arguments."""
    names = [LOGIT, of_leaf(TARGET) if loss.label is None else LABEL]
    names += [WEIGHT] if loss.is_weighted else []
    return [*names, GRADIENT] if loss.has_gradient else names


def pointers(loss: RowLoss) -> list[str]:
    """Everything that there is a pointer for, in order."""
    own = [SCRATCH, LOSS, PARTIALS, ARRAYS, TOTALS, TOTAL_WEIGHT, GIVEN]
    return [*boxed(loss), *own, *map(of_leaf, loss.leaves)]


class RowCudaThreads:
    """Opens a kernel; the methods write to `function` what they are named after."""

    def __init__(self, loss: RowLoss, format: Format, box: RowCudaBox, target: CudaTarget) -> None:
        self._loss, self._box, self._elements = loss, box, Elements(format, target)
        self._is_device = target is CudaTarget.NVPTX
        self._pointers, self._boxed = pointers(loss), boxed(loss)
        words = len(self._pointers) + len(RowCudaWord) + 3 * len(self._boxed)
        self.function = self._f = Function(head(target, words))
        self._f.add(*numbers(target))
        self._storages = self._storages_of_tensors()
        self._at: dict[str, str] = {}
        """Where tensors start for the row of the thread."""
        self._row = self._part = self._parts = self._whole = self._left = "0"

    def _storages_of_tensors(self) -> dict[str, Storage]:
        box = self._box
        found = dict.fromkeys((LOGIT, GRADIENT, LOSS, GIVEN), box.logits)
        found |= {} if box.target is None else {of_leaf(TARGET): box.target}
        found |= {} if box.weight is None else {WEIGHT: box.weight}
        found |= {of_leaf(name): storage for name, storage in zip(self._loss.leaves, box.leaves, strict=True)}
        return {**found, **dict.fromkeys((SCRATCH, PARTIALS, TOTALS, TOTAL_WEIGHT), Storage.FLOAT64)}

    # -- arguments -----------------------------------------------------------------------------------------------

    def _argument(self, place: int, type: str) -> str:
        return self._f.get(type, self._f.at("%args", "i64", str(place)))

    def word(self, word: RowCudaWord) -> str:
        """An i64."""
        return self._argument(len(self._pointers) + word, "i64")

    def _stride(self, name: str, axis: int) -> str:
        return self._argument(len(self._pointers) + len(RowCudaWord) + 3 * self._boxed.index(name) + axis, "i64")

    def pointer(self, name: str) -> str:
        place = self._pointers.index(name)
        if not self._is_device:
            return self._argument(place, "ptr")
        # LLVM follows the global address space from here on.
        address = self._argument(place, "ptr addrspace(1)")
        return self._f.let(f"addrspacecast ptr addrspace(1) {address} to ptr")

    # -- threads -------------------------------------------------------------------------------------------------

    @contextmanager
    def _working(self, count: str) -> Iterator[str]:
        """The number of the thread, among so many; both are i32."""
        f = self._f
        first = f.let(f"mul i32 %block, {THREADS}")
        thread = f.let(f"add i32 {first}, %thread")
        with f.when(f.let(f"icmp ult i32 {thread}, {count}")):
            yield thread

    @contextmanager
    def first_thread(self) -> Iterator[None]:
        with self._working("1"):
            yield

    @contextmanager
    def whole_rows(self) -> Iterator[None]:
        """A thread for every row."""
        with self._working(self._narrow(RowCudaWord.ALL_ROWS)) as thread:
            self._go_to(thread)
            self._share(RowCudaWord.PARTS, "0", is_split=False)
            yield

    @contextmanager
    def parts_of_rows(self, words: RowCudaWord) -> Iterator[None]:
        """A thread for every part of every row; `words` is the first of the three about parts."""
        f, rows, parts = self._f, self._narrow(RowCudaWord.ALL_ROWS), self._narrow(words)
        along = self._box.along
        with self._working(f.let(f"mul i32 {rows}, {parts}")) as thread:
            inner = parts if along else rows
            slow, fast = (f.let(f"{code} i32 {thread}, {inner}") for code in ("udiv", "urem"))
            row, part = (slow, fast) if along else (fast, slow)
            self._go_to(row)
            self._share(words, f.let(f"zext i32 {part} to i64"), is_split=True)
            yield

    def _narrow(self, word: RowCudaWord) -> str:
        return self._f.let(f"trunc i64 {self.word(word)} to i32")

    def _go_to(self, row: str) -> None:
        f = self._f
        self._row = f.let(f"zext i32 {row} to i64")
        outer, inner = "0", self._row
        if self._box.has_outer:
            rows = self._narrow(RowCudaWord.ROWS)
            places = [f.let(f"{code} i32 {row}, {rows}") for code in ("udiv", "urem")]
            outer, inner = (f.let(f"zext i32 {place} to i64") for place in places)
        for name in self._boxed:
            self._at[name] = self.pointer(name)
            for axis, place in ((OUTER, outer), (ROW, inner)):
                if name != WEIGHT and (axis == ROW or self._box.has_outer):
                    self._at[name] = f.at(
                        self._at[name], self._type(name), f.let(f"mul i64 {place}, {self._stride(name, axis)}")
                    )

    def _type(self, name: str) -> str:
        return "i64" if name == LABEL else self._elements.type(self._storages[name])

    # -- along the classes ---------------------------------------------------------------------------------------

    def _share(self, words: RowCudaWord, part: str, is_split: bool) -> None:
        self._part = part
        self._parts = self.word(words) if is_split else "1"
        self._whole, self._left = self.word(RowCudaWord(words + 1)), self.word(RowCudaWord(words + 2))

    def turns(self) -> Iterator[list[str]]:
        """Numbers of the chunks of the thread's next turn: the text of a turn is written for each of two loops."""
        f, box = self._f, self._box
        stride = f.let(f"mul i64 {self._parts}, {box.chunks}")
        with f.loop(self._whole) as turn:
            first = f.let(f"add i64 {f.let(f'mul i64 {turn}, {stride}')}, {self._part}")
            steps = [f.let(f"mul i64 {self._parts}, {u}") for u in range(box.chunks)]
            yield [f.let(f"add i64 {first}, {step}") for step in steps]
        first = f.let(f"add i64 {f.let(f'mul i64 {self._whole}, {stride}')}, {self._part}")
        with f.loop(self._left) as turn:
            chunk = f.let(f"add i64 {first}, {f.let(f'mul i64 {turn}, {self._parts}')}")
            with f.when(f.let(f"icmp ult i64 {chunk}, {self.word(RowCudaWord.CHUNKS)}")):
                yield [chunk]
