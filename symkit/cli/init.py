"""`symkit init`: weights that keep the variance of signals, for a model of the user's own."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from symkit.cli.arguments import JsonOption
from symkit.cli.console import emit, emit_json, remark
from symkit.errors import DomainError, SymkitError
from symkit.files import check_place, write_whole

if TYPE_CHECKING:
    from torch import nn

    from symkit.nn import InitReport

SAVE_LATER = "--center takes means off activations, which no file of weights holds; use symkit.nn.autoinit in Python"


def init(
    source: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help='MODULE:NAME of a model or what makes one: net:Net of net.py in this folder, or "net:Net(20)".',
        ),
    ],
    inputs: Annotated[
        list[str],
        typer.Option(
            "--input",
            "-i",
            metavar="SHAPE",
            help="Of an input, such as 8,3,32,32; int100:8,16 for ids below 100, float64:8,3 for other types. Once for "
            "each input. More samples measure more precisely.",
        ),
    ],
    variance: Annotated[float, typer.Option(help="Wanted of the outputs of layers of weights.")] = 1.0,
    distribution: Annotated[
        str, typer.Option(metavar="NAME", help="Of weights: truncated_normal, normal, uniform or orthogonal.")
    ] = "truncated_normal",
    center: Annotated[bool, typer.Option("--center", help="Take the mean off every activation.")] = False,
    override: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SETTING",
            help='Of one layer, such as "head:variance=0.1", "head:distribution=uniform", "head:keep".',
        ),
    ] = None,
    analysis: Annotated[
        bool, typer.Option("--analysis", help="By analysis alone: no correction by what is measured.")
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave all weights as they are; only follow signals.")] = False,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Of weights and samples.")] = 0,
    save: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the weights: a state_dict, for torch.load.")
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw variances, with those of the model's own weights: .svg or .png."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Initialise a torch model so that signals keep their size.

    The model is run once. Mean and variance of every tensor are followed, weights are drawn just before they are used,
    and what was predicted is measured as well. Nothing is written without --save or --plot.

    \b
    Examples:
      symkit init "torch.nn:TransformerEncoderLayer(64, 4, batch_first=True)" --input 8,10,64
      symkit init "torch.nn:Transformer(32, 2, 1, 1, batch_first=True)" -i 8,10,32 -i 8,5,32 --save weights.pt
      symkit init "torch.nn:Conv2d(3, 16, 3, padding=1)" --input 8,3,32,32 --plot variances.svg
      symkit init "torch.nn:Embedding(100, 16)" --input int100:8,16 --variance 0.5 --json
    """
    from symkit.cli.model_source import foreign_code, load_model, read_input, read_source

    wanted = read_source(source)
    settings: dict[str, Any] = {"variance": variance, "distribution": distribution, "center": center, "keep": keep}
    settings["calibrate"] = not analysis
    settings["overrides"] = read_overrides(override or [])
    _check_files(save, plot, center, keep)
    import torch

    torch.manual_seed(seed)
    with foreign_code():
        model = load_model(wanted)
        example = tuple(read_input(text, model, seed) for text in inputs)
        own = _followed(model, example, seed, {"keep": True}) if plot is not None and not keep else None
        report = _followed(model, example, seed, settings)
    if save is not None:
        write_whole(save, lambda draft: torch.save(model.state_dict(), draft))
    if plot is not None:
        from symkit.reporting.init_plot import plot_init

        plot_init(report if own is None else {"own weights": own, "AutoInit": report}, plot)
    if as_json:
        files = {"saved": save, "plot": plot}
        emit_json({"model": source, **report.to_dict(), **{name: file and str(file) for name, file in files.items()}})
        return
    from symkit.cli.init_table import shown

    emit(*shown(report, type(model).__name__))
    for file in (save, plot):
        if file is not None:
            remark(f"wrote {file}")


def _check_files(save: Path | None, plot: Path | None, center: bool, keep: bool) -> None:
    """Before any work."""
    if save is not None:
        if center:
            raise DomainError(SAVE_LATER)
        if keep:
            raise DomainError("--keep makes no new weights to --save: give one of the two")
        check_place(save)
    if plot is not None:
        from symkit.reporting.canvas import check_installed, format_of

        format_of(plot)
        check_place(plot)
        check_installed()


def _followed(model: nn.Module, example: tuple[Any, ...], seed: int, settings: Mapping[str, Any]) -> InitReport:
    from symkit.cli.model_source import raised
    from symkit.nn import autoinit

    try:
        return autoinit(model, example, seed=seed, **settings)
    except SymkitError:
        raise
    except Exception as error:
        shapes = " and ".join(str(tuple(value.shape)) for value in example)
        raise DomainError(
            f"the model could not run on {shapes}: {raised(error)}; --input gives the shape of each input of its "
            "forward in turn, and the first number is that of samples"
        ) from None


def read_overrides(texts: list[str]) -> dict[str, dict[str, Any]]:
    """What `NAME:variance=2`, `NAME:distribution=uniform` and `NAME:keep` say, by name.

    Raises:
        DomainError: for anything else.
    """
    found: dict[str, dict[str, Any]] = {}
    for text in texts:
        name, _, setting = text.partition(":")
        key, equals, value = setting.strip().partition("=")
        try:
            if bool(equals) == (key == "keep") or (key == "variance" and not 0 < float(value) < math.inf):
                raise ValueError
            found.setdefault(name.strip(), {})[key] = float(value) if key == "variance" else value.strip() or True
        except ValueError:
            raise DomainError(
                f'--override takes "NAME:variance=2", "NAME:distribution=uniform" or "NAME:keep", not {text!r}'
            ) from None
    return found
