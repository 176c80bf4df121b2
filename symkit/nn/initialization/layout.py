"""Which dimension of a tensor holds channels: along it entries have weights of their own, along others the same."""

from __future__ import annotations

from math import prod

from torch import Tensor


def usual(tensor: Tensor) -> int:
    """Where channels usually are: dimension 1 of images, the last of tokens and features."""
    return 1 if tensor.dim() > 3 else max(tensor.dim() - 1, 0)


def moved(given: Tensor, channel: int, result: Tensor) -> int | None:
    """Where the channels of a tensor are in one made by moving its entries; None if that cannot be seen.

    Of a view, the dimension whose neighbours are as far apart in memory. Split channels are where the smaller step is.
    """
    if not given.dim():
        return None
    if result.untyped_storage().data_ptr() != given.untyped_storage().data_ptr():
        return channel if result.dim() == given.dim() and result.shape[channel] == given.shape[channel] else None
    step = given.stride(channel)
    for dim in range(result.dim()):
        if result.stride(dim) == step and result.shape[dim] > 1:
            return dim
    return None


def positions(tensor: Tensor, channel: int) -> list[int]:
    """The dimensions along which one sample has several entries of a channel."""
    return [dim for dim in range(1 if channel else 0, tensor.dim()) if dim != channel]


def counted(tensor: Tensor, dims: list[int], channel: int) -> tuple[int, int]:
    """How many entries lie along dimensions: of one channel, and channels.

    What positions of a channel have in common comes from its weights, so samples are taken to have it in common too.
    """
    count = prod(tensor.shape[dim] for dim in dims if dim != channel)
    return count, tensor.shape[channel] if channel in dims else 1


def after_reducing(dims: list[int], channel: int, *, keeps: bool) -> int | None:
    """Where channels are once dimensions were reduced; None if theirs was."""
    if channel in dims:
        return None
    return channel if keeps else channel - sum(dim < channel for dim in dims)
