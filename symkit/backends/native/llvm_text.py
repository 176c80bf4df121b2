"""Machine programs as LLVM IR text: one line an instruction."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from symkit.backends.native.machine import Instruction, Machine, Type, Value

ARITHMETIC = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv"}
COMPARE_REAL = {"lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge", "eq": "oeq", "ne": "une"}
COMPARE_INTEGER = {"lt": "slt", "le": "sle", "gt": "sgt", "ge": "sge", "eq": "eq", "ne": "ne"}
INTRINSICS = {"abs": "fabs", "sqrt": "sqrt", "fma": "fma", "copysign": "copysign"}
CASTS = frozenset({"bitcast", "trunc", "sitofp", "fpext", "fptrunc"})
SUFFIX = {Type.FLOAT: "f32", Type.DOUBLE: "f64"}


def constant(value: float | int, type: Type) -> str:
    """A literal; LLVM writes a float or double as the bits of the equal double."""
    if not type.is_real:
        return str(value)
    return f"0x{struct.unpack('<Q', struct.pack('<d', float(value)))[0]:016X}"


class Writer:
    """Writes a machine program's instructions in order.

    Args:
        machine: the program.
        arguments: the LLVM value of every argument by name.
        rare: write rare values too; without them the text is only for where nothing is exceptional.
    """

    def __init__(self, machine: Machine, arguments: Mapping[str, str], rare: bool = False) -> None:
        self._machine = machine
        self._instructions = machine.instructions
        self._arguments = arguments
        self._rare = rare
        self.declarations: set[str] = set()

    def write(self, wanted: Sequence[Value]) -> tuple[list[str], list[str]]:
        """(lines, the LLVM value of every wanted one); what they do not need is left out."""
        lines: list[str] = []
        values: dict[int, str] = {}
        for index in self._machine.needed(wanted, self._rare):
            instruction = self._instructions[index]
            if instruction.code == "argument":
                values[index] = self._arguments[str(instruction.value)]
            elif instruction.code == "constant":
                assert isinstance(instruction.value, (int, float))
                values[index] = constant(instruction.value, instruction.type)
            elif instruction.code == "seldom" and not self._rare:
                values[index] = values[instruction.operands[2]]
            else:
                values[index] = f"%v{index}"
                lines.append(f"  {values[index]} = {self._operation(instruction, values)}")
        return lines, [values[value.index] for value in wanted]

    def _operation(self, instruction: Instruction, values: Mapping[int, str]) -> str:
        code, result = instruction.code, instruction.type
        names = [values[i] for i in instruction.operands]
        types = [self._instructions[i].type for i in instruction.operands]
        first = types[0]
        if code in COMPARE_REAL:
            kind = f"fcmp {COMPARE_REAL[code]}" if first.is_real else f"icmp {COMPARE_INTEGER[code]}"
            return f"{kind} {first.value} {names[0]}, {names[1]}"
        if code in INTRINSICS and first.is_real:
            return self._intrinsic(INTRINSICS[code], result, names)
        if code in CASTS:
            return f"{code} {first.value} {names[0]} to {result.value}"
        if code in ("select", "seldom"):
            return f"select i1 {names[0]}, {result.value} {names[1]}, {result.value} {names[2]}"
        if code == "neg":
            return f"fneg {result.value} {names[0]}" if first.is_real else f"sub {result.value} 0, {names[0]}"
        if code == "not":
            return f"xor {result.value} {names[0]}, -1"
        name = ARITHMETIC[code] if first.is_real else code
        return f"{name} {result.value} {names[0]}, {names[1]}"

    def _intrinsic(self, name: str, type: Type, operands: list[str]) -> str:
        full = f"@llvm.{name}.{SUFFIX[type]}"
        self.declarations.add(f"declare {type.value} {full}({', '.join([type.value] * len(operands))})")
        return f"call {type.value} {full}({', '.join(f'{type.value} {o}' for o in operands)})"
