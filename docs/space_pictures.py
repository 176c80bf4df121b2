"""The picture of the page on search spaces: how many functions are written, and how many of them are different."""

from __future__ import annotations

import io
import json
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from symkit import spaces

DOCS = Path(__file__).resolve().parent
RESULTS = DOCS.parent / "bench" / "results" / "population.json"
BAR, PRINTED, LINE = "#63b3ed", "#e2e8f0", "#c05621"
STYLE = {"svg.fonttype": "none", "svg.hashsalt": "symkit", "font.size": 9, "font.sans-serif": ["DejaVu Sans"]}


def rows(nodes: int, results: dict[str, dict[str, dict[str, int]]]) -> list[tuple[str, int, str]]:
    """(what is counted, how many, colour), from the top."""
    counts = results["counts"]["three nodes" if nodes == 3 else "four nodes"]
    found = [
        ("functions", counts["functions"], BAR),
        ("written differently", counts["program"], BAR),
        ("different values, float32", counts["values, float32"], BAR),
        ("as printed", spaces.aquasurf(nodes).printed_unique or 0, PRINTED),
    ]
    exact = results["exact"].get(f"{nodes} nodes, ieee")
    return [*found, ("different functions", exact["different"], LINE)] if exact else found


def draw(axes: Axes, nodes: int, found: list[tuple[str, int, str]]) -> None:
    for place, (name, count, colour) in enumerate(found):
        axes.barh(place, count, color=colour, height=0.7)
        axes.text(count, place, f"  {count:,}", va="center", ha="left")
        axes.text(0, place, f"{name}  ", va="center", ha="right")
    axes.set_xlim(0, found[0][1] * 1.4)
    axes.set_ylim(len(found) - 0.4, -0.6)
    axes.set_title(f"{nodes} nodes", fontsize=9, loc="left")
    axes.set_axis_off()


def picture() -> str:
    """The same bytes at every run."""
    results = json.loads(RESULTS.read_text())
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.8, 2.1))
        for place, nodes in enumerate((3, 4)):
            draw(figure.add_axes((0.19 + 0.5 * place, 0.02, 0.29, 0.84)), nodes, rows(nodes, results))
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
        return out.getvalue()


def main() -> None:
    (DOCS / "img" / "space-counts.svg").write_text(picture())


if __name__ == "__main__":
    main()
