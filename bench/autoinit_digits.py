"""Plain networks of 20 layers with random activations, trained on digits (B section 5.11)."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from random import Random

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.autoinit_models import plain
from symkit import spaces
from symkit.errors import SymkitError
from symkit.nn import Activation, autoinit

CLASSES = 10
TESTED = 500
"""Images held back."""


@dataclass(frozen=True)
class Training:
    """What all runs have in common: stochastic gradient descent with momentum 0.9."""

    functions: int = 100
    steps: int = 300
    batch: int = 64
    rate: float = 0.01
    depth: int = 20
    width: int = 64
    seed: int = 0


@dataclass(frozen=True)
class Run:
    """One training.

    Attributes:
        accuracy: on the images held back; that of chance if the loss stopped being finite.
        steps: taken; fewer than asked for if the loss stopped being finite.
        remark: why there was nothing to train, or "".
    """

    function: str
    initialisation: str
    accuracy: float
    steps: int
    remark: str = ""


@dataclass(frozen=True)
class Compared:
    """Two initialisations over all functions.

    Attributes:
        larger: p of Mann and Whitney's test, that accuracies of the second are no larger.
        distance: Kolmogorov and Smirnov's, of the distributions of accuracies; `different` is its p.
        better, worse: functions whose accuracy rose or fell by 0.05 or more.
        paired: p of the sign test, that no more rise than fall.
    """

    first: str
    second: str
    larger: float
    distance: float
    different: float
    better: int
    worse: int
    paired: float


def functions(count: int, seed: int) -> list[str]:
    """Different random functions of three nodes."""
    found: dict[str, None] = {}
    rng = Random(seed)
    space = spaces.aquasurf(3)
    while len(found) < count:
        found[str(space.sample(rng)[0])] = None
    return list(found)


def runs(training: Training, workers: int, state: Path, resume: bool) -> Iterator[Run]:
    """All runs; each is kept in `state` when it ends, and taken from there if it was made with the same settings."""
    kept = _kept(state, training) if resume else []
    yield from list(kept)
    done = {(run.function, run.initialisation) for run in kept}
    wanted = [(text, name) for text in functions(training.functions, training.seed) for name in INITIALISATIONS]
    pool = ProcessPoolExecutor(workers, get_context("spawn"), torch.set_num_threads, (1,))
    try:
        jobs = [pool.submit(trained, *one, training) for one in wanted if one not in done]
        for job in as_completed(jobs):
            kept.append(job.result())
            content = {"training": asdict(training), "runs": [asdict(run) for run in kept]}
            state.write_text(json.dumps(content), encoding="utf-8")
            yield kept[-1]
    finally:
        pool.shutdown(cancel_futures=True)


def _kept(state: Path, training: Training) -> list[Run]:
    if not state.exists():
        return []
    content = json.loads(state.read_text(encoding="utf-8"))
    return [Run(**run) for run in content["runs"]] if content["training"] == asdict(training) else []


def trained(function: str, initialisation: str, training: Training) -> Run:
    """One training; data, order of batches and seed are the same for all."""
    x, y, x_test, y_test = digits()
    torch.manual_seed(training.seed)
    model = plain(lambda: Activation(function), training.depth, training.width)
    try:
        INITIALISATIONS[initialisation](model, x[: training.batch], training.seed)
    except SymkitError as error:
        return Run(function, initialisation, 1 / CLASSES, 0, str(error))
    optimiser = torch.optim.SGD(model.parameters(), training.rate, momentum=0.9)
    order = torch.Generator().manual_seed(training.seed)
    for step in range(training.steps):
        chosen = torch.randint(len(x), (training.batch,), generator=order)
        loss = F.cross_entropy(model(x[chosen]), y[chosen])
        if not math.isfinite(loss.item()):
            return Run(function, initialisation, 1 / CLASSES, step)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        outputs = model(x_test)
    right = outputs.isfinite().all(1) & (outputs.argmax(1) == y_test)
    return Run(function, initialisation, right.double().mean().item(), training.steps)


@lru_cache
def digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Images and digits to train with and to test with; all pixels together have mean 0 and variance 1."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    x, x_test, y, y_test = train_test_split(images, labels, test_size=TESTED, stratify=labels, random_state=0)
    mean, deviation = x.mean(), x.std()

    def scaled(pixels: Tensor) -> Tensor:
        return ((pixels - mean) / deviation).float()

    return scaled(torch.tensor(x)), torch.tensor(y), scaled(torch.tensor(x_test)), torch.tensor(y_test)


def _glorot(model: nn.Module, example: Tensor, seed: int) -> None:
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)


def _autoinit(model: nn.Module, example: Tensor, seed: int) -> None:
    autoinit(model, example, seed=seed)


def _centred(model: nn.Module, example: Tensor, seed: int) -> None:
    autoinit(model, example, seed=seed, center=True)


INITIALISATIONS: dict[str, Callable[[nn.Module, Tensor, int], None]] = {
    "Glorot uniform": _glorot,
    "AutoInit": _autoinit,
    "AutoInit++": _centred,
}
"""The first is what B section 5.11 calls the default."""


def by_initialisation(found: Sequence[Run]) -> dict[str, list[Run]]:
    """Runs in the order of their functions, for the functions that all three were tried with."""
    of = {name: {run.function: run for run in found if run.initialisation == name} for name in INITIALISATIONS}
    common = [function for function in of["AutoInit"] if all(function in those for those in of.values())]
    return {name: [those[function] for function in sorted(common)] for name, those in of.items()}


def better_than_chance(found: Sequence[Run]) -> float:
    """The share of runs whose accuracy is above what guessing reaches once in a thousand times."""
    from scipy.stats import binom

    least = binom.isf(0.001, TESTED, 1 / CLASSES) / TESTED
    return sum(run.accuracy > least for run in found) / len(found)


def median_accuracy(found: Sequence[Run]) -> float:
    return statistics.median(run.accuracy for run in found)


def comparisons(found: Sequence[Run]) -> list[Compared]:
    from scipy.stats import binomtest, ks_2samp, mannwhitneyu

    accuracies = {name: [run.accuracy for run in those] for name, those in by_initialisation(found).items()}
    names = list(INITIALISATIONS)
    result = []
    for first, second in ((names[0], names[1]), (names[0], names[2]), (names[1], names[2])):
        a, b = accuracies[first], accuracies[second]
        apart = ks_2samp(a, b)
        gains = [after - before for before, after in zip(a, b, strict=True)]
        larger = float(mannwhitneyu(b, a, alternative="greater").pvalue)
        better, worse = sum(gain >= 0.05 for gain in gains), sum(gain <= -0.05 for gain in gains)
        paired = float(binomtest(better, better + worse, alternative="greater").pvalue) if better + worse else 1.0
        distance, different = float(apart.statistic), float(apart.pvalue)
        result.append(Compared(first, second, larger, distance, different, better, worse, paired))
    return result
