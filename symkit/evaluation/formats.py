"""The floating-point formats that a check is for, and the line of their numbers.

Every format's numbers, in ascending order and -0 before +0, have consecutive ordinals, so that halving a range of
ordinals reaches a single number in as many steps as the format has bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symkit.errors import DomainError

Floats = NDArray[np.floating[Any]]
Ordinals = NDArray[np.int64]


@dataclass(frozen=True)
class Format:
    """A binary floating-point format.

    Attributes:
        name: of the dtype.
        computed: name of the dtype that arithmetic runs in; a half is computed in float32 and rounded once.
    """

    name: str
    computed: str

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(self.name)

    @cached_property
    def arithmetic(self) -> np.dtype[Any]:
        return np.dtype(self.computed)

    @property
    def largest(self) -> float:
        """The largest finite number."""
        return float(np.finfo(self.dtype).max)

    @property
    def smallest(self) -> float:
        """The smallest positive number, a subnormal one."""
        return float(np.finfo(self.dtype).smallest_subnormal)

    @cached_property
    def _bits(self) -> np.dtype[Any]:
        return np.dtype(f"int{8 * self.dtype.itemsize}")

    def ordinals(self, values: Any) -> Ordinals:
        """The place of each number in the line of all; 0 for +0, -1 for -0."""
        with np.errstate(over="ignore"):
            bits = np.asarray(values, dtype=self.dtype).view(self._bits).astype(np.int64)
        return np.where(bits < 0, ~(bits & np.iinfo(self._bits).max), bits)

    def numbers(self, ordinals: Any) -> Floats:
        """The numbers at these places."""
        places = np.asarray(ordinals, dtype=np.int64)
        limits = np.iinfo(self._bits)
        bits = np.where(places < 0, limits.min + (~places & limits.max), places)
        numbers: Floats = bits.astype(self._bits).view(self.dtype)
        return numbers

    def text(self, value: float) -> str:
        """The shortest text that reads back to a number of the format, without a point where it is whole."""
        return str(self.dtype.type(value)).removesuffix(".0") if value else "0"

    def rounded(self, value: float) -> float:
        """The number nearest to a float; infinite past the largest."""
        with np.errstate(over="ignore"):
            return float(self.dtype.type(value))


FORMATS = {
    "float64": Format("float64", "float64"),
    "float32": Format("float32", "float32"),
    "float16": Format("float16", "float32"),
}


def format_of(dtype: str) -> Format:
    """The format called `dtype`; raises DomainError for one that there is not."""
    if dtype not in FORMATS:
        raise DomainError(f"dtype {dtype!r} is not one of {', '.join(FORMATS)}")
    return FORMATS[dtype]
