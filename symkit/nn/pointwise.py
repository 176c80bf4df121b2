"""Programs on tensors with gradients: one autograd function for every Program, derivative and backend.

Only the leaves are saved; the backward pass is the derivative Program, itself such a function, so it can be
differentiated again, forwards and backwards, as often as one likes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd import forward_ad

from symkit.backends import Backend, Kernel, prepared
from symkit.ir import Program, reachable
from symkit.transform import cotangents, jvp, tangents, vjp

Roots = tuple[Tensor, ...]


class Pointwise:
    """A Program ready to run: backend, calling order and constants settled; derivatives made on first use.

    Args:
        program: the Program; stabilised by the caller if wanted.
        leaves: names in calling order: inputs, parameters, and constants without a value. All of them broadcast.
        backend: what runs it.
        constants: values of the other constants.
    """

    def __init__(
        self, program: Program, leaves: tuple[str, ...], backend: Backend, constants: Mapping[str, float]
    ) -> None:
        self.program = program
        self.leaves = leaves
        self.backend = backend
        self.constants = dict(constants)
        self._derived: dict[tuple[object, ...], Pointwise] = {}

    @cached_property
    def kernel(self) -> Kernel:
        return self.backend.kernel(prepared(self.backend, self.program, self.constants), self.leaves)

    def apply(self, *leaves: Tensor) -> Roots:
        """The roots, in the dtype of computation, differentiable by every leaf."""
        if torch._C._are_functorch_transforms_active():
            return cast(Roots, _Transformed.apply(self, *leaves))  # type: ignore[no-untyped-call]
        if _is_recording(leaves):
            return cast(Roots, _Recorded.apply(self, *leaves))  # type: ignore[no-untyped-call]
        return self.run(*leaves)

    def run(self, *leaves: Tensor) -> Roots:
        """The roots without gradients, in the dtype of computation."""
        return self.kernel(*in_dtype(computed_dtype(leaves), leaves))

    def vjp(self, wanted: tuple[str, ...], roots: tuple[int, ...]) -> Pointwise:
        """(*cotangents of the roots, *leaves) -> one gradient a wanted leaf, of the broadcast shape."""
        found = self._derived.get(("vjp", wanted, roots))
        if found is None:
            program = reachable(self.program, tuple(self.program.roots[i] for i in roots))
            found = self._derivation(vjp(program, wanted), cotangents(program))
            self._derived["vjp", wanted, roots] = found
        return found

    def jvp(self, given: tuple[str, ...]) -> Pointwise:
        """(*tangents, *leaves) -> one tangent a root."""
        found = self._derived.get(("jvp", given))
        if found is None:
            found = self._derivation(jvp(self.program, given), tangents(self.program, given))
            self._derived["jvp", given] = found
        return found

    def _derivation(self, program: Program, seeds: tuple[str, ...]) -> Pointwise:
        return Pointwise(program, (*seeds, *self.leaves), self.backend, self.constants)


class _Recorded(torch.autograd.Function):
    """The quick form. It does not know torch.func, whose own form costs 8 microseconds more a call."""

    @staticmethod
    def forward(ctx: Any, pointwise: Pointwise, *leaves: Tensor) -> Roots:
        _remember(ctx, pointwise, leaves)
        return pointwise.run(*leaves)

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor | None) -> tuple[Tensor | None, ...]:
        pointwise: Pointwise = ctx.pointwise
        leaves: tuple[Tensor, ...] = ctx.saved_tensors
        needed: tuple[bool, ...] = ctx.needs_input_grad[1:]
        # A root that nothing depends on has no cotangent. One of zeros would turn infinite partials into NaN.
        roots = tuple(i for i, cotangent in enumerate(cotangents) if cotangent is not None)
        wanted = tuple(name for name, need in zip(pointwise.leaves, needed, strict=True) if need)
        if not roots or not wanted:
            return (None,) * (1 + len(leaves))
        given = [cotangent for cotangent in cotangents if cotangent is not None]
        found = iter(pointwise.vjp(wanted, roots).apply(*given, *leaves))
        return None, *(_as_of(next(found), leaf) if need else None for leaf, need in zip(leaves, needed, strict=True))

    @staticmethod
    def jvp(ctx: Any, _: None, *tangents: Tensor | None) -> Roots:
        pointwise: Pointwise = ctx.pointwise
        given = tuple(name for name, t in zip(pointwise.leaves, tangents, strict=True) if t is not None)
        return pointwise.jvp(given).apply(*(t for t in tangents if t is not None), *ctx.saved_tensors)


class _Transformed(_Recorded):
    """The form that torch.func can transform."""

    @staticmethod
    def forward(pointwise: Pointwise, *leaves: Tensor) -> Roots:  # type: ignore[override]
        return pointwise.run(*leaves)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        pointwise, *leaves = inputs
        _remember(ctx, pointwise, leaves)

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[int | None, ...], pointwise: Pointwise, *leaves: Tensor
    ) -> tuple[Roots, tuple[int, ...]]:
        dims = in_dims[1:]
        rank = max(leaf.dim() - (dim is not None) for leaf, dim in zip(leaves, dims, strict=True))
        batched = [
            leaf if dim is None else _with_rank(leaf.movedim(dim, 0), 1 + rank)
            for leaf, dim in zip(leaves, dims, strict=True)
        ]
        roots = pointwise.apply(*batched)
        return roots, (0,) * len(roots)


def _remember(ctx: Any, pointwise: Pointwise, leaves: Iterable[Tensor]) -> None:
    ctx.pointwise = pointwise
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(*leaves)
    ctx.save_for_forward(*leaves)


def _is_recording(leaves: tuple[Tensor, ...]) -> bool:
    """Whether torch follows this call for derivatives, backwards or forwards."""
    if forward_ad._current_level >= 0:
        return True
    return torch.is_grad_enabled() and any(leaf.requires_grad for leaf in leaves)


def _as_of(gradient: Tensor, leaf: Tensor) -> Tensor:
    """A gradient summed to the leaf's shape, in its dtype."""
    if gradient.shape != leaf.shape:
        gradient = gradient.sum_to_size(leaf.shape)
    return gradient if gradient.dtype == leaf.dtype else gradient.to(leaf.dtype)


def _with_rank(tensor: Tensor, rank: int) -> Tensor:
    """The tensor with dimensions of size 1 after its first one."""
    return tensor[(slice(None), *(None,) * (rank - tensor.dim()))]


def computed_dtype(leaves: Iterable[Tensor]) -> torch.dtype:
    """float64 if any leaf has it, else float32: halves are stored as such and computed in float32."""
    return torch.float64 if any(leaf.dtype == torch.float64 for leaf in leaves) else torch.float32


def in_dtype(dtype: torch.dtype, leaves: Iterable[Tensor]) -> list[Tensor]:
    return [leaf if leaf.dtype == dtype else leaf.to(dtype) for leaf in leaves]
