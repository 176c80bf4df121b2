"""Regions and boxes of them: what they hold, and that splitting loses and repeats nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from symkit.checking.region import Region
from symkit.errors import DomainError

ALL = (-math.inf, math.inf)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_infinite_bounds_stand_for_the_largest_number(dtype: str) -> None:
    region = Region.of({"x": ALL}, dtype)
    largest = float(np.finfo(dtype).max)
    assert region.bounds("x") == (-largest, largest)
    assert str(region) == f"all finite {dtype} x"


def test_the_reals_have_no_largest_number() -> None:
    region = Region.of({"x": ALL, "y": (0.0, 1.0)}, None)
    assert region.bounds("x") == ALL
    assert str(region) == "all real x, y in [0, 1]"


def test_a_range_holds_the_numbers_inside_it_only() -> None:
    low, high = Region.of({"x": (0.1, 0.7)}, "float32").bounds("x")
    assert 0.1 <= low < np.nextafter(np.float32(0.1), np.float32(1))
    assert 0.7 >= high > np.nextafter(np.float32(0.7), np.float32(0), dtype=np.float32) - 1e-7
    assert np.float32(high) == high


def test_both_zeros_belong_to_a_range_that_ends_at_0() -> None:
    region = Region.of({"x": (0.0, 1.0), "y": (-1.0, -0.0)}, "float32")
    assert region.low[0] == -1
    assert region.high[1] == 0


@pytest.mark.parametrize(
    ("box", "message"),
    [
        ((1.0, -1.0), "give the lower bound first"),
        ((math.nan, 1.0), "no range"),
        ((1.00000001, 1.00000002), "no float32 number"),
        ((1e39, 1e40), "no float32 number"),
        ((1e39, 1e39), "more than float32 holds"),
    ],
)
def test_ranges_without_a_number(box: tuple[float, float], message: str) -> None:
    with pytest.raises(DomainError, match=message):
        Region.of({"x": box}, "float32")


def test_some_of_the_names() -> None:
    region = Region.of({"x": (0.0, 1.0), "y": (2.0, 3.0)}, "float64").only(["y"])
    assert region.names == ("y",)
    assert region.bounds("y") == (2.0, 3.0)


@pytest.mark.parametrize("pieces", [2, 3, 8])
@pytest.mark.parametrize("box", [ALL, (-1.0, 1.0), (0.0, 6e-8), (1.0, 1.002)])
def test_pieces_of_a_dtype_hold_every_number_once(pieces: int, box: tuple[float, float]) -> None:
    boxes = Region.of({"x": box}, "float16").boxes
    for _ in range(4):
        undivided, boxes = boxes[boxes.is_single], boxes[~boxes.is_single].split(pieces)
        parts = [*zip(undivided.low[:, 0], undivided.high[:, 0], strict=True)]
        parts += zip(boxes.low[:, 0], boxes.high[:, 0], strict=True)
        boxes = type(boxes)(boxes.region, np.array([[a] for a, _ in parts]), np.array([[b] for _, b in parts]))
    found = sorted(place for low, high in parts for place in range(low, high + 1))
    assert found == list(range(boxes.region.low[0], boxes.region.high[0] + 1))


def test_all_of_float64_is_split_without_overflow() -> None:
    region = Region.of({"x": ALL}, "float64")
    boxes = region.boxes.split(8)
    assert len(boxes) == 8
    order = np.argsort(boxes.low[:, 0])
    assert boxes.low[order[0], 0] == region.low[0]
    assert boxes.high[order[-1], 0] == region.high[0]
    assert (boxes.low[order[1:], 0] == boxes.high[order[:-1], 0] + 1).all()


def test_pieces_of_the_reals_share_their_bounds() -> None:
    boxes = Region.of({"x": (0.0, 1.0)}, None).boxes.split(4)
    order = np.argsort(boxes.low[:, 0])
    assert (boxes.low[order[1:], 0] == boxes.high[order[:-1], 0]).all()


def test_the_longest_side_is_split() -> None:
    boxes = Region.of({"x": (1.0, 1.5), "y": (-1e9, 1e9)}, "float32").boxes.split(2)
    assert len(boxes) == 2
    assert (boxes.low[:, 0] == boxes.low[0, 0]).all()
    assert boxes.low[0, 1] != boxes.low[1, 1]


@pytest.mark.parametrize("dtype", ["float64", "float32", None])
def test_points_are_finite_and_inside(dtype: str | None) -> None:
    boxes = Region.of({"x": ALL, "y": (-2.0, 3.0)}, dtype).boxes.split(2).split(2).split(2)
    for points in (boxes.points(np.random.default_rng(0)), boxes.middles()):
        assert np.isfinite(points["x"]).all()
        assert (points["y"] >= -2).all()
        assert (points["y"] <= 3).all()
    assert len(boxes.middles()["x"]) == len(boxes)
