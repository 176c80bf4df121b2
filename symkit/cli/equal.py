"""`symkit equal`: are two formulas one function?"""

from __future__ import annotations

from typing import Annotated

import typer

from symkit.cli.arguments import JsonOption, read_expression
from symkit.cli.card import card, heading
from symkit.cli.console import emit, emit_json

ANSWERS = {"proved": "equal", "refuted": "not equal", "unknown": "unknown, but not told apart"}


def equal(
    a: Annotated[str, typer.Argument(metavar="A", help='A formula, such as "tanh(x)".')],
    b: Annotated[str, typer.Argument(metavar="B", help='Another, such as "2*sigmoid(2*x) - 1".')],
    timeout: Annotated[float, typer.Option(metavar="SECONDS", help="The time that the proof may take.")] = 5.0,
    as_json: JsonOption = False,
) -> None:
    """Say whether two formulas are the same function.

    Proved over the real numbers, refuted with a point at which they differ, or unknown: then it says how closely they
    agree on samples. The exit status is 1 if they are not equal.

    \b
    Examples:
      symkit equal "tanh(x)" "2*sigmoid(2*x) - 1"
      symkit equal "log(x**2)" "2*log(x)"
      symkit equal "max(swish(x), x)" "where(x >= 0, x, swish(x))" --json
    """
    one, other = read_expression(a), read_expression(b)
    from symkit.simplification import equal as compared

    verdict = compared(one, other, timeout=timeout)
    if as_json:
        texts = {"a": str(one), "b": str(other)}
        emit_json({**texts, "status": verdict.status, "reason": verdict.reason, "witness": verdict.witness})
    else:
        emit(heading(ANSWERS[verdict.status]), card([("a", str(one)), ("b", str(other)), ("because", verdict.reason)]))
    if verdict.is_refuted:
        raise typer.Exit(1)
