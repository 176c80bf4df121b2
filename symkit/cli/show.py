"""`symkit show`: what a formula is."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from symkit.cli.arguments import Formula, JsonOption, KindOption, read_expression
from symkit.cli.card import card, heading
from symkit.cli.console import emit, emit_json
from symkit.reporting.wording import formula_rows, known_as
from symkit.text import Expression
from symkit.text.describe import describe


def show(
    formula: Formula,
    kind: KindOption = None,
    derivative: Annotated[
        bool, typer.Option("--derivative", help="Show the derivative too; --wrt and --order imply it.")
    ] = False,
    wrt: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The input or parameter to derive by; if not given, x, p or z."),
    ] = None,
    order: Annotated[int, typer.Option(min=1, max=10, help="How often to derive.", show_default=False)] = 1,
    as_json: JsonOption = False,
) -> None:
    """Show what a formula is.

    Kind, parameters, operators, LaTeX, which known function it is, and its derivative if asked for.

    \b
    Examples:
      symkit show "x*sigmoid(beta*x)"
      symkit show "y*log(p)" --derivative
      symkit show "f(x; alpha: channel = 0.5) = alpha*x**2" --wrt alpha
      symkit show "-x*tanh(x)" --order 2 --json
    """
    expression = read_expression(formula, kind)
    derived = _derivative(expression, wrt, order) if derivative or wrt or order > 1 else None
    from symkit import zoo

    matches = zoo.find(expression)
    if as_json:
        facts = {**describe(expression), "zoo": [match.name for match in matches]}
        emit_json(facts if derived is None else {**facts, "derivative": derived})
        return
    rows = [
        *formula_rows(expression),
        ("zoo", known_as(matches)),
        ("LaTeX", expression.latex()),
        ("digest", expression.digest),
    ]
    if derived is not None:
        rows.append((_sign(derived["wrt"], order), derived["text"]))
    emit(heading(str(expression)), card(rows))


def _derivative(expression: Expression, wrt: str | None, order: int) -> dict[str, Any]:
    """The derivative as plain data. Losses are derived by the prediction if nothing else is asked for."""
    from symkit.transform import derivative

    name = wrt or (expression.inputs or ("x",))[-1]
    found = derivative(expression, name, order)
    facts = describe(found)
    return {"wrt": name, "order": order, **{key: facts[key] for key in ("text", "size", "depth", "latex", "digest")}}


def _sign(wrt: str, order: int) -> str:
    return f"d/d{wrt}" if order == 1 else f"d^{order}/d{wrt}^{order}"
