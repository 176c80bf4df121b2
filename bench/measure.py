"""One function at one size: symkit and its rivals, checked, then timed in turns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

import torch
from torch import Tensor

import symkit
from bench.panel import VALUES, Case
from symkit.cli.timing import Work, medians

Run = Callable[..., Tensor]
"""A function of x and the parameters in order."""

CHANNELS = 64
TOLERANCE = 1e-5
"""Of results: beside max(1, |exact|). Of summed gradients: beside the sum of the magnitudes of their terms."""

OURS, COMPILED, EAGER, PEER, COPY = "symkit", "torch.compile", "eager", "operator", "copy"


class Mode(Enum):
    """What is timed."""

    FORWARD = "forward"
    BOTH = "forward and backward"
    BY_CHANNEL = "forward and backward, a parameter a channel"


@dataclass(frozen=True)
class Timing:
    """What was found for one function at one size.

    Attributes:
        seconds: median of one call, by candidate; a candidate that gave wrong numbers is not there.
        errors: by candidate, the largest error in units of the tolerance.
        saved: by candidate, bytes that it keeps for backward, in units of the input's.
    """

    case: str
    elements: int
    mode: Mode
    seconds: dict[str, float]
    errors: dict[str, float]
    saved: dict[str, float] = field(default_factory=dict)

    def ratio(self, candidate: str) -> float | None:
        """The candidate's time in units of ours."""
        if candidate not in self.seconds or OURS not in self.seconds:
            return None
        return self.seconds[candidate] / self.seconds[OURS]


def measured(case: Case, elements: int, mode: Mode, *, compile: bool, seconds: float) -> Timing:
    """Checks all candidates, then times those that are right, in turns.

    Args:
        case: the function.
        elements: of x; a multiple of 64.
        mode: forward runs without grad; the others give the gradients of x and of all parameters.
        compile: whether torch.compile is a candidate. It compiles for this one size, as it does by default.
        seconds: how long to measure.
    """
    torch.manual_seed(0)
    x = 2 * torch.randn(shape(elements))
    sizes = (CHANNELS, 1, 1) if mode is Mode.BY_CHANNEL else ()
    parameters = [torch.full(sizes, value) for value in VALUES[: len(case.parameters)]]
    upstream = torch.randn(x.shape)
    backward = mode is not Mode.FORWARD
    leaves = [tensor.requires_grad_(backward) for tensor in (x, *parameters)]
    works: dict[str, Callable[[], tuple[Tensor, ...]]] = {}
    with torch.set_grad_enabled(backward):
        truth = truth_of(case, leaves, upstream, backward)
        for name, run in candidates(case, compile).items():
            works[name] = _both_ways(run, leaves, upstream) if backward else _one_way(run, leaves)
        errors = {name: error_of(work(), truth) for name, work in works.items()}
        right: dict[str, Work] = {name: work for name, work in works.items() if errors[name] <= 1}
        right[COPY] = lambda: torch.empty_like(upstream).copy_(upstream)
        timed = medians(right, seconds)
        saved = {n: _saved(r, leaves) for n, r in candidates(case, False).items()} if backward else {}
    return Timing(case.name, elements, mode, timed, errors, saved)


def shape(elements: int) -> tuple[int, int, int, int]:
    """A batch of images with 64 channels."""
    pixels = elements // CHANNELS
    side = min(32, 2 ** ((pixels.bit_length() - 1) // 2))
    batch = pixels // side**2
    if elements < 1 or batch * CHANNELS * side * side != elements:
        raise ValueError(f"{elements} make no batch of square images with {CHANNELS} channels; try a power of 2")
    return batch, CHANNELS, side, side


def candidates(case: Case, compile: bool) -> dict[str, Run]:
    """Who runs a function, by name."""
    function = symkit.functional(case.text)

    def ours(x: Tensor, *parameters: Tensor) -> Tensor:
        return function(x, **dict(zip(case.parameters, parameters, strict=True)))

    found: dict[str, Run] = {OURS: ours if case.parameters else function}
    if compile:
        # Specialisations of other sizes would cost it guards, and past eight it would fall back to eager.
        torch._dynamo.reset()
        found[COMPILED] = torch.compile(case.torch, dynamic=False, fullgraph=True)
    found[EAGER] = case.torch
    if case.peer is not None and case.peer is not case.torch:
        found[PEER] = case.peer
    return found


def _one_way(run: Run, leaves: list[Tensor]) -> Callable[[], tuple[Tensor, ...]]:
    return lambda: (run(*leaves),)


def _both_ways(run: Run, leaves: list[Tensor], upstream: Tensor) -> Callable[[], tuple[Tensor, ...]]:
    def work() -> tuple[Tensor, ...]:
        result = run(*leaves)
        return result, *torch.autograd.grad(result, leaves, upstream)

    return work


def truth_of(case: Case, leaves: list[Tensor], upstream: Tensor, backward: bool) -> list[tuple[Tensor, Tensor]]:
    """Every result in float64, and what its error is measured in: for a sum the magnitudes of its terms."""
    shape = leaves[0].shape
    # Parameters as large as x have one gradient a term.
    wide = [leaf.detach().double().expand(shape).clone().requires_grad_(backward) for leaf in leaves]
    result = case.torch(*wide)
    found = [(result.detach(), result.detach().abs().clamp(min=1))]
    if backward:
        terms = torch.autograd.grad(result, wide, upstream.double())
        for leaf, term in zip(leaves, terms, strict=True):
            found.append((term.sum_to_size(leaf.shape), term.abs().sum_to_size(leaf.shape).clamp(min=1)))
    return found


def error_of(
    found: tuple[Tensor, ...], truth: list[tuple[Tensor, Tensor]], dtype: torch.dtype = torch.float32
) -> float:
    """The largest error in units of the tolerance, which is rounding's for dtypes coarser than it."""
    tolerance = max(TOLERANCE, 2 * torch.finfo(dtype).eps)
    errors = [
        ((tensor.detach().double() - exact).abs() / unit).max() / tolerance
        for tensor, (exact, unit) in zip(found, truth, strict=True)
    ]
    largest = float(torch.stack(errors).max())
    return largest if largest == largest else float("inf")


def _saved(run: Run, leaves: list[Tensor]) -> float:
    """Bytes kept for backward, in units of the input's; what torch keeps anyway, the parameters, does not count."""
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        if tensor.numel() >= leaves[0].numel():
            kept[tensor.data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result = run(*leaves)
    del result
    return sum(kept.values()) / leaves[0].untyped_storage().nbytes()
