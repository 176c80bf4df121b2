"""Every operator x backend x dtype x value, first and second derivatives, against the exact evaluator."""

from __future__ import annotations

import numpy as np
import pytest
from operators.jets import CONSTANTS, OPERATORS, TORCH_DTYPES, Point, columns, faults, holds, jet, points, rows

from symkit.backends import get_backend, prepared
from symkit.evaluation import evaluate_numpy
from symkit.evaluation.numeric import DTYPES as NUMPY_DTYPES
from symkit.ops import Operator

BACKENDS = ("torch", "torchscript", "cpu")


def points_of(operator: Operator, dtype: str) -> list[Point]:
    return [point for point in points(operator) if holds(dtype, point)]


@pytest.mark.parametrize("dtype", TORCH_DTYPES)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.name)
def test_torch_backends(operator: Operator, backend: str, dtype: str) -> None:
    at, whole, runs_on, like = points_of(operator, dtype), jet(operator), get_backend(backend), TORCH_DTYPES[dtype]
    kernel = runs_on.kernel(prepared(runs_on, whole.program, CONSTANTS), whole.names)
    roots = kernel(columns(at, like), like)
    assert {root.dtype for root in roots} == {like}
    assert faults(operator, at, rows(roots), dtype, backend) == []


@pytest.mark.parametrize("dtype", NUMPY_DTYPES)
@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.name)
def test_numpy(operator: Operator, dtype: str) -> None:
    at, whole = points_of(operator, dtype), jet(operator)
    inputs = columns(at, TORCH_DTYPES[dtype])
    values = {name: column.numpy() for name, column in zip(whole.names, inputs, strict=True)}
    roots = evaluate_numpy(whole.program, values | CONSTANTS, dtype)
    got = np.stack([np.broadcast_to(root, len(at)).astype("float64") for root in roots])
    assert faults(operator, at, got, dtype, "numpy") == []
