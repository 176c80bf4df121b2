"""PTX of every operator and zoo function, as NVIDIA's assembler takes it: nothing approximate, nothing spilled."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import pytest
import torch
from kernels import SUBJECTS, leaves
from launches import text_of
from torch import Tensor

from symkit import parse, zoo
from symkit.backends.native.cuda_code import architecture, architectures, ptx
from symkit.backends.native.cuda_memory import CudaTarget
from symkit.backends.native.ptxas import assembled
from symkit.ir import Program, bind_constants
from symkit.transform import cotangents, vjp

ARCHITECTURES = ("sm_80", "sm_90")

BATCHES = 8
"""ptxas takes many kernels at once."""

FORBIDDEN = re.compile(r"\.approx|\.ftz|\bcall\b|\.extern|\b(?:add|sub|mul|fma|div|rcp|sqrt)\.f(?:32|64)\b")
"""Approximations, flushed subnormals, calls that nothing resolves, and arithmetic that ptxas may fuse."""

WIDE_LOAD = re.compile(r"ld\.global\S*\.(?:v4\.b32|v2\.b64)")
WIDE_STORE = re.compile(r"st\.global\S*\.(?:v4\.b32|v2\.b64)")


@dataclass(frozen=True)
class Function:
    name: str
    program: Program

    def texts(self, dtype: torch.dtype) -> list[str]:
        """LLVM IR of the value and of the gradients by all leaves, for a contiguous tensor and scalar parameters."""
        names = leaves(self.program)
        x, scalar = torch.empty(64, 4096, dtype=dtype), torch.empty((), dtype=dtype)
        tensors = [scalar if name in self.program.parameters else x for name in names]
        backward, ups = vjp(self.program, names), cotangents(self.program)
        like = tuple(range(len(ups), len(ups) + len(names)))
        both = [
            text_of(self.program, names, tensors),
            text_of(backward, (*ups, *names), [x] * len(ups) + tensors, like),
        ]
        return [text.text(CudaTarget.NVPTX) for text in both]


def functions() -> Iterator[Function]:
    """Every operator, and every function of the zoo that has leaves."""
    for subject in SUBJECTS:
        yield Function(subject.name, subject.program)
    for name in zoo:
        expression = zoo[name]
        program = bind_constants(expression.program, expression.constant_values())
        if leaves(program):
            yield Function(name, program)


FUNCTIONS = list(functions())


@cache
def kernels_of_everything() -> list[tuple[str, str]]:
    """(LLVM IR in float32, the functions it is for) of all functions; a quarter of them have the kernels of others."""
    found: dict[str, list[str]] = {}
    for function in FUNCTIONS:
        for text in function.texts(torch.float32):
            found.setdefault(text, []).append(function.name)
    return [(text, ", ".join(names)) for text, names in found.items()]


def assert_sound(kernel: str, name: str) -> None:
    found = FORBIDDEN.search(kernel)
    assert found is None, (name, found)
    assert WIDE_STORE.search(kernel), name
    # Derivatives that vanish read nothing.
    assert "ld.global" not in kernel or WIDE_LOAD.search(kernel), name


@pytest.mark.parametrize("batch", range(BATCHES))
@pytest.mark.parametrize("target", ARCHITECTURES)
def test_values_and_gradients_of_everything_assemble_without_spills(target: str, batch: int) -> None:
    chosen = kernels_of_everything()[batch::BATCHES]
    kernels = [ptx(text, target) for text, _ in chosen]
    for (_, names), kernel, need in zip(chosen, kernels, assembled(kernels, target), strict=True):
        assert_sound(kernel, names)
        assert need.spilled + need.stack == 0, names


PANEL = ["silu", "gelu", "mish", "swish", "prelu"]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64], ids=str)
@pytest.mark.parametrize("target", ["sm_70", "sm_80", "sm_90"])
def test_other_dtypes(target: str, dtype: torch.dtype) -> None:
    """ptxas of CUDA 12 still takes sm_70."""
    kernels = [ptx(text, target) for f in FUNCTIONS if f.name in PANEL for text in f.texts(dtype)]
    assert kernels
    for kernel in kernels:
        assert_sound(kernel, "panel")
    assert all(need.spilled == 0 for need in assembled(kernels, target))


@pytest.mark.parametrize(("dtype", "conversion"), [(torch.float16, "cvt.rn.f16"), (torch.bfloat16, "cvt.rn.bf16")])
def test_halves_are_converted_by_the_device(dtype: torch.dtype, conversion: str) -> None:
    program = parse("x*sigmoid(x)").program
    kernel = ptx(text_of(program, ("x",), [torch.empty(4096, dtype=dtype)]).text(CudaTarget.NVPTX), "sm_80")
    assert conversion in kernel


LAYOUTS: list[tuple[str, Tensor, Tensor]] = [
    ("channel between", torch.empty(8, 6, 64), torch.empty(6, 1)),
    ("channel behind", torch.empty(300, 64), torch.empty(64)),
    ("neuron", torch.empty(16, 6, 40), torch.empty(6, 40)),
    ("channels last", torch.empty(4, 8, 5, 5).to(memory_format=torch.channels_last), torch.empty(8, 1, 1)),
    ("odd columns", torch.empty(8, 6, 49), torch.empty(6, 1)),
    ("strided", torch.empty(40, 90)[::2, ::3], torch.empty(())),
]


@pytest.mark.parametrize(("name", "x", "a"), LAYOUTS, ids=[name for name, *_ in LAYOUTS])
def test_layouts_assemble(name: str, x: Tensor, a: Tensor) -> None:
    program = parse("x*sigmoid(a*x)").program
    text = text_of(vjp(program, ("x", "a")), (*cotangents(program), "x", "a"), [x, x, a], (1, 2))
    kernels = [ptx(text.text(CudaTarget.NVPTX), target) for target in ARCHITECTURES]
    for kernel, target in zip(kernels, ARCHITECTURES, strict=True):
        (need,) = assembled([kernel], target)
        assert need.spilled == 0
        assert FORBIDDEN.search(kernel) is None
    assert (WIDE_LOAD.search(kernels[0]) is not None) == (name not in ("odd columns", "strided"))


def test_spills_are_seen() -> None:
    """The assembler told to make do with few registers."""
    program = parse("sigmoid(a*x)*sigmoid(b*x)*sigmoid(c*x)*erf(x)").program
    names = leaves(program)
    tensors = [torch.empty(4096)] * len(names)
    text = text_of(vjp(program, names), (*cotangents(program), *names), [tensors[0], *tensors])
    kernel = ptx(text.text(CudaTarget.NVPTX), "sm_90")
    tight = kernel.replace("\n{", "\n.maxnreg 24\n{", 1)
    assert tight != kernel
    assert assembled([tight], "sm_90")[0].spilled > 0


def test_what_ptxas_refuses_is_said() -> None:
    with pytest.raises(ValueError, match="ptxas refuses a kernel: .*syntax error"):
        assembled([".version 7.8\n.target sm_90\n.address_size 64\nnonsense"], "sm_90")


@pytest.mark.parametrize(
    ("capability", "expected"),
    [((7, 0), "sm_70"), ((8, 0), "sm_80"), ((8, 4), "sm_80"), ((9, 0), "sm_90"), ((6, 1), None)],
)
def test_architecture_of_a_device(capability: tuple[int, int], expected: str | None) -> None:
    assert architecture(capability) == expected


def test_every_known_architecture_is_known_to_llvm(capfd: pytest.CaptureFixture[str]) -> None:
    text = text_of(parse("x*x").program, ("x",), [torch.empty(64)]).text(CudaTarget.NVPTX)
    for major, minor in architectures():
        assert f".target sm_{major}{minor}" in ptx(text, f"sm_{major}{minor}")
    assert capfd.readouterr().err == ""
    newest = architectures()[-1]
    assert architecture((99, 0)) == f"sm_{newest[0]}{newest[1]}"
