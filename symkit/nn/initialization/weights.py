"""How many terms a weight layer sums, and weights drawn in place."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Generator, Tensor

from symkit.errors import DomainError

Kind = Literal["linear", "conv", "conv_transpose"]

CUT = 2.0
"""Where the truncated normal distribution ends, in standard deviations of the normal one."""

INSIDE = math.erf(CUT / math.sqrt(2))
"""The share of the normal distribution that is not cut off."""

SHRINKAGE = math.sqrt(1 - CUT * math.sqrt(2 / math.pi) * math.exp(-(CUT**2) / 2) / INSIDE)
"""The standard deviation that cutting leaves of 1."""


def fan_in(kind: Kind, weight: Tensor, groups: int = 1, stride: int | Sequence[int] = 1) -> float:
    """How many inputs an output of the layer sums, padding aside (B equation 5.6).

    Args:
        kind: "linear" (also F.bilinear, which sums products), "conv" or "conv_transpose".
        weight: (out, in, ...), of "linear" also (in,); of "conv_transpose" (in, out / groups, ...).
        groups, stride: of "conv_transpose". Its outputs take turns with the taps of the kernel, so that of `stride`
            taps one counts on average; the result need not be an integer.

    Raises:
        DomainError: for a weight without a dimension of inputs.
    """
    if kind == "linear" and weight.dim() == 1:
        return float(len(weight))
    if weight.dim() < 2:
        shape = tuple(weight.shape)
        raise DomainError(f"a weight of shape {shape} has no fan-in; it needs a dimension of outputs and one of inputs")
    if kind != "conv_transpose":
        return float(math.prod(weight.shape[1:]))
    taps = math.prod(weight.shape[2:])
    return weight.shape[0] // groups * taps / math.prod(_each(stride, weight.dim() - 2))


def coverage(
    input_shape: Sequence[int],
    output_shape: Sequence[int],
    kernel: Sequence[int],
    stride: int | Sequence[int] = 1,
    padding: int | str | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    *,
    transposed: bool = False,
) -> float:
    """The mean share of a kernel's taps that fall on entries of the input, rather than on zeros of the padding.

    `fan_in` times this is the mean number of terms of a convolution's sum. A kernel of 3x3 on maps of 8x8 with
    padding 1 loses 16 %, which a deep network compounds.

    Args:
        input_shape, output_shape, kernel: sizes of the dimensions that the kernel moves along.
        padding: before the first entry, as torch counts it, or "same" or "valid"; what follows the last entry is
            what `output_shape` needs.
        transposed: of a transposed convolution. What its outputs lack at the rim is the share; it can be above 1,
            for with strides the outputs at the rim may have more taps than others.

    Raises:
        DomainError: for shapes that differ in length, or without entries.
    """
    dims = len(kernel)
    if len(input_shape) != dims or len(output_shape) != dims:
        given = f"{tuple(input_shape)} and {tuple(output_shape)} for a kernel of {tuple(kernel)}"
        raise DomainError(f"input and output must have as many dimensions as the kernel, not {given}")
    if 0 in kernel or 0 in output_shape:
        raise DomainError(f"a kernel of {tuple(kernel)} and an output of {tuple(output_shape)} have no entries")
    strides, dilations = _each(stride, dims), _each(dilation, dims)
    paddings = _before(padding, kernel, dilations)
    # A transposed convolution joins the same pairs of positions, with the roles of its input and output exchanged.
    slid, still = (input_shape, output_shape) if transposed else (output_shape, input_shape)
    settings = zip(slid, still, kernel, strides, paddings, dilations, strict=True)
    pairs = math.prod(_pairs(*one) for one in settings)
    if transposed:
        pairs *= math.prod(strides)
    return pairs / (math.prod(output_shape) * math.prod(kernel))


def _pairs(slid: int, still: int, taps: int, stride: int, padding: int, dilation: int) -> int:
    """Positions of a kernel and taps of it for which position * stride - padding + tap * dilation is an entry."""
    total = 0
    for tap in range(taps):
        shift = padding - tap * dilation
        first = max(0, -(-shift // stride))
        last = min(slid - 1, (still - 1 + shift) // stride)
        total += max(0, last - first + 1)
    return total


def _before(padding: int | str | Sequence[int], kernel: Sequence[int], dilations: Sequence[int]) -> Sequence[int]:
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise DomainError(f'padding is a number, one for each dimension, "same" or "valid", not {padding!r}')
        same = padding == "same"
        return [d * (k - 1) // 2 if same else 0 for k, d in zip(kernel, dilations, strict=True)]
    return _each(padding, len(kernel))


def _each(setting: int | Sequence[int], dims: int) -> Sequence[int]:
    """One number for each dimension, where torch takes one for all too."""
    if isinstance(setting, int):
        return (setting,) * dims
    return tuple(setting) * dims if len(setting) == 1 else tuple(setting)


@torch.no_grad()
def fill(weight: Tensor, std: float, distribution: str, generator: Generator, *, groups: int = 1) -> None:
    """Draws the entries anew, in place, with mean 0 and standard deviation `std`.

    Numbers are drawn where the generator is, in float32 if the weight is narrower, and then copied: one generator on
    the CPU gives the same weights on every device.

    Args:
        distribution: "truncated_normal" (cut at 2 standard deviations and widened, so that `std` is that of the
            result), "normal", "uniform", or "orthogonal": the rows of each group are orthogonal, or the columns if
            they are fewer, and the mean square of the entries is `std**2`. Rows are what dimension 0 numbers.
        groups: of "orthogonal"; dimension 0 holds them one after the other.

    Raises:
        DomainError: for an unknown distribution, a `std` that is negative or not finite, groups that do not divide
            dimension 0, or a weight of integers or complex numbers.
    """
    draw = DISTRIBUTIONS.get(distribution)
    if draw is None:
        raise DomainError(f"distribution {distribution!r} is not one of {', '.join(DISTRIBUTIONS)}")
    if not (math.isfinite(std) and std >= 0):
        raise DomainError(f"the standard deviation of weights must be finite and not negative; it is {std}")
    if not weight.is_floating_point():
        raise DomainError(f"a weight of {weight.dtype} cannot be drawn; it must hold real floating-point numbers")
    rows = weight.shape[0] if weight.dim() else 1
    if groups < 1 or rows % groups:
        raise DomainError(f"{groups} groups do not divide the {rows} rows of a weight of shape {tuple(weight.shape)}")
    if weight.numel():
        dtype = weight.dtype if weight.dtype.itemsize >= 4 else torch.float32
        values = torch.empty(weight.shape, dtype=dtype, device=generator.device)
        weight.copy_(draw(values, generator, groups).mul_(std))


Draw = Callable[[Tensor, Generator, int], Tensor]
"""Fills a tensor with numbers of mean square 1, or gives such a tensor of its shape."""


def _truncated_normal(values: Tensor, generator: Generator, groups: int) -> Tensor:
    # By the inverse of the distribution function: one number drawn for each entry, whatever torch's version.
    values.uniform_(-INSIDE, INSIDE, generator=generator).erfinv_().mul_(math.sqrt(2))
    return values.clamp_(-CUT, CUT).div_(SHRINKAGE)


def _normal(values: Tensor, generator: Generator, groups: int) -> Tensor:
    return values.normal_(generator=generator)


def _uniform(values: Tensor, generator: Generator, groups: int) -> Tensor:
    return values.uniform_(-math.sqrt(3), math.sqrt(3), generator=generator)


def _orthogonal(values: Tensor, generator: Generator, groups: int) -> Tensor:
    rows = len(values) // groups if values.dim() else 1
    matrices = values.reshape(groups, rows, -1).normal_(generator=generator)
    wide = rows < matrices.shape[2]
    q, r = torch.linalg.qr(matrices.mT if wide else matrices)
    # Without these signs the distribution of q would depend on how it is computed.
    q = q * r.diagonal(dim1=1, dim2=2).sign().unsqueeze(1)
    result: Tensor = (q.mT if wide else q).reshape(values.shape)
    return result.mul_(math.sqrt(max(matrices.shape[1:])))


DISTRIBUTIONS: dict[str, Draw] = {
    "truncated_normal": _truncated_normal,
    "normal": _normal,
    "uniform": _uniform,
    "orthogonal": _orthogonal,
}
"""The distributions by name."""
