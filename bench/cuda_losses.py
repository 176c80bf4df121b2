"""Losses of logits on a CUDA device: loss and gradient beside torch.compile, eager torch and F.cross_entropy."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from bench.device import device_medians
from bench.losses_panel import CASES, OPERATORS, PLAIN, LossCase
from bench.losses_times import worked
from bench.measure import COMPILED, COPY, EAGER, OURS
from bench.report import Table
from symkit.backends.native.host_blocks import HostDevice
from symkit.backends.native.row_cuda import row_kernel
from symkit.cli.console import remark
from symkit.nn import fused_loss

SIZES = ((128, 1000), (128, 50_000), (8192, 50_000), (100_000, 10))
DRY_SIZES = ((16, 1000), (300, 10))
CHECKED = 2**23
"""Logits up to which results are compared with float64, which torch keeps several of; of more, the first rows are."""

DTYPES = (torch.float32, torch.bfloat16)
TOLERANCE = 1e-5

PASSES = 3
"""Logits read for the loss and for the gradient, and the gradient written."""


@dataclass(frozen=True)
class LossMeasurement:
    """One loss and size, forward and backward.

    Attributes:
        seconds: median of one call on the device, by candidate; nothing on a dry run.
        moved: bytes that perfect kernels read and write.
        bandwidth: bytes a second of a copy of the logits, read and written bytes both counted.
        error: ours, in units of the tolerance.
    """

    loss: str
    dtype: str
    rows: int
    classes: int
    seconds: dict[str, float]
    moved: int
    bandwidth: float | None
    error: float


def checked_losses() -> list[LossMeasurement]:
    """The device's kernels block by block on the host, at small sizes."""
    found = []
    with _on_host():
        for rows, classes in DRY_SIZES:
            for dtype in DTYPES:
                for case in CASES:
                    error = _error(case, rows, classes, dtype, "cpu")
                    found.append(LossMeasurement(case.name, _name(dtype), rows, classes, {}, 0, None, error))
    return found


def timed_losses(deadline: float, left_out: list[str]) -> Iterator[LossMeasurement]:
    """Measures on the current device. What there is no time for is added to `left_out`."""
    for rows, classes in SIZES:
        for dtype in DTYPES:
            for case in CASES:
                what = f"{case.name}, {rows} rows of {classes} classes, {_name(dtype)}"
                if time.monotonic() > deadline:
                    left_out.append(what)
                    continue
                remark(what)
                yield _timed(case, rows, classes, dtype)


def _timed(case: LossCase, rows: int, classes: int, dtype: torch.dtype) -> LossMeasurement:
    error = _error(case, min(rows, max(1, CHECKED // classes)), classes, dtype, "cuda")
    logits, target = _sample(rows, classes, dtype, "cuda")
    logits.requires_grad_()
    runs = {COMPILED: torch.compile(case.torch, dynamic=False, fullgraph=True), EAGER: case.torch}
    runs[PLAIN] = OPERATORS[PLAIN]
    if error <= 1:
        runs[OURS] = case.ours(classes)
    destination = torch.empty_like(logits)
    works = {name: worked(run, logits, target) for name, run in runs.items()}
    seconds = device_medians({**works, COPY: lambda: destination.copy_(logits.detach())})
    torch._dynamo.reset()
    size = logits.numel() * logits.element_size()
    bandwidth = 2 * size / seconds.pop(COPY)
    return LossMeasurement(case.name, _name(dtype), rows, classes, seconds, PASSES * size, bandwidth, error)


def _error(case: LossCase, rows: int, classes: int, dtype: torch.dtype, device: str) -> float:
    logits, target = _sample(rows, classes, dtype, device)
    found = worked(case.ours(classes), logits.requires_grad_(), target)()
    truth = worked(case.torch, logits.detach().double().requires_grad_(), target)()
    pairs = [(ours.detach().double(), theirs.detach()) for ours, theirs in zip(found, truth, strict=True)]
    errors = [float((ours - theirs).abs().max() / theirs.abs().max()) for ours, theirs in pairs]
    # NaN is no small error.
    return max(error if error == error else float("inf") for error in errors) / max(TOLERANCE, torch.finfo(dtype).eps)


def _sample(rows: int, classes: int, dtype: torch.dtype, device: str) -> tuple[Tensor, Tensor]:
    generator = torch.Generator(device).manual_seed(0)
    logits = 2 * torch.randn(rows, classes, device=device, generator=generator)
    return logits.to(dtype), torch.randint(classes, (rows,), device=device, generator=generator)


@contextmanager
def _on_host() -> Iterator[None]:
    """Losses of CPU tensors run on a device's kernels."""
    before = fused_loss.HOST
    fused_loss.HOST = partial(row_kernel, device=HostDevice(workers=4096))
    try:
        yield
    finally:
        fused_loss.HOST = before


def loss_tables(measurements: list[LossMeasurement]) -> list[Table]:
    """One table a dtype and size; a dry run has errors only."""
    found = []
    for dtype, rows, classes in dict.fromkeys((m.dtype, m.rows, m.classes) for m in measurements):
        ours = [m for m in measurements if (m.dtype, m.rows, m.classes) == (dtype, rows, classes)]
        title = f"Losses of logits, {dtype}, {rows} rows of {classes} classes, loss and gradient"
        if not ours[0].seconds:
            found.append(Table(title, ("loss", "error"), [(m.loss, f"{m.error:.2f}") for m in ours]))
            continue
        columns = ("loss", "error", "symkit, µs", "% of a copy", COMPILED, EAGER, PLAIN)
        found.append(Table(title, columns, [_row(m) for m in ours]))
    return found


def _row(m: LossMeasurement) -> tuple[str, ...]:
    seconds = m.seconds.get(OURS)
    if seconds is None or m.bandwidth is None:
        return m.loss, f"{m.error:.2f}", *["-"] * 5
    ratios = [f"{m.seconds[rival] / seconds:.3g}" for rival in (COMPILED, EAGER, PLAIN)]
    return m.loss, f"{m.error:.2f}", f"{1e6 * seconds:.3g}", f"{100 * m.moved / seconds / m.bandwidth:.3g}", *ratios


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
