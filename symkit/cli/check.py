"""`symkit check`: what can be proved and what can be refuted of a formula."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from symkit.cli.arguments import BoxOption, Formula, JsonOption, KindOption, read_box, read_expression
from symkit.cli.card import card, heading
from symkit.cli.console import emit, emit_json, jsonable
from symkit.reporting.wording import verdict_lines

if TYPE_CHECKING:
    from symkit.checking import CheckReport, Verdict

NARROWEST = 8
"""Columns that reasons have, however narrow the terminal is; labels are folded before."""

STYLES = {"proved": "green", "refuted": "red", "unknown": "yellow"}

Line = tuple[str, "Verdict"]


def check(
    formula: Formula,
    box: BoxOption = None,
    dtype: Annotated[str, typer.Option(metavar="NAME", help="float64, float32 or float16.")] = "float32",
    require: Annotated[
        list[str] | None,
        typer.Option("--require", metavar="TEXT", help='What must hold, such as "monotone; abs(f) <= 1"; repeatable.'),
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.01, max=600, help="The time that each proof may take.")] = 0.4,
    kind: KindOption = None,
    as_json: JsonOption = False,
) -> None:
    """Prove that a function is safe, or show that it is not.

    Closure: every finite input gives a finite value in the dtype. The same is asked of the form that is compiled, of
    its gradient, and of the gradient that torch takes of the formula as written. Of a loss also: does it use its
    arguments, is it never negative, is it least at the target. What is refuted comes with an input to try.

    The exit status is 1 if closure, the gradient or a requirement is refuted, or if a loss does not use an argument.

    \b
    Examples:
      symkit check "x*sigmoid(x)"
      symkit check "exp(exp(x))" --dtype float64
      symkit check "-y*log(p)" --box "y=0:1, p=0.001:0.999"
      symkit check "tanh(x)" --require "monotone; odd; abs(f) <= 1"
      symkit check "arctan(x)*x" --require "finite on x in [-10, 10]" --json
    """
    expression = read_expression(formula, kind)
    from symkit.checking import check as checked

    report = checked(expression, box=read_box(box), dtype=dtype, require=require, seconds=seconds)
    is_safe = not any(verdict.is_refuted for _, verdict in _decisive(report))
    if as_json:
        emit_json({**jsonable(report), "safe": is_safe})
    else:
        emit(heading(report.text), card([("over", f"{report.region}, in {report.dtype}")]), _table(report))
    if not is_safe:
        raise typer.Exit(1)


def _decisive(report: CheckReport) -> Iterator[Line]:
    """The verdicts that decide the exit status."""
    yield "closure", report.closure
    yield "gradient", report.gradient
    for name, verdict in report.uses.items():
        yield f"uses {name}", verdict
    for requirement in report.required:
        yield requirement.text, requirement.verdict


def _table(report: CheckReport) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="cyan", overflow="fold")
    grid.add_column(no_wrap=True, min_width=max(len(verdict.status) for _, verdict in verdict_lines(report)))
    grid.add_column(overflow="fold", min_width=NARROWEST)
    for label, verdict in verdict_lines(report):
        grid.add_row(label, Text(verdict.status, style=STYLES[verdict.status]), verdict.reason)
    return grid
