"""The line of a format's numbers: consecutive places, in order, there and back."""

from __future__ import annotations

import math

import numpy as np
import pytest

from symkit.errors import DomainError
from symkit.evaluation.formats import FORMATS, Format, format_of

ALL = pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)


@ALL
def test_zeros_stand_side_by_side(form: Format) -> None:
    assert form.ordinals([0.0, -0.0, form.smallest, -form.smallest]).tolist() == [0, -1, 1, -2]
    assert np.signbit(form.numbers([0, -1])).tolist() == [False, True]


@ALL
def test_neighbours_have_consecutive_places(form: Format) -> None:
    for value in (1.0, -1.0, form.smallest, -form.largest, float(np.finfo(form.dtype).tiny), 100.0):
        number = form.dtype.type(value)
        above = np.nextafter(number, form.dtype.type(math.inf))
        assert form.ordinals(above) == form.ordinals(number) + 1


@ALL
def test_places_lead_back_to_the_same_bits(form: Format) -> None:
    rng = np.random.default_rng(0)
    last = int(form.ordinals(math.inf))
    places = np.concatenate([rng.integers(-last - 1, last, 10_000, endpoint=True), [last, -last - 1, 0, -1]])
    numbers = form.numbers(places)
    assert (form.ordinals(numbers) == places).all()
    order = np.argsort(places)
    assert (np.diff(numbers[order].astype(np.float64)[1:-1]) >= 0).all()


def test_all_halves_in_order() -> None:
    form = FORMATS["float16"]
    last = int(form.ordinals(math.inf))
    numbers = form.numbers(np.arange(-last - 1, last + 1))
    assert len(numbers) == 2 * (2**15 - 2**10 + 1)
    assert np.isneginf(numbers[0])
    assert np.isposinf(numbers[-1])
    steps = np.diff(numbers[1:-1].astype(np.float64))
    assert (steps == 0).sum() == 1, "only the two zeros are equal"
    assert (steps >= 0).all()


@ALL
def test_extremes(form: Format) -> None:
    info = np.finfo(form.dtype)
    assert form.largest == float(info.max)
    assert form.numbers(form.ordinals(form.largest) + 1) == math.inf
    assert 0 < form.smallest < float(info.tiny)


@ALL
def test_rounding(form: Format) -> None:
    assert form.rounded(0.1) == float(form.dtype.type(0.1))
    assert form.rounded(-0.5) == -0.5
    assert form.rounded(1e309) == math.inf


def test_halves_round_up_past_the_largest() -> None:
    assert FORMATS["float16"].rounded(65519.0) == 65504.0
    assert FORMATS["float16"].rounded(65520.0) == math.inf


def test_text_is_the_shortest_that_reads_back() -> None:
    assert FORMATS["float32"].text(float(np.float32(0.1))) == "0.1"
    assert FORMATS["float64"].text(0.1) == "0.1"
    assert FORMATS["float32"].text(2.0) == "2"


def test_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(DomainError, match="float8.*float64, float32, float16"):
        format_of("float8")
    assert format_of("float32") is FORMATS["float32"]
