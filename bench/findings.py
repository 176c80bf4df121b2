"""What a run found, with the machine it ran on; kept as JSON."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import torch

import symkit
from bench.calls import Calls
from bench.measure import Mode, Timing
from bench.startup import Startup


@dataclass(frozen=True)
class Results:
    """One run of the panel.

    Attributes:
        machine, versions: what ran it.
        made: the day; `load` is what others asked of the processor when it began.
        timings: one for each function, size and mode.
        calls: what a call costs; see `bench.calls`.
        startup: compile times by candidate.
    """

    machine: dict[str, Any]
    versions: dict[str, str]
    made: str
    load: float
    timings: list[Timing]
    calls: Calls
    startup: dict[str, Startup]

    def ratios(self, elements: int, mode: Mode, candidate: str) -> list[float]:
        """The candidate's times in units of ours, for all functions that both run."""
        found = (t.ratio(candidate) for t in self.timings if t.elements == elements and t.mode is mode)
        return [ratio for ratio in found if ratio is not None]

    @property
    def runs(self) -> list[tuple[int, Mode]]:
        """The sizes and modes measured."""
        return list(dict.fromkeys((t.elements, t.mode) for t in self.timings))

    def as_json(self) -> dict[str, Any]:
        value = asdict(self)
        for timing in value["timings"]:
            timing["mode"] = timing["mode"].value
        return value


def from_json(value: dict[str, Any]) -> Results:
    """What `as_json` made."""
    timings = [Timing(**{**timing, "mode": Mode(timing["mode"])}) for timing in value["timings"]]
    startup = {name: Startup(**seconds) for name, seconds in value["startup"].items()}
    return Results(**{**value, "timings": timings, "startup": startup})


def geometric_mean(ratios: Iterable[float]) -> float:
    logarithms = [math.log(ratio) for ratio in ratios]
    return math.exp(sum(logarithms) / len(logarithms))


def surroundings(threads: int) -> dict[str, Any]:
    """The machine, versions, day and load, as `Results` takes them."""
    import llvmlite

    return {
        "machine": {"cpu": _cpu(), "cores": os.cpu_count(), "threads": threads, "vectors": _vectors()},
        "versions": {
            "symkit": symkit.__version__,
            "torch": torch.__version__,
            "llvmlite": llvmlite.__version__,
            "python": platform.python_version(),
        },
        "made": date.today().isoformat(),
        "load": round(os.getloadavg()[0], 2),
    }


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.machine()


def _vectors() -> str:
    return str(torch.backends.cpu.get_cpu_capability())
