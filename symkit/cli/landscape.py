"""`symkit landscape`: train a small network and draw its loss around where training ends."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from symkit.cli.arguments import Formula, JsonOption, read_trainable
from symkit.cli.card import card
from symkit.cli.console import emit, emit_json, remark
from symkit.cli.progress import progress
from symkit.cli.run import contenders
from symkit.errors import DomainError
from symkit.files import check_place

if TYPE_CHECKING:
    from symkit.cli.data import Task
    from symkit.cli.surroundings import View

MAX_NAME = 42
"""Letters of a formula that fit over a map."""


def landscape(
    formula: Formula,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The picture: .svg or .png.")],
    against: Annotated[
        str | None, typer.Option(metavar="EXPR", help="Another formula, or a name of the zoo, to draw beside it.")
    ] = None,
    measure: Annotated[
        str | None, typer.Option(metavar="EXPR", help="The loss that is drawn; that of training if not given.")
    ] = None,
    data: Annotated[
        str, typer.Option(metavar="NAME", help="digits, breast_cancer or wine; diabetes for regression.")
    ] = "digits",
    epochs: Annotated[int, typer.Option(min=1, max=10_000, help="Times that every sample is seen.")] = 30,
    steps: Annotated[int, typer.Option(min=2, max=1001, help="Points along a direction.")] = 25,
    span: Annotated[float, typer.Option(min=1e-6, max=1e6, help="How far to go, in norms of the filters.")] = 1.0,
    directions: Annotated[int, typer.Option(min=1, max=2, help="1 draws a curve, 2 a map.")] = 2,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Of weights, batches and directions.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Draw the loss around a trained network.

    A small network is trained on real data with a loss or an activation. Then its weights are moved along random
    directions, every filter by its own norm. With --against a second network starts from the same weights and sees the
    same batches and directions. Losses of two kinds have two scales, unless --measure draws one loss for both.

    \b
    Examples:
      symkit landscape "y*abs(log(1.1*p))" -o ace.svg
      symkit landscape "y*abs(log(1.1*p))" --against ce --measure ce -o both.png
      symkit landscape "x*sigmoid(x)" --directions 1 -o swish.svg --json
    """
    from symkit.reporting.canvas import check_installed, format_of

    subjects = [read_trainable(text) for text in (formula, against) if text is not None]
    measured = None if measure is None else read_trainable(measure)
    if measured is not None and measured.kind != "loss":
        raise DomainError(f"--measure takes a loss; {measured} is an activation")
    # Nobody trains for a picture that cannot be drawn.
    format_of(output)
    check_place(output)
    check_installed()
    from symkit.cli.data import get_dataset, split
    from symkit.cli.network import objective
    from symkit.cli.surroundings import Look, look_around
    from symkit.cli.train import Plan
    from symkit.reporting.landscape import plot_landscape
    from symkit.reporting.panels import shortened

    start = time.perf_counter()
    dataset = get_dataset(data)
    drawn = None if measured is None else objective(dataset.task, measured, "auto")
    competing = [contenders(subject, dataset.task, "auto")[0] for subject in subjects]
    parts, plan, look = split(dataset), Plan(epochs), Look(steps, span, directions, seed)
    with progress("training, then looking around", len(competing) * (epochs + look.points), "steps") as advance:
        views = [look_around(contender, parts, plan, look, drawn, advance) for contender in competing]
    what = "training loss" if measure is None else f"loss {shortened(measure.strip(), MAX_NAME)}"
    titles = _titles([view.contender.text for view in views])
    found = dict(zip(titles, (view.landscape for view in views), strict=True))
    comparable = measure is not None or all(subject.kind == "activation" for subject in subjects)
    plot_landscape(found, output, loss=what, one_scale=comparable)
    if as_json:
        settings = {"data": data, "epochs": epochs, "measure": measure, **asdict(look)}
        facts = [_facts(view, parts.dataset.task) for view in views]
        seconds = time.perf_counter() - start
        emit_json({**settings, "landscapes": facts, "file": str(output), "seconds": seconds})
        return
    emit(card((view.contender.text, _summary(view)) for view in views))
    remark(f"wrote {output}")


def _titles(texts: Sequence[str]) -> list[str]:
    """Formulas as they are written over maps, each another one."""
    from symkit.reporting.panels import shortened

    titles = [shortened(text, MAX_NAME) for text in texts]
    same = len(set(titles)) < len(titles)
    return [f"{number}: {title}" for number, title in enumerate(titles, 1)] if same else titles


def _summary(view: View) -> str:
    losses = view.landscape.losses
    finite = losses[np.isfinite(losses)]
    lost = losses.size - finite.size
    beyond = f"; not finite at {lost} of {losses.size} points" if lost else ""
    return f"loss {finite.min():.4g} to {finite.max():.4g}, {finite.mean():.4g} on average{beyond}"


def _facts(view: View, task: Task) -> dict[str, Any]:
    from symkit.cli.outcome import METRICS

    found = view.landscape
    return {
        "text": view.contender.text,
        "train_loss": view.trained.train_loss,
        METRICS[task].name: view.trained.test,
        "alphas": found.alphas.tolist(),
        "betas": None if found.betas is None else found.betas.tolist(),
        "losses": found.losses.tolist(),
    }
