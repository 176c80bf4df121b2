"""Programs on tensors with gradients: one autograd function for every Program, derivative and backend.

Only the leaves are saved; the backward pass is the derivative Program, itself such a function, so it can be
differentiated again, forwards and backwards, as often as one likes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd import forward_ad

from symkit.backends import Backend, Kernel, Like, prepared
from symkit.ir import Program, reachable
from symkit.transform import cotangents, jvp, tangents, vjp

Roots = tuple[Tensor, ...]

# Looked up once: a call of a small tensor costs little more than looking up names.
_is_transformed = torch._C._are_functorch_transforms_active
_is_grad_enabled = torch.is_grad_enabled


class Pointwise:
    """A Program ready to run: backend, calling order and constants settled; derivatives made on first use.

    Args:
        program: the Program; stabilised by the caller if wanted.
        leaves: names in calling order: inputs, parameters, and constants without a value. All of them broadcast.
        backend: what runs it.
        constants: values of the other constants.
        like: for every root the leaf whose shape and dtype it takes; see `symkit.backends.protocol.Like`.
    """

    def __init__(
        self,
        program: Program,
        leaves: tuple[str, ...],
        backend: Backend,
        constants: Mapping[str, float],
        like: Like | None = None,
    ) -> None:
        self.program = program
        self.leaves = leaves
        self.backend = backend
        self.constants = dict(constants)
        self.like: Like = like or (None,) * len(program.roots)
        self._pullbacks: dict[object, Pullback] = {}
        self._pushforwards: dict[tuple[str, ...], Pointwise] = {}

    @cached_property
    def kernel(self) -> Kernel:
        return self.backend.kernel(prepared(self.backend, self.program, self.constants), self.leaves, self.like)

    def apply(self, leaves: Sequence[Tensor], dtype: torch.dtype | None = None) -> Roots:
        """The roots, differentiable by every leaf; `dtype` is that of roots which are like no leaf."""
        if _is_transformed():
            return cast(Roots, _Transformed.apply(self, dtype, *leaves))  # type: ignore[no-untyped-call]
        if _is_recording(leaves):
            return _record(self, dtype, *leaves)
        return self.kernel(leaves, dtype)

    def pullback(self, needed: tuple[bool, ...], present: tuple[bool, ...]) -> Pullback:
        """What gives the gradients of the leaves that need one, from cotangents of the roots that have one."""
        pullback = self._pullbacks.get((needed, present))
        if pullback is None:
            pullback = self._pullbacks[needed, present] = self._pull_back(needed, present)
        return pullback

    def _pull_back(self, needed: tuple[bool, ...], present: tuple[bool, ...]) -> Pullback:
        places = [place for place, need in enumerate(needed) if need]
        roots = tuple(root for root, has in zip(self.program.roots, present, strict=True) if has)
        if not places or not roots:
            return None, (None,) * len(needed)
        program = reachable(self.program, roots)
        derived = vjp(program, tuple(self.leaves[place] for place in places))
        seeds = cotangents(program)
        derivation = self._derivation(derived, seeds, tuple(len(seeds) + place for place in places))
        return derivation, tuple(places.index(place) if need else None for place, need in enumerate(needed))

    def jvp(self, given: tuple[str, ...]) -> Pointwise:
        """(*tangents, *leaves) -> one tangent a root."""
        if given not in self._pushforwards:
            seeds = tangents(self.program, given)
            like = tuple(None if place is None else len(seeds) + place for place in self.like)
            self._pushforwards[given] = self._derivation(jvp(self.program, given), seeds, like)
        return self._pushforwards[given]

    def _derivation(self, program: Program, seeds: tuple[str, ...], like: Like | None) -> Pointwise:
        return Pointwise(program, (*seeds, *self.leaves), self.backend, self.constants, like)


Pullback = tuple[Pointwise | None, tuple[int | None, ...]]
"""(*cotangents of the roots, *leaves) -> one gradient a wanted leaf; and for every leaf which of them is its own."""


class _Recorded(torch.autograd.Function):
    """The quick form. It does not know torch.func, whose own form costs 8 microseconds more a call."""

    @staticmethod
    def forward(ctx: Any, pointwise: Pointwise, dtype: torch.dtype | None, *leaves: Tensor) -> Roots:
        _remember(ctx, pointwise, dtype, leaves)
        return pointwise.kernel(leaves, dtype)

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor | None) -> tuple[Tensor | None, ...]:
        # A root that nothing depends on has no cotangent. One of zeros would turn infinite partials into NaN.
        present: tuple[bool, ...] = (True,)
        given: Sequence[Tensor | None] = cotangents
        if len(cotangents) > 1 or cotangents[0] is None:
            present = tuple([cotangent is not None for cotangent in cotangents])
            given = [cotangent for cotangent in cotangents if cotangent is not None]
        derived, places = ctx.pointwise.pullback(ctx.needs_input_grad[2:], present)
        gradients = derived.apply((*given, *ctx.saved_tensors)) if derived else ()
        if len(gradients) == len(places):
            return None, None, *gradients
        return None, None, *[None if place is None else gradients[place] for place in places]

    @staticmethod
    def jvp(ctx: Any, _: None, __: None, *tangents: Tensor | None) -> Roots:
        pointwise: Pointwise = ctx.pointwise
        given = tuple(name for name, t in zip(pointwise.leaves, tangents, strict=True) if t is not None)
        seeds = [t for t in tangents if t is not None]
        return pointwise.jvp(given).apply((*seeds, *ctx.saved_tensors), ctx.dtype)


_record: Callable[..., Roots] = super(torch.autograd.Function, _Recorded).apply
"""`_Recorded.apply` without the check for torch.func, which is done before, at a microsecond less a call."""


class _Transformed(_Recorded):
    """The form that torch.func can transform."""

    @staticmethod
    def forward(pointwise: Pointwise, dtype: torch.dtype | None, *leaves: Tensor) -> Roots:  # type: ignore[override]
        return pointwise.kernel(leaves, dtype)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        pointwise, dtype, *leaves = inputs
        _remember(ctx, pointwise, dtype, leaves)

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[int | None, ...], pointwise: Pointwise, dtype: torch.dtype | None, *leaves: Tensor
    ) -> tuple[Roots, tuple[int, ...]]:
        dims, size, like = in_dims[2:], info.batch_size, pointwise.like
        roots = unbatched(pointwise.apply(batched(leaves, dims, size, like), dtype), leaves, dims, size, like)
        return roots, (0,) * len(roots)


def batched(leaves: Sequence[Tensor], dims: Sequence[int | None], size: int, like: Like) -> list[Tensor]:
    """The leaves of a batch with the batch as dimension 0, of one rank, so that the rest broadcasts as before.

    A leaf that is the same for the whole batch stays as it is, unless a root is like it: that has a batch.
    """
    rank = max(len(_shape_in_batch(leaf, dim)) for leaf, dim in zip(leaves, dims, strict=True))
    found: list[Tensor] = []
    for place, (leaf, dim) in enumerate(zip(leaves, dims, strict=True)):
        if dim is not None:
            found.append(_with_rank(leaf.movedim(dim, 0), 1 + rank))
        elif place in like:
            found.append(_with_rank(leaf.expand(size, *leaf.shape), 1 + rank))
        else:
            found.append(leaf)
    return found


def unbatched(
    roots: Sequence[Tensor], leaves: Sequence[Tensor], dims: Sequence[int | None], size: int, like: Like
) -> Roots:
    """The roots of `batched` leaves without the dimensions that gave leaves one rank."""
    return tuple(
        root if place is None else root.reshape(size, *_shape_in_batch(leaves[place], dims[place]))
        for root, place in zip(roots, like, strict=True)
    )


def _shape_in_batch(leaf: Tensor, dim: int | None) -> torch.Size:
    """The shape of one sample's leaf."""
    return leaf.shape if dim is None else leaf.movedim(dim, 0).shape[1:]


def _remember(ctx: Any, pointwise: Pointwise, dtype: torch.dtype | None, leaves: Iterable[Tensor]) -> None:
    ctx.pointwise, ctx.dtype = pointwise, dtype
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(*leaves)
    if forward_ad._current_level >= 0:
        ctx.save_for_forward(*leaves)


def _is_recording(leaves: Iterable[Tensor]) -> bool:
    """Whether torch follows this call for derivatives, backwards or forwards."""
    if forward_ad._current_level >= 0:
        return True
    if _is_grad_enabled():
        for leaf in leaves:
            if leaf.requires_grad:
                return True
    return False


def _with_rank(tensor: Tensor, rank: int) -> Tensor:
    """The tensor with dimensions of size 1 after its first one."""
    return tensor[(slice(None), *(None,) * (rank - tensor.dim()))]
