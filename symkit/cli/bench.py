"""`symkit bench`: how fast a function is beside eager torch, TorchScript and torch.compile."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType

from symkit.cli.arguments import Formula, JsonOption, read_expression
from symkit.cli.card import heading, listing
from symkit.cli.console import emit, emit_json, errors, remark
from symkit.cli.timing import medians
from symkit.errors import DomainError

if TYPE_CHECKING:
    from torch import Tensor

    from symkit.cli.rivals import Contest

    Work = Callable[[], tuple[Tensor, ...]]

UNITS = {"K": 2**10, "M": 2**20}
LARGEST = 2**28
RIVALS = ("eager", "torchscript", "torch.compile")


@dataclass(frozen=True)
class Measured:
    """How one of the rivals did.

    Attributes:
        name: "symkit" or one of RIVALS.
        first: seconds of the first call, in which it compiles.
        seconds: median of later calls.
        ratio: `seconds` in units of symkit's.
        error: of values and input gradients, the largest difference from float64, beside max(1, |exact|).
    """

    name: str
    first: float
    seconds: float
    ratio: float
    error: float


def bench(
    formula: Formula,
    size: Annotated[str, typer.Option(metavar="N", help="Elements, such as 1000, 64K or 4M.")] = "1M",
    backward: Annotated[
        bool, typer.Option("--backward", help="Forward and backward: gradients of inputs and parameters as well.")
    ] = False,
    against: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help=f"One of {', '.join(RIVALS)}; give it again for more. All if not given."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Time a function against torch.

    The fused kernel, symkit's eager torch backend, TorchScript and torch.compile run the same formula in turns, in
    float32, on the threads that torch has; medians are shown. A loss is timed element by element, without its
    reduction. torch.compile takes a while before it first runs, and needs a C++ compiler.

    \b
    Examples:
      symkit bench "x*sigmoid(beta*x)" --size 64K --backward --against eager
      symkit bench "(y - p)**2" --size 4K --against torchscript --json
    """
    expression = read_expression(formula)
    elements = parsed_size(size)
    names = against or RIVALS
    for name in names:
        if name not in RIVALS:
            raise DomainError(f"cannot compare with {name!r}; there are {', '.join(RIVALS)}")
    import torch

    from symkit.cli.rivals import Contest

    contest = Contest(expression, elements, backward)
    found, missing = _measured(contest, names)
    threads = torch.get_num_threads()
    if as_json:
        emit_json(
            {
                "text": str(expression),
                "elements": elements,
                "backward": backward,
                "threads": threads,
                "torch": torch.__version__,
                "results": found,
                "missing": missing,
            }
        )
        return
    what = "forward and backward" if backward else "forward"
    emit(heading(str(expression)), f"{what}, {elements} elements, float32, {threads} threads", "", _table(found))
    for name, reason in missing.items():
        remark(f"{name} does not run here: {reason}")


def parsed_size(text: str) -> int:
    """`64K` as a number of elements."""
    factor = UNITS.get(text[-1:].upper(), 1)
    digits = text[:-1] if factor > 1 else text
    elements = int(digits) * factor if digits.isascii() and digits.isdigit() and len(digits) < 12 else 0
    if not 1 <= elements <= LARGEST:
        raise DomainError(f"--size {text!r} is no number of elements from 1 to 256M; try 1000, 64K or 4M")
    return elements


def _measured(contest: Contest, names: Sequence[str]) -> tuple[list[Measured], dict[str, str]]:
    """Results of symkit and of all that run here, and of the others the reason."""
    works: dict[str, Work] = {}
    first: dict[str, float] = {}
    missing: dict[str, str] = {}
    with errors().status("") as shown:
        for name in ("symkit", *dict.fromkeys(names)):
            shown.update(f"first call of {name}")
            work = contest.work(name)
            start = time.perf_counter()
            try:
                work()
            except RuntimeError as error:
                if name == "symkit":
                    raise
                missing[name] = str(error).strip().partition("\n")[0]
            else:
                works[name] = work
                first[name] = time.perf_counter() - start
        shown.update("taking turns")
        seconds = medians(works, 2.0)
        shown.update("checking")
        found = [
            Measured(name, first[name], seconds[name], seconds[name] / seconds["symkit"], contest.error(work()))
            for name, work in works.items()
        ]
    return found, missing


def _table(found: Sequence[Measured]) -> RenderableType:
    rows = [
        (m.name, f"{1e3 * m.seconds:.3g}", f"{m.ratio:.2f}", f"{1e3 * m.first:.3g}", f"{m.error:.1e}") for m in found
    ]
    columns = ("", "ms", "times symkit's", "first call, ms", "largest error")
    return listing(columns, rows, numbers=range(1, 5))
