"""AutoInit: predicted variances beside measured ones, how long it takes, and what it does to training.

    python -m bench autoinit [--part signal] [--part time] [--part digits] [--resume] [--quick] [--write]

signal: residual networks without normalisation, and All-CNN-C with nine activations, run on images of N(0, 1). A draw
of weights has a variance of its own; means over draws are compared with what is predicted. time: of initialising, in a
new process and later. digits: networks of 20 layers with 100 random activations, trained from Glorot's initialisation,
AutoInit and AutoInit++, as B section 5.11 did with others; it takes minutes, and `--resume` goes on where an earlier
run was stopped. `--write` keeps what was found in bench/results/autoinit.md and autoinit.json, with what was kept
before of other parts.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from rich.progress import track

from bench.autoinit_digits import INITIALISATIONS as STARTS
from bench.autoinit_digits import (
    Run,
    Training,
    better_than_chance,
    by_initialisation,
    comparisons,
    median_accuracy,
    runs,
)
from bench.autoinit_signal import Followed, Step, followed
from bench.autoinit_time import Duration, timed
from bench.findings import surroundings
from bench.losses_report import rounded
from bench.report import Table, markdown_table
from symkit.cli.card import heading, listing
from symkit.cli.console import emit, errors, jsonable, remark

RESULTS = Path(__file__).parent / "results"
STATE = Path(tempfile.gettempdir()) / "symkit-bench-autoinit-digits.json"

RESIDUAL_BAR, PLAIN_BAR, SECONDS_BAR = 0.25, 0.10, 1.0
"""What is asked for: relative errors of predicted variances, and the time of ResNet-164."""


@dataclass(frozen=True)
class Part:
    """What one part found, and the machine it ran on."""

    where: dict[str, Any]
    found: list[Any]


def signal(given: argparse.Namespace) -> Iterator[Followed]:
    for each in followed(given.draws if not given.quick else 2, given.quick):
        remark(f"{each.network}: measured / predicted is {each.worst.ratio:.2f} at worst, at {each.worst.name}")
        yield each


def duration(given: argparse.Namespace) -> Iterator[Duration]:
    return timed(2 if given.quick else 9)


def digits(given: argparse.Namespace) -> Iterator[Run]:
    training = Training(functions=given.functions)
    if given.quick:
        training = replace(training, functions=4, steps=20)
    found = runs(training, given.threads, STATE, given.resume)
    total = training.functions * len(STARTS)
    return iter(list(track(found, "digits", total, console=errors(), transient=True)))


PARTS: dict[str, Callable[[argparse.Namespace], Iterator[Any]]] = {
    "signal": signal,
    "time": duration,
    "digits": digits,
}


# Tables


def tables(parts: Mapping[str, Part]) -> Iterator[Table]:
    if "signal" in parts:
        yield from signal_tables(parts["signal"].found)
    if "time" in parts:
        yield time_table(parts["time"].found)
    if "digits" in parts:
        yield from digits_tables(parts["digits"].found)


def signal_tables(found: Sequence[Followed]) -> Iterator[Table]:
    residual = [each for each in found if each.network.startswith("ResNet")]
    dense = [each for each in found if each not in residual]
    columns = ("", "worst", "at", "standard error", "last", "one draw", "analysis alone", "default", "He")
    if residual:
        title = "Block outputs without normalisation: measured / predicted variance"
        yield Table(f"{title} (asked for: within {RESIDUAL_BAR:.0%})", columns, [_summary(each) for each in residual])
    if dense:
        title = "All-CNN-C, every convolution and activation: measured / predicted variance"
        yield Table(f"{title} (asked for: within {PLAIN_BAR:.0%})", columns, [_summary(each) for each in dense])
    for each in residual:
        rows = [_row(step) for step in each.steps[:: max(1, len(each.steps) // 27)]]
        heads = ("", "predicted", "measured", "ratio", "one draw", "analysis alone", "default", "He")
        yield Table(f"{each.network}, no normalisation, {each.draws} draws", heads, rows)


def _summary(each: Followed) -> tuple[str, ...]:
    worst, last = each.worst, each.steps[-1]
    error = worst.error
    name = each.network.removeprefix("All-CNN-C, ")
    return name, f"{worst.ratio:.2f}", worst.name, f"{error:.2f}", f"{last.ratio:.2f}", *_apart(last)


def _row(step: Step) -> tuple[str, ...]:
    return step.name, f"{step.predicted:.3g}", f"{step.measured:.3g}", f"{step.ratio:.2f}", *_apart(step)


def _apart(step: Step) -> tuple[str, str, str, str]:
    """The ratios of single draws, and the variances with other initialisations."""
    draws = f"{step.lowest:.2f} to {step.highest:.2f}"
    return draws, f"{step.analysis:.2f}", f"{step.default:.2g}", f"{step.he:.2g}"


def time_table(found: Sequence[Duration]) -> Table:
    rows = [(d.network, f"{d.first:.2f}", f"{d.median:.2f}", f"{d.forward:.2f}", f"{d.reported:.0f}") for d in found]
    heads = ("", "new process", "later", "one forward pass", "reported by B")
    return Table(f"Seconds to initialise (asked for: ResNet-164 under {SECONDS_BAR:.0f})", heads, rows)


def digits_tables(found: Sequence[Run]) -> Iterator[Table]:
    rows = []
    for name, those in by_initialisation(found).items():
        good = [run.accuracy for run in those if run.accuracy > 0.9]
        unfinished = sum(run.steps < max(each.steps for each in found) for run in those)
        cells = (f"{better_than_chance(those):.0%}", f"{len(good) / len(those):.0%}", f"{median_accuracy(those):.3f}")
        mean = statistics.fmean(run.accuracy for run in those)
        rows.append((name, str(len(those)), *cells, f"{mean:.3f}", str(unfinished)))
    heads = ("", "functions", "better than chance", "accuracy above 0.9", "median", "mean", "not finite")
    yield Table("Digits: plain networks of 20 layers, random functions of three nodes", heads, rows)
    compared = [
        (
            f"{c.second} against {c.first}",
            f"{c.larger:.2g}",
            f"{c.distance:.2f}",
            f"{c.different:.2g}",
            str(c.better),
            str(c.worse),
            f"{c.paired:.2g}",
        )
        for c in comparisons(found)
    ]
    heads = ("", "Mann-Whitney p", "Kolmogorov-Smirnov D", "its p", "better by 0.05", "worse by 0.05", "sign test p")
    yield Table("Digits: distributions of accuracy", heads, compared)


# What is kept


def write(parts: Mapping[str, Part]) -> None:
    """Keeps parts as text and as JSON, beside those that were kept before."""
    file = RESULTS / "autoinit.json"
    all_of_them = {**(from_json(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else {}), **parts}
    ordered = {name: all_of_them[name] for name in PARTS if name in all_of_them}
    content = rounded(
        jsonable({name: {"where": p.where, "found": [asdict(each) for each in p.found]} for name, p in ordered.items()})
    )
    file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    kept = from_json(content)
    wheres = [f"{name}: {_facts(part.where)}" for name, part in kept.items()]
    text = ["# AutoInit", NOTE, *wheres, *(f"## {t.title}\n\n{markdown_table(t)}" for t in tables(kept))]
    (RESULTS / "autoinit.md").write_text("\n\n".join(text) + "\n", encoding="utf-8")
    remark(f"wrote autoinit.md and autoinit.json in {RESULTS}")


NOTE = (
    "Made by `python -m bench autoinit --write`. Measured variances are means over draws of weights, each with images "
    "of its own; the range of single draws is shown beside them. For torch's default initialisation and that of He et "
    "al. the variance itself is shown, in summaries that of the last output."
)


def from_json(value: Mapping[str, Any]) -> dict[str, Part]:
    return {name: Part(part["where"], [READ[name](each) for each in part["found"]]) for name, part in value.items()}


def _followed(value: Mapping[str, Any]) -> Followed:
    steps = [
        Step(**{k: v if k == "name" else float("nan" if v is None else v) for k, v in s.items()})
        for s in value["steps"]
    ]
    return Followed(value["network"], value["draws"], steps)


READ: dict[str, Callable[[Any], Any]] = {
    "signal": _followed,
    "time": lambda each: Duration(**each),
    "digits": lambda each: Run(**each),
}


def _facts(where: Mapping[str, Any]) -> str:
    machine, versions = where["machine"], where["versions"]
    return (
        f"{machine['cpu']}, {machine['threads']} threads, Python {versions['python']}, torch {versions['torch']}, "
        f"{where['made']}, load {where['load']} at the start."
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench autoinit", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--part", action="append", choices=PARTS, help="repeatable; all if none is named")
    parser.add_argument("--draws", type=int, default=40, help="of weights, of each network whose signals are followed")
    parser.add_argument("--functions", type=int, default=100, help="random activations of digits")
    parser.add_argument("--threads", type=int, default=2, help="and networks trained at once")
    parser.add_argument("--resume", action="store_true", help="digits: take what an earlier run got to")
    parser.add_argument("--quick", action="store_true", help="a look: few draws, functions and steps")
    parser.add_argument("--write", action="store_true", help="keep the tables in bench/results")
    given = parser.parse_args(arguments)
    if given.quick and given.write:
        parser.error("--quick is a look; what it finds is not kept")
    torch.set_num_threads(given.threads)
    parts = {name: Part(surroundings(given.threads), list(PARTS[name](given))) for name in given.part or PARTS}
    for table in tables(parts):
        emit(heading(table.title), listing(table.columns, table.rows, numbers=range(1, len(table.columns))), "")
    if given.write:
        write(parts)
