"""The picture of the page on checking: boxes that prove a lower bound, cut finer where the function comes near it."""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from symkit import evaluate, parse
from symkit.evaluation.intervals import IntervalEvaluator

FUNCTION = "x*sigmoid(x) - 0.3*cos(3*x)"
FLOOR = -0.54
LOW, HIGH = -4.0, 1.0
CURVE, BOX, EDGE, LINE = "#2b6cb0", "#bee3f8", "#63b3ed", "#c05621"
STYLE = {"svg.fonttype": "none", "svg.hashsalt": "symkit", "font.size": 9, "font.sans-serif": ["DejaVu Sans"]}


def boxes() -> list[tuple[float, float, float, float]]:
    """Ends and bounds of the boxes of a proof that the function is above the floor."""
    evaluator = IntervalEvaluator(parse(FUNCTION).program, None)
    pending, proved = [(LOW, HIGH)], []
    while pending:
        low, high = pending.pop()
        (bounds,) = evaluator({"x": (low, high)})
        if float(bounds.low) > FLOOR:
            proved.append((low, high, float(bounds.low), float(bounds.high)))
        else:
            middle = (low + high) / 2
            pending += [(low, middle), (middle, high)]
    return sorted(proved)


def picture() -> str:
    """The same bytes at every run."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 3.2))
        axes = figure.add_subplot()
        proof = boxes()
        for low, high, bottom, top in proof:
            axes.add_patch(Rectangle((low, bottom), high - low, top - bottom, facecolor=BOX, edgecolor=EDGE, lw=0.5))
        x = np.linspace(LOW, HIGH, 400)
        axes.plot(x, evaluate(FUNCTION, x=x), color=CURVE, lw=1.6)
        axes.axhline(FLOOR, color=LINE, lw=1.2, ls="--")
        axes.text(HIGH - 0.05, FLOOR - 0.14, f"f > {FLOOR}", color=LINE, ha="right")
        axes.set_xlim(LOW, HIGH)
        axes.set_ylim(-0.85, 1.25)
        axes.set_xlabel("x")
        axes.set_title(f"{FUNCTION} is above {FLOOR}: {len(proof)} boxes", fontsize=9, loc="left")
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        figure.tight_layout()
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
        return out.getvalue()


if __name__ == "__main__":
    target = Path(__file__).resolve().parent / "img" / "bounds.svg"
    target.write_text(picture(), encoding="utf-8")
