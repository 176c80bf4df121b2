"""Loops of machine programs over elements or rows, as functions of LLVM IR."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from symkit.backends.native.function_text import Function
from symkit.backends.native.host_text import Step
from symkit.backends.native.llvm_text import Writer
from symkit.backends.native.machine import FLOAT32
from symkit.backends.native.row_arithmetic import CLASS, Loop
from symkit.backends.native.storage import Storage, load, store

STEP = 32
"""Turns that a loop does at once, whatever the format: several vectors."""


@dataclass(frozen=True)
class Operand:
    """What a loop reads or writes: how it is stored and how it moves from turn to turn."""

    name: str
    storage: Storage
    step: Step


class LoopFunction:
    """`name(pointers, strides, n, offset)`: a loop of machine instructions, which LLVM vectorises.

    Args:
        inputs: where arguments come from. `CLASS` needs none: it is the turn plus the offset, or the offset alone if
            `fixed_class`.
        outputs: where results go. One that is added is added to what is there; one whose name is an input's shares
            its place.
        is_shared: whether it is called from several places and stands once.
    """

    def __init__(
        self,
        name: str,
        loop: Loop,
        inputs: Sequence[Operand],
        outputs: Sequence[Operand],
        added: bool = False,
        fixed_class: bool = False,
        is_shared: bool = False,
    ) -> None:
        self.name = name
        needed = {str(loop.machine.instructions[i].value) for i in self._arguments(loop)}
        self.inputs = [operand for operand in inputs if operand.name in needed]
        self._uses_class = CLASS in needed
        missing = needed - {operand.name for operand in self.inputs} - {CLASS}
        assert not missing, missing
        self.outputs = list(outputs)
        self._loop, self._added, self._fixed_class, self._is_shared = loop, added, fixed_class, is_shared
        self.format = loop.machine.format
        self.declarations: set[str] = set()
        own = {operand.name for operand in self.inputs}
        self.operands = [*self.inputs, *(operand for operand in self.outputs if operand.name not in own)]

    @staticmethod
    def _arguments(loop: Loop) -> list[int]:
        places = loop.machine.needed(list(loop.results.values()), rare=True)
        return [place for place in places if loop.machine.instructions[place].code == "argument"]

    def text(self) -> list[str]:
        pointers = [f"ptr noalias captures(none) %p{i}" for i in range(len(self.operands))]
        strides = [f"i64 %s{i}" for i, operand in enumerate(self.operands) if operand.step is Step.ANY]
        parameters = ", ".join([*pointers, *strides, "i64 %n", "i64 %offset"])
        inlining = "noinline" if self._is_shared else "alwaysinline"
        function = Function(f"define internal void @{self.name}({parameters}) {inlining} {{")
        values: dict[str, str] = {}
        for place, operand in enumerate(self.operands):
            if operand.step is Step.NONE and operand in self.inputs:
                values[operand.name] = self._loaded(function, operand, f"%p{place}")
        with function.loop("%n", interleaved=True) as turn:
            addresses = {o.name: self._address(function, place, turn) for place, o in enumerate(self.operands)}
            for operand in self.inputs:
                if operand.step is not Step.NONE:
                    values[operand.name] = self._loaded(function, operand, addresses[operand.name])
            if self._uses_class:
                whole = "%offset" if self._fixed_class else function.let(f"add i64 {turn}, %offset")
                values[CLASS] = function.let(f"sitofp i64 {whole} to {self.format.real.value}")
            writer = Writer(self._loop.machine, values, rare=True)
            body, results = writer.write(list(self._loop.results.values()))
            function.add(*body)
            self.declarations |= writer.declarations
            for operand, result in zip(self.outputs, results, strict=True):
                self._put(function, operand, result, addresses[operand.name])
        return function.text()

    def _loaded(self, function: Function, operand: Operand, pointer: str) -> str:
        name = function.fresh()
        function.add(*load(operand.storage, self.format, name, pointer))
        return f"%{name}"

    def _address(self, function: Function, place: int, turn: str) -> str:
        operand = self.operands[place]
        if operand.step is Step.NONE:
            return f"%p{place}"
        index = function.let(f"mul nsw i64 {turn}, %s{place}") if operand.step is Step.ANY else turn
        return function.at(f"%p{place}", operand.storage.element, index)

    def _put(self, function: Function, operand: Operand, value: str, address: str) -> None:
        if not self._added:
            function.add(*store(operand.storage, self.format, value, address, function.fresh()))
            return
        if self.format is FLOAT32:
            value = function.let(f"fpext float {value} to double")
        function.put("double", function.let(f"fadd double {function.get('double', address)}, {value}"), address)

    def call(
        self, function: Function, pointers: Mapping[str, str], strides: Mapping[str, str], n: str, offset: str
    ) -> None:
        given = [f"ptr {pointers[operand.name]}" for operand in self.operands]
        given += [f"i64 {strides[operand.name]}" for operand in self.operands if operand.step is Step.ANY]
        function.add(f"  call void @{self.name}({', '.join([*given, f'i64 {n}', f'i64 {offset}'])})")

    def call_in_steps(
        self, function: Function, pointers: Mapping[str, str], strides: Mapping[str, str], n: str, offset: str
    ) -> None:
        """The same in whole steps of vectors: what is left over is done by one more step, which does some turns twice.

        For loops that write where they do not read.
        """
        left = function.let(f"urem i64 {n}, {STEP}")
        whole = function.let(f"sub i64 {n}, {left}")
        is_short = function.let(f"icmp slt i64 {n}, {STEP}")
        self.call(function, pointers, strides, function.let(f"select i1 {is_short}, i64 {n}, i64 {whole}"), offset)
        is_even = function.let(f"icmp eq i64 {left}, 0")
        with function.when(function.let(f"select i1 {is_short}, i1 false, i1 {function.let(f'xor i1 {is_even}, 1')}")):
            start = function.let(f"sub i64 {n}, {STEP}")
            later = self.moved(function, pointers, strides, start)
            self.call(function, later, strides, str(STEP), function.let(f"add i64 {offset}, {start}"))

    def moved(
        self, function: Function, pointers: Mapping[str, str], strides: Mapping[str, str], turns: str
    ) -> dict[str, str]:
        """Pointers some turns later."""
        found = dict(pointers)
        for operand in self.operands:
            if operand.step is not Step.NONE:
                by = turns if operand.step is Step.UNIT else function.let(f"mul i64 {turns}, {strides[operand.name]}")
                found[operand.name] = function.at(found[operand.name], operand.storage.element, by)
        return found
