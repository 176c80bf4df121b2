"""What pictures have in common: their style, and files of the same bytes at every run."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symkit.errors import DomainError, Unsupported

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("svg", "png")

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Those of Okabe and Ito (2008), which colour-blind eyes can tell apart; yellow and black are left out."""

DPI = 150

_STYLE: dict[Any, Any] = {
    "font.size": 9.0,
    "font.sans-serif": ["DejaVu Sans"],
    "axes.titlesize": 9.0,
    "axes.titlelocation": "left",
    "axes.linewidth": 0.6,
    "axes.unicode_minus": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e2e2e2",
    "grid.linewidth": 0.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    "lines.linewidth": 1.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "symkit",
    "path.simplify_threshold": 0.2,
}


def check_installed() -> None:
    """Raises Unsupported where matplotlib is not installed, with what installs it."""
    if find_spec("matplotlib") is None:
        raise Unsupported('pictures need matplotlib, which is not installed: pip install "symkit[plot]"')


@contextmanager
def styled() -> Iterator[None]:
    """Draws in the house's style and puts matplotlib's own back. Raises Unsupported where it is not installed."""
    check_installed()
    import matplotlib as mpl

    # To set the backend, even to what it is, loads pyplot.
    style: Any = {name: value for name, value in mpl.rcParamsDefault.items() if name != "backend"} | _STYLE
    with mpl.rc_context(style):
        yield


def format_of(path: Path) -> str:
    """The format that a file's name asks for. Raises DomainError if it is none of `FORMATS`."""
    ending = path.suffix.lower().removeprefix(".")
    if ending not in FORMATS:
        raise DomainError(f"{path} must end in {' or '.join(f'.{name}' for name in FORMATS)}, which says what to draw")
    return ending


def rendered(figure: Figure, format: str) -> bytes:
    """The picture as a file of one of `FORMATS`; without dates or names of programs."""
    out = io.BytesIO()
    nameless = {"Date": None, "Creator": None} if format == "svg" else {"Software": None}
    with styled():
        figure.savefig(out, format=format, dpi=DPI, metadata=nameless)
    return _compact(out.getvalue()) if format == "svg" else out.getvalue()


def _compact(svg: bytes) -> bytes:
    """Paths to a hundredth of a point, and no comments."""
    text = re.sub(r"\n?<!--.*?-->", "", svg.decode("utf-8"), flags=re.DOTALL)
    return re.sub(r'(?<= d=")[^"]*', lambda path: _rounded(path[0]), text).encode("utf-8")


def _rounded(path: str) -> str:
    return re.sub(r"-?\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", path)
