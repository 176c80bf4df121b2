"""Tables of a run: for the terminal, and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import RenderableType

from bench.calls import EMPTY
from bench.findings import Results, geometric_mean
from bench.measure import COMPILED, COPY, EAGER, OURS, PEER, Mode, Timing
from symkit.cli.card import counted, heading, listing

RIVALS = (COMPILED, EAGER, PEER)
MEANING = (
    "Ratios are the other's time divided by symkit's: above 1 symkit is faster. The copy column is symkit's time in "
    "units of a copy of the input, the saved ones what is kept for backward in units of the input. The operator is "
    "torch's own for the function: F.silu, F.mish or F.gelu."
)


@dataclass(frozen=True)
class Table:
    """A title, heads of columns and rows; all columns but the first, which may name functions, hold numbers."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    of_functions: bool = False


def tables(results: Results) -> list[RenderableType]:
    """All tables, for the terminal."""
    shown: list[RenderableType] = []
    for table in _tables(results):
        numbers = range(1, len(table.columns))
        shown += [heading(table.title), listing(table.columns, table.rows, numbers=numbers), ""]
    return [*shown, facts(results), MEANING]


def markdown(results: Results) -> str:
    """All tables, as a page of Markdown."""
    parts = ["# Fused kernels on the CPU", facts(results) + " Made by `python -m bench kernels`.", MEANING]
    parts += [f"## {table.title}\n\n{markdown_table(table)}" for table in _tables(results)]
    return "\n\n".join(parts) + "\n"


def markdown_table(table: Table) -> str:
    quote = "`" if table.of_functions else ""
    rows = [[f"{quote}{name}{quote}", *cells] for name, *cells in table.rows]
    lines = [table.columns, ["---", *["---:"] * (len(table.columns) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def facts(results: Results) -> str:
    """The machine, versions and day in one sentence."""
    machine = results.machine
    versions = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    return (
        f"{machine['cpu']}, {counted(machine['cores'], 'core')}, {counted(machine['threads'], 'thread')}, "
        f"{machine['vectors']}; {versions}; float32; {results.made}; load {results.load} at the start."
    )


def _tables(results: Results) -> Iterator[Table]:
    yield means(results)
    for elements, mode in results.runs:
        yield panel(results, elements, mode)
    yield calls(results)
    if results.startup:
        yield started(results)


def means(results: Results) -> Table:
    """Geometric means over the panel, and the worst ratio to torch.compile."""
    rows = []
    for elements, mode in results.runs:
        ratios = {rival: results.ratios(elements, mode, rival) for rival in (COMPILED, EAGER)}
        cells = [f"{geometric_mean(found):.2f}" if found else "-" for found in ratios.values()]
        worst = f"{min(ratios[COMPILED]):.2f}" if ratios[COMPILED] else "-"
        rows.append((f"{size(elements)}, {mode.value}", *cells, worst))
    return Table("Geometric means", ("", COMPILED, EAGER, f"worst {COMPILED}"), rows)


def panel(results: Results, elements: int, mode: Mode) -> Table:
    """One row a function."""
    found = [t for t in results.timings if t.elements == elements and t.mode is mode]
    rivals = [rival for rival in RIVALS if any(rival in t.errors for t in found)]
    rows = [_row(timing, rivals) for timing in found]
    columns = ("function", "symkit, ms", COPY, *rivals)
    if mode is not Mode.FORWARD:
        columns += ("saved", f"{EAGER} saves")
    return Table(f"{size(elements)} elements, {mode.value}", columns, rows, of_functions=True)


def _row(timing: Timing, rivals: Sequence[str]) -> list[str]:
    ours = timing.seconds.get(OURS)
    copy = timing.ratio(COPY)
    cells = [timing.case, "wrong" if ours is None else _milliseconds(ours), number(copy and 1 / copy)]
    for rival in rivals:
        is_wrong = rival in timing.errors and rival not in timing.seconds
        cells.append("wrong" if is_wrong else number(timing.ratio(rival)))
    if timing.mode is not Mode.FORWARD:
        cells += [number(timing.saved.get(name)) for name in (OURS, EAGER)]
    return cells


def calls(results: Results) -> Table:
    """Microseconds of a call at 1024 elements."""
    names = [name for name in (OURS, EAGER, COMPILED, EMPTY) if any(name in found for found in results.calls.values())]
    rows = [
        (what, *(f"{found[name] * 1e6:.1f}" if name in found else "-" for name in names))
        for what, found in results.calls.items()
    ]
    return Table("Microseconds of a call, swish of 1024 elements", ("", *names), rows)


def started(results: Results) -> Table:
    """Milliseconds from text to first values and gradients."""
    rows = [
        (name, *(_milliseconds(value) for value in (s.first, s.later, s.first_cached, s.later_cached)))
        for name, s in results.startup.items()
    ]
    columns = ("", "first in a process", "later ones", "first, from disk", "later ones, from disk")
    return Table("Milliseconds to compile, forward and backward", columns, rows)


def size(elements: int) -> str:
    """`64K`, `4M`."""
    for unit, factor in (("M", 2**20), ("K", 2**10)):
        if elements % factor == 0:
            return f"{elements // factor}{unit}"
    return str(elements)


def _milliseconds(seconds: float) -> str:
    value = 1e3 * seconds
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def number(value: float | None) -> str:
    """A ratio, or - where there is none."""
    return "-" if value is None else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
