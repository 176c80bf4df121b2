"""Machine programs: what every native target can do, and nothing more.

A form of the maths library is written once against `Machine`, in the arithmetic of one format. Instructions are
hash-consed, so two forms that need exp(-|x|) share it. Targets lower each instruction to one LLVM instruction or
intrinsic; no fast-math flag is ever set, and a product is fused into a sum only where `fma` is written.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class Type(Enum):
    """What an instruction gives, spelled as LLVM does."""

    FLOAT = "float"
    DOUBLE = "double"
    INT32 = "i32"
    INT64 = "i64"
    TRUTH = "i1"

    @property
    def is_real(self) -> bool:
        return self in (Type.FLOAT, Type.DOUBLE)

    @property
    def is_integer(self) -> bool:
        return self in (Type.INT32, Type.INT64)


@dataclass(frozen=True, slots=True)
class Format:
    """A floating-point format and the integers of its width."""

    name: str
    real: Type
    integer: Type
    mantissa: int
    bias: int

    @property
    def round_shift(self) -> float:
        """1.5 * 2**mantissa: adding it rounds to an integer, which its low bits then hold."""
        return 1.5 * 2.0**self.mantissa

    @property
    def tiny(self) -> float:
        """The smallest normal number."""
        return 2.0 ** (1 - self.bias)

    @property
    def largest(self) -> float:
        """The largest finite number."""
        return (2.0 - 2.0**-self.mantissa) * 2.0**self.bias

    @property
    def size(self) -> int:
        """Bytes of a number."""
        return 4 if self.real is Type.FLOAT else 8


FLOAT32 = Format("float32", Type.FLOAT, Type.INT32, 23, 127)
FLOAT64 = Format("float64", Type.DOUBLE, Type.INT64, 52, 1023)


@dataclass(frozen=True, slots=True)
class Instruction:
    """One operation of the machine, or a leaf: `code` names it."""

    code: str
    type: Type
    operands: tuple[int, ...] = ()
    value: float | int | str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """The result of an instruction, with Python's arithmetic. Types do not mix; Python numbers become literals."""

    machine: Machine
    index: int

    @property
    def type(self) -> Type:
        return self.machine.instructions[self.index].type

    def _binary(self, code: str, other: Value | float | int, swap: bool = False) -> Value:
        right = self.machine.like(other, self.type)
        pair = (right, self) if swap else (self, right)
        return self.machine.emit(code, self.type, *pair)

    def __add__(self, other: Value | float) -> Value:
        return self._binary("add", other)

    def __radd__(self, other: float) -> Value:
        return self._binary("add", other, swap=True)

    def __sub__(self, other: Value | float) -> Value:
        return self._binary("sub", other)

    def __rsub__(self, other: float) -> Value:
        return self._binary("sub", other, swap=True)

    def __mul__(self, other: Value | float) -> Value:
        return self._binary("mul", other)

    def __rmul__(self, other: float) -> Value:
        return self._binary("mul", other, swap=True)

    def __truediv__(self, other: Value | float) -> Value:
        return self._binary("div", other)

    def __rtruediv__(self, other: float) -> Value:
        return self._binary("div", other, swap=True)

    def __neg__(self) -> Value:
        return self._operand_of("neg") or self.machine.emit("neg", self.type, self)

    def __abs__(self) -> Value:
        # |-x| is |x| to the bit, and is what sigmoid(x) and sigmoid(-x) share.
        return self.machine.emit("abs", self.type, self._operand_of("neg") or self)

    def _operand_of(self, code: str) -> Value | None:
        """The operand, if this value is the result of `code`."""
        instruction = self.machine.instructions[self.index]
        return Value(self.machine, instruction.operands[0]) if instruction.code == code else None

    def __and__(self, other: Value | int) -> Value:
        return self._binary("and", other)

    def __or__(self, other: Value | int) -> Value:
        return self._binary("or", other)

    def __xor__(self, other: Value | int) -> Value:
        return self._binary("xor", other)

    def __invert__(self) -> Value:
        return self.machine.emit("not", self.type, self)

    def __lshift__(self, other: Value | int) -> Value:
        return self._binary("shl", other)

    def __rshift__(self, other: Value | int) -> Value:
        """Arithmetic: the sign is kept."""
        return self._binary("ashr", other)

    def logical_right(self, other: Value | int) -> Value:
        """Shifted right, zeros coming in."""
        return self._binary("lshr", other)

    def _compare(self, code: str, other: Value | float) -> Value:
        return self.machine.emit(code, Type.TRUTH, self, self.machine.like(other, self.type))

    def __lt__(self, other: Value | float) -> Value:
        return self._compare("lt", other)

    def __le__(self, other: Value | float) -> Value:
        return self._compare("le", other)

    def __gt__(self, other: Value | float) -> Value:
        return self._compare("gt", other)

    def __ge__(self, other: Value | float) -> Value:
        return self._compare("ge", other)

    def equals(self, other: Value | float) -> Value:
        return self._compare("eq", other)

    def differs(self, other: Value | float) -> Value:
        """Also holds where either is NaN."""
        return self._compare("ne", other)


class Machine:
    """Builds one machine program in the arithmetic of a format."""

    def __init__(self, format: Format) -> None:
        self.format = format
        self.instructions: list[Instruction] = []
        self._index: dict[object, int] = {}

    def at(self, format: Format) -> Machine:
        """The same program under construction, in the arithmetic of another format."""
        view = Machine(format)
        view.instructions, view._index = self.instructions, self._index
        return view

    def emit(self, code: str, type: Type, *operands: Value, value: float | int | str | None = None) -> Value:
        places = tuple(operand.index for operand in operands)
        key = code, type, places, value.hex() if isinstance(value, float) else value
        if key not in self._index:
            self._index[key] = len(self.instructions)
            self.instructions.append(Instruction(code, type, places, value))
        return Value(self, self._index[key])

    # -- leaves ------------------------------------------------------------------------------------------------

    def argument(self, name: str) -> Value:
        return self.emit("argument", self.format.real, value=name)

    def real(self, value: float) -> Value:
        """A literal, rounded to the format once."""
        return self.like(float(value), self.format.real)

    def truth(self, value: bool) -> Value:
        return self.emit("constant", Type.TRUTH, value=int(value))

    def literal(self, value: Value) -> float | None:
        """The number, if a value is a literal."""
        instruction = self.instructions[value.index]
        if instruction.code == "constant" and isinstance(instruction.value, (int, float)):
            return float(instruction.value)
        return None

    def like(self, value: Value | float | int, type: Type) -> Value:
        """A literal of a type, or the value as it is."""
        if isinstance(value, Value):
            return value
        if type.is_real:
            number = float(value) if type is Type.DOUBLE else nearest_float32(float(value))
            return self.emit("constant", type, value=number)
        return self.emit("constant", type, value=int(value))

    # -- arithmetic --------------------------------------------------------------------------------------------

    def fma(self, a: Value | float, b: Value | float, c: Value | float) -> Value:
        """a*b + c, rounded once."""
        type = next(v.type for v in (a, b, c) if isinstance(v, Value))
        return self.emit("fma", type, *(self.like(v, type) for v in (a, b, c)))

    def sqrt(self, x: Value) -> Value:
        return self.emit("sqrt", x.type, x)

    def copysign(self, magnitude: Value | float, sign: Value) -> Value:
        return self.emit("copysign", sign.type, self.like(magnitude, sign.type), sign)

    def select(self, condition: Value, a: Value | float, b: Value | float) -> Value:
        type = next((v.type for v in (a, b) if isinstance(v, Value)), self.format.real)
        return self.emit("select", type, condition, self.like(a, type), self.like(b, type))

    def clamped(self, x: Value, low: float, high: float) -> Value:
        """x held between two bounds; NaN stays."""
        return self.select(x > high, high, self.select(x < low, low, x))

    def round(self, x: Value) -> Value:
        """To the nearest integer, ties to even, for |x| below 2**(mantissa - 1)."""
        return (x + self.format.round_shift) - self.format.round_shift

    def polynomial(self, x: Value, coefficients: tuple[float, ...]) -> Value:
        """Horner with fma; the highest power first."""
        result = self.like(coefficients[0], x.type)
        for coefficient in coefficients[1:]:
            result = self.fma(result, x, coefficient)
        return result

    # -- values that are seldom needed ---------------------------------------------------------------------------

    def seldom(self, condition: Value, rare: Value, usual: Value) -> Value:
        """`rare` where the condition holds, which it seldom does, else `usual`.

        No loop should pay for what is rare: targets look first whether the condition holds anywhere.
        """
        return self.emit("seldom", usual.type, condition, rare, usual)

    def exceptional(self, roots: Sequence[Value]) -> Value | None:
        """Whether any condition of a `seldom` holds that the roots need; None if they need none."""
        found: Value | None = None
        for place in self.needed(roots):
            if self.instructions[place].code == "seldom":
                condition = Value(self, self.instructions[place].operands[0])
                found = condition if found is None else found | condition
        return found

    def needed(self, roots: Sequence[Value], rare: bool = False) -> list[int]:
        """Places of all instructions that roots stand on, their own included, in order; of rare values if `rare`."""
        found = {root.index for root in roots}
        for index in range(len(self.instructions) - 1, -1, -1):
            if index in found:
                instruction = self.instructions[index]
                skipped = instruction.operands[1:2] if instruction.code == "seldom" and not rare else ()
                found.update(set(instruction.operands) - set(skipped))
        return sorted(found)

    # -- bits and conversions ----------------------------------------------------------------------------------

    def bits(self, x: Value) -> Value:
        """The bits of a real as an integer of the same width."""
        return self.emit("bitcast", self.format.integer, x)

    def unbits(self, i: Value) -> Value:
        return self.emit("bitcast", self.format.real, i)

    def narrowed(self, i: Value) -> Value:
        """The low bits of an integer of either width as one of this format's."""
        return i if i.type is self.format.integer else self.emit("trunc", self.format.integer, i)

    def to_real(self, i: Value) -> Value:
        """A signed integer as a real, rounded to nearest."""
        return self.emit("sitofp", self.format.real, i)

    def converted(self, x: Value) -> Value:
        """A real of either format in this one, rounded to nearest."""
        if x.type is self.format.real:
            return x
        return self.emit("fpext" if self.format is FLOAT64 else "fptrunc", self.format.real, x)

    def power_of_two(self, n: Value) -> Value:
        """2**n from an integer within the exponents of normal numbers."""
        return self.unbits((n + self.format.bias) << self.format.mantissa)

    def as_real(self, condition: Value) -> Value:
        """A condition as 1 or 0."""
        return self.select(condition, 1.0, 0.0)


def nearest_float32(value: float) -> float:
    if not math.isfinite(value):
        return value
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)
