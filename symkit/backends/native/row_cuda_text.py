"""CUDA kernels of losses under the softmax link as LLVM IR: what is done in which launch.

A call is a few launches, one after the other. Threads know nothing of each other: what they have of a row they leave in
memory, for a thread of the next launch to join, in an order that depends on sizes alone. There is no barrier, no atomic
and no fast-math flag, so results are the same in every run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum

from symkit.backends.native.cuda_entry import END
from symkit.backends.native.cuda_memory import CudaTarget
from symkit.backends.native.inline_text import Inline, Number
from symkit.backends.native.llvm_text import constant
from symkit.backends.native.machine import Type
from symkit.backends.native.row_arithmetic import (
    CLASS,
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
    TOTAL_WEIGHT,
    WEIGHT,
    Loop,
    RowArithmetic,
    by_leaf,
    of_leaf,
)
from symkit.backends.native.row_cuda_layout import RowCudaBox, RowCudaWord
from symkit.backends.native.row_cuda_memory import METADATA, SCRATCH, TOTALS, RowCudaMemory
from symkit.backends.native.row_parts import CARRY, KEPT, OTHER_LARGEST, OTHER_SECOND, joined, moved
from symkit.backends.native.row_text import Scratch

MAXIMA = (LARGEST, SECOND, REST)

SCALED = (SLOPE, FIRST_SHARE, FIRST_GRADIENT, LABEL_GRADIENT, FACTOR)
"""Of these the gradient of a row is a multiple."""

Numbers = dict[str, Number]


class Stage(Enum):
    """A launch.

    PARTS: what every part of a row knows of its logits. FACTS: joined, what the elements of a row have in common.
    OTHERS: sums over the outputs of a part. ROWS: joined, the loss of every row and what its gradient is made of; where
    rows are not split, all of this in one. TOTALS: the loss. GRADIENT: element by element, when it is asked for.
    """

    PARTS = "parts"
    FACTS = "facts"
    OTHERS = "others"
    ROWS = "rows"
    TOTALS = "totals"
    GRADIENT = "gradient"


class RowCudaText:
    """Writes `kernel(args)` of one stage."""

    def __init__(self, arithmetic: RowArithmetic, box: RowCudaBox, stage: Stage) -> None:
        self._arithmetic, self._box, self._stage = arithmetic, box, stage

    def text(self, target: CudaTarget) -> str:
        return _Kernel(self._arithmetic, self._box, target).text(self._stage)


def stages(arithmetic: RowArithmetic, is_split: bool) -> list[Stage]:
    """The launches; what is left of the rows is added up before TOTALS."""
    found = [Stage.TOTALS, Stage.GRADIENT] if arithmetic.loss.has_gradient else [Stage.TOTALS]
    if not is_split:
        return [Stage.ROWS, *found]
    if arithmetic.loss.is_sparse:
        return [Stage.PARTS, Stage.ROWS, *found]
    return [Stage.PARTS, Stage.FACTS, Stage.OTHERS, Stage.ROWS, *found]


def needs_total_weight(arithmetic: RowArithmetic) -> bool:
    return arithmetic.loss.is_weighted and TOTAL_WEIGHT in Inline("settled", arithmetic.settled()).inputs


def kept_arrays(arithmetic: RowArithmetic, is_split: bool) -> list[str]:
    """What is kept of every row from launch to launch."""
    needed: set[str] = set()
    if arithmetic.loss.has_gradient:
        needed |= {*Inline("slopes", slopes(arithmetic)).inputs}
    if is_split and not arithmetic.loss.is_sparse:
        needed |= {name for loop in (arithmetic.others(), arithmetic.settled()) for name in Inline("", loop).inputs}
    return [name for name in (LARGEST, SECOND, *FACTS, *SCALED) if name in needed]


def slopes(arithmetic: RowArithmetic) -> Loop:
    """The gradient of an element, the label's among them."""
    loop = arithmetic.slopes()
    if arithmetic.loss.label is None:
        return loop
    m = loop.machine
    is_label = m.argument(CLASS).equals(m.argument(LABEL))
    return Loop(m, {GRADIENT: m.select(is_label, m.argument(LABEL_GRADIENT), loop.results[GRADIENT])})


class _Kernel:
    """The text of one kernel under construction."""

    def __init__(self, arithmetic: RowArithmetic, box: RowCudaBox, target: CudaTarget) -> None:
        self._arithmetic, self._loss, self._box, self._target = arithmetic, arithmetic.loss, box, target
        self._real = arithmetic.format.real
        self._inlines: dict[str, Inline] = {}
        arrays = kept_arrays(arithmetic, box.is_split)
        self._memory = RowCudaMemory(self._loss, arithmetic.format, box, arrays, target)
        self._f = self._memory.function

    def text(self, stage: Stage) -> str:
        ways: Mapping[Stage, Callable[[], None]] = {
            Stage.PARTS: self._parts,
            Stage.FACTS: self._facts,
            Stage.OTHERS: self._sums_of_parts,
            Stage.ROWS: self._rows,
            Stage.TOTALS: self._totals,
            Stage.GRADIENT: self._gradient,
        }
        ways[stage]()
        inlines = self._inlines.values()
        lines = [*self._f.text(), *(line for inline in inlines for line in inline.text())]
        declarations = sorted({line for inline in inlines for line in inline.declarations})
        return "\n".join([*lines, *declarations, END[self._target], *METADATA]) + "\n"

    # -- launches ------------------------------------------------------------------------------------------------

    def _parts(self) -> None:
        with self._memory.parts_of_rows(RowCudaWord.PARTS):
            maxima = self._maxima()
            self._memory.put_partials([maxima[name] for name in MAXIMA])

    def _facts(self) -> None:
        with self._memory.whole_rows():
            self._memory.put_arrays(self._with_facts(self._joined()))

    def _sums_of_parts(self) -> None:
        with self._memory.parts_of_rows(RowCudaWord.PARTS):
            sums = self._others(self._memory.arrays())
            self._memory.put_partials([sums[name] for name in self._arithmetic.sums])

    def _rows(self) -> None:
        kept: Numbers = {}
        found: Numbers = {}
        with self._memory.whole_rows():
            if self._box.is_split and not self._loss.is_sparse:
                kept, found = self._memory.arrays(), self._joined_sums()
            else:
                found = self._joined() if self._box.is_split else self._maxima()
                if not self._loss.is_sparse:
                    found = self._with_facts(found)
                    found |= self._others(found)
            self._memory.put_arrays(found | self._settled(kept | found))

    def _totals(self) -> None:
        """One thread: what a row counts, the loss, and derivatives by leaves. Where no row counts, the mean is NaN."""
        f, memory = self._f, self._memory
        with memory.first_thread():
            total, *leaves, counted = (memory.single(TOTALS, place) for place in range(2 + self._loss.wanted))
            averaged = f.let(f"icmp ne i64 {memory.word(RowCudaWord.AVERAGED)}, 0")
            one = self._number(1.0, Type.DOUBLE)
            scale = self._selected(averaged, self._operation("fdiv", one, counted), one)
            memory.put_single(SCRATCH, scale, Scratch.SCALE)
            memory.put_single(LOSS, self._operation("fmul", total, scale))
            for place, leaf in enumerate(leaves):
                memory.put_single(SCRATCH, self._scaled(leaf, scale), Scratch.FIRST + place)

    def _gradient(self) -> None:
        memory = self._memory
        inline = self._inline("slopes", slopes(self._arithmetic))
        with memory.parts_of_rows(RowCudaWord.WRITTEN_PARTS):
            given = memory.arrays()
            scale = memory.single(SCRATCH, Scratch.SCALE).to(self._real, self._f)
            pulled = memory.given().to(self._real, self._f)
            for name in [name for name in SCALED if name in given]:
                given[name] = self._operation("fmul", self._scaled(given[name], scale), pulled)
            given |= self._leaves(inline)
            if self._loss.label is not None:
                given[LABEL] = self._label_number(memory.label()[0])
            for chunks in memory.turns():
                elements = memory.elements(chunks, inline.inputs)
                values = [inline.call(self._f, given | element)[GRADIENT] for element in elements]
                memory.put_gradient(chunks, values)

    # -- sums over classes ---------------------------------------------------------------------------------------

    def _maxima(self) -> Numbers:
        """The three numbers that the thread's classes have, each logit read once."""
        f, memory = self._f, self._memory
        real = self._real.value
        exponentials = self._inline("exponentials", self._arithmetic.exponentials())
        rooms = {LARGEST: f.room(real), SECOND: f.room(real)}
        rest = self._started(rooms)
        nothing = self._number(float("-inf"), self._real)
        for chunks in memory.turns():
            logits = [element[LOGIT] for element in memory.elements(chunks, (LOGIT,))]
            pairs = [{LARGEST: logit, SECOND: nothing} for logit in logits]
            before = self._read(rooms)
            after = self._join(before, self._joined_pairs(pairs))
            rises = f.let(f"fcmp ogt {real} {after[SECOND].name}, {before[SECOND].name}")
            with f.when(rises):
                f.put("double", self._moved(self._get(rest), before, after[SECOND]).name, rest)
            self._write(rooms, after)
            terms = [exponentials.call(f, {LOGIT: logit, SECOND: after[SECOND]})[REST] for logit in logits]
            self._add(rest, self._sum(terms))
        return self._read(rooms) | {REST: self._get(rest)}

    def _joined(self) -> Numbers:
        """The same of all parts of a row."""
        f, memory = self._f, self._memory
        rooms = {LARGEST: f.room(self._real.value), SECOND: f.room(self._real.value)}
        rest = self._started(rooms)
        for partials in memory.partials(2):
            pairs = [dict(zip(MAXIMA, partial, strict=False)) for partial in partials]
            self._write(rooms, self._join(self._read(rooms), self._joined_pairs(pairs)))
        whole = self._read(rooms)
        for partials in memory.partials(3):
            parts = [dict(zip(MAXIMA, partial, strict=True)) for partial in partials]
            self._add(rest, self._sum([self._moved(part[REST], part, whole[SECOND]) for part in parts]))
        return whole | {REST: self._get(rest)}

    def _joined_pairs(self, pairs: Sequence[Numbers]) -> Numbers:
        while len(pairs) > 1:
            pairs = [self._join(a, b) for a, b in zip(pairs[::2], pairs[1::2], strict=True)]
        return pairs[0]

    def _started(self, rooms: Mapping[str, str]) -> str:
        """Puts what no logit is known of to the rooms; gives a room with an empty sum."""
        lowest = self._number(-self._arithmetic.format.largest, self._real)
        self._write(rooms, {LARGEST: self._number(float("-inf"), self._real), SECOND: lowest})
        return self._empty()

    def _join(self, a: Numbers, b: Numbers) -> Numbers:
        given = a | {OTHER_LARGEST: b[LARGEST], OTHER_SECOND: b[SECOND]}
        return self._inline("joined", joined(self._arithmetic.format)).call(self._f, given)

    def _moved(self, rest: Number, part: Numbers, second: Number) -> Number:
        """The sum of exponentials of a part by the second logit of more parts."""
        found = self._inline("moved", moved(self._arithmetic.format)).call(self._f, part | {OTHER_SECOND: second})
        kept = self._operation("fmul", rest, found[KEPT].to(Type.DOUBLE, self._f))
        return self._operation("fadd", kept, found[CARRY].to(Type.DOUBLE, self._f))

    def _with_facts(self, found: Numbers) -> Numbers:
        return found | self._inline("facts", self._arithmetic.facts()).call(self._f, found)

    def _others(self, found: Numbers) -> Numbers:
        """Sums over the thread's classes."""
        f, memory = self._f, self._memory
        inline = self._inline("others", self._arithmetic.others())
        given = found | self._leaves(inline)
        if LABEL in inline.inputs:
            given[LABEL] = self._label_number(memory.label()[0])
        rooms = {name: self._empty() for name in self._arithmetic.sums}
        for chunks in memory.turns():
            elements = memory.elements(chunks, inline.inputs)
            results = [inline.call(f, given | element) for element in elements]
            for name, room in rooms.items():
                self._add(room, self._sum([result[name] for result in results]))
        return {name: self._get(room) for name, room in rooms.items()}

    def _joined_sums(self) -> Numbers:
        rooms = {name: self._empty() for name in self._arithmetic.sums}
        for partials in self._memory.partials(len(rooms)):
            for place, room in enumerate(rooms.values()):
                self._add(room, self._sum([partial[place] for partial in partials]))
        return {name: self._get(room) for name, room in rooms.items()}

    # -- rows ----------------------------------------------------------------------------------------------------

    def _settled(self, found: Numbers) -> Numbers:
        """What is known of a row when its loss is; losses go to the scratch array."""
        f, memory = self._f, self._memory
        inline = self._inline("settled", self._arithmetic.settled())
        given = found | self._leaves(inline)
        counted = one = self._number(1.0, Type.DOUBLE)
        zero, unknown = self._number(0.0, Type.DOUBLE), self._number(float("nan"), Type.DOUBLE)
        given[FACTOR], stray = one, "false"
        if self._loss.label is not None:
            label, counts, stray = memory.label()
            given[LABEL_LOGIT] = memory.at_class(LOGIT, label)
            if self._loss.is_weighted:
                given[LABEL_WEIGHT] = counted = memory.at_class(WEIGHT, label, wide=True)
            counted = self._selected(counts, counted, zero)
            given[FACTOR] = self._selected(counts, self._selected(stray, unknown, one), zero)
        if TOTAL_WEIGHT in inline.inputs:
            given[TOTAL_WEIGHT] = memory.single(TOTAL_WEIGHT) if self._loss.is_weighted else self._classes()
        results = inline.call(f, given)
        memory.put_row(0, self._selected(stray, unknown, results[LOSS].to(Type.DOUBLE, f)))
        for place in range(self._loss.wanted):
            memory.put_row(1 + place, results[by_leaf(place)])
        memory.put_row(1 + self._loss.wanted, counted)
        return {FACTOR: given[FACTOR], **results}

    def _classes(self) -> Number:
        classes = self._memory.word(RowCudaWord.CLASSES)
        return Number(Type.DOUBLE, self._f.let(f"sitofp i64 {classes} to double"))

    def _label_number(self, label: str) -> Number:
        return Number(self._real, self._f.let(f"sitofp i64 {label} to {self._real.value}"))

    # -- pieces --------------------------------------------------------------------------------------------------

    def _inline(self, name: str, loop: Loop) -> Inline:
        return self._inlines.setdefault(name, Inline(name, loop))

    def _leaves(self, inline: Inline) -> Numbers:
        names = map(of_leaf, self._loss.leaves)
        return {name: self._memory.single(name) for name in names if name in inline.inputs}

    def _number(self, value: float, type: Type) -> Number:
        return Number(type, constant(value, type))

    def _operation(self, code: str, a: Number, b: Number) -> Number:
        return Number(a.type, self._f.let(f"{code} {a.type.value} {a.name}, {b.name}"))

    def _selected(self, condition: str, a: Number, b: Number) -> Number:
        type = a.type.value
        return Number(a.type, self._f.let(f"select i1 {condition}, {type} {a.name}, {type} {b.name}"))

    def _scaled(self, value: Number, scale: Number) -> Number:
        """Their product; 0 stays 0, however little counts."""
        zero = self._number(0.0, value.type)
        differs = self._f.let(f"fcmp une {value.type.value} {value.name}, {zero.name}")
        return self._selected(differs, self._operation("fmul", value, scale), zero)

    def _sum(self, numbers: Sequence[Number]) -> Number:
        while len(numbers) > 1:
            numbers = [self._operation("fadd", a, b) for a, b in zip(numbers[::2], numbers[1::2], strict=True)]
        return numbers[0]

    def _empty(self) -> str:
        room = self._f.room("double")
        self._f.put("double", constant(0.0, Type.DOUBLE), room)
        return room

    def _add(self, room: str, value: Number) -> None:
        self._f.put("double", self._operation("fadd", self._get(room), value.to(Type.DOUBLE, self._f)).name, room)

    def _get(self, room: str) -> Number:
        return Number(Type.DOUBLE, self._f.get("double", room))

    def _read(self, rooms: Mapping[str, str]) -> Numbers:
        return {name: Number(self._real, self._f.get(self._real.value, room)) for name, room in rooms.items()}

    def _write(self, rooms: Mapping[str, str], values: Numbers) -> None:
        for name, room in rooms.items():
            self._f.put(self._real.value, values[name].to(self._real, self._f).name, room)
