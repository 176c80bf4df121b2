"""Tables of what was measured of losses of logits, and how they are kept."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.findings import Results, geometric_mean
from bench.losses_growth import Growth
from bench.losses_memory import Peak
from bench.losses_panel import CASES, PLAIN, SMOOTHED
from bench.losses_times import ALIKE, LossTiming
from bench.losses_training import Trained, differences
from bench.losses_values import Accuracy, total
from bench.measure import COMPILED, EAGER, OURS, Mode
from bench.report import Table, facts, markdown_table, number

RESULTS = Path(__file__).parent / "results"
KEPT = RESULTS / "losses.json"
OVERALL = "geometric mean"

PLAIN_BAR, SMOOTHED_BAR, COMPILED_BAR, SPREAD_BAR, VALUE_BAR = 0.9, 2.5, 2.5, 1.05, 1e-6
"""What is asked for; see `bars`."""

SMOOTHED_AT = 10000
"""Classes at which label smoothing is compared with torch's."""

ROW_BYTES = 64
"""What may be held beside the gradient, for each row."""


@dataclass(frozen=True)
class Section:
    """One part of the benchmark: its name, the machine it ran on, and what was found."""

    name: str
    where: dict[str, Any]
    found: list[Any]

    def as_json(self) -> dict[str, Any]:
        found = [asdict(each) for each in self.found]
        for each in found:
            if "mode" in each:
                each["mode"] = each["mode"].value
        return {"where": self.where, "found": found}

    def facts(self) -> str:
        """The machine, versions and day in one sentence."""
        return facts(Results(**self.where, timings=[], calls={}, startup={}))


Sections = Mapping[str, Section]

RECORDS: dict[str, Callable[..., Any]] = {
    "times": lambda mode, **rest: LossTiming(mode=Mode(mode), **rest),
    "memory": Peak,
    "growth": Growth,
    "values": Accuracy,
    "training": Trained,
}


def from_json(value: Mapping[str, Any]) -> dict[str, Section]:
    """What `as_json` of sections made, by name."""
    return {
        name: Section(name, part["where"], [RECORDS[name](**_numbers(each)) for each in part["found"]])
        for name, part in value.items()
    }


def _numbers(value: Any) -> Any:
    """With infinities, which JSON has as text."""
    if isinstance(value, dict):
        return {key: _numbers(item) for key, item in value.items()}
    return float(value) if value in ("inf", "-inf") else value


def kept() -> dict[str, Section]:
    """What is kept in bench/results."""
    return from_json(json.loads(KEPT.read_text(encoding="utf-8")))


def rounded(value: Any) -> Any:
    """Four digits are more than such numbers are worth."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return [rounded(item) for item in value] if isinstance(value, list) else value


def markdown(sections: Sections) -> str:
    """All tables, as a page of Markdown."""
    parts = [
        "# Losses of logits",
        "Made by `python -m bench losses --write` and `python -m bench losses --train --write`.",
    ]
    parts.append(f"## What is asked for\n\n{markdown_table(bars(sections))}")
    for section in sections.values():
        parts.append(f"## {section.name.capitalize()}\n\n{section.facts()}")
        parts += [f"### {table.title}\n\n{markdown_table(table)}" for table in tables(section)]
    return "\n\n".join(parts) + "\n"


def tables(section: Section) -> list[Table]:
    """Of one section."""
    return list(TABLES[section.name](section.found))


# -- times ------------------------------------------------------------------------------------------------------------


def times(found: Sequence[LossTiming]) -> Iterator[Table]:
    for mode in dict.fromkeys(timing.mode for timing in found):
        of_mode = [timing for timing in found if timing.mode is mode]
        yield milliseconds(of_mode)
        for other in (PLAIN, SMOOTHED):
            yield ratios(of_mode, f"{other} by symkit", EAGER, other)
        for candidate in (COMPILED, EAGER):
            yield ratios(of_mode, f"{candidate} on the same formula by symkit", candidate)
        yield spreads(of_mode)


def milliseconds(timings: Sequence[LossTiming]) -> Table:
    """Of symkit and torch's own."""
    rows = [_row(case.name, [timing.seconds.get(case.name, {}).get(OURS) for timing in timings], _ms) for case in CASES]
    rows += [_row(name, [t.seconds.get(name, {}).get(EAGER) for t in timings], _ms) for name in (PLAIN, SMOOTHED)]
    return Table(f"Milliseconds, {timings[0].mode.value}", ("", *_classes(timings)), rows)


def ratios(timings: Sequence[LossTiming], title: str, candidate: str, other: str | None = None) -> Table:
    """Times in units of symkit's, with geometric means."""
    found = {case.name: [timing.ratio(case.name, candidate, other) for timing in timings] for case in CASES}
    rows = [_row(name, [*each, _mean(each)], number) for name, each in found.items()]
    by_classes = [_mean([each[place] for each in found.values()]) for place in range(len(timings))]
    rows.append(_row(OVERALL, [*by_classes, _mean(sum(found.values(), []))], number))
    return Table(f"{title}, {timings[0].mode.value}", ("", *_classes(timings), OVERALL), rows)


def spreads(timings: Sequence[LossTiming]) -> Table:
    """How far losses that count the class only are apart."""
    row = _row(
        "longest by shortest", [timing.spread() for timing in timings], lambda x: "-" if x is None else f"{x:.3f}"
    )
    return Table(f"{', '.join(ALIKE)}: {timings[0].mode.value}", ("", *_classes(timings)), [row])


def _classes(timings: Sequence[LossTiming]) -> list[str]:
    return [f"{timing.classes} classes" for timing in timings]


def _row(name: str, values: Sequence[float | None], shown: Callable[[float | None], str]) -> list[str]:
    return [name, *map(shown, values)]


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return geometric_mean(known) if known else None


def _ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{1e3 * seconds:.3g}"


# -- the others -------------------------------------------------------------------------------------------------------


def memory(found: Sequence[Peak]) -> Iterator[Table]:
    for classes in dict.fromkeys(peak.classes for peak in found):
        rows = []
        for peak in found:
            if peak.classes == classes:
                cells = [number(peak.gradients(candidate)) for candidate in (OURS, COMPILED, EAGER)]
                rows.append((peak.loss, *cells, str(peak.beside()) if OURS in peak.most else "-"))
        columns = ("", OURS, COMPILED, EAGER, "symkit beside it, bytes")
        yield Table(f"Most memory held, in units of the gradient, {classes} classes", columns, rows)


def growth(found: Sequence[Growth]) -> Iterator[Table]:
    for title, part in (("with the softmax", "of_logits"), ("without the softmax", "of_probabilities")):
        names = [(loss, candidate) for loss in getattr(found[0], part) for candidate in (OURS, EAGER)]
        rows = [
            (str(each.classes), *(f"{1e6 * getattr(each, part)[loss][who]:.4g}" for loss, who in names))
            for each in found
        ]
        columns = ("classes", *(f"{loss}, {candidate}" for loss, candidate in names))
        yield Table(f"Microseconds of a batch of {found[0].rows}, {title}", columns, rows)


def values(found: Sequence[Accuracy]) -> Iterator[Table]:
    kinds = list(dict.fromkeys(each.kind for each in found))
    rows = []
    for worst in total(list(found)):
        of_kind = {each.kind: each.worst[OURS] for each in found if each.loss == worst.loss}
        cells = [*(of_kind[kind] for kind in kinds), worst.worst[OURS], worst.worst[EAGER]]
        rows.append([worst.loss, *(_error(cell) for cell in cells), str(worst.rows)])
    yield Table("The largest relative error", ("", *kinds, "all", f"all, {EAGER}", "rows"), rows)


def _error(value: float) -> str:
    return f"{value:.1e}" if math.isfinite(value) else "wrong"


def training(found: Sequence[Trained]) -> Iterator[Table]:
    rows = [
        (
            f"{run.task}, {run.loss}",
            " ".join(f"{value:.2f}" for value in run.accuracy),
            f"{statistics.mean(run.accuracy):.2f}",
            f"{statistics.stdev(run.accuracy):.2f}",
            f"{statistics.mean(run.sureness):.1f}",
            f"{run.seconds:.1f}",
        )
        for run in found
    ]
    columns = ("", "accuracy by seed, %", "mean", "deviation", "mean largest p, %", "seconds")
    yield Table("Accuracy on the test set", columns, rows)
    rows = [
        (
            f"{d.task}, {d.first} less {d.second}",
            *(f"{value:+.2f}" for value in (d.mean, d.low, d.high)),
            f"{d.deviation:.2f}",
        )
        for d in differences(found)
    ]
    yield Table("Paired differences, points", ("", "mean", "95 % from", "to", "deviation"), rows)


TABLES: dict[str, Callable[[Any], Iterator[Table]]] = {
    "times": times,
    "memory": memory,
    "growth": growth,
    "values": values,
    "training": training,
}


# -- what is asked for ------------------------------------------------------------------------------------------------


def bars(sections: Sections) -> Table:
    """Each with what was found, the worst of its kind."""
    rows = [
        (what, asked, found, "yes" if holds else "no")
        for name, ask in ASKED.items()
        if name in sections
        for what, asked, found, holds in ask(sections[name].found)
    ]
    return Table("What is asked for", ("", "asked", "found", "holds"), rows)


Asked = tuple[str, str, str, bool]


def asked_of_times(found: Sequence[LossTiming]) -> Iterator[Asked]:
    both = [timing for timing in found if timing.mode is Mode.BOTH]
    for loss in ("CE", "LSR", "SparseLSR"):
        known = {t.classes: ratio for t in both if (ratio := t.ratio(loss, EAGER, PLAIN)) is not None}
        if known:
            worst = min(known, key=lambda classes: known[classes])
            text = f"{number(known[worst])}, {worst} classes"
            yield f"{PLAIN} by {loss}", f"at least {PLAIN_BAR}", text, known[worst] >= PLAIN_BAR
    for timing in both:
        ratio = timing.ratio("LSR", EAGER, SMOOTHED)
        if timing.classes == SMOOTHED_AT and ratio is not None:
            what = f"{SMOOTHED} by LSR, {SMOOTHED_AT} classes"
            yield what, f"at least {SMOOTHED_BAR}", number(ratio), ratio >= SMOOTHED_BAR
    mean = _mean(timing.ratio(case.name, COMPILED) for timing in both for case in CASES)
    if mean is not None:
        yield f"{COMPILED} by symkit, {OVERALL}", f"at least {COMPILED_BAR}", number(mean), mean >= COMPILED_BAR
    apart = [spread for timing in both if (spread := timing.spread()) is not None]
    if apart:
        yield f"{', '.join(ALIKE)} apart", f"at most {SPREAD_BAR}", f"{max(apart):.3f}", max(apart) <= SPREAD_BAR


def asked_of_memory(found: Sequence[Peak]) -> Iterator[Asked]:
    beside = max(peak.beside() / peak.rows for peak in found if OURS in peak.most)
    asked = f"at most {ROW_BYTES} bytes a row"
    yield "memory beside the gradient", asked, f"{beside:.0f} bytes a row", beside <= ROW_BYTES


def asked_of_values(found: Sequence[Accuracy]) -> Iterator[Asked]:
    worst = max(each.worst[OURS] for each in found)
    yield "relative error of values", f"at most {VALUE_BAR:g}", _error(worst), worst <= VALUE_BAR


def asked_of_training(found: Sequence[Trained]) -> Iterator[Asked]:
    for d in differences(found):
        if (d.first, d.second) == ("SparseLSR", "LSR"):
            text = f"{d.mean:+.2f}, 95 % from {d.low:+.2f} to {d.high:+.2f}"
            yield f"{d.task}: accuracy, {d.first} less {d.second}", "0 in the interval", text, d.low <= 0 <= d.high


ASKED: dict[str, Callable[[Any], Iterator[Asked]]] = {
    "times": asked_of_times,
    "memory": asked_of_memory,
    "values": asked_of_values,
    "training": asked_of_training,
}
