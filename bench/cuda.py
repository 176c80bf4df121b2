"""Fused kernels on a CUDA device: right first, then bytes moved beside a copy, and times beside torch's.

    python -m bench kernels --device cuda [--minutes 8] [--out FOLDER] [--json]

Without a device it runs the same kernels block by block on the CPU, at a small size, and says so: a dry run, in which
numbers are checked and nothing is timed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import symkit
from bench.cuda_losses import LossMeasurement, checked_losses, loss_tables, timed_losses
from bench.device import Work, device_medians
from bench.findings import geometric_mean, surroundings
from bench.measure import COMPILED, COPY, EAGER, OURS, PEER, Mode, candidates, error_of, shape, truth_of
from bench.panel import PANEL, VALUES, Case
from bench.report import Table, markdown_table
from symkit.backends import prepared
from symkit.backends.native.cuda import GpuTarget
from symkit.backends.native.cuda_driver import why_not
from symkit.backends.native.host_blocks import HostDevice
from symkit.backends.native.prepare import prepare
from symkit.cli.console import emit, emit_json, jsonable, remark
from symkit.nn.pointwise import Pointwise

SIZES = (2**20, 2**24, 2**28)
DRY_SIZE = 2**14
CHECKED = 2**22
"""Elements at which results are compared with float64: torch keeps every step of the formula."""

DTYPES = (torch.float32, torch.bfloat16)
KINK = 2.5
"""Of hard_sigmoid, where torch has another derivative; halves hit it."""

COMPILED_AT = 2**24
"""torch.compile takes seconds a function, so it is timed at one size, in float32."""

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Measurement:
    """One function, dtype, size and mode.

    Attributes:
        seconds: median of one call on the device, by candidate.
        moved: bytes that a perfect kernel reads and writes.
        error: ours, in units of the tolerance; measured at CHECKED elements at most.
    """

    case: str
    dtype: str
    elements: int
    mode: str
    seconds: dict[str, float]
    moved: int
    error: float

    def share(self, bandwidth: float) -> float | None:
        """Our bytes a second beside those of a copy."""
        return self.moved / self.seconds[OURS] / bandwidth if OURS in self.seconds else None

    def ratio(self, candidate: str) -> float | None:
        found = self.seconds.get(candidate)
        return None if found is None or OURS not in self.seconds else found / self.seconds[OURS]


@dataclass
class CudaResults:
    """A run.

    Attributes:
        device: its name, or why there is none.
        bandwidth: bytes a second of a device copy by dtype and elements, read and written bytes both counted.
        first_launch: seconds from text to the first result of each function, nothing on disk.
        left_out: what there was no time for.
    """

    device: str
    versions: dict[str, str]
    made: str
    bandwidth: dict[str, float] = field(default_factory=dict)
    measurements: list[Measurement] = field(default_factory=list)
    losses: list[LossMeasurement] = field(default_factory=list)
    first_launch: dict[str, float] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


def run(minutes: float) -> CudaResults:
    """Measures on the current CUDA device, or checks on the host where there is none."""
    where = surroundings(torch.get_num_threads())
    reason = why_not()
    if reason is not None:
        remark(f"{reason}: a dry run on the host")
        results = CudaResults(f"none: {reason}", where["versions"], where["made"])
        _check_all(results)
        results.losses.extend(checked_losses())
        return results
    deadline = time.monotonic() + 60 * minutes
    results = CudaResults(torch.cuda.get_device_name(), where["versions"], where["made"])
    _first_launches(results)
    results.losses.extend(timed_losses(deadline, results.left_out))
    for compile in (False, True):
        for dtype in DTYPES:
            for elements in SIZES:
                for mode in Mode:
                    for case in PANEL:
                        _measure(results, case, dtype, elements, mode, compile, deadline)
    return results


def _measure(
    results: CudaResults, case: Case, dtype: torch.dtype, elements: int, mode: Mode, compile: bool, deadline: float
) -> None:
    if mode is Mode.BY_CHANNEL and not case.parameters:
        return
    if compile and (elements != COMPILED_AT or dtype != torch.float32):
        return
    what = f"{case.name}, {str(dtype).removeprefix('torch.')}, {elements} elements, {mode.value}"
    what += ", with torch.compile" if compile else ""
    if time.monotonic() > deadline:
        results.left_out.append(what)
        return
    remark(what)
    error = _checked(case, dtype, min(elements, CHECKED), mode, "cuda")
    leaves, upstream = _leaves(case, dtype, elements, mode, "cuda")
    backward = mode is not Mode.FORWARD
    with torch.set_grad_enabled(backward):
        works: dict[str, Work] = {
            name: _work(run, leaves, upstream, backward) for name, run in candidates(case, compile).items()
        }
        if error > 1:
            works.pop(OURS)
        destination = torch.empty_like(upstream)
        works[COPY] = lambda: destination.copy_(upstream)
        try:
            seconds = device_medians(works)
        except torch.cuda.OutOfMemoryError:
            torch.cuda.empty_cache()
            seconds = device_medians({name: work for name, work in works.items() if name in (OURS, COPY, PEER)})
    name, size = str(dtype).removeprefix("torch."), upstream.element_size()
    results.bandwidth[f"{name} {elements}"] = 2 * elements * size / seconds.pop(COPY)
    moved = elements * size * (5 if backward else 2)
    if compile:
        wanted = case.name, name, elements, mode.value
        kept = next(m for m in results.measurements if (m.case, m.dtype, m.elements, m.mode) == wanted)
        if error <= 1 and OURS in kept.seconds:
            kept.seconds[COMPILED] = seconds[COMPILED] * kept.seconds[OURS] / seconds[OURS]
        torch._dynamo.reset()
    else:
        results.measurements.append(Measurement(case.name, name, elements, mode.value, seconds, moved, error))


def _first_launches(results: CudaResults) -> None:
    """From text to the first values and gradients; the texts are new to every cache."""
    x = torch.randn(4096, device="cuda", requires_grad=True)
    torch.autograd.grad(x.exp().sum(), x)
    for i, case in enumerate(PANEL):
        start = time.perf_counter()
        function = symkit.functional(f"{case.text} + {time.time_ns() % 2**32}*x/2**40", backend="cuda")
        torch.autograd.grad(function(x).sum(), x)
        torch.cuda.synchronize()
        results.first_launch[case.name if i else f"{case.name} (first in the process)"] = time.perf_counter() - start


def _check_all(results: CudaResults) -> None:
    for dtype in DTYPES:
        for mode in Mode:
            for case in PANEL:
                if mode is not Mode.BY_CHANNEL or case.parameters:
                    error = _checked(case, dtype, DRY_SIZE, mode, "cpu")
                    name = str(dtype).removeprefix("torch.")
                    results.measurements.append(Measurement(case.name, name, DRY_SIZE, mode.value, {}, 0, error))


def _checked(case: Case, dtype: torch.dtype, elements: int, mode: Mode, device: str) -> float:
    """The error of ours in units of the tolerance of its dtype."""
    leaves, upstream = _leaves(case, dtype, elements, mode, device)
    backward = mode is not Mode.FORWARD
    with torch.set_grad_enabled(backward):
        if device == "cpu":
            found = _by_blocks(case, leaves, upstream, backward)
        else:
            found = _work(candidates(case, False)[OURS], leaves, upstream, backward)()
        return error_of(found, truth_of(case, leaves, upstream, backward), dtype)


def _by_blocks(case: Case, leaves: list[Tensor], upstream: Tensor, backward: bool) -> tuple[Tensor, ...]:
    """The device's kernels, run on the host."""
    pointwise = symkit.functional(case.text).pointwise
    found = _on_host(pointwise)(leaves, upstream.dtype)
    if not backward:
        return found
    derived, _ = pointwise.pullback((True,) * len(leaves), (True,))
    assert derived is not None
    return *found, *_on_host(derived)((upstream, *leaves), None)


def _on_host(pointwise: Pointwise) -> Callable[..., tuple[Tensor, ...]]:
    program = prepared(pointwise.backend, pointwise.program, pointwise.constants)
    target = GpuTarget(program, pointwise.leaves, HostDevice(workers=4096))
    return lambda leaves, dtype: prepare(target, leaves, dtype, pointwise.like)(leaves)


def _leaves(case: Case, dtype: torch.dtype, elements: int, mode: Mode, device: str) -> tuple[list[Tensor], Tensor]:
    generator = torch.Generator(device).manual_seed(0)
    x = (2 * torch.randn(shape(elements), device=device, generator=generator)).to(dtype)
    x = x.masked_fill(x.abs() == KINK, 1)
    sizes = (x.shape[1], 1, 1) if mode is Mode.BY_CHANNEL else ()
    parameters = [torch.full(sizes, value, device=device, dtype=dtype) for value in VALUES[: len(case.parameters)]]
    upstream = torch.randn(x.shape, device=device, generator=generator).to(dtype)
    return [tensor.requires_grad_(mode is not Mode.FORWARD) for tensor in (x, *parameters)], upstream


def _work(run: Any, leaves: list[Tensor], upstream: Tensor, backward: bool) -> Callable[[], tuple[Tensor, ...]]:
    def both() -> tuple[Tensor, ...]:
        result = run(*leaves)
        return result, *torch.autograd.grad(result, leaves, upstream)

    return both if backward else lambda: (run(*leaves),)


# -- what is shown and kept ------------------------------------------------------------------------------------


def tables(results: CudaResults) -> list[Table]:
    """One table a dtype, size and mode; a dry run has errors only."""
    found = []
    runs = dict.fromkeys((m.dtype, m.elements, m.mode) for m in results.measurements)
    for dtype, elements, mode in runs:
        ours = [m for m in results.measurements if (m.dtype, m.elements, m.mode) == (dtype, elements, mode)]
        title = f"{dtype}, {elements} elements, {mode}"
        if not results.bandwidth:
            found.append(Table(title, ("function", "error"), [(m.case, f"{m.error:.2f}") for m in ours], True))
            continue
        bandwidth = results.bandwidth[f"{dtype} {elements}"]
        rows = [
            (
                m.case,
                f"{m.error:.2f}",
                _number(m.seconds.get(OURS), 1e6),
                _number(m.share(bandwidth), 100),
                *(_number(m.ratio(rival)) for rival in (COMPILED, EAGER, PEER)),
            )
            for m in ours
        ]
        ratios = [[m.ratio(rival) for m in ours] for rival in (COMPILED, EAGER, PEER)]
        rows.append(("geometric mean", "", "", _mean(m.share(bandwidth) for m in ours), *map(_mean, ratios)))
        columns = ("function", "error", "symkit, µs", "% of a copy", COMPILED, EAGER, PEER)
        found.append(Table(f"{title}; a copy moves {bandwidth / 1e12:.2f} TB/s", columns, rows, True))
    found += loss_tables(results.losses)
    if results.first_launch:
        rows = [(name, f"{1e3 * seconds:.0f}") for name, seconds in results.first_launch.items()]
        found.append(Table("From text to the first gradient", ("function", "ms"), rows, True))
    return found


def markdown(results: CudaResults) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    parts = [
        "# Fused kernels on CUDA",
        f"Device: {results.device}. {versions}; {results.made}. Made by `python -m bench kernels --device cuda`.",
        MEANING if results.bandwidth else DRY,
        *(f"## {table.title}\n\n{markdown_table(table)}" for table in tables(results)),
    ]
    if results.left_out:
        parts.append("No time was left for: " + "; ".join(results.left_out) + ".")
    return "\n\n".join(parts) + "\n"


MEANING = (
    "Errors are in units of the tolerance, so up to 1 is right. The share of a copy is the bytes that must be read and "
    "written over time, beside those of a copy on the device. Ratios are the other's time divided by symkit's. What "
    "Python costs a call is in all times: at small sizes it is most of them."
)
DRY = (
    "There was no CUDA device. The same kernels ran block by block on the CPU: errors are in units of the tolerance, "
    "so up to 1 is right, and nothing was timed."
)


def main(minutes: float, out: Path | None, as_json: bool) -> None:
    """Runs, shows and keeps a run."""
    results = run(minutes)
    if as_json:
        emit_json(jsonable(asdict(results)))
    else:
        emit(markdown(results))
    folder = out or RESULTS
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kernels-cuda.md").write_text(markdown(results), encoding="utf-8")
    text = json.dumps(jsonable(asdict(results)), indent=1)
    (folder / "kernels-cuda.json").write_text(text + "\n", encoding="utf-8")
    remark(f"wrote kernels-cuda.md and kernels-cuda.json in {folder}")


def _number(value: float | None, unit: float = 1.0) -> str:
    return "-" if value is None else f"{value * unit:.3g}"


def _mean(values: Any) -> str:
    found = [value for value in values if value is not None]
    return f"{geometric_mean(found):.2f}" if found else "-"
