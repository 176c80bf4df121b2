"""NeuralLoss: a small network that learns to be a loss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from symkit.errors import DomainError
from symkit.nn.activation import Activation
from symkit.nn.learned_loss import Chance, chance
from symkit.nn.loss_function import IGNORE_INDEX, LINKS, REDUCTIONS
from symkit.nn.loss_targets import are_classes, check_elements, check_logits, check_outputs, check_range
from symkit.text import Expression


class NeuralLoss(nn.Module):
    """A feed-forward network of the pair (y, p), applied to each output by itself (R section 5.2.2, equation 5.3).

    The same network sees the target and the prediction of one output at a time, and a row loses the mean over its
    outputs, so their number does not matter. `ml3()` and `adalfl()` are the two of the literature. It is a
    `LearnedLoss`; its parameters are the weights and biases of the layers, and those that the activations have.

    Args:
        activation: what follows each hidden layer: an activation or its text.
        output: what follows the last layer.
        hidden: units of each hidden layer.
        bias: whether layers have biases.
        rng: what the parameters are drawn with: a seed, which gives the same each time, or a random.Random or
            numpy.random.Generator, which moves on. They have the distribution of those of `torch.nn.Linear`.
        link: what makes the prediction p of the input, as for `Loss`: "identity", "softmax" or "sigmoid".
        reduction: "none", "mean" or "sum".
        ignore_index: under a softmax, the class index of rows that lose nothing and are not counted.
        backend: of the activations; see `functional`.
        device, dtype: of the parameters.

    Shape:
        `forward(input, target)`, prediction first; shapes are those that `Loss` takes with the link, but that nothing
        broadcasts. Class indices under a softmax are made one-hot. The result is a scalar, or with reduction "none" one
        loss an element, and under a softmax or sigmoid one a row: the mean over dimension 1, where a `Loss` sums.
        Losses are computed in the dtype of the parameters, under autocast too, and returned in that of the input.

    Raises:
        DomainError: for settings that do not fit, with what is allowed; when called, for targets of another shape.
    """

    def __init__(
        self,
        activation: Expression | str,
        output: Expression | str,
        *,
        hidden: Sequence[int] = (40, 40),
        bias: bool = True,
        rng: Chance = 0,
        link: str = "identity",
        reduction: str = "mean",
        ignore_index: int = IGNORE_INDEX,
        backend: str = "auto",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        if not hidden or any(units < 1 for units in hidden):
            raise DomainError(f"hidden is the units of each hidden layer, such as (40, 40), not {tuple(hidden)}")
        if link not in LINKS:
            raise DomainError(f"link {link!r} is not one of {', '.join(LINKS)}; apply another one before the loss")
        if reduction not in REDUCTIONS:
            raise DomainError(f"reduction {reduction!r} is not one of {', '.join(REDUCTIONS)}")
        super().__init__()
        self.link = link
        self.reduction = reduction
        self.ignore_index = ignore_index
        self.layers = nn.Sequential()
        for before, after in zip((2, *hidden), (*hidden, 1), strict=True):
            # Not initialised: torch would draw from the generator that all share.
            place = device or torch.get_default_device()
            self.layers.append(nn.utils.skip_init(nn.Linear, before, after, bias=bias, device=place, dtype=dtype))
            self.layers.append(Activation(activation, backend=backend, device=device, dtype=dtype))
        self.layers[-1] = Activation(output, backend=backend, device=device, dtype=dtype)
        self._seed = chance(rng).getrandbits(63)
        self.reset_parameters()

    @classmethod
    def ml3(cls, **settings: Any) -> NeuralLoss:
        """The network of ML3 as R section 5.2.2 tells it: two hidden layers of 40 ReLU units, and a softplus output.

        The loss is never negative, but flat where the softplus is.
        """
        return cls("relu(x)", "softplus(x)", **settings)

    @classmethod
    def adalfl(cls, **settings: Any) -> NeuralLoss:
        """The network of AdaLFL: the same with smooth leaky ReLU in hidden layers and output.

        R section 5.2.3, equation 5.7, with gamma = 0.01 and beta = 10. No part of the loss is flat; it may be negative.
        """
        return cls("smooth_leaky_relu(x)", "smooth_leaky_relu(x)", **settings)

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Brings back the parameters that it began with."""
        generator = torch.Generator().manual_seed(self._seed)
        for layer in self.layers:
            if isinstance(layer, nn.Linear):
                bound = 1 / math.sqrt(layer.in_features)
                for parameter in layer.parameters():
                    drawn = torch.empty(parameter.shape, dtype=torch.float64)
                    parameter.copy_(drawn.uniform_(-bound, bound, generator=generator))
            elif isinstance(layer, Activation):
                layer.reset_parameters()

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        check_logits(input)
        if self.link == "softmax" and not input.dim():
            raise DomainError("the input is one number; a softmax is over the classes in dimension 1, or the only one")
        target, is_ignored = self._targets(input, target)
        dtype = next(self.parameters()).dtype
        with torch.autocast(input.device.type, enabled=False):
            pairs = torch.stack((target.to(dtype), self._prediction(input.to(dtype))), dim=-1)
            losses: Tensor = self.layers(pairs).squeeze(-1)
            if self.link == "softmax" or (self.link == "sigmoid" and input.dim() > 1):
                losses = losses.mean(_output_dimension(input))
            return self._reduced(losses, is_ignored).to(input.dtype)

    def _prediction(self, input: Tensor) -> Tensor:
        if self.link == "softmax":
            return input.softmax(_output_dimension(input))
        return input.sigmoid() if self.link == "sigmoid" else input

    def _targets(self, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor | None]:
        """A number for every output, and which rows do not count."""
        if self.link == "softmax":
            if not are_classes(input, target):
                return target, None
            dimension = _output_dimension(input)
            check_range(target, input.shape[dimension], self.ignore_index)
            is_ignored = target == self.ignore_index
            classes = target.masked_fill(is_ignored, 0).long().unsqueeze(dimension)
            return torch.zeros_like(input).scatter(dimension, classes, 1.0), is_ignored
        if self.link == "sigmoid":
            check_outputs(input, target)
            return target, None
        check_elements(input, target)
        if not isinstance(target, Tensor) or target.shape != input.shape:
            given = tuple(target.shape) if isinstance(target, Tensor) else repr(target)
            raise DomainError(f"the target is {given}; it must have the shape of the input, {tuple(input.shape)}")
        return target, None

    def _reduced(self, losses: Tensor, is_ignored: Tensor | None) -> Tensor:
        if is_ignored is not None:
            losses = losses.masked_fill(is_ignored, 0.0)
        if self.reduction == "none":
            return losses
        if self.reduction == "sum":
            return losses.sum()
        return losses.mean() if is_ignored is None else losses.sum() / is_ignored.logical_not().sum()

    def extra_repr(self) -> str:
        return f"link={self.link!r}, reduction={self.reduction!r}"


def _output_dimension(input: Tensor) -> int:
    """Where the outputs of a row lie."""
    return min(1, input.dim() - 1)
