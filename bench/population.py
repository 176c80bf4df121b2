"""Search spaces: a million functions evaluated, fingerprinted and told apart; members numbered and drawn.

    python -m bench population [--runs 7] [--sample 20000] [--exact] [--write]

AQuaSurF's four-node space is evaluated at 1000 points in float32 on one thread and on all, in turns with a sample of
its functions evaluated one by one by torch, whose time is scaled to the whole space. Memory is that of a process of
its own. `--exact` tells the four-node space apart by exact values too, which takes minutes. `--write` keeps the tables
in bench/results/population.md and population.json. Run it on a machine that has nothing else to do.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch

from bench.eager_functions import FUNCTIONS
from bench.report import Table, markdown_table
from symkit import spaces
from symkit.cli.card import listing
from symkit.cli.console import emit
from symkit.spaces.populations.population import Population
from symkit.spaces.trees import Tree

RESULTS = Path(__file__).parent / "results" / "population.md"
POINTS = 1000
MEMBERS = 20_000
"""Functions that are numbered or drawn at once."""


@dataclass
class Found:
    """What a run came to. Times are medians in seconds.

    Attributes:
        whole: of the four-node space, by number of threads.
        eager: of the sample, one by one, scaled to the whole space.
        ratio: of eager to symkit, each pair measured in turn, the median.
        first: of the first run in a process whose kernels are on disk.
        peak: MiB of that process at most, and before the space is evaluated.
        same: whether fingerprints are the same bytes on one thread and on all.
        applications: operators applied to rows of points.
        counts: functions, and different ones by level.
        rates: members a second: unrank, rank and sample.
        exact: different functions by exact values, and the seconds that it took, by space.
    """

    whole: dict[int, float] = field(default_factory=dict)
    eager: float = 0.0
    ratio: float = 0.0
    first: float = 0.0
    peak: tuple[float, float] = (0.0, 0.0)
    same: bool = False
    applications: int = 0
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    rates: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    exact: dict[str, dict[str, float]] = field(default_factory=dict)


def measured(runs: int, sample: int, exact: bool) -> Found:
    found = Found()
    space = spaces.aquasurf(4)
    _alone(found)
    threads = torch.get_num_threads()
    prints = {}
    one_by_one = _eager(space, sample)
    scale = space.count() / sample
    seconds: dict[int, list[float]] = {1: [], threads: []}
    eager: list[float] = []
    for _ in range(runs + 1):
        for count in dict.fromkeys((1, threads)):
            torch.set_num_threads(count)
            took, population = _timed(lambda: _told_apart(space))
            seconds[count].append(took)
            prints[count] = population.prints.tobytes()
        eager.append(_timed(one_by_one)[0] * scale)
    # The first run of each loads kernels.
    found.whole = {count: statistics.median(times[1:]) for count, times in seconds.items()}
    found.eager = statistics.median(eager[1:])
    found.ratio = statistics.median(e / o for e, o in zip(eager[1:], seconds[threads][1:], strict=True))
    found.same = len(set(prints.values())) == 1
    found.counts["four nodes"] = _levels(space)
    found.counts["three nodes"] = _levels(spaces.aquasurf(3))
    found.rates = {s.name: _rates(s) for s in (spaces.aquasurf(3), space, spaces.cafe(2), spaces.pangaea())}
    for nodes in (3, 4) if exact else (3,):
        for division in ("ieee", "no_nan"):
            took, different = _timed(lambda n=nodes, d=division: _really_different(n, d))
            found.exact[f"{nodes} nodes, {division}"] = {"different": different, "seconds": took}
    return found


def _really_different(nodes: int, division: str) -> int:
    return spaces.aquasurf(nodes, division=division).unique("function").distinct


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def _told_apart(space: spaces.Space) -> Population:
    """Evaluated, fingerprinted and told apart."""
    population = Population(space, points=POINTS)
    assert population.unique("values").distinct > 0
    return population


def _levels(space: spaces.Space) -> dict[str, int]:
    return {
        "functions": space.count(),
        "program": space.unique("program").distinct,
        "values, float32": space.unique("values", points=POINTS).distinct,
        "values, float64": space.unique("values", points=POINTS, dtype="float64").distinct,
    }


def _rates(space: spaces.Space) -> tuple[float, float, float]:
    """Members a second: unrank, rank, sample."""
    rng = Random(0)
    ranks = [rng.randrange(space.count()) for _ in range(MEMBERS)]
    best = [0.0, 0.0, 0.0]
    for _ in range(5):
        made, members = _timed(lambda: [space[rank] for rank in ranks])
        numbered, back = _timed(lambda known=members: [space.rank(e) for e in known])
        assert back == ranks
        drawn, _ = _timed(lambda: space.sample(rng, MEMBERS))
        best = [max(old, MEMBERS / took) for old, took in zip(best, (made, numbered, drawn), strict=True)]
    return best[0], best[1], best[2]


def _eager(space: spaces.Space, sample: int) -> Callable[[], int]:
    """Evaluates a sample of functions one by one with torch, and counts the different ones by their bytes."""
    rng = Random(0)
    trees = [space.members.unrank(rng.randrange(space.count())) for _ in range(sample)]
    x = torch.from_numpy(Population(space, points=POINTS).points["x"])

    def value(tree: Tree) -> torch.Tensor:
        return FUNCTIONS[tree.form.text](*[value(child) for child in tree.children]) if tree.children else x

    def work() -> int:
        with torch.no_grad():
            return len({hash(value(tree).numpy().tobytes()) for tree in trees})

    return work


ALONE = """\
import resource, time
from symkit import spaces
from symkit.spaces.populations.population import Population
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
import symkit.spaces.populations.values, torch
loaded = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
population = Population(spaces.aquasurf(4), points=1000)
population.unique("values").distinct
first = time.perf_counter() - start
print(first, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, loaded)
"""


def _alone(found: Found) -> None:
    run = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=True)
    first, peak, loaded = map(float, run.stdout.split())
    found.first, found.peak = first, (peak / 1024, loaded / 1024)


def tables(found: Found) -> list[Table]:
    many = max(found.whole)
    time_rows = [
        (f"symkit, {many} threads", f"{found.whole[many]:.2f} s"),
        ("symkit, 1 thread", f"{found.whole[1]:.2f} s"),
        ("torch, one by one", f"{found.eager:.1f} s"),
        ("torch / symkit", f"{found.ratio:.0f}"),
        ("first run in a process", f"{found.first:.2f} s"),
        ("peak memory of the process", f"{found.peak[0]:.0f} MiB"),
        ("of that before, with torch loaded", f"{found.peak[1]:.0f} MiB"),
        ("same bytes on 1 thread", "yes" if found.same else "no"),
    ]
    levels = list(next(iter(found.counts.values())))
    count_rows = [(name, *(f"{counts[level]:,}" for level in levels)) for name, counts in found.counts.items()]
    exact_rows = [(name, f"{one['different']:,.0f}", f"{one['seconds']:.1f}") for name, one in found.exact.items()]
    rate_rows = [(name, *(f"{rate:,.0f}" for rate in rates)) for name, rates in found.rates.items()]
    return [
        Table("1,023,516 functions at 1000 points, evaluated, fingerprinted, told apart", ("", "median"), time_rows),
        Table("Different functions", ("", *levels), count_rows),
        Table("Really different functions, by exact values to 60 digits", ("", "different", "seconds"), exact_rows),
        Table("Members a second", ("", "unrank", "rank", "sample"), rate_rows),
    ]


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench population", description=__doc__.split("\n\n")[0])
    parser.add_argument("--runs", type=int, default=7, help="runs of each, in turns; the medians are shown")
    parser.add_argument("--sample", type=int, default=20_000, help="functions that torch evaluates one by one")
    parser.add_argument("--exact", action="store_true", help="the four-node space by exact values too: minutes")
    parser.add_argument("--write", action="store_true", help="keep the tables in bench/results")
    options = parser.parse_args(arguments)
    found = measured(options.runs, options.sample, options.exact)
    shown = tables(found)
    for table in shown:
        emit("", table.title, "", listing(table.columns, table.rows, numbers=range(1, len(table.columns))))
    if options.write:
        facts = (
            f"{torch.get_num_threads()} threads, {platform.processor() or platform.machine()}, Python "
            f"{platform.python_version()}, torch {torch.__version__}, numpy {np.__version__}. Made by "
            "`python -m bench population --write`."
        )
        parts = ["# Search spaces", facts, *(f"## {t.title}\n\n{markdown_table(t)}" for t in shown)]
        RESULTS.write_text("\n\n".join(parts) + "\n")
        RESULTS.with_suffix(".json").write_text(json.dumps(asdict(found), indent=1) + "\n")
