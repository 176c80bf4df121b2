"""The public functions, each taking an Expression or its text."""

from __future__ import annotations

from typing import Any

from symkit.errors import DomainError
from symkit.text import Expression, parse
from symkit.transform import derivative, stabilised

__all__ = ["derivative", "evaluate"]


def evaluate(e: Expression | str, *, dtype: str | None = None, stabilise: bool = True, **values: Any) -> Any:
    """The value of an expression, as what it is given: floats, numpy arrays or tensors.

    Args:
        e: an expression or its text.
        dtype: for floats and arrays, "float64", "float32" or "float16"; that of the arrays, or float64, if None.
        stabilise: replace forms that overflow or cancel first; False keeps the text.
        values: one for every input; parameters and constants that are left out take their initial values.

    Returns:
        A float if all values are numbers, a tensor if one is a tensor (differentiable), else an array; broadcast.

    Raises:
        DomainError: for a missing or unknown name.
    """
    expression = parse(e) if isinstance(e, str) else e
    _check_names(expression, values)
    if any(type(value).__module__.partition(".")[0] == "torch" for value in values.values()):
        return _evaluate_tensors(expression, dtype, stabilise, values)
    return _evaluate_numbers(stabilised(expression) if stabilise else expression, dtype, values)


def _check_names(expression: Expression, values: dict[str, Any]) -> None:
    from symkit.text.names import SETTABLE_CONSTANTS

    known = (*expression.inputs, *expression.parameters, *SETTABLE_CONSTANTS)
    for name in values:
        if name not in known:
            raise DomainError(f"{name!r} is no name of {expression}; there are {', '.join(known)}")
    missing = [name for name in expression.inputs if name not in values and name in expression.program.inputs]
    if missing:
        raise DomainError(f"{missing[0]} has no value; pass {missing[0]}=...")


def _evaluate_tensors(expression: Expression, dtype: str | None, stabilise: bool, values: dict[str, Any]) -> Any:
    import torch

    from symkit.nn import Function

    if dtype is not None:
        raise DomainError("dtype is for floats and arrays; a tensor brings its own")
    like = next(value for value in values.values() if isinstance(value, torch.Tensor))
    inputs = [torch.as_tensor(values.pop(name, 0.0), device=like.device) for name in expression.inputs]
    inputs = [t if t.dim() or not like.is_floating_point() else t.to(like.dtype) for t in inputs]
    return Function(expression, stabilised=stabilise)(*inputs, **values)


def _evaluate_numbers(expression: Expression, dtype: str | None, values: dict[str, Any]) -> Any:
    import numpy as np

    from symkit.evaluation import evaluate_numpy

    arrays = {name: np.asarray(value) for name, value in values.items()}
    if dtype is None:
        floats = [array.dtype for array in arrays.values() if array.dtype.kind == "f" and array.ndim]
        dtype = np.result_type(*floats).name if floats else "float64"
    constants = {name: float(arrays.pop(name)) for name in ("C", "eps") if name in arrays}
    leaves = {**expression.parameters, **expression.constant_values(**constants), **arrays}
    (result,) = evaluate_numpy(expression.program, leaves, dtype)
    shape = np.broadcast_shapes(*(array.shape for array in arrays.values()))
    scalar = all(not isinstance(value, np.ndarray) for value in values.values())
    return float(result) if scalar else np.broadcast_to(result, shape).copy()
