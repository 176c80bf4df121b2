"""How long a function takes to compile: the first one in a process, later ones, and both again from the disk cache.

Each measurement is a fresh process, run as `python -m bench.startup NAME`, that prints its seconds.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from bench.measure import COMPILED, OURS, candidates
from bench.panel import PANEL, VALUES

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = {OURS: "SYMKIT_CACHE_DIR", COMPILED: "TORCHINDUCTOR_CACHE_DIR"}
COUNTS = {OURS: len(PANEL), COMPILED: 5}
"""How many functions each compiles."""


@dataclass(frozen=True)
class Startup:
    """Seconds from a function's text to its first values and gradients, without the imports of torch and symkit.

    Attributes:
        first: the first function in a process, with an empty cache.
        later: the median of those after it.
        first_cached, later_cached: the same in a new process that finds them on disk.
    """

    first: float
    later: float
    first_cached: float
    later_cached: float


def startup(name: str) -> Startup:
    """Runs two processes one after the other, the first with an empty cache."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, FOLDERS[name]: folder, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "bench.startup", name]
        found = []
        for _ in range(2):
            done = subprocess.run(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
            seconds = json.loads(done.stdout)
            found += [seconds[0], statistics.median(seconds[1:])]
    return Startup(*found)


def first_calls(name: str) -> list[float]:
    """Seconds of the first forward and backward of one function after another."""
    torch.set_num_threads(2)
    x = torch.randn(4096, requires_grad=True)
    upstream = torch.ones_like(x)
    # Modules are imported on first use, by torch with its first gradient.
    import symkit.nn  # noqa: F401 - that is all it is for

    torch.autograd.grad(x.exp(), x, upstream)
    found = []
    for case in PANEL[: COUNTS[name]]:
        values = VALUES[: len(case.parameters)]
        leaves = [x, *(torch.tensor(value, requires_grad=True) for value in values)]
        start = time.perf_counter()
        run = candidates(case, name == COMPILED)[name]
        torch.autograd.grad(run(*leaves), leaves, upstream)
        found.append(time.perf_counter() - start)
    return found


if __name__ == "__main__":
    print(json.dumps(first_calls(sys.argv[1])))
