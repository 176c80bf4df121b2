"""Memory that a loss of logits takes for its value and gradient at most: every tensor that is alive at one time.

What torch's allocator hands out and gets back is counted, byte by byte, in a process of its own, so that what is kept
from the first call for later ones counts too. Kernels write to such tensors; their code allocates nothing.
"""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import torch

from bench.losses_panel import CASES, OPERATORS
from bench.losses_times import ROWS, candidates, sample, worked
from bench.measure import COMPILED, EAGER, OURS
from symkit.cli.timing import Work

ALLOCATED = "[memory]"
"""What torch's profiler calls a piece of memory that is taken, or given back: then its size is negative."""


@dataclass(frozen=True)
class Peak:
    """One loss and one number of classes.

    Attributes:
        gradient: bytes of the gradient of the logits.
        most: by candidate, the most bytes held at one time, beside the logits and labels, forward and backward.
    """

    loss: str
    rows: int
    classes: int
    gradient: int
    most: dict[str, int]

    def gradients(self, candidate: str) -> float | None:
        """The most held, in units of the gradient."""
        return self.most[candidate] / self.gradient if candidate in self.most else None

    def beside(self) -> int:
        """Bytes that symkit holds beside the gradient."""
        return self.most[OURS] - self.gradient


def peaks(classes: int, *, compile: bool, rows: int = ROWS) -> list[Peak]:
    """For every loss, and torch's own, in a fresh process."""
    # The profiler's library announces itself on standard error, line by line.
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as fresh:
        return fresh.submit(peaks_here, classes, compile, rows).result()


def peaks_here(classes: int, compile: bool, rows: int) -> list[Peak]:
    """The same in this process."""
    logits, target = sample(rows, classes)
    logits.requires_grad_()
    size = logits.untyped_storage().nbytes()
    found = []
    for case in CASES:
        runs = candidates(case, classes, compile)
        most = {name: peak_of(worked(run, logits, target), name == COMPILED) for name, run in runs.items()}
        found.append(Peak(case.name, rows, classes, size, most))
    for name, run in OPERATORS.items():
        found.append(Peak(name, rows, classes, size, {EAGER: peak_of(worked(run, logits, target))}))
    return found


def peak_of(work: Work, compiles: bool = False) -> int:
    """The most bytes of tensors alive at one time in two calls, what they return and leave behind included.

    Args:
        compiles: whether there is a call before, for compiling.
    """
    if compiles:
        work()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        for _ in range(2):
            kept = work()
            del kept
    held = most = 0
    for event in sorted(profile.profiler.kineto_results.events(), key=lambda event: event.start_ns()):
        if event.name() == ALLOCATED:
            held += event.nbytes()
            most = max(most, held)
    return most
