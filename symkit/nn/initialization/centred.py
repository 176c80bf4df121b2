"""Activations less their mean."""

from __future__ import annotations

import copy

from torch import Tensor, nn

from symkit.ir import ProgramBuilder
from symkit.nn.activation import Activation
from symkit.nn.functional import Function


class Centred(nn.Module):
    """Another activation less a number, its Gaussian mean (AutoInit++, B section 5.11).

    Shape:
        As of the activation.
    """

    def __init__(self, activation: nn.Module, mean: float) -> None:
        super().__init__()
        self.activation = activation
        self.mean = float(mean)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.activation(x)
        return result - self.mean

    def extra_repr(self) -> str:
        return f"mean={self.mean:.6g}"


def centred(module: nn.Module, mean: float) -> nn.Module:
    """The activation less a number; an Activation of symkit with the same parameters, and its kernel still one."""
    if not isinstance(module, Activation):
        return Centred(module, mean).train(module.training)
    builder = ProgramBuilder(module.expression.table)
    placed = builder.include(module.expression.program)
    root = builder.named("sub", (placed[module.expression.program.root], builder.number(mean)))
    less = copy.copy(module)
    less.expression = module.expression.with_program(builder.build([root]))
    less.function = Function(less.expression, module.function.backend, module.function.stabilised)
    return less
