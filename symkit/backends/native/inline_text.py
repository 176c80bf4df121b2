"""Machine programs as functions of LLVM IR that become part of whoever calls them, and arithmetic between the calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from symkit.backends.native.function_text import Function, inlined, struct
from symkit.backends.native.llvm_text import Writer, constant
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


def number(value: float, type: Type) -> Number:
    """A literal."""
    return Number(type, constant(value, type))


class Numbers:
    """Arithmetic that is written to a function, and sums in float64 that it keeps in rooms of its own."""

    def __init__(self, f: Function) -> None:
        self._f = f

    def times(self, a: Number, b: Number) -> Number:
        return self._operation("fmul", a, b)

    def over(self, a: Number, b: Number) -> Number:
        return self._operation("fdiv", a, b)

    def plus(self, a: Number, b: Number) -> Number:
        return self._operation("fadd", a, b)

    def _operation(self, code: str, a: Number, b: Number) -> Number:
        return Number(a.type, self._f.let(f"{code} {a.type.value} {a.name}, {b.name}"))

    def selected(self, condition: str, a: Number, b: Number) -> Number:
        type = a.type.value
        return Number(a.type, self._f.let(f"select i1 {condition}, {type} {a.name}, {type} {b.name}"))

    def scaled(self, value: Number, scale: Number) -> Number:
        """Their product, but 0 stays 0 though the scale be infinite."""
        zero = number(0.0, value.type)
        differs = self._f.let(f"fcmp une {value.type.value} {value.name}, {zero.name}")
        return self.selected(differs, self.times(value, scale), zero)

    def sum(self, numbers: Sequence[Number]) -> Number:
        """Of a power of two of them, pair by pair."""
        while len(numbers) > 1:
            numbers = [self.plus(a, b) for a, b in zip(numbers[::2], numbers[1::2], strict=True)]
        return numbers[0]

    def empty(self) -> str:
        """A room for a sum."""
        room = self._f.room("double")
        self._f.put("double", constant(0.0, Type.DOUBLE), room)
        return room

    def add(self, room: str, value: Number) -> None:
        self._f.put("double", self.plus(self.got(room), value.to(Type.DOUBLE, self._f)).name, room)

    def got(self, room: str) -> Number:
        return Number(Type.DOUBLE, self._f.get("double", room))
