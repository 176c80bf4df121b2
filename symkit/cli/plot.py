"""`symkit plot`: a picture of a formula, or of several."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from symkit.cli.arguments import JsonOption, read_box, read_expression
from symkit.cli.console import emit_json, remark
from symkit.errors import DomainError
from symkit.text import Expression

Formulas = Annotated[
    list[str], typer.Argument(metavar="EXPR...", help='Formulas, such as "x*sigmoid(x)"; - reads standard input.')
]
MeanOption = Annotated[float, typer.Option("--mean", help="Mean of the input of an activation.")]
VarianceOption = Annotated[float, typer.Option("--variance", help="Variance of the input of an activation.")]
AgainstOption = Annotated[
    str | None,
    typer.Option("--against", metavar="EXPR", help="Another formula, or a name of the zoo, to compare with."),
]


def plot(
    formulas: Formulas,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The picture: .png or .svg.")],
    mean: MeanOption = 0.0,
    variance: VarianceOption = 1.0,
    along: Annotated[
        str | None, typer.Option(metavar="RANGE", help='Curves along a parameter, such as "beta=0.5:2".')
    ] = None,
    against: AgainstOption = None,
    surface: Annotated[
        bool, typer.Option("--surface", help="Also draw a loss over both targets and predictions.")
    ] = False,
    order: Annotated[int, typer.Option(min=0, max=2, help="The highest derivative of an activation to draw.")] = 1,
    box: Annotated[
        str | None, typer.Option(metavar="RANGE", help='What to draw over, such as "x=-10:10"; chosen if not given.')
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Draw a formula.

    An activation with its derivative, the density of a normal input, and what happens where: breaks, extrema, zeros,
    asymptotes, stretches where it is saturated or dead. A loss over predictions for targets of 1 and 0, and its slope.

    \b
    Examples:
      symkit plot "x*sigmoid(x)" -o swish.svg
      symkit plot "x*sigmoid(beta*x)" --along beta=0.5:2 -o family.png
      symkit plot "relu(x)" "x*sigmoid(x)" "tanh(x)" -o three.svg
      symkit plot "y*abs(log(1.1*p))" --against ce --surface -o loss.png
    """
    expressions = read_expressions(formulas)
    from symkit.reporting.plot import plot as plotted

    drawing = plotted(
        expressions,
        output,
        mean=mean,
        variance=variance,
        along=along,
        against=None if against is None else against.strip(),
        surface=surface,
        order=order,
        box=_range(box, expressions[0]),
    )
    if as_json:
        emit_json({"file": str(output), "texts": drawing.texts, "panels": drawing.panels})
    else:
        remark(f"wrote {output}")


def read_expressions(formulas: list[str]) -> list[Expression]:
    """Those that arguments spell. Standard input can be read once."""
    if formulas.count("-") > 1:
        raise DomainError("- stands for standard input, which can be read only once")
    return [read_expression(formula) for formula in formulas]


def _range(box: str | None, expression: Expression) -> tuple[float, float] | None:
    """The range of the one input that is drawn over."""
    if box is None:
        return None
    axis = expression.inputs[-1] if expression.inputs else "x"
    ranges = read_box(box)
    if list(ranges) != [axis]:
        raise DomainError(f'--box takes one range, of {axis}, such as "{axis}=-10:10", not {box!r}')
    return ranges[axis]
