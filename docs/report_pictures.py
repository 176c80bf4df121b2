"""The pictures of the page on pictures and reports, and the report that it shows."""

from __future__ import annotations

from pathlib import Path

from symkit import plot, report, zoo

DOCS = Path(__file__).resolve().parent
IMG = DOCS / "img"


def main() -> None:
    """Writes the same bytes at every run."""
    plot("min(abs(x), exp(x))", IMG / "plot.svg")
    plot("x*sigmoid(beta*x)", IMG / "plot-family.svg", along="beta=0.5:2")
    plot(zoo["sparselsr"], IMG / "plot-loss.svg", against="ce")
    report("x*sigmoid(x)", IMG / "report-swish.html")


if __name__ == "__main__":
    main()
