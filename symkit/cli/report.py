"""What `symkit run` says: the card of the function, the table, and all numbers as plain data."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from symkit.cli.analysis_card import analysis_rows
from symkit.cli.card import Row, card, counted, heading
from symkit.cli.console import emit
from symkit.cli.data import Split
from symkit.cli.outcome import learnt_rows, metric_of, outcome, table
from symkit.cli.train import Comparison, Plan, Result
from symkit.reporting.wording import formula_rows, known_as
from symkit.text import Expression
from symkit.text.describe import describe

if TYPE_CHECKING:
    from symkit.analysis.measure import Measures
    from symkit.zoo import Match


@dataclass(frozen=True)
class Report:
    """On one expression, trained by a plan on a data set."""

    expression: Expression
    data: Split
    plan: Plan

    @cached_property
    def matches(self) -> list[Match]:
        """Which known functions the expression is."""
        from symkit import zoo

        return zoo.find(self.expression)

    @cached_property
    def analysis(self) -> Measures | None:
        """What an activation does to a standard normal signal; a loss has none."""
        from symkit.analysis.measure import measure

        return measure(self.expression) if self.expression.kind == "activation" else None

    def show_function(self) -> None:
        """Prints the card, before anything is trained."""
        # Training does not change a loss; see `objective`.
        granularity = "none" if self.expression.kind == "loss" else self.plan.design.granularity
        rows = [*formula_rows(self.expression, granularity), ("zoo", known_as(self.matches))]
        if self.analysis is not None:
            rows += analysis_rows(self.analysis, "standard normal")
        emit(heading(str(self.expression)), card([*rows, *self._setting()]), "")

    def _setting(self) -> list[Row]:
        data, plan = self.data, self.plan
        sizes = f"{len(data.train)} samples to train, {len(data.validation)} to validate, {len(data.test)} to test"
        layers = f"{counted(plan.design.depth, 'hidden layer')} of {plan.design.width}"
        steps = f"{counted(plan.epochs, 'epoch')} in batches of {plan.batch_size}, Adam at {plan.lr:g}"
        return [
            ("data", f"{data.dataset.name}: {data.dataset.title}; {sizes}; standardised"),
            ("network", f"{layers}, weights as torch makes them (gain 1/sqrt(3)), the same ones for all"),
            ("training", f"{steps}, {counted(plan.seeds, 'seed')}"),
        ]

    def show_results(self, comparison: Comparison) -> None:
        """Prints the table, what was learnt, and the outcome."""
        emit(table(comparison, metric_of(self.data)), "")
        learnt = learnt_rows(comparison.results[0])
        if learnt:
            emit("Learnt values, layer by layer:", card(learnt), "")
        emit(self._outcome(comparison), " ".join(self._notes(comparison)))

    def _outcome(self, comparison: Comparison) -> str:
        what = "This function" if self.expression.kind == "activation" else "This loss"
        return outcome(comparison, metric_of(self.data), what)

    def _notes(self, comparison: Comparison) -> Iterator[str]:
        if comparison.seeds_finished > 1:
            yield "± is the sample standard deviation over seeds."
        yield "A step is forward, loss, backward and Adam; its time is the median."
        count = len(self.data.test)
        points = f", so one of them is {100 / count:.2f} points" if metric_of(self.data).unit else ""
        yield f"{count} samples were tested{points}."

    def facts(self, comparison: Comparison) -> dict[str, Any]:
        """Everything as plain data."""
        import torch

        from symkit import __version__

        return {
            **describe(self.expression),
            "zoo": [match.name for match in self.matches],
            "analysis": self.analysis,
            "data": self._data_facts(),
            "settings": self._settings(),
            "metric": metric_of(self.data).name,
            "results": [_result_facts(result) for result in comparison.results],
            "outcome": self._outcome(comparison),
            "interrupted": comparison.interrupted,
            "versions": {"symkit": __version__, "torch": torch.__version__, "python": platform.python_version()},
        }

    def _data_facts(self) -> dict[str, Any]:
        data = self.data
        return {
            "name": data.dataset.name,
            "title": data.dataset.title,
            "task": data.dataset.task,
            "inputs": data.inputs,
            "outputs": data.outputs,
            "train": len(data.train),
            "validation": len(data.validation),
            "test": len(data.test),
        }

    def _settings(self) -> dict[str, Any]:
        plan, design = self.plan, self.plan.design
        return {
            "epochs": plan.epochs,
            "seeds": plan.seeds,
            "batch_size": plan.batch_size,
            "lr": plan.lr,
            "width": design.width,
            "depth": design.depth,
            "granularity": design.granularity,
            "backend": design.backend,
        }


def _result_facts(result: Result) -> dict[str, Any]:
    return {
        "name": result.name,
        "text": result.text,
        "mean": result.mean,
        "std": result.std,
        "train_loss": result.train_loss,
        "ms_per_step": result.ms_per_step,
        "diverged": result.diverged,
        "runs": result.runs,
    }
