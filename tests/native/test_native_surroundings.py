"""Hosts without llvmlite, without torch's usual OpenMP, or with a plain CPU; and code for other machines."""

from __future__ import annotations

from typing import Any

import llvmlite.binding as llvm
import pytest
import torch
from kernels import assorted, gradients, kernel, leaves, same
from processes import run_python
from torch import Tensor

from symkit.backends import prepared
from symkit.backends.native import engine, threads
from symkit.backends.native.backend import NativeBackend
from symkit.backends.native.host_text import Box, KernelText, Reduction, Step
from symkit.backends.native.machine import FLOAT32, FLOAT64, Format
from symkit.backends.native.storage import Storage
from symkit.backends.native.translate import translate
from symkit.text import parse
from symkit.transform import cotangents, vjp

BUSY = "log(sigmoid(a*x))*b*arcsinh(x) + erf(x)*sin(x) - x**1.5/(1 + exp(-x)) + i0e(x)"
SUMS = "log(sigmoid(a*x))*b*arcsinh(x)"

WITHOUT_LLVM = """
import sys, warnings
sys.modules["llvmlite"] = sys.modules["llvmlite.binding"] = None
import torch, symkit
x = torch.linspace(-3, 3, 11, requires_grad=True)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for backend in ("auto", "cpu"):
        for formula in ("x*sigmoid(x)", "x*tanh(beta*x)"):
            y = symkit.functional(formula, backend=backend)(x)
            eager = symkit.functional(formula, backend="torch")(x)
            torch.testing.assert_close(y, eager)
            torch.testing.assert_close(*(torch.autograd.grad(each.sum(), x)[0] for each in (y, eager)))
(warning,) = caught
print(warning.category.__name__, warning.message)
"""

WITHOUT_OPENMP = """
import sys, torch
from symkit.backends.native import threads
if sys.argv[1] == "pool":
    threads._openmp = lambda: None
from kernels import assorted, bits, gradients, kernel
torch.set_num_threads(int(sys.argv[2]))
x, a, b = assorted(60_001, torch.float32), torch.tensor(1.1), torch.tensor(0.9)
(value,) = kernel("log(sigmoid(a*x))*b*arcsinh(x)")((x, a, b))
x = torch.linspace(-3, 3, 60_001)
found = gradients("log(sigmoid(a*x))*b*arcsinh(x)")((x, x, a, b))
print(bits(value).sum().item(), *(bits(g).long().sum().item() for g in found), threads._pool.cache_info().currsize)
"""


def test_without_llvmlite_torch_runs_and_one_warning_says_so() -> None:
    said = run_python(WITHOUT_LLVM)
    assert said.startswith("RuntimeWarning symkit runs without fused CPU kernels: ")
    assert "llvmlite" in said


def test_without_openmp_a_thread_pool_gives_the_same_bits() -> None:
    code = "import sys; sys.path.insert(0, 'tests/native')\n" + WITHOUT_OPENMP
    *openmp, no_pool = run_python(code, "openmp", "2").split()
    *pool, made = run_python(code, "pool", "2").split()
    assert pool == openmp
    assert (no_pool, made) == ("0", "1")


def test_a_thread_pool_with_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    x, up, a, b = torch.randn(50_021), torch.randn(50_021), torch.tensor(1.1), torch.tensor(0.9)
    expected = gradients(SUMS)((up, x, a, b))
    monkeypatch.setattr(threads, "_openmp", lambda: None)
    for count in (1, 2, 3, 8):
        torch.set_num_threads(count)
        found = gradients(SUMS)((up, x, a, b))
        assert all(same(p, q) for p, q in zip(found, expected, strict=True))


def test_torch_s_own_threads_are_the_ones_that_run_kernels() -> None:
    """One OpenMP runtime in the process: that of torch."""
    if threads._openmp() is not None:
        with open("/proc/self/maps") as maps:
            loaded = {line.split()[-1] for line in maps if "libgomp" in line}
        assert len([path for path in loaded if "/torch/" in path]) == 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_plain_cpu_gives_the_same_bits(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code without AVX or FMA instructions, in which fma is a call of the C library."""
    x, a, b = assorted(500, dtype), torch.tensor(1.1, dtype=dtype), torch.tensor(0.9, dtype=dtype)
    up = torch.randn(500, dtype=dtype)

    def results() -> list[Tensor]:
        finite = torch.linspace(-3, 3, 500, dtype=dtype)
        return [
            *kernel(BUSY)((x, a, b)),
            *kernel(BUSY)((x.half(), a, b), torch.bfloat16),
            *gradients(SUMS)((up, finite, a, b)),
        ]

    here = results()
    with monkeypatch.context() as patch:
        patch.setattr(engine, "host_target", lambda: ("generic", ""))
        engine._compiler.cache_clear()
        plain = results()
    engine._compiler.cache_clear()
    assert all(same(p, q) for p, q in zip(plain, here, strict=True))


def text(formula: str, format: Format, storage: Storage) -> str:
    """The kernel of value and gradients of a formula over rows and columns, one gradient summed each way."""
    program = parse(formula).program
    names = leaves(program)
    backward = prepared(NativeBackend("cpu"), vjp(program, names), {})
    machine, roots = translate(backward, format)
    arguments = (*cotangents(program), *names)
    tensors, sums = len(arguments) + len(roots), [Reduction.STORE, Reduction.COLUMNS, Reduction.ROWS]
    box = Box(1, (storage,) * tensors, (Step.UNIT,) * tensors, tuple(sums[: len(roots)]))
    return KernelText(machine, arguments, roots, box).text()


TEXTS = [
    (SUMS, FLOAT32, Storage.FLOAT32),
    (SUMS, FLOAT64, Storage.FLOAT64),
    (BUSY, FLOAT32, Storage.BFLOAT16),
    (BUSY, FLOAT32, Storage.FLOAT16),
]


def machine_for(triple: str, **settings: Any) -> llvm.TargetMachine:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    return llvm.Target.from_triple(triple).create_target_machine(opt=3, **settings)


@pytest.mark.parametrize(("formula", "format", "storage"), TEXTS)
@pytest.mark.parametrize("cpu", ["generic", "neoverse-n1", "apple-m1"])
def test_code_for_aarch64(formula: str, format: Format, storage: Storage, cpu: str) -> None:
    triple = "aarch64-linux-gnu"
    machine = machine_for(triple, cpu=cpu)
    module = engine.optimised(text(formula, format, storage), machine, triple)
    code = machine.emit_object(module)
    assert (code[:4], code[18:20]) == (b"\x7fELF", b"\xb7\x00"), "an ELF file for EM_AARCH64"
    assembly = machine.emit_assembly(module)
    calls = {line.split()[1] for line in assembly.splitlines() if line.strip().startswith("bl\t")}
    assert calls <= {"omp_get_thread_num", "omp_get_num_threads", "memset", "pow", "careful"}
    assert "fmla" in assembly, "vectorised"


@pytest.mark.parametrize(("formula", "format", "storage"), TEXTS)
def test_code_for_nvidia_gpus(formula: str, format: Format, storage: Storage) -> None:
    """The arithmetic is the same text; only its loops are the host's."""
    triple = "nvptx64-nvidia-cuda"
    machine = machine_for(triple, cpu="sm_70")
    assembly = machine.emit_assembly(engine.optimised(text(formula, format, storage), machine, triple))
    kind = "f64" if format is FLOAT64 else "f32"
    assert f"fma.rn.{kind}" in assembly
    # Nothing is fused or approximated that was not written so.
    assert not [word for word in (f"mad.{kind}", f"fma.{kind}", "approx", ".ftz") if word in assembly]
