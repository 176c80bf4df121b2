"""`symkit report`: all that is known of a formula, or of several, as one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from symkit.cli.arguments import JsonOption
from symkit.cli.console import emit_json, remark
from symkit.cli.plot import AgainstOption, Formulas, MeanOption, VarianceOption, read_expressions
from symkit.cli.progress import progress


def report(
    formulas: Formulas,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The page: .html.")],
    mean: MeanOption = 0.0,
    variance: VarianceOption = 1.0,
    against: AgainstOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write all that is known of a formula into one page.

    One HTML file that needs nothing else: formula, pictures, what is proved and what is refuted, the known function it
    is; of an activation its moments, its signal through depth and its shape, of a loss its learning rule and what it
    does to examples. Several formulas are compared first.

    \b
    Examples:
      symkit report "x*sigmoid(x)" -o swish.html
      symkit report "relu(x)" "x*sigmoid(x)" "x*tanh(softplus(x))" -o compared.html
      symkit report "y*abs(log(1.1*p))" --against ce -o loss.html
    """
    expressions = read_expressions(formulas)
    from symkit.reporting.report import report as written

    with progress("writing", len(expressions) + (against is not None), "functions") as advance:
        found = written(
            expressions,
            output,
            mean=mean,
            variance=variance,
            against=None if against is None else against.strip(),
            progress=advance,
        )
    if as_json:
        emit_json({"file": str(output), "texts": found.texts, "sections": found.sections})
    else:
        remark(f"wrote {output}")
