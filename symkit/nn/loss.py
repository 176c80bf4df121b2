"""Loss: a module from a pointwise loss expression."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from symkit.errors import DomainError
from symkit.nn.loss_function import IGNORE_INDEX, LossFunction
from symkit.nn.module import ExpressionModule, expression_of
from symkit.text import Expression
from symkit.text.names import SETTABLE_CONSTANTS


class Loss(ExpressionModule):
    """A loss with the learnable parameters of its expression.

    Args:
        e: a loss in `y` (target) and `p` (prediction), or its text. With link "sigmoid" also in the logit `z`.
        link: what turns the input into the prediction p. "identity": nothing. "softmax": the input holds logits, and p
            is their softmax over the classes, in dimension 1. "sigmoid": p is the sigmoid of each logit by itself.
        reduction: "none", "mean" or "sum", as torch's losses have them.
        ignore_index: the class index of rows that lose nothing, have no gradient and are not counted in a mean.
        weight: one number an output, (C,), that its share of the loss is multiplied by; a buffer.
        label_smoothing: y becomes y*(1 - label_smoothing) + label_smoothing/C, with C classes; under a sigmoid, where
            an output is yes or no, C is 2.
        init: initial values by name, in place of those in the header.
        learnable: whether its parameters are learnable; else they stay at their initial values.
        backend, stabilise: see `functional`. Under a softmax or sigmoid losses are stable in any case.
        device, dtype: of the parameters.
        constants: values of `C` and `eps`; without a value in the expression or here, `C` is the number of classes:
            the size of dimension 1 of the input, or of the only dimension under a softmax.

    Shape:
        `forward(input, target)`, in torch's order: prediction first. A loss without `y` needs no target. Under autocast
        losses are computed and returned in float32, as torch's are; halves are computed in float32.

        "identity": the loss is taken of every element, and the mean is over all of them. Shapes broadcast, with a
        warning where they differ; the result is a scalar, or with reduction "none" has the broadcast shape.

        "softmax": input (N, C), (N, C, d1, ...) or (C,). The target holds class indices, integers of shape (N,),
        (N, d1, ...) or (), or a number for every output, in the shape of the input: probabilities, or one-hot rows,
        also of integers or bools. The loss is summed over the outputs: with reduction "none" it has the shape of class
        indices. As in `torch.nn.CrossEntropyLoss`, which `-y*log(p)` is, a mean is over the rows, and for class indices
        over those not ignored, each counted by the weight of its class.

        "sigmoid": input (N, C), (N, C, d1, ...) or (N,), and a target of the same shape. The loss is summed over
        dimension 1 if there is one, and a mean is over what remains.

    What outputs lose that are not the class is not computed where it is found not to depend on p, as for cross-entropy.

    Raises:
        DomainError: for an expression of another kind or settings that do not fit, with what is allowed; when called,
            for a missing target or class dimension, for targets of the wrong shape or dtype, for class indices out of
            range (on a GPU, where looking would mean waiting, a kernel makes such a row NaN, and torch's operators fail
            by the device's own assertion), or see `functional`.
    """

    weight: Tensor | None

    def __init__(
        self,
        e: Expression | str,
        *,
        link: str = "identity",
        reduction: str = "mean",
        ignore_index: int = IGNORE_INDEX,
        weight: Tensor | None = None,
        label_smoothing: float = 0.0,
        init: Mapping[str, float | Tensor] | None = None,
        learnable: bool = True,
        backend: str = "auto",
        stabilise: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        **constants: float,
    ) -> None:
        expression = _with_constants(expression_of(e, "loss"), constants)
        function = LossFunction(expression, link, reduction, ignore_index, label_smoothing, backend, stabilise)
        sharing = dict.fromkeys(expression.parameters, "layer" if learnable else "none")
        super().__init__(expression, backend, stabilise, sharing)
        self.loss_function = function
        self.link = link
        self.reduction = reduction
        if weight is not None and link == "identity":
            raise DomainError('weight goes with link="softmax" or "sigmoid"; without a link, multiply the losses')
        self.register_buffer("weight", None if weight is None else torch.as_tensor(weight, device=device))
        self._hold_parameters(dict.fromkeys(sharing, ()), init, device, dtype)

    def forward(self, input: Tensor, target: Tensor | None = None) -> Tensor:
        return self.loss_function.of(input, target, self.weight, self.values())

    def extra_repr(self) -> str:
        weight = [] if self.weight is None else ["weight=..."]
        return ", ".join([repr(str(self.expression)), *self.loss_function.described(), *weight])


def _with_constants(expression: Expression, constants: Mapping[str, float]) -> Expression:
    for name in constants:
        if name not in SETTABLE_CONSTANTS:
            raise DomainError(f"{name!r} is no constant; there are {', '.join(SETTABLE_CONSTANTS)}")
    return replace(expression, constants={**expression.constants, **constants}) if constants else expression
