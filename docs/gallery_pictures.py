"""The pictures of the gallery: figures of the literature, and the landscape that its page shows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from symkit.reporting.figure_drawing import plot_literature_figure
from symkit.reporting.figures import figures, literature_figure

FOLDER = Path(__file__).resolve().parent / "img" / "figures"
LANDSCAPE = ("landscape", "y*abs(log(1.1*p))", "--against", "ce", "--measure", "ce", "-o", f"{FOLDER}/landscape.svg")

if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in figures():
        plot_literature_figure(literature_figure(name), FOLDER / f"{name}.svg")
    subprocess.run([sys.executable, "-m", "symkit", *LANDSCAPE], check=True)
