"""simplify over the zoo and over random expressions: what it gains, how long it takes, and whether anything is wrong.

    python -m bench simplify [--count 1000] [--seed 1] [--write]

Every form that differs from its original is looked at again, at points that simplify did not see: it must be finite
where the original is, undefined where that is, have the same exact value, and be about as near to it. `--write` keeps
the table in bench/results/simplify.md.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from symkit.evaluation import evaluate_exact, evaluate_numpy
from symkit.simplification import cost, simplify
from symkit.spaces import generated
from symkit.text import Expression
from symkit.zoo.entries import read_entries

RESULTS = Path(__file__).parent / "results" / "simplify.md"
LIMIT = 2.0
POINTS = 120
FLUSHED = 1.2e-38
"""The smallest normal float32: what is below it may be 0, also before it is multiplied by an input."""


@dataclass
class Tally:
    """What a run over some expressions has shown. `wrong` says what is wrong with which form, and where."""

    seconds: list[float] = field(default_factory=list)
    changed: int = 0
    cheaper: int = 0
    saved: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def row(self, name: str) -> str:
        times = sorted(self.seconds)
        shown = [times[len(times) // 2] * 1e3, times[int(0.95 * len(times))] * 1e3, times[-1] * 1e3]
        late = sum(second > 1.1 * LIMIT for second in times)
        saved = f"{100 * statistics.median(self.saved):.0f} %" if self.saved else "-"
        cells = [f"{time:.3g}" for time in shown] + [f"{sum(times):.1f}", str(late)]
        counts = f"{len(times)} | {self.changed} | {self.cheaper} | {saved}"
        return f"| {name} | {counts} | {' | '.join(cells)} | {len(self.wrong)} |"


def run(expressions: Iterable[Expression], *, look_again: bool) -> Tally:
    tally = Tally()
    rng = np.random.default_rng(2026)
    for expression in expressions:
        start = time.perf_counter()
        form = simplify(expression, timeout=LIMIT)
        tally.seconds.append(time.perf_counter() - start)
        if form == expression:
            continue
        tally.changed += 1
        before, after = cost(expression.program), cost(form.program)
        if after < before:
            tally.cheaper += 1
            tally.saved.append(1 - after / before)
        if look_again:
            tally.wrong += [f"{expression} -> {form}: {fault}" for fault in islice(faults(expression, form, rng), 1)]
    return tally


def faults(expression: Expression, form: Expression, rng: np.random.Generator) -> Iterator[str]:
    """What is wrong with a form, at random points of all sizes."""
    names = (*expression.program.inputs, *expression.program.parameters)
    constants = expression.constant_values(**{"C": 10.0, **expression.constants})
    any_size = {name: np.sign(rng.normal(size=POINTS)) * 10.0 ** rng.uniform(-35, 37, POINTS) for name in names}
    columns = {
        name: np.where(rng.uniform(size=POINTS) < 0.6, rng.normal(0, 4, POINTS), any_size[name]) for name in names
    }
    columns = {name: column.astype(np.float32).astype(np.float64) for name, column in columns.items()}
    both = [evaluate_numpy(e.program, {**constants, **columns}, "float32")[0] for e in (expression, form)]
    before, after = (np.broadcast_to(values, POINTS).astype(np.float64) for values in both)
    for place in range(POINTS if names else 1):
        row = {name: float(column[place]) for name, column in columns.items()}
        if (fault := fault_at(expression, form, {**constants, **row}, before[place], after[place])) is not None:
            yield f"{fault} at {row}"


def fault_at(
    expression: Expression, form: Expression, values: dict[str, float], before: float, after: float
) -> str | None:
    exact, again = (float(evaluate_exact(e.program, values)[0]) for e in (expression, form))
    if math.isfinite(before) and not math.isfinite(after):
        return f"{after} where the original is {before}"
    if math.isnan(exact) and math.isfinite(after) and not math.isfinite(before):
        return f"{after} where the original is undefined"
    if not math.isfinite(after) or not math.isfinite(exact) or abs(exact) > 3e38:
        return None
    largest = max(map(abs, values.values()), default=1.0)
    unit = max(float(np.spacing(np.float32(abs(exact)))), FLUSHED * max(1.0, min(largest, 1e30)))
    error = abs(before - exact) / unit if math.isfinite(before) else math.inf
    if abs(after - exact) / unit > 8 * error + 64:
        return f"{after} where the original is {before}, exactly {exact}"
    if largest < 50 and abs(again - exact) > 1e-8 * max(abs(again), abs(exact)) + 1e-30:
        return f"exactly {again} where the original is {exact}"
    return None


HEAD = """\
| | functions | changed | cheaper | cost saved | median, ms | 95 %, ms | slowest, ms | all, s | over the limit | wrong |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"""


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench simplify", description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="random expressions")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help=f"keep the table in {RESULTS.name}")
    given = parser.parse_args(arguments)
    zoo = [entry.expression for entry in read_entries().values()]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SYMKIT_CACHE_DIR"] = folder
        rows = {
            "the zoo": run(zoo, look_again=True),
            "the zoo again, from the disk": run(zoo, look_again=False),
            f"random, seed {given.seed}": run(islice(generated(given.seed), given.count), look_again=True),
        }
    table = "\n".join([HEAD, *(tally.row(name) for name, tally in rows.items())])
    print(table)
    for tally in rows.values():
        for wrong in tally.wrong:
            print("wrong:", wrong)
    if given.write:
        about = f"float32, no box, a limit of {LIMIT:g} s. Python {platform.python_version()}, {platform.machine()}."
        made = "Made by `python -m bench simplify --write`. The first row holds the start of SymPy's process."
        RESULTS.write_text(f"# simplify\n\n{table}\n\n{about} {made}\n", encoding="utf-8")
