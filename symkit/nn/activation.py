"""Activation: a layer from an expression."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from symkit.errors import DomainError
from symkit.nn.functional import Function
from symkit.text import Expression, parse

GRANULARITIES = ("none", "layer", "channel", "neuron")


class Activation(nn.Module):
    """An elementwise layer with the learnable parameters of its expression.

    Args:
        e: an activation (one input) or its text.
        granularity: how parameters without a granularity in the header are shared: "none" (fixed at their initial
            values), "layer" (one value), "channel" (one a channel) or "neuron" (one an element of a sample).
        num_channels: channels of the input, for "channel".
        channel_dim: which dimension of the input holds channels; may be negative.
        shape: shape of one sample without the batch dimension, for "neuron".
        init: initial values by name, in place of those in the header; numbers or tensors of the parameter's shape.
        backend: see `functional`.
        device, dtype: of the parameters; torch's defaults if None.

    Shape:
        Input and output have the same shape. Parameters have shape (), (num_channels,) or `shape`.

    Raises:
        DomainError: for an expression of another kind or settings that do not fit, with what is allowed.
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
        super().__init__()
        expression = parse(e, kind="activation") if isinstance(e, str) else e
        if len(expression.inputs) != 1:
            inputs = ", ".join(expression.inputs) or "none"
            raise DomainError(f"an activation has one input; {expression} is a {expression.kind} with inputs {inputs}")
        if granularity not in GRANULARITIES:
            raise DomainError(f"granularity {granularity!r} is not one of {', '.join(GRANULARITIES)}")
        self.expression = expression
        self.granularity = granularity
        self.num_channels = num_channels
        self.channel_dim = channel_dim
        self.sample_shape = None if shape is None else tuple(shape)
        self.function = Function(expression, backend, stabilise)
        self.sharing = {name: own or granularity for name, own in expression.granularity.items()}
        self.attributes: dict[str, str] = {}
        given = dict(init or {})
        unknown = set(given) - set(expression.parameters)
        if unknown:
            known = ", ".join(expression.parameters) or "no parameters"
            raise DomainError(f"init sets {sorted(unknown)[0]!r}; the expression has {known}")
        for name, initial in expression.parameters.items():
            value = self._initial(name, given.get(name, initial), device, dtype)
            attribute = _attribute(self, name)
            self.attributes[name] = attribute
            if self.sharing[name] == "none":
                self.register_buffer(attribute, value)
            else:
                self.register_parameter(attribute, nn.Parameter(value))

    def _initial(
        self, name: str, value: float | Tensor, device: torch.device | str | None, dtype: torch.dtype | None
    ) -> Tensor:
        shape = self._shape(name)
        if isinstance(value, Tensor):
            if value.shape not in (shape, torch.Size(())):
                raise DomainError(f"init of {name} has shape {tuple(value.shape)}; it must be {shape} or a number")
            return value.detach().to(device=device, dtype=dtype or value.dtype).expand(shape).clone()
        if not math.isfinite(value):
            raise DomainError(f"initial value {value} of {name} is not finite")
        return torch.full(shape, float(value), device=device, dtype=dtype)

    def _shape(self, name: str) -> tuple[int, ...]:
        sharing = self.sharing[name]
        if sharing == "channel":
            if self.num_channels is None or self.num_channels < 1:
                raise DomainError(f"{name} is shared by channel: pass num_channels, 1 or more")
            return (self.num_channels,)
        if sharing == "neuron":
            if self.sample_shape is None:
                raise DomainError(f"{name} has one value a neuron: pass shape, that of one sample")
            return self.sample_shape
        return ()

    def forward(self, x: Tensor) -> Tensor:
        values = {name: self._placed(name, getattr(self, attribute), x) for name, attribute in self.attributes.items()}
        return self.function(x, **values)

    def _placed(self, name: str, value: Tensor, x: Tensor) -> Tensor:
        """The parameter in a shape that broadcasts against x."""
        sharing = self.sharing[name]
        if sharing == "channel":
            return self._by_channel(name, value, x)
        if sharing == "neuron" and x.shape[-value.dim() :] != value.shape and value.dim():
            raise DomainError(
                f"input of shape {tuple(x.shape)} does not end in {tuple(value.shape)}, the shape of {name}"
            )
        return value

    def _by_channel(self, name: str, value: Tensor, x: Tensor) -> Tensor:
        if not -x.dim() <= self.channel_dim < x.dim():
            raise DomainError(f"input of shape {tuple(x.shape)} has no dimension {self.channel_dim} for channels")
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


def _attribute(module: nn.Module, name: str) -> str:
    """The parameter's own name, unless the module already uses it."""
    return f"{name}_" if hasattr(module, name) else name


def act_layer(e: Expression | str, **settings: Any) -> Callable[..., Activation]:
    """A factory for libraries that take `act_layer=`: calling it gives a new Activation.

    Arguments such as `inplace`, which those libraries pass along, are accepted and have no effect.
    """
    expression = parse(e, kind="activation") if isinstance(e, str) else e

    def make(*_: Any, **given: Any) -> Activation:
        given.pop("inplace", None)
        return Activation(expression, **{**settings, **given})

    return make
