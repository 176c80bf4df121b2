"""Fused kernels beside torch.compile, eager torch, torch's own operators and a copy.

    python -m bench kernels [--sizes 1K,64K,1M,4M] [--quick] [--json]

All candidates run in turns in one process, so that a busy machine slows them all; only ratios count. A candidate whose
numbers are wrong is not timed. A whole run takes minutes, most of them torch.compile's; it is kept in
bench/results and shown in docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from bench import cuda, page
from bench.calls import call_costs
from bench.findings import Results, surroundings
from bench.measure import COMPILED, OURS, Mode, measured, shape
from bench.panel import PANEL, Case
from bench.report import markdown, tables
from bench.startup import startup
from symkit.cli.console import emit, emit_json, jsonable, remark

RESULTS = Path(__file__).parent / "results"
SIZES = "1K,64K,1M,4M"
UNITS = {"K": 2**10, "M": 2**20}


def main(arguments: Sequence[str] | None = None) -> None:
    given = _parser().parse_args(arguments)
    if given.device == "cuda":
        cuda.main(given.minutes, given.out, given.json)
        return
    panel = [case for case in PANEL if not given.only or case.name in given.only]
    sizes = given.sizes or parsed_sizes("64K" if given.quick else SIZES)
    before = torch.get_num_threads()
    torch.set_num_threads(given.threads)
    try:
        results = run(panel, sizes, given.threads, quick=given.quick)
    finally:
        torch.set_num_threads(before)
    if given.json:
        emit_json(results.as_json())
    else:
        emit(*tables(results))
    if given.out or not (given.quick or given.only or given.sizes):
        write(results, given.out or RESULTS)
        if not given.out:
            page.main()


def run(panel: Sequence[Case], sizes: Sequence[int], threads: int, *, quick: bool) -> Results:
    """Measures everything; `quick` leaves out torch.compile and fresh processes, and takes fewer turns."""
    where = surroundings(threads)
    timings = []
    seconds = 0.05 if quick else 0.8
    for elements in sizes:
        for mode in Mode:
            for case in panel:
                if mode is not Mode.BY_CHANNEL or case.parameters:
                    remark(f"{elements} elements, {mode.value}: {case.name}")
                    timings.append(measured(case, elements, mode, compile=not quick, seconds=seconds))
    remark("calls")
    calls = call_costs(compile=not quick, seconds=seconds)
    started = {}
    for name in () if quick else (OURS, COMPILED):
        remark(f"fresh processes: {name}")
        started[name] = startup(name)
    return Results(**where, timings=timings, calls=calls, startup=started)


def write(results: Results, folder: Path) -> None:
    """Keeps a run as text and as JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kernels-cpu.md").write_text(markdown(results), encoding="utf-8")
    text = json.dumps(_rounded(jsonable(results.as_json())), indent=1)
    (folder / "kernels-cpu.json").write_text(text + "\n", encoding="utf-8")
    remark(f"wrote kernels-cpu.md and kernels-cpu.json in {folder}")


def parsed_sizes(text: str) -> list[int]:
    """`1K,4M` as numbers of elements."""
    sizes = []
    for word in text.split(","):
        unit = UNITS.get(word[-1:].upper(), 1)
        try:
            size = int(word[:-1] if unit > 1 else word) * unit
            shape(size)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{word!r} is no size such as 64K or 1M: {error}") from None
        sizes.append(size)
    return sizes


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench kernels", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=parsed_sizes, help=f"elements; {SIZES} if not given")
    parser.add_argument("--only", action="append", choices=[case.name for case in PANEL], help="a function; repeatable")
    parser.add_argument("--quick", action="store_true", help="a look: few turns, 64K, no torch.compile, nothing kept")
    parser.add_argument("--threads", type=int, default=2, help="that all candidates run on")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="where kernels run")
    parser.add_argument("--minutes", type=float, default=8, help="of a run on CUDA, at most")
    parser.add_argument("--out", type=Path, help="folder to keep the results in; whole runs go to bench/results")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    return parser


def _rounded(value: object) -> object:
    """Four digits are more than such numbers are worth."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return value


if __name__ == "__main__":
    main(sys.argv[1:])
