"""Shapes of every activation of the zoo, against dense samples of the function and values far out."""

from __future__ import annotations

import dataclasses
import json
import math
from functools import cache

import numpy as np
import pytest
from scipy.special import ndtri

import symkit
from symkit import zoo
from symkit.analysis.curve import Floats
from symkit.analysis.shape import End, Shape, shape
from symkit.evaluation import evaluate_exact

NAMES = [
    name
    for name in zoo
    # Others are, as long as their parameters have their initial values, functions that are there already.
    if zoo.entry(name).kind == "activation" and zoo.entry(name).initially is None
]

X = np.linspace(-9.9937, 9.9917, 20_001)
"""No round numbers, at which breakpoints lie."""

FAR = 3.7e6


@cache
def known(name: str) -> Shape:
    return shape(zoo[name])


@cache
def samples(name: str) -> Floats:
    e = zoo[name]
    return np.broadcast_to(np.asarray(symkit.evaluate(e, x=X), dtype=np.float64), X.shape)


def at(name: str, x: float) -> float:
    return float(np.asarray(symkit.evaluate(zoo[name], x=np.array([x]))).ravel()[0])


@pytest.mark.parametrize("name", NAMES)
def test_trends_are_those_of_samples(name: str) -> None:
    y = samples(name)
    found = known(name)
    noise = 1e-14 * max(1.0, float(np.abs(y).max()))
    assert found.pieces[0].low == -math.inf or name == "cafe_s2_rand_2"
    for piece in found.pieces:
        inside = y[(piece.low < X) & (piece.high > X)]
        steps = np.diff(inside) * {"rises": 1, "falls": -1, "level": 0}[piece.trend]
        assert (steps >= -noise).all()
        if piece.trend == "level":
            assert np.ptp(inside) <= noise
        elif len(inside) > 100:
            # Strictly, where float64 can tell.
            assert inside.size < 2 or abs(inside[-1] - inside[0]) > 0


@pytest.mark.parametrize("name", NAMES)
def test_extrema_are_those_of_samples(name: str) -> None:
    y = samples(name)
    found = known(name)
    step = X[1] - X[0]
    seen = []
    for way, kind in ((1, "maximum"), (-1, "minimum")):
        z = way * y
        peak = (z[1:-1] > z[:-2]) & (z[1:-1] > z[2:])
        for i in np.flatnonzero(peak) + 1:
            around = z[max(i - 50, 0) : i + 51]
            # More than noise.
            if z[i] - max(around[0], around[-1]) > 1e-9 * max(1.0, abs(z[i])):
                seen.append((float(X[i]), kind))
    told = [(point.x, point.kind) for point in found.extrema if abs(point.x) < 9.9]
    assert len(seen) == len(told)
    for (x, kind), (expected, expected_kind) in zip(told, sorted(seen), strict=True):
        assert kind == expected_kind
        assert abs(x - expected) <= 2 * step


@pytest.mark.parametrize("name", NAMES)
def test_zeros_are_those_of_samples(name: str) -> None:
    y = samples(name)
    found = known(name)
    for points, ranges, height in (
        (found.zeros, found.zero_intervals, y),
        (found.fixed_points, found.fixed_intervals, y - X),
    ):
        # Far from 0, f - x may be noise.
        sure = np.abs(height) > 1e-14 * np.abs(X)
        crossings = np.flatnonzero((height[:-1] * height[1:] < 0) & sure[:-1] & sure[1:])
        for i in crossings:
            # A pole or a jump is no zero, and noise beside a range of zeros none either.
            is_jump = any(b.kind in ("jump", "pole") and X[i] <= b.x <= X[i + 1] for b in found.breaks)
            in_range = any(r.low - 1e-3 <= X[i] <= r.high + 1e-3 for r in ranges)
            assert is_jump or in_range or any(X[i] <= point <= X[i + 1] for point in points)
        for point in points:
            offset = point if height is not y else 0.0
            assert abs(at(name, point) - offset) <= 1e-13 * max(1.0, abs(point))
        for r in ranges:
            inside = height[(r.low < X) & (r.high > X)]
            assert np.abs(inside).max() <= 1e-14


@pytest.mark.parametrize("name", NAMES)
def test_range_and_lipschitz_hold_for_samples(name: str) -> None:
    y = samples(name)
    found = known(name)
    assert found.range is not None
    low, high = found.range
    noise = 1e-14 * max(1.0, float(np.abs(y).max()))
    assert y.min() >= low - noise
    assert y.max() <= high + noise
    far = [at(name, sign * x) for sign in (1, -1) for x in (20.0, 60.0, 1e3, 1e5)]
    finite = [value for value in far if math.isfinite(value)]
    assert all(low - 1e-12 <= value <= high + 1e-12 for value in finite)
    reached = [*y, *finite, *(end.limit for end in (found.left, found.right) if end.limit is not None)]
    for bound in (low, high):
        # A peak may lie between samples, and that of an oscillation far out.
        slack = 1e-2 if found.left.kind == "oscillating" else 1e-3 * max(1.0, abs(bound))
        assert bound in reached or np.min(np.abs(np.array(reached) - bound)) <= slack
    slopes = np.abs(np.diff(y) / np.diff(X))
    if found.lipschitz is None:
        assert found.lipschitz_reason
    else:
        assert slopes.max() <= found.lipschitz * (1 + 1e-9) + 1e-10
        if found.lipschitz_at is not None and abs(found.lipschitz_at) < 9.9:
            assert slopes.max() >= found.lipschitz * 0.99


@pytest.mark.parametrize("name", NAMES)
def test_breaks_have_the_slopes_of_chords(name: str) -> None:
    found = known(name)
    for place in found.breaks:
        for side, slope, limit in ((-1, place.left_slope, place.left), (1, place.right_slope, place.right)):
            if limit is None or slope is None or not math.isfinite(limit) or not math.isfinite(slope):
                continue
            (a,), (b,) = (
                evaluate_exact(zoo[name].program, {**zoo[name].parameters, **zoo[name].constant_values(), "x": x})
                for x in (place.x + side * 2.0**-20, place.x + side * 2.0**-21)
            )
            chord = float((a - b) / (side * 2.0**-21))
            assert chord == pytest.approx(slope, rel=1e-4, abs=1e-4)
    if not found.breaks:
        assert found.smoothness >= 1
    check_kinks(name, found)


def check_kinks(name: str, found: Shape) -> None:
    y = samples(name)
    step = X[1] - X[0]
    bend = np.abs(np.diff(y, 2)) / step
    told = np.array([place.x for place in found.breaks] or [math.inf])
    # The slope changes by far more than within the neighbouring steps, and more than noise.
    around = np.maximum(bend[:-4], bend[4:])
    for i in np.flatnonzero((bend[2:-2] > 20 * around) & (bend[2:-2] > 1e-3)) + 2:
        assert np.min(np.abs(told - X[i + 1])) <= 2 * step


@pytest.mark.parametrize("name", NAMES)
def test_ends_are_what_is_there_far_out(name: str) -> None:
    found = known(name)
    values = {**zoo[name].constant_values(), **zoo[name].parameters}
    for end, x in ((found.left, -FAR), (found.right, FAR)):
        (value,) = evaluate_exact(zoo[name].program, {**values, "x": x})
        check_end(end, x, value)


def check_end(end: End, x: float, value: float) -> None:
    if end.slope is not None:
        assert end.intercept is not None
        # What fades like 1/sqrt(x) is still there.
        assert abs(value - (end.slope * x + end.intercept)) <= 1 / math.sqrt(FAR) or math.isnan(value)
    elif end.kind == "polynomial":
        assert end.coefficient is not None
        assert end.degree is not None
        assert value / x**end.degree == pytest.approx(end.coefficient, rel=1e-2)
    elif end.kind == "logarithmic":
        assert end.coefficient is not None
        assert value / math.log(abs(x)) == pytest.approx(end.coefficient, rel=0.1)
    elif end.kind == "power times log":
        assert end.coefficient is not None
        assert end.degree is not None
        assert value / (x**end.degree * math.log(abs(x))) == pytest.approx(end.coefficient, rel=0.1)
    else:
        assert end.kind in ("exponential", "faster", "oscillating")
        assert end.kind == "oscillating" or abs(value) > 1e100


@pytest.mark.parametrize("name", NAMES)
def test_saturation_and_dead_zones_hold_for_samples(name: str) -> None:
    y = samples(name)
    found = known(name)
    assert found.range is not None
    width = found.range[1] - found.range[0]
    if not math.isfinite(width):
        width = float(np.subtract(*np.quantile(np.interp(ndtri(np.linspace(5e-4, 0.9995, 1000)), X, y), (0.99, 0.01))))
    for part in found.saturation:
        inside = y[(part.low <= X) & (part.high >= X)]
        assert (np.abs(inside - part.level) <= 0.0101 * width).all()
    for zone in found.dead_zones:
        inside = y[(zone.low < X) & (zone.high > X)]
        assert np.ptp(inside) <= 1e-15
        assert 0 < zone.probability <= 1


@pytest.mark.parametrize("name", NAMES)
def test_even_share_against_a_sum(name: str) -> None:
    found = known(name)
    y = samples(name)
    weight = np.exp(-(X**2) / 2)
    flipped = np.interp(-X, X, y)
    total = float(weight @ y**2)
    share = float(weight @ ((y + flipped) / 2) ** 2) / total if total else None
    assert found.even_share == (None if share is None else pytest.approx(share, abs=2e-3))
    # Both parts make up the whole.
    assert "NaN" not in json.dumps(dataclasses.asdict(found))
    if found.parity is not None:
        assert "0" in (found.even_part, found.odd_part)
        return
    even, odd = (np.asarray(symkit.evaluate(part, x=X[::500])) for part in (found.even_part, found.odd_part))
    assert np.allclose(even + odd, y[::500], rtol=1e-12, atol=1e-12)
