"""Loss: a module from a pointwise loss expression."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from symkit.errors import DomainError
from symkit.nn.functional import Function
from symkit.text import Expression, parse
from symkit.text.expression import needed_constants
from symkit.text.names import SETTABLE_CONSTANTS

REDUCTIONS = ("none", "mean", "sum")


class Loss(nn.Module):
    """A pointwise loss with the learnable parameters of its expression.

    Args:
        e: a loss in `y` (target) and `p` (prediction), or its text.
        link: what turns the second input into the prediction; "identity" for now.
        reduction: "none", "mean" (over all elements) or "sum", as torch's losses have them.
        init: initial values by name, in place of those in the header.
        learnable: whether its parameters are learnable; else they stay at their initial values.
        backend: see `functional`.
        device, dtype: of the parameters.
        constants: values of `C` and `eps`; `C` is the size of dimension 1 of the input if not given.

    Shape:
        `forward(input, target)`, in torch's order: prediction first. Shapes broadcast; the result is a scalar, or
        with reduction "none" has the broadcast shape.

    Raises:
        DomainError: for an expression of another kind or settings that do not fit, with what is allowed.
    """

    def __init__(
        self,
        e: Expression | str,
        *,
        link: str = "identity",
        reduction: str = "mean",
        init: Mapping[str, float] | None = None,
        learnable: bool = True,
        backend: str = "auto",
        stabilise: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        **constants: float,
    ) -> None:
        super().__init__()
        expression = parse(e, kind="loss") if isinstance(e, str) else e
        if expression.kind != "loss" or len(expression.inputs) > 2:
            inputs = ", ".join(expression.inputs) or "none"
            raise DomainError(f"a loss has inputs y and p; {expression} is a {expression.kind} with inputs {inputs}")
        if link != "identity":
            raise DomainError(f"link {link!r} is not one of identity; apply it before the loss")
        if reduction not in REDUCTIONS:
            raise DomainError(f"reduction {reduction!r} is not one of {', '.join(REDUCTIONS)}")
        unknown = set(constants) - set(SETTABLE_CONSTANTS)
        if unknown:
            raise DomainError(f"{sorted(unknown)[0]!r} is no constant; there are {', '.join(SETTABLE_CONSTANTS)}")
        self.expression = expression
        self.link = link
        self.reduction = reduction
        self.constants = dict(constants)
        self.function = Function(expression, backend, stabilise)
        self.attributes: dict[str, str] = {}
        given = dict(init or {})
        stray = set(given) - set(expression.parameters)
        if stray:
            known = ", ".join(expression.parameters) or "no parameters"
            raise DomainError(f"init sets {sorted(stray)[0]!r}; the expression has {known}")
        for name, initial in expression.parameters.items():
            value = torch.full((), float(given.get(name, initial)), device=device, dtype=dtype)
            attribute = f"{name}_" if hasattr(self, name) else name
            self.attributes[name] = attribute
            if learnable:
                self.register_parameter(attribute, nn.Parameter(value))
            else:
                self.register_buffer(attribute, value)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        constants = dict(self.constants)
        if "C" in needed_constants(self.expression.program) and "C" not in {*constants, *self.expression.constants}:
            if input.dim() < 2:
                raise DomainError(
                    f"C, the number of classes, is not given, and {tuple(input.shape)} has no dimension 1"
                )
            constants["C"] = float(input.shape[1])
        by_name = {"y": target, "p": input, "z": input}
        inputs = [by_name[name] for name in self.expression.inputs]
        values = {name: getattr(self, attribute) for name, attribute in self.attributes.items()}
        losses = self.function(*inputs, **values, **constants)
        if self.reduction == "none":
            return losses
        return losses.mean() if self.reduction == "mean" else losses.sum()

    def extra_repr(self) -> str:
        parts = [f"{str(self.expression)!r}", f"reduction={self.reduction!r}"]
        parts += [f"{name}={value:g}" for name, value in self.constants.items()]
        return ", ".join(parts)
