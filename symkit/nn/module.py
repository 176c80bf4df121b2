"""What layers and losses share: an expression's parameters as those of a torch module."""

from __future__ import annotations

import keyword
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from symkit.errors import DomainError
from symkit.nn.functional import FLOATS, Function, allowed_dtypes
from symkit.text import Expression, parse


class ExpressionModule(nn.Module):
    """A module around an expression.

    Attributes:
        expression: what it computes.
        function: the same as a function of tensors.
        sharing: how each parameter is shared; "none" ones are fixed, and buffers.
        attributes: under which name the module holds each parameter. It is the parameter's own unless that is taken,
            such as `type` or `training`, or no identifier, such as `lambda`; then it ends in `_`.
    """

    def __init__(self, expression: Expression, backend: str, stabilise: bool, sharing: Mapping[str, str]) -> None:
        super().__init__()
        self.expression = expression
        self.function = Function(expression, backend, stabilise)
        self.sharing = dict(sharing)
        self.attributes: dict[str, str] = {}
        self._initial: dict[str, float | Tensor] = {}

    def _hold_parameters(
        self,
        shapes: Mapping[str, tuple[int, ...]],
        init: Mapping[str, float | Tensor] | None,
        device: torch.device | str | None,
        dtype: torch.dtype | None,
    ) -> None:
        """Registers the parameters; to be called once every other attribute is there, for it avoids their names."""
        if dtype is not None and dtype not in FLOATS:
            raise DomainError(f"parameters cannot be {dtype}; allowed are {allowed_dtypes()}")
        self._initial = {**self.expression.parameters, **_checked(init or {}, self.expression)}
        for name, shape in shapes.items():
            attribute = self._free_attribute(name)
            value = torch.empty(shape, device=device, dtype=dtype or _dtype_of(self._initial[name]))
            self.attributes[name] = attribute
            if self.sharing[name] == "none":
                self.register_buffer(attribute, value)
            else:
                self.register_parameter(attribute, nn.Parameter(value))
        self.reset_parameters()

    def values(self) -> dict[str, Tensor]:
        """The tensor of every parameter by its name in the expression."""
        return {name: getattr(self, attribute) for name, attribute in self.attributes.items()}

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Sets parameters to their initial values, as after `to_empty()`."""
        for name, tensor in self.values().items():
            initial = self._initial[name]
            if isinstance(initial, Tensor):
                if initial.shape not in (tensor.shape, torch.Size(())):
                    shapes = f"{tuple(initial.shape)}; it must be {tuple(tensor.shape)} or a number"
                    raise DomainError(f"init of {name} has shape {shapes}")
                tensor.copy_(initial)
            else:
                tensor.fill_(initial)

    def _free_attribute(self, name: str) -> str:
        while hasattr(self, name) or keyword.iskeyword(name):
            name = f"{name}_"
        return name

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        # torch would load the first of many values into a single one without a word.
        fitting = dict(state_dict)
        for name, tensor in self.values().items():
            key = prefix + self.attributes[name]
            given = state_dict.get(key)
            if isinstance(given, Tensor) and given.shape != tensor.shape:
                error_msgs.append(
                    f"{key} has shape {tuple(given.shape)} in the state and {tuple(tensor.shape)} here, where it is "
                    f"shared by {self.sharing[name]}; build the module with the granularity it was saved with"
                )
                fitting[key] = tensor
        super()._load_from_state_dict(
            fitting, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )


def expression_of(e: Expression | str, kind: str) -> Expression:
    """The expression, text read as one of a kind.

    Raises:
        DomainError: for text of the other kind, which would read as a constant with parameters called y and p, or x.
    """
    if not isinstance(e, str):
        return e
    expression = parse(e, kind=kind)
    if not expression.program.inputs and (implied := parse(e).program.inputs):
        inputs = ", ".join(implied)
        raise DomainError(f"{e!r} is no {kind} but a function of {inputs}; say what its inputs are in a header")
    return expression


def _checked(init: Mapping[str, float | Tensor], expression: Expression) -> dict[str, float | Tensor]:
    checked: dict[str, float | Tensor] = {}
    for name, value in init.items():
        if name not in expression.parameters:
            known = ", ".join(expression.parameters) or "no parameters"
            raise DomainError(f"init sets {name!r}; the expression has {known}")
        if isinstance(value, Tensor):
            checked[name] = value.detach().clone()
        else:
            checked[name] = _finite(name, value)
    return checked


def _finite(name: str, value: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise DomainError(f"init of {name} must be a number or a tensor, not {value!r}") from error
    if not math.isfinite(number):
        raise DomainError(f"init of {name} is {number}, which is not finite")
    return number


def _dtype_of(initial: float | Tensor) -> torch.dtype | None:
    return initial.dtype if isinstance(initial, Tensor) and initial.dtype in FLOATS else None
