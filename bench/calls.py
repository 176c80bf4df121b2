"""What a call costs beside eager torch, torch.compile and an autograd function that does nothing: 1024 elements."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from bench.measure import COMPILED, EAGER, OURS, candidates
from bench.panel import PANEL
from symkit.cli.timing import Work, medians

ELEMENTS = 1024
EMPTY = "empty autograd.Function"

Calls = dict[str, dict[str, float]]
"""Seconds by what is called, then by candidate."""


class Empty(torch.autograd.Function):
    """The least that a function with a saved input costs in Python: two allocations and nothing computed."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return torch.empty_like(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return torch.empty_like(x)


def call_costs(*, compile: bool, seconds: float) -> Calls:
    """Median seconds of a call of swish, forward without grad, and forward and backward."""
    x = torch.randn(ELEMENTS)
    recorded = torch.randn(ELEMENTS, requires_grad=True)
    upstream = torch.ones(ELEMENTS)
    runs = {name: run for name, run in candidates(PANEL[0], compile).items() if name in (OURS, COMPILED, EAGER)}

    def forward(run: Any) -> Work:
        return lambda: run(x)

    def both(run: Any) -> Work:
        return lambda: torch.autograd.grad(run(recorded), recorded, upstream)

    with torch.no_grad():
        one_way = medians({name: forward(run) for name, run in runs.items()}, seconds)
    both_ways = medians({name: both(run) for name, run in {**runs, EMPTY: Empty.apply}.items()}, seconds)
    return {"forward without grad": one_way, "forward and backward": both_ways}
