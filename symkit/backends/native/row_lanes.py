"""Sums and maxima along the classes of a row, as functions of LLVM IR, lane by lane in vectors written out.

LLVM vectorises neither by itself, since it may not change the order of additions. Here the order is fixed: a few
vectors are added up in a tree, and these one after the other in float64.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from symkit.backends.native.function_text import Function
from symkit.backends.native.host_text import Step
from symkit.backends.native.llvm_text import constant
from symkit.backends.native.machine import FLOAT32, Format, Machine
from symkit.backends.native.row_arithmetic import LOGIT, Loop
from symkit.backends.native.row_loop import LoopFunction, Operand
from symkit.backends.native.storage import Storage

TILE = 256
"""Classes whose values are held before they are put together."""

CHAINS = 4
"""Vectors that are worked on side by side."""

Pair = tuple[str, str]
"""The largest values and the second largest ones, lane by lane."""


@dataclass(frozen=True)
class Lanes:
    """Vectors of a format, as wide as the widest registers."""

    format: Format

    @property
    def count(self) -> int:
        return 16 if self.format is FLOAT32 else 8

    @property
    def real(self) -> str:
        return self.format.real.value

    @property
    def vector(self) -> str:
        return f"<{self.count} x {self.real}>"

    @property
    def wide(self) -> str:
        """A vector of as many float64."""
        return f"<{self.count} x double>"

    @property
    def group(self) -> int:
        """Numbers in a group of vectors that are worked on side by side."""
        return CHAINS * self.count

    @property
    def places(self) -> range:
        """Where the vectors of a group start."""
        return range(0, self.group, self.count)

    def rounded(self, f: Function, count: str) -> str:
        """A number of elements, made up to whole groups."""
        more = f.let(f"add i64 {count}, {self.group - 1}")
        return f.let(f"sub i64 {more}, {f.let(f'urem i64 {more}, {self.group}')}")

    def splat(self, value: float) -> str:
        literal = constant(value, self.format.real)
        return f"<{', '.join([f'{self.real} {literal}'] * self.count)}>"

    def halves(self, f: Function, vector: str, count: int, element: str) -> Pair:
        """The lower and the upper half of a vector of `count` elements."""
        half, kind = count // 2, f"<{count} x {element}>"
        parts = []
        for places in (range(half), range(half, count)):
            mask = ", ".join(f"i32 {place}" for place in places)
            parts.append(f.let(f"shufflevector {kind} {vector}, {kind} poison, <{half} x i32> <{mask}>"))
        return parts[0], parts[1]


class RowSum:
    """`sum_<name>(inputs, strides, results, n)`: the sums of a loop's results over `n` classes, each a float64."""

    def __init__(self, inner: LoopFunction) -> None:
        self._inner = inner
        self._lanes = Lanes(inner.format)

    def text(self) -> list[str]:
        lanes, inputs, tiles = self._lanes, self._inner.inputs, self._inner.outputs
        pointers = [f"ptr noalias captures(none) %p{i}" for i in range(len(inputs))]
        strides = [f"i64 %s{i}" for i, operand in enumerate(inputs) if operand.step is Step.ANY]
        results = [f"ptr noalias captures(none) %r{i}" for i in range(len(tiles))]
        parameters = ", ".join([*pointers, *strides, *results, "i64 %n"])
        f = Function(f"define internal void @sum_{self._inner.name}({parameters}) {{")
        rooms = [f.room(f"[{TILE} x {lanes.real}]") for _ in tiles]
        totals = [f.room(lanes.wide) for _ in tiles]
        for total in totals:
            f.put(lanes.wide, "zeroinitializer", total)
        with f.loop("%n", TILE) as at:
            count = f.smaller(f.let(f"sub i64 %n, {at}"), str(TILE))
            filled = lanes.rounded(f, count)
            with f.when(f.let(f"icmp slt i64 {count}, {TILE}")):
                # Only what is left of the last vectors is read beside the row's own.
                last = f.let(f"sub i64 {filled}, {lanes.group}")
                for room in rooms:
                    self._clear(f, f.at(room, lanes.real, last))
            given = {operand.name: f"%p{i}" for i, operand in enumerate(inputs)}
            steps = {operand.name: f"%s{i}" for i, operand in enumerate(inputs)}
            there = {tile.name: room for tile, room in zip(tiles, rooms, strict=True)}
            given = {**self._inner.moved(f, {**given, **there}, steps, at), **there}
            self._inner.call_in_steps(f, given, steps, count, at)
            for room, total in zip(rooms, totals, strict=True):
                with f.loop(filled, lanes.group) as start:
                    self._add_group(f, f.at(room, lanes.real, start), total)
        for place, total in enumerate(totals):
            vector, width = f.get(lanes.wide, total), lanes.count
            while width > 1:
                lower, upper = lanes.halves(f, vector, width, "double")
                width //= 2
                vector = f.let(f"fadd <{width} x double> {lower}, {upper}")
            f.put("double", f.let(f"extractelement <1 x double> {vector}, i32 0"), f"%r{place}")
        return f.text()

    def _clear(self, f: Function, room: str) -> None:
        for place in self._lanes.places:
            f.put(self._lanes.vector, "zeroinitializer", f.at(room, self._lanes.real, str(place)))

    def _add_group(self, f: Function, room: str, total: str) -> None:
        """A group of vectors added to the lanes of a total, in a tree."""
        lanes = self._lanes
        values = [f.get(lanes.vector, f.at(room, lanes.real, str(place))) for place in lanes.places]
        while len(values) > 1:
            values = [f.let(f"fadd {lanes.vector} {a}, {b}") for a, b in zip(values[::2], values[1::2], strict=True)]
        (part,) = values
        if self._inner.format is FLOAT32:
            part = f.let(f"fpext {lanes.vector} {part} to {lanes.wide}")
        f.put(lanes.wide, f.let(f"fadd {lanes.wide} {f.get(lanes.wide, total)}, {part}"), total)

    def call(self, f: Function, pointers: Mapping[str, str], strides: Mapping[str, str], n: str) -> None:
        """Calls it; where a result goes is told by the result's own name."""
        inputs = self._inner.inputs
        given = [f"ptr {pointers[operand.name]}" for operand in inputs]
        given += [f"i64 {strides[operand.name]}" for operand in inputs if operand.step is Step.ANY]
        given += [f"ptr {pointers[tile_of(operand.name)]}" for operand in self._inner.outputs]
        f.add(f"  call void @sum_{self._inner.name}({', '.join([*given, f'i64 {n}'])})")


def tile(name: str) -> str:
    """What the tile of a result is called."""
    return f"tile {name}"


def tile_of(name: str) -> str:
    """The result that a tile is of."""
    return name.removeprefix("tile ")


class TwoLargest:
    """`maxima(logits, n, largest, second)`: the two largest logits of a row, which lie side by side."""

    def __init__(self, storage: Storage, format: Format, own: Storage) -> None:
        machine = Machine(format)
        copied = Loop(machine, {"copy": machine.argument(LOGIT)})
        operands = [Operand(LOGIT, storage, Step.UNIT)], [Operand("copy", own, Step.UNIT)]
        self.copied = LoopFunction("copied", copied, *operands)
        self._storage, self._format, self._lanes = storage, format, Lanes(format)

    def text(self) -> list[str]:
        lanes, element = self._lanes, self._storage.element
        is_direct = element == lanes.real
        f = Function("define internal void @maxima(ptr %x, i64 %n, ptr %largest, ptr %second) {")
        rooms = [(f.room(lanes.vector), f.room(lanes.vector)) for _ in range(CHAINS)]
        for largest, second in rooms:
            f.put(lanes.vector, lanes.splat(float("-inf")), largest)
            f.put(lanes.vector, lanes.splat(-self._format.largest), second)
        copy, source = f.room(f"[{TILE} x {lanes.real}]"), f.room("ptr")
        with f.loop("%n", TILE) as at:
            count = f.smaller(f.let(f"sub i64 %n, {at}"), str(TILE))
            start = f.at("%x", element, at)
            f.put("ptr", start, source)
            short = f.let(f"icmp slt i64 {count}, {TILE}") if is_direct else "true"
            filled = lanes.rounded(f, count)
            with f.when(short):
                last = f.at(copy, lanes.real, f.let(f"sub i64 {filled}, {lanes.group}"))
                for place in lanes.places:
                    f.put(lanes.vector, lanes.splat(float("-inf")), f.at(last, lanes.real, str(place)))
                self.copied.call(f, {LOGIT: start, "copy": copy}, {}, count, "0")
                f.put("ptr", copy, source)
            pointer = f.get("ptr", source)
            with f.loop(filled, lanes.group) as start:
                here = f.at(pointer, lanes.real, start)
                pairs = self._pairs(f, rooms)
                for chain, place in enumerate(lanes.places):
                    # Rows of a caller's tensor may start anywhere.
                    where = f.at(here, lanes.real, str(place))
                    value = f.let(f"load {lanes.vector}, ptr {where}, align {self._format.size}")
                    pairs[chain] = self._joined(f, pairs[chain], (value, None), lanes.count)
                for room, pair in zip(rooms, pairs, strict=True):
                    for place_of, vector in zip(room, pair, strict=True):
                        f.put(lanes.vector, vector, place_of)
        pairs = self._pairs(f, rooms)
        while len(pairs) > 1:
            pairs = [self._joined(f, a, b, lanes.count) for a, b in zip(pairs[::2], pairs[1::2], strict=True)]
        (pair,), width = pairs, lanes.count
        while width > 1:
            one, two = (lanes.halves(f, vector, width, lanes.real) for vector in pair)
            width //= 2
            pair = self._joined(f, (one[0], two[0]), (one[1], two[1]), width)
        for vector, into in zip(pair, ("%largest", "%second"), strict=True):
            f.put(lanes.real, f.let(f"extractelement <1 x {lanes.real}> {vector}, i32 0"), into)
        return f.text()

    def _pairs(self, f: Function, rooms: list[Pair]) -> list[Pair]:
        return [(f.get(self._lanes.vector, largest), f.get(self._lanes.vector, second)) for largest, second in rooms]

    def _joined(self, f: Function, a: Pair, b: tuple[str, str | None], width: int) -> Pair:
        """The two largest of two pairs, or of a pair and one value, lane by lane."""
        kind = f"<{width} x {self._lanes.real}>"

        def chosen(x: str, y: str, code: str) -> str:
            which = f.let(f"fcmp {code} {kind} {x}, {y}")
            return f.let(f"select <{width} x i1> {which}, {kind} {x}, {kind} {y}")

        largest, smaller = chosen(a[0], b[0], "ogt"), chosen(a[0], b[0], "olt")
        second = chosen(a[1], smaller, "ogt")
        return largest, second if b[1] is None else chosen(second, b[1], "ogt")
