"""The exact backend: each element by mpmath, rounded once. Slow, and what the others are held to."""

from __future__ import annotations

import torch
from torch import Tensor

from symkit.backends.protocol import Kernel, Like
from symkit.backends.unfused import Unfused
from symkit.evaluation import evaluate_exact
from symkit.ir import Program
from symkit.ops import Operator


class ExactBackend:
    """Runs a Program one element at a time."""

    name = "exact"
    fused_on: frozenset[str] = frozenset()

    def has_form(self, operator: Operator) -> bool:
        return operator.exact is not None

    def kernel(self, program: Program, leaves: tuple[str, ...], like: Like | None = None) -> Kernel:
        def run(*tensors: Tensor) -> tuple[Tensor, ...]:
            like = tensors[0]
            broadcast = torch.broadcast_tensors(*tensors)
            columns = [tensor.detach().double().cpu().flatten().tolist() for tensor in broadcast]
            points = [dict(zip(leaves, point, strict=True)) for point in zip(*columns, strict=True)]
            rows = [[float(value) for value in evaluate_exact(program, point)] for point in points]
            shape = broadcast[0].shape
            roots = range(len(program.roots))
            return tuple(
                torch.tensor([row[root] for row in rows], dtype=torch.float64).reshape(shape).to(like) for root in roots
            )

        return Unfused(run, like)
