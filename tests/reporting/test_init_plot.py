"""Pictures of initialisations: what is on them, and reports that are hard to draw."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from symkit.errors import DomainError
from symkit.nn import InitReport, LayerReport, autoinit
from symkit.reporting.init_plot import plot_init


def report(*variances: tuple[float, float | None]) -> InitReport:
    """A report of steps with these predicted and measured variances."""
    layers = [LayerReport("", "relu", 0, 1, 0, said, measured_variance=found) for said, found in variances]
    return InitReport(tuple(layers), 1.0, "normal", 0)


def test_a_line_is_predicted_and_dots_are_measured() -> None:
    axes = plot_init(report((1, 1.1), (0.5, 0.4), (2, 2.2))).figure.axes[0]
    line, dots = axes.lines
    np.testing.assert_array_equal(line.get_xydata(), [[1, 1], [2, 0.5], [3, 2]])
    np.testing.assert_array_equal(dots.get_xydata(), [[1, 1.1], [2, 0.4], [3, 2.2]])
    assert (line.get_marker(), dots.get_marker(), dots.get_linestyle()) == ("None", "o", "None")
    assert line.get_color() == dots.get_color()
    assert axes.get_yscale() == "log"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("step", "variance")
    low, high = axes.get_ylim()
    assert low <= 0.2
    assert high >= 4.4


def test_a_report_of_a_model_is_drawn_step_by_step() -> None:
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 4))
    example = torch.zeros(64, 8)
    own = autoinit(model, example, keep=True)
    drawing = plot_init({"own": own, "AutoInit": autoinit(model, example)})
    lines = drawing.figure.axes[0].lines
    assert drawing.texts == ("own", "AutoInit")
    assert drawing.panels[0].named == ("own, predicted", "own, measured", "AutoInit, predicted", "AutoInit, measured")
    assert len({line.get_color() for line in lines}) == 2
    np.testing.assert_allclose(lines[2].get_ydata(), [1, 0.5 - 0.5 / np.pi, 1])
    np.testing.assert_array_equal(lines[1].get_ydata(), [layer.measured_variance for layer in own.layers])


def test_what_has_no_logarithm_is_left_out() -> None:
    found = report((1, None), (0, 0), (float("inf"), float("nan")), (1e60, 1e70), (1e300, 3))
    line, dots = plot_init(found).figure.axes[0].lines
    np.testing.assert_array_equal(np.ma.getmaskarray(line.get_ydata(orig=True)), [False, True, True, False, True])
    np.testing.assert_array_equal(np.ma.getmaskarray(dots.get_ydata(orig=True)), [True, True, True, False, False])


HARD = {
    "one step": report((1, 1)),
    "only measured": report((0, 2.0), (float("nan"), 3.0)),
    "exploding": report(*((10.0**power, 10.0**power) for power in range(0, 90, 3))),
    "vanishing": report(*((10.0**-power, None) for power in range(0, 90, 3))),
    "long": report(*((1.0, 1.0) for _ in range(2000))),
}


@pytest.mark.parametrize("name", HARD)
def test_hard_reports_are_drawn_without_a_warning(name: str, tmp_path: Path) -> None:
    plot_init(HARD[name], tmp_path / "init.png")
    assert (tmp_path / "init.png").stat().st_size > 1000


def test_files_have_the_same_bytes_at_every_run(tmp_path: Path) -> None:
    for name in ("one.svg", "two.svg"):
        plot_init(report((1, 1.1), (0.5, 0.4)), tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


@pytest.mark.parametrize("nothing", [report(), report((0, None)), report((float("nan"), float("inf")))])
def test_nothing_to_draw(nothing: InitReport) -> None:
    with pytest.raises(DomainError, match="no step of the report has a variance"):
        plot_init(nothing)


@pytest.mark.parametrize("count", [0, 7])
def test_none_and_too_many_are_refused(count: int) -> None:
    with pytest.raises(DomainError, match=f"{count} reports .* 1 to 6"):
        plot_init({str(number): report((1, 1)) for number in range(count)})


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DomainError, match=r"end in \.svg or \.png"):
        plot_init(report((1, 1)), tmp_path / "init.gif")
