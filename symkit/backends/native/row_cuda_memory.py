"""What a thread of a CUDA kernel of rows reads and writes, as LLVM IR. Beside the tensors there are

- partials, float64: what every part of every row leaves, one number after the other, each (parts, rows);
- arrays of one number a row, in the format of computation;
- the scratch array of `row_text`, behind whose rows stands what every row counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from symkit.backends.native.cuda_memory import CudaTarget, Elements, bytes_of
from symkit.backends.native.function_text import INTERLEAVED
from symkit.backends.native.inline_text import Number
from symkit.backends.native.llvm_text import constant
from symkit.backends.native.machine import FLOAT64, Format, Type
from symkit.backends.native.row_arithmetic import (
    CLASS,
    GRADIENT,
    LABEL,
    RowLoss,
)
from symkit.backends.native.row_cuda_layout import RowCudaBox, RowCudaWord
from symkit.backends.native.row_cuda_threads import ARRAYS, CLASSES, GIVEN, PARTIALS, SCRATCH, RowCudaThreads
from symkit.backends.native.row_text import Scratch
from symkit.backends.native.storage import Storage

METADATA = (INTERLEAVED, "!9 = !{}")
"""To stand at the end of a text."""

JOINED_AT_ONCE = 8
"""Partials that a thread reads before it joins them."""

Numbers = Mapping[str, Number]


class RowCudaMemory(RowCudaThreads):
    """The methods write to `function` what they are named after.

    Args:
        arrays: names of what is kept for every row from launch to launch.
    """

    def __init__(
        self, loss: RowLoss, format: Format, box: RowCudaBox, arrays: Sequence[str], target: CudaTarget
    ) -> None:
        super().__init__(loss, format, box, target)
        self._arrays, self._real, self._wide = list(arrays), format.real, Elements(FLOAT64, target)
        self._dense = dict(zip([name for name in self._boxed if name != LABEL], box.dense, strict=True))

    # -- along the classes ---------------------------------------------------------------------------------------

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
