"""CUDA kernels of losses under the softmax link as LLVM IR: what is done in which launch.

A call is a few launches, one after the other. Threads know nothing of each other: what they have of a row they leave in
memory, for a thread of the next launch to join, in an order that depends on sizes alone. There is no barrier, no atomic
and no fast-math flag, so results are the same in every run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from symkit.backends.native.cuda_entry import END
from symkit.backends.native.cuda_memory import CudaTarget
from symkit.backends.native.inline_text import Inline, Number, Numbers, number
from symkit.backends.native.machine import Type
from symkit.backends.native.row_arithmetic import (
    FACTOR,
    GRADIENT,
    LABEL,
    LABEL_LOGIT,
    LABEL_WEIGHT,
    LARGEST,
    LOGIT,
    LOSS,
    REST,
    SECOND,
    TOTAL_WEIGHT,
    WEIGHT,
    Loop,
    RowArithmetic,
    by_leaf,
    of_leaf,
)
from symkit.backends.native.row_cuda_layout import RowCudaBox, RowCudaWord
from symkit.backends.native.row_cuda_memory import METADATA, RowCudaMemory
from symkit.backends.native.row_cuda_stages import SCALED, Stage, kept_arrays, slopes
from symkit.backends.native.row_cuda_threads import SCRATCH, TOTALS
from symkit.backends.native.row_parts import CARRY, KEPT, OTHER_LARGEST, OTHER_SECOND, joined, moved
from symkit.backends.native.row_text import Scratch

MAXIMA = (LARGEST, SECOND, REST)

Named = dict[str, Number]


class RowCudaText:
    """Writes `kernel(args)` of one stage."""

    def __init__(self, arithmetic: RowArithmetic, box: RowCudaBox, stage: Stage) -> None:
        self._arithmetic, self._box, self._stage = arithmetic, box, stage

    def text(self, target: CudaTarget) -> str:
        return _Kernel(self._arithmetic, self._box, target).text(self._stage)


class _Kernel:
    """The text of one kernel under construction."""

    def __init__(self, arithmetic: RowArithmetic, box: RowCudaBox, target: CudaTarget) -> None:
        self._arithmetic, self._loss, self._box, self._target = arithmetic, arithmetic.loss, box, target
        self._real = arithmetic.format.real
        self._inlines: dict[str, Inline] = {}
        arrays = kept_arrays(arithmetic, box.is_split)
        self._memory = RowCudaMemory(self._loss, arithmetic.format, box, arrays, target)
        self._f = self._memory.function
        self._n = Numbers(self._f)

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
        kept: Named = {}
        found: Named = {}
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
            one = number(1.0, Type.DOUBLE)
            scale = self._n.selected(averaged, self._n.over(one, counted), one)
            memory.put_single(SCRATCH, scale, Scratch.SCALE)
            memory.put_single(LOSS, self._n.times(total, scale))
            for place, leaf in enumerate(leaves):
                memory.put_single(SCRATCH, self._n.scaled(leaf, scale), Scratch.FIRST + place)

    def _gradient(self) -> None:
        memory = self._memory
        inline = self._inline("slopes", slopes(self._arithmetic))
        with memory.parts_of_rows(RowCudaWord.WRITTEN_PARTS):
            given = memory.arrays()
            scale = memory.single(SCRATCH, Scratch.SCALE).to(self._real, self._f)
            pulled = memory.given().to(self._real, self._f)
            for name in [name for name in SCALED if name in given]:
                given[name] = self._n.times(self._n.scaled(given[name], scale), pulled)
            given |= self._leaves(inline)
            if self._loss.label is not None:
                given[LABEL] = self._label_number(memory.label()[0])
            for chunks in memory.turns():
                elements = memory.elements(chunks, inline.inputs)
                values = [inline.call(self._f, given | element)[GRADIENT] for element in elements]
                memory.put_gradient(chunks, values)

    # -- sums over classes ---------------------------------------------------------------------------------------

    def _maxima(self) -> Named:
        """The three numbers that the thread's classes have, each logit read once."""
        f, memory = self._f, self._memory
        real = self._real.value
        exponentials = self._inline("exponentials", self._arithmetic.exponentials())
        rooms = {LARGEST: f.room(real), SECOND: f.room(real)}
        rest = self._started(rooms)
        nothing = number(float("-inf"), self._real)
        for chunks in memory.turns():
            logits = [element[LOGIT] for element in memory.elements(chunks, (LOGIT,))]
            pairs = [{LARGEST: logit, SECOND: nothing} for logit in logits]
            before = self._read(rooms)
            after = self._join(before, self._joined_pairs(pairs))
            rises = f.let(f"fcmp ogt {real} {after[SECOND].name}, {before[SECOND].name}")
            with f.when(rises):
                f.put("double", self._moved(self._n.got(rest), before, after[SECOND]).name, rest)
            self._write(rooms, after)
            terms = [exponentials.call(f, {LOGIT: logit, SECOND: after[SECOND]})[REST] for logit in logits]
            self._n.add(rest, self._n.sum(terms))
        return self._read(rooms) | {REST: self._n.got(rest)}

    def _joined(self) -> Named:
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
            self._n.add(rest, self._n.sum([self._moved(part[REST], part, whole[SECOND]) for part in parts]))
        return whole | {REST: self._n.got(rest)}

    def _joined_pairs(self, pairs: Sequence[Named]) -> Named:
        while len(pairs) > 1:
            pairs = [self._join(a, b) for a, b in zip(pairs[::2], pairs[1::2], strict=True)]
        return pairs[0]

    def _started(self, rooms: Mapping[str, str]) -> str:
        """Puts what no logit is known of to the rooms; gives a room with an empty sum."""
        lowest = number(-self._arithmetic.format.largest, self._real)
        self._write(rooms, {LARGEST: number(float("-inf"), self._real), SECOND: lowest})
        return self._n.empty()

    def _join(self, a: Named, b: Named) -> Named:
        given = a | {OTHER_LARGEST: b[LARGEST], OTHER_SECOND: b[SECOND]}
        return self._inline("joined", joined(self._arithmetic.format)).call(self._f, given)

    def _moved(self, rest: Number, part: Named, second: Number) -> Number:
        """The sum of exponentials of a part by the second logit of more parts."""
        found = self._inline("moved", moved(self._arithmetic.format)).call(self._f, part | {OTHER_SECOND: second})
        kept = self._n.times(rest, found[KEPT].to(Type.DOUBLE, self._f))
        return self._n.plus(kept, found[CARRY].to(Type.DOUBLE, self._f))

    def _with_facts(self, found: Named) -> Named:
        return found | self._inline("facts", self._arithmetic.facts()).call(self._f, found)

    def _others(self, found: Named) -> Named:
        """Sums over the thread's classes."""
        f, memory = self._f, self._memory
        inline = self._inline("others", self._arithmetic.others())
        given = found | self._leaves(inline)
        if LABEL in inline.inputs:
            given[LABEL] = self._label_number(memory.label()[0])
        rooms = {name: self._n.empty() for name in self._arithmetic.sums}
        for chunks in memory.turns():
            elements = memory.elements(chunks, inline.inputs)
            results = [inline.call(f, given | element) for element in elements]
            for name, room in rooms.items():
                self._n.add(room, self._n.sum([result[name] for result in results]))
        return {name: self._n.got(room) for name, room in rooms.items()}

    def _joined_sums(self) -> Named:
        rooms = {name: self._n.empty() for name in self._arithmetic.sums}
        for partials in self._memory.partials(len(rooms)):
            for place, room in enumerate(rooms.values()):
                self._n.add(room, self._n.sum([partial[place] for partial in partials]))
        return {name: self._n.got(room) for name, room in rooms.items()}

    # -- rows ----------------------------------------------------------------------------------------------------

    def _settled(self, found: Named) -> Named:
        """What is known of a row when its loss is; losses go to the scratch array."""
        f, memory = self._f, self._memory
        inline = self._inline("settled", self._arithmetic.settled())
        given = found | self._leaves(inline)
        counted = one = number(1.0, Type.DOUBLE)
        zero, unknown = number(0.0, Type.DOUBLE), number(float("nan"), Type.DOUBLE)
        given[FACTOR], stray = one, "false"
        if self._loss.label is not None:
            label, counts, stray = memory.label()
            given[LABEL_LOGIT] = memory.at_class(LOGIT, label)
            if self._loss.is_weighted:
                given[LABEL_WEIGHT] = counted = memory.at_class(WEIGHT, label, wide=True)
            counted = self._n.selected(counts, counted, zero)
            given[FACTOR] = self._n.selected(counts, self._n.selected(stray, unknown, one), zero)
        if TOTAL_WEIGHT in inline.inputs:
            given[TOTAL_WEIGHT] = memory.single(TOTAL_WEIGHT) if self._loss.is_weighted else self._classes()
        results = inline.call(f, given)
        memory.put_row(0, self._n.selected(stray, unknown, results[LOSS].to(Type.DOUBLE, f)))
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

    def _leaves(self, inline: Inline) -> Named:
        names = map(of_leaf, self._loss.leaves)
        return {name: self._memory.single(name) for name in names if name in inline.inputs}

    def _read(self, rooms: Mapping[str, str]) -> Named:
        return {name: Number(self._real, self._f.get(self._real.value, room)) for name, room in rooms.items()}

    def _write(self, rooms: Mapping[str, str], values: Named) -> None:
        for name, room in rooms.items():
            self._f.put(self._real.value, values[name].to(self._real, self._f).name, room)
