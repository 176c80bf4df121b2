"""`symkit enforce`: a loss that uses target and prediction and is never negative."""

from __future__ import annotations

from typing import Annotated

import typer

from symkit.cli.arguments import Formula, JsonOption, KindOption, read_expression
from symkit.cli.card import card, heading
from symkit.cli.console import emit, emit_json


def enforce(
    formula: Formula,
    seed: Annotated[int, typer.Option(metavar="N", help="The same seed, the same loss.", show_default=False)],
    simplified: Annotated[
        bool, typer.Option("--simplify", help="Simplify too; what is enforced is checked on the simpler form.")
    ] = False,
    kind: KindOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a loss use both arguments and never be negative.

    Where an argument is missing or cancels, a random terminal becomes a random binary operator over both. Where the
    value can be negative, softplus is put around it.

    \b
    Examples:
      symkit enforce "p**2 + (y - y)" --seed 1
      symkit enforce "p**2 + (y - y)" --seed 1 --simplify
      symkit enforce "y - p" --seed 0 --json
    """
    expression = read_expression(formula, kind)
    from symkit.checking.enforce import enforce as enforced
    from symkit.simplification import simplify

    found = enforced(expression, rng=seed, simplify=simplify if simplified else None)
    if as_json:
        facts = {"text": str(found), "original": str(expression), "seed": seed}
        emit_json({**facts, "changed": found != expression})
        return
    emit(heading(str(found)), card([("was", str(expression) if found != expression else "the same: it is legal")]))
