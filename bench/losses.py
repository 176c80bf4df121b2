"""Losses of logits: times, memory, growth with the number of classes, values, and training with SparseLSR.

    python -m bench losses [--only PART] [--train] [--quick] [--write] [--json]

Times are of functions, forward and backward and forward alone, beside torch's own cross-entropy, torch.compile and
eager torch on the same formula. All run in turns in one process, so that a busy machine slows them all; only ratios
count. A candidate whose numbers are wrong is not timed. `--train` trains small nets with five seeds instead, which
takes minutes. `--write` keeps what was measured in bench/results/losses.md and losses.json, with what was kept before
of other parts, and rewrites docs/training-losses.md. Run it on a machine that has nothing else to do.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from bench import losses_page
from bench.findings import surroundings
from bench.losses_growth import CLASSES as GROWING
from bench.losses_growth import grown
from bench.losses_memory import peaks
from bench.losses_report import RESULTS, Section, from_json, kept, markdown, rounded, tables
from bench.losses_times import timed
from bench.losses_training import TASKS, trained
from bench.losses_values import CLASSES as VALUED
from bench.losses_values import accuracies
from bench.measure import Mode
from symkit.cli.card import heading, listing
from symkit.cli.console import emit, emit_json, jsonable, remark

CLASSES = (10, 100, 1000, 10000, 50000)
SEEDS = range(5)
QUICK_CLASSES = (100, 1000)


def main(arguments: Sequence[str] | None = None) -> None:
    given = _parser().parse_args(arguments)
    if given.page:
        losses_page.write(kept())
        return
    names = ["training"] if given.train else given.only or [name for name in PARTS if name != "training"]
    sections = [section(name, 1 if name in SERIAL else given.threads, quick=given.quick) for name in names]
    if given.json:
        emit_json({each.name: each.as_json() for each in sections})
    else:
        for table in (table for each in sections for table in tables(each)):
            emit(heading(table.title), listing(table.columns, table.rows, numbers=range(1, len(table.columns))), "")
    if given.write:
        write(sections, given.out or RESULTS)
        if not given.out:
            losses_page.write(kept())


def section(name: str, threads: int, *, quick: bool) -> Section:
    """Measures one part."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        return Section(name, surroundings(threads), list(PARTS[name](quick)))
    finally:
        torch.set_num_threads(before)


def times(quick: bool) -> Iterator[Any]:
    for classes in QUICK_CLASSES if quick else CLASSES:
        for mode in (Mode.BOTH, Mode.FORWARD):
            remark(f"{classes} classes, {mode.value}")
            yield timed(classes, mode, compile=not quick, seconds=0.05 if quick else 10)


def memory(quick: bool) -> Iterator[Any]:
    for classes in (1000,) if quick else CLASSES[-2:]:
        remark(f"memory, {classes} classes")
        yield from peaks(classes, compile=not quick)


def growth(quick: bool) -> Iterator[Any]:
    for classes in (3, 30, 300) if quick else GROWING:
        remark(f"growth, {classes} classes")
        yield grown(classes, seconds=0.05 if quick else 2)


def values(quick: bool) -> Iterator[Any]:
    remark("values")
    yield from accuracies(most=20, classes=VALUED[:4]) if quick else accuracies()


def training(quick: bool) -> Iterator[Any]:
    for task in [replace(TASKS[0], epochs=5)] if quick else TASKS:
        remark(f"training: {task.name}")
        yield from trained(task, SEEDS[:2] if quick else SEEDS)


PARTS: dict[str, Callable[[bool], Iterator[Any]]] = {
    "times": times,
    "memory": memory,
    "growth": growth,
    "values": values,
    "training": training,
}
"""What can be measured, by name; each has a quick look."""

SERIAL = ("growth", "training")
"""Parts on one thread, whatever is asked for: what they show does not depend on it, and one thread waits for none."""


def write(sections: Sequence[Section], folder: Path) -> None:
    """Keeps sections as text and as JSON, beside those of other names that were kept before."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "losses.json"
    before = from_json(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else {}
    all_of_them = {**before, **{each.name: each for each in sections}}
    ordered = {name: all_of_them[name] for name in PARTS if name in all_of_them}
    content = rounded(jsonable({name: each.as_json() for name, each in ordered.items()}))
    file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    (folder / "losses.md").write_text(markdown(from_json(content)), encoding="utf-8")
    remark(f"wrote losses.md and losses.json in {folder}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench losses", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = [name for name in PARTS if name != "training"]
    parser.add_argument("--only", action="append", choices=parts, help="a part; repeatable")
    parser.add_argument("--train", action="store_true", help="train small nets, and nothing else")
    parser.add_argument("--quick", action="store_true", help="a look: few and small sizes, no torch.compile")
    parser.add_argument("--threads", type=int, default=2, help="of times; growth and training take one")
    parser.add_argument("--write", action="store_true", help="keep the tables, and rewrite the page")
    parser.add_argument("--out", type=Path, help="folder to keep the tables in, instead of bench/results and the page")
    parser.add_argument("--page", action="store_true", help="only rewrite the page from what is kept")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])
