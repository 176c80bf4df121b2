"""Whether a kernel agrees with torch where it first runs: a wrong driver or compiler must not go unnoticed.

Only gross errors count. Kernels are held to their tolerances by tests; formulas that cancel may make two right answers
differ much, so what torch itself gets wrong is granted.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import torch
from torch import Tensor

from symkit.backends.native.prepare import Call
from symkit.backends.protocol import Kernel

SAMPLE = 4096
"""Elements that are compared."""

WHOLE = 2**20
"""Elements up to which sums are compared too: torch needs memory for every step of them."""

GRANTED = 1e-2
"""Relative error; beside what is usual among the elements, or for a sum beside the magnitudes of its terms."""

OUTLIERS = 0.01
"""Share of the elements that may be further off."""


def agrees(torch_kernel: Kernel, call: Call, leaves: Sequence[Tensor], results: Sequence[Tensor]) -> bool:
    """Whether results are about what torch gets.

    Args:
        torch_kernel: of the same Program and leaves, whole roots only.
        call: how the kernel was called.
        leaves: what it was called with.
        results: what it gave.
    """
    count = call.shape.numel()
    places = torch.linspace(0, count - 1, min(count, SAMPLE), dtype=torch.float64, device=results[0].device).long()
    index = torch.unravel_index(places, call.shape) if call.shape else ()
    sampled = [leaf.expand(call.shape)[index].reshape(-1) for leaf in leaves]
    exact, rounded = torch_kernel([leaf.double() for leaf in sampled]), torch_kernel(sampled)
    for root, summed in enumerate(call.summed):
        if not summed and not near(results[root][index].reshape(-1), exact[root], rounded[root]):
            return False
    if any(call.summed) and count <= WHOLE:
        for root, terms in enumerate(torch_kernel([leaf.double() for leaf in leaves])):
            if call.summed[root] and not _is_sum(results[root], terms):
                return False
    return True


def near(found: Tensor, exact: Tensor, rounded: Tensor) -> bool:
    """Whether numbers are about what torch gets in float64, or as far off as what it gets in their own dtype."""
    # What overflows in the dtype of the result proves nothing.
    counts = exact.to(found.dtype).isfinite() & rounded.to(found.dtype).isfinite()
    least = torch.finfo(found.dtype).tiny
    if not counts.any():
        return True
    found, exact, rounded = (values[counts].double() for values in (found, exact, rounded))
    granted = 2 * (rounded - exact).abs() + GRANTED * (exact.abs() + exact.abs().median())
    # NaN is near nothing.
    off = ~((found - exact).abs() <= granted + least)
    return bool(off.double().mean() <= OUTLIERS)


def _is_sum(found: Tensor, terms: Tensor) -> bool:
    exact, magnitudes = terms.sum_to_size(found.shape), terms.abs().sum_to_size(found.shape)
    counts = magnitudes < torch.finfo(found.dtype).max
    return bool(
        (~((found.double() - exact).abs() <= GRANTED * magnitudes))[counts].double().mean().nan_to_num() <= OUTLIERS
    )


def warn_of_difference(device: str) -> None:
    warnings.warn(
        f"a fused kernel gave other numbers than torch on {device}, so torch runs it instead; "
        "please report this, with the versions of the driver, torch and llvmlite",
        RuntimeWarning,
        stacklevel=3,
    )
