"""What a comparison comes to: its table, what was learnt, and the outcome in plain words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, mean, stdev

from rich.console import RenderableType

from symkit.cli.card import Row, counted, listing
from symkit.cli.data import Split
from symkit.cli.train import Comparison, Result

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Metric:
    """How a test score is named and written.

    Attributes:
        name: the key in JSON.
        title: the head of its column.
        factor, unit: what it is multiplied by for reading, and the unit then.
        higher: whether more is better.
    """

    name: str
    title: str
    factor: float
    unit: str
    higher: bool

    def text(self, value: float, spread: float | None = None) -> str:
        """`97.22 ± 0.28 %`."""
        around = "" if spread is None else f" ± {self.factor * spread:.2f}"
        return f"{self.factor * value:.2f}{around}{self.unit}"


METRICS = {
    "classification": Metric("accuracy", "test accuracy", 100.0, " %", higher=True),
    "regression": Metric("rmse", "test RMSE", 1.0, "", higher=False),
}


def metric_of(data: Split) -> Metric:
    """Accuracy for classes, root mean square error for numbers."""
    return METRICS[data.dataset.task]


def table(comparison: Comparison, metric: Metric) -> RenderableType:
    """One row a function: test score, final training loss, time of a step."""
    rows = [
        (result.name, _score(result, metric), _number(result.train_loss, ".4g"), _number(result.ms_per_step, ".2f"))
        for result in comparison.results
    ]
    return listing(("", metric.title, "training loss", "ms a step"), rows, numbers=(2, 3))


def _score(result: Result, metric: Metric) -> str:
    if not result.runs:
        return "-"
    if result.mean is None:
        return f"diverged, {result.diverged} of {len(result.runs)}"
    score = metric.text(result.mean, result.std)
    return f"{score} ({result.diverged} of {len(result.runs)} diverged)" if result.diverged else score


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def learnt_rows(result: Result) -> list[Row]:
    """For each learnt parameter its value in every hidden layer: mean and spread over seeds."""
    rows: list[Row] = []
    runs = [run.parameters for run in result.runs if run.diverged_at is None]
    for name in runs[0] if runs else ():
        layers = zip(*(run[name] for run in runs), strict=True)
        rows.append((name, ", ".join(_layer(values) for values in layers)))
    return rows


def _layer(values: Sequence[object]) -> str:
    """One layer's value over seeds; parameters that are not shared by the mean of their values."""
    over_seeds = [fmean(value) if isinstance(value, list) else float(str(value)) for value in values]
    spread = f" ± {stdev(over_seeds):.3f}" if len(over_seeds) > 1 else ""
    return f"{mean(over_seeds):.3f}{spread}"


def outcome(comparison: Comparison, metric: Metric, what: str) -> str:
    """The outcome for the first contender, `what`, against the others."""
    ours, *others = comparison.results
    if not ours.runs:
        return "No seed was finished, so nothing is known."
    if ours.mean is None:
        first = min(run.diverged_at for run in ours.runs if run.diverged_at is not None)
        return f"{what} diverged with every seed: the loss stopped being a finite number, first at step {first}."
    diverged = f", of which {ours.diverged} diverged and do not count" if ours.diverged else ""
    said = f"{what} reaches {metric.text(ours.mean, ours.std)} over {counted(len(ours.runs), 'seed')}{diverged}: "
    return said + "; ".join(_against(ours, other, metric) for other in others) + "."


def _against(ours: Result, other: Result, metric: Metric) -> str:
    common = sorted(ours.scores.keys() & other.scores.keys())
    if not common:
        return f"{other.name} diverged"
    gaps = [ours.scores[seed] - other.scores[seed] for seed in common]
    gap = mean(gaps)
    if gap == 0:
        return f"the same as {other.name}"
    better = (gap > 0) == metric.higher
    size = f"{abs(metric.factor * gap):.2f}{' points' if metric.unit else ''}"
    return f"{size} {'better' if better else 'worse'} than {other.name}, {_weight(gaps)}"


def _weight(gaps: Sequence[float]) -> str:
    """Whether a mean of paired differences says more than what seeds vary by."""
    if len(gaps) < 2:
        return "but one seed cannot tell that from chance"
    from scipy.stats import t

    margin = float(t.ppf(0.5 + CONFIDENCE / 2, len(gaps) - 1)) * stdev(gaps) / math.sqrt(len(gaps))
    return "more than seeds explain" if abs(mean(gaps)) > margin else "within what seeds vary"
