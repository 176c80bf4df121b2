"""The public functions that belong to no room, each taking an Expression or its text."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import reduce
from typing import Any

from symkit.errors import DomainError
from symkit.text import Expression, parse
from symkit.text.names import SETTABLE_CONSTANTS
from symkit.transform import derivative, stabilised

__all__ = ["derivative", "evaluate"]

NUMERIC_KINDS = "biuf"
"""numpy's letters for booleans, integers and floats."""


def evaluate(e: Expression | str, *, dtype: str | None = None, stabilise: bool = True, **values: Any) -> Any:
    """The value of an expression, as what it is given: numbers, numpy arrays or tensors.

    Args:
        e: an expression or its text.
        dtype: for numbers and arrays, "float64", "float32" or "float16"; if None that of the float arrays, or float64.
        stabilise: replace forms that overflow or cancel first; False keeps the text.
        values: one for every input; parameters and constants that are left out take their initial values. Integers and
            booleans count as numbers.

    Returns:
        A float if all values are numbers, a tensor if one is a tensor (differentiable; in the dtype of the inputs that
        are float tensors or arrays, else of such parameters, else torch's default), else an array; broadcast.

    Raises:
        DomainError: for a missing or unknown name, or a value that is no real number, array or tensor.
    """
    expression = parse(e) if isinstance(e, str) else e
    _check_names(expression, values)
    # A value can only be a tensor if torch is there already.
    torch = sys.modules.get("torch")
    if torch is not None and any(isinstance(value, torch.Tensor) for value in values.values()):
        if dtype is not None:
            raise DomainError("dtype is for numbers and arrays; a tensor brings its own")
        return _with_torch(expression, stabilise, values)
    return _with_numpy(stabilised(expression) if stabilise else expression, dtype, values)


def _check_names(expression: Expression, values: Mapping[str, Any]) -> None:
    known = (*expression.inputs, *expression.parameters, *SETTABLE_CONSTANTS)
    for name in values:
        if name not in known:
            raise DomainError(f"{name!r} is no name of {expression}; there are {', '.join(known)}")
    for name in expression.program.inputs:
        if name not in values:
            raise DomainError(f"{name} has no value; pass {name}=...")


def _with_numpy(expression: Expression, dtype: str | None, values: Mapping[str, Any]) -> Any:
    import numpy as np

    from symkit.evaluation import evaluate_numpy

    arrays = {name: _as_array(name, value) for name, value in values.items()}
    try:
        shape = np.broadcast_shapes(*(array.shape for array in arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise DomainError(f"these shapes do not broadcast: {shapes}") from None
    if dtype is None:
        floats = [array.dtype for array in arrays.values() if array.dtype.kind == "f" and array.ndim]
        dtype = np.result_type(*floats).name if floats else "float64"
    constants = expression.constant_values(**{n: _single(n, arrays[n]) for n in SETTABLE_CONSTANTS if n in arrays})
    (result,) = evaluate_numpy(expression.program, {**expression.parameters, **arrays, **constants}, dtype)
    if shape == () and not any(isinstance(value, np.ndarray) for value in values.values()):
        return float(result)
    return np.broadcast_to(result, shape).copy()


def _as_array(name: str, value: Any) -> Any:
    import numpy as np

    array = np.asarray(value)
    if array.dtype.kind not in NUMERIC_KINDS:
        raise DomainError(f"{name} must be a real number, an array or a tensor, not {value!r}")
    return array


def _single(name: str, array: Any) -> float:
    if array.size != 1:
        raise DomainError(f"{name} is a constant: it takes one number, not an array of shape {array.shape}")
    return float(array.item())


def _with_torch(expression: Expression, stabilise: bool, values: Mapping[str, Any]) -> Any:
    import numpy as np
    import torch

    from symkit.nn import functional

    device = next(value.device for value in values.values() if isinstance(value, torch.Tensor))
    tensors = {
        name: value if isinstance(value, torch.Tensor) else torch.as_tensor(_as_array(name, value), device=device)
        for name, value in values.items()
    }
    wide = [name for name, value in values.items() if isinstance(value, torch.Tensor | np.ndarray)]
    floats = [name for name in wide if tensors[name].is_floating_point()]
    decisive = [tensors[name].dtype for name in floats if name in expression.inputs]
    decisive = decisive or [tensors[name].dtype for name in floats] or [torch.get_default_dtype()]
    dtype = reduce(torch.promote_types, decisive)
    inputs = [tensors.pop(name, torch.zeros((), device=device)) for name in expression.inputs]
    inputs = [tensor if tensor.is_complex() else tensor.to(dtype) for tensor in inputs]
    return functional(expression, stabilise=stabilise)(*inputs, **tensors)
