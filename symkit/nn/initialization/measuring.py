"""The entries of a tensor as they are, and entries drawn from a signal."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod, sqrt

import torch
from torch import Generator, Tensor

from symkit.analysis.subject import Subject
from symkit.nn.initialization import layout
from symkit.nn.initialization.signal import Signal

ENTRIES = 1000
"""Numbers from which a variance is told to some percent,"""

TOLERANCE = 0.1
"""and the part of it, or of a deviation, by which a prediction may be off."""


def measured(value: Tensor) -> Signal:
    """The entries of a tensor; those that are no finite numbers do not count, such as the -inf of masks."""
    entries = value.detach()
    if not entries.numel():
        return Signal.constant(0.0)
    if entries.is_complex():
        entries = torch.view_as_real(entries)
    if entries.dtype not in (torch.float32, torch.float64):
        entries = entries.to(torch.float32 if entries.is_floating_point() else torch.float64)
    variance, mean = (float(found) for found in torch.var_mean(entries, correction=0))
    if not variance < torch.inf:
        entries = entries.double()
        entries = entries[entries.isfinite()]
        if not entries.numel():
            return Signal.constant(0.0)
        variance, mean = (float(found) for found in torch.var_mean(entries, correction=0))
    return Signal.normal(mean, variance)


def contradicts(value: Tensor, found: Signal, signal: Signal) -> bool:
    """Whether a tensor, of which this was measured, is not what was predicted, as far as its entries can tell."""
    if value.numel() < ENTRIES or not value.is_floating_point() or not signal.variance:
        return False
    own = found.origin
    off = abs(own.mean - signal.mean) > TOLERANCE * sqrt(signal.variance)
    return off or abs(own.variance / signal.variance - 1) > TOLERANCE


def measured_with_positions(value: Tensor, channel: int) -> Signal:
    """The same, with the covariance of two positions of a channel."""
    found = measured(value)
    places = layout.positions(value, channel) if value.is_floating_point() else []
    count = prod(value.shape[dim] for dim in places)
    if count < 2 or value.numel() < 2 * count:
        return found
    means = value.detach().double().mean(places)
    between = float(((means - found.origin.mean) ** 2).mean())
    shared = (count * between - found.origin.variance) / (count - 1)
    return Signal.normal(found.origin.mean, found.origin.variance, shared)


def drawn(signal: Signal, shape: Sequence[int], channel: int, generator: Generator) -> Tensor:
    """Entries with the distribution of a signal, in float64, and with its covariance of positions."""
    own = signal.origin
    entries = torch.empty(tuple(shape), dtype=torch.float64).normal_(generator=generator)
    if own.covariance:
        common = [1 if dim in layout.positions(entries, channel) else size for dim, size in enumerate(shape)]
        entries *= sqrt(max(own.variance - own.covariance, 0.0))
        entries += sqrt(own.covariance) * torch.empty(common, dtype=torch.float64).normal_(generator=generator)
    else:
        entries *= sqrt(own.variance)
    entries += own.mean
    if signal.function is None:
        return entries
    values = Subject.of(signal.function, 0.0, 1.0, None).curve.floats(entries.numpy().reshape(-1))
    return torch.tensor(values).reshape(tuple(shape))
