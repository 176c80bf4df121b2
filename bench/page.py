"""docs/performance.md and its picture, from the run that is kept in bench/results.

python -m bench page
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path

from bench.findings import Results, from_json
from bench.measure import COMPILED, EAGER, OURS, PEER, Mode
from bench.report import MEANING, Table, calls, facts, markdown_table, means, number, panel, size, started

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "bench" / "results" / "kernels-cpu.json"
PAGE = ROOT / "docs" / "performance.md"
PICTURE = ROOT / "docs" / "img" / "performance.svg"
COLOURS = {COMPILED: "#2b6cb0", EAGER: "#c05621"}
STYLE = {"svg.fonttype": "none", "svg.hashsalt": "symkit", "font.size": 8, "font.sans-serif": ["DejaVu Sans"]}

INTRODUCTION = """\
# Performance

<!-- Written by `python -m bench page`, which `make docs` runs, from bench/results/kernels-cpu.json. -->

How fast the fused CPU kernels are beside torch.compile and eager torch, on formulas written with torch's stable
functions. All run in turns in one process, and medians are shown. Before it is timed, each is checked against float64.
Only ratios within one run mean something; differences under a quarter are noise.

![How many times longer torch.compile and eager torch take](img/performance.svg)
"""

SLOWER = """\
A small tensor costs what Python costs, not what arithmetic costs; there eager torch, with less of it, wins.
"""

SAVED = "For backward symkit keeps its input and nothing else; eager torch keeps {least:.0f} to {most:.0f} times that."

CALLS = "What a call costs where little is computed. The empty function saves its input and allocates its results."

STARTED = """\
How long a first call takes, from the text to values and gradients, in a fresh process, without imports. Kernels are
kept on disk, in `~/.cache/symkit` or where `SYMKIT_CACHE_DIR` says.
"""

AGAIN = """\
```sh
python -m bench kernels            # all of this; takes some minutes, and rewrites bench/results and this page
python -m bench kernels --quick    # a look, without torch.compile
symkit bench "x*sigmoid(beta*x)" --size 4M --backward
```

The machine should have nothing else to do: a kernel on all cores waits for the slowest of them. All sizes are in
`bench/results/kernels-cpu.md`.
"""


def main(arguments: Sequence[str] = ()) -> None:
    """Writes the page and the picture."""
    results = kept()
    PAGE.write_text(page(results), encoding="utf-8")
    PICTURE.write_text(picture(results), encoding="utf-8")


def kept() -> Results:
    return from_json(json.loads(KEPT.read_text(encoding="utf-8")))


def page(results: Results) -> str:
    """The text of the page."""
    largest = max(elements for elements, _ in results.runs)
    shown = [(elements, mode) for elements, mode in results.runs if elements == largest]
    parts = [
        INTRODUCTION,
        f"{facts(results)}\n\n{MEANING}\n",
        "## Overall\n",
        markdown_table(means(results)),
        *(f"\n## {size(n)} elements, {mode.value}\n\n{markdown_table(panel(results, n, mode))}" for n, mode in shown),
        f"\n{_saved(results)}\n\n## Where symkit is slower\n\n{SLOWER}\n{markdown_table(slower(results))}",
        f"\n## Calls\n\n{CALLS}\n\n{markdown_table(calls(results))}",
        f"\n## Compile time\n\n{STARTED}\n{markdown_table(started(results))}",
        f"\n## Measure it yourself\n\n{AGAIN}",
    ]
    return "\n".join(parts)


def slower(results: Results) -> Table:
    """How many functions another runs faster, and which is the worst."""
    rows = []
    for elements, mode in results.runs:
        for rival in (COMPILED, EAGER, PEER):
            timings = [t for t in results.timings if (t.elements, t.mode) == (elements, mode)]
            ratios = {t.case: ratio for t in timings if (ratio := t.ratio(rival)) is not None}
            beaten = {case: ratio for case, ratio in ratios.items() if ratio < 1}
            if beaten:
                worst = min(beaten, key=lambda case: beaten[case])
                what = f"`{worst}` {number(beaten[worst])}"
                rows.append((f"{size(elements)}, {mode.value}", rival, f"{len(beaten)} of {len(ratios)}", what))
    return Table("Where another is faster", ("", "faster is", "functions", "worst"), rows)


def _saved(results: Results) -> str:
    saved = [t.saved[EAGER] for t in results.timings if EAGER in t.saved]
    ours = {t.saved[OURS] for t in results.timings if OURS in t.saved}
    if ours != {1.0}:
        raise ValueError(f"symkit saved {sorted(ours)} times its input; the page says 1")
    return SAVED.format(least=min(saved), most=max(saved))


def bars(results: Results) -> dict[tuple[Mode, str], dict[str, float]]:
    """The ratios at the largest size that the picture shows, by case, for each of its series."""
    largest = max(elements for elements, _ in results.runs)
    return {
        (mode, rival): {t.case: t.ratio(rival) or 0 for t in results.timings if (t.elements, t.mode) == (largest, mode)}
        for mode in (Mode.FORWARD, Mode.BOTH)
        for rival in (COMPILED, EAGER)
    }


def described(results: Results) -> str:
    """The bars in words, which the picture carries for those who cannot see it."""
    return "; ".join(
        f"{rival}, {mode.value}: " + ", ".join(f"{case} {number(ratio)}" for case, ratio in ratios.items())
        for (mode, rival), ratios in bars(results).items()
    )


def picture(results: Results) -> str:
    """Bars of the ratios at the largest size, as SVG; the same bytes at every run."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    largest = max(elements for elements, _ in results.runs)
    drawn = bars(results)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8, 4.2), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        for axes, mode in ((left, Mode.FORWARD), (right, Mode.BOTH)):
            for offset, rival in ((-0.2, COMPILED), (0.2, EAGER)):
                ratios = drawn[mode, rival]
                places = [place + offset for place in range(len(ratios))]
                axes.barh(places, list(ratios.values()), height=0.38, color=COLOURS[rival], label=rival)
                axes.set_yticks(range(len(ratios)), list(ratios))
            axes.axvline(1, color="#4a5568", linewidth=1)
            axes.set_title(f"{size(largest)} elements, {mode.value}", fontsize=9)
            axes.spines[["top", "right"]].set_visible(False)
        left.invert_yaxis()
        figure.legend(*left.get_legend_handles_labels(), loc="outside upper right", ncols=2, frameon=False)
        figure.supxlabel("time in units of symkit's: right of the line symkit is faster", fontsize=8)
        target = io.StringIO()
        figure.savefig(
            target, format="svg", metadata={"Date": None, "Creator": None, "Description": described(results)}
        )
    return target.getvalue()
