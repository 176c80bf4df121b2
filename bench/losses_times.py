"""Times of losses of logits: symkit's modules, torch.compile, eager torch and torch's own cross-entropy, in turns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.losses_panel import CASES, OPERATORS, LossCase
from bench.measure import COMPILED, EAGER, OURS, Mode
from symkit.cli.timing import Work, medians

ROWS = 128
TOLERANCE = 1e-5
"""Of the loss, beside itself; of its gradient, beside the largest number in it."""

LARGEST_KEPT = 31 * 2**20
"""Bytes of the largest piece of memory that the C library learns from, or just under."""

ALIKE = ("ACE", "SparseLSR", "Focal+SparseLSR")
"""Losses that should take the same time, for only the class counts in them."""

Run = Callable[[Tensor, Tensor], Tensor]
"""A function of logits and class indices."""


@dataclass(frozen=True)
class LossTiming:
    """What was found for one number of classes.

    Attributes:
        mode: `Mode.FORWARD` without grad, or `Mode.BOTH`.
        seconds: median of one call, by loss and then by candidate; torch's own are losses of their own, called EAGER.
            A candidate that gave wrong numbers is not there.
    """

    rows: int
    classes: int
    mode: Mode
    seconds: dict[str, dict[str, float]]

    def ratio(self, loss: str, candidate: str, other: str | None = None) -> float | None:
        """The candidate's time for a loss, or for another one, in units of ours for the loss."""
        ours = self.seconds.get(loss, {}).get(OURS)
        theirs = self.seconds.get(other or loss, {}).get(candidate)
        return None if ours is None or theirs is None else theirs / ours

    def spread(self) -> float | None:
        """The longest of our times for ACE, SparseLSR and Focal+SparseLSR, in units of the shortest."""
        found = [seconds for name in ALIKE if (seconds := self.seconds.get(name, {}).get(OURS)) is not None]
        return max(found) / min(found) if len(found) == len(ALIKE) else None


def timed(classes: int, mode: Mode, *, compile: bool, seconds: float, rows: int = ROWS) -> LossTiming:
    """Checks all candidates, then times those that are right, in turns.

    Args:
        classes: of the logits, which are (rows, classes).
        mode: forward runs without grad; both ways gives the gradient of the logits.
        compile: whether torch.compile is a candidate.
        seconds: how long to measure.
    """
    warm_up()
    logits, target = sample(rows, classes)
    logits.requires_grad_(mode is Mode.BOTH)
    works: dict[tuple[str, str], Work] = {}
    if compile:
        # Specialisations of other sizes would cost it guards, and past eight it would fall back to eager.
        torch._dynamo.reset()
    with torch.set_grad_enabled(mode is Mode.BOTH):
        for case in CASES:
            truth = worked(case.torch, logits.detach().double().requires_grad_(logits.requires_grad), target)()
            for name, run in candidates(case, classes, compile).items():
                work = worked(run, logits, target)
                if error_of(work(), truth) <= TOLERANCE:
                    works[case.name, name] = work
        for name, run in OPERATORS.items():
            works[name, EAGER] = worked(run, logits, target)
        found = medians({_joined(key): work for key, work in works.items()}, seconds)
    timing = LossTiming(rows, classes, mode, {})
    for key in works:
        timing.seconds.setdefault(key[0], {})[key[1]] = found[_joined(key)]
    return timing


def warm_up() -> None:
    """Lets the C library keep memory that is freed, as in any process that has trained for a while.

    It learns from the largest piece it has seen freed. Else it gives the rivals' megabytes back to the system, and
    whoever runs next pays for getting them again.
    """
    torch.empty(LARGEST_KEPT, dtype=torch.uint8)


def sample(rows: int, classes: int) -> tuple[Tensor, Tensor]:
    """Logits and class indices."""
    torch.manual_seed(0)
    return 2 * torch.randn(rows, classes), torch.randint(classes, (rows,))


def candidates(case: LossCase, classes: int, compile: bool) -> dict[str, Run]:
    """Who computes the mean of a loss, by name."""
    found: dict[str, Run] = {OURS: case.ours(classes)}
    if compile:
        found[COMPILED] = torch.compile(case.torch, dynamic=False, fullgraph=True)
    found[EAGER] = case.torch
    return found


def worked(run: Run, logits: Tensor, target: Tensor) -> Callable[[], tuple[Tensor, ...]]:
    """One call, and the gradient of the logits if they require it."""
    if not logits.requires_grad:
        return lambda: (run(logits, target),)

    def work() -> tuple[Tensor, ...]:
        loss = run(logits, target)
        return loss, *torch.autograd.grad(loss, logits)

    return work


def error_of(found: tuple[Tensor, ...], truth: tuple[Tensor, ...]) -> float:
    """The largest error, in units of the loss or of the largest number in its gradient."""
    errors = []
    for tensor, exact in zip(found, truth, strict=True):
        exact = exact.detach()
        errors.append(float((tensor.detach().double() - exact).abs().max() / exact.abs().max()))
    return max(error if error == error else float("inf") for error in errors)


def _joined(key: tuple[str, str]) -> str:
    return ": ".join(key)
