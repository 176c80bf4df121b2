"""Expressions as functions of tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from symkit.backends import get_backend
from symkit.errors import DomainError
from symkit.nn.pointwise import Pointwise
from symkit.text import Expression, parse
from symkit.text.expression import needed_constants
from symkit.text.names import SETTABLE_CONSTANTS
from symkit.transform import stabilise

FLOATS = (torch.float64, torch.float32, torch.bfloat16, torch.float16)


def functional(e: Expression | str, *, backend: str = "auto", stabilise: bool = True) -> Function:
    """The expression as a function of tensors.

    Args:
        e: an expression or its text.
        backend: "auto", "torch", "torchscript" or "exact".
        stabilise: replace forms that overflow or cancel by ones that do not, before deriving; False keeps the text.

    Returns:
        `f(x, **parameters)` for an activation, `f(y, p, **parameters)` for a loss (one value an element, no
        reduction). Parameters and constants are numbers or tensors that broadcast; those left out take their
        initial values. float64, float32, bfloat16 and float16 on any device; halves are computed in float32. The
        result has the inputs' dtype and the broadcast shape. Differentiable any number of times by every input and
        parameter, forwards and backwards; at kinks the derivative is what the operator's record says.
    """
    expression = parse(e) if isinstance(e, str) else e
    return Function(expression, backend, stabilise)


class Function:
    """What `functional` returns. Holds no tensors; two of the same expression and backend are equal."""

    def __init__(self, expression: Expression, backend: str = "auto", stabilised: bool = True) -> None:
        if not expression.inputs:
            raise DomainError(
                f"{expression} has no inputs to run on; write it with x, or with y and p, "
                "or parse it with kind='activation' to have a constant activation"
            )
        self.expression = expression
        self.backend = backend
        self.stabilised = stabilised
        get_backend(backend)
        program = stabilise(expression.program) if stabilised else expression.program
        self._program = program
        self._pointwise: dict[tuple[tuple[str, float], ...], Pointwise] = {}
        if all(name in expression.constants or default is not None for name, default in self._needed()):
            self._at({})

    def __call__(self, *inputs: Tensor, **values: Tensor | float) -> Tensor:
        expression = self.expression
        tensors = _checked(expression, inputs)
        constants, parameters = _split(expression, values)
        like = next(t for t in tensors if t.is_floating_point())
        dtype = _common_dtype(tensors)
        tensors = [t if t.is_floating_point() else t.to(dtype) for t in tensors]
        leaves = [_as_leaf(parameters.get(name, initial), like) for name, initial in expression.parameters.items()]
        (result,) = self._at(constants).apply(*tensors, *leaves)
        return result.to(dtype)

    def _needed(self) -> list[tuple[str, float | None]]:
        """Settable constants that the expression stands on, with their defaults."""
        return [(name, SETTABLE_CONSTANTS[name]) for name in needed_constants(self.expression.program)]

    def _at(self, constants: Mapping[str, float]) -> Pointwise:
        """The compiled Program for these values of the constants."""
        key = tuple(sorted(constants.items()))
        if key not in self._pointwise:
            leaves = (*self.expression.inputs, *self.expression.parameters)
            values = self.expression.constant_values(**constants)
            pointwise = Pointwise(self._program, leaves, get_backend(self.backend), values)
            pointwise.prepare_for_tracing()
            self._pointwise[key] = pointwise
        return self._pointwise[key]

    def __repr__(self) -> str:
        return f"functional({str(self.expression)!r}, backend={self.backend!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Function) and self._state == other._state

    def __hash__(self) -> int:
        return hash(self._state)

    @property
    def _state(self) -> tuple[Expression, str, bool]:
        return self.expression, self.backend, self.stabilised

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Function, self._state


def _checked(expression: Expression, inputs: tuple[Tensor, ...]) -> list[Tensor]:
    names = expression.inputs
    if len(inputs) != len(names):
        raise DomainError(f"{expression.kind} takes {', '.join(names)}: {len(names)} tensors, not {len(inputs)}")
    for name, tensor in zip(names, inputs, strict=True):
        if not isinstance(tensor, Tensor):
            raise DomainError(f"{name} must be a tensor, not {type(tensor).__name__}; for floats use evaluate()")
        if tensor.is_complex():
            raise DomainError(f"{name} is {tensor.dtype}; allowed are real tensors")
    if not any(tensor.dtype in FLOATS for tensor in inputs):
        given = ", ".join(f"{name}: {tensor.dtype}" for name, tensor in zip(names, inputs, strict=True))
        allowed = ", ".join(str(dtype).removeprefix("torch.") for dtype in FLOATS)
        raise DomainError(f"no input is a floating-point tensor ({given}); allowed are {allowed}")
    return list(inputs)


def _split(
    expression: Expression, values: Mapping[str, Tensor | float]
) -> tuple[dict[str, float], dict[str, Tensor | float]]:
    constants: dict[str, float] = {}
    parameters: dict[str, Tensor | float] = {}
    for name, value in values.items():
        if name in expression.settings:
            parameters[name] = value
        elif name in SETTABLE_CONSTANTS:
            constants[name] = float(value)
        else:
            known = [*expression.settings, *SETTABLE_CONSTANTS]
            raise DomainError(f"{name!r} is no parameter of {expression}; there are {', '.join(known)}")
    return constants, parameters


def _common_dtype(tensors: list[Tensor]) -> torch.dtype:
    dtypes = [t.dtype for t in tensors if t.is_floating_point()]
    dtype = dtypes[0]
    for other in dtypes[1:]:
        dtype = torch.promote_types(dtype, other)
    return dtype


def _as_leaf(value: Tensor | float, like: Tensor) -> Tensor:
    if isinstance(value, Tensor):
        return value
    dtype = torch.float64 if like.dtype == torch.float64 else torch.float32
    return torch.full((), float(value), dtype=dtype, device=like.device)
