"""Figures of the literature: their numbers by formulas written out here, and pictures that can be read and repeated."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import special

from symkit import parse, zoo
from symkit.errors import DomainError, Unsupported
from symkit.reporting import canvas
from symkit.reporting.drawing import Drawing
from symkit.reporting.figure_drawing import plot_literature_figure
from symkit.reporting.figures import Curve, figures, literature_figure

DOCS = Path(__file__).resolve().parents[2] / "docs"
NAMES = ("r-4.5", "r-4.6", "r-4.8", "r-5.3", "b-5.9b", "b-6.9")
Array = NDArray[np.float64]
Formula = Callable[..., Array]

exp, log, tanh, arctan = np.exp, np.log, np.tanh, np.arctan


def sigmoid(x: Array) -> Array:
    return 1 / (1 + exp(-x))


def log_sigmoid(x: Array) -> Array:
    return -np.logaddexp(0, -x)


def swish(x: Array) -> Array:
    return x * sigmoid(x)


def elu(x: Array) -> Array:
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def selu(x: Any) -> Array:
    return 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0)))


def hard_sigmoid(x: Array) -> Array:
    return np.clip(0.2 * x + 0.5, 0, 1)


FORMULAS: dict[str, Formula] = {
    "ace_param": lambda p, y, phi1: y * abs(log(phi1 * p)),
    "lsr": lambda p, y, xi: -(y * (1 - xi) + xi / 10) * log(p),
    "sparselsr": lambda p, y, xi: -y * ((1 - 0.9 * xi) * log(p) + 0.9 * xi * log((1 - p) / 9)),
    "smooth_leaky_relu": lambda x, gamma=0.01, beta=10: np.logaddexp(0, beta * x) / beta * (1 - gamma) + gamma * x,
    "smooth_relu": lambda x, beta: np.logaddexp(0, beta * x) / beta,
    "leaky_relu_general": lambda x, gamma: np.where(x > 0, x, gamma * x),
    "pangaea_logsig_b_asinh": lambda x, alpha, beta: log_sigmoid(alpha * x) * beta * np.arcsinh(x),
    "pangaea_logsig_asinh_a": lambda x, alpha: log_sigmoid(alpha * x) * np.arcsinh(x),
    "pangaea_neg_swish_swish_a": lambda x, alpha: -swish(swish(alpha * x)),
    "pangaea_ax_b_logsig": lambda x, alpha, beta, gamma: alpha * x - beta * log_sigmoid(gamma * x),
    "pangaea_ax_logsig": lambda x, alpha, beta: alpha * x - log_sigmoid(beta * x),
    "pangaea_min_logsig": lambda x, alpha, beta: np.minimum(log_sigmoid(x), alpha * log_sigmoid(beta * x)),
    "pangaea_fig46b": lambda x, alpha, beta: selu(alpha * tanh(beta * x)),
    "pangaea_fig43": lambda x, alpha, beta, gamma: alpha * sigmoid(beta * abs(x) - arctan(gamma * x)),
    "aqua_hs_hs_elu": lambda x: hard_sigmoid(hard_sigmoid(x)) * elu(x),
    "aqua_sig_softsign_elu": lambda x: sigmoid(x / (1 + abs(x))) * elu(x),
    "aqua_swish_over_selu1": lambda x: swish(x) / 1.0507009873554805,
    "aqua_swish_m2x": lambda x: swish(-2 * x),
    "aqua_selu_sinh_expm1_arctan": lambda x: selu(np.sinh(exp(arctan(x)) - 1)),
    "aqua_x_erfc_elu": lambda x: x * special.erfc(elu(x)),
    "aqua_neg_x_sig_hs": lambda x: -x * sigmoid(x) * hard_sigmoid(x),
    "aqua_elu_swish_neg": lambda x: elu(swish(-x)),
    "aqua_swish_erfc_i0e": lambda x: swish(x) * special.erfc(special.i0e(x)),
}

DERIVATIVES: dict[str, Formula] = {
    "smooth_leaky_relu": lambda x, gamma=0.01, beta=10: (exp(beta * x) + gamma) / (exp(beta * x) + 1),
}


@cache
def drawing(name: str) -> Drawing:
    """A figure, drawn once for the tests that only look at it."""
    return plot_literature_figure(literature_figure(name))


@cache
def svg(name: str) -> str:
    return drawing(name).svg()


def curves(name: str) -> list[Curve]:
    return [curve for panel in literature_figure(name).panels for curve in panel.curves]


def test_the_list_holds_every_figure() -> None:
    assert tuple(figures()) == NAMES
    assert all(figures().values())


@pytest.mark.parametrize("name", NAMES)
def test_curves_have_the_numbers_of_formulas_written_out_here(name: str) -> None:
    for curve in curves(name):
        formula = (FORMULAS, DERIVATIVES)[curve.order][curve.function]
        np.testing.assert_allclose(curve.y, formula(curve.x, **curve.at), rtol=1e-12, atol=1e-12)
        assert np.isfinite(curve.y).all()


@pytest.mark.parametrize("name", NAMES)
def test_lines_are_drawn_through_those_numbers(name: str) -> None:
    found = literature_figure(name)
    drawn = drawing(name).figure
    assert len(drawn.axes) == len(found.panels)
    for axes, panel in zip(drawn.axes, found.panels, strict=True):
        for line, curve in zip(axes.lines, panel.curves, strict=True):
            np.testing.assert_array_equal(line.get_xydata(), np.stack([curve.x, curve.y], -1))
        assert axes.get_title("left") == panel.title
        assert axes.get_xlabel()
        assert axes.get_ylabel()
        named = [curve.label for curve in panel.curves if curve.label]
        legend = axes.get_legend()
        assert named == [text.get_text() for text in legend.get_texts()] if legend else panel.legend is None


def test_the_absolute_loss_is_least_where_the_note_says() -> None:
    for curve in curves("r-4.5")[:5]:
        assert curve.x[curve.y.argmin()] == pytest.approx(1 / curve.at["phi1"], abs=0.005)


def test_the_sparse_loss_is_least_where_the_note_says() -> None:
    for curve in curves("r-4.8")[:5]:
        assert curve.x[curve.y.argmin()] == pytest.approx(1 - 0.9 * curve.at["xi"], abs=0.005)


@pytest.mark.parametrize("name", ["r-4.5", "r-4.8"])
def test_outputs_that_are_not_the_target_cost_nothing(name: str) -> None:
    assert all((curve.y == 0).all() for curve in curves(name) if curve.at["y"] == 0)


def test_samples_lie_in_their_range_around_the_start_of_training() -> None:
    for panel in literature_figure("b-5.9b").panels:
        *samples, start = panel.curves
        assert [curve.role for curve in panel.curves] == ["sample"] * 20 + ["initial"]
        assert set(start.at.values()) == {1.0}
        sampled = [value for curve in samples for value in curve.at.values()]
        assert 0.5 <= min(sampled) < max(sampled) <= 2.0
        assert len(set(sampled)) == len(sampled)


def test_red_is_drawn_over_blue() -> None:
    *blue, red = drawing("b-5.9b").figure.axes[0].lines
    assert {line.get_color() for line in blue} == {"#0072B2"}
    assert red.get_color() == "#D55E00"


def test_titles_and_labels_are_the_functions_of_the_zoo() -> None:
    for panel in literature_figure("b-5.9b").panels:
        assert parse(panel.title).digest == zoo[panel.curves[0].function].digest
    for curve in curves("b-6.9"):
        assert parse(curve.label.replace("hs(", "hard_sigmoid(")).digest == zoo[curve.function].digest


def test_the_best_three_of_each_search_are_those_of_the_table() -> None:
    for panel in literature_figure("b-6.9").panels:
        for curve in panel.curves:
            network, dataset = panel.title.split(", ")
            rows = zoo.entry(curve.function).published
            assert any((row.table, row.network, row.dataset) == ("B 6.1", network, dataset) for row in rows)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_written_overlaps_or_leaves_the_picture(name: str) -> None:
    drawn = drawing(name).figure
    boxes = written(drawn)
    whole = drawn.bbox
    for text, box in boxes:
        assert whole.x0 <= box.x0, text
        assert whole.y0 <= box.y0, text
        assert box.x1 <= whole.x1, text
        assert box.y1 <= whole.y1, text
    for (one, first), (other, second) in itertools.combinations(boxes, 2):
        assert not first.overlaps(second), f"{one!r} is over {other!r}"


def written(drawn: Figure) -> list[tuple[str, Any]]:
    """Every text of a picture with its box in pixels."""
    drawing = FigureCanvasAgg(drawn)
    drawing.draw()
    renderer = drawing.get_renderer()
    texts = []
    for axes in drawn.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = axis.get_view_interval()
            ticks = zip(axis.get_majorticklocs(), axis.get_ticklabels(), strict=True)
            texts += [axis.label, *(label for at, label in ticks if low <= at <= high)]
        texts += [axes._left_title, *(axes.get_legend().get_texts() if axes.get_legend() else ())]
    return [(text.get_text(), text.get_window_extent(renderer)) for text in texts if text.get_text()]


def test_a_figure_has_the_same_bytes_at_every_run(tmp_path: Path) -> None:
    file = tmp_path / "figure.svg"
    plot_literature_figure(literature_figure("r-4.5"), file)
    second = tmp_path / "second.svg"
    code = (
        "import sys; from symkit.reporting.figure_drawing import *; from symkit.reporting.figures import *;"
        "plot_literature_figure(literature_figure('r-4.5'), sys.argv[1])"
    )
    subprocess.run([sys.executable, "-c", code, str(second)], check=True)
    assert file.read_bytes() == second.read_bytes()


def test_text_in_svg_is_text_and_files_are_small() -> None:
    for name in NAMES:
        source = svg(name)
        assert source.startswith("<?xml")
        assert "</text>" in source
        assert "<dc:date>" not in source
        assert len(source) < 200_000


@pytest.mark.parametrize("name", NAMES)
def test_the_gallery_shows_the_figure_as_it_is_drawn_now(name: str) -> None:
    assert f"symkit figure {name} -o " in (DOCS / "gallery.md").read_text(encoding="utf-8")
    shown = (DOCS / "img" / "figures" / f"{name}.svg").read_text(encoding="utf-8")
    texts = re.compile("<text.*?>(.*?)</text>")
    assert texts.findall(shown) == texts.findall(svg(name)), "run `make docs`"


def test_unknown_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(DomainError, match=r"no figure 'r-45'.*r-4\.5, r-4\.6.*did you mean 'r-4\.5'"):
        literature_figure("r-45")


def test_names_ignore_case() -> None:
    assert literature_figure("R-4.5").name == "r-4.5"


@pytest.mark.parametrize(
    ("name", "said"), [("a.jpg", r"must end in \.svg or \.png"), ("no/a.svg", "folder that exists")]
)
def test_other_files_are_refused(name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(DomainError, match=said):
        plot_literature_figure(literature_figure("r-4.5"), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_without_matplotlib_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canvas, "find_spec", lambda name: None)
    with pytest.raises(Unsupported, match=r'pip install "symkit\[plot\]"'):
        plot_literature_figure(literature_figure("r-4.5"))


def test_the_style_of_others_is_left_alone() -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    with mpl.rc_context({"font.size": 31.0}):
        first = plot_literature_figure(literature_figure("r-4.6")).svg()
    assert dict(mpl.rcParams) == before
    assert first == plot_literature_figure(literature_figure("r-4.6")).svg()
