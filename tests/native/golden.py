"""Six CUDA kernels as text, kept in tests/data/ptx. `python tests/native/golden.py` writes them anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from launches import layout_of, text_of

from symkit.backends.native.cuda_entry import KernelText
from symkit.backends.native.cuda_layout import CudaBox
from symkit.backends.native.cuda_memory import CudaTarget
from symkit.backends.native.cuda_text import CudaText
from symkit.backends.native.machine import FLOAT32, FLOAT64, Machine
from symkit.backends.native.row_arithmetic import RowArithmetic
from symkit.backends.native.row_cuda_layout import RowCudaBox
from symkit.backends.native.row_cuda_stages import Stage
from symkit.backends.native.row_cuda_text import RowCudaText
from symkit.backends.native.storage import Storage
from symkit.nn.curves import curves
from symkit.nn.fused_loss import row_kernel
from symkit.text import parse
from symkit.transform import cotangents, vjp

FOLDER = Path(__file__).resolve().parents[1] / "data" / "ptx"

PRODUCT = parse("a*x").program


def texts() -> Mapping[str, str]:
    """LLVM IR for NVPTX by name. It does not depend on LLVM's version, as PTX does."""
    kernels: dict[str, KernelText] = {
        "scaled_row_float32": text_of(PRODUCT, ("a", "x"), [torch.empty(()), torch.empty(1000)]),
        "channel_gradients_bfloat16": _slopes(torch.empty(8, 6, 64), torch.empty(6, 1), torch.bfloat16),
        "neuron_gradients_float32": _slopes(torch.empty(8, 6, 40), torch.empty(6, 40), torch.float32),
        "strided_wide_float64": _strided(),
        "seldom_float32": _seldom(),
        "rows_gradient_float32": _gradient_of_rows(),
    }
    return {name: kernel.text(CudaTarget.NVPTX) for name, kernel in kernels.items()}


def _slopes(x: torch.Tensor, a: torch.Tensor, dtype: torch.dtype) -> CudaText:
    tensors = [each.to(dtype) for each in (x, a, x)]
    return text_of(vjp(PRODUCT, ("a", "x")), (*cotangents(PRODUCT), "a", "x"), tensors, (1, 2))


def _strided() -> CudaText:
    machine = Machine(FLOAT64)
    x = machine.argument("x")
    box = replace(_box(torch.empty(10, 20, dtype=torch.float64)[::2, ::3]), wide=True)
    return CudaText(machine, ("x",), [x * x], box)


def _seldom() -> CudaText:
    machine = Machine(FLOAT32)
    x = machine.argument("x")
    return CudaText(machine, ("x",), [machine.seldom(abs(x) > 1e6, x / 3.0, x * 0.25)], _box(torch.empty(3, 7, 64)))


def _gradient_of_rows() -> KernelText:
    """Of cross-entropy, whose rows are split."""
    box = RowCudaBox(Storage.FLOAT32, None, None, (), (True, True), 4, 2, has_outer=False, is_split=True)
    loss = row_kernel(curves(parse("-y*log(p)")), (), True, False, True).loss
    return RowCudaText(RowArithmetic(loss, FLOAT32), box, Stage.GRADIENT)


def _box(x: torch.Tensor) -> CudaBox:
    layout, _ = layout_of([x], (None,), x.dtype)
    return layout.box


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in texts().items():
        (FOLDER / f"{name}.ll").write_text(text)
