"""What `check` says of closure, how fast, and whether it is true.

    python -m bench check [--expressions 300] [--points 100000] [--seed 0] [--threads 2] [--json] [--write]

The activations of the zoo and random expressions, as many of each size, are judged on all finite float32 numbers and on
[-10, 10], their parameters at initial values. What is proved is then computed at so many float32 numbers, all special
ones among them: by numpy, and for a share by torch and by the compiled kernel. A witness is computed as well. Last,
intervals of random expressions are compared with what libraries compute inside their boxes. `--write` keeps the tables
in bench/results.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bench.containment import Stray, exact_strays, strays
from bench.findings import surroundings
from bench.libraries import LIBRARIES, leaves, runner
from symkit import zoo
from symkit.checking.closure import closure
from symkit.checking.region import Region
from symkit.cli.card import listing
from symkit.cli.console import emit, emit_json, errors, remark, to_json
from symkit.evaluation.formats import FORMATS
from symkit.ops import standard
from symkit.spaces import Recipe, generate
from symkit.text import Expression

RESULTS = Path(__file__).parent / "results"
FLOAT32 = FORMATS["float32"]

REGIONS = {"all float32": (-math.inf, math.inf), "[-10, 10]": (-10.0, 10.0)}

PLAIN = [record for record in standard().values() if not record.returns_truth and not record.is_select]

RECIPES = {
    "of up to 4 operators": Recipe(max_size=4),
    "up to 12": Recipe(max_size=12),
    "up to 30": Recipe(max_size=30, max_depth=12),
    "without conditions": Recipe(operators=PLAIN, max_size=8),
}
"""Kinds of random expressions; of each as many."""

SHARES = {"numpy": 1.0, "torch": 0.2, "cpu": 0.05}
"""How often a library computes what was judged; compiling takes longer than proving."""

EDGES = (0.0, 1.0, 0.5, 2.0, 2.5, 3.0, 6.0, 10.0, 88.0, 88.72284, 89.0, 87.33655, 103.97, 1e-7, 1.8446743e19, 1e38)
NEIGHBOURS = 8


@dataclass(frozen=True)
class Judged:
    """One expression on one region.

    Attributes:
        group, text, region: what was judged.
        status: "proved", "refuted" or "unknown".
        reason: what the verdict says.
        seconds: how long it took.
        wrong: libraries, and where each gives what is not finite though proved.
        denied: libraries that give a finite value at the witness.
    """

    group: str
    text: str
    region: str
    status: str
    reason: str
    seconds: float
    wrong: dict[str, float]
    denied: list[str]


def main(arguments: Sequence[str] | None = None) -> None:
    given = _parser().parse_args(arguments)
    results = {
        **surroundings(given.threads),
        **run(given.expressions, given.points, given.seed, given.threads),
        "seed": given.seed,
        "points": given.points,
    }
    if given.json:
        emit_json(results)
    else:
        emit(listing(COLUMNS, rows(results["judged"]), numbers=range(2, len(COLUMNS))), "", summary(results))
    if given.write:
        write(results)


def run(expressions: int, points: int, seed: int, threads: int) -> dict[str, Any]:
    """Judges and compares, in so many processes."""
    jobs: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
        (judge_known, (name, points)) for name in zoo if zoo[name].kind == "activation"
    ]
    for group in RECIPES:
        jobs += [(judge_random, (group, _seed(seed, number), points)) for number in range(expressions // len(RECIPES))]
    jobs += [(compare, (_seed(seed, number),)) for number in range(expressions)]
    judged: list[Judged] = []
    found: list[Stray] = []
    for part in _done(jobs, threads):
        for item in part:
            (judged if isinstance(item, Judged) else found).append(item)
    return {"judged": judged, "strays": found, "compared": expressions}


def _done(jobs: Sequence[tuple[Callable[..., Any], tuple[Any, ...]]], threads: int) -> Iterator[list[Any]]:
    """Results of all jobs, with a bar of how many there are."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        Progress(*columns, console=errors()) as progress,
        ProcessPoolExecutor(threads, mp_context=get_context("spawn"), initializer=_one_thread) as pool,
    ):
        task = progress.add_task("checking", total=len(jobs))
        for part in pool.map(_call, jobs, chunksize=4):
            progress.advance(task)
            yield part


def _call(job: tuple[Callable[..., Any], tuple[Any, ...]]) -> Any:
    function, operands = job
    return function(*operands)


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _seed(seed: int, number: int) -> int:
    return seed * 1_000_003 + number


def judge_known(name: str, points: int) -> list[Judged]:
    """A function of the zoo."""
    return judge("zoo", zoo[name], points, np.random.default_rng(len(name)))


def judge_random(group: str, seed: int, points: int) -> list[Judged]:
    """The random expression of a seed."""
    return judge(group, generate(seed, RECIPES[group]), points, np.random.default_rng(seed))


def judge(group: str, expression: Expression, points: int, rng: np.random.Generator) -> list[Judged]:
    """The verdict on each region, and what libraries say to it."""
    found = []
    libraries = [library for library, share in SHARES.items() if rng.random() < share]
    for title, bounds in REGIONS.items():
        region = Region.of(
            {
                **dict.fromkeys(expression.inputs, bounds),
                **{name: (value, value) for name, value in expression.parameters.items()},
            },
            "float32",
        )
        start = time.perf_counter()
        verdict = closure(expression.program, region, expression.constant_values())
        seconds = time.perf_counter() - start
        wrong, denied = {}, []
        if verdict.is_proved:
            wrong = counterexamples(expression, numbers(*bounds, points), libraries)
        elif verdict.witness is not None:
            denied = denials(expression, verdict.witness, libraries)
        found.append(Judged(group, str(expression), title, verdict.status, verdict.reason, seconds, wrong, denied))
    return found


def counterexamples(expression: Expression, x: NDArray[Any], libraries: Sequence[str]) -> dict[str, float]:
    """By library a number at which it gives what is not finite, if there is one."""
    found = {}
    for library, values in _computed(expression, dict.fromkeys(expression.inputs, x), libraries):
        failing = np.flatnonzero(~np.isfinite(values))
        if len(failing):
            found[library] = float(x[failing[0]])
    return found


def denials(expression: Expression, witness: Any, libraries: Sequence[str]) -> list[str]:
    """Libraries that give a finite value at a witness; as many copies as a vector takes."""
    columns = {name: np.full(64, value, FLOAT32.dtype) for name, value in witness.items()}
    return [library for library, values in _computed(expression, columns, libraries) if np.isfinite(values).any()]


def _computed(
    expression: Expression, columns: dict[str, NDArray[Any]], libraries: Sequence[str]
) -> Iterator[tuple[str, NDArray[Any]]]:
    if not leaves(expression.program):
        return
    count = len(next(iter(columns.values())))
    fixed = {name: np.full(count, value, FLOAT32.dtype) for name, value in expression.parameters.items()}
    for library in libraries:
        try:
            yield library, runner(library, expression.program)({**fixed, **columns})
        except RuntimeError as error:
            # Torch has no tensor of a literal that its dtype cannot hold.
            remark(f"{library} does not compute {expression}: {error}")


@lru_cache(maxsize=8)
def numbers(low: float, high: float, count: int) -> NDArray[Any]:
    """Float32 numbers in a range: special ones and those beside them, even steps in places and in size, random ones."""
    rng = np.random.default_rng(0)
    first, last = (int(FLOAT32.ordinals(np.clip(bound, -FLOAT32.largest, FLOAT32.largest))) for bound in (low, high))
    extremes = (FLOAT32.largest, FLOAT32.smallest, float(np.finfo(FLOAT32.dtype).tiny), *EDGES)
    special = FLOAT32.ordinals(np.array([*extremes, *(-edge for edge in extremes)]))
    near = (special[:, None] + np.arange(-NEIGHBOURS, NEIGHBOURS + 1)).ravel()
    ends = FLOAT32.numbers([first, last]).astype(np.float64)
    spread = rng.normal(0, 1, count // 4) * np.exp(rng.normal(0, 2, count // 4))
    places = [
        near,
        np.linspace(first, last, count // 4).astype(np.int64),
        FLOAT32.ordinals((np.linspace(ends[0] / 2, ends[1] / 2, count // 4) * 2).astype(FLOAT32.dtype)),
        FLOAT32.ordinals(spread.astype(FLOAT32.dtype)),
        rng.integers(first, last, count // 4, endpoint=True),
    ]
    chosen = np.concatenate(places)
    return FLOAT32.numbers(chosen[(first <= chosen) & (chosen <= last)])


def compare(seed: int) -> list[Stray]:
    """Intervals of a random expression against all libraries in one of the dtypes, and now and then exact values."""
    rng = np.random.default_rng(seed)
    program = generate(seed, RECIPES["up to 12"]).program
    dtype = str(rng.choice(list(FORMATS)))
    libraries = LIBRARIES if rng.random() < SHARES["torch"] else LIBRARIES[:2]
    found = strays(program, dtype, rng, libraries=libraries, infinite=bool(rng.integers(2)))
    return found + (exact_strays(program, rng) if rng.random() < SHARES["torch"] else [])


COLUMNS = ("expressions", "region", "number", "proved", "refuted", "unknown", "median, ms", "99 %, ms", "worst, ms")


def rows(judged: Sequence[Judged]) -> list[tuple[str, ...]]:
    """One a group and region, and one of all."""
    groups = list(dict.fromkeys(item.group for item in judged))
    found = [
        _row(group, region, [item for item in judged if (item.group, item.region) == (group, region)])
        for group in groups
        for region in REGIONS
    ]
    return [*found, _row("all", "both", judged)]


def _row(group: str, region: str, judged: Sequence[Judged]) -> tuple[str, ...]:
    count = len(judged)
    parts = [sum(item.status == status for item in judged) / count for status in ("proved", "refuted", "unknown")]
    milliseconds = sorted(1e3 * item.seconds for item in judged)
    times = (milliseconds[count // 2], milliseconds[(99 * count) // 100], milliseconds[-1])
    return group, region, f"{count:,}", *(f"{part:.1%}" for part in parts), *(f"{value:.3g}" for value in times)


def summary(results: dict[str, Any]) -> str:
    """What was found against the verdicts, in sentences."""
    judged: list[Judged] = results["judged"]
    proofs = sum(item.status == "proved" for item in judged)
    wrong = [item for item in judged if item.wrong]
    denied = [item for item in judged if item.denied]
    refuted = sum(item.status == "refuted" for item in judged)
    lines = [
        f"{proofs:,} proofs computed at {results['points']:,} numbers: {len(wrong)} with a counterexample.",
        f"{refuted:,} witnesses computed: {len(denied)} finite in a library. Torch's sign of NaN is 0 and hides it.",
        f"Intervals of {results['compared']:,} expressions: {len(results['strays'])} values outside.",
    ]
    lines += [f"Counterexample: {item.text} on {item.region}: {item.wrong}" for item in wrong]
    lines += [f"Finite at a witness: {item.text} on {item.region}: {', '.join(item.denied)}" for item in denied]
    return "\n".join([*lines, *(f"Outside: {stray}" for stray in results["strays"])])


def write(results: dict[str, Any]) -> None:
    """Keeps a run as text and as JSON, which names what is unknown."""
    table = [COLUMNS, ("---", "---", *["---:"] * (len(COLUMNS) - 2)), *rows(results["judged"])]
    lines = "\n".join(f"| {' | '.join(line)} |" for line in table)
    machine = results["machine"]
    text = (
        "# Closure: proved, refuted or unknown\n\n"
        "Is the value finite for every float32 input? The activations of the zoo, and random expressions of all "
        f"operators; parameters at 1.\n\n{lines}\n\n{summary(results).replace(chr(10), chr(10) * 2)}\n\n"
        f"{machine['cpu']}, {results['made']}. Made by `python -m bench check`.\n"
    )
    kept = {
        **{key: value for key, value in results.items() if key != "judged"},
        "rows": [dict(zip(COLUMNS, row, strict=True)) for row in rows(results["judged"])],
        "unknown": [
            {"text": item.text, "region": item.region, "reason": item.reason}
            for item in results["judged"]
            if item.status == "unknown"
        ],
    }
    (RESULTS / "check.md").write_text(text, encoding="utf-8")
    (RESULTS / "check.json").write_text(to_json(kept), encoding="utf-8")
    remark(f"wrote check.md and check.json in {RESULTS}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench check", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--expressions", type=int, default=300, help="random ones, of four kinds together")
    parser.add_argument("--points", type=int, default=100_000, help="at which what is proved is computed")
    parser.add_argument("--seed", type=int, default=0, help="of all chance")
    parser.add_argument("--threads", type=int, default=2, help="processes")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--write", action="store_true", help=f"keep the table in {RESULTS.name}/check.md")
    return parser
