"""The loss around the weights of a model, along random directions that are scaled like the model's own filters."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from symkit.errors import DomainError

Loss = Callable[[], Tensor | float]
"""The loss of the model as it stands: a number, or a tensor with one element."""


@dataclass(frozen=True, slots=True, eq=False)
class Landscape:
    """Losses on a line or a plane through the weights of a model; the arrays are float64 and read-only.

    Attributes:
        alphas: positions along the first direction, shape (steps,), from -span to span; 0 is the model itself.
        betas: positions along the second direction, shape (steps,), or None if there is one direction.
        losses: shape (steps,), or (steps, steps) with `losses[i, j]` at `alphas[i]` and `betas[j]`. What is inf or NaN
            stays so.
        seed: of the directions.
        span: how far it goes either way, in lengths of the filters: at 1 every filter is changed by its own norm.
    """

    alphas: NDArray[np.float64]
    betas: NDArray[np.float64] | None
    losses: NDArray[np.float64]
    seed: int
    span: float


def landscape(
    model: nn.Module,
    loss: Loss,
    *,
    steps: int = 25,
    span: float = 1.0,
    directions: int = 1,
    seed: int = 0,
    progress: Callable[[], None] | None = None,
) -> Landscape:
    """The loss of a model while its weights move along filter-normalised random directions (Li et al. 2018; R 4.3.1).

    A direction has normal random numbers in place of the weights. Each of its filters, a slice of a weight along the
    first dimension and so what makes one output of a linear or convolutional layer, is scaled to the norm of the
    model's own filter. Parameters of one dimension or none stay as they are: biases, the scales of normalisation,
    parameters that a function has for a layer or its channels.

    While `loss` is called the model is in eval mode and no gradients are kept. Afterwards, also after an exception or
    an interrupt, the model is as it was, bit for bit: parameters, buffers, and modes.

    Args:
        model: has a parameter of two or more dimensions; those that need no gradient count as well.
        loss: the loss of the model as it stands, on the same data at every call: a number or a tensor of one element.
        steps: points along a direction, 2 or more; an odd number has the model itself among them.
        span: how far to go either way, positive; at 1 every filter is changed by its own norm.
        directions: 1 for a line, 2 for a plane with steps * steps points.
        seed: of the directions, 0 or more; they are the same for every dtype and device, and so are those of models
            with weights of the same shapes. Torch's own random numbers are left alone.
        progress: called after each point.

    Raises:
        DomainError: for settings out of range, a model without weights or with weights that are not finite, or a loss
            that gives no single number.
    """
    _check(steps, span, directions, seed)
    weights = _weights(model)
    generator = torch.Generator().manual_seed(seed)
    axes = [[_direction(weight, generator) for weight in weights] for _ in range(directions)]
    # Symmetric to the bit, with the model itself at exactly 0.
    positions = span * ((2 * np.arange(steps) - (steps - 1)) / (steps - 1))
    losses = np.empty((steps,) * directions)
    with _kept(model), torch.no_grad():
        model.eval()
        centres = [weight.detach().clone() for weight in weights]
        for at in product(range(steps), repeat=directions):
            moves = [float(positions[index]) for index in at]
            for weight, centre, *ways in zip(weights, centres, *axes, strict=True):
                weight.data.copy_(centre + sum(move * way for move, way in zip(moves, ways, strict=True)))
            losses[at] = _number(loss())
            if progress is not None:
                progress()
    betas = positions.copy() if directions == 2 else None
    for array in (positions, betas, losses):
        if array is not None:
            array.setflags(write=False)
    return Landscape(positions, betas, losses, seed, float(span))


def _check(steps: int, span: float, directions: int, seed: int) -> None:
    if steps < 2:
        raise DomainError(f"steps = {steps}: a landscape has 2 or more points along a direction, such as 25")
    if not 0 < span < math.inf:
        raise DomainError(f"span = {span}: it must be a positive number, such as 1.0")
    if directions not in (1, 2):
        raise DomainError(f"directions = {directions}: 1 gives a line, 2 a plane")
    if not 0 <= seed < 2**63:
        raise DomainError(f"seed = {seed}: it must be a whole number from 0 to 2**63 - 1")


def _weights(model: nn.Module) -> list[nn.Parameter]:
    weights: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        if is_lazy(parameter):
            raise DomainError(f"{name} has no shape yet; call the model once first")
        if parameter.dim() < 2 or not parameter.is_floating_point() or not parameter.numel():
            continue
        if not bool(parameter.isfinite().all()):
            raise DomainError(f"{name} has values that are not finite, so nothing lies around this model")
        weights.append(parameter)
    if not weights:
        raise DomainError(
            f"{type(model).__name__} has no weights to move: a direction is made for real parameters of two or more "
            "dimensions, such as the weight of nn.Linear"
        )
    return weights


def _direction(weight: Tensor, generator: torch.Generator) -> Tensor:
    """A random direction for one weight, its filters as long as the weight's own."""
    own = weight.detach().flatten(1).to("cpu", torch.float64)
    random = torch.randn(own.shape, generator=generator, dtype=torch.float64)
    # A row of zeros has probability zero.
    scaled: Tensor = random * (own.norm(dim=1, keepdim=True) / random.norm(dim=1, keepdim=True))
    return scaled.reshape(weight.shape).to(weight)


def _number(value: Tensor | float) -> float:
    if isinstance(value, Tensor) and value.numel() != 1:
        raise DomainError(f"the loss must be one number, not a tensor of shape {tuple(value.shape)}; take its mean")
    return float(value)


@contextmanager
def _kept(model: nn.Module) -> Iterator[None]:
    """Puts parameters, buffers and modes back, whatever happens meanwhile."""
    modes = [(module, module.training) for module in model.modules()]
    parameters = [(parameter, parameter.detach().clone()) for parameter in model.parameters()]
    buffers = [
        (module, name, buffer, None if buffer is None else buffer.detach().clone())
        for module in model.modules()
        for name, buffer in module._buffers.items()
    ]
    try:
        yield
    finally:
        for parameter, saved in parameters:
            parameter.data.copy_(saved)
        for module, name, buffer, copy in buffers:
            if buffer is not None and copy is not None:
                buffer.data.copy_(copy)
            # A module may have put another tensor in its place.
            module._buffers[name] = buffer
        for module, training in modes:
            module.training = training
