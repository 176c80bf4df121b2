"""Training with SparseLSR beside label smoothing and cross-entropy: the same nets, data and order of batches.

Two tasks: the digits that scikit-learn has, and 1000 Gaussian clusters in 64 dimensions with few samples each.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bench.losses_panel import CASE

TRAINED = ("CE", "LSR", "SparseLSR")
PAIRS = (("SparseLSR", "LSR"), ("SparseLSR", "CE"), ("LSR", "CE"))
CONFIDENCE = 0.95
BATCH = 128


@dataclass(frozen=True)
class Data:
    """What is trained on and tested with."""

    train: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]
    classes: int


@dataclass(frozen=True)
class Task:
    """A data set by seed, a net and how long it is trained.

    Attributes:
        hidden: neurons of the one hidden layer.
        rate: of stochastic gradient descent, falling to 0 along a cosine; momentum and weight decay are those of R
            section 5.4.3: Nesterov's 0.9, and 0.0005.
    """

    name: str
    data: Callable[[int], Data]
    hidden: int
    epochs: int
    rate: float = 0.1


@dataclass(frozen=True)
class Trained:
    """One task and loss.

    Attributes:
        accuracy: on the test set in percent, by seed in order.
        sureness: the mean over the test set of the largest probability, in percent: what smoothing keeps down.
        seconds: of one training, the median.
    """

    task: str
    loss: str
    seeds: list[int]
    accuracy: list[float]
    sureness: list[float]
    seconds: float


@dataclass(frozen=True)
class Difference:
    """The first loss's accuracy less the second's, in percent, over pairs of one seed.

    Attributes:
        low, high: the interval of confidence of the mean, by Student's t.
    """

    task: str
    first: str
    second: str
    mean: float
    deviation: float
    low: float
    high: float


def digits(seed: int) -> Data:
    """1797 images of 8 x 8 pixels; a third is for the test."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    parts = train_test_split(images / 16, labels, test_size=1 / 3, random_state=seed, stratify=labels)
    x, x_test = (torch.tensor(part, dtype=torch.float32) for part in parts[:2])
    y, y_test = (torch.tensor(part, dtype=torch.int64) for part in parts[2:])
    return Data((x, y), (x_test, y_test), 10)


def clusters(seed: int, classes: int = 1000, dimensions: int = 64, each: int = 20, noise: float = 1.6) -> Data:
    """Gaussian clusters about random centres: `each` samples a class to train with, half of that for the test.

    Where clusters overlap no net is always right: with this noise at most nine times in ten.
    """
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(classes, dimensions, generator=generator)

    def drawn(count: int) -> tuple[Tensor, Tensor]:
        labels = torch.arange(classes).repeat(count)
        noises = noise * torch.randn(len(labels), dimensions, generator=generator)
        return (centres[labels] + noises) / math.sqrt(1 + noise**2), labels

    return Data(drawn(each), drawn(max(1, each // 2)), classes)


TASKS = (Task("digits", digits, hidden=128, epochs=60), Task("1000 clusters", clusters, hidden=256, epochs=12))


def trained(task: Task, seeds: Sequence[int]) -> list[Trained]:
    """Every loss on a task, by every seed."""
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in TRAINED}
    for seed in seeds:
        data = task.data(seed)
        for name in TRAINED:
            found[name].append(one(task, data, name, seed))
    return [
        Trained(
            task.name,
            name,
            list(seeds),
            [run[0] for run in runs],
            [run[1] for run in runs],
            statistics.median(run[2] for run in runs),
        )
        for name, runs in found.items()
    ]


def one(task: Task, data: Data, name: str, seed: int) -> tuple[float, float, float]:
    """(accuracy, sureness, seconds) of one training. What is random depends on the seed, not on the loss."""
    torch.manual_seed(seed)
    (x, y), (x_test, y_test) = data.train, data.test
    net = nn.Sequential(nn.Linear(x.shape[1], task.hidden), nn.ReLU(), nn.Linear(task.hidden, data.classes))
    loss = CASE[name].ours(data.classes)
    steps = task.epochs * math.ceil(len(x) / BATCH)
    optimiser = torch.optim.SGD(net.parameters(), task.rate, momentum=0.9, nesterov=True, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    start = time.perf_counter()
    for _ in range(task.epochs):
        for batch in torch.randperm(len(x)).split(BATCH):
            optimiser.zero_grad()
            loss(net(x[batch]), y[batch]).backward()
            optimiser.step()
            schedule.step()
    took = time.perf_counter() - start
    with torch.no_grad():
        p = net(x_test).softmax(1)
    right = (p.argmax(1) == y_test).float().mean()
    return 100 * float(right), 100 * float(p.amax(1).mean()), took


def differences(runs: Sequence[Trained]) -> list[Difference]:
    """Of every pair of losses on every task."""
    accuracies = {(run.task, run.loss): run.accuracy for run in runs}
    return [
        difference(task, *pair, accuracies[task, pair[0]], accuracies[task, pair[1]])
        for task in dict.fromkeys(run.task for run in runs)
        for pair in PAIRS
    ]


def difference(task: str, first: str, second: str, of_first: Sequence[float], of_second: Sequence[float]) -> Difference:
    from scipy.stats import t

    pairs = [a - b for a, b in zip(of_first, of_second, strict=True)]
    mean, deviation = statistics.mean(pairs), statistics.stdev(pairs)
    reach = float(t.ppf((1 + CONFIDENCE) / 2, len(pairs) - 1)) * deviation / math.sqrt(len(pairs))
    return Difference(task, first, second, mean, deviation, mean - reach, mean + reach)
