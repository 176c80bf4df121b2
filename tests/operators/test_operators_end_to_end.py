"""Every operator through the public function and torch's autograd, in every dtype, on the backend a user gets."""

from __future__ import annotations

import pytest
from operators.jets import OPERATORS, TORCH_DTYPES, autograd_jet, faults, holds, jet
from operators.points import points

import symkit
from symkit.ir import ProgramBuilder
from symkit.ops import Operator
from symkit.text import Expression


@pytest.mark.parametrize("dtype", TORCH_DTYPES)
@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.name)
def test_autograd_of_the_public_function(operator: Operator, dtype: str) -> None:
    builder, names = ProgramBuilder(), jet(operator).names
    program = builder.build([builder.apply(operator, tuple(builder.input(name) for name in names))])
    function = symkit.functional(Expression(program, "plain", names), backend="torch")
    at = [point for point in points(operator) if holds(dtype, point)]
    assert faults(operator, at, autograd_jet(function, operator, at, TORCH_DTYPES[dtype]), dtype) == []
