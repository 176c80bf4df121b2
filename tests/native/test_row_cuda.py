"""CUDA kernels of losses of logits: on the host, block by block, the CPU kernel's numbers; for devices, sound PTX."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from functools import partial

import pytest
import torch
from kernels import same
from launches import Watched
from torch import Tensor

from symkit import parse, zoo
from symkit.backends.native.cuda import Loaded
from symkit.backends.native.cuda_code import ptx
from symkit.backends.native.cuda_entry import KernelText
from symkit.backends.native.cuda_memory import CudaTarget
from symkit.backends.native.host_blocks import HostBlocks, HostDevice
from symkit.backends.native.machine import FLOAT32, FLOAT64, Format
from symkit.backends.native.ptxas import assembled
from symkit.backends.native.row_arithmetic import RowArithmetic
from symkit.backends.native.row_cuda import RowCudaKernel, row_kernel
from symkit.backends.native.row_cuda_layout import MOST_PARTS, Split, split_gradient, split_sums
from symkit.backends.native.row_cuda_stages import Stage, stages
from symkit.backends.native.row_host import RowKernel, RowResult
from symkit.nn import fused_loss
from symkit.nn.curves import curves
from symkit.nn.loss_function import loss_function

CROSS_ENTROPY = "-y*log(p)"
BOTH_SIDES = "f(y, p; gamma = 2) = -y*(1 - p)**gamma*log(p) - (1 - y)*p**gamma*log(1 - p)"
CONSTANT = "f(y, p; a = 0.7) = a - y*log(p)"

IGNORED = -100
WORKERS = 64
HOST = HostDevice(WORKERS)
"""One device, so that equal kernels are compiled once."""


class Case:
    """A call of the kernels of a loss, of the CPU and of a device."""

    def __init__(
        self,
        text: str,
        shape: tuple[int, ...],
        dtype: torch.dtype = torch.float32,
        *,
        dense: bool = False,
        weighted: bool = False,
        reduction: str = "mean",
        has_gradient: bool = True,
    ) -> None:
        found = curves(parse(text))
        wanted = found.leaves if has_gradient else ()
        self.kernel = fused_loss.row_kernel(found, wanted, not dense, weighted, has_gradient)
        self.reduction = reduction
        self.logits = (3 * torch.randn(shape)).to(dtype)
        rows = (shape[0], *shape[2:])
        self.target = torch.randint(shape[1], rows)
        if len(self.target.view(-1)) > 1:
            self.target.view(-1)[1::3] = IGNORED
        if dense:
            self.target = torch.rand(shape).softmax(1).to(dtype)
        self.weight = (torch.rand(shape[1]) + 0.5).to(dtype) if weighted else None
        self.leaves = [torch.tensor(1.3, dtype=dtype) for _ in found.leaves]
        self.given = torch.randn(rows if reduction == "none" else (), dtype=torch.float32).to(dtype)

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        return self.logits, self.target, *([] if self.weight is None else [self.weight]), *self.leaves

    def on(self, kernel: RowKernel) -> tuple[RowResult, list[Tensor]]:
        """What a kernel gives: loss, losses of rows, derivatives by leaves, and the gradient."""
        result = kernel(self.logits, self.target, self.weight, self.leaves, IGNORED, self.reduction)
        found = [result.loss, result.losses, result.by_leaves]
        if kernel.loss.has_gradient:
            found.append(result.pulled(self.given, self.tensors))
        return result, found

    def assert_as_the_cpu(self, ulps: float = 8) -> None:
        kernel = row_kernel(self.kernel.loss, HOST)
        _, expected = self.on(self.kernel)
        _, found = self.on(kernel)
        _, again = self.on(kernel)
        eps = torch.finfo(torch.float64 if self.logits.dtype == torch.float64 else torch.float32).eps
        for theirs, ours, repeated in zip(expected, found, again, strict=True):
            assert same(ours, repeated)
            assert (ours.shape, ours.dtype, ours.stride()) == (theirs.shape, theirs.dtype, theirs.stride())
            # Losses are few numbers that may cancel; one rounding more makes another half.
            own = max(torch.finfo(ours.dtype).eps, eps)
            largest = float(theirs.abs().max()) if theirs.numel() else 0.0
            torch.testing.assert_close(ours, theirs, rtol=ulps * own, atol=ulps * own * largest / 8)


SHAPES = [(1, 3), (5, 7), (64, 100), (3, 4, 6), (2, 60, 15), (2, 50_000), (3000, 10)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_shape(shape: tuple[int, ...]) -> None:
    Case(CROSS_ENTROPY, shape).assert_as_the_cpu()


@pytest.mark.parametrize("shape", [(5, 7), (64, 100), (2, 60, 15)], ids=str)
def test_losses_of_every_output(shape: tuple[int, ...]) -> None:
    Case(BOTH_SIDES, shape).assert_as_the_cpu()


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16], ids=str)
def test_every_dtype(dtype: torch.dtype) -> None:
    Case(CROSS_ENTROPY, (64, 104), dtype, weighted=True).assert_as_the_cpu()


@pytest.mark.parametrize("reduction", ["none", "sum"])
def test_every_reduction(reduction: str) -> None:
    Case(CROSS_ENTROPY, (64, 100), reduction=reduction).assert_as_the_cpu()


def test_a_number_for_every_output_and_weights() -> None:
    Case(BOTH_SIDES, (70, 12), dense=True, weighted=True).assert_as_the_cpu()


def test_what_other_outputs_lose_whatever_they_predict() -> None:
    """The weights of all classes are summed for it."""
    Case(CONSTANT, (64, 100), weighted=True).assert_as_the_cpu()


def test_without_a_gradient() -> None:
    Case(BOTH_SIDES, (64, 100), has_gradient=False).assert_as_the_cpu()


def test_memory_of_any_layout() -> None:
    """Classes or rows side by side, neither, unaligned, expanded."""
    whole = torch.randn(40, 300)
    case = Case(CROSS_ENTROPY, (40, 100))
    for logits in (whole[:, 1:101], whole[:, ::3], whole.t()[:40, :32].t(), whole[:1, :100].expand(40, 100)):
        case.logits = logits
        case.target = torch.randint(logits.shape[1], logits.shape[:1])
        case.assert_as_the_cpu()


def test_masked_and_far_logits() -> None:
    case = Case(CROSS_ENTROPY, (64, 100))
    case.logits[:, 7:50] = -torch.inf
    case.logits[::2] *= 1e4
    case.logits[3] = 5.0
    case.logits[4] = -torch.inf
    case.logits[4, 60] = 0.0
    case.target = torch.randint(50, 100, (64,))
    case.assert_as_the_cpu()


def test_nan_stays_in_its_row() -> None:
    case = Case(CROSS_ENTROPY, (64, 100), reduction="none")
    case.target[:] = 3
    case.logits[5, 88] = torch.nan
    _, (_, losses, _, gradient) = case.on(row_kernel(case.kernel.loss, HOST))
    assert losses.isnan().nonzero().tolist() == [[5]]
    assert gradient.isnan().all(1).nonzero().tolist() == [[5]]
    assert not gradient[:5].isnan().any()


@pytest.mark.parametrize("stray", [100, -1, 2**40])
def test_a_label_that_is_no_class_makes_its_row_nan(stray: int) -> None:
    case = Case(CROSS_ENTROPY, (64, 100), reduction="none")
    case.target[9] = stray
    kernel = row_kernel(case.kernel.loss, HOST)
    _, (_, losses, _, gradient) = case.on(kernel)
    assert losses.isnan().nonzero().tolist() == [[9]]
    assert gradient[9].isnan().all()
    assert gradient.isnan().any(1).nonzero().tolist() == [[9]]
    case.reduction, case.given = "mean", torch.tensor(1.0)
    assert case.on(kernel)[1][0].isnan()


def test_where_no_row_counts() -> None:
    """The mean of no rows is NaN, and its gradient 0, as on the CPU."""
    case = Case(BOTH_SIDES, (5, 7))
    case.target[:] = IGNORED
    _, (loss, losses, by_leaves, gradient) = case.on(row_kernel(case.kernel.loss, HOST))
    assert loss.isnan()
    assert not any(tensor.any() for tensor in (losses, by_leaves, gradient))


# Threads


def chunks_of(split: Split, at_once: int, chunks: int, part: int) -> list[int]:
    """The chunks that a part goes along, as the text does."""
    whole = [
        part + turn * at_once * split.parts + u * split.parts for turn in range(split.turns) for u in range(at_once)
    ]
    left = [split.turns * at_once * split.parts + part + turn * split.parts for turn in range(split.left)]
    return [*whole, *(chunk for chunk in left if chunk < chunks)]


@pytest.mark.parametrize("plan", [split_sums, split_gradient])
@pytest.mark.parametrize("rows", [1, 100, 100_000])
@pytest.mark.parametrize("chunks", [1, 5, 250, 12_500, 50_257])
@pytest.mark.parametrize("along", [True, False])
def test_parts_share_every_chunk_once(plan: Callable[..., Split], rows: int, chunks: int, along: bool) -> None:
    split = plan(rows, chunks, 16, 2, along, 270_336)
    every = [chunk for part in range(split.parts) for chunk in chunks_of(split, 2, chunks, part)]
    assert sorted(every) == list(range(chunks))
    assert plan is split_gradient or split.parts <= MOST_PARTS


def test_few_rows_of_many_classes_and_many_of_few_fill_a_device() -> None:
    workers = 270_336
    assert split_sums(1, 12_500, 16, 2, True, workers).parts == MOST_PARTS
    assert split_gradient(1, 12_500, 16, 2, True, workers).parts > 6000
    assert split_sums(128, 12_500, 16, 2, True, workers).parts * 128 > 32_000
    assert split_sums(100_000, 5, 8, 4, True, workers) == Split(1, 1, 1)
    # Rows that are longer than a line of memory have neighbouring threads even where there are enough of them.
    assert split_sums(1_000_000, 250, 16, 2, True, workers).parts == 8


# On a device


LOSSES = ["ce", "focal_sparselsr", "lsr", "cauchy"]
FORBIDDEN = re.compile(r"\.approx|\.ftz|\bcall\b|\.extern|\b(?:add|sub|mul|fma|div|rcp|sqrt)\.f(?:32|64)\b")
BLOCKING = re.compile(r"\bbar\b|\bshfl\b|\batom\b|\bred\b|\.shared")


def texts_of(name: str, dtype: torch.dtype, shape: tuple[int, ...]) -> dict[Stage, KernelText]:
    """The kernels of a zoo loss, with derivatives by all its leaves, on a device of usual size."""
    found = curves(parse(name) if "y" in name else zoo[name])
    loss = fused_loss.row_kernel(found, found.leaves, True, False, True).loss
    device = Unlaunched(270_336)
    logits, leaves = torch.empty(shape, dtype=dtype), [torch.empty(())] * len(found.leaves)
    kernel = RowCudaKernel(loss, device)
    kernel(logits, torch.zeros((shape[0], *shape[2:]), dtype=torch.int64), None, leaves, IGNORED, "mean")
    format: Format = FLOAT64 if dtype == torch.float64 else FLOAT32
    return dict(zip(stages(RowArithmetic(loss, format), len(device.texts) > 3), device.texts, strict=True))


class Unlaunched(Watched):
    """Compiles nothing."""

    def load(self, fingerprint: str, source: Callable[[], KernelText]) -> HostBlocks:
        self.texts.append(source())
        return Silent()  # type: ignore[return-value]


class Silent:
    def launch(self, arguments: bytes, grid: int) -> None:
        pass


@pytest.mark.parametrize("target", ["sm_80", "sm_90"])
def test_kernels_assemble_without_spills(target: str) -> None:
    texts = [text for name in LOSSES for text in texts_of(name, torch.float32, (128, 50_000)).values()]
    texts += list(texts_of(BOTH_SIDES, torch.bfloat16, (128, 50_000)).values())
    texts += list(texts_of("focal", torch.float32, (8, 21, 4096)).values())
    texts += list(texts_of("focal", torch.float64, (100_000, 10)).values())
    kernels = [ptx(text.text(CudaTarget.NVPTX), target) for text in texts]
    for kernel in kernels:
        assert FORBIDDEN.search(kernel) is None
        assert BLOCKING.search(kernel) is None
        # Pointers are known to be global.
        assert re.search(r"\b(?:ld|st)\.(?!global|param)", kernel) is None
    assert {(need.spilled, need.stack) for need in assembled(kernels, target)} == {(0, 0)}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_threads_move_16_bytes_at_once(dtype: torch.dtype) -> None:
    texts = texts_of("ce", dtype, (128, 50_000))
    parts, gradient = (ptx(texts[stage].text(CudaTarget.NVPTX), "sm_90") for stage in (Stage.PARTS, Stage.GRADIENT))
    assert re.search(r"ld\.global\.nc\.v4\.b32", parts)
    assert re.search(r"ld\.global\.nc\.v4\.b32", gradient)
    assert re.search(r"st\.global\.v4\.b32", gradient)


# The first results


class Spoilt(HostDevice):
    """A device that reads another tensor than it should."""

    def __init__(self, capturing: bool = False) -> None:
        super().__init__(WORKERS)
        self.capturing = capturing

    def load(self, fingerprint: str, source: Callable[[], KernelText]) -> Loaded:  # type: ignore[override]
        kernel = super().load(fingerprint, source)

        class Launcher:
            def launch(self, arguments: bytes, grid: int) -> None:
                if "gradient" in fingerprint:
                    arguments = arguments[16:24] + arguments[8:]
                kernel.launch(arguments, grid)

        return Launcher()

    def is_capturing(self) -> bool:
        return self.capturing


def loss_and_gradient(logits: Tensor, target: Tensor) -> tuple[Tensor, ...]:
    given = logits.clone().requires_grad_()
    loss = loss_function(CROSS_ENTROPY, link="softmax")(given, target)
    return loss.detach(), *torch.autograd.grad(loss, given)


def use(device: HostDevice, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(fused_loss, "HOST", partial(row_kernel, device=device))


def assert_close(found: Sequence[Tensor], expected: Sequence[Tensor]) -> None:
    torch.testing.assert_close(tuple(found), tuple(expected))


def test_a_wrong_kernel_is_noticed_once_and_torch_takes_over(monkeypatch: pytest.MonkeyPatch) -> None:
    logits, target = torch.randn(64, 100), torch.randint(100, (64,))
    expected = loss_and_gradient(logits, target)
    use(Spoilt(), monkeypatch)
    with pytest.warns(RuntimeWarning, match="gave other numbers than torch on the host"):
        assert_close(loss_and_gradient(logits, target), expected)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_close(loss_and_gradient(logits, target), expected)


def test_a_right_kernel_is_believed_and_used(monkeypatch: pytest.MonkeyPatch) -> None:
    logits, target = torch.randn(64, 100), torch.randint(100, (64,))
    expected = loss_and_gradient(logits, target)
    device = Watched(WORKERS)
    use(device, monkeypatch)
    assert_close(loss_and_gradient(logits, target), expected)
    assert len(device.texts) == 4


def test_nothing_is_looked_at_while_a_graph_is_captured(monkeypatch: pytest.MonkeyPatch) -> None:
    logits, target = torch.randn(64, 100), torch.randint(100, (64,))
    use(Spoilt(capturing=True), monkeypatch)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loss_and_gradient(logits, target)
