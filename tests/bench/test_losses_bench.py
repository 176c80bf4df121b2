"""The benchmark of losses of logits: what it measures, that it refuses wrong numbers, and that its tables say so."""

from __future__ import annotations

import html
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import mpmath
import pytest
import torch
from torch import Tensor

from bench import losses, losses_times
from bench.losses_memory import peak_of
from bench.losses_page import PAGE, PICTURES, described_growth, described_times, page, pictures
from bench.losses_panel import CASES, PLAIN, SMOOTHED, LossCase, lsr
from bench.losses_report import Section, Sections, bars, from_json, kept, markdown, tables
from bench.losses_times import LossTiming, timed
from bench.losses_training import TASKS, clusters, difference, trained
from bench.losses_values import KINDS, error_of, exact
from bench.measure import COMPILED, EAGER, OURS, Mode

NAMES = [case.name for case in CASES]


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Sections]:
    """A look at everything, by the command itself, in two steps that are kept together."""
    folder = tmp_path_factory.mktemp("losses")
    losses.main(["--quick", "--write", "--out", str(folder), "--threads", "1"])
    losses.main(["--quick", "--write", "--out", str(folder), "--threads", "1", "--train"])
    return folder, from_json(json.loads((folder / "losses.json").read_text(encoding="utf-8")))


def test_everything_is_measured_and_nothing_is_wrong(quick: tuple[Path, Sections]) -> None:
    _, sections = quick
    assert list(sections) == list(losses.PARTS)
    times: list[LossTiming] = sections["times"].found
    assert {(t.classes, t.mode) for t in times} == {(n, m) for n in (100, 1000) for m in (Mode.FORWARD, Mode.BOTH)}
    for timing in times:
        expected = {**{name: {OURS, EAGER} for name in NAMES}, PLAIN: {EAGER}, SMOOTHED: {EAGER}}
        assert {name: set(found) for name, found in timing.seconds.items()} == expected
        assert all(0 < seconds < 60 for found in timing.seconds.values() for seconds in found.values())
    for each in sections["growth"].found:
        assert all(
            set(found) == {OURS, EAGER} for part in (each.of_logits, each.of_probabilities) for found in part.values()
        )
    values = sections["values"].found
    assert {(each.loss, each.kind) for each in values} == {(name, kind) for name in NAMES for kind in KINDS}
    assert max(each.worst[OURS] for each in values) <= 1e-6
    assert next(e for e in values if (e.loss, e.kind) == ("SparseLSR", "sure")).worst[EAGER] == math.inf


def test_one_gradient_is_all_that_a_loss_holds(quick: tuple[Path, Sections]) -> None:
    _, sections = quick
    for peak in sections["memory"].found:
        if OURS in peak.most:
            assert 8 * peak.rows <= peak.beside() <= 64 * peak.rows
        assert peak.gradients(EAGER) == pytest.approx(3, abs=0.1)


def test_memory_is_counted_to_the_byte() -> None:
    def work() -> Tensor:
        first, second = torch.empty(1000), torch.empty(500)
        del first
        third = torch.empty(700)
        del second
        return third

    kept: list[Tensor] = []

    def hoarding() -> None:
        kept.append(torch.empty(1000))

    assert peak_of(work) == 4 * 1500
    assert peak_of(lambda: torch.empty(1000)) == 4000
    assert peak_of(hoarding) == 8000


def test_small_nets_learn_and_the_seed_settles_everything(quick: tuple[Path, Sections]) -> None:
    _, sections = quick
    runs = sections["training"].found
    assert [(run.task, run.loss) for run in runs] == [("digits", name) for name in ("CE", "LSR", "SparseLSR")]
    assert all(accuracy > 80 for run in runs for accuracy in run.accuracy)
    sureness = {run.loss: run.sureness[0] for run in runs}
    assert sureness["CE"] > max(sureness["LSR"], sureness["SparseLSR"])
    task = replace(TASKS[1], data=lambda seed: clusters(seed, classes=20), epochs=1)
    first, again = (trained(task, range(2)) for _ in range(2))
    assert [run.accuracy for run in first] == [run.accuracy for run in again]
    assert all(run.accuracy[0] > 20 for run in first)


def test_what_is_kept_is_what_was_found(quick: tuple[Path, Sections]) -> None:
    folder, sections = quick
    assert (folder / "losses.md").read_text(encoding="utf-8") == markdown(sections)
    text = page(sections)
    for section in sections.values():
        assert f"## {section.name.capitalize()}" in markdown(sections)
        assert tables(section)[-1].rows
        shown = tables(section)[0].rows[-1]
        assert section.name == "growth" or " | ".join(shown) in text
    drawn = {name: html.unescape(svg) for name, svg in pictures(sections).items()}
    assert described_times(sections["times"].found) in drawn["losses-times.svg"]
    assert described_growth(sections["growth"].found) in drawn["losses-growth.svg"]


def test_the_page_shows_what_is_kept() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(kept()), "run `python -m bench losses --page`"
    for name, svg in pictures(kept()).items():
        told = html.unescape(svg).partition("<dc:description>")[2].partition("</dc:description>")[0]
        assert told
        assert told in html.unescape((PICTURES / name).read_text(encoding="utf-8")), (
            "run `python -m bench losses --page`"
        )


def test_a_candidate_with_wrong_numbers_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losses_times, "CASES", (LossCase("CE", "ce", lsr),))
    for mode in (Mode.FORWARD, Mode.BOTH):
        timing = timed(10, mode, compile=False, seconds=0.0, rows=4)
        assert set(timing.seconds["CE"]) == {EAGER}
        assert timing.ratio("CE", EAGER) is None
        assert "| CE | - | - |" in markdown({"times": Section("times", WHERE, [timing])})


WHERE: dict[str, Any] = {
    "machine": {"cpu": "a processor", "cores": 2, "threads": 2, "vectors": "AVX2"},
    "versions": {"torch": "2"},
    "made": "2026-01-01",
    "load": 0.1,
}


def made(classes: int, ours: float, plain: float, compiled: float) -> LossTiming:
    """Times that are the same for every loss."""
    seconds = {name: {OURS: ours, COMPILED: compiled} for name in NAMES}
    return LossTiming(128, classes, Mode.BOTH, {**seconds, PLAIN: {EAGER: plain}, SMOOTHED: {EAGER: 3 * plain}})


def test_what_is_asked_for_is_held_against_the_worst() -> None:
    timings = [made(10, 1.0, 0.8, 2.0), made(10000, 1.0, 2.0, 8.0)]
    found = {row[0]: list(row[2:]) for row in bars({"times": Section("times", WHERE, timings)}).rows}
    assert found["F.cross_entropy by SparseLSR"] == ["0.80, 10 classes", "no"]
    assert found["F.cross_entropy, smoothed by LSR, 10000 classes"] == ["6.00", "yes"]
    assert found["torch.compile by symkit, geometric mean"] == ["4.00", "yes"]
    assert found["ACE, SparseLSR, Focal+SparseLSR apart"] == ["1.000", "yes"]
    timings[0].seconds["ACE"][OURS] = 1.2
    found = {row[0]: list(row[2:]) for row in bars({"times": Section("times", WHERE, timings)}).rows}
    assert found["ACE, SparseLSR, Focal+SparseLSR apart"] == ["1.200", "no"]


def test_differences_have_students_interval() -> None:
    found = difference("task", "a", "b", [2.0, 4.0, 6.0, 8.0, 10.0], [1.0, 2.0, 3.0, 4.0, 5.0])
    assert (found.mean, found.deviation) == (3.0, pytest.approx(math.sqrt(2.5)))
    # 2.776 is the 97.5th percentile for four degrees of freedom.
    assert found.high - found.mean == pytest.approx(2.776 * math.sqrt(2.5 / 5), rel=1e-3)
    assert found.mean - found.low == pytest.approx(found.high - found.mean)


@pytest.mark.parametrize("kind", KINDS)
def test_float64_is_exact_enough_to_judge_by(kind: str) -> None:
    logits, target = KINDS[kind](18, 5, torch.Generator().manual_seed(1))
    found = exact(logits, target)
    with mpmath.workprec(200):
        for row in range(len(logits)):
            z = [mpmath.mpf(value) for value in logits[row].tolist()]
            top = max(z)
            powers = [mpmath.exp(value - top) for value in z]
            others = mpmath.fsum(power for place, power in enumerate(powers) if place != target[row])
            own = powers[target[row]]
            log_p = -mpmath.log1p(others / own)
            log_q = -mpmath.log1p(own / others) if others else -mpmath.inf
            sparse = -(0.92 * log_p + 0.08 * (log_q - mpmath.log(4)))
            for name, value in (("CE", -log_p), ("SparseLSR", sparse)):
                assert float(found[name][0][row]) == pytest.approx(float(value), rel=1e-12)


def test_errors_know_infinities() -> None:
    inf, nan = math.inf, math.nan

    def error(value: float, truth: float) -> float:
        return error_of(torch.tensor([value]), torch.tensor([truth]).double(), torch.tensor([abs(truth)]).double())

    assert error(1.5, 1.0) == 0.5
    assert [error(*pair) for pair in ((inf, inf), (0.0, 0.0), (5.0, nan), (0.0, 1e-60))] == [0, 0, 0, 0]
    assert [error(*pair) for pair in ((inf, 1.0), (nan, 1.0), (1.0, inf), (-inf, inf), (nan, inf))] == [inf] * 5
