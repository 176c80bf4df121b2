"""How numbers lie in memory: float64, float32, and halves converted by integer code.

Conversions that LLVM might turn into library calls are written out, since a JIT could not resolve them.
"""

from __future__ import annotations

from enum import Enum

from symkit.backends.native.llvm_text import constant
from symkit.backends.native.machine import Format, Type


class Storage(Enum):
    """A dtype in memory, by its LLVM type when loaded as bits or as itself."""

    FLOAT64 = "double"
    FLOAT32 = "float"
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"

    @property
    def element(self) -> str:
        """The LLVM type of one element."""
        return "i16" if self in (Storage.BFLOAT16, Storage.FLOAT16) else self.value

    @property
    def half(self) -> str | None:
        """The LLVM type of a half, for targets with instructions to convert it; None for other storages."""
        return {Storage.BFLOAT16: "bfloat", Storage.FLOAT16: "half"}.get(self)


def load(storage: Storage, format: Format, result: str, pointer: str) -> list[str]:
    """Lines that load `result` (without its %) in the arithmetic of a format."""
    if storage.element == format.real.value:
        return [f"  %{result} = load {storage.element}, ptr {pointer}"]
    return [
        f"  %{result}.e = load {storage.element}, ptr {pointer}",
        *from_element(storage, format, result, f"%{result}.e"),
    ]


def store(storage: Storage, format: Format, value: str, pointer: str, name: str) -> list[str]:
    """Lines that store a value, rounded to nearest even; `name` makes their own names unique."""
    lines, element = to_element(storage, format, value, name)
    return [*lines, f"  store {storage.element} {element}, ptr {pointer}"]


def from_element(storage: Storage, format: Format, result: str, element: str) -> list[str]:
    """Lines that make `result` (without its %) of what was loaded, whose type is another than the format's."""
    if storage is Storage.FLOAT32:
        return [f"  %{result} = fpext float {element} to double"]
    if storage is Storage.FLOAT64:
        return [f"  %{result} = fptrunc double {element} to float"]
    narrow = result if format.real is Type.FLOAT else f"{result}.f"
    lines = [f"  %{result}.i = zext i16 {element} to i32"]
    lines += _from_bfloat16(result, narrow) if storage is Storage.BFLOAT16 else _from_float16(result, narrow)
    return lines if narrow == result else [*lines, f"  %{result} = fpext float %{narrow} to double"]


def to_element(storage: Storage, format: Format, value: str, name: str) -> tuple[list[str], str]:
    """(lines, what to store): a value rounded to nearest even."""
    if storage.element == format.real.value:
        return [], value
    if storage is Storage.FLOAT64:
        return [f"  %{name}.w = fpext float {value} to double"], f"%{name}.w"
    lines = []
    if format.real is Type.DOUBLE:
        lines.append(f"  %{name}.n = fptrunc double {value} to float")
        value = f"%{name}.n"
    if storage is Storage.FLOAT32:
        return lines, value
    lines.append(f"  %{name}.b = bitcast float {value} to i32")
    lines += _to_bfloat16(name) if storage is Storage.BFLOAT16 else _to_float16(name)
    return [*lines, f"  %{name}.h = trunc i32 %{name}.r to i16"], f"%{name}.h"


def _from_bfloat16(name: str, result: str) -> list[str]:
    return [f"  %{name}.s = shl i32 %{name}.i, 16", f"  %{result} = bitcast i32 %{name}.s to float"]


def _from_float16(name: str, result: str) -> list[str]:
    """The magnitude moved into place and rescaled by 2**112, which also makes subnormals right."""
    scale = constant(2.0**112, Type.FLOAT)
    return [
        f"  %{name}.g = and i32 %{name}.i, 32768",
        f"  %{name}.gs = shl i32 %{name}.g, 16",
        f"  %{name}.m = and i32 %{name}.i, 32767",
        f"  %{name}.ms = shl i32 %{name}.m, 13",
        f"  %{name}.mf = bitcast i32 %{name}.ms to float",
        f"  %{name}.sc = fmul float %{name}.mf, {scale}",
        f"  %{name}.sb = bitcast float %{name}.sc to i32",
        f"  %{name}.big = icmp sge i32 %{name}.m, 31744",
        f"  %{name}.inf = or i32 %{name}.ms, 2139095040",
        f"  %{name}.u = select i1 %{name}.big, i32 %{name}.inf, i32 %{name}.sb",
        f"  %{name}.us = or i32 %{name}.u, %{name}.gs",
        f"  %{result} = bitcast i32 %{name}.us to float",
    ]


def _to_bfloat16(name: str) -> list[str]:
    """Round half to even by adding just under half, and the bit that makes a tie even."""
    return [
        f"  %{name}.t = lshr i32 %{name}.b, 16",
        f"  %{name}.odd = and i32 %{name}.t, 1",
        f"  %{name}.up = add i32 %{name}.b, 32767",
        f"  %{name}.sum = add i32 %{name}.up, %{name}.odd",
        f"  %{name}.cut = lshr i32 %{name}.sum, 16",
        f"  %{name}.mag = and i32 %{name}.b, 2147483647",
        f"  %{name}.nan = icmp ugt i32 %{name}.mag, 2139095040",
        f"  %{name}.quiet = or i32 %{name}.t, 64",
        f"  %{name}.r = select i1 %{name}.nan, i32 %{name}.quiet, i32 %{name}.cut",
    ]


def _to_float16(name: str) -> list[str]:
    """Normal numbers by integer rounding, subnormal ones by adding 1/2 in float32, the rest infinite or NaN."""
    half = constant(0.5, Type.FLOAT)
    return [
        f"  %{name}.g = lshr i32 %{name}.b, 16",
        f"  %{name}.gs = and i32 %{name}.g, 32768",
        f"  %{name}.m = and i32 %{name}.b, 2147483647",
        f"  %{name}.mf = bitcast i32 %{name}.m to float",
        f"  %{name}.sf = fadd float %{name}.mf, {half}",
        f"  %{name}.sb = bitcast float %{name}.sf to i32",
        f"  %{name}.sub = sub i32 %{name}.sb, 1056964608",
        f"  %{name}.o = lshr i32 %{name}.m, 13",
        f"  %{name}.odd = and i32 %{name}.o, 1",
        f"  %{name}.re = add i32 %{name}.m, -939520001",
        f"  %{name}.ro = add i32 %{name}.re, %{name}.odd",
        f"  %{name}.nor = lshr i32 %{name}.ro, 13",
        f"  %{name}.small = icmp ult i32 %{name}.m, 947912704",
        f"  %{name}.fin = select i1 %{name}.small, i32 %{name}.sub, i32 %{name}.nor",
        f"  %{name}.large = icmp uge i32 %{name}.m, 1199570944",
        f"  %{name}.isnan = icmp ugt i32 %{name}.m, 2139095040",
        f"  %{name}.spec = select i1 %{name}.isnan, i32 32256, i32 31744",
        f"  %{name}.v = select i1 %{name}.large, i32 %{name}.spec, i32 %{name}.fin",
        f"  %{name}.r = or i32 %{name}.v, %{name}.gs",
    ]
