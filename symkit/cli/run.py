"""`symkit run`: train a small network with a function and with what one usually takes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from symkit.cli.arguments import Formula, JsonOption, read_trainable
from symkit.cli.console import emit_json, remark, to_json
from symkit.cli.progress import progress
from symkit.files import check_place, write_text
from symkit.text import Expression, parse

if TYPE_CHECKING:
    from symkit.cli.data import Task
    from symkit.cli.train import Contender

BASELINES = (("ReLU", "relu(x)"), ("Swish", "swish(x)"))


def run(
    formula: Formula,
    data: Annotated[
        str, typer.Option(metavar="NAME", help="digits, breast_cancer or wine; diabetes for regression.")
    ] = "digits",
    epochs: Annotated[int, typer.Option(min=1, max=10_000, help="Times that every sample is seen.")] = 30,
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="Networks trained with each function.")] = 3,
    batch_size: Annotated[int, typer.Option(min=1, max=65_536, help="Samples in a step.")] = 64,
    width: Annotated[int, typer.Option(min=1, max=4096, help="Neurons in a hidden layer.")] = 64,
    depth: Annotated[int, typer.Option(min=1, max=64, help="Hidden layers.")] = 2,
    lr: Annotated[float, typer.Option(help="Adam's learning rate.")] = 0.002,
    granularity: Annotated[
        str, typer.Option(metavar="G", help="How parameters are shared: none (fixed), layer, channel or neuron.")
    ] = "layer",
    backend: Annotated[str, typer.Option(metavar="NAME", help="auto, torch, torchscript or exact.")] = "auto",
    save: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Write all numbers to this file as well.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Train a network with a function and compare.

    A small network is trained on real data with the function and with what one usually takes. An activation is
    compared with ReLU and Swish. A loss, written in y and p or in y and z, is compared with cross-entropy, or with
    squared error on diabetes; for classes it gets softmax probabilities p, or logits z. All functions see the same
    weights, batches and steps; the test part decides nothing, not even when to stop.

    A name of the zoo does for a formula, with values of its parameters in brackets if you like: see symkit zoo. C, the
    number of classes, is that of the data unless you give another.

    \b
    Examples:
      symkit run "log(sigmoid(alpha*x)) * beta*arcsinh(x)"
      symkit run "x*sigmoid(beta*x)" --data diabetes --seeds 2
      symkit run "y*abs(log(1.1*p))" --epochs 10 --json
      symkit run mish --data wine
      symkit run "sparse_lsr(0.2)"
    """
    expression = read_trainable(formula)
    from symkit.cli.data import get_dataset, split
    from symkit.cli.network import Design
    from symkit.cli.report import Report
    from symkit.cli.train import Plan, compare, warm_up

    start = time.perf_counter()
    plan = Plan(epochs, seeds, batch_size, lr, Design(width, depth, granularity, backend))
    dataset = get_dataset(data)
    if save is not None:
        check_place(save)
    competing = contenders(expression, dataset.task, backend)
    report = Report(expression, split(dataset), plan)
    warm_up(competing, report.data, plan)
    if not as_json:
        report.show_function()
    with progress("training", len(competing) * seeds * epochs, "epochs") as advance:
        comparison = compare(competing, report.data, plan, advance)
    facts = {**report.facts(comparison), "seconds": time.perf_counter() - start}
    if as_json:
        emit_json(facts)
    else:
        report.show_results(comparison)
    if save is not None:
        write_text(save, to_json(facts))
        remark(f"wrote {save}")
    if comparison.interrupted:
        remark(f"Interrupted: {comparison.seeds_finished} of {seeds} seeds were finished; only those count.")
        raise typer.Exit(130)


def contenders(expression: Expression, task: Task, backend: str) -> list[Contender]:
    """The function, and what it is compared with."""
    from symkit.cli.network import objective
    from symkit.cli.train import Contender

    usual = objective(task, None, backend)
    if expression.kind == "activation":
        rivals = [Contender(name, text, parse(text), usual) for name, text in BASELINES]
        return [Contender("this function", str(expression), expression, usual), *rivals]
    relu = parse(BASELINES[0][1])
    own = Contender("this loss", str(expression), relu, objective(task, expression, backend))
    if task == "classification":
        return [own, Contender("cross-entropy", "-y*log(p)", relu, usual)]
    return [own, Contender("squared error", "(y - p)**2", relu, usual)]
