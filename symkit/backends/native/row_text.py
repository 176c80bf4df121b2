"""Host kernels of losses under the softmax link as LLVM IR: the gradient in the same pass as the loss.

A kernel sees the logits as a box of outer places, rows and classes. Work is cut into items, a few rows of one outer
place each. What rows have in common stands in small arrays, one number a row, so that what is done once a row is done
for all rows of an item together. Long rows whose classes lie side by side run along their classes; else the rows of an
item run side by side, class by class. Sums do not depend on the number of threads: they are taken over tiles of
classes in a fixed tree, and from tile to tile, from class to class and from row to row in float64.

Arguments are one array of 64-bit words: the address of the layout, whose words are `RowWord` and the strides of every
tensor along outer places, rows and classes, then a pointer for every tensor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from symkit.backends.native.function_text import INTERLEAVED, Function
from symkit.backends.native.host_text import PARALLEL, Step, Word
from symkit.backends.native.llvm_text import constant
from symkit.backends.native.machine import FLOAT32, FLOAT64, Machine, Type
from symkit.backends.native.row_arithmetic import (
    FACTOR,
    FACTS,
    FIRST_GRADIENT,
    FIRST_SHARE,
    GRADIENT,
    LABEL,
    LABEL_GRADIENT,
    LABEL_LOGIT,
    LABEL_WEIGHT,
    LARGEST,
    LOGIT,
    LOSS,
    REST,
    SECOND,
    SLOPE,
    TARGET,
    TOTAL_WEIGHT,
    WEIGHT,
    Loop,
    RowArithmetic,
    by_leaf,
    of_leaf,
)
from symkit.backends.native.row_lanes import RowSum, TwoLargest, tile
from symkit.backends.native.row_loop import LoopFunction, Operand
from symkit.backends.native.storage import Storage, load, store

MOST_ROWS = 64
"""Rows of an item."""

SCRATCH = "scratch"
ZERO, ONE = constant(0.0, Type.DOUBLE), constant(1.0, Type.DOUBLE)


class RowWord(IntEnum):
    """Places in the layout; the number of items stands where `parallel` looks for it."""

    OUTER = 0
    ROWS = 1
    CLASSES = 2
    GROUP = 3
    GROUPS = 4
    ITEMS = int(Word.ITEMS)
    IGNORED = 6
    AVERAGED = 7


STRIDES = len(RowWord)
"""The place of the first stride in the layout."""


class Scratch(IntEnum):
    """Places in the scratch array of float64.

    SCALE is what each row counts; STATUS 0, or the number from 1 of a row with a label that is no class. From FIRST on
    stand sums of the derivatives by leaves, then a loss for every row, then the derivatives of every row, leaf by leaf.
    """

    SCALE = 0
    STATUS = 1
    TOTAL_WEIGHT = 2
    FIRST = 3


@dataclass(frozen=True)
class RowBox:
    """What a row kernel is compiled for.

    Attributes:
        logits, target, weight, leaves: how they are stored; a target of None is that of class indices.
        along_classes: whether rows run along their classes, which lie side by side, or side by side.
    """

    logits: Storage
    target: Storage | None
    weight: Storage | None
    leaves: tuple[Storage, ...]
    along_classes: bool


@dataclass(frozen=True)
class Place:
    """Where a kernel stands: sizes, a pointer for every tensor, and arrays of one number a row.

    Attributes:
        words: sizes in the layout.
        tensors: pointers, at an item, a row or a class.
        strides: of tensors, along outer places, rows and classes.
        rows: the arrays.
        n: rows of the item.
    """

    words: dict[RowWord, str]
    tensors: dict[str, str]
    strides: dict[str, tuple[str, ...]]
    rows: dict[str, str]
    n: str = ""

    def along(self, axis: int) -> dict[str, str]:
        """The stride of every tensor along an axis."""
        return {name: strides[axis] for name, strides in self.strides.items()}

    @property
    def pointers(self) -> dict[str, str]:
        return {**self.tensors, **self.rows}


OUTER, ROWS, CLASSES = range(3)


class RowText:
    """Writes `before(args)`, `run(args, first, last)` over items, `parallel(args)`, `after(args)` and `whole(args)`.

    `before` looks at the labels and settles what a row counts; `after` adds up. `whole` is all three on one thread.
    """

    def __init__(self, arithmetic: RowArithmetic, box: RowBox) -> None:
        self._arithmetic = arithmetic
        self._loss = arithmetic.loss
        self._box = box
        self._format = arithmetic.format
        self._real = self._format.real.value
        self._own = Storage.FLOAT32 if self._format is FLOAT32 else Storage.FLOAT64
        self._has_label = self._loss.label is not None
        self._arrays = self._row_arrays()
        self._loops: dict[str, LoopFunction] = {}
        self._parts: list[list[str]] = []

    def text(self) -> str:
        functions = [self._run(), self._before(), self._after(), self._whole()]
        loops = [loop.text() for loop in self._loops.values()]
        declarations = sorted({line for loop in self._loops.values() for line in loop.declarations})
        lines = [line for part in (*loops, *self._parts, *functions) for line in part]
        return "\n".join([*lines, PARALLEL, *declarations, INTERLEAVED]) + "\n"

    @property
    def boxed(self) -> dict[str, str]:
        """Tensors with strides in the order of the layout and of the arguments, and the type of an element."""
        target = (LABEL, "i64") if self._box.target is None else (of_leaf(TARGET), self._box.target.element)
        found = dict([(LOGIT, self._box.logits.element), target])
        if self._box.weight is not None:
            found[WEIGHT] = self._box.weight.element
        return {**found, GRADIENT: self._box.logits.element} if self._loss.has_gradient else found

    @property
    def _by_row(self) -> dict[str, str]:
        """Of these the ones that have rows."""
        return {name: element for name, element in self.boxed.items() if name != WEIGHT}

    def _row_arrays(self) -> dict[str, Storage]:
        """Arrays of one number a row; sums and losses are held in float64."""
        own = [LARGEST, SECOND, FACTOR]
        own += [] if self._loss.is_sparse else FACTS
        own += [LABEL, LABEL_LOGIT, LABEL_WEIGHT] if self._has_label else []
        if self._loss.has_gradient:
            own += [SLOPE, FIRST_SHARE, FIRST_GRADIENT, *([LABEL_GRADIENT] if self._has_label else [])]
        sums = [REST, LOSS, *self._arithmetic.sums, *map(by_leaf, range(self._loss.wanted))]
        return {**dict.fromkeys(own, self._own), **dict.fromkeys(sums, Storage.FLOAT64)}

    # -- loops ---------------------------------------------------------------------------------------------------

    def _loop(
        self, name: str, loop: Loop, outputs: Sequence[Operand], over_rows: bool = False, added: bool = False
    ) -> LoopFunction:
        """A loop over the classes of a row, or over the rows of an item at one class."""
        here, there = (Step.UNIT, Step.NONE) if over_rows else (Step.NONE, Step.ANY)
        inputs = [Operand(LOGIT, self._box.logits, Step.ANY if over_rows else Step.UNIT)]
        if self._box.weight is not None:
            inputs.append(Operand(WEIGHT, self._box.weight, there))
        if self._box.target is not None:
            inputs.append(Operand(of_leaf(TARGET), self._box.target, Step.ANY))
        inputs += [Operand(array, storage, here) for array, storage in self._arrays.items()]
        leaves = zip(self._loss.leaves, self._box.leaves, strict=True)
        inputs += [Operand(of_leaf(leaf), storage, Step.NONE) for leaf, storage in leaves]
        inputs.append(Operand(TOTAL_WEIGHT, Storage.FLOAT64, Step.NONE))
        self._loops[name] = LoopFunction(name, loop, inputs, outputs, added, over_rows, is_shared=not over_rows)
        return self._loops[name]

    def _for_rows(self, name: str, loop: Loop, added: bool = False) -> LoopFunction:
        """A loop over rows whose results go to arrays of their names."""
        outputs = [Operand(result, self._arrays[result], Step.UNIT) for result in loop.results]
        return self._loop(name, loop, outputs, over_rows=True, added=added)

    def _sum(self, name: str, loop: Loop) -> RowSum:
        """A loop over classes whose results are added up, for the arrays of their names."""
        tiles = [Operand(tile(result), self._own, Step.UNIT) for result in loop.results]
        total = RowSum(self._loop(name, loop, tiles))
        self._parts.append(total.text())
        return total

    # -- items ---------------------------------------------------------------------------------------------------

    def _run(self) -> list[str]:
        f = Function("define void @run(ptr %args, i64 %first, i64 %last) {")
        whole = self._opened(f)
        words, strides = whole.words, whole.strides
        rows = {name: f.room(f"[{MOST_ROWS} x {storage.element}]") for name, storage in self._arrays.items()}
        with f.loop(f.let("sub i64 %last, %first")) as turn:
            item = f.let(f"add i64 {turn}, %first")
            outer = f.let(f"udiv i64 {item}, {words[RowWord.GROUPS]}")
            group = f.let(f"urem i64 {item}, {words[RowWord.GROUPS]}")
            row = f.let(f"mul i64 {group}, {words[RowWord.GROUP]}")
            n = f.smaller(f.let(f"sub i64 {words[RowWord.ROWS]}, {row}"), words[RowWord.GROUP])
            tensors = dict(whole.tensors)
            for name, element in self._by_row.items():
                at_outer = f.let(f"mul i64 {outer}, {strides[name][OUTER]}")
                at_row = f.let(f"mul i64 {row}, {strides[name][ROWS]}")
                tensors[name] = f.at(tensors[name], element, f.let(f"add i64 {at_outer}, {at_row}"))
            place = Place(words, tensors, strides, rows, n)
            self._start(f, place)
            if self._box.along_classes:
                self._along_classes(f, place)
            else:
                self._side_by_side(f, place)
            if self._has_label and self._loss.has_gradient:
                self._write_labels(f, place)
            number = f.let(f"add i64 {f.let(f'mul i64 {outer}, {words[RowWord.ROWS]}')}, {row}")
            self._keep(f, place, number)
        return f.text()

    def _opened(self, f: Function) -> Place:
        """The arguments."""
        layout = f.get("ptr", "%args")

        def word(place: int) -> str:
            return f.get("i64", f.at(layout, "i64", str(int(place))))

        words: dict[RowWord, str] = {place: word(place) for place in RowWord}
        names = [*self.boxed, SCRATCH, LOSS, *map(of_leaf, self._loss.leaves)]
        tensors = {name: f.get("ptr", f.at("%args", "ptr", str(1 + i))) for i, name in enumerate(names)}
        tensors[TOTAL_WEIGHT] = self._scratch(f, tensors, Scratch.TOTAL_WEIGHT)
        strides = {
            name: tuple(word(STRIDES + 3 * i + axis) for axis in (OUTER, ROWS, CLASSES))
            for i, name in enumerate(self.boxed)
        }
        return Place(words, tensors, strides, {})

    def _scratch(self, f: Function, tensors: dict[str, str], place: int | str) -> str:
        return f.at(tensors[SCRATCH], "double", str(place if isinstance(place, str) else int(place)))

    def _start(self, f: Function, at: Place) -> None:
        """What rows count, their labels with logit and weight, and the arrays as they start."""
        scale = f.get("double", self._scratch(f, at.tensors, Scratch.SCALE))
        scale = f.let(f"fptrunc double {scale} to float") if self._format is FLOAT32 else scale
        with f.loop(at.n) as row:
            factor = scale
            if self._has_label:
                label, counts = self._label(f, at, row)
                factor = f.let(f"select i1 {counts}, {self._real} {scale}, {self._real} {self._literal(0.0)}")
                self._set(f, at, LABEL, row, f.let(f"sitofp i64 {label} to {self._real}"))
                logit = self._element_at(f, at, LOGIT, row, label)
                self._set(f, at, LABEL_LOGIT, row, self._loaded(f, self._box.logits, logit))
                if self._box.weight is not None:
                    weight = self._element_at(f, at, WEIGHT, row, label)
                    self._set(f, at, LABEL_WEIGHT, row, self._loaded(f, self._box.weight, weight))
            self._set(f, at, FACTOR, row, factor)
            self._set(f, at, LARGEST, row, self._literal(float("-inf")))
            self._set(f, at, SECOND, row, self._literal(-self._format.largest))
            for name in (REST, *self._arithmetic.sums):
                f.put("double", ZERO, f.at(at.rows[name], "double", row))

    def _label(self, f: Function, at: Place, row: str) -> tuple[str, str]:
        """(class of a row, or 0 if it is ignored; whether it counts)."""
        offset = f.let(f"mul i64 {row}, {at.strides[LABEL][ROWS]}")
        label = f.get("i64", f.at(at.tensors[LABEL], "i64", offset))
        counts = f.let(f"icmp ne i64 {label}, {at.words[RowWord.IGNORED]}")
        return f.let(f"select i1 {counts}, i64 {label}, i64 0"), counts

    def _element_at(self, f: Function, at: Place, name: str, row: str, label: str) -> str:
        """Where the element of a row and class lies."""
        by_class = f.let(f"mul i64 {label}, {at.strides[name][CLASSES]}")
        by_row = f.let(f"mul i64 {row}, {at.strides[name][ROWS]}")
        return f.at(at.tensors[name], self.boxed[name], f.let(f"add i64 {by_class}, {by_row}"))

    def _loaded(self, f: Function, storage: Storage, pointer: str) -> str:
        name = f.fresh()
        f.add(*load(storage, self._format, name, pointer))
        return f"%{name}"

    def _set(self, f: Function, at: Place, array: str, row: str, value: str) -> None:
        f.put(self._real, value, f.at(at.rows[array], self._real, row))

    def _literal(self, value: float) -> str:
        return constant(value, self._format.real)

    def _along_classes(self, f: Function, at: Place) -> None:
        """Row by row, along the classes of each."""
        classes, strides = at.words[RowWord.CLASSES], at.along(CLASSES)
        maxima = TwoLargest(self._box.logits, self._format, self._own)
        self._loops["copied"] = maxima.copied
        self._parts.append(maxima.text())
        exponentials = self._sum("exponentials", self._arithmetic.exponentials())
        with f.loop(at.n) as row:
            pointers = self._at_row(f, at, row)
            given = [f"ptr {pointers[LOGIT]}", f"i64 {classes}", f"ptr {pointers[LARGEST]}", f"ptr {pointers[SECOND]}"]
            f.add(f"  call void @maxima({', '.join(given)})")
            exponentials.call(f, pointers, strides, classes)
        if not self._loss.is_sparse:
            self._for_rows("facts", self._arithmetic.facts()).call(f, at.pointers, {}, at.n, "0")
            others = self._sum("others", self._arithmetic.others())
            with f.loop(at.n) as row:
                others.call(f, self._at_row(f, at, row), strides, classes)
        self._for_rows("settled", self._arithmetic.settled()).call(f, at.pointers, {}, at.n, "0")
        if self._loss.has_gradient:
            gradient = Operand(GRADIENT, self._box.logits, Step.UNIT)
            slopes = self._loop("slopes", self._arithmetic.slopes(), [gradient])
            with f.loop(at.n) as row:
                slopes.call_in_steps(f, self._at_row(f, at, row), strides, classes, "0")

    def _at_row(self, f: Function, at: Place, row: str) -> dict[str, str]:
        """Pointers at a row."""
        found = dict(at.tensors)
        for name, element in self._by_row.items():
            found[name] = f.at(found[name], element, f.let(f"mul i64 {row}, {at.strides[name][ROWS]}"))
        return {**found, **{name: f.at(at.rows[name], s.element, row) for name, s in self._arrays.items()}}

    def _side_by_side(self, f: Function, at: Place) -> None:
        """Class by class, along the rows of the item."""
        self._each_class(f, at, self._for_rows("maxima", self._two_largest()))
        self._each_class(f, at, self._for_rows("exponentials", self._arithmetic.exponentials(), added=True))
        if not self._loss.is_sparse:
            self._for_rows("facts", self._arithmetic.facts()).call(f, at.pointers, {}, at.n, "0")
            self._each_class(f, at, self._for_rows("others", self._arithmetic.others(), added=True))
        self._for_rows("settled", self._arithmetic.settled()).call(f, at.pointers, {}, at.n, "0")
        if self._loss.has_gradient:
            gradient = Operand(GRADIENT, self._box.logits, Step.ANY)
            self._each_class(f, at, self._loop("slopes", self._arithmetic.slopes(), [gradient], over_rows=True))

    def _each_class(self, f: Function, at: Place, function: LoopFunction) -> None:
        with f.loop(at.words[RowWord.CLASSES]) as place:
            pointers = dict(at.tensors)
            for name, element in self.boxed.items():
                if name != LABEL:
                    offset = f.let(f"mul i64 {place}, {at.strides[name][CLASSES]}")
                    pointers[name] = f.at(pointers[name], element, offset)
            function.call(f, replace(at, tensors=pointers).pointers, at.along(ROWS), at.n, place)

    def _two_largest(self) -> Loop:
        m = Machine(self._format)
        logit, largest, second = m.argument(LOGIT), m.argument(LARGEST), m.argument(SECOND)
        smaller = m.select(logit > largest, largest, logit)
        return Loop(
            m,
            {
                LARGEST: m.select(logit > largest, logit, largest),
                SECOND: m.select(smaller > second, smaller, second),
            },
        )

    def _write_labels(self, f: Function, at: Place) -> None:
        """The gradient of the labels' logits."""
        with f.loop(at.n) as row:
            label = f.get(self._real, f.at(at.rows[LABEL], self._real, row))
            value = f.get(self._real, f.at(at.rows[LABEL_GRADIENT], self._real, row))
            place = self._element_at(f, at, GRADIENT, row, f.let(f"fptosi {self._real} {label} to i64"))
            f.add(*store(self._box.logits, self._format, value, place, f.fresh()))

    def _keep(self, f: Function, at: Place, number: str) -> None:
        """Losses and derivatives by leaves to the scratch array, from the item's first row on."""
        for part, name in enumerate(self._kept):
            into = self._scratch(f, at.tensors, f.let(f"add i64 {self._part(f, at, part)}, {number}"))
            with f.loop(at.n) as row:
                f.put("double", f.get("double", f.at(at.rows[name], "double", row)), f.at(into, "double", row))

    @property
    def _kept(self) -> list[str]:
        return [LOSS, *map(by_leaf, range(self._loss.wanted))]

    def _part(self, f: Function, at: Place, part: int) -> str:
        """Where the losses of all rows start in the scratch array, or their derivatives by a leaf."""
        return f.let(
            f"add i64 {f.let(f'mul i64 {self._all_rows(f, at)}, {part}')}, {Scratch.FIRST + self._loss.wanted}"
        )

    def _all_rows(self, f: Function, at: Place) -> str:
        return f.let(f"mul i64 {at.words[RowWord.OUTER]}, {at.words[RowWord.ROWS]}")

    # -- before and after -----------------------------------------------------------------------------------------

    def _before(self) -> list[str]:
        """Labels that are no classes, what each row counts, and the sum of the weights of all classes."""
        f = Function("define void @before(ptr %args) {")
        at = self._opened(f)
        status, counted, total = (f.room("double") for _ in range(3))
        f.put("double", ZERO, status)
        classes = at.words[RowWord.CLASSES]
        if self._box.weight is None:
            f.put("double", f.let(f"sitofp i64 {classes} to double"), total)
        else:
            f.put("double", ZERO, total)
            with f.loop(classes) as place:
                self._add(f, total, self._weight(f, at, place))
        if self._has_label:
            f.put("double", ZERO, counted)
            self._count(f, at, status, counted)
        else:
            f.put("double", f.let(f"sitofp i64 {self._all_rows(f, at)} to double"), counted)
        scale = f.let(f"fdiv double {ONE}, {f.get('double', counted)}")
        averaged = f.let(f"icmp ne i64 {at.words[RowWord.AVERAGED]}, 0")
        scale = f.let(f"select i1 {averaged}, double {scale}, double {ONE}")
        f.put("double", scale, self._scratch(f, at.tensors, Scratch.SCALE))
        f.put("double", f.get("double", status), self._scratch(f, at.tensors, Scratch.STATUS))
        f.put("double", f.get("double", total), self._scratch(f, at.tensors, Scratch.TOTAL_WEIGHT))
        return f.text()

    def _count(self, f: Function, at: Place, status: str, counted: str) -> None:
        with f.loop(at.words[RowWord.OUTER]) as outer, f.loop(at.words[RowWord.ROWS]) as row:
            labels = f.at(at.tensors[LABEL], "i64", f.let(f"mul i64 {outer}, {at.strides[LABEL][OUTER]}"))
            label, counts = self._label(f, replace(at, tensors={**at.tensors, LABEL: labels}), row)
            known = f.let(f"icmp ult i64 {label}, {at.words[RowWord.CLASSES]}")
            number = f.let(f"add i64 {f.let(f'mul i64 {outer}, {at.words[RowWord.ROWS]}')}, {row}")
            number = f.let(f"sitofp i64 {f.let(f'add i64 {number}, 1')} to double")
            f.put("double", f.let(f"select i1 {known}, double {f.get('double', status)}, double {number}"), status)
            with f.when(f.let(f"and i1 {known}, {counts}")):
                self._add(f, counted, ONE if self._box.weight is None else self._weight(f, at, label))

    def _weight(self, f: Function, at: Place, place: str) -> str:
        """The weight of a class in float64."""
        assert self._box.weight is not None
        offset = f.let(f"mul i64 {place}, {at.strides[WEIGHT][CLASSES]}")
        name = f.fresh()
        f.add(*load(self._box.weight, FLOAT64, name, f.at(at.tensors[WEIGHT], self._box.weight.element, offset)))
        return f"%{name}"

    def _add(self, f: Function, place: str, value: str) -> None:
        f.put("double", f.let(f"fadd double {f.get('double', place)}, {value}"), place)

    def _after(self) -> list[str]:
        """The sum of the losses, times what each counts, and those of the derivatives by leaves."""
        f = Function("define void @after(ptr %args) {")
        at = self._opened(f)
        for part in range(len(self._kept)):
            values = self._scratch(f, at.tensors, self._part(f, at, part))
            total = f.room("double")
            f.put("double", ZERO, total)
            with f.loop(self._all_rows(f, at)) as row:
                self._add(f, total, f.get("double", f.at(values, "double", row)))
            whole = f.get("double", total)
            if part:
                f.put("double", whole, self._scratch(f, at.tensors, Scratch.FIRST + part - 1))
            else:
                loss = f.let(f"fmul double {whole}, {f.get('double', self._scratch(f, at.tensors, Scratch.SCALE))}")
                f.add(*store(self._box.logits, FLOAT64, loss, at.tensors[LOSS], f.fresh()))
        return f.text()

    def _whole(self) -> list[str]:
        f = Function("define void @whole(ptr %args) {")
        f.add("  call void @before(ptr %args)")
        at = self._opened(f)
        status = f.get("double", self._scratch(f, at.tensors, Scratch.STATUS))
        with f.when(f.let(f"fcmp oeq double {status}, {ZERO}")):
            f.add(f"  call void @run(ptr %args, i64 0, i64 {at.words[RowWord.ITEMS]})")
            f.add("  call void @after(ptr %args)")
        return f.text()
