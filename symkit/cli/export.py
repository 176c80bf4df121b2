"""`symkit export`: a formula in another form."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from symkit.cli.arguments import Formula, JsonOption, KindOption, read_expression
from symkit.cli.console import emit_json, remark
from symkit.errors import DomainError
from symkit.files import check_place, write_text, write_whole

if TYPE_CHECKING:
    import torch


def export(
    formula: Formula,
    format: Annotated[
        str, typer.Option("--format", "-f", metavar="FORMAT", help="text, latex, dot, json, python or torchscript.")
    ] = "python",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file, whole or not at all.")
    ] = None,
    kind: KindOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a formula in another form.

    Python is one function that needs only torch; dot is for Graphviz; TorchScript is binary and needs -o.

    \b
    Examples:
      symkit export "x*sigmoid(beta*x)"
      symkit export "log(1 + exp(x))" --format latex
      symkit export "x*sigmoid(x)" --format torchscript -o swish.pt
      symkit export "y*log(p)" --format json -o loss.json --json
    """
    expression = read_expression(formula, kind)
    if output is not None:
        check_place(output)
    from symkit.nn import export as exported

    content = exported(expression, format)
    if isinstance(content, str):
        if output is not None:
            write_text(output, content.rstrip("\n") + "\n")
    elif output is None:
        raise DomainError(f"format {format!r} is binary: say where to, such as -o function.pt")
    else:
        write_whole(output, lambda draft: _save(content, draft))
    if as_json:
        text = content if isinstance(content, str) else None
        file = None if output is None else str(output)
        emit_json({"text": str(expression), "format": format, "content": text, "file": file})
    elif output is not None:
        remark(f"wrote {output}")
    else:
        typer.echo(str(content).rstrip("\n"))


def _save(module: torch.jit.ScriptModule, path: Path) -> None:
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(module, str(path))
