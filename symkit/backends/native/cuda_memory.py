"""Where the elements of a CUDA kernel's tensors lie, and how they are read and written, as LLVM IR."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from symkit.backends.native.cuda_layout import ACCESS, CudaBox
from symkit.backends.native.host_text import Step
from symkit.backends.native.machine import FLOAT32, Format
from symkit.backends.native.storage import Storage, from_element, to_element

HALVES = ("half", "bfloat")
"""Types of elements that the device itself converts."""

Indices = dict[int, str]
"""Names of the index in every dimension; of columns it is that of an element."""


class CudaTarget(Enum):
    """What the text is for: its header, pointers and conversions of halves differ."""

    NVPTX = "nvptx"
    HOST = "host"


@dataclass(frozen=True)
class Elements:
    """Elements as they lie in memory, and the numbers of a format that a kernel makes of them."""

    format: Format
    target: CudaTarget

    def type(self, storage: Storage) -> str:
        """The LLVM type of an element."""
        return (self.target is CudaTarget.NVPTX and storage.half) or storage.element

    def number(self, storage: Storage, element: str, name: str) -> tuple[list[str], str]:
        """(lines, the number that an element is)."""
        type, real = self.type(storage), self.format.real.value
        if type == real:
            return [], element
        if type in HALVES:
            return [f"  %{name} = fpext {type} {element} to {real}"], f"%{name}"
        return from_element(storage, self.format, name, element), f"%{name}"

    def element(self, storage: Storage, value: str, name: str) -> tuple[list[str], str]:
        """(lines, the element that a number is rounded to)."""
        type = self.type(storage)
        if type not in HALVES:
            return to_element(storage, self.format, value, name)
        lines = []
        if self.format is not FLOAT32:
            # By way of float32, as on the host.
            lines.append(f"  %{name}.n = fptrunc double {value} to float")
            value = f"%{name}.n"
        return [*lines, f"  %{name}.h = fptrunc float {value} to {type}"], f"%{name}.h"


class Memory:
    """Indices, addresses, loads and stores. Methods give lines, and the names of the values that these define.

    Tensors go by their places and dimensions by their numbers; a `tag` tells apart what is there for several chunks.
    """

    def __init__(self, box: CudaBox, format: Format, target: CudaTarget) -> None:
        self._box = box
        self._elements = Elements(format, target)
        self._index = "i64" if box.wide else "i32"
        self._columns = len(box.moves[0]) - 1
        self._kept, self._walked = box.kept, box.walked
        self.pointer = "ptr addrspace(1)" if target is CudaTarget.NVPTX else "ptr"
        """The type of tensors' addresses."""

    def indices(self, tag: str, position: str, dimensions: Sequence[int]) -> tuple[list[str], Indices]:
        """The index in every dimension from a position in them, the last one fastest."""
        lines: list[str] = []
        found: Indices = {}
        rest, index = position, self._index
        for d in reversed(dimensions):
            found[d] = rest
            if d != dimensions[0]:
                found[d], quotient = f"%i{d}.{tag}", f"%q{d}.{tag}"
                lines += self._divided(quotient, rest, d)
                lines.append(f"  {quotient}.m = mul {index} {quotient}, %size{d}")
                lines.append(f"  {found[d]} = sub {index} {rest}, {quotient}.m")
                rest = quotient
        if self._columns in found and self._box.vector > 1:
            lines.append(f"  %c.{tag} = mul {index} {found[self._columns]}, {self._box.vector}")
            found[self._columns] = f"%c.{tag}"
        return lines, found

    def _divided(self, name: str, n: str, d: int) -> list[str]:
        """A position divided by the size of a dimension, by a product where it is done in every turn."""
        if self._box.wide or d in self._kept:
            return [f"  {name} = udiv {self._index} {n}, %size{d}"]
        return [
            f"  {name}.x = zext i32 {n} to i64",
            f"  {name}.d = zext i32 %magic{d} to i64",
            f"  {name}.p = mul i64 {name}.x, {name}.d",
            f"  {name}.s = lshr i64 {name}.p, %shift{d}",
            f"  {name} = trunc i64 {name}.s to i32",
        ]

    def _address(self, place: int, tag: str, indices: Indices) -> list[str]:
        """`%e<place>.<tag>`: where an element lies. Kept dimensions come first: their part stays the same."""
        index, box = self._index, self._box
        lines: list[str] = []
        total = "0"
        for d in (*self._kept, *self._walked):
            if not box.moves[place][d]:
                continue
            term = indices[d]
            if d != self._columns or box.steps[place] is not Step.UNIT:
                lines.append(f"  %m{place}_{d}.{tag} = mul {index} {term}, %stride{box.twins[place]}_{d}")
                term = f"%m{place}_{d}.{tag}"
            if total != "0":
                lines.append(f"  %t{place}_{d}.{tag} = add {index} {total}, {term}")
                term = f"%t{place}_{d}.{tag}"
            total = term
        element = self._element(place)
        return [*lines, f"  %e{place}.{tag} = getelementptr {element}, {self.pointer} %p{place}, {index} {total}"]

    def _element(self, place: int) -> str:
        """The LLVM type of a tensor's elements."""
        return self._elements.type(self._box.storages[place])

    def _lane(self, place: int, tag: str, j: int) -> tuple[list[str], str]:
        """The address of the j-th element of a chunk."""
        if j == 0:
            return [], f"%e{place}.{tag}"
        name, step = f"%e{place}.{tag}.{j}", str(j)
        lines = []
        if self._box.steps[place] is Step.ANY:
            step = f"%j{place}.{tag}.{j}"
            lines.append(f"  {step} = mul {self._index} %stride{self._box.twins[place]}_{self._columns}, {j}")
        at = f"{self.pointer} %e{place}.{tag}, {self._index} {step}"
        return [*lines, f"  {name} = getelementptr {self._element(place)}, {at}"], name

    def load(self, place: int, tag: str, count: int, indices: Indices) -> tuple[list[str], list[str]]:
        """`count` elements of a chunk; of a tensor that columns do not move along, the one there is."""
        element, step = self._element(place), self._box.steps[place]
        lines = self._address(place, tag, indices)
        raw = [f"%y{place}.{tag}.{j}" for j in range(1 if step is Step.NONE else count)]
        # Neighbouring loads become one: a vector's would be taken apart, and lose what is known of it, before that.
        for j, name in enumerate(raw):
            more, at = self._lane(place, tag, j)
            align = bytes_of(element, count) if step is Step.UNIT and j == 0 else bytes_of(element, 1)
            lines += [*more, f"  {name} = load {element}, {self.pointer} {at}, align {align}, !invariant.load !0"]
        values = []
        for j, name in enumerate(raw):
            more, value = self._elements.number(self._box.storages[place], name, f"x{place}.{tag}.{j}")
            lines += more
            values.append(value)
        return lines, values

    def store(self, place: int, tag: str, values: Sequence[str], indices: Indices) -> list[str]:
        """Neighbouring elements of a root."""
        element, count = self._element(place), len(values)
        lines = self._address(place, tag, indices)
        raw = []
        for j, value in enumerate(values):
            more, result = self._elements.element(self._box.storages[place], value, f"o{place}.{tag}.{j}")
            lines += more
            raw.append(result)
        if self._box.steps[place] is Step.UNIT and count > 1:
            return [*lines, *self.store_vector(element, raw, f"%z{place}.{tag}", f"%e{place}.{tag}")]
        for j, value in enumerate(raw):
            more, at = self._lane(place, tag, j)
            lines += [*more, f"  store {element} {value}, {self.pointer} {at}"]
        return lines

    def store_vector(self, element: str, values: Sequence[str], name: str, address: str) -> list[str]:
        kind = f"<{len(values)} x {element}>"
        lines, vector = [], "poison"
        for j, value in enumerate(values):
            lines.append(f"  {name}.{j} = insertelement {kind} {vector}, {element} {value}, i32 {j}")
            vector = f"{name}.{j}"
        return [*lines, f"  store {kind} {vector}, {self.pointer} {address}, align {bytes_of(element, len(values))}"]


def bytes_of(element: str, count: int) -> int:
    """What elements are aligned to that are moved together, which is their size up to `ACCESS`."""
    return min(ACCESS, count * {"double": 8, "float": 4}.get(element, 2))
