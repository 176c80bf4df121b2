"""Times by the clock of a CUDA device."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch

ROUNDS = 15

Work = Callable[[], object]


def device_medians(works: dict[str, Work]) -> dict[str, float]:
    """Seconds of one call of each by the device's own clock, all in turns."""
    calls = {}
    for name, work in works.items():
        work()
        torch.cuda.synchronize()
        start = time.perf_counter()
        work()
        torch.cuda.synchronize()
        calls[name] = max(1, min(50, round(2e-3 / max(time.perf_counter() - start, 1e-6))))
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            begin.record()
            for _ in range(calls[name]):
                work()
            end.record()
            end.synchronize()
            found[name].append(begin.elapsed_time(end) / 1e3 / calls[name])
    return {name: statistics.median(seconds) for name, seconds in found.items()}
