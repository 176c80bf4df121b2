"""`symkit analyze`: what a formula does before any training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from symkit.cli.arguments import BoxOption, Formula, JsonOption, KindOption, read_box, read_expression, read_values
from symkit.cli.card import card, heading
from symkit.cli.console import emit, emit_json, jsonable
from symkit.errors import DomainError
from symkit.text import Expression

NEIGHBOURS = 12
"""Known functions that are looked at; several may be the function itself."""

TIMEOUT = 10.0
"""Seconds to shorten the texts of a loss."""


def analyze(
    formula: Formula,
    kind: KindOption = None,
    mean: Annotated[float, typer.Option(help="Mean of the input of an activation.")] = 0.0,
    variance: Annotated[float, typer.Option(help="Variance of the input of an activation.")] = 1.0,
    values: Annotated[
        str | None, typer.Option("--set", metavar="VALUES", help='Values of parameters, such as "beta=2, alpha=0.1".')
    ] = None,
    box: BoxOption = None,
    classes: Annotated[
        int | None, typer.Option(metavar="C", help="Number of outputs of a loss; 10 if the formula says nothing.")
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="LOSS", help='A loss to compare with: "ce", "lsr(0.1)" or a formula.'),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a function does before any training.

    An activation: mean and variance of f(X) for a normal X, with proved errors, the gain of a gradient, shape, and what
    becomes of a signal through depth; --box looks at the moments over ranges of its parameters. A loss: its learning
    rule at the start and the end of training, at outputs and at logits, its minima, and how it treats easy, hard and
    wrong examples. A number that does not exist is not made up: the reason is given.

    \b
    Examples:
      symkit analyze "relu(x)"
      symkit analyze "abs(x)**x" --mean 0.5 --variance 4 --json
      symkit analyze "x*sigmoid(beta*x)" --set beta=1.5
      symkit analyze "x*sigmoid(beta*x)" --box beta=0.5:2
      symkit analyze "-y*log(p)" --classes 100
      symkit analyze "y*abs(log(1.1*p))" --against "lsr(0.1)"
    """
    expression = read_expression(formula, kind).with_values(read_values(values))
    if expression.kind == "loss":
        if box is not None:
            raise DomainError("--box is for the parameters of an activation; give a loss its values by --set")
        _loss(expression, classes, against, as_json)
        return
    for option, value in (("--classes", classes), ("--against", against)):
        if value is not None:
            raise DomainError(f"{option} is for losses; {expression} is of kind {expression.kind}")
    _activation(expression, mean, variance, read_box(box), as_json)


def _activation(
    expression: Expression,
    mean: float,
    variance: float,
    box: Mapping[str, tuple[float, float]],
    as_json: bool,
) -> None:
    from symkit.analysis import Analysis
    from symkit.analysis import analyze as analysis_of
    from symkit.analysis.signal import over
    from symkit.cli.analysis_card import analysis_rows, depth_rows, near_rows, over_rows, proof_rows, shape_rows
    from symkit.zoo.nearest import nearest

    found = analysis_of(expression, mean=mean, variance=variance)
    assert isinstance(found, Analysis)
    ranges = over(expression, box, mean=mean, variance=variance) if box else None
    try:
        near = nearest(expression, count=NEIGHBOURS, mean=mean, variance=variance)
    except DomainError:
        # What has no second moment has no distance.
        near = ()
    if as_json:
        facts: dict[str, Any] = {"text": str(expression), "input": {"mean": mean, "variance": variance}}
        facts |= {**jsonable(found), "nearest": near}
        emit_json(facts if ranges is None else {**facts, "over": ranges})
        return
    rows = analysis_rows(found, f"normal, mean {mean:g}, variance {variance:g}")
    rows[3:3] = proof_rows(found)
    rows += [*shape_rows(found.shape), *depth_rows(found.signal), *near_rows(near)]
    if ranges is not None:
        rows += over_rows(ranges)
    emit(heading(str(expression)), card(rows))


def _loss(expression: Expression, classes: int | None, against: str | None, as_json: bool) -> None:
    from symkit.analysis.losses import loss_analysis
    from symkit.cli.loss_card import comparison_table, loss_rows, push_table
    from symkit.zoo.named import named_loss

    other = named_loss(against) if against is not None else None
    found = loss_analysis(expression, classes=classes, against=other, timeout=TIMEOUT)
    if as_json:
        emit_json({**jsonable(found), "text": str(expression)})
        return
    emit(heading(str(expression)), card(loss_rows(found)), "", push_table(found))
    if found.comparison is not None and against is not None:
        emit("", comparison_table(found.comparison, against.strip()))
