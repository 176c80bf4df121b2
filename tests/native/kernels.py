"""Kernels to test, and numbers to test them on."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

ROOT = str(Path(__file__).resolve().parents[2])
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from bench.ulp import Subject, subjects  # noqa: E402 - the benchmarks lie beside the tests
from symkit.backends import Kernel, Like, get_backend, prepared  # noqa: E402
from symkit.ir import Program  # noqa: E402
from symkit.text import parse  # noqa: E402
from symkit.transform import cotangents, vjp  # noqa: E402

CPU = get_backend("cpu")

INTEGERS = {
    torch.float64: torch.int64,
    torch.float32: torch.int32,
    torch.bfloat16: torch.int16,
    torch.float16: torch.int16,
}

SUBJECTS = subjects()
"""Every operator that has a native form."""

UNARY = subjects(1)


def name_of(subject: object) -> str:
    return subject.name if isinstance(subject, Subject) else str(subject)


def kernel(text: str) -> Kernel:
    """The value of a formula; leaves are its inputs and parameters in order of appearance."""
    program = parse(text).program
    return _kernel(program, leaves(program))


def gradients(text: str) -> Kernel:
    """The gradients of a formula by all its leaves, like them; the first operand is the cotangent."""
    program = parse(text).program
    names = leaves(program)
    return _kernel(vjp(program, names), (*cotangents(program), *names), tuple(range(1, 1 + len(names))))


def leaves(program: Program) -> tuple[str, ...]:
    return (*program.inputs, *program.parameters)


def _kernel(program: Program, names: tuple[str, ...], like: Like | None = None) -> Kernel:
    return CPU.kernel(prepared(CPU, program, {}), names, like)


def bits(tensor: Tensor) -> Tensor:
    """The bits of floats as integers; all NaNs alike."""
    plain = torch.where(tensor.isnan(), torch.full_like(tensor, torch.nan), tensor)
    return plain.view(INTEGERS[tensor.dtype])


def same(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors agree to the bit, signs of zero included and NaN payloads aside."""
    return a.dtype == b.dtype and a.shape == b.shape and torch.equal(bits(a.contiguous()), bits(b.contiguous()))


def assorted(count: int, dtype: torch.dtype, seed: int = 0) -> Tensor:
    """Numbers of all sizes and signs, and special ones in between."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(0, 1, count) * np.exp(rng.normal(0, 3, count))
    special = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 1e-40, -1e-40, 88.75, -103.5, 1e30, -1e30]
    numbers[:: max(1, count // len(special))][: len(special)] = special[
        : len(numbers[:: max(1, count // len(special))])
    ]
    return torch.from_numpy(numbers).to(dtype)
