"""How long initialising takes."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import nn

from bench.autoinit_models import ResNet, all_cnn_c
from symkit.nn import autoinit

NETWORKS: dict[str, tuple[Callable[[], nn.Module], float]] = {
    "All-CNN-C": (all_cnn_c, 1.0),
    "ResNet-56": (lambda: ResNet(56), 33.0),
    "ResNet-164": (lambda: ResNet(164, bottleneck=True), 106.0),
}
"""With the seconds that B appendix A.3.1 reports of its own machine."""


@dataclass(frozen=True)
class Duration:
    """Seconds to initialise a network, for one image.

    Attributes:
        first: in a new process; importing apart.
        median: of later ones.
        forward: of running the network once, for comparison.
        reported: by the source.
    """

    network: str
    first: float
    median: float
    forward: float
    reported: float


ALONE = """\
import sys, time, torch
from bench.autoinit_time import NETWORKS
from symkit.nn import autoinit
model, image = NETWORKS[sys.argv[1]][0](), torch.empty(1, 3, 32, 32)
start = time.perf_counter()
autoinit(model, image)
print(time.perf_counter() - start)
"""


def timed(runs: int) -> Iterator[Duration]:
    for name, (make, reported) in NETWORKS.items():
        model, image = make(), torch.zeros(1, 3, 32, 32)
        run = subprocess.run([sys.executable, "-c", ALONE, name], capture_output=True, text=True, check=True)
        initialising, running = [], []
        for _ in range(runs + 1):
            initialising.append(_seconds(lambda m=model, x=image: autoinit(m, x)))
            running.append(_seconds(lambda m=model, x=image: _run(m, x)))
        # The first run of each loads kernels.
        later, forward = statistics.median(initialising[1:]), statistics.median(running[1:])
        yield Duration(name, float(run.stdout), later, forward, reported)


@torch.no_grad()
def _run(model: nn.Module, image: torch.Tensor) -> None:
    model(image)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
