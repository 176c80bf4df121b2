"""The plain form, which exports and torch.compile use: torch's own derivatives of it are symkit's.

Inside the domain, that is, and at finite operands: elsewhere a chain of torch's derivatives may make NaN of 0 times
infinity. Other exceptions stand in the records, where an export can read them.
"""

from __future__ import annotations

import math
from functools import cache

import pytest
from operators.jets import OPERATORS, TORCH_DTYPES, autograd_jet, exact_jet, faults, holds, jet
from operators.points import CONSTANTS, WIDER, Point, is_inside, points

from symkit.backends.eager import EagerKernel
from symkit.backends.plain import plain_program
from symkit.ir import ProgramBuilder
from symkit.ops import Operator

DTYPES = ("float64", "float32")


def is_defined(operator: Operator, point: Point) -> bool:
    if not all(map(math.isfinite, point)) or not math.isfinite(exact_jet(operator, [point])[0, 0, 0]):
        return False
    return operator.name in WIDER or is_inside(operator, point)


@cache
def plain_faults(operator: Operator, dtype: str) -> list[str]:
    at = [point for point in points(operator) if holds(dtype, point) and is_defined(operator, point)]
    builder, names = ProgramBuilder(), jet(operator).names
    program = builder.build([builder.apply(operator, tuple(builder.input(name) for name in names))])
    kernel = EagerKernel(plain_program(program, CONSTANTS), names)
    got = autograd_jet(lambda *inputs: kernel(*inputs)[0], operator, at, TORCH_DTYPES[dtype])
    return faults(operator, at, got, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("operator", [op for op in OPERATORS if not op.torch_exception], ids=lambda op: op.name)
def test_autograd_gives_the_derivative_program(operator: Operator, dtype: str) -> None:
    assert plain_faults(operator, dtype) == []


@pytest.mark.parametrize("operator", [op for op in OPERATORS if op.torch_exception], ids=lambda op: op.name)
def test_exceptions_are_real_and_only_in_derivatives(operator: Operator) -> None:
    found = [fault for dtype in DTYPES for fault in plain_faults(operator, dtype)]
    assert found
    assert not any(fault.startswith(f"{operator.name} ()") for fault in found)
