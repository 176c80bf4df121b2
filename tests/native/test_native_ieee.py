"""Arithmetic, comparisons, extrema, pow and hypot: what IEEE 754 and annex F of the C standard say."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from kernels import SUBJECTS, Subject, kernel, same
from torch import Tensor

from bench.ulp import float32_errors, float32_numbers
from symkit.evaluation import evaluate_exact
from symkit.text import parse

DTYPES = [torch.float32, torch.float64]
NAMED = {subject.name: subject for subject in SUBJECTS}
INF, NAN = math.inf, math.nan

SPECIAL = [0.0, -0.0, 1.0, -1.0, 2.0, -3.0, 0.5, -2.5, 5e-324, -1e-40, 1e-40, 1e30, -1e30, 3e38, INF, -INF, NAN]


def pairs(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """All pairs of special numbers, and a million of random bits, half of them with near exponents."""
    rng = np.random.default_rng(0)
    kind = np.uint32 if dtype is torch.float32 else np.uint64
    wide = rng.integers(0, np.iinfo(kind).max, (2, 2**20), dtype=kind, endpoint=True)
    wide[1, ::2] = wide[0, ::2] ^ (wide[1, ::2] >> kind(10))
    x, y = torch.from_numpy(wide.view(np.float32 if dtype is torch.float32 else np.float64))
    special = torch.tensor(list(itertools.product(SPECIAL, SPECIAL)), dtype=torch.float64).to(dtype)
    return torch.cat([x, special[:, 0]]), torch.cat([y, special[:, 1]])


IEEE: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", IEEE)
def test_arithmetic_and_comparisons_to_the_bit(name: str, dtype: torch.dtype) -> None:
    x, y = pairs(dtype)
    with np.errstate(all="ignore"):
        right = torch.from_numpy(IEEE[name](x.numpy(), y.numpy())).to(dtype)
    assert same(NAMED[name].native(x, y), right)


@pytest.mark.parametrize("dtype", DTYPES)
def test_signs_and_roots_to_the_bit(dtype: torch.dtype) -> None:
    x, _ = pairs(dtype)
    assert same(NAMED["neg"].native(x), -x)
    assert same(NAMED["abs"].native(x), x.abs())
    with np.errstate(all="ignore"):
        assert same(NAMED["sqrt"].native(x), torch.from_numpy(np.sqrt(x.numpy())))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "right"), [("min", torch.minimum), ("max", torch.maximum)])
def test_extrema_give_nan_if_either_operand_is(
    name: str, right: Callable[[Tensor, Tensor], Tensor], dtype: torch.dtype
) -> None:
    x, y = pairs(dtype)

    def agrees(got: Tensor, other: Tensor) -> bool:
        expected = right(x, other)
        return torch.equal(got.nan_to_num(7.0), expected.nan_to_num(7.0)) and torch.equal(got.isnan(), expected.isnan())

    assert agrees(NAMED[name].native(x, y), y)
    for literal in (0.0, -1.5):
        other = torch.tensor(literal, dtype=dtype)
        for text in (f"{name}(x, {literal})", f"{name}({literal}, x)"):
            assert agrees(*kernel(text)((x,)), other)


@pytest.mark.parametrize("dtype", DTYPES)
def test_where_takes_one_side_whatever_the_other_is(dtype: torch.dtype) -> None:
    x, y = pairs(dtype)
    condition = torch.tensor([0.0, -0.0, 1.0, NAN, -2.0], dtype=dtype).repeat(len(x) // 5 + 1)[: len(x)]
    assert same(NAMED["where"].native(condition, x, y), torch.where(condition != 0, x, y))


# Annex F.10.4.4 of the C standard (ISO/IEC 9899:2018), which IEEE 754-2019 section 9.2.1 agrees with.
POWERS = [
    *((0.0, y, INF) for y in (-1.0, -3.0)),
    *((-0.0, y, -INF) for y in (-1.0, -3.0)),
    *((zero, y, INF) for zero in (0.0, -0.0) for y in (-2.0, -0.5, -2.5, -INF, -1e30)),
    *((0.0, y, 0.0) for y in (1.0, 3.0)),
    *((-0.0, y, -0.0) for y in (1.0, 3.0)),
    *((zero, y, 0.0) for zero in (0.0, -0.0) for y in (2.0, 0.5, 2.5, INF, 1e30)),
    *((-1.0, y, 1.0) for y in (INF, -INF)),
    *((1.0, y, 1.0) for y in (0.0, 0.5, INF, -INF, NAN)),
    *((x, zero, 1.0) for zero in (0.0, -0.0) for x in (0.0, -0.0, 0.5, -3.0, INF, -INF, NAN)),
    *((x, y, NAN) for x in (-0.5, -3.0, -1e-40) for y in (0.5, -2.5)),
    *((x, -INF, INF) for x in (0.5, -0.5)),
    *((x, -INF, 0.0) for x in (1.5, -1.5, INF, -INF)),
    *((x, INF, 0.0) for x in (0.5, -0.5)),
    *((x, INF, INF) for x in (1.5, -1.5, INF, -INF)),
    *((-INF, y, -0.0) for y in (-1.0, -3.0)),
    *((-INF, y, 0.0) for y in (-2.0, -0.5, -1e30)),
    *((-INF, y, -INF) for y in (1.0, 3.0)),
    *((-INF, y, INF) for y in (2.0, 0.5, 1e30)),
    *((INF, y, 0.0) for y in (-0.5, -1.0, -2.0)),
    *((INF, y, INF) for y in (0.5, 1.0, 2.0)),
    *((NAN, y, NAN) for y in (1.0, -1.0, INF, NAN)),
    *((x, NAN, NAN) for x in (0.0, -1.0, 2.0, INF)),
    *((-2.0, y, z) for y, z in ((3.0, -8.0), (4.0, 16.0), (-1.0, -0.5), (-2.0, 0.25))),
    *((-2.0, y, z) for y, z in ((1025.0, -INF), (1024.0, INF), (-1101.0, -0.0), (-1100.0, 0.0))),
    # Past 2**24 in float32 and past 2**53 in float64 every number is even.
    *((-1.0, y, 1.0) for y in (2.0**24, 2.0**31, 2.0**53, 2.0**60, 1e30)),
    (-1.0, 2.0**24 - 1, -1.0),
]


@pytest.mark.parametrize("dtype", DTYPES)
def test_powers_of_special_numbers(dtype: torch.dtype) -> None:
    x, y, right = torch.tensor(POWERS, dtype=torch.float64).to(dtype).unbind(1)
    got = NAMED["pow"].native(x, y)
    wrong = [row for row, a, b in zip(POWERS, got, right, strict=True) if not same(a, b)]
    assert wrong == []


def test_powers_within_a_few_units_in_float32() -> None:
    rng = np.random.default_rng(1)
    size = 2**19
    near = rng.normal(0, 1, size) * np.exp(rng.uniform(-15, -1, size))
    bases = np.concatenate([np.exp(rng.normal(0, 8, size)), np.abs(1 + near)]).astype(np.float32)
    exponents = np.concatenate([rng.normal(0, 8, size), rng.normal(0, 40, size) / near]).astype(np.float32)
    x, y = torch.from_numpy(bases), torch.from_numpy(exponents)
    assert float32_errors(NAMED["pow"].native(x, y).numpy(), NAMED["pow"].reference(x, y).numpy()).max() <= 1.0


@pytest.mark.parametrize("exponent", [-64, -17, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 11, 31, 64, 65, 300, 0.5])
def test_literal_exponents_within_a_few_units(exponent: float) -> None:
    power = kernel(f"x**({exponent})")
    x = float32_numbers(np.arange(0, 2**32, 40_009))
    with np.errstate(all="ignore"):
        exact = np.power(x.double().numpy(), exponent)
    (got,) = power((x,))
    assert float32_errors(got.numpy(), exact).max() <= 4.0
    program = parse(f"x**({exponent})").program
    points = np.random.default_rng(2).uniform(0.1, 8.0, 40)
    (wide,) = power((torch.from_numpy(points),))
    for point, value in zip(points.tolist(), wide.tolist(), strict=True):
        (true,) = evaluate_exact(program, {"x": point})
        assert abs(true - value) <= 8 * math.ulp(float(true))


@pytest.mark.parametrize("dtype", DTYPES)
def test_hypot(dtype: torch.dtype) -> None:
    hypot: Subject = NAMED["hypot"]
    x, y = pairs(dtype)
    got = hypot.native(x, y)
    with np.errstate(all="ignore"):
        right = torch.from_numpy(np.hypot(x.numpy(), y.numpy()))
    assert torch.equal(got.isnan(), right.isnan())
    assert torch.equal(got.isinf(), right.isinf())
    assert got[torch.isinf(x) | torch.isinf(y)].eq(INF).all()
    finite = right.isfinite()
    size = torch.maximum(right[finite], torch.tensor(torch.finfo(dtype).tiny, dtype=dtype))
    ulp = torch.nextafter(size, torch.tensor(INF, dtype=dtype)) - size
    assert ((got[finite] - right[finite]).abs() / ulp).max() <= 3.0
