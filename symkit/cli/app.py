"""The commands in one place, and what they share: formulas that begin with a minus, and errors without a traceback."""

from __future__ import annotations

import errno
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from symkit import __version__
from symkit.cli.analyze import analyze
from symkit.cli.bench import bench
from symkit.cli.cache import cache
from symkit.cli.check import check
from symkit.cli.console import complain, remark
from symkit.cli.enforce import enforce
from symkit.cli.equal import equal
from symkit.cli.export import export
from symkit.cli.figure import figure
from symkit.cli.init import init
from symkit.cli.landscape import landscape
from symkit.cli.page import report
from symkit.cli.plot import plot
from symkit.cli.protect import protect
from symkit.cli.redistribute import redistribute
from symkit.cli.run import run
from symkit.cli.show import show
from symkit.cli.simplify import simplify
from symkit.cli.space import space
from symkit.cli.zoo import zoo
from symkit.errors import SymkitError

SHORT_OPTIONS = frozenset({"-f", "-h", "-i", "-o"})


class Commands(TyperGroup):
    """The group of all commands."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, [_shielded(argument) for argument in args])

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except SymkitError as error:
            complain(str(error))
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            complain(f"{error.filename or 'input or output'}: {error.strerror or error}")
        except KeyboardInterrupt:
            remark("Interrupted.")
            raise typer.Exit(130) from None
        raise typer.Exit(2)


def _shielded(argument: str) -> str:
    """`-x**2` is a formula, not a heap of options: a space in front says so. `read_expression` takes it off."""
    is_formula = argument.startswith("-") and argument[1:2] not in ("", "-") and argument not in SHORT_OPTIONS
    return f" {argument}" if is_formula else argument


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
for command in (
    run,
    show,
    check,
    simplify,
    equal,
    analyze,
    protect,
    enforce,
    redistribute,
    export,
    plot,
    report,
    landscape,
    figure,
    bench,
    zoo,
    space,
    init,
    cache,
):
    app.command()(command)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def symkit(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Small functions for neural networks: describe them, look into them, train with them.

    \b
    Examples:
      symkit show "x*sigmoid(beta*x)"
      symkit zoo mish

    Exit status: 0 done, 1 the answer is "no", 2 bad input, 130 interrupted. With --json a command prints one JSON
    object on standard output and nothing else there.
    """
