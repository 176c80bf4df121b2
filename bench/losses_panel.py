"""Losses of logits that are measured: by their names in the zoo, and as one writes them in torch."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from symkit import zoo
from symkit.nn import loss_function
from symkit.nn.loss_function import LossFunction

XI, FOCAL_XI, GAMMA, PHI1 = 0.1, 0.2, 2, 1.1
"""The zoo's initial values."""

OfLogits = Callable[..., Tensor]
"""A function of logits (N, C), class indices (N,) and a reduction, "mean" if not given."""


@dataclass(frozen=True)
class LossCase:
    """A loss, both ways.

    Attributes:
        name: what tables call it.
        entry: its name in the zoo.
        torch: the same over log_softmax; only the class is looked up where only the class counts.
        is_sparse: whether only the class counts.
    """

    name: str
    entry: str
    torch: OfLogits
    is_sparse: bool = True

    def ours(self, classes: int, reduction: str = "mean") -> LossFunction:
        """symkit's function with the same numbers: the peer of torch's, which is no module either."""
        expression = zoo[self.entry]
        if "C" in expression.constants:
            expression = expression.with_values({"C": float(classes)})
        return loss_function(expression, link="softmax", reduction=reduction)


def reduced(losses: Tensor, reduction: str) -> Tensor:
    return losses.mean() if reduction == "mean" else losses


def log_p_of(logits: Tensor, target: Tensor) -> Tensor:
    """The logarithm of the class's probability, a row."""
    return F.log_softmax(logits, 1).gather(1, target.unsqueeze(1)).squeeze(1)


def log_rest(log_p: Tensor, classes: int) -> Tensor:
    """log((1 - p)/(C - 1))."""
    return torch.log(-torch.expm1(log_p)) - math.log(classes - 1)


def ce(logits: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    return reduced(-log_p_of(logits, target), reduction)


def lsr(logits: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    log_p = F.log_softmax(logits, 1)
    own = log_p.gather(1, target.unsqueeze(1)).squeeze(1)
    return reduced(-(1 - XI) * own - XI * log_p.mean(1), reduction)


def sparse_lsr(logits: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    classes = logits.shape[1]
    log_p = log_p_of(logits, target)
    own, rest = 1 - XI + XI / classes, XI * (classes - 1) / classes
    return reduced(-(own * log_p + rest * log_rest(log_p, classes)), reduction)


def focal(logits: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    log_p = log_p_of(logits, target)
    return reduced(-((1 - log_p.exp()) ** GAMMA) * log_p, reduction)


def focal_sparse_lsr(logits: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    classes = logits.shape[1]
    log_p = log_p_of(logits, target)
    p = log_p.exp()
    own, rest = 1 - FOCAL_XI + FOCAL_XI / classes, FOCAL_XI * (classes - 1) / classes
    return reduced(-((1 - p) ** GAMMA * own * log_p + p**GAMMA * rest * log_rest(log_p, classes)), reduction)


def ace(logits: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    return reduced((log_p_of(logits, target) + math.log(PHI1)).abs(), reduction)


def smoothed_cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    return F.cross_entropy(logits, target, label_smoothing=XI)


CASES = (
    LossCase("CE", "ce", ce),
    LossCase("LSR", "lsr", lsr, is_sparse=False),
    LossCase("SparseLSR", "sparselsr", sparse_lsr),
    LossCase("Focal", "focal", focal),
    LossCase("Focal+SparseLSR", "focal_sparselsr", focal_sparse_lsr),
    LossCase("ACE", "ace_param", ace),
)
CASE = {case.name: case for case in CASES}

PLAIN, SMOOTHED = "F.cross_entropy", "F.cross_entropy, smoothed"
OPERATORS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {PLAIN: F.cross_entropy, SMOOTHED: smoothed_cross_entropy}
"""torch's own: cross-entropy, and the same with label_smoothing=0.1."""
