"""Pictures of functions: their numbers by closed forms, where curves end, what is marked, and the same bytes again."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray

from symkit import plot, zoo
from symkit.errors import DomainError, Unsupported
from symkit.reporting import canvas
from symkit.reporting.drawing import Drawing

Array = NDArray[np.float64]


def curves(drawing: Drawing, panel: int, colour: str | None = None) -> list[tuple[Array, Array]]:
    """The lines of a panel that are curves: solid or dashed, and longer than an asymptote."""
    lines = drawing.figure.axes[panel].get_lines()
    return [
        (np.asarray(line.get_xdata(), dtype=float), np.asarray(line.get_ydata(), dtype=float))
        for line in lines
        if len(np.atleast_1d(line.get_xdata())) > 2
        and line.get_linestyle() != "None"
        and colour in (None, line.get_color())
    ]


def marked(drawing: Drawing, label: str) -> list[tuple[float, float]]:
    lines = [line for line in drawing.figure.axes[0].get_lines() if line.get_label() == label]
    return [(float(x), float(y)) for line in lines for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)]


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


CLOSED_FORMS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "x*sigmoid(x)": (lambda x: x * sigmoid(x), lambda x: sigmoid(x) + x * sigmoid(x) * sigmoid(-x)),
    "sin(3*x)": (lambda x: np.sin(3 * x), lambda x: 3 * np.cos(3 * x)),
    "1/x": (lambda x: 1 / x, lambda x: -1 / x**2),
    "log(abs(x))": (lambda x: np.log(np.abs(x)), lambda x: 1 / x),
    "relu(x)": (lambda x: np.maximum(x, 0), lambda x: (x > 0).astype(float)),
    "sqrt(x)": (lambda x: np.sqrt(x), lambda x: 0.5 / np.sqrt(x)),
}


@pytest.mark.parametrize("text", CLOSED_FORMS)
def test_curves_are_the_function_and_its_derivative(text: str) -> None:
    drawing = plot(text)
    for panel, closed in enumerate(CLOSED_FORMS[text]):
        low, high = drawing.panels[panel].y
        drawn = curves(drawing, panel)
        seen = 0
        for x, y in drawn:
            inside = (y > low) & (y < high)
            np.testing.assert_allclose(y[inside], closed(x[inside]), rtol=1e-9, atol=1e-9)
            seen += np.count_nonzero(inside)
        assert seen > 100


def test_a_function_that_is_not_defined_on_the_left_has_no_derivative_there() -> None:
    for panel in (0, 1):
        assert min(x.min() for x, _ in curves(plot("log(x)"), panel)) > 0


@pytest.mark.parametrize(
    ("text", "ends"),
    [("sign(x)", [0.0]), ("1/x", [0.0]), ("tan(x)", [-math.pi / 2, math.pi / 2]), ("where(x > 1, x, -x)", [1.0])],
)
def test_curves_end_at_jumps_and_poles(text: str, ends: list[float]) -> None:
    for x, _ in curves(plot(text), 0):
        assert not any(x[0] < end < x[-1] for end in ends)


def test_both_sides_of_a_jump_are_told_from_its_value() -> None:
    axes = plot("sign(x)").figure.axes[0]
    points = {
        (round(float(y), 9), line.get_markerfacecolor() == "white")
        for line in axes.get_lines()
        if line.get_marker() == "o"
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
        if x == 0
    }
    assert {(-1.0, True), (1.0, True), (0.0, False)} <= points


@pytest.mark.parametrize(
    ("text", "highest"), [("1/x", 10.0), ("tan(x)", 40.0), ("1/x**4", 60.0), ("log(abs(x))", 3.0), ("sqrt(x)", 3.0)]
)
def test_what_has_no_bound_leaves_room_for_the_rest(text: str, highest: float) -> None:
    low, high = plot(text).panels[0].y
    assert max(-low, high) < highest


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("sin(x)", -1.0, 1.0),
        ("exp(-50*x**2)", 0.0, 1.0),
        ("where(x > 4.9, 1, 0)*sigmoid(x + 99)", 0.0, 0.99),
        ("exp(x)", 0.0, 12.0),
        ("atan(x)", -math.pi / 2, math.pi / 2),
        ("0*x + 3", 3.0, 3.0),
    ],
)
def test_what_has_bounds_is_seen(text: str, low: float, high: float) -> None:
    bottom, top = plot(text).panels[0].y
    assert bottom < low <= high < top
    assert top - bottom < 3 * max(high - low, 4.0)


def test_marks_stand_where_things_are() -> None:
    swish = plot("x*sigmoid(x)")
    ((x, y),) = marked(swish, "minimum")
    # The root of 1 + x*sigmoid(-x): x = -1 - W(1/e).
    assert (x, y) == pytest.approx((-1.2784645427610738, -0.27846454276107379))
    assert marked(swish, "zero") == [(0.0, 0.0)]
    assert marked(plot("hard_tanh(x)"), "kink") == [(-1.0, -1.0), (1.0, 1.0)]
    assert {"asymptote", "saturated"} <= set(plot("tanh(x)").panels[0].named)
    assert "dead (slope 0)" in plot("relu(x)").panels[1].named
    assert plot("relu6(x)").panels[0].x[1] > 6


def test_the_input_is_what_was_asked_for() -> None:
    panel = plot("tanh(x)", mean=3.0, variance=0.25).panels[0]
    assert panel.x == (0.5, 5.5)
    assert "input N(3, 0.25)" in panel.named
    assert plot("tanh(x)", box=(-1, 2)).panels[0].x == (-1, 2)


def test_orders() -> None:
    assert [panel.label for panel in plot("tanh(x)", order=2).panels] == ["f(x)", "f′(x)", "f″(x)"]
    (x, y), *_ = curves(plot("tanh(x)", order=2), 2)
    np.testing.assert_allclose(y, -2 * np.tanh(x) * (1 - np.tanh(x) ** 2), atol=1e-12)
    assert len(plot("tanh(x)", order=0).panels) == 1


def test_parameters_have_the_values_given() -> None:
    (x, y), *_ = curves(plot("x*sigmoid(beta*x)", parameters={"beta": 3.0}), 0)
    np.testing.assert_allclose(y, x * sigmoid(3 * x), atol=1e-12)


def test_along_a_parameter() -> None:
    drawing = plot("x*sigmoid(beta*x)", along="beta=0.5:2")
    drawn = curves(drawing, 0)
    betas = np.linspace(0.5, 2, len(drawn))
    assert len(drawn) == 9
    for beta, (x, y) in zip(betas, drawn, strict=True):
        np.testing.assert_allclose(y, x * sigmoid(beta * x), rtol=1e-9, atol=1e-12)
    assert drawing.panels[0].named[0] == "beta = 0.5"


def test_several_share_their_axes_as_far_as_colours_go() -> None:
    few = plot(["relu(x)", "tanh(x)"])
    assert [panel.label for panel in few.panels] == ["f(x)", "f′(x)"]
    assert few.panels[0].named[:2] == ("relu(x)", "tanh(x)")
    many = plot([f"tanh({n}*x)" for n in range(1, 9)])
    assert [panel.label for panel in many.panels] == list(many.texts)


def test_losses() -> None:
    drawing = plot("-y*log(p)", surface=True)
    one = max(curves(drawing, 0, canvas.COLOURS[0]), key=lambda curve: curve[0].size)
    top = drawing.panels[0].y[1]
    inside = one[1] < top
    np.testing.assert_allclose(one[1][inside], -np.log(one[0][inside]), rtol=1e-9, atol=1e-12)
    slope = max(curves(drawing, 1, canvas.COLOURS[0]), key=lambda curve: curve[0].size)
    inside = slope[1] > drawing.panels[1].y[0]
    np.testing.assert_allclose(slope[1][inside], -1 / slope[0][inside], rtol=1e-9)
    assert drawing.panels[0].x == (0.0, 1.0)
    assert drawing.panels[2].y == (0.0, 1.0)
    assert [panel.label for panel in drawing.panels] == ["loss L", "slope dL/dp", "target y"]


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("(y - p)**2", -2.0, 3.0),
        ("-y*z + log(1 + exp(z))", -6.0, 6.0),
        ("-y*log(p) - (1 - y)*log(1 - p)", 0.0, 1.0),
        ("y/p", 0.0, 1.0),
    ],
)
def test_the_range_of_predictions_is_what_a_loss_is_for(text: str, low: float, high: float) -> None:
    assert plot(text).panels[0].x == (low, high)


def test_against_takes_names_and_formulas() -> None:
    named, spelled = plot("y*abs(log(1.1*p))", against="ce"), plot("y*abs(log(1.1*p))", against="-y*log(p)")
    assert plot("(y - p)**2", against="focal(gamma=3)").texts[1].startswith("f(y, p; gamma = 3)")
    assert len(plot("(y - p)**2", against="ce", surface=True).panels) == 3
    assert named.texts == spelled.texts == ("y*abs(log(1.1*p))", "-y*log(p)")
    assert plot("tanh(x)", against="swish").texts[1] == str(zoo["swish"])


def test_a_loss_along_a_parameter() -> None:
    drawing = plot(zoo["focal"], along="gamma=0:4")
    assert [panel.label for panel in drawing.panels] == ["loss at y = 1", "loss at y = 0"]
    x, y = curves(drawing, 0)[-1]
    inside = y < drawing.panels[0].y[1]
    np.testing.assert_allclose(y[inside], -((1 - x[inside]) ** 4) * np.log(x[inside]), rtol=1e-9, atol=1e-12)


def test_the_same_bytes_whatever_the_user_set(tmp_path: Path) -> None:
    first = plot("min(abs(x), exp(x))", tmp_path / "a.svg")
    with mpl.rc_context({"font.size": 20, "axes.facecolor": "black", "svg.hashsalt": "other"}):
        plot("min(abs(x), exp(x))", tmp_path / "b.svg")
        second = plot("min(abs(x), exp(x))")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes() == first.svg().encode()
    assert first.png() == second.png()
    assert first._repr_png_().startswith(b"\x89PNG")
    assert "<text" in first._repr_svg_()
    assert "<dc:date>" not in first.svg()


def test_pyplot_is_left_alone() -> None:
    code = "import sys, symkit; symkit.plot('relu(x)').png(); print('matplotlib.pyplot' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


LEGIBLE: list[tuple[Any, dict[str, Any]]] = [
    ("min(abs(x), exp(x))", {}),
    ("x*sigmoid(beta*x)", {"along": "beta=0.5:2"}),
    (["relu(x)", "x*sigmoid(x)", "tanh(x)", "+".join(f"sin({n}*x)" for n in range(1, 30))], {}),
    ("-y*log(p)", {"surface": True, "against": None}),
    ([f"tanh({n}*x) + 0.125*sin({n}*x)*cos(x)" for n in range(1, 9)], {}),
]


@pytest.mark.parametrize(("e", "settings"), LEGIBLE, ids=["one", "family", "several", "loss", "multiples"])
def test_nothing_overlaps_or_is_cut_off(e: Any, settings: dict[str, Any]) -> None:
    figure = plot(e, **settings).figure
    drawn = FigureCanvasAgg(figure)
    drawn.draw()
    renderer = drawn.get_renderer()
    texts = [(text.get_text(), text.get_window_extent(renderer)) for text in shown(figure)]
    assert len(texts) > 10
    for (one, first), (other, second) in itertools.combinations(texts, 2):
        both = mpl.transforms.Bbox.intersection(first, second)
        assert both is None or min(both.width, both.height) < 1.0, f"{one!r} is over {other!r}"
    for name, box in texts:
        assert figure.bbox.x0 - 1 < box.x0 < box.x1 < figure.bbox.x1 + 1, name
        assert figure.bbox.y0 - 1 < box.y0 < box.y1 < figure.bbox.y1 + 1, name


def shown(figure: Figure) -> Iterator[Text]:
    """Every text of a picture; ticks outside of the axes have labels too, which are not drawn."""
    for axes in figure.axes:
        if not axes.axison:
            continue
        ticks = [tick for axis in (axes.xaxis, axes.yaxis) for tick in axis._update_ticks()]
        labels = [label for tick in ticks for label in (tick.label1, tick.label2)]
        for text in (*labels, axes.xaxis.label, axes.yaxis.label, axes.title, axes._left_title):
            if text.get_visible() and text.get_text():
                yield text
    for legend in figure.legends:
        yield from legend.get_texts()


BAD: list[tuple[Any, dict[str, Any], str]] = [
    ("u + v", {}, "activations in x"),
    ([], {}, "nothing"),
    (["x", "y - p"], {}, "do not go together"),
    ("x", {"order": 3}, "order 3"),
    ("x", {"surface": True}, "of a loss"),
    (["x", "tanh(x)"], {"along": "beta=0:1"}, "of one expression"),
    (["y - p", "y*p"], {"surface": True}, "of one expression"),
    ("beta*(y - p)", {"surface": True, "along": "beta=0:1"}, "not both"),
    ("x*beta", {"along": "beta"}, "beta=0.5:2"),
    ("x*beta", {"along": "beta=2:1"}, "lower one first"),
    ("x*beta", {"along": "beta=0:inf"}, "finite"),
    ("x*beta", {"along": "gamma=0:1"}, "there are beta"),
    ("x", {"box": (1, 1)}, "lower one first"),
    ("x", {"mean": math.nan}, "not finite"),
    ("x", {"variance": 0.0}, "positive"),
    ("x", {"parameters": {"beta": 1.0}}, "no parameter"),
    ("beta*x", {"parameters": {"beta": math.inf}}, "finite"),
    ([f"{n}*x" for n in range(40)], {}, "too many"),
    ([f"(y - {n}*p)**2" for n in range(7)], {}, "too many"),
]


@pytest.mark.parametrize(("e", "settings", "said"), BAD, ids=[said for _, _, said in BAD])
def test_bad_input(e: Any, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(DomainError, match=said):
        plot(e, **settings)


def test_bad_places(tmp_path: Path) -> None:
    with pytest.raises(DomainError, match="svg or .png"):
        plot("x", tmp_path / "x.pdf")
    with pytest.raises(DomainError, match="cannot be written"):
        plot("x", tmp_path / "none" / "x.png")
    assert list(tmp_path.iterdir()) == []


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canvas, "find_spec", lambda name: None)
    with pytest.raises(Unsupported, match=r'pip install "symkit\[plot\]"'):
        plot("x")


def test_a_function_that_turns_all_the_time_is_drawn_without_marks() -> None:
    panel = plot("sin(30*x)").panels[0]
    assert panel.named == ("input N(0, 1)",)
    assert "maximum" in plot("sin(x)").panels[0].named
