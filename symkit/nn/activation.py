"""Activation: a layer from an expression."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from symkit.errors import DomainError
from symkit.nn.module import ExpressionModule, expression_of
from symkit.text import Expression

GRANULARITIES = ("none", "layer", "channel", "neuron")


class Activation(ExpressionModule):
    """An elementwise layer with the learnable parameters of its expression.

    Args:
        e: an activation (one input) or its text.
        granularity: how parameters without a granularity in the header are shared: "none" (fixed at their initial
            values), "layer" (one value), "channel" (one a channel) or "neuron" (one an element of a sample).
        num_channels: channels of the input, for "channel".
        channel_dim: which dimension of the input holds channels; may be negative.
        shape: shape of one sample without the batch dimension, for "neuron".
        init: initial values by name, in place of those in the header; numbers or tensors of the parameter's shape.
        backend, stabilise: see `functional`.
        device, dtype: of the parameters; torch's defaults if None.

    Shape:
        Input and output have the same shape. Parameters have shape (), (num_channels,) or `shape`.

    Raises:
        DomainError: for an expression of another kind or settings that do not fit, with what is allowed; when called,
            for an input whose shape does not fit, or see `functional`.
    """

    def __init__(
        self,
        e: Expression | str,
        *,
        granularity: str = "layer",
        num_channels: int | None = None,
        channel_dim: int = 1,
        shape: Sequence[int] | None = None,
        init: Mapping[str, float | Tensor] | None = None,
        backend: str = "auto",
        stabilise: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        expression = expression_of(e, "activation")
        if len(expression.inputs) != 1:
            kind, inputs = expression.kind, ", ".join(expression.inputs) or "none"
            raise DomainError(f"an activation has one input; {expression} has kind {kind} and inputs {inputs}")
        if granularity not in GRANULARITIES:
            raise DomainError(f"granularity {granularity!r} is not one of {', '.join(GRANULARITIES)}")
        expression.constant_values()
        sharing = {name: own or granularity for name, own in expression.granularity.items()}
        super().__init__(expression, backend, stabilise, sharing)
        self.granularity = granularity
        self.num_channels = num_channels
        self.channel_dim = channel_dim
        self.sample_shape = None if shape is None else tuple(shape)
        self._hold_parameters({name: self._shape(name) for name in sharing}, init, device, dtype)

    def _shape(self, name: str) -> tuple[int, ...]:
        sharing = self.sharing[name]
        if sharing == "channel":
            if self.num_channels is None or self.num_channels < 1:
                raise DomainError(f"{name} has one value a channel: pass num_channels, 1 or more")
            return (self.num_channels,)
        if sharing == "neuron":
            if self.sample_shape is None:
                raise DomainError(f"{name} has one value a neuron: pass shape, that of one sample")
            return self.sample_shape
        return ()

    def forward(self, x: Tensor) -> Tensor:
        values = {name: self._placed(name, value, x) for name, value in self.values().items()}
        result: Tensor = self.function(x, **values)
        return result

    def _placed(self, name: str, value: Tensor, x: Tensor) -> Tensor:
        """The parameter in a shape that broadcasts against x."""
        sharing = self.sharing[name]
        if sharing == "channel":
            return self._by_channel(name, value, x)
        if sharing == "neuron" and x.shape[max(0, x.dim() - value.dim()) :] != value.shape:
            raise DomainError(
                f"input of shape {tuple(x.shape)} does not end in {tuple(value.shape)}, the shape of {name}"
            )
        return value

    def _by_channel(self, name: str, value: Tensor, x: Tensor) -> Tensor:
        if not -x.dim() <= self.channel_dim < x.dim():
            raise DomainError(
                f"input of shape {tuple(x.shape)} has no dimension {self.channel_dim} for channels; set channel_dim"
            )
        channels = x.shape[self.channel_dim]
        if channels != value.shape[0]:
            raise DomainError(
                f"input of shape {tuple(x.shape)} has {channels} channels in dimension {self.channel_dim}; "
                f"{name} has {value.shape[0]}"
            )
        after = x.dim() - 1 - self.channel_dim % x.dim()
        return value.reshape(-1, *(1,) * after)

    def extra_repr(self) -> str:
        parts = [f"{str(self.expression)!r}"]
        if self.expression.parameters:
            parts.append(f"granularity={self.granularity!r}")
        if self.num_channels is not None:
            parts.append(f"num_channels={self.num_channels}, channel_dim={self.channel_dim}")
        if self.sample_shape is not None:
            parts.append(f"shape={self.sample_shape}")
        if self.function.backend != "auto":
            parts.append(f"backend={self.function.backend!r}")
        return ", ".join(parts)


def act_layer(e: Expression | str, **settings: Any) -> Callable[..., Activation]:
    """A factory for libraries that take `act_layer=`: calling it gives a new Activation.

    Args:
        e: an activation or its text.
        settings: those of `Activation`. A call may override them; `inplace` and positional arguments, which those
            libraries pass along, are accepted and have no effect.
    """
    return partial(_layer, expression_of(e, "activation"), **settings)


def _layer(e: Expression, *_: object, inplace: bool = False, **settings: Any) -> Activation:
    return Activation(e, **settings)
