"""What each library makes of a Program at many points: numpy, eager torch and the compiled kernel for the CPU."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from symkit.backends import get_backend, prepared
from symkit.evaluation import evaluate_numpy
from symkit.ir import Kind, Program
from symkit.text.names import FIXED_CONSTANTS

CONSTANTS = {"eps": 1e-7, "C": 10.0}

LIBRARIES = ("numpy", "torch", "cpu")

Columns = Mapping[str, NDArray[Any]]


def leaves(program: Program) -> tuple[str, ...]:
    """Names of inputs and parameters, in order of first use."""
    return tuple(node.name for node in program.nodes if node.kind in (Kind.INPUT, Kind.PARAMETER))


def runner(library: str, program: Program) -> Callable[[Columns], NDArray[Any]]:
    """A function from columns of one dtype to the values of the only root."""
    if library == "numpy":

        def by_numpy(columns: Columns) -> NDArray[Any]:
            values = {**columns, **CONSTANTS, **FIXED_CONSTANTS}
            (root,) = evaluate_numpy(program, values, next(iter(columns.values())).dtype.name)
            return np.broadcast_to(root, _shape(columns))

        return by_numpy
    backend, names = get_backend(library), leaves(program)
    kernel = backend.kernel(prepared(backend, program, CONSTANTS), names)

    def by_torch(columns: Columns) -> NDArray[Any]:
        tensors = [torch.from_numpy(np.ascontiguousarray(columns[name])) for name in names]
        (root,) = kernel(tensors, tensors[0].dtype)
        return np.broadcast_to(root.numpy(), _shape(columns))

    return by_torch


def _shape(columns: Columns) -> tuple[int, ...]:
    return np.broadcast_shapes(*(column.shape for column in columns.values()))
