"""`symkit simplify`: a cheaper or steadier form of a formula."""

from __future__ import annotations

from typing import Annotated

import typer

from symkit.cli.arguments import BoxOption, Formula, JsonOption, KindOption, read_box, read_expression
from symkit.cli.card import card, heading
from symkit.cli.console import emit, emit_json


def simplify(
    formula: Formula,
    box: BoxOption = None,
    dtype: Annotated[str, typer.Option(metavar="NAME", help="float64, float32 or float16.")] = "float32",
    timeout: Annotated[float, typer.Option(metavar="SECONDS", help="The time it may take.")] = 2.0,
    kind: KindOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find a cheaper or steadier form of a function.

    A form is taken only if it is nowhere less accurate, has a value at the same points, and has the same gradient.
    The cost is in additions.

    \b
    Examples:
      symkit simplify "x - log(sigmoid(x))"
      symkit simplify "0*exp(x) + tanh(x)" --box "x=-10:10"
      symkit simplify "exp(x)/(1 + exp(x))" --json
    """
    expression = read_expression(formula, kind)
    from symkit.simplification import cost
    from symkit.simplification import simplify as simplified

    bounds = read_box(box)
    found = simplified(expression, box=bounds, dtype=dtype, timeout=timeout)
    before, after = cost(expression.program), cost(found.program)
    if as_json:
        facts = {"text": str(found), "original": str(expression), "changed": found != expression}
        emit_json({**facts, "cost": {"before": before, "after": after}, "box": bounds, "dtype": dtype})
        return
    if found == expression:
        rows = [("was", "the same: no form was found that is better"), ("cost", f"{before:g}")]
    else:
        rows = [("was", str(expression)), ("cost", f"{after:g} instead of {before:g}")]
    emit(heading(str(found)), card(rows))
