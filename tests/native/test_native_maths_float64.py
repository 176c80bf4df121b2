"""The maths library in float64, and its special values in either format, against the exact evaluator."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from kernels import UNARY, Subject, name_of

from symkit.evaluation import evaluate_exact

UNITS = 8.0

SPECIAL = [
    *(0.0, 5e-324, 1e-310, 2.0**-1022, 1e-45, 1e-40, 1e-20, 0.5, 1.0, 10.0, 40.0, 88.8, 104.5, 709.7, 709.8, 745.0),
    *(745.2, 1000.0, 1e5, math.inf),
]
SIGNED = [*SPECIAL, *(-x for x in SPECIAL), math.nan]


ANGLES = [
    math.pi,
    355.0,
    1e6 * math.pi,
    2.0**40,
    math.nextafter(2.0**40, 2.0**41),
    2.0**53,
    math.ldexp(6381956970095103, 797),
]
"""Near multiples of pi, the last one nearest of all float64 numbers, and about where the way to them changes."""


def sample(seed: int) -> list[float]:
    rng = np.random.default_rng(seed)
    parts = (
        rng.normal(0, 1, 50),
        rng.uniform(-40, 40, 50),
        rng.uniform(-745, 710, 30),
        rng.choice([-1.0, 1.0], 30) * np.exp(rng.uniform(-700, 700, 30)),
    )
    return [*(float(x) for x in np.concatenate(parts)), *ANGLES, *(-x for x in ANGLES)]


def exactly(subject: Subject, x: float) -> float:
    """The exact value, rounded to float64."""
    (value,) = evaluate_exact(subject.program, {"x": x})
    return float(value)


@pytest.mark.parametrize("subject", UNARY, ids=name_of)
def test_every_form_within_a_few_units(subject: Subject) -> None:
    points = sample(len(subject.name))
    got = subject.native(torch.tensor(points, dtype=torch.float64)).tolist()
    faults = []
    for x, y in zip(points, got, strict=True):
        (exact,) = evaluate_exact(subject.program, {"x": x})
        rounded = float(exact)
        if math.isfinite(rounded) and math.isfinite(y):
            error = float(abs(exact - y)) / math.ulp(rounded)
        else:
            error = 0.0 if y == rounded or math.isnan(y) and math.isnan(rounded) else math.inf
        if error > UNITS:
            faults.append((x, y, rounded, error))
    assert faults == []


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("subject", UNARY, ids=name_of)
def test_limits_poles_overflow_and_signs_of_zero(subject: Subject, dtype: torch.dtype) -> None:
    at = torch.tensor(SIGNED, dtype=dtype)
    points = at.tolist()
    exact = torch.tensor([exactly(subject, x) for x in points], dtype=torch.float64)
    got, rounded = subject.native(at), exact.to(dtype)
    for x, y, right, true in zip(points, got.tolist(), rounded.tolist(), exact.tolist(), strict=True):
        assert math.isnan(y) == math.isnan(right), x
        if math.isinf(right) or math.isinf(y):
            assert y == right, x
        if right == 0 and true != 0:
            assert y == 0, x
            assert math.copysign(1, y) == math.copysign(1, true), x
