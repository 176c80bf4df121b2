"""How the time of a loss grows with the number of classes, with and without the softmax: R figure 4.9 again."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from bench.losses_panel import CASE, XI
from bench.losses_times import TOLERANCE, Run, error_of, sample, warm_up, worked
from bench.measure import EAGER, OURS
from symkit import zoo
from symkit.cli.timing import medians
from symkit.nn import Loss

ROWS = 100
CLASSES = (3, 10, 30, 100, 300, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10000)
LOSSES = ("LSR", "SparseLSR")


@dataclass(frozen=True)
class Growth:
    """Seconds of the mean loss of a batch without grad, by loss and then by candidate.

    Attributes:
        of_logits: with the softmax.
        of_probabilities: of what a softmax gave before; SparseLSR is given the probabilities of the classes alone.
    """

    rows: int
    classes: int
    of_logits: dict[str, dict[str, float]]
    of_probabilities: dict[str, dict[str, float]]


def grown(classes: int, *, seconds: float, rows: int = ROWS) -> Growth:
    """Both losses by both candidates, with and without the softmax, all in turns."""
    warm_up()
    logits, target = sample(rows, classes)
    p = F.softmax(logits, 1)
    own = p.gather(1, target.unsqueeze(1)).squeeze(1)
    y = F.one_hot(target, classes).float()
    works = {}
    for name in LOSSES:
        case = CASE[name]
        over_p = Loss(zoo[case.entry], reduction="sum", learnable=False, C=float(classes))
        given = (own, torch.ones(rows)) if case.is_sparse else (p, y)
        torchs = sparse_of(classes) if case.is_sparse else lsr_of(classes)
        works[f"of_logits {name} {OURS}"] = worked(case.ours(classes), logits, target)
        works[f"of_logits {name} {EAGER}"] = worked(case.torch, logits, target)
        works[f"of_probabilities {name} {OURS}"] = worked(over_p, *given)
        works[f"of_probabilities {name} {EAGER}"] = worked(torchs, *given)
    with torch.no_grad():
        for key in works:
            of_what, name, _ = key.split()
            error = error_of(works[key](), works[f"{of_what} {name} {EAGER}"]())
            if error > TOLERANCE:
                raise AssertionError(f"{key}, {classes} classes: wrong by {error}")
        found = medians(works, seconds)
    growth = Growth(rows, classes, {}, {})
    for key, median in found.items():
        of_what, name, candidate = key.split()
        getattr(growth, of_what).setdefault(name, {})[candidate] = median
    return growth


def lsr_of(classes: int) -> Run:
    """LSR of all outputs, summed over a batch."""

    def summed(p: Tensor, y: Tensor) -> Tensor:
        return (-(y * (1 - XI) + XI / classes) * torch.log(p)).sum()

    return summed


def sparse_of(classes: int) -> Run:
    """SparseLSR of the outputs that are the class, summed over a batch."""

    def summed(p: Tensor, y: Tensor) -> Tensor:
        own, rest = 1 - XI + XI / classes, XI * (classes - 1) / classes
        return (-y * (own * torch.log(p) + rest * torch.log((1 - p) / (classes - 1)))).sum()

    return summed
