"""The maths library in float32: every form over all sizes of numbers, in units in the last place."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from kernels import SUBJECTS, UNARY, Subject, name_of

from bench.ulp import float32_errors, float32_numbers
from symkit.backends.native.maths import FORMS
from symkit.ops import standard

EVERY = 4099
"""A prime: over the numbers taken, every low bit of the mantissa is seen."""

UNITS = 4.0

EDGES = [
    *(0.0, 2.0**-149, 2.0**-126, 1e-40, 1e-30, 1e-8, 0.25, 0.5, 0.75, 1.0, 1.5, math.log(2), math.pi, 8.0, 9.5, 13.0),
    *(44.0, 44.36, 87.3, 88.0, 88.37, 88.7, 88.72, 88.723, 88.75, 89.4, 89.42, 103.0, 103.97, 104.0, 110.0, 200.0),
    *(744.0, 1000.0, 1e5, 16777216.0, 1e10, 1e18, 1.1e18, 1.9e19, 1e30, 3.4028235e38, math.inf, math.nan),
]
"""Where forms change their ways, results over- or underflow, and numbers end; each with its neighbours and negated."""


def test_the_forms_are_those_that_records_name() -> None:
    assert {operator.native for operator in standard().values()} - {None} == set(FORMS)
    assert {subject.operator.native for subject in SUBJECTS} == set(FORMS)


def numbers() -> torch.Tensor:
    edges = float32_numbers(np.array(EDGES, dtype=np.float32).view(np.uint32))
    edges = torch.cat([edges, *(torch.nextafter(edges, torch.tensor(to)) for to in (math.inf, -math.inf))])
    return torch.cat([float32_numbers(np.arange(0, 2**32, EVERY)), edges, -edges])


@pytest.mark.parametrize("subject", UNARY, ids=name_of)
def test_every_form_within_a_few_units(subject: Subject) -> None:
    x = numbers()
    # Torch's sign of NaN is 0.
    exact = subject.reference(x).masked_fill_(x.isnan() & (not subject.operator.takes_truth), math.nan)
    errors = float32_errors(subject.native(x).numpy(), exact.numpy())
    worst = errors.argmax()
    assert errors[worst] <= UNITS, f"at {x[worst]!r}"


@pytest.mark.parametrize("subject", UNARY, ids=name_of)
def test_results_too_small_to_hold_keep_their_sign(subject: Subject) -> None:
    x = numbers()
    got, exact = subject.native(x), subject.reference(x)
    vanished = (got == 0) & (exact != 0)
    assert torch.equal(got.signbit()[vanished], exact.signbit()[vanished])


@pytest.mark.parametrize(
    "subject", [s for s in UNARY if s.operator.parity == "odd" or s.name in ("expm1", "log1p", "sqrt")], ids=name_of
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_minus_zero_stays(subject: Subject, dtype: torch.dtype) -> None:
    zeros = subject.native(torch.tensor([0.0, -0.0], dtype=dtype))
    expected = [True, False] if subject.name == "neg" else [False, True]
    assert (zeros == 0).all()
    assert zeros.signbit().tolist() == expected


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_a_huge_number_does_not_change_the_bits_of_others(name: str, dtype: torch.dtype) -> None:
    (subject,) = [s for s in UNARY if s.name == name]
    x = torch.linspace(-100, 100, 10_001, dtype=dtype)
    huge = x.clone()
    huge[::1000] = 1e30
    got, alone = subject.native(huge), subject.native(x)
    assert torch.equal(got[huge != 1e30], alone[huge != 1e30])
    assert (got[::1000] == subject.native(torch.tensor([1e30], dtype=dtype))).all()
