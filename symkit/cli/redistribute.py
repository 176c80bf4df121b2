"""`symkit redistribute`: a loss of all outputs as one of the target alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from symkit.cli.arguments import Formula, JsonOption, read_expression
from symkit.cli.card import Row, card, heading
from symkit.cli.console import emit, emit_json
from symkit.text import Expression, program_text

if TYPE_CHECKING:
    from symkit.analysis.losses import Redistribution
    from symkit.checking.verdict import Verdict


def redistribute(
    formula: Formula,
    smoothing: Annotated[
        str | None,
        typer.Option(metavar="XI", help='Smooths targets first: a number, a name for a parameter, or "xi = 0.2".'),
    ] = None,
    reflect: Annotated[
        str | None,
        typer.Option(metavar="TERM", help='A term that sees all other outputs as one, such as "(1 - p)**gamma".'),
    ] = None,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", help="The time that each proof may take.")] = 5.0,
    as_json: JsonOption = False,
) -> None:
    """Make a loss sparse: 0 for every output but the target.

    What the other outputs of a softmax add is put at their average prediction, (1 - p)/(C - 1). It says what that
    replaces, whether the gradient by the target's logit is kept, and which way the value errs.

    \b
    Examples:
      symkit redistribute "lsr(0.1)"
      symkit redistribute "-y*log(p)" --smoothing xi
      symkit redistribute focal --smoothing 0.2 --reflect "(1 - p)**gamma" --json
    """
    expression = read_expression(formula)
    from symkit.analysis.losses import redistribution

    found = redistribution(expression, smoothing=smoothing, reflect=reflect, timeout=timeout)
    if as_json:
        texts = {name: str(getattr(found, name)) for name in ("original", "other", "share")}
        verdicts = {name: getattr(found, name) for name in ("total", "kept", "kept_everywhere")}
        emit_json({"text": str(found.expression), **texts, **verdicts, "error": found.error, "reason": found.reason})
        return
    emit(heading(str(found.expression)), card(_rows(found)))


def _rows(found: Redistribution) -> list[Row]:
    if found.expression == found.original:
        return [("was", "the same: the loss is sparse, for l(0, p) is 0")]
    return [
        ("was", str(found.original)),
        ("each other output", _formula(found.other)),
        ("all of them, now", _formula(found.share)),
        ("is the sum", _said(found.total)),
        ("dL/dz kept", ""),
        ("  others equal", _said(found.kept)),
        ("  any others", _said(found.kept_everywhere)),
        ("value", f"{VALUES[found.error]}: {found.reason}"),
    ]


VALUES = {
    "none": "exact",
    "underestimates": "no more than it was",
    "overestimates": "no less than it was",
    "unknown": "may be more or less than it was",
}


def _formula(e: Expression) -> str:
    """Without the values that stand in the line above."""
    return program_text(e.program, reserved=e.inputs)


def _said(verdict: Verdict) -> str:
    return f"{verdict.status}: {verdict.reason}"
