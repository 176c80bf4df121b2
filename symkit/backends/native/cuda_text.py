"""A CUDA kernel as LLVM IR, for NVPTX and for the host.

Every thread of the grid is a worker of `cuda_layout`: it goes along its chunks in turns, several chunks at once, reads
each by one access of 16 bytes where memory allows, and keeps the sums of its roots in registers, in as many chains as
it handles elements. There is no fast-math flag, no barrier and no atomic.

A turn that is not whole, at the end of a row, or has an exceptional element (see `Machine.seldom`), is done element by
element instead, with rare values, by code that stands in the kernel once.

Arguments are one array of 64-bit words: a pointer for every leaf and root, or to the partials of a root that is summed,
then those of `CudaBox.words`. For the host the same kernel has the thread's and the block's number as arguments too,
and `blocks(args, first, last)` runs it for all threads of some blocks, one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from symkit.backends.native.cuda_entry import END, head, numbers
from symkit.backends.native.cuda_layout import THREADS, CudaBox
from symkit.backends.native.cuda_memory import CudaTarget, Indices, Memory
from symkit.backends.native.function_text import inlined, struct
from symkit.backends.native.llvm_text import Writer
from symkit.backends.native.machine import Machine, Value


class CudaText:
    """Writes `kernel(args)`.

    Args:
        machine: the program; `roots` are its results, `leaves` the names of its arguments in order.
        box: the layout it is for.
    """

    def __init__(self, machine: Machine, leaves: Sequence[str], roots: Sequence[Value], box: CudaBox) -> None:
        self._machine, self._leaves, self._roots, self._box = machine, tuple(leaves), tuple(roots), box
        self._exceptional = machine.exceptional(roots)

    def text(self, target: CudaTarget) -> str:
        arguments = {leaf: f"%x{i}" for i, leaf in enumerate(self._leaves)}
        quick, careful = (Writer(self._machine, arguments, rare=rare) for rare in (False, True))
        real = self._machine.format.real.value
        kernel = _Kernel(self._box, self._machine, len(self._leaves), self._exceptional is not None, target)
        lines = kernel.lines()
        wanted = [*self._roots, *([] if self._exceptional is None else [self._exceptional])]
        lines += self._body("quick", quick, wanted, real)
        if kernel.goes_slow:
            lines += self._body("careful", careful, self._roots, real)
        lines += sorted(quick.declarations | careful.declarations)
        return "\n".join([*lines, END[target], *METADATA]) + "\n"

    def _body(self, name: str, writer: Writer, wanted: Sequence[Value], real: str) -> list[str]:
        """`name(x...)`: the roots of one element, and in the quick one whether it is exceptional."""
        body, results = writer.write(wanted)
        parameters = [f"{real} %x{i}" for i in range(len(self._leaves))]
        return inlined(name, parameters, body, [value.type.value for value in wanted], results)


class _Kernel:
    """The kernel around the bodies."""

    def __init__(self, box: CudaBox, machine: Machine, leaves: int, is_seldom: bool, target: CudaTarget) -> None:
        self._box = box
        self._real = machine.format.real.value
        self._index = "i64" if box.wide else "i32"
        self._inputs = range(leaves)
        self._stored = [place for place in box.roots if not box.is_sum(place)]
        self._sums = [place for place in box.roots if box.is_sum(place)]
        self._columns = len(box.moves[0]) - 1
        self._kept, self._walked = box.kept, box.walked
        self._is_seldom = is_seldom
        self._target = target
        self._memory = Memory(box, machine.format, target)
        self._elements = box.chunks * box.vector
        self._lanes = box.vector if box.keeps_columns else 1
        """Partials of a worker."""
        self._checked = box.chunks > 1 or (box.is_one_row and box.vector > 1)
        """Whether turns may be not whole."""
        self.goes_slow = self._checked or is_seldom
        self._place: Indices = {}
        """Of the worker in the kept dimensions."""
        self._once: dict[int, list[str]] = {}
        """Inputs that a worker reads once, since its turns do not move along them."""

    def lines(self) -> list[str]:
        lines = [*self._header(), *self._words(), *self._start(), *self._turn(), *self._quick()]
        if self.goes_slow:
            lines += self._slow()
        return [*lines, *self._turned(), *self._finish()]

    # -- before the turns ----------------------------------------------------------------------------------------

    def _header(self) -> list[str]:
        size = len(self._box.steps) + len(self._box.words)
        return [head(self._target, size), "entry:", *numbers(self._target)]

    def _words(self) -> list[str]:
        lines = []
        tensors = len(self._box.steps)
        for place in range(tensors):
            lines.append(f"  %p{place}.a = getelementptr i64, ptr %args, i64 {place}")
            lines.append(f"  %p{place} = load {self._memory.pointer}, ptr %p{place}.a")
        for i, word in enumerate(self._box.words):
            lines.append(f"  %{word}.a = getelementptr i64, ptr %args, i64 {tensors + i}")
            if self._box.wide or word.startswith("shift"):
                lines.append(f"  %{word} = load i64, ptr %{word}.a")
            else:
                lines.append(f"  %{word}.w = load i64, ptr %{word}.a")
                lines.append(f"  %{word} = trunc i64 %{word}.w to i32")
        return lines

    def _start(self) -> list[str]:
        """The worker's position in the kept dimensions, and what it reads once."""
        index, lines = self._index, []
        thread, block = "%thread", "%block"
        if self._box.wide:
            lines = [f"  {name}.x = zext i32 {name} to i64" for name in (thread, block)]
            thread, block = "%thread.x", "%block.x"
        lines += [
            f"  %before = mul {index} {block}, {THREADS}",
            f"  %g = add {index} %before, {thread}",
            f"  %works = icmp ult {index} %g, %total",
            "  br i1 %works, label %start, label %done",
            "start:",
        ]
        self._worker = "%g"
        if self._kept:
            self._worker = "%w"
            # Neighbouring threads have neighbouring columns.
            across = "%positions" if self._box.keeps_columns else "%workers"
            first, second = ("%k", "%w") if self._box.keeps_columns else ("%w", "%k")
            lines += [f"  {first} = urem {index} %g, {across}", f"  {second} = udiv {index} %g, {across}"]
            more, self._place = self._memory.indices("k", "%k", self._kept)
            lines += more
        for place in self._inputs:
            if not any(self._box.moves[place][d] for d in self._walked):
                more, self._once[place] = self._memory.load(place, "k", self._lanes, self._place)
                lines += more
        return [*lines, "  br label %turn"]

    # -- turns ---------------------------------------------------------------------------------------------------

    def _chains(self) -> list[str]:
        """Names of the sums in registers, `<place>.<chain>`; every element of a turn has its own."""
        return [f"{place}.{c}" for place in self._sums for c in range(self._elements)]

    def _turn(self) -> list[str]:
        return [
            "turn:",
            f"  %s = phi {self._index} [ {self._worker}, %start ], [ %s.next, %turned ]",
            *(f"  %a{c} = phi {self._real} [ 0.0, %start ], [ %t{c}, %turned ]" for c in self._chains()),
            f"  %more = icmp ult {self._index} %s, %turns",
            "  br i1 %more, label %work, label %finish",
            "work:",
        ]

    def _quick(self) -> list[str]:
        """A turn all of whose chunks are there: everything is read, worked out, and only then written."""
        index, box = self._index, self._box
        lines = []
        if self._checked:
            lines += [
                f"  %ahead = mul {index} %workers, {box.chunks - 1}",
                f"  %last = add {index} %s, %ahead",
                f"  %next = add {index} %last, 1",
                f"  %end = mul {index} %next, {box.vector}",
                f"  %whole = icmp ule {index} %end, %limit",
                "  br i1 %whole, label %quickly, label %slowly",
                "quickly:",
            ]
        places: list[Indices] = []
        inputs: list[dict[int, list[str]]] = []
        for u in range(box.chunks):
            position = "%s"
            if u:
                position = f"%s.{u}"
                lines += [f"  %w.{u} = mul {index} %workers, {u}", f"  {position} = add {index} %s, %w.{u}"]
            more, walked = self._memory.indices(str(u), position, self._walked)
            lines += more
            places.append(self._place | walked)
            inputs.append(dict(self._once))
            for place in self._inputs:
                if place not in self._once:
                    more, inputs[u][place] = self._memory.load(place, str(u), box.vector, places[u])
                    lines += more
        results: list[list[dict[int, str]]] = []
        flags = []
        for u in range(box.chunks):
            results.append([])
            for j in range(box.vector):
                given = [inputs[u][place] for place in self._inputs]
                more, found, flag = self._call("quick", f"{u}.{j}", [x[j if len(x) > 1 else 0] for x in given])
                lines += more
                results[u].append(found)
                flags.append(flag)
        if self._is_seldom:
            lines += [*_any(flags), "  br i1 %exceptional, label %slowly, label %keep, !prof !1", "keep:"]
        for place in self._stored:
            for u in range(box.chunks):
                lines += self._memory.store(place, str(u), [found[place] for found in results[u]], places[u])
        for place in self._sums:
            for c in range(self._elements):
                result = results[c // box.vector][c % box.vector][place]
                lines.append(f"  %q{place}.{c} = fadd {self._real} %a{place}.{c}, {result}")
        return [*lines, "  br label %turned"]

    def _call(self, function: str, tag: str, given: Sequence[str]) -> tuple[list[str], dict[int, str], str]:
        """(lines, every root of an element, whether it is exceptional)."""
        flagged = function == "quick" and self._is_seldom
        kind = struct([self._real] * len(self._box.roots) + ["i1"] * flagged)
        lines = [f"  %b.{tag} = call {kind} @{function}({', '.join(f'{self._real} {x}' for x in given)})"]
        found = {}
        for i, place in enumerate(self._box.roots):
            found[place] = f"%r{place}.{tag}"
            lines.append(f"  {found[place]} = extractvalue {kind} %b.{tag}, {i}")
        if flagged:
            lines.append(f"  %f.{tag} = extractvalue {kind} %b.{tag}, {len(found)}")
        return lines, found, f"%f.{tag}"

    def _slow(self) -> list[str]:
        """A turn element by element, as far as there are any. Only the first chain of each lane grows."""
        index, box, real = self._index, self._box, self._real
        grown = [(place, lane) for place in self._sums for lane in range(self._lanes)]
        lines = [
            "slowly:",
            "  br label %element",
            "element:",
            f"  %e = phi {index} [ 0, %slowly ], [ %e.next, %one ]",
            *(f"  %g{p}.{c} = phi {real} [ %a{p}.{c}, %slowly ], [ %h{p}.{c}, %one ]" for p, c in grown),
            f"  %e.chunk = lshr {index} %e, {box.vector.bit_length() - 1}",
            f"  %e.lane = and {index} %e, {box.vector - 1}",
            f"  %e.step = mul {index} %e.chunk, %workers",
            f"  %e.s = add {index} %s, %e.step",
            f"  %e.start = mul {index} %e.s, {box.vector}",
            f"  %e.at = add {index} %e.start, %e.lane",
            f"  %e.there = icmp ult {index} %e.at, %limit",
            "  br i1 %e.there, label %one, label %turned",
            "one:",
        ]
        more, walked = self._memory.indices("e", "%e.s", self._walked)
        indices = self._place | walked
        lines += [*more, f"  %e.column = add {index} {indices[self._columns]}, %e.lane"]
        indices[self._columns] = "%e.column"
        given = []
        for place in self._inputs:
            more, (value,) = self._memory.load(place, "e", 1, indices)
            lines += more
            given.append(value)
        more, results, _ = self._call("careful", "e", given)
        lines += more
        for place in self._stored:
            lines += self._memory.store(place, "e", [results[place]], indices)
        for p, c in grown:
            lines.append(f"  %l{p}.{c} = icmp eq {index} {'%e.lane' if box.keeps_columns else '0'}, {c}")
            lines.append(f"  %k{p}.{c} = fadd {real} %g{p}.{c}, {results[p]}")
            lines.append(f"  %h{p}.{c} = select i1 %l{p}.{c}, {real} %k{p}.{c}, {real} %g{p}.{c}")
        return [
            *lines,
            f"  %e.next = add {index} %e, 1",
            f"  %e.more = icmp ult {index} %e.next, {self._elements}",
            "  br i1 %e.more, label %element, label %turned, !llvm.loop !2",
        ]

    def _turned(self) -> list[str]:
        lines = ["turned:"]
        keep = "keep" if self._is_seldom else "quickly" if self._checked else "work"
        for chain in self._chains():
            ways = [f"[ %q{chain}, %{keep} ]"]
            if self.goes_slow:
                grows = int(chain.split(".")[1]) < self._lanes
                ways += [f"[ %{'g' if grows else 'a'}{chain}, %element ]", f"[ %{'h' if grows else 'a'}{chain}, %one ]"]
            lines.append(f"  %t{chain} = phi {self._real} {', '.join(ways)}")
        return [
            *lines,
            f"  %stride = mul {self._index} %workers, {self._box.chunks}",
            f"  %s.next = add {self._index} %s, %stride",
            "  br label %turn",
        ]

    def _finish(self) -> list[str]:
        """Chains to partials: of every lane if columns are kept, else of the worker."""
        real, index = self._real, self._index
        lines = ["finish:"]
        for place in self._sums:
            totals = []
            for lane in range(self._lanes):
                chains = [f"%a{place}.{c}" for c in range(lane, self._elements, self._lanes)]
                while len(chains) > 1:
                    half = len(chains) // 2
                    names = [f"%d{place}.{lane}.{half + i}" for i in range(half)]
                    for i, name in enumerate(names):
                        lines.append(f"  {name} = fadd {real} {chains[i]}, {chains[half + i]}")
                    chains = names
                totals += chains
            lines.append(f"  %n{place} = mul {index} %g, {self._lanes}")
            lines.append(f"  %w{place} = getelementptr {real}, {self._memory.pointer} %p{place}, {index} %n{place}")
            lines += self._memory.store_vector(real, totals, f"%v{place}", f"%w{place}")
        return [*lines, "  br label %done", "done:", "  ret void", "}"]


def _any(flags: Sequence[str]) -> list[str]:
    """`%exceptional`: whether any flag is set."""
    lines, found = [], "false"
    for i, flag in enumerate(flags):
        name = "%exceptional" if i == len(flags) - 1 else f"%any.{i}"
        lines.append(f"  {name} = or i1 {found}, {flag}")
        found = name
    return lines


METADATA = (
    "!0 = !{}",
    '!1 = !{!"branch_weights", i32 1, i32 2000}',
    "!2 = distinct !{!2, !3}",
    '!3 = !{!"llvm.loop.unroll.disable"}',
)
