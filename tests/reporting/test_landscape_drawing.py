"""Drawings of loss landscapes: what is on them, and landscapes that are hard to draw."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from symkit.errors import DomainError
from symkit.nn import Landscape
from symkit.reporting.landscape import plot_landscape

Array = NDArray[np.float64]

POSITIONS = np.linspace(-1, 1, 21)


def line(losses: Array) -> Landscape:
    return Landscape(POSITIONS, None, losses, 0, 1.0)


def plane(function: Callable[[Array, Array], Array]) -> Landscape:
    a, b = np.meshgrid(POSITIONS, POSITIONS, indexing="ij")
    return Landscape(POSITIONS, POSITIONS, function(a, b), 0, 1.0)


def bowl(a: Array, b: Array) -> Array:
    return 0.01 + a**2 + 2 * b**2


def test_a_line_is_drawn_through_its_losses() -> None:
    axes = plot_landscape(line(POSITIONS**2 - 1)).figure.axes[0]
    (curve,) = axes.lines
    np.testing.assert_array_equal(curve.get_xydata(), np.stack([POSITIONS, POSITIONS**2 - 1], -1))
    assert axes.get_xlim() == (-1, 1)
    assert axes.get_legend() is None


def test_several_lines_have_names_and_colours() -> None:
    axes = plot_landscape({"one": line(POSITIONS**2), "two": line(POSITIONS**4)}, loss="cross-entropy").figure.axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["one", "two"]
    assert len({curve.get_color() for curve in axes.lines}) == 2
    assert axes.get_ylabel() == "cross-entropy"


def test_a_line_is_broken_where_the_loss_is_not_finite() -> None:
    losses = np.where(abs(POSITIONS) < 0.3, np.nan, np.where(POSITIONS > 0.7, np.inf, 1.0))
    (curve,) = plot_landscape(line(losses)).figure.axes[0].lines
    y = np.ma.asarray(curve.get_ydata(orig=True))
    np.testing.assert_array_equal(np.ma.getmaskarray(y), ~np.isfinite(losses))


def test_a_map_has_its_first_direction_across() -> None:
    """Rises along alpha only, so contours are upright lines at its levels."""
    drawing = plot_landscape(plane(lambda a, b: 4 * a))
    contours = drawing.figure.axes[0].collections[1]
    drawn = [path.vertices for path in contours.get_paths() if len(path.vertices)]
    assert len(drawn) > 5
    for vertices, level in zip(drawn, contours.levels[1:], strict=False):
        np.testing.assert_allclose(vertices[:, 0], level / 4, atol=1e-9)
        assert set(vertices[:, 1]) == set(POSITIONS)


def test_maps_share_one_scale() -> None:
    figure = plot_landscape({"low": plane(bowl), "high": plane(lambda a, b: 9 * bowl(a, b))}, loss="ce").figure
    *maps, scale = figure.axes
    assert [axes.get_title("left") for axes in maps] == ["low", "high"]
    filled = [axes.collections[0] for axes in maps]
    np.testing.assert_array_equal(filled[0].levels, filled[1].levels)
    assert filled[0].levels[0] <= 0.01
    assert filled[0].levels[-1] >= 27.09
    assert scale.get_ylabel() == "ce"


def test_maps_of_losses_of_different_kinds_have_scales_of_their_own() -> None:
    different = {"low": plane(bowl), "high": plane(lambda a, b: 1000 + 9 * bowl(a, b))}
    low, high, *scales = plot_landscape(different, one_scale=False).figure.axes
    assert len(scales) == 2
    assert low.collections[0].levels[-1] <= 5
    assert high.collections[0].levels[0] >= 1000


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.01, 1.0, [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0]),
        (0.0021, 4.6, [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0]),
        (1e-12, 1e12, [10.0**power for power in range(-12, 13, 2)]),
        (-3.0, 4.0, np.arange(-3.0, 4.1, 0.5)),
    ],
)
def test_levels_are_round(low: float, high: float, expected: Array) -> None:
    ends = plane(lambda a, b: low + (high - low) * (1 + a) / 2)
    np.testing.assert_allclose(plot_landscape(ends).figure.axes[0].collections[0].levels, expected, atol=1e-15)


HARD = {
    "flat": lambda a, b: 0 * a + 0.5,
    "zero": lambda a, b: 0 * a,
    "nearly flat": lambda a, b: 1e3 + 1e-12 * a,
    "steep": lambda a, b: 10.0 ** (190 * a),
    "negative": lambda a, b: a * b - 3,
    "with a hole": lambda a, b: np.where(a**2 + b**2 < 0.2, np.nan, a),
    "half infinite": lambda a, b: np.where(a > 0, np.inf, b),
    "beyond arithmetic": lambda a, b: np.where(a > 0, 1.7e308, b),
    "one finite point": lambda a, b: np.where((a == -1) & (b == -1), 2.0, np.nan),
}


@pytest.mark.parametrize("name", HARD)
@pytest.mark.parametrize("directions", [1, 2])
def test_hard_landscapes_are_drawn_without_a_warning(name: str, directions: int, tmp_path: Path) -> None:
    found = plane(HARD[name])
    plot_landscape(line(found.losses[:, 0]) if directions == 1 else found, tmp_path / "map.png")
    assert (tmp_path / "map.png").stat().st_size > 1000


def test_files_have_the_same_bytes_at_every_run(tmp_path: Path) -> None:
    for name in ("one.svg", "two.svg"):
        plot_landscape({"a": plane(bowl), "b": plane(bowl)}, tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_nothing_finite_is_nothing_to_draw() -> None:
    with pytest.raises(DomainError, match="no loss of the landscape is a finite number"):
        plot_landscape(line(np.full(21, np.nan)))


def test_a_scale_of_its_own_needs_finite_losses() -> None:
    named = {"fine": plane(bowl), "lost": plane(lambda a, b: np.nan * a)}
    plot_landscape(named)
    with pytest.raises(DomainError, match="no loss of the landscape is a finite number"):
        plot_landscape(named, one_scale=False)


def test_a_line_and_a_plane_are_not_drawn_together() -> None:
    with pytest.raises(DomainError, match="same directions"):
        plot_landscape({"line": line(POSITIONS), "plane": plane(bowl)})


@pytest.mark.parametrize("count", [0, 7])
def test_none_and_too_many_are_refused(count: int) -> None:
    with pytest.raises(DomainError, match=f"{count} landscapes .* 1 to 6"):
        plot_landscape({str(number): line(POSITIONS) for number in range(count)})


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DomainError, match=r"end in \.svg or \.png"):
        plot_landscape(line(POSITIONS), tmp_path / "map.gif")
