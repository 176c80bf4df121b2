"""docs/training-losses.md and its pictures, from what is kept in bench/results/losses.json.

python -m bench losses --page
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.findings import geometric_mean
from bench.losses_growth import Growth
from bench.losses_panel import CASES, PLAIN, SMOOTHED
from bench.losses_report import Sections, bars, tables
from bench.losses_times import LossTiming
from bench.measure import COMPILED, EAGER, OURS, Mode
from bench.page import STYLE
from bench.report import Table, markdown_table, number
from symkit.cli.card import counted

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = DOCS / "training-losses.md"
PICTURES = DOCS / "img"
TIMES, GROWTH = "losses-times.svg", "losses-growth.svg"

COLOURS = {"LSR": "#c05621", "SparseLSR": "#2b6cb0"}
LINES = {OURS: "-", EAGER: "--"}
RIVALS = {PLAIN: "#718096", SMOOTHED: "#c05621", COMPILED: "#2b6cb0", EAGER: "#2f855a"}

INTRODUCTION = """\
# How fast and how exact losses are

<!-- Written by `python -m bench losses --page`, from bench/results/losses.json. -->

A [loss of logits](losses.md) is one pass over the rows of a batch: log-softmax, loss, gradient and mean. What is
measured here is `nn.loss_function(..., link="softmax")` beside `F.cross_entropy`, function beside function, and beside
torch.compile and eager torch on the same formula as one writes it over `log_softmax`. All run in turns in one process,
and medians are shown. Before it is timed, each is checked against float64. Only ratios within one run mean something.

In short, with the worst of what was found:
"""

TIMED = """\
## Times

{facts} The batch has {rows} rows of float32 logits. Ratios are the other's time divided by symkit's: above 1
symkit is faster. `F.cross_entropy, smoothed` has `label_smoothing=0.1`.

![How many times longer torch takes, by the number of classes](img/{picture})
"""

HELD = """\
## Memory

The most that torch's allocator has handed out at one time for a loss and its gradient, beside logits and labels.
symkit's kernels write into the gradient at once; beside it they need a number a row.
"""

GROWN = """\
## Growth with the number of classes

SparseLSR needs the probability of the class and no other. Without the softmax its time does not depend on the number of
classes; with it, what both have to read is the same, and what is saved is one sum over the row. The figure is
R figure 4.9 drawn again, with a batch of {rows}, forward without grad, on {threads}.

![Time of LSR and SparseLSR by the number of classes, with and without the softmax](img/{picture})
"""

VALUED = """\
## Values

The largest relative error of a row's loss in float32 beside float64, with logits up to 10,000 in magnitude and 2 to
50,000 classes: rows as nets give them; rows where the class is far ahead, or another output is; rows with ties, with
outputs masked by -infinity, and with logits of any size. That of ACE is beside the sum of its two terms, which cancel
at p = 1/phi1. A value is wrong where it is NaN or infinite and should be a number.
"""

TRAINED = """\
## Training

Nets with one hidden layer, trained by stochastic gradient descent with momentum on scikit-learn's digits, and on 1000
Gaussian clusters in 64 dimensions with 20 samples each. Losses share their nets' initial values, data and order of
batches, seed by seed; what is compared are pairs, with an interval by Student's t.

SparseLSR is not label smoothing in all it does. With b = ξ(C - 1)/C its gradient by the logits is that of cross-entropy
times 1 - b/(1 - p): it holds a class back that is too sure, and leaves the others in the proportions that they have.
Label smoothing also makes the others even, so the runner-up ends further behind. The more classes there are, and the
closer they lie, the more that counts.
"""

AGAIN = """\
## Measure it yourself

```sh
python -m bench losses --write           # everything but training: minutes, most of them torch.compile's
python -m bench losses --train --write   # training
python -m bench losses --quick           # a look, without torch.compile
```

`bench/results/losses.md` has all tables.
"""


def write(sections: Sections) -> None:
    """Writes the page and its pictures."""
    PAGE.write_text(page(sections), encoding="utf-8")
    for name, text in pictures(sections).items():
        (PICTURES / name).write_text(text, encoding="utf-8")


def page(sections: Sections) -> str:
    """The text of the page, with the parts that are kept."""
    parts = [INTRODUCTION, markdown_table(bars(sections)) + "\n"]
    if (times := sections.get("times")) is not None:
        parts.append(TIMED.format(facts=times.facts(), rows=times.found[0].rows, picture=TIMES))
        parts += _shown([table for table in tables(times) if _is_shown(table)])
    if (memory := sections.get("memory")) is not None:
        parts += [HELD, *_shown(tables(memory)[-1:])]
    if (growth := sections.get("growth")) is not None:
        threads = counted(growth.where["machine"]["threads"], "thread")
        parts.append(GROWN.format(rows=growth.found[0].rows, threads=threads, picture=GROWTH))
    if (values := sections.get("values")) is not None:
        parts += [VALUED, *(f"{markdown_table(table)}\n" for table in tables(values))]
    if (training := sections.get("training")) is not None:
        parts += [TRAINED, *_shown(tables(training))]
    return "\n".join([*parts, AGAIN])


def _is_shown(table: Table) -> bool:
    """Of the many of times: both ways without eager torch, and one way in milliseconds."""
    return table.title.startswith("Milliseconds") or (
        table.title.endswith(Mode.BOTH.value) and not table.title.startswith(EAGER)
    )


def _shown(shown: Sequence[Table]) -> list[str]:
    return [f"### {table.title}\n\n{markdown_table(table)}\n" for table in shown]


def pictures(sections: Sections) -> dict[str, str]:
    """SVG by the name of its file; the same bytes at every run."""
    found = {}
    if "times" in sections:
        found[TIMES] = picture_of_times(sections["times"].found)
    if "growth" in sections:
        found[GROWTH] = picture_of_growth(sections["growth"].found)
    return found


def curves_of_times(timings: Sequence[LossTiming], mode: Mode) -> dict[str, dict[int, float]]:
    """By rival and number of classes, the geometric mean over losses of its time in units of symkit's."""
    found: dict[str, dict[int, float]] = {}
    for timing in timings:
        if timing.mode is not mode:
            continue
        for rival in RIVALS:
            which = (EAGER, rival) if rival in (PLAIN, SMOOTHED) else (rival, None)
            ratios = [ratio for case in CASES if (ratio := timing.ratio(case.name, *which)) is not None]
            if ratios:
                found.setdefault(rival, {})[timing.classes] = geometric_mean(ratios)
    return found


def described_times(timings: Sequence[LossTiming]) -> str:
    """The lines in words, which the picture carries for those who cannot see it."""
    return "; ".join(
        f"{rival}, {mode.value}: " + ", ".join(f"{classes} classes {number(ratio)}" for classes, ratio in line.items())
        for mode in (Mode.FORWARD, Mode.BOTH)
        for rival, line in curves_of_times(timings, mode).items()
    )


def picture_of_times(timings: Sequence[LossTiming]) -> str:
    """How many times longer others take, by the number of classes."""

    def draw(left: Any, right: Any) -> None:
        for axes, mode in ((left, Mode.FORWARD), (right, Mode.BOTH)):
            for rival, line in curves_of_times(timings, mode).items():
                axes.plot(list(line), list(line.values()), color=RIVALS[rival], marker="o", markersize=3, label=rival)
            axes.axhline(1, color="#4a5568", linewidth=1)
            axes.set_title(mode.value, fontsize=9)
        left.set_ylabel("time in units of symkit's, mean over losses")

    return _drawn(draw, described_times(timings), True)


def described_growth(found: Sequence[Growth]) -> str:
    return "; ".join(
        f"{loss}, {candidate}, {title}: "
        + ", ".join(f"{each.classes} classes {1e6 * getattr(each, part)[loss][candidate]:.3g}" for each in found)
        for title, part in PANELS
        for loss in COLOURS
        for candidate in LINES
    )


PANELS = (("with the softmax", "of_logits"), ("without the softmax", "of_probabilities"))


def picture_of_growth(found: Sequence[Growth]) -> str:
    """Microseconds by the number of classes, with and without the softmax."""

    def draw(left: Any, right: Any) -> None:
        for axes, (title, part) in zip((left, right), PANELS, strict=True):
            for loss, colour in COLOURS.items():
                for candidate, style in LINES.items():
                    times = [1e6 * getattr(each, part)[loss][candidate] for each in found]
                    label = f"{loss}, {candidate}"
                    axes.plot([each.classes for each in found], times, style, color=colour, label=label)
            axes.set_title(title, fontsize=9)
            axes.set_yscale("log")
        left.set_ylabel("microseconds of a batch")

    return _drawn(draw, described_growth(found), False)


def _drawn(draw: Any, description: str, shared: bool) -> str:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=shared)
        draw(left, right)
        for axes in (left, right):
            axes.set_xscale("log")
            axes.spines[["top", "right"]].set_visible(False)
        figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=4, frameon=False)
        figure.supxlabel("classes", fontsize=8)
        target = io.StringIO()
        figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None, "Description": description})
    return target.getvalue()
