"""What a call costs beside plain torch: small tensors, where Python is all that counts.

    python bench/overhead.py [--rounds 200] [--write]

Every row runs the same formula in plain eager torch and in symkit's backends in turns, so that a busy machine slows
all, and shows medians. `--write` keeps the table in bench/results/overhead.md.
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
BACKENDS = ("torch", "auto")
RESULTS = Path(__file__).parent / "results" / "overhead.md"

Work = Callable[[], object]
OfOne = Callable[[Tensor], Tensor]
OfTwo = Callable[[Tensor, Tensor], Tensor]


def swish(x: Tensor) -> Tensor:
    return x * torch.sigmoid(x)


def scaled(x: Tensor, beta: Tensor) -> Tensor:
    return x * torch.sigmoid(beta * x)


def squared(input: Tensor, target: Tensor) -> Tensor:
    return ((target - input) ** 2).mean()


def cases() -> dict[str, list[Work]]:
    """By name: the same work in plain torch and in each backend."""
    x = torch.randn(ELEMENTS)
    recorded = torch.randn(ELEMENTS, requires_grad=True)
    upstream = torch.ones(ELEMENTS)
    functions: list[OfOne] = [swish, *(symkit.functional("x*sigmoid(x)", backend=name) for name in BACKENDS)]
    layers = [symkit.nn.Activation("x*sigmoid(beta*x)", backend=name) for name in BACKENDS]
    losses: list[OfTwo] = [squared, *(symkit.nn.Loss("(y - p)**2", backend=name) for name in BACKENDS)]
    beta = torch.nn.Parameter(torch.ones(()))

    def without_grad(of: OfOne) -> Work:
        def work() -> None:
            with torch.no_grad():
                of(x)

        return work

    def both_ways(of: OfOne, *parameters: Tensor) -> Work:
        return lambda: torch.autograd.grad(of(recorded), (recorded, *parameters), upstream)

    def loss_both_ways(of: OfTwo) -> Work:
        return lambda: torch.autograd.grad(of(recorded, x), recorded)

    def of_beta(x: Tensor) -> Tensor:
        return scaled(x, beta)

    return {
        "functional, forward without grad": [without_grad(of) for of in functions],
        "functional, forward and backward": [both_ways(of) for of in functions],
        "Activation with a parameter, forward without grad": [without_grad(of_beta), *map(without_grad, layers)],
        "Activation with a parameter, forward and backward": [
            both_ways(of_beta, beta),
            *(both_ways(layer, layer.get_parameter("beta")) for layer in layers),
        ],
        "Loss with mean, forward and backward": [loss_both_ways(of) for of in losses],
    }


def microseconds(work: Work) -> float:
    start = time.perf_counter()
    for _ in range(CALLS):
        work()
    return (time.perf_counter() - start) / CALLS * 1e6


def medians(works: list[Work], rounds: int) -> list[float]:
    """Median time of each, taken in turns after a warm-up."""
    for work in works:
        microseconds(work)
    turns = [[microseconds(work) for work in works] for _ in range(rounds)]
    return [statistics.median(times) for times in zip(*turns, strict=True)]


def table(rounds: int) -> str:
    heads = [f"{backend}, µs | more than plain, µs" for backend in BACKENDS]
    lines = [
        f"| {ELEMENTS} float32 elements | plain torch, µs | {' | '.join(heads)} |",
        "|---|---:|" + "---:|---:|" * len(BACKENDS),
    ]
    for name, works in cases().items():
        plain, *others = medians(works, rounds)
        cells = [f"{time:.1f} | {time - plain:+.1f} ({time / plain:.1f} times)" for time in others]
        lines.append(f"| {name} | {plain:.1f} | {' | '.join(cells)} |")
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
