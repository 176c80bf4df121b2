"""Kernels of backends that compute whole roots in one dtype: conversions and sums are torch's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from symkit.backends.protocol import Like


class Unfused:
    """A kernel around `run(*leaves)`, which takes leaves of one dtype and gives roots of the broadcast shape."""

    def __init__(self, run: Callable[..., tuple[Tensor, ...]], like: Like | None) -> None:
        self._run = run
        self._like = like

    def __call__(self, leaves: Sequence[Tensor], dtype: torch.dtype | None = None) -> tuple[Tensor, ...]:
        roots = self._run(*in_dtype(computed_dtype(leaves), leaves))
        if self._like is None:
            return tuple(_in_dtype(root, dtype) for root in roots)
        return tuple(
            _in_dtype(root, dtype) if place is None else _like(root, leaves[place])
            for root, place in zip(roots, self._like, strict=True)
        )


def _in_dtype(root: Tensor, dtype: torch.dtype | None) -> Tensor:
    return root if dtype is None or root.dtype == dtype else root.to(dtype)


def _like(root: Tensor, leaf: Tensor) -> Tensor:
    """The root summed to the leaf's shape."""
    return _in_dtype(root if root.shape == leaf.shape else root.sum_to_size(leaf.shape), leaf.dtype)


def computed_dtype(leaves: Iterable[Tensor]) -> torch.dtype:
    """float64 if any leaf has it, else float32: halves are stored as such and computed in float32."""
    return torch.float64 if any(leaf.dtype == torch.float64 for leaf in leaves) else torch.float32


def in_dtype(dtype: torch.dtype, leaves: Iterable[Tensor]) -> list[Tensor]:
    return [leaf if leaf.dtype == dtype else leaf.to(dtype) for leaf in leaves]
