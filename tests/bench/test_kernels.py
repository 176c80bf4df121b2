"""The benchmark of kernels: what it measures, that it refuses wrong numbers, and that its tables say what it found."""

from __future__ import annotations

import argparse
import html
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import symkit
from bench.findings import Results, from_json, geometric_mean
from bench.kernels import parsed_sizes, write
from bench.measure import COMPILED, COPY, EAGER, OURS, PEER, Mode, Timing, measured, shape
from bench.page import PAGE, PICTURE, described, kept, page
from bench.panel import PANEL, VALUES
from bench.report import markdown

ROOT = Path(__file__).resolve().parent.parent.parent
TWO = ("swish", "a*x - b*log(sigmoid(c*x))")


@pytest.fixture(scope="module")
def quick() -> Results:
    """Two functions at one small size, by the command itself."""
    options = [word for name in TWO for word in ("--only", name)]
    command = [sys.executable, "-m", "bench", "kernels", "--quick", "--json", "--sizes", "4K", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return from_json(json.loads(done.stdout))


def test_every_function_is_measured_in_every_mode_that_it_has(quick: Results) -> None:
    assert quick.runs == [(4096, mode) for mode in Mode]
    found = {(t.case, t.mode): set(t.seconds) for t in quick.timings}
    swish, line = TWO
    expected = {(swish, mode): {OURS, EAGER, PEER, COPY} for mode in (Mode.FORWARD, Mode.BOTH)}
    assert found == expected | {(line, mode): {OURS, EAGER, COPY} for mode in Mode}
    assert all(0 < seconds < 60 for t in quick.timings for seconds in t.seconds.values())
    assert {name for calls in quick.calls.values() for name in calls} == {OURS, EAGER, "empty autograd.Function"}


def test_only_the_input_is_saved_for_backward(quick: Results) -> None:
    for timing in quick.timings:
        if timing.mode is not Mode.FORWARD:
            assert timing.saved[OURS] == 1
            assert timing.saved[EAGER] >= 2


def test_the_kept_files_say_what_was_found(quick: Results, tmp_path: Path) -> None:
    write(quick, tmp_path)
    kept = from_json(json.loads((tmp_path / "kernels-cpu.json").read_text(encoding="utf-8")))
    assert kept.runs == quick.runs
    assert kept.machine == quick.machine
    for timing, again in zip(quick.timings, kept.timings, strict=True):
        assert again.seconds == pytest.approx(timing.seconds, rel=1e-3)
    assert (tmp_path / "kernels-cpu.md").read_text(encoding="utf-8") == markdown(quick)


@pytest.mark.parametrize("case", PANEL, ids=lambda case: case.name)
def test_text_and_torch_are_the_same_function(case) -> None:  # type: ignore[no-untyped-def]
    x = torch.linspace(-6, 6, 1001, dtype=torch.float64)
    values = VALUES[: len(case.parameters)]
    expected = case.torch(x, *map(torch.tensor, values))
    found = symkit.evaluate(case.text, x=x, **dict(zip(case.parameters, values, strict=True)))
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)
    if case.peer is not None:
        torch.testing.assert_close(case.peer(x), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("mode", [Mode.FORWARD, Mode.BOTH, Mode.BY_CHANNEL])
def test_a_candidate_with_wrong_numbers_is_not_timed(mode: Mode) -> None:
    case = next(case for case in PANEL if case.name == TWO[1])
    # Off by a ten-thousandth, in one parameter.
    wrong = replace(case, text="alpha*x - 1.0001*beta*log(sigmoid(gamma*x))")
    timing = measured(wrong, 1024, mode, compile=False, seconds=0.0)
    assert set(timing.seconds) == {EAGER, COPY}
    assert timing.errors[OURS] > 1 >= timing.errors[EAGER]
    assert timing.ratio(EAGER) is None


def timing(seconds: dict[str, float], errors: dict[str, float]) -> Timing:
    return Timing("f", 1024, Mode.FORWARD, seconds, errors)


def test_ratios_are_the_times_of_others_by_ours(quick: Results) -> None:
    timings = [
        timing({OURS: 1.0, EAGER: 8.0, COPY: 0.5}, {OURS: 0.1, EAGER: 0.1}),
        timing({OURS: 2.0, EAGER: 4.0, COPY: 0.5}, {OURS: 0.1, EAGER: 0.1}),
        timing({OURS: 1.0, COPY: 0.5}, {OURS: 0.1, EAGER: 3.0}),
    ]
    results = replace(quick, timings=timings)
    assert results.ratios(1024, Mode.FORWARD, EAGER) == [8.0, 2.0]
    assert geometric_mean([8.0, 2.0]) == pytest.approx(4.0)
    page = markdown(results)
    assert "| 1K, forward | - | 4.00 | - |" in page
    assert "| `f` | 1000 | 2.00 | 8.00 |" in page
    assert "| `f` | 1000 | 2.00 | wrong |" in page


def test_the_page_shows_the_kept_run() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(kept()), "run `python -m bench page`"
    drawn = html.unescape(PICTURE.read_text(encoding="utf-8"))
    assert described(kept()) in drawn, "run `python -m bench page`"
    assert {case.name for case in PANEL} <= set(re.findall(r">([^<>]+)</text>", drawn))


def test_the_picture_says_what_it_shows(quick: Results) -> None:
    timings = [
        replace(quick.timings[0], case="f", mode=mode, elements=4096, seconds={OURS: 2.0, EAGER: eager, COMPILED: 3.0})
        for mode, eager in ((Mode.FORWARD, 8.0), (Mode.BOTH, 5.0))
    ]
    assert described(replace(quick, timings=timings)) == (
        "torch.compile, forward: f 1.50; eager, forward: f 4.00; "
        "torch.compile, forward and backward: f 1.50; eager, forward and backward: f 2.50"
    )


def test_a_page_can_be_made_of_any_run(quick: Results) -> None:
    text = page(quick)
    assert "## 4K elements, forward and backward\n" in text
    assert all(f"| `{name}` |" in text for name in TWO)
    assert "eager torch keeps 2 to 4 times that" in text
    with pytest.raises(ValueError, match="the page says 1"):
        page(replace(quick, timings=[replace(quick.timings[2], saved={OURS: 2.0, EAGER: 2.0})]))


def test_sizes() -> None:
    assert parsed_sizes("1K,64k,4M,128") == [1024, 65536, 4194304, 128]
    assert shape(4 * 2**20) == (64, 64, 32, 32)
    for text in ("", "x", "1.5M", "100", "-64", "1K,,4K"):
        with pytest.raises(argparse.ArgumentTypeError, match="is no size"):
            parsed_sizes(text)
