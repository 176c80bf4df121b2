"""loss_function: a loss expression, what makes predictions of the input, and a reduction, as a function of tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from symkit.errors import DomainError
from symkit.nn.curves import TARGET
from symkit.nn.functional import Function
from symkit.nn.fused_loss import Fused
from symkit.nn.linked import Sigmoid, Softmax, smoothed
from symkit.nn.loss_targets import (
    are_classes,
    check_elements,
    check_logits,
    check_outputs,
    check_range,
    check_weight,
    warn_of_broadcasting,
)
from symkit.nn.module import expression_of
from symkit.text import Expression
from symkit.transform.link import LOGIT, PREDICTION

# Looked up once: a call of a small tensor costs little more than looking up names.
_any_autocast = torch._C._is_any_autocast_enabled

REDUCTIONS = ("none", "mean", "sum")
LINKS = ("identity", "softmax", "sigmoid")
IGNORE_INDEX = -100

Values = Mapping[str, Tensor | float]


def loss_function(
    e: Expression | str,
    *,
    link: str = "identity",
    reduction: str = "mean",
    ignore_index: int = IGNORE_INDEX,
    label_smoothing: float = 0.0,
    backend: str = "auto",
    stabilise: bool = True,
) -> LossFunction:
    """A loss as a function of tensors, `f(input, target, *, weight=None, **values)`; `Loss` is it as a module.

    Args:
        e: a loss in `y` (target) and `p` (prediction), or its text.
        link: "identity": the input is the prediction. "softmax": the input holds logits, p is their softmax over
            dimension 1, and a row's loss is the sum over its outputs. "sigmoid": the same with a sigmoid of each logit.
        reduction: "none", "mean" or "sum", as torch's losses have them.
        ignore_index: under a softmax, the class index of rows that lose nothing and are not counted.
        label_smoothing: under a softmax y becomes y*(1 - label_smoothing) + label_smoothing/C, with C classes; under a
            sigmoid C is 2.
        backend: see `functional`.
        stabilise: see `functional`. Under a softmax or sigmoid losses are stable in any case.

    Returns:
        What takes the input, the target, a weight for every output, and by name parameters and constants, numbers or
        tensors; those left out take their initial values. Two of the same settings are equal, and it can be pickled.

    Raises:
        DomainError: for an expression of another kind or settings that do not fit, with what is allowed.
    """
    return LossFunction(expression_of(e, "loss"), link, reduction, ignore_index, label_smoothing, backend, stabilise)


class LossFunction:
    """What `loss_function` returns. Holds no tensors; two of the same settings are equal."""

    def __init__(
        self,
        expression: Expression,
        link: str = "identity",
        reduction: str = "mean",
        ignore_index: int = IGNORE_INDEX,
        label_smoothing: float = 0.0,
        backend: str = "auto",
        stabilised: bool = True,
    ) -> None:
        if expression.kind != "loss" or len(expression.inputs) > 2:
            inputs = ", ".join(expression.inputs) or "none"
            raise DomainError(f"a loss has inputs y and p; {expression} has kind {expression.kind} and inputs {inputs}")
        if link not in LINKS:
            raise DomainError(f"link {link!r} is not one of {', '.join(LINKS)}; apply another one before the loss")
        if reduction not in REDUCTIONS:
            raise DomainError(f"reduction {reduction!r} is not one of {', '.join(REDUCTIONS)}")
        self.expression = expression
        self.link = link
        self.reduction = reduction
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing
        self.backend = backend
        self.stabilised = stabilised
        self._check_settings()
        self.elementwise = Function(expression, backend, stabilised)
        """The expression itself, without link and reduction."""
        self._softmax = Softmax(expression, label_smoothing, backend) if link == "softmax" else None
        self._sigmoid = Sigmoid(expression, backend) if link == "sigmoid" else None
        self._fused = Fused(expression, label_smoothing, ignore_index, reduction, backend)

    def _check_settings(self) -> None:
        if not 0 <= self.label_smoothing <= 1:
            raise DomainError(f"label_smoothing {self.label_smoothing!r} is not between 0 and 1")
        if self.link == "identity" and self.label_smoothing:
            raise DomainError('label_smoothing needs link="softmax" or "sigmoid"; without a link, smooth the targets')
        if self.link != "softmax" and self.ignore_index != IGNORE_INDEX:
            raise DomainError(f'ignore_index is about class indices, which go with link="softmax", not {self.link!r}')
        if self.link != "identity" and not self.stabilised:
            raise DomainError(
                f"under link {self.link!r} a loss is computed by logarithms of probabilities and so is always "
                "stabilised; to see what the text does by itself, apply the link before the loss"
            )
        strays = set(self.expression.program.inputs) - {TARGET, PREDICTION, LOGIT}
        if self.link == "sigmoid" and strays:
            raise DomainError(
                f"under a sigmoid a loss is written in the target y and the probability p or the logit z; "
                f"{self.expression} has {', '.join(sorted(strays))}"
            )

    def __call__(
        self, input: Tensor, target: Tensor | None = None, *, weight: Tensor | None = None, **values: Tensor | float
    ) -> Tensor:
        """The loss.

        Raises:
            DomainError: for a missing target or class dimension, for targets and weights of the wrong shape or dtype or
                out of range, and see `functional`.
        """
        return self.of(input, target, weight, values)

    def of(self, input: Tensor, target: Tensor | None, weight: Tensor | None, values: Values) -> Tensor:
        """The same, for parameters of any name."""
        if self._softmax is not None and weight is None and target is not None:
            loss = self._fused.again(input, target, values)
            if loss is not None:
                return loss
        if _any_autocast() and isinstance(input, Tensor) and torch.is_autocast_enabled(input.device.type):
            input = input.float()
        if target is None and TARGET in self.expression.program.inputs:
            raise DomainError(f"{self.expression} depends on y: pass the target")
        if self._softmax is not None:
            return self._of_rows(self._softmax, input, target, weight, values)
        if self._sigmoid is not None:
            return self._of_outputs(self._sigmoid, input, target, weight, values)
        if weight is not None:
            raise DomainError('weight goes with link="softmax" or "sigmoid"; without a link, multiply the losses')
        return self._reduced(self._of_elements(input, target, values))

    def _of_elements(self, input: Tensor, target: Tensor | None, values: Values) -> Tensor:
        """The loss of every element, where the input is the prediction."""
        inputs = [input for _ in self.expression.inputs]
        if target is not None:
            check_elements(input, target)
            warn_of_broadcasting(input, target)
            inputs = [target if name == TARGET else input for name in self.expression.inputs]
        losses: Tensor = self.elementwise(*inputs, **self._with_classes(input, values))
        return losses

    def _of_outputs(
        self, sigmoid: Sigmoid, input: Tensor, target: Tensor | None, weight: Tensor | None, values: Values
    ) -> Tensor:
        """The reduced loss, where every logit has a probability of its own."""
        check_logits(input)
        if weight is not None:
            check_weight(weight, input.shape[1] if input.dim() > 1 else None)
        logits = _computed(input)
        if target is not None:
            check_outputs(input, target)
            target = smoothed(target.to(logits.dtype), self.label_smoothing, 2)
        leaves = self._leaves(sigmoid.leaves, input, values)
        return self._reduced(sigmoid.of_targets(logits, target, leaves, weight)).to(input.dtype)

    def _of_rows(
        self, softmax: Softmax, input: Tensor, target: Tensor | None, weight: Tensor | None, values: Values
    ) -> Tensor:
        """The reduced loss, where the logits of a row share a softmax."""
        check_logits(input)
        by_class = target is not None and are_classes(input, target)
        if input.dim() < 2:
            return self._of_row(softmax, input, target, weight, values)
        if by_class:
            assert target is not None
            target = target if target.dtype is torch.int64 else target.long()
        elif target is not None:
            target = smoothed(target.to(_computed(input).dtype), self.label_smoothing, input.shape[1])
        if weight is not None:
            check_weight(weight, input.shape[1])
        loss = self._linked(softmax, input, target, values, weight, by_class)
        return loss if loss.dtype is input.dtype else loss.to(input.dtype)

    def _of_row(
        self, softmax: Softmax, input: Tensor, target: Tensor | None, weight: Tensor | None, values: Values
    ) -> Tensor:
        """The loss of one row."""
        if not input.dim():
            raise DomainError("the input is one number; a softmax is over the classes in dimension 1, or the only one")
        targets = None if target is None else target.unsqueeze(0)
        loss = self._of_rows(softmax, input.unsqueeze(0), targets, weight, values)
        return loss.squeeze(0) if self.reduction == "none" else loss

    def _linked(
        self,
        softmax: Softmax,
        logits: Tensor,
        target: Tensor | None,
        values: Values,
        weight: Tensor | None,
        by_class: bool,
    ) -> Tensor:
        """The reduced loss, by a kernel of its own where there is one for such tensors."""
        leaves = self._leaves(softmax.leaves, logits, values)

        def composed(logits: Tensor, target: Tensor | None, leaves: Sequence[Tensor], weight: Tensor | None) -> Tensor:
            logits = _computed(logits)
            if target is None or not by_class:
                return self._reduced(softmax.of_targets(logits, target, leaves, weight))
            return self._of_classes(softmax, logits, target, leaves, weight)

        if target is not None:
            loss = self._fused(logits, target, leaves, weight, composed)
            if loss is not None:
                if by_class and weight is None:
                    self._fused.remember(logits, target, softmax.leaves, leaves, values, composed)
                return loss
        if target is not None and by_class:
            check_range(target, logits.shape[1], self.ignore_index)
        return composed(logits, target, leaves, weight)

    def _of_classes(
        self, softmax: Softmax, logits: Tensor, target: Tensor, leaves: Sequence[Tensor], weight: Tensor | None
    ) -> Tensor:
        """The reduced loss for class indices, of which some may be ignored."""
        is_ignored = target == self.ignore_index
        classes = torch.where(is_ignored, 0, target)
        rows = softmax.of_classes(logits, classes, is_ignored, leaves, weight)
        if self.reduction != "mean":
            return self._reduced(rows)
        counts = ~is_ignored if weight is None else torch.where(is_ignored, 0.0, weight.to(rows.dtype)[classes])
        return rows.sum() / counts.sum()

    def _reduced(self, losses: Tensor) -> Tensor:
        if self.reduction == "none":
            return losses
        return losses.mean() if self.reduction == "mean" else losses.sum()

    def _leaves(self, names: Sequence[str], input: Tensor, values: Values) -> Sequence[Tensor]:
        """Parameters and constants as tensors, in the order of `names`."""
        if not names and not values:
            return ()
        tensors = self.elementwise.others(self._with_classes(input, values), (input,))
        for name in names:
            if tensors[name].dim():
                shape = tuple(tensors[name].shape)
                raise DomainError(f"{name} has shape {shape}; under link {self.link!r} it must be one number")
        return [tensors[name] for name in names]

    def _with_classes(self, input: Tensor, values: Values) -> Values:
        """With the number of classes among them, if the expression needs it and nothing sets it."""
        if "C" not in self.elementwise.constants or "C" in self.expression.constants or "C" in values:
            return values
        if input.dim() < 2:
            shape = tuple(input.shape)
            raise DomainError(f"C, the number of classes, is not given, and {shape} has no dimension 1; pass C=...")
        return {**values, "C": float(input.shape[1])}

    def __repr__(self) -> str:
        return f"loss_function({str(self.expression)!r}{''.join(f', {s}' for s in self.described())})"

    def described(self) -> list[str]:
        """Settings that are not at their defaults, as text, and the reduction."""
        found = [] if self.link == "identity" else [f"link={self.link!r}"]
        found.append(f"reduction={self.reduction!r}")
        if self.ignore_index != IGNORE_INDEX:
            found.append(f"ignore_index={self.ignore_index}")
        if self.label_smoothing:
            found.append(f"label_smoothing={self.label_smoothing:g}")
        return found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LossFunction) and self._state == other._state

    def __hash__(self) -> int:
        return hash(self._state)

    @property
    def _state(self) -> tuple[Expression, str, str, int, float, str, bool]:
        return (
            self.expression,
            self.link,
            self.reduction,
            self.ignore_index,
            self.label_smoothing,
            self.backend,
            self.stabilised,
        )

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return LossFunction, self._state


def _computed(input: Tensor) -> Tensor:
    """In the dtype that is computed in."""
    return input if input.dtype in (torch.float64, torch.float32) else input.float()
