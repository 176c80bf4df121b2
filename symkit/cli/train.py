"""Training several functions alike: the same data, weights and batches for a seed, and a clock on every step."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import mean, median, stdev

import torch
from torch import Tensor, nn

from symkit.cli.data import Part, Split
from symkit.cli.network import Design, Objective, learnt, perceptron, score
from symkit.errors import DomainError
from symkit.text import Expression

WARM_UP_SECONDS = 0.5


@dataclass(frozen=True)
class Plan:
    """How long, how often and in what steps to train, and what network."""

    epochs: int = 30
    seeds: int = 3
    batch_size: int = 64
    lr: float = 0.002
    design: Design = field(default_factory=Design)

    def __post_init__(self) -> None:
        if not 0 < self.lr < math.inf:
            raise DomainError(f"learning rate {self.lr} must be a positive number, such as 0.002")


@dataclass(frozen=True)
class Contender:
    """One function of a comparison: the activation of every hidden layer and the loss of training."""

    name: str
    text: str
    activation: Expression
    objective: Objective


@dataclass(frozen=True)
class Trained:
    """What became of one network.

    Attributes:
        seed: of its weights and batches.
        test, validation: accuracy, or root mean square error; None if it diverged.
        train_loss: mean loss over the training part after the last step; None if it diverged.
        parameters: learnt values by name, one a hidden layer, or a list a layer where they are not shared.
        diverged_at: the step at which the loss was no finite number any more, from 1; None if it stayed one.
    """

    seed: int
    test: float | None
    validation: float | None
    train_loss: float | None
    parameters: dict[str, list[object]]
    diverged_at: int | None


@dataclass
class Result:
    """A contender and all its networks."""

    name: str
    text: str
    runs: list[Trained] = field(default_factory=list)
    step_seconds: list[float] = field(default_factory=list)

    @property
    def scores(self) -> dict[int, float]:
        """Test scores by seed, of the networks that did not diverge."""
        return {run.seed: run.test for run in self.runs if run.test is not None}

    @property
    def mean(self) -> float | None:
        """Mean test score over seeds."""
        return mean(self.scores.values()) if self.scores else None

    @property
    def std(self) -> float | None:
        """Sample standard deviation of the test score; None with fewer than two."""
        return stdev(self.scores.values()) if len(self.scores) > 1 else None

    @property
    def train_loss(self) -> float | None:
        """Mean of the final training losses."""
        losses = [run.train_loss for run in self.runs if run.train_loss is not None]
        return mean(losses) if losses else None

    @property
    def ms_per_step(self) -> float | None:
        """Median time of a step: forward, loss, backward, Adam."""
        return 1000 * median(self.step_seconds) if self.step_seconds else None

    @property
    def diverged(self) -> int:
        """How many of the networks diverged."""
        return sum(run.diverged_at is not None for run in self.runs)


@dataclass
class Comparison:
    """Results in the order of the contenders; `interrupted` if seeds are missing because someone stopped it."""

    results: list[Result]
    interrupted: bool = False

    @property
    def seeds_finished(self) -> int:
        """How many seeds every contender has finished."""
        return min(len(result.runs) for result in self.results)


class Run:
    """One network in training."""

    def __init__(self, contender: Contender, data: Split, plan: Plan, seed: int) -> None:
        torch.manual_seed(seed)
        self._data = data
        self._seed = seed
        self._objective = contender.objective
        self._network = perceptron(data.inputs, data.outputs, contender.activation, plan.design)
        self._adam = torch.optim.Adam(self._network.parameters(), lr=plan.lr)
        self._order = torch.Generator().manual_seed(seed)
        self._batch_size = plan.batch_size
        self._features, self._targets = _tensors(data.train)
        self._steps = 0
        self._diverged_at: int | None = None

    @property
    def network(self) -> nn.Module:
        """The network as it is now."""
        return self._network

    def epoch(self) -> Iterator[float]:
        """Trains on every sample once and gives the seconds of each step. Nothing more happens once it has diverged."""
        for batch in torch.randperm(len(self._features), generator=self._order).split(self._batch_size):
            if self._diverged_at is not None:
                return
            features, targets = self._features[batch], self._targets[batch]
            start = time.perf_counter()
            loss = self._step(features, targets)
            seconds = time.perf_counter() - start
            self._steps += 1
            if not math.isfinite(loss):
                self._diverged_at = self._steps
            yield seconds

    def _step(self, features: Tensor, targets: Tensor) -> float:
        self._adam.zero_grad()
        loss = self._objective(self._network(features), targets)
        loss.backward()
        self._adam.step()
        return loss.item()

    def loss(self, objective: Objective) -> Tensor:
        """The mean of a loss over the training part."""
        return objective(self._network(self._features), self._targets)

    @torch.no_grad()
    def result(self) -> Trained:
        """How the network does now."""
        loss = self.loss(self._objective).item()
        test, validation = self._score(self._data.test), self._score(self._data.validation)
        if self._diverged_at is None and not all(map(math.isfinite, (loss, test, validation))):
            self._diverged_at = self._steps
        if self._diverged_at is not None:
            return Trained(self._seed, None, None, None, learnt(self._network), self._diverged_at)
        return Trained(self._seed, test, validation, loss, learnt(self._network), None)

    def _score(self, part: Part) -> float:
        features, targets = _tensors(part)
        return score(self._data.dataset.task, self._network(features), targets, self._data.scale)


def warm_up(contenders: Sequence[Contender], data: Split, plan: Plan) -> None:
    """Trains networks that are thrown away, an epoch at most, so that nothing is compiled while the clock runs.

    Raises what is wrong with a function or the plan before anyone waits for results.
    """
    with reproducible():
        for contender in contenders:
            spent = 0.0
            for seconds in Run(contender, data, plan, seed=0).epoch():
                spent += seconds
                if spent > WARM_UP_SECONDS:
                    break


def compare(
    contenders: Sequence[Contender], data: Split, plan: Plan, advance: Callable[[], None] = lambda: None
) -> Comparison:
    """Trains every contender with every seed from 0.

    Contenders take turns epoch by epoch, each time another one first, so that whatever else the machine does slows
    all of them alike. `advance` is called after each epoch of each. An interrupt from the keyboard ends the training;
    only seeds that all contenders have finished count.
    """
    comparison = Comparison([Result(contender.name, contender.text) for contender in contenders])
    with reproducible():
        try:
            for seed in range(plan.seeds):
                _train(contenders, data, plan, seed, comparison.results, advance)
        except KeyboardInterrupt:
            comparison.interrupted = True
            for result in comparison.results:
                del result.runs[comparison.seeds_finished :]
    return comparison


def _train(
    contenders: Sequence[Contender],
    data: Split,
    plan: Plan,
    seed: int,
    results: Sequence[Result],
    advance: Callable[[], None],
) -> None:
    runs = [Run(contender, data, plan, seed) for contender in contenders]
    for epoch in range(plan.epochs):
        for turn in range(len(runs)):
            at = (turn + epoch) % len(runs)
            results[at].step_seconds += runs[at].epoch()
            advance()
    finished = [run.result() for run in runs]
    for result, trained in zip(results, finished, strict=True):
        result.runs.append(trained)


def _tensors(part: Part) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(part.features), torch.from_numpy(part.targets)


@contextmanager
def reproducible() -> Iterator[None]:
    """One thread, which small networks are quickest on and which adds in one order; the caller's seed is kept."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        torch.set_num_threads(threads)
