"""Kernels of backends that compute whole roots in one dtype: conversions and sums are torch's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from symkit.backends.protocol import Dtypes, Targets


class Unfused:
    """A kernel around `run(*leaves)`, which takes leaves of one dtype and gives roots of the broadcast shape."""

    def __init__(self, run: Callable[..., tuple[Tensor, ...]]) -> None:
        self._run = run

    def __call__(
        self, leaves: Sequence[Tensor], dtypes: Dtypes | None = None, targets: Targets | None = None
    ) -> tuple[Tensor, ...]:
        roots = self._run(*in_dtype(computed_dtype(leaves), leaves))
        if targets is not None:
            roots = tuple(
                root if shape is None or root.shape == shape else root.sum_to_size(shape)
                for root, shape in zip(roots, targets, strict=True)
            )
        if dtypes is None:
            return roots
        return tuple(
            root if dtype is None or root.dtype == dtype else root.to(dtype)
            for root, dtype in zip(roots, dtypes, strict=True)
        )


def computed_dtype(leaves: Iterable[Tensor]) -> torch.dtype:
    """float64 if any leaf has it, else float32: halves are stored as such and computed in float32."""
    return torch.float64 if any(leaf.dtype == torch.float64 for leaf in leaves) else torch.float32


def in_dtype(dtype: torch.dtype, leaves: Iterable[Tensor]) -> list[Tensor]:
    return [leaf if leaf.dtype == dtype else leaf.to(dtype) for leaf in leaves]
