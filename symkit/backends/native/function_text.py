"""LLVM text of functions with loops and branches, written from the inside out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

INTERLEAVED = """!0 = distinct !{!0, !1}
!1 = !{!"llvm.loop.interleave.count", i32 2}
!2 = distinct !{!2, !3, !4}
!3 = !{!"llvm.loop.vectorize.enable", i1 false}
!4 = !{!"llvm.loop.unroll.disable"}"""
"""To stand at the end of a text with loops: how LLVM is to treat them."""


class Function:
    """LLVM text of a function under construction. Counters of loops are memory, which LLVM makes registers of."""

    def __init__(self, head: str) -> None:
        self._head = head
        self._entry: list[str] = []
        self._body: list[str] = []
        self._count = 0

    def fresh(self) -> str:
        self._count += 1
        return f"n{self._count}"

    def add(self, *lines: str) -> None:
        self._body += lines

    def let(self, operation: str) -> str:
        """A new name for the result of an operation."""
        name = f"%{self.fresh()}"
        self.add(f"  {name} = {operation}")
        return name

    def room(self, type: str) -> str:
        """Memory that lives as long as the call."""
        name = f"%{self.fresh()}"
        self._entry.append(f"  {name} = alloca {type}, align 64")
        return name

    def get(self, type: str, pointer: str) -> str:
        """What lies at a place."""
        return self.let(f"load {type}, ptr {pointer}")

    def put(self, type: str, value: str, pointer: str) -> None:
        self.add(f"  store {type} {value}, ptr {pointer}")

    def smaller(self, a: str, b: str) -> str:
        return self.let(f"select i1 {self.let(f'icmp slt i64 {a}, {b}')}, i64 {a}, i64 {b}")

    def at(self, pointer: str, element: str, index: str) -> str:
        return self.let(f"getelementptr inbounds {element}, ptr {pointer}, i64 {index}")

    @contextmanager
    def loop(self, end: str, step: int = 1, interleaved: bool = False) -> Iterator[str]:
        """A loop from 0 to `end`; gives its counter. An interleaved one works on `INTERLEAVED` vectors at once."""
        counter, name = self.room("i64"), self.fresh()
        self.put("i64", "0", counter)
        self.add(f"  br label %{name}.head", f"{name}.head:")
        at = self.get("i64", counter)
        more = self.let(f"icmp slt i64 {at}, {end}")
        self.add(f"  br i1 {more}, label %{name}.body, label %{name}.done", f"{name}.body:")
        yield at
        after = self.let(f"add nuw nsw i64 {at}, {step}")
        self.put("i64", after, counter)
        self.add(f"  br label %{name}.head, !llvm.loop !{0 if interleaved else 2}", f"{name}.done:")

    @contextmanager
    def when(self, condition: str) -> Iterator[None]:
        name = self.fresh()
        self.add(f"  br i1 {condition}, label %{name}.then, label %{name}.after", f"{name}.then:")
        yield
        self.add(f"  br label %{name}.after", f"{name}.after:")

    def text(self) -> list[str]:
        return [self._head, "entry:", *self._entry, "  br label %start", "start:", *self._body, "  ret void", "}"]


def struct(types: Sequence[str]) -> str:
    return f"{{ {', '.join(types)} }}"


def inlined(
    name: str, parameters: Sequence[str], body: Sequence[str], types: Sequence[str], results: Sequence[str]
) -> list[str]:
    """A function without branches that becomes part of whoever calls it; it gives a struct."""
    kind = struct(types)
    lines = [f"define internal {kind} @{name}({', '.join(parameters)}) alwaysinline {{", *body]
    packed = "poison"
    for i, (type, result) in enumerate(zip(types, results, strict=True)):
        lines.append(f"  %r{i} = insertvalue {kind} {packed}, {type} {result}, {i}")
        packed = f"%r{i}"
    return [*lines, f"  ret {kind} {packed}", "}"]
