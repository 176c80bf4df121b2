"""`symkit protect`: a formula with closed operators in place of those with holes."""

from __future__ import annotations

from typing import Annotated

import typer

from symkit.cli.arguments import Formula, JsonOption, KindOption, read_expression
from symkit.cli.card import card, heading
from symkit.cli.console import emit, emit_json


def protect(
    formula: Formula,
    division: Annotated[
        str, typer.Option(metavar="NAME", help="What stands in for division: aq or divide_no_nan.")
    ] = "aq",
    kind: KindOption = None,
    as_json: JsonOption = False,
) -> None:
    """Replace operators that are not defined everywhere.

    Division, logarithm, square root and what stands on them become closed operators, which changes the function. It
    also says which operators may still overflow.

    \b
    Examples:
      symkit protect "y*log(p)/p"
      symkit protect "x/(1 + exp(x))" --division divide_no_nan
      symkit protect "sqrt(x) + x**-2" --json
    """
    expression = read_expression(formula, kind)
    from symkit.checking.protect import protect as protected
    from symkit.checking.protect import unprotected

    found = protected(expression, division=division)
    left = unprotected(found)
    if as_json:
        facts = {"text": str(found), "original": str(expression), "division": division, "unprotected": left}
        emit_json({**facts, "changed": found != expression})
        return
    rows = [
        ("was", str(expression) if found != expression else "the same: nothing needs protection"),
        ("unprotected", f"{', '.join(left)}: may overflow" if left else "none"),
    ]
    emit(heading(str(found)), card(rows))
