"""The error of every function of the maths library in float32, in units in the last place (ULP).

    python -m bench maths [--exhaustive] [--only NAME] [--threads 2] [--json] [--write]

Functions of one number are measured at every 257th float32, or at all 4,294,967,296 of them with `--exhaustive`, which
takes a quarter of an hour on two cores; functions of two numbers at random pairs. The reference is torch in float64.
Infinities and NaN count: where only one side has one, the error is infinite. `--write` keeps the table in
bench/results.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bench.findings import surroundings
from bench.ulp import Floats, Subject, float32_errors, float32_numbers, subjects
from symkit.cli.card import listing
from symkit.cli.console import emit, emit_json, remark, to_json

RESULTS = Path(__file__).parent / "results"

EVERY = 257
CHUNK = 2**14
"""Small enough that memory for it is used again, not asked of the system each time."""
PAIRS = 2**24

NEGATIVE = 2**31
"""Bits of the positive numbers, and of half the NaNs, are below, those of the negative ones above."""


@dataclass(frozen=True)
class Accuracy:
    """What was found for one function.

    Attributes:
        ulp: the largest error.
        at: operands where it was found.
        got, exact: result and reference there.
        inputs: how many were tried.
    """

    name: str
    ulp: float
    at: tuple[float, ...]
    got: float
    exact: float
    inputs: int


def main(arguments: Sequence[str] | None = None) -> None:
    given = _parser().parse_args(arguments)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    found = []
    try:
        with ThreadPoolExecutor(given.threads) as pool:
            for subject in measured():
                if not given.only or subject.name in given.only:
                    remark(subject.name)
                    found.append(accuracy(subject, 1 if given.exhaustive else EVERY, pool))
    finally:
        torch.set_num_threads(before)
    results = {**surroundings(given.threads), "accuracy": found}
    if given.json:
        emit_json(results)
    else:
        emit(listing(COLUMNS, rows(found), numbers=(1, 3)))
    if given.write:
        write(results)


def measured() -> list[Subject]:
    """Functions of one or two numbers that give a number."""
    return [s for s in subjects() if s.operator.arity < 3 and not s.operator.returns_truth]


def accuracy(subject: Subject, every: int, pool: ThreadPoolExecutor) -> Accuracy:
    """The largest error over every so-many-th float32, or over random pairs."""
    jobs: list[Callable[[], Accuracy]]
    if subject.operator.arity == 1:
        jobs = [partial(_one_number, subject, start, every) for start in range(0, NEGATIVE, CHUNK * every)]
    else:
        jobs = [partial(_two_numbers, subject, seed) for seed in range(PAIRS // CHUNK)]
    parts = list(pool.map(lambda job: job(), jobs))
    worst: Accuracy = max(parts, key=lambda part: part.ulp)
    return replace(worst, inputs=sum(part.inputs for part in parts))


def _one_number(subject: Subject, start: int, every: int) -> Accuracy:
    """Over numbers of both signs, whose bits are `start` and up to CHUNK more."""
    bits = np.arange(start, min(start + CHUNK * every, NEGATIVE), every)
    x = float32_numbers(bits)
    exact = _exact(subject, x)
    mirrored = {"even": exact, "odd": -exact}.get(subject.operator.parity or "")
    if mirrored is None:
        mirrored = _exact(subject, -x)
    parts = _largest(subject, (x,), exact), _largest(subject, (-x,), mirrored)
    worst = max(parts, key=lambda part: part.ulp)
    return replace(worst, inputs=2 * len(bits))


def _exact(subject: Subject, x: Tensor) -> Floats:
    """The reference; NaN gives NaN, also where torch says otherwise."""
    exact: Floats = subject.reference(x).masked_fill_(x.isnan(), math.nan).numpy()
    return exact


def _two_numbers(subject: Subject, seed: int) -> Accuracy:
    """Over all bits, over moderate numbers, and over bases near 1 with large exponents."""
    rng = np.random.default_rng(seed)
    size = CHUNK // 3

    def moderate() -> Any:
        return rng.choice([-1.0, 1.0], size) * np.exp(rng.normal(0, 8, size))

    near = rng.normal(0, 1, size) * np.exp(rng.uniform(-15, -1, size))
    pairs = [
        float32_numbers(np.concatenate([rng.integers(0, 2**32, size), *others]))
        for others in (
            (_bits(moderate()), _bits(np.abs(1 + near))),
            (_bits(moderate()), _bits(rng.normal(0, 40, size) / near)),
        )
    ]
    return _largest(subject, tuple(pairs), subject.reference(*pairs).numpy())


def _bits(numbers: Any) -> Any:
    with np.errstate(over="ignore"):
        return numbers.astype(np.float32).view(np.uint32)


def _largest(subject: Subject, operands: tuple[Tensor, ...], exact: Floats) -> Accuracy:
    got = subject.native(*operands).numpy()
    errors = float32_errors(got, exact)
    i = int(errors.argmax())
    at = tuple(float(operand[i]) for operand in operands)
    return Accuracy(subject.name, float(errors[i]), at, float(got[i]), float(exact[i]), len(got))


COLUMNS = ("function", "largest error, ULP", "at", "inputs")


def rows(found: Sequence[Accuracy]) -> list[tuple[str, ...]]:
    """One a function; arguments are rounded for reading."""
    return [(a.name, f"{a.ulp:.2f}", ", ".join(f"{x:.8g}" for x in a.at), f"{a.inputs:,}") for a in found]


def write(results: dict[str, Any]) -> None:
    """Keeps a run as text and as JSON."""
    lines = [COLUMNS, ("---", "---:", "---", "---:"), *rows(results["accuracy"])]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    machine = results["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    text = (
        "# Errors of the maths library in float32\n\n"
        "Largest errors in units in the last place, against torch in float64; 0.5 is a correctly rounded result.\n"
        "Functions of two numbers are sampled. Infinities, NaN and subnormal numbers count like all others.\n\n"
        f"{table}\n\n{machine['cpu']} ({machine['vectors']}), {versions}, {results['made']}. "
        "Made by `python -m bench maths`.\n"
    )
    (RESULTS / "maths.md").write_text(text, encoding="utf-8")
    (RESULTS / "maths.json").write_text(to_json(results), encoding="utf-8")
    remark(f"wrote maths.md and maths.json in {RESULTS}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench maths", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--exhaustive", action="store_true", help="all float32 numbers")
    parser.add_argument("--only", action="append", choices=[s.name for s in measured()], help="a function; repeatable")
    parser.add_argument("--threads", type=int, default=2, help="to measure with")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--write", action="store_true", help=f"keep the table in {RESULTS.name}/maths.md")
    return parser
