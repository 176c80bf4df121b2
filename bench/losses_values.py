"""Values of losses of logits beside float64: rows that are sure, wrong, tied, masked, or huge, in float32."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.losses_panel import CASES, FOCAL_XI, GAMMA, PHI1, XI
from bench.measure import EAGER, OURS

CLASSES = (2, 3, 10, 100, 1000, 50000)
LARGEST = 1e4
"""Of the logits' magnitudes."""

GAPS = (0.0, 1e-6, 1e-3, 0.1, 1.0, 3.0, 5.0, 8.0, 12.0, 17.0, 25.0, 40.0, 60.0, 90.0, 110.0, 300.0, 1e3, LARGEST)
"""Between the largest logit and the rest: 17 is where 1 - p rounds to 0 in float32, 104 where exp underflows."""

ELEMENTS = 400_000
"""Of the rows of one kind and number of classes, at most."""

SMALLEST = float(torch.finfo(torch.float32).tiny)
"""Below this float32 has fewer digits: what is smaller is measured beside it."""


@dataclass(frozen=True)
class Accuracy:
    """The worst of one loss over rows of one kind.

    Attributes:
        worst: by candidate, the largest relative error; infinite where a value is NaN or infinite and should not be.
    """

    loss: str
    kind: str
    rows: int
    worst: dict[str, float]


def accuracies(seed: int = 0, most: int = 200, classes: tuple[int, ...] = CLASSES) -> list[Accuracy]:
    """Every loss over every kind of rows.

    Args:
        most: rows of one kind and number of classes.
    """
    found = []
    for kind, make in KINDS.items():
        worst: dict[tuple[str, str], float] = {}
        rows = 0
        for place, count in enumerate(classes):
            generator = torch.Generator().manual_seed(1000 * seed + place)
            logits, target = make(max(len(GAPS), min(most, ELEMENTS // count)), count, generator)
            logits = logits.clamp(-LARGEST, LARGEST) if kind != "masked" else logits
            rows += len(logits)
            truth = exact(logits, target)
            for case in CASES:
                values, unit = truth[case.name]
                for name, run in ((OURS, case.ours(count, "none")), (EAGER, case.torch)):
                    values_found = run(logits, target) if name == OURS else run(logits, target, "none")
                    error = error_of(values_found, values, unit)
                    worst[case.name, name] = max(worst.get((case.name, name), 0.0), error)
        found += [
            Accuracy(case.name, kind, rows, {name: worst[case.name, name] for name in (OURS, EAGER)}) for case in CASES
        ]
    return found


def error_of(found: Tensor, truth: Tensor, unit: Tensor) -> float:
    """The largest error in units; infinite where only one is finite, or they are different infinities."""
    errors = (found.double() - truth).abs() / unit.clamp(min=SMALLEST)
    errors = torch.where((found.double() == truth) | truth.isnan(), 0.0, errors)
    return float(torch.where(errors.isnan(), math.inf, errors).max())


def exact(logits: Tensor, target: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
    """By loss, the values of rows in float64 and what their errors are measured in.

    Of a row only the log odds of its class are needed, which float64 has without cancellation.
    """
    classes = logits.shape[1]
    wide = logits.double()
    own = wide.gather(1, target.unsqueeze(1))
    others = (wide - own).scatter(1, target.unsqueeze(1), -math.inf).logsumexp(1)
    log_p, log_q = -softplus(others), -softplus(-others)
    every_log_p = wide - wide.logsumexp(1, keepdim=True)
    every_log_p = every_log_p.scatter(1, target.unsqueeze(1), log_p.unsqueeze(1))
    log_rest = log_q - math.log(classes - 1)
    kept, rest = 1 - XI + XI / classes, XI * (classes - 1) / classes
    focal_kept, focal_rest = 1 - FOCAL_XI + FOCAL_XI / classes, FOCAL_XI * (classes - 1) / classes
    focal = (GAMMA * log_q).exp() * log_p
    values = {
        "CE": -log_p,
        "LSR": -(1 - XI) * log_p - XI * every_log_p.mean(1),
        "SparseLSR": -(kept * log_p + rest * log_rest),
        "Focal": -focal,
        "Focal+SparseLSR": -(focal_kept * focal + (GAMMA * log_p).exp() * focal_rest * log_rest),
        "ACE": (math.log(PHI1) + log_p).abs(),
    }
    units = {name: value.abs() for name, value in values.items()}
    # Its two terms cancel at p = 1/phi1.
    units["ACE"] = math.log(PHI1) - log_p
    return {name: (values[name], units[name]) for name in values}


def softplus(x: Tensor) -> Tensor:
    return x.clamp(min=0) + torch.log1p(torch.exp(-x.abs()))


Rows = tuple[Tensor, Tensor]
Make = Callable[[int, int, torch.Generator], Rows]


def gaps(rows: int) -> Tensor:
    return torch.tensor([GAPS[row % len(GAPS)] for row in range(rows)])


def labels(rows: int, classes: int, generator: torch.Generator) -> Tensor:
    return torch.randint(classes, (rows,), generator=generator)


def near_each_other(rows: int, classes: int, generator: torch.Generator) -> Tensor:
    """Logits of random scale about a random centre, which may be far from 0."""
    centre = 5000 * (2 * torch.rand(rows, 1, generator=generator) - 1)
    return centre.round() + torch.randn(rows, classes, generator=generator) * torch.rand(rows, 1, generator=generator)


def sure(rows: int, classes: int, generator: torch.Generator) -> Rows:
    """The class ahead of all others."""
    logits, target = near_each_other(rows, classes, generator), labels(rows, classes, generator)
    top = logits.amax(1) + gaps(rows)
    return logits.scatter(1, target.unsqueeze(1), top.unsqueeze(1)), target


def wrong(rows: int, classes: int, generator: torch.Generator) -> Rows:
    """Another output ahead of all others."""
    logits, target = sure(rows, classes, generator)
    return logits, (target + 1) % classes


def tied(rows: int, classes: int, generator: torch.Generator) -> Rows:
    """Two or more largest logits that are equal, with the class among them or not."""
    logits, target = near_each_other(rows, classes, generator), labels(rows, classes, generator)
    top = (logits.amax(1) + gaps(rows)).unsqueeze(1)
    chosen = torch.rand(rows, classes, generator=generator).argsort(1) < 2 + (torch.arange(rows) % 5).unsqueeze(1)
    return torch.where(chosen, top, logits), target


def masked(rows: int, classes: int, generator: torch.Generator) -> Rows:
    """Some outputs at -infinity, at times all but the class."""
    logits, target = near_each_other(rows, classes, generator), labels(rows, classes, generator)
    share = torch.linspace(0, 1, rows).unsqueeze(1)
    hidden = torch.rand(rows, classes, generator=generator) < share
    hidden = hidden.scatter(1, target.unsqueeze(1), False)
    return logits.masked_fill(hidden, -math.inf), target


def huge(rows: int, classes: int, generator: torch.Generator) -> Rows:
    """Anything up to the largest magnitude, even and by orders of magnitude."""
    even = LARGEST * (2 * torch.rand(rows, classes, generator=generator) - 1)
    spread = torch.sign(even) * 10 ** (8 * torch.rand(rows, classes, generator=generator) - 4)
    return torch.where((torch.arange(rows) % 2 == 0).unsqueeze(1), even, spread), labels(rows, classes, generator)


def usual(rows: int, classes: int, generator: torch.Generator) -> Rows:
    """As nets give them."""
    return 3 * torch.randn(rows, classes, generator=generator), labels(rows, classes, generator)


KINDS: dict[str, Make] = {
    "usual": usual,
    "sure": sure,
    "wrong": wrong,
    "tied": tied,
    "masked": masked,
    "huge": huge,
}


def total(found: list[Accuracy]) -> Iterator[Accuracy]:
    """The worst of each loss over all kinds."""
    for name in dict.fromkeys(each.loss for each in found):
        of_it = [each for each in found if each.loss == name]
        worst = {candidate: max(each.worst[candidate] for each in of_it) for candidate in of_it[0].worst}
        yield Accuracy(name, "all", sum(each.rows for each in of_it), worst)
