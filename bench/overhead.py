"""What a call costs beside plain torch: small tensors, where Python is all that counts.

    python bench/overhead.py [--rounds 200] [--write]

Every row runs symkit and the same formula in plain eager torch in turns, so that a busy machine slows both, and shows
medians. `--write` keeps the table in bench/results/overhead.md.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

import symkit

ELEMENTS = 1000
CALLS = 50
RESULTS = Path(__file__).parent / "results" / "overhead.md"

Work = Callable[[], object]


def swish(x: Tensor) -> Tensor:
    return x * torch.sigmoid(x)


def scaled(x: Tensor, beta: Tensor) -> Tensor:
    return x * torch.sigmoid(beta * x)


def squared(input: Tensor, target: Tensor) -> Tensor:
    return ((target - input) ** 2).mean()


def cases() -> dict[str, tuple[Work, Work]]:
    """By name: the same work in symkit and in plain torch."""
    x = torch.randn(ELEMENTS)
    recorded = torch.randn(ELEMENTS, requires_grad=True)
    upstream = torch.ones(ELEMENTS)
    function = symkit.functional("x*sigmoid(x)")
    layer = symkit.nn.Activation("x*sigmoid(beta*x)")
    beta = torch.nn.Parameter(torch.ones(()))
    loss = symkit.nn.Loss("(y - p)**2")

    def without_grad(of: Callable[[Tensor], Tensor]) -> Work:
        def work() -> None:
            with torch.no_grad():
                of(x)

        return work

    def both_ways(of: Callable[[Tensor], Tensor], *parameters: Tensor) -> Work:
        return lambda: torch.autograd.grad(of(recorded), (recorded, *parameters), upstream)

    def loss_both_ways(of: Callable[[Tensor, Tensor], Tensor]) -> Work:
        return lambda: torch.autograd.grad(of(recorded, x), recorded)

    return {
        "functional, forward without grad": (without_grad(function), without_grad(swish)),
        "functional, forward and backward": (both_ways(function), both_ways(swish)),
        "Activation with a parameter, forward without grad": (
            without_grad(layer),
            without_grad(lambda x: scaled(x, beta)),
        ),
        "Activation with a parameter, forward and backward": (
            both_ways(layer, layer.get_parameter("beta")),
            both_ways(lambda x: scaled(x, beta), beta),
        ),
        "Loss with mean, forward and backward": (loss_both_ways(loss), loss_both_ways(squared)),
    }


def microseconds(work: Work) -> float:
    start = time.perf_counter()
    for _ in range(CALLS):
        work()
    return (time.perf_counter() - start) / CALLS * 1e6


def medians(ours: Work, theirs: Work, rounds: int) -> tuple[float, float]:
    """Median time of each, taken in turns after a warm-up."""
    for work in (ours, theirs):
        microseconds(work)
    times = [(microseconds(ours), microseconds(theirs)) for _ in range(rounds)]
    mine, other = zip(*times, strict=True)
    return statistics.median(mine), statistics.median(other)


def table(rounds: int) -> str:
    lines = [
        f"| {ELEMENTS} float32 elements | symkit, µs | torch, µs | difference, µs | ratio |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, (ours, theirs) in cases().items():
        mine, other = medians(ours, theirs, rounds)
        lines.append(f"| {name} | {mine:.1f} | {other:.1f} | {mine - other:.1f} | {mine / other:.2f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--write", action="store_true", help=f"keep the table in {RESULTS.name}")
    given = parser.parse_args()
    torch.set_num_threads(1)
    found = table(given.rounds)
    print(found)
    if given.write:
        machine = f"torch {torch.__version__}, Python {platform.python_version()}, {platform.machine()}, one thread"
        about = f"Medians of {given.rounds} turns of {CALLS} calls each. {machine}. Made by `python bench/overhead.py`."
        RESULTS.write_text(f"# What a call costs beside plain torch\n\n{found}\n\n{about}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
