"""Loss: a module from a pointwise loss expression."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from symkit.errors import DomainError
from symkit.nn.module import ExpressionModule, expression_of
from symkit.text import Expression
from symkit.text.names import SETTABLE_CONSTANTS

REDUCTIONS = ("none", "mean", "sum")


class Loss(ExpressionModule):
    """A pointwise loss with the learnable parameters of its expression.

    Args:
        e: a loss in `y` (target) and `p` (prediction), or its text.
        link: what turns the second input into the prediction; "identity" for now.
        reduction: "none", "mean" (over all elements) or "sum", as torch's losses have them.
        init: initial values by name, in place of those in the header.
        learnable: whether its parameters are learnable; else they stay at their initial values.
        backend, stabilise: see `functional`.
        device, dtype: of the parameters.
        constants: values of `C` and `eps`; `C` is the size of dimension 1 of the input if it has no value.

    Shape:
        `forward(input, target)`, in torch's order: prediction first. Shapes broadcast, with a warning where they
        differ; the result is a scalar, or with reduction "none" has the broadcast shape. A loss without `y` needs no
        target. Under autocast losses are computed and returned in float32, as torch's are.

    Raises:
        DomainError: for an expression of another kind or settings that do not fit, with what is allowed; when called,
            for a missing target or class dimension, or see `functional`.
    """

    def __init__(
        self,
        e: Expression | str,
        *,
        link: str = "identity",
        reduction: str = "mean",
        init: Mapping[str, float | Tensor] | None = None,
        learnable: bool = True,
        backend: str = "auto",
        stabilise: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        **constants: float,
    ) -> None:
        expression = expression_of(e, "loss")
        if expression.kind != "loss" or len(expression.inputs) > 2:
            inputs = ", ".join(expression.inputs) or "none"
            raise DomainError(f"a loss has inputs y and p; {expression} has kind {expression.kind} and inputs {inputs}")
        if link != "identity":
            raise DomainError(f"link {link!r} is not one of identity; apply it before the loss")
        if reduction not in REDUCTIONS:
            raise DomainError(f"reduction {reduction!r} is not one of {', '.join(REDUCTIONS)}")
        sharing = dict.fromkeys(expression.parameters, "layer" if learnable else "none")
        super().__init__(_with_constants(expression, constants), backend, stabilise, sharing)
        self.link = link
        self.reduction = reduction
        self._hold_parameters(dict.fromkeys(sharing, ()), init, device, dtype)

    def forward(self, input: Tensor, target: Tensor | None = None) -> Tensor:
        if torch.is_autocast_enabled(input.device.type):
            input = input.float()
        losses: Tensor = self.function(*self._inputs(input, target), **self.values(), **self._classes(input))
        if self.reduction == "none":
            return losses
        return losses.mean() if self.reduction == "mean" else losses.sum()

    def _inputs(self, input: Tensor, target: Tensor | None) -> list[Tensor]:
        """The tensors in the expression's order."""
        if target is None:
            if "y" in self.expression.program.inputs:
                raise DomainError(f"{self.expression} depends on y: pass the target")
            return [input for _ in self.expression.inputs]
        # What torch.compile writes down cannot warn.
        if isinstance(target, Tensor) and target.shape != input.shape and not torch.compiler.is_compiling():
            warnings.warn(
                f"the target has shape {tuple(target.shape)}, the input {tuple(input.shape)}: they broadcast, "
                "which is rarely meant; give both the same shape",
                stacklevel=5,
            )
        return [target if name == "y" else input for name in self.expression.inputs]

    def _classes(self, input: Tensor) -> dict[str, float]:
        """The number of classes, if the expression needs it and does not set it."""
        if "C" not in self.function.constants or "C" in self.expression.constants:
            return {}
        if input.dim() < 2:
            shape = tuple(input.shape)
            raise DomainError(f"C, the number of classes, is not given, and {shape} has no dimension 1; pass C=...")
        return {"C": float(input.shape[1])}

    def extra_repr(self) -> str:
        return f"{str(self.expression)!r}, reduction={self.reduction!r}"


def _with_constants(expression: Expression, constants: Mapping[str, float]) -> Expression:
    for name in constants:
        if name not in SETTABLE_CONSTANTS:
            raise DomainError(f"{name!r} is no constant; there are {', '.join(SETTABLE_CONSTANTS)}")
    return replace(expression, constants={**expression.constants, **constants}) if constants else expression
