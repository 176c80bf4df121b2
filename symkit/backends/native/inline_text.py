"""Machine programs as functions of LLVM IR that become part of whoever calls them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from symkit.backends.native.function_text import Function, inlined, struct
from symkit.backends.native.llvm_text import Writer
from symkit.backends.native.machine import Type
from symkit.backends.native.row_arithmetic import Loop


@dataclass(frozen=True)
class Number:
    """A value in LLVM IR and its type, float or double."""

    type: Type
    name: str

    def to(self, type: Type, f: Function) -> Number:
        """The same number in another type."""
        if type is self.type:
            return self
        cast = "fpext" if type is Type.DOUBLE else "fptrunc"
        return Number(type, f.let(f"{cast} {self.type.value} {self.name} to {type.value}"))


class Inline:
    """`name(arguments)`: what a loop does in one turn.

    Attributes:
        inputs: names of the arguments that are needed.
    """

    def __init__(self, name: str, loop: Loop) -> None:
        self._name = name
        self._loop = loop
        self._real = loop.machine.format.real
        instructions = [loop.machine.instructions[i] for i in loop.machine.needed(list(loop.results.values()), True)]
        self.inputs = tuple(str(each.value) for each in instructions if each.code == "argument")
        self.declarations: set[str] = set()

    def text(self) -> list[str]:
        given = {name: f"%x{place}" for place, name in enumerate(self.inputs)}
        writer = Writer(self._loop.machine, given, rare=True)
        body, results = writer.write(list(self._loop.results.values()))
        self.declarations |= writer.declarations
        real = self._real.value
        return inlined(self._name, [f"{real} {x}" for x in given.values()], body, [real] * len(results), results)

    def call(self, f: Function, given: Mapping[str, Number]) -> dict[str, Number]:
        """The results by name."""
        kind = struct([self._real.value] * len(self._loop.results))
        arguments = [given[name].to(self._real, f) for name in self.inputs]
        passed = ", ".join(f"{self._real.value} {argument.name}" for argument in arguments)
        found = f.let(f"call {kind} @{self._name}({passed})")
        return {
            name: Number(self._real, f.let(f"extractvalue {kind} {found}, {place}"))
            for place, name in enumerate(self._loop.results)
        }
