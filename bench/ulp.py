"""How far a kernel of one operator is from the truth, in units in the last place (ULP)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symkit.backends import Kernel, get_backend, prepared
from symkit.ir import Program, ProgramBuilder
from symkit.ops import Operator, standard

Floats = NDArray[np.float64]

CPU, TORCH = get_backend("cpu"), get_backend("torch")

OVERFLOW = 2.0**128
"""What float32 rounds to infinity from."""

LEAST_EXPONENT, MOST_EXPONENT = 1, 254
"""Of normal numbers. Subnormal ones are as far apart as the smallest normal ones."""

CANCELLING = {"tanhshrink"}
"""Operators of which torch loses every digit near 0, in float64 too. There the reference is our own float64, which the
tests compare with exact values."""


@dataclass(frozen=True)
class Subject:
    """An operator with a native form, alone in a kernel, and in torch's float64, the reference for float32."""

    operator: Operator

    @property
    def name(self) -> str:
        return self.operator.name

    @property
    def leaves(self) -> tuple[str, ...]:
        return tuple("xyz"[: self.operator.arity])

    @cached_property
    def program(self) -> Program:
        builder = ProgramBuilder()
        return builder.build([builder.apply(self.operator, tuple(map(builder.input, self.leaves)))])

    @cached_property
    def kernel(self) -> Kernel:
        return CPU.kernel(self.program, self.leaves)

    @cached_property
    def _reference(self) -> Kernel:
        return TORCH.kernel(prepared(TORCH, self.program, {}), self.leaves)

    def native(self, *operands: Tensor) -> Tensor:
        """What the maths library makes of the operands, in their dtype."""
        (result,) = self.kernel(operands)
        return result

    def reference(self, *operands: Tensor) -> Tensor:
        """The same by torch in float64."""
        wide = [operand.double() for operand in operands]
        (result,) = self.kernel(wide) if self.name in CANCELLING else self._reference(wide)
        return result


def subjects(arity: int | None = None) -> list[Subject]:
    """Every operator of the standard table that has a native form; with `arity` those of so many operands."""
    return [
        Subject(operator)
        for operator in standard().values()
        if operator.native is not None and arity in (None, operator.arity)
    ]


def float32_errors(got: NDArray[np.float32], exact: Floats) -> Floats:
    """ULPs between float32 results and float64 values; inf where one of them is NaN, or infinite without cause.

    An infinite result stands for 2**128, the number after the largest one, unless the value is as large.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        magnitude = np.abs(exact)
        exponent = (magnitude.astype(np.float32).view(np.int32) >> 23).clip(LEAST_EXPONENT, MOST_EXPONENT)
        per_ulp = ((1023 + 150 - exponent).astype(np.int64) << 52).view(np.float64)
        wide = got.astype(np.float64)
        infinite, beyond = np.isinf(wide), magnitude >= OVERFLOW
        if infinite.any() or beyond.any():
            wide = np.where(infinite & ~(beyond & (wide * exact > 0)), np.copysign(OVERFLOW, wide), wide)
            error = np.where(infinite & beyond & (wide * exact > 0), 0.0, np.abs(wide - exact) * per_ulp)
        else:
            error = np.abs(wide - exact) * per_ulp
    lost = np.isnan(error)
    if lost.any():
        error[lost] = np.where(np.isnan(wide[lost]) & np.isnan(exact[lost]), 0.0, np.inf)
    return error


def float32_numbers(bits: NDArray[Any]) -> Tensor:
    """Numbers from their bits."""
    return torch.from_numpy(bits.astype(np.uint32).view(np.float32))
