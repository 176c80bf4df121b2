"""The loops of a host kernel as LLVM IR.

A kernel sees its tensors as one box of rows and columns: a row runs along the innermost dimension in storage order, and
rows are numbered over the outer dimensions. Work is cut into items, a group of rows by a block of columns, whose
borders do not depend on the number of threads: neither do results, sums included.

A root is stored element by element, or summed. A sum along columns leaves one partial for each row and block; a sum
over rows leaves one row of partials for each group.

Arguments are one array of 64-bit words: the address of the layout, then a pointer for every tensor. The layout, which
calls share, is an array of words too: those of `Word`, outer sizes, then for every tensor its stride along columns and
its strides along the outer dimensions, in elements.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum

from symkit.backends.native.llvm_text import Writer
from symkit.backends.native.machine import FLOAT32, Machine, Value
from symkit.backends.native.storage import Storage, load, store

TILE = 256
"""Columns whose values for a sum are held before they are added up, lane by lane."""


NEXT = (
    "  %next = add nuw nsw i64 %i, 1",
    "  %more = icmp slt i64 %next, %n",
    "  br i1 %more, label %loop, label %done, !llvm.loop !0",
    "done:",
)
"""The end of a loop over columns."""


class Step(Enum):
    """How a tensor moves along columns; known when the kernel is compiled, so that LLVM can vectorise."""

    UNIT = 1
    NONE = 0
    ANY = 2


class Reduction(Enum):
    """What happens to a root."""

    STORE = "store"
    COLUMNS = "columns"
    ROWS = "rows"


class Word(IntEnum):
    """Places of the sizes in the layout."""

    COLUMNS = 0
    ROWS = 1
    GROUP = 2
    BLOCK = 3
    BLOCKS = 4
    ITEMS = 5
    FIRST = 6


@dataclass(frozen=True)
class Box:
    """What a kernel is compiled for: outer dimensions, storage and step of every tensor, fate of every root."""

    outer: int
    storages: tuple[Storage, ...]
    steps: tuple[Step, ...]
    reductions: tuple[Reduction, ...]
    interleave: int = 1


class KernelText:
    """Writes `run(args, first, last)` over items, and `parallel(args)` over all of them on OpenMP's threads."""

    def __init__(self, machine: Machine, leaves: Sequence[str], roots: Sequence[Value], box: Box) -> None:
        self._format = machine.format
        self._real = machine.format.real.value
        self._lanes = 16 if machine.format is FLOAT32 else 8
        self._box = box
        self._inputs = [f"in{i}" for i in range(len(leaves))]
        self._outputs = [f"out{i}" for i in range(len(roots))]
        self._names = [*self._inputs, *self._outputs]
        self._step = dict(zip(self._names, box.steps, strict=True))
        self._fate = dict(zip(self._outputs, box.reductions, strict=True))
        self._storage = dict(zip(self._names, box.storages, strict=True))
        self._summed = [name for name in self._outputs if self._fate[name] is Reduction.COLUMNS]
        self._roots = roots
        self._exceptional = machine.exceptional(roots)
        arguments = {leaf: f"%x{name}" for leaf, name in zip(leaves, self._inputs, strict=True)}
        self._quick, self._careful = Writer(machine, arguments), Writer(machine, arguments, rare=True)

    def text(self) -> str:
        if self._exceptional is None:
            lines = self._columns("columns", self._quick, "alwaysinline")
        else:
            lines = [
                *self._anywhere(self._exceptional),
                *self._columns("quick", self._quick, "alwaysinline"),
                *self._columns("careful", self._careful, "noinline cold optsize"),
                *self._either(),
            ]
        lines += [*self._run(), PARALLEL, *sorted(self._quick.declarations | self._careful.declarations)]
        # Chains of dependent operations run side by side; LLVM alone would leave most of the machine idle.
        lines.append("!0 = distinct !{!0, !1}")
        lines.append(f'!1 = !{{!"llvm.loop.interleave.count", i32 {self._box.interleave}}}')
        return "\n".join(lines) + "\n"

    @property
    def _vector(self) -> str:
        return f"<{self._lanes} x {self._real}>"

    # -- one stretch of a row ----------------------------------------------------------------------------------

    def _columns(self, function: str, writer: Writer, attributes: str) -> list[str]:
        """`function(pointers, strides, n)`: the loop that LLVM vectorises."""
        body, results = writer.write(self._roots)
        lines = [f"define internal void @{function}({self._parameters}) {attributes} {{", *self._loop(), *body]
        for name, result in zip(self._outputs, results, strict=True):
            lines += self._address(name)
            if self._fate[name] is Reduction.ROWS:
                lines.append(f"  %l{name} = load {self._real}, ptr %a{name}")
                lines.append(f"  %g{name} = fadd {self._real} %l{name}, {result}")
                lines.append(f"  store {self._real} %g{name}, ptr %a{name}")
            elif self._fate[name] is Reduction.COLUMNS:
                lines.append(f"  store {self._real} {result}, ptr %a{name}")
            else:
                lines += store(self._storage[name], self._format, result, f"%a{name}", f"y{name}")
        return [*lines, *NEXT, "  ret void", "}"]

    def _anywhere(self, exceptional: Value) -> list[str]:
        """`anywhere(pointers, strides, n)`: whether anything is exceptional, so that the quick loop will not do."""
        body, (here,) = self._quick.write([exceptional])
        lines = [
            f"define internal i1 @anywhere({self._parameters}) alwaysinline {{",
            *self._loop("  %before = phi i1 [ false, %entry ], [ %found, %loop ]"),
        ]
        return [*lines, *body, f"  %found = or i1 %before, {here}", *NEXT, "  ret i1 %found", "}"]

    def _either(self) -> list[str]:
        """`columns(pointers, strides, n)`: the quick loop, or the careful one where something is exceptional."""
        given = [*(f"ptr %{name}" for name in self._names), *(f"i64 %s{name}" for name in self._names), "i64 %n"]
        return [
            f"define internal void @columns({self._parameters}) alwaysinline {{",
            f"  %exceptional = call i1 @anywhere({', '.join(given)})",
            "  br i1 %exceptional, label %slowly, label %quickly",
            "slowly:",
            f"  call void @careful({', '.join(given)})",
            "  ret void",
            "quickly:",
            f"  call void @quick({', '.join(given)})",
            "  ret void",
            "}",
        ]

    @property
    def _parameters(self) -> str:
        pointers = [f"ptr noalias captures(none) %{name}" for name in self._names]
        return ", ".join([*pointers, *(f"i64 %s{name}" for name in self._names), "i64 %n"])

    def _loop(self, *carried: str) -> list[str]:
        """The start of a loop over columns: inputs are `%x<name>`; `carried` are more phis."""
        lines = ["entry:"]
        for name in self._inputs:
            if self._step[name] is Step.NONE:
                lines += load(self._storage[name], self._format, f"x{name}", f"%{name}")
        lines += ["  br label %loop", "loop:", "  %i = phi i64 [ 0, %entry ], [ %next, %loop ]", *carried]
        for name in self._inputs:
            if self._step[name] is not Step.NONE:
                lines += self._address(name)
                lines += load(self._storage[name], self._format, f"x{name}", f"%a{name}")
        return lines

    def _element(self, name: str) -> str:
        """LLVM type of one element in memory; partials of sums are in the type of computation."""
        stored = self._fate.get(name, Reduction.STORE) is Reduction.STORE
        return self._storage[name].element if stored else self._real

    def _address(self, name: str) -> list[str]:
        """Where element %i of a tensor lies; sums along columns go to their tile, those over rows are dense."""
        dense = self._step[name] is Step.UNIT or self._fate.get(name, Reduction.STORE) is not Reduction.STORE
        if dense:
            return [f"  %a{name} = getelementptr inbounds {self._element(name)}, ptr %{name}, i64 %i"]
        return [
            f"  %o{name} = mul nsw i64 %i, %s{name}",
            f"  %a{name} = getelementptr inbounds {self._element(name)}, ptr %{name}, i64 %o{name}",
        ]

    # -- items -------------------------------------------------------------------------------------------------

    def _run(self) -> list[str]:
        real, outer = self._real, self._box.outer
        lines = ["define void @run(ptr %args, i64 %first, i64 %last) {", "entry:", LAYOUT]
        for size in (Word.COLUMNS, Word.ROWS, Word.GROUP, Word.BLOCK, Word.BLOCKS):
            lines += _word(size.name.lower(), size)
        for d in range(outer):
            lines += _word(f"size{d}", Word.FIRST + d)
        word = Word.FIRST + outer
        for position, name in enumerate(self._names):
            lines.append(f"  %a{name} = getelementptr ptr, ptr %args, i64 {1 + position}")
            lines.append(f"  %p{name} = load ptr, ptr %a{name}")
            lines += _word(f"s{name}", word)
            for d in range(outer):
                lines += _word(f"s{name}_{d}", word + 1 + d)
            word += 1 + outer
        lines += [f"  %tile{name} = alloca [{TILE} x {real}], align 64" for name in self._summed]
        lines += [
            "  %none = icmp sge i64 %first, %last",
            "  br i1 %none, label %done, label %items",
            "items:",
            "  %item = phi i64 [ %first, %entry ], [ %nextitem, %itemdone ]",
            "  %groupat = udiv i64 %item, %blocks",
            "  %blockat = urem i64 %item, %blocks",
            "  %row0 = mul i64 %groupat, %group",
            "  %rowend0 = add i64 %row0, %group",
            *_smaller("rowend", "%rowend0", "%rows"),
            "  %column0 = mul i64 %blockat, %block",
            "  %columnend0 = add i64 %column0, %block",
            *_smaller("columnend", "%columnend0", "%columns"),
            "  %width = sub i64 %columnend, %column0",
            "  br label %rowloop",
            "rowloop:",
            "  %row = phi i64 [ %row0, %items ], [ %nextrow, %rowdone ]",
            *_row_indices(outer),
        ]
        for name in self._names:
            lines += self._start_of_row(name)
        lines += self._stretches()
        lines += [
            "rowdone:",
            "  %nextrow = add i64 %row, 1",
            "  %morerows = icmp slt i64 %nextrow, %rowend",
            "  br i1 %morerows, label %rowloop, label %itemdone",
            "itemdone:",
            "  %nextitem = add i64 %item, 1",
            "  %moreitems = icmp slt i64 %nextitem, %last",
            "  br i1 %moreitems, label %items, label %done",
            "done:",
            "  ret void",
            "}",
        ]
        return lines

    def _start_of_row(self, name: str) -> list[str]:
        """`%b<name>`: where this row's block starts in a tensor, or in its partials."""
        fate = self._fate.get(name, Reduction.STORE)
        if fate is Reduction.COLUMNS:
            return [
                f"  %k{name} = mul i64 %row, %blocks",
                f"  %e{name} = add i64 %k{name}, %blockat",
                f"  %b{name} = getelementptr inbounds {self._real}, ptr %p{name}, i64 %e{name}",
            ]
        if fate is Reduction.ROWS:
            return [
                f"  %k{name} = mul i64 %groupat, %columns",
                f"  %e{name} = add i64 %k{name}, %column0",
                f"  %b{name} = getelementptr inbounds {self._real}, ptr %p{name}, i64 %e{name}",
            ]
        lines = [f"  %c{name} = mul nsw i64 %column0, %s{name}"]
        total = f"%c{name}"
        for d in range(self._box.outer):
            lines.append(f"  %m{name}_{d} = mul nsw i64 %r{d}, %s{name}_{d}")
            lines.append(f"  %t{name}_{d} = add nsw i64 {total}, %m{name}_{d}")
            total = f"%t{name}_{d}"
        return [*lines, f"  %b{name} = getelementptr inbounds {self._element(name)}, ptr %p{name}, i64 {total}"]

    def _stretches(self) -> list[str]:
        """The columns of a row's block: all at once, or for sums along them tile by tile."""
        if not self._summed:
            pointers = [f"ptr %b{name}" for name in self._names]
            return [self._call(pointers, "%width"), "  br label %rowdone"]
        lines = ["  br label %tiles", "tiles:", "  %at = phi i64 [ 0, %rowloop ], [ %nextat, %tiles ]"]
        for name in self._summed:
            lines.append(f"  %acc{name} = phi {self._vector} [ zeroinitializer, %rowloop ], [ %sum{name}, %tiles ]")
        lines += ["  %left = sub i64 %width, %at", *_smaller("count", "%left", str(TILE))]
        pointers = []
        for name in self._names:
            if name in self._summed:
                lines.append(f"  store [{TILE} x {self._real}] zeroinitializer, ptr %tile{name}")
                pointers.append(f"ptr %tile{name}")
            else:
                dense = self._fate.get(name) is Reduction.ROWS
                lines.append(f"  %h{name} = mul nsw i64 %at, {'1' if dense else f'%s{name}'}")
                lines.append(f"  %d{name} = getelementptr inbounds {self._element(name)}, ptr %b{name}, i64 %h{name}")
                pointers.append(f"ptr %d{name}")
        lines.append(self._call(pointers, "%count"))
        for name in self._summed:
            lines += self._add_tile(name)
        lines += [
            f"  %nextat = add i64 %at, {TILE}",
            "  %moretiles = icmp slt i64 %nextat, %width",
            "  br i1 %moretiles, label %tiles, label %tilesdone",
            "tilesdone:",
        ]
        for name in self._summed:
            lines += self._add_lanes(name)
            lines.append(f"  store {self._real} %whole{name}, ptr %b{name}")
        return [*lines, "  br label %rowdone"]

    def _add_tile(self, name: str) -> list[str]:
        """The tile added to the lanes in a fixed tree: four chains, then their sum."""
        lines: list[str] = []
        count = TILE // self._lanes
        chains = [f"%acc{name}", *("zeroinitializer",) * 3]
        for k in range(count):
            at = k * self._lanes
            lines.append(f"  %q{name}_{k} = getelementptr inbounds {self._real}, ptr %tile{name}, i64 {at}")
            lines.append(f"  %v{name}_{k} = load {self._vector}, ptr %q{name}_{k}, align 64")
            lines.append(f"  %f{name}_{k} = fadd {self._vector} {chains[k % 4]}, %v{name}_{k}")
            chains[k % 4] = f"%f{name}_{k}"
        lines.append(f"  %y{name} = fadd {self._vector} {chains[0]}, {chains[1]}")
        lines.append(f"  %z{name} = fadd {self._vector} {chains[2]}, {chains[3]}")
        lines.append(f"  %sum{name} = fadd {self._vector} %y{name}, %z{name}")
        return lines

    def _add_lanes(self, name: str) -> list[str]:
        """The lanes of a sum added up in a fixed tree: each half to the other, until one is left."""
        lines: list[str] = []
        total, count = f"%sum{name}", self._lanes
        while count > 1:
            half = count // 2
            kind, lower = f"<{count} x {self._real}>", f"<{half} x {self._real}>"
            for part, places in (("u", range(half)), ("w", range(half, count))):
                mask = ", ".join(f"i32 {place}" for place in places)
                lines.append(
                    f"  %{part}{name}_{half} = shufflevector {kind} {total}, {kind} poison, <{half} x i32> <{mask}>"
                )
            lines.append(f"  %n{name}_{half} = fadd {lower} %u{name}_{half}, %w{name}_{half}")
            total, count = f"%n{name}_{half}", half
        return [*lines, f"  %whole{name} = extractelement <1 x {self._real}> {total}, i32 0"]

    def _call(self, pointers: list[str], count: str) -> str:
        strides = [f"i64 %s{name}" for name in self._names]
        return f"  call void @columns({', '.join([*pointers, *strides])}, i64 {count})"


def _row_indices(outer: int) -> list[str]:
    """The row number as an index in every outer dimension, the last one fastest."""
    lines: list[str] = []
    rest = "%row"
    for d in range(outer - 1, -1, -1):
        if d == 0:
            lines.append(f"  %r0 = add i64 {rest}, 0")
        else:
            lines.append(f"  %r{d} = urem i64 {rest}, %size{d}")
            lines.append(f"  %rest{d} = udiv i64 {rest}, %size{d}")
            rest = f"%rest{d}"
    return lines


def _smaller(name: str, a: str, b: str) -> list[str]:
    return [f"  %{name}short = icmp slt i64 {a}, {b}", f"  %{name} = select i1 %{name}short, i64 {a}, i64 {b}"]


def _word(name: str, at: int) -> list[str]:
    return [f"  %w{name} = getelementptr i64, ptr %layout, i64 {int(at)}", f"  %{name} = load i64, ptr %w{name}"]


LAYOUT = "  %layout = load ptr, ptr %args"

PARALLEL = f"""
declare i32 @omp_get_thread_num()
declare i32 @omp_get_num_threads()
define void @parallel(ptr %args) {{
entry:
{LAYOUT}
  %w = getelementptr i64, ptr %layout, i64 {int(Word.ITEMS)}
  %items = load i64, ptr %w
  %t = call i32 @omp_get_thread_num()
  %k = call i32 @omp_get_num_threads()
  %thread = sext i32 %t to i64
  %threads = sext i32 %k to i64
  %next = add i64 %thread, 1
  %m0 = mul i64 %items, %thread
  %m1 = mul i64 %items, %next
  %first = udiv i64 %m0, %threads
  %last = udiv i64 %m1, %threads
  call void @run(ptr %args, i64 %first, i64 %last)
  ret void
}}
"""
