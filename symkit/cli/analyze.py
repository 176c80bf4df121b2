"""`symkit analyze`: what an activation does to a normally distributed signal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from symkit.cli.arguments import Formula, JsonOption, read_expression
from symkit.cli.card import Row, card, heading
from symkit.cli.console import emit, emit_json, jsonable

if TYPE_CHECKING:
    from symkit.analysis import Analysis


def analyze(
    formula: Formula,
    mean: Annotated[float, typer.Option(help="Mean of the input.")] = 0.0,
    variance: Annotated[float, typer.Option(help="Variance of the input.")] = 1.0,
    as_json: JsonOption = False,
) -> None:
    """Show what an activation does to a signal.

    For a normally distributed input X: mean and variance of f(X), the backward gain E[f'(X)^2], and the kinks of f.
    A number that does not exist is not made up: the reason is given. Parameters have their initial values.

    \b
    Examples:
      symkit analyze "relu(x)"
      symkit analyze "exp(x)" --mean -1 --variance 0.25
      symkit analyze "1/x" --json
    """
    expression = read_expression(formula)
    from symkit.analysis import analyze as analysis_of

    found = analysis_of(expression, mean=mean, variance=variance)
    if as_json:
        emit_json({"text": str(expression), "input": {"mean": mean, "variance": variance}, **jsonable(found)})
        return
    emit(heading(str(expression)), card(analysis_rows(found, f"normal, mean {mean:g}, variance {variance:g}")))


def analysis_rows(found: Analysis, signal: str) -> list[Row]:
    """The lines of an analysis; `signal` says what the input was."""
    moments = found.moments
    rows = [
        ("input X", signal),
        ("mean of f(X)", _number(moments.mean, moments.reason, moments.mean_error)),
        ("variance of f(X)", _number(moments.variance, moments.reason if moments.mean is not None else "none either")),
        ("backward gain", _number(found.backward_gain, found.backward_reason)),
        ("kinks", _points(found.kinks)),
    ]
    if found.poles:
        rows.append(("poles", _points(found.poles)))
    return rows


def _number(value: float | None, reason: str, error: float | None = None) -> str:
    if value is None:
        return reason
    return "0" if error is not None and abs(value) <= error else f"{value:.6g}"


def _points(points: Sequence[float], most: int = 8) -> str:
    shown = ", ".join(f"x = {point:.6g}" for point in points[:most])
    return f"{shown} and {len(points) - most} more" if len(points) > most else shown or "none"
