"""What a thread of a row's CUDA kernel reads and writes, as LLVM IR.

Arguments are one array of 64-bit words: a pointer for every name of `pointers`, then `RowCudaWord`, then the strides of
tensors. Beside the tensors there are

- partials, float64: what every part of every row leaves, one number after the other, each (parts, rows);
- arrays of one number a row, in the format of computation;
- the scratch array of `row_text`, behind whose rows stands what every row counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from symkit.backends.native.cuda_entry import head, numbers
from symkit.backends.native.cuda_layout import THREADS
from symkit.backends.native.cuda_memory import CudaTarget, Elements, bytes_of
from symkit.backends.native.function_text import INTERLEAVED, Function
from symkit.backends.native.inline_text import Number
from symkit.backends.native.llvm_text import constant
from symkit.backends.native.machine import FLOAT64, Format, Type
from symkit.backends.native.row_arithmetic import (
    CLASS,
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
from symkit.backends.native.row_text import Scratch
from symkit.backends.native.storage import Storage

SCRATCH, PARTIALS, ARRAYS, TOTALS, GIVEN = "scratch", "partials", "arrays", "totals", "given"
"""TOTALS: what stands of the rows in the scratch array, added up over rows. GIVEN: the gradient by the loss, or by that
of every row."""

OUTER, ROW, CLASSES = range(3)

METADATA = (INTERLEAVED, "!9 = !{}")
"""To stand at the end of a text."""

JOINED_AT_ONCE = 8
"""Partials that a thread reads before it joins them."""

Numbers = Mapping[str, Number]


def boxed(loss: RowLoss) -> list[str]:
    """Tensors with strides, in the order of the arguments."""
    names = [LOGIT, of_leaf(TARGET) if loss.label is None else LABEL]
    names += [WEIGHT] if loss.is_weighted else []
    return [*names, GRADIENT] if loss.has_gradient else names


def pointers(loss: RowLoss) -> list[str]:
    """Everything that there is a pointer for, in order."""
    own = [SCRATCH, LOSS, PARTIALS, ARRAYS, TOTALS, TOTAL_WEIGHT, GIVEN]
    return [*boxed(loss), *own, *map(of_leaf, loss.leaves)]


class RowCudaMemory:
    """Opens a kernel; the methods write what they are named after to `function`.

    Args:
        arrays: names of what is kept for every row from launch to launch.
    """

    def __init__(
        self, loss: RowLoss, format: Format, box: RowCudaBox, arrays: Sequence[str], target: CudaTarget
    ) -> None:
        self._loss, self._format, self._box, self._arrays = loss, format, box, list(arrays)
        self._real = format.real
        self._elements, self._wide = Elements(format, target), Elements(FLOAT64, target)
        self._is_device = target is CudaTarget.NVPTX
        self._pointers, self._boxed = pointers(loss), boxed(loss)
        words = len(self._pointers) + len(RowCudaWord) + 3 * len(self._boxed)
        self.function = self._f = Function(head(target, words))
        self._f.add(*numbers(target))
        self._dense = dict(zip([name for name in self._boxed if name != LABEL], box.dense, strict=True))
        self._storages = self._storages_of_tensors()
        self._at: dict[str, str] = {}
        """Where tensors start for the row of the thread."""
        self._row = self._part = "0"
        self._turns: dict[str, str] = {}

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

    def elements(self, chunks: Sequence[str], wanted: Sequence[str]) -> list[dict[str, Number]]:
        """Of every class of some chunks what is wanted that differs from class to class."""
        found: list[dict[str, Number]] = [{} for _ in range(len(chunks) * self._box.vector)]
        firsts = [self._f.let(f"mul i64 {chunk}, {self._box.vector}") for chunk in chunks]
        for name in wanted:
            columns: list[Number] = []
            for first in firsts:
                if name == CLASS:
                    columns += self._classes(first)
                elif name in self._dense:
                    columns += self._read(name, first)
            for element, number in zip(found, columns, strict=False):
                element[name] = number
        return found

    def _classes(self, first: str) -> list[Number]:
        real = self._real.value
        number = self._f.let(f"sitofp i64 {first} to {real}")
        steps = [constant(float(j), self._real) for j in range(self._box.vector)]
        return [Number(self._real, self._f.let(f"fadd {real} {number}, {step}")) for step in steps]

    def _read(self, name: str, first: str) -> list[Number]:
        """A chunk. Neighbouring loads become one: see `Memory.load`."""
        type = self._type(name)
        places = self._places(name, first)
        count = self._box.vector if self._dense[name] else 1
        aligned = [bytes_of(type, count), *[bytes_of(type, 1)] * (len(places) - 1)]
        raw = [
            self._f.let(f"load {type}, ptr {place}, align {align}, !invariant.load !9")
            for place, align in zip(places, aligned, strict=True)
        ]
        return [self._number(self._elements, self._storages[name], element) for element in raw]

    def _places(self, name: str, first: str) -> list[str]:
        f, type = self._f, self._type(name)
        if self._dense[name]:
            start = f.at(self._at[name], type, first)
            return [f.at(start, type, str(j)) for j in range(self._box.vector)]
        stride = self._stride(name, CLASSES)
        indices = [f.let(f"add i64 {first}, {j}") for j in range(self._box.vector)]
        return [f.at(self._at[name], type, f.let(f"mul i64 {index}, {stride}")) for index in indices]

    def _number(self, elements: Elements, storage: Storage, element: str) -> Number:
        lines, name = elements.number(storage, element, self._f.fresh())
        self._f.add(*lines)
        return Number(elements.format.real, name)

    def put_gradient(self, chunks: Sequence[str], values: Sequence[Number]) -> None:
        f, type, vector = self._f, self._type(GRADIENT), self._box.vector
        for turn, chunk in enumerate(chunks):
            places = self._places(GRADIENT, f.let(f"mul i64 {chunk}, {vector}"))
            raw = [self._element(value, GRADIENT) for value in values[turn * vector :][:vector]]
            if not self._dense[GRADIENT]:
                for place, element in zip(places, raw, strict=True):
                    f.put(type, element, place)
                continue
            kind, whole = f"<{vector} x {type}>", "poison"
            for j, element in enumerate(raw):
                whole = f.let(f"insertelement {kind} {whole}, {type} {element}, i32 {j}")
            f.add(f"  store {kind} {whole}, ptr {places[0]}, align {bytes_of(type, vector)}")

    def _element(self, value: Number, name: str) -> str:
        elements = self._wide if value.type is Type.DOUBLE else self._elements
        lines, element = elements.element(self._storages[name], value.name, self._f.fresh())
        self._f.add(*lines)
        return element

    # -- labels and single numbers -------------------------------------------------------------------------------

    def label(self) -> tuple[str, str, str]:
        """(class of the row, or 0 if it has none; whether the row counts; whether its label is no class)."""
        f = self._f
        label = f.get("i64", self._at[LABEL])
        counts = f.let(f"icmp ne i64 {label}, {self.word(RowCudaWord.IGNORED)}")
        unknown = f.let(f"icmp uge i64 {label}, {self.word(RowCudaWord.CLASSES)}")
        is_stray = f.let(f"and i1 {counts}, {unknown}")
        return f.let(f"select i1 {unknown}, i64 0, i64 {label}"), counts, is_stray

    def at_class(self, name: str, place: str, wide: bool = False) -> Number:
        """An element of the row, or the weight of a class."""
        f, type = self._f, self._type(name)
        offset = f.let(f"mul i64 {place}, {self._stride(name, CLASSES)}")
        element = f.get(type, f.at(self._at[name], type, offset))
        return self._number(self._wide if wide else self._elements, self._storages[name], element)

    def single(self, name: str, place: int | str = 0) -> Number:
        """A number that is the same for all rows, in float64 where it is so stored."""
        storage = self._storages[name]
        elements = self._wide if storage is Storage.FLOAT64 else self._elements
        type = elements.type(storage)
        return self._number(elements, storage, self._f.get(type, self._f.at(self.pointer(name), type, str(place))))

    def given(self) -> Number:
        """What the gradient of the row is multiplied by."""
        place = self._f.let(f"mul i64 {self._row}, {self.word(RowCudaWord.PULLED)}")
        return self.single(GIVEN, place)

    def put_single(self, name: str, value: Number, place: int = 0) -> None:
        type = self._type(name)
        self._f.put(type, self._element(value, name), self._f.at(self.pointer(name), type, str(place)))

    def put_row(self, part: int, value: Number) -> None:
        """To the scratch array: the part 0 are losses, then come derivatives by leaves, then what rows count."""
        f = self._f
        start = f.let(f"mul i64 {self.word(RowCudaWord.ALL_ROWS)}, {part}")
        first = f.let(f"add i64 {start}, {Scratch.FIRST + self._loss.wanted}")
        place = f.at(self.pointer(SCRATCH), "double", f.let(f"add i64 {first}, {self._row}"))
        f.put("double", value.to(Type.DOUBLE, f).name, place)

    # -- from launch to launch -----------------------------------------------------------------------------------

    def put_partials(self, values: Sequence[Number]) -> None:
        for place, value in enumerate(values):
            self._f.put("double", value.to(Type.DOUBLE, self._f).name, self._partial(place, self._part))

    def partials(self, count: int) -> Iterator[list[list[Number]]]:
        """What parts have left, some parts at a time: the text of a turn is written for each of two loops."""
        f, parts = self._f, self.word(RowCudaWord.PARTS)
        turns = f.let(f"udiv i64 {parts}, {JOINED_AT_ONCE}")
        with f.loop(turns) as turn:
            first = f.let(f"mul i64 {turn}, {JOINED_AT_ONCE}")
            yield [self._read_partials(count, f.let(f"add i64 {first}, {u}")) for u in range(JOINED_AT_ONCE)]
        first = f.let(f"mul i64 {turns}, {JOINED_AT_ONCE}")
        with f.loop(f.let(f"sub i64 {parts}, {first}")) as turn:
            yield [self._read_partials(count, f.let(f"add i64 {first}, {turn}"))]

    def _read_partials(self, count: int, part: str) -> list[Number]:
        places = [self._partial(place, part) for place in range(count)]
        return [Number(Type.DOUBLE, self._f.let(f"load double, ptr {place}, !invariant.load !9")) for place in places]

    def _partial(self, place: int, part: str) -> str:
        f = self._f
        before = f.let(f"mul i64 {self.word(RowCudaWord.PARTS)}, {place}")
        line = f.let(f"add i64 {before}, {part}")
        start = f.let(f"mul i64 {line}, {self.word(RowCudaWord.ALL_ROWS)}")
        return f.at(self.pointer(PARTIALS), "double", f.let(f"add i64 {start}, {self._row}"))

    def put_arrays(self, values: Numbers) -> None:
        """Keeps what is to be kept."""
        for name in self._arrays:
            if name in values:
                self._f.put(self._real.value, values[name].to(self._real, self._f).name, self._array(name))

    def arrays(self) -> dict[str, Number]:
        """What was kept."""
        return {name: Number(self._real, self._f.get(self._real.value, self._array(name))) for name in self._arrays}

    def _array(self, name: str) -> str:
        f = self._f
        start = f.let(f"mul i64 {self.word(RowCudaWord.ALL_ROWS)}, {self._arrays.index(name)}")
        return f.at(self.pointer(ARRAYS), self._real.value, f.let(f"add i64 {start}, {self._row}"))
