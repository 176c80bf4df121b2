"""Gaussian moments: of thousands of functions at once, and with proofs one by one. How long, how many, how near?

    python -m bench moments [--count 4000] [--seed 1] [--runs 5] [--sample 60] [--write]

The four numbers are mean, variance, second moment and backward gain. A sample of each population is computed one by
one as well: numbers must agree, and what one by one has no number for must have none. A second table is of the proved
numbers of the functions in tests/data/moments.json. `--write` keeps the tables in bench/results/moments.md and
moments.json. Run it on a machine that has nothing else to do.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice, product
from pathlib import Path

import numpy as np

from symkit.analysis import backward_gain, moments
from symkit.analysis.batch import Batch, moments_many
from symkit.analysis.measure import measure_of
from symkit.analysis.moments import gain_of
from symkit.analysis.subject import Subject
from symkit.spaces import Recipe, generated
from symkit.text import Expression, parse
from symkit.zoo.entries import read_entries

RESULTS = Path(__file__).parent / "results" / "moments.md"
FACTS = Path(__file__).parents[1] / "tests" / "data" / "moments.json"

NOTHING = 1e-12
"""Part of the second moment below which a gain is rounding: one by one it may be said to be lost in that."""

UNARY = (
    *("0*x", "0*x + 1", "x", "-x", "abs(x)", "1/x", "x**2", "exp(x)", "sigmoid(x)", "erf(x)", "erfc(x)", "sinh(x)"),
    *("cosh(x)", "tanh(x)", "arcsinh(x)", "arctan(x)", "expm1(x)", "log_sigmoid(x)", "relu(x)", "elu(x)", "selu(x)"),
    *("swish(x)", "softplus(x)", "softsign(x)", "hard_sigmoid(x)", "bessel_i0e(x)", "bessel_i1e(x)"),
)
BINARY = ("({}) + ({})", "({}) - ({})", "({})*({})", "({})/({})", "({})**({})", "max({}, {})", "min({}, {})")
"""Of B table A.3."""


@dataclass(frozen=True)
class Tally:
    """What was found for one population.

    Attributes:
        first: microseconds a function in the first run, in which operators are compiled.
        median, mean: microseconds a function over the other runs.
        moments, gains: functions with these numbers.
        sampled: functions that were computed one by one too.
        missed_moments, missed_gains: how many of them have these numbers one by one only.
        worst: the largest difference of a number, relative to the root mean square, its square, or the gain.
        wrong: what is given and does not exist, or differs by more than 1e-10.
        alone: milliseconds a function one by one, the median.
    """

    name: str
    functions: int
    first: float
    median: float
    mean: float
    moments: int
    gains: int
    sampled: int
    missed_moments: int
    missed_gains: int
    worst: float
    wrong: list[str]
    alone: float

    def row(self) -> str:
        shares = [f"{100 * count / self.functions:.1f} %" for count in (self.moments, self.gains)]
        times = [f"{t:.0f}" for t in (self.first, self.median, self.mean)]
        missed = f"{self.missed_moments} | {self.missed_gains} of {self.sampled}"
        cells = [str(self.functions), *times, *shares, missed, f"{self.worst:.1e}", str(len(self.wrong))]
        return f"| {self.name} | {' | '.join(cells)} | {self.alone:.0f} |"


HEAD = """\
| | functions | first run, us | median, us | mean, us | with moments | with gain | moments missed | gains missed | \
worst | wrong | one by one, ms |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"""


@dataclass(frozen=True)
class Proofs:
    """Proved numbers of one kind, each function in each of its settings.

    Attributes:
        median, longest: milliseconds of a function in a setting, what is measured included.
        certified: of how many there is a proof.
        worst: the largest proved error, relative to the root mean square, its square, or the gain.
    """

    name: str
    functions: int
    median: float
    longest: float
    certified: int
    worst: float

    def row(self) -> str:
        share = f"{100 * self.certified / self.functions:.1f} %"
        return (
            f"| {self.name} | {self.functions} | {self.median:.1f} | {self.longest:.0f} | {share} | {self.worst:.1e} |"
        )


PROOFS_HEAD = """\
| with proofs | functions x settings | median, ms | longest, ms | certified | worst error proved |
|---|---:|---:|---:|---:|---:|"""


def three_nodes() -> list[Expression]:
    """binary(unary(x), unary(x)) over all operators, as in B appendix A.4.3."""
    return [parse(binary.format(*pair)) for binary in BINARY for pair in product(UNARY, repeat=2)]


def tallied(name: str, expressions: Sequence[Expression], runs: int, sample: int, seed: int) -> Tally:
    seconds = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        batch = moments_many(expressions)
        seconds.append((time.perf_counter() - start) / len(expressions) * 1e6)
    chosen = random.Random(seed).sample(range(len(expressions)), min(sample, len(expressions)))
    worst, wrong, missed, alone = 0.0, [], [0, 0], []
    for i in chosen:
        start = time.perf_counter()
        pairs = _pairs(expressions[i], batch, i)
        alone.append(time.perf_counter() - start)
        for position, (quick, slow, unit) in enumerate(pairs):
            if math.isnan(quick):
                missed[position // 3] += slow is not None and position in (1, 3)
            elif slow is None and 0 <= quick < NOTHING * unit:
                continue
            elif slow is None:
                wrong.append(f"{expressions[i]}: {quick}, which does not exist")
            else:
                off = abs(quick - slow) / (unit or 1.0)
                worst = max(worst, off)
                if off > 1e-10:
                    wrong.append(f"{expressions[i]}: {quick} and not {slow}")
    return Tally(
        name,
        functions=len(expressions),
        first=seconds[0],
        median=statistics.median(seconds[1:]),
        mean=statistics.mean(seconds[1:]),
        moments=int(np.isfinite(batch.mean).sum()),
        gains=int(np.isfinite(batch.backward_gain).sum()),
        sampled=len(chosen),
        missed_moments=missed[0],
        missed_gains=missed[1],
        worst=worst,
        wrong=wrong,
        alone=statistics.median(alone) * 1e3,
    )


def _pairs(expression: Expression, batch: Batch, i: int) -> list[tuple[float, float | None, float]]:
    """(at once, one by one, unit) of the four numbers."""
    known, (gain, _) = moments(expression, certified=False), backward_gain(expression)
    square = known.second_moment or 0.0
    return [
        (float(batch.mean[i]), known.mean, math.sqrt(square)),
        (float(batch.variance[i]), known.variance, square),
        (float(batch.second_moment[i]), known.second_moment, square),
        (float(batch.backward_gain[i]), gain, max(gain or 0.0, square)),
    ]


def proofs() -> list[Proofs]:
    """Of the functions in tests/data/moments.json: moments in every setting, and the gain where it is known."""
    functions = json.loads(FACTS.read_text())["functions"]
    settings = [(entry["expression"], s["mean"], s["variance"]) for entry in functions for s in entry["settings"]]
    of_moments = [_proved_moments(*setting) for setting in settings]
    of_gains = [_proved_gain(*setting) for setting in settings]
    return [_proofs("mean, variance, covariance", of_moments), _proofs("backward gain", of_gains)]


def _proofs(name: str, found: Sequence[tuple[float, float | None]]) -> Proofs:
    seconds, errors = [took for took, _ in found], [error for _, error in found if error is not None]
    times = statistics.median(seconds) * 1e3, max(seconds) * 1e3
    return Proofs(name, len(found), *times, len(errors), max(errors, default=0.0))


def _proved_moments(expression: str, mean: float, variance: float) -> tuple[float, float | None]:
    """(seconds, the largest of the proved errors, or None where there is no proof)."""
    start = time.perf_counter()
    known = moments(expression, mean=mean, variance=variance)
    took = time.perf_counter() - start
    if not known.certified:
        return took, None
    square = known.second_moment or 1.0
    pairs = (
        (known.mean_error, math.sqrt(square)),
        (known.variance_error, square),
        (known.covariance_error, math.sqrt(square * variance)),
    )
    return took, max((error or 0.0) / unit for error, unit in pairs)


def _proved_gain(expression: str, mean: float, variance: float) -> tuple[float, float | None]:
    """The same of E[f'(X)**2], in units of itself."""
    start = time.perf_counter()
    subject = Subject.of(expression, mean, variance, None)
    known = gain_of(subject, measure_of(subject))
    took = time.perf_counter() - start
    return took, (known.error or 0.0) / (known.value or 1.0) if known.certified else None


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench moments", description=__doc__)
    parser.add_argument("--count", type=int, default=4000, help="random expressions")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=5, help="runs that are timed, after the first")
    parser.add_argument("--sample", type=int, default=60, help="functions of each population computed one by one too")
    parser.add_argument("--write", action="store_true", help=f"keep the table in {RESULTS.name}")
    given = parser.parse_args(arguments)
    names = ("sigmoid", "tanh", "relu", "elu", "swish", "softplus", "erf", "exp", "sin", "cos", "abs", "square")
    mixed = Recipe(operators=(*names, "arcsinh", "arctan", "add", "sub", "mul", "max", "min", "neg"), max_size=6)
    populations = {
        "three nodes": three_nodes(),
        f"random, common operators, seed {given.seed}": list(islice(generated(given.seed, mixed), given.count)),
        f"random, all operators, seed {given.seed}": [
            e for e in islice(generated(given.seed), given.count) if _has_values(e)
        ],
        "the zoo": [entry.expression for entry in read_entries().values() if entry.kind == "activation"],
    }
    tallies = [tallied(name, es, given.runs, given.sample, given.seed) for name, es in populations.items()]
    proved = proofs()
    table = "\n".join([HEAD, *(tally.row() for tally in tallies)])
    table += "\n\n" + "\n".join([PROOFS_HEAD, *(p.row() for p in proved)])
    print(table)
    for tally in tallies:
        for wrong in tally.wrong:
            print("wrong:", wrong)
    if given.write:
        about = (
            "Times are of one function among all, for its four numbers, without parsing. Missed: what is found only "
            "one by one. A proved error is relative to the root mean square, to its square, or to the gain. "
            f"Python {platform.python_version()}, numpy {np.__version__}, {platform.machine()}. "
            "Made by `python -m bench moments --write`."
        )
        RESULTS.write_text(f"# Moments of many functions\n\n{table}\n\n{about}\n", encoding="utf-8")
        rows: list[Tally | Proofs] = [*tallies, *proved]
        content = json.dumps([asdict(row) for row in rows], indent=1)
        RESULTS.with_suffix(".json").write_text(content + "\n", encoding="utf-8")


def _has_values(expression: Expression) -> bool:
    """Whether no number of classes is asked for, which has no default."""
    return "C" not in expression.program.constants
