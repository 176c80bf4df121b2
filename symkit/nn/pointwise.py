"""Programs on tensors with gradients: one autograd function for every Program, derivative and backend.

Only the leaves are saved; the backward pass is the derivative Program, itself such a function, so it can be
differentiated again, forwards and backwards, as often as one likes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd import forward_ad

from symkit.backends import Backend, Kernel, prepared
from symkit.ir import Program, reachable
from symkit.transform import cotangents, jvp, tangents, vjp

Roots = tuple[Tensor, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Of every root its dtype and the shape it is summed to; see `symkit.backends.Kernel`."""

    dtypes: tuple[torch.dtype | None, ...] | None = None
    shapes: tuple[torch.Size | None, ...] | None = None


WHOLE = Wanted()


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
        self._pullbacks: dict[object, Pullback | None] = {}
        self._pushforwards: dict[tuple[str, ...], Pointwise] = {}

    @cached_property
    def kernel(self) -> Kernel:
        return self.backend.kernel(prepared(self.backend, self.program, self.constants), self.leaves)

    def apply(self, leaves: Sequence[Tensor], wanted: Wanted = WHOLE) -> Roots:
        """The roots, differentiable by every leaf."""
        if torch._C._are_functorch_transforms_active():
            return cast(Roots, _Transformed.apply(self, wanted, *leaves))  # type: ignore[no-untyped-call]
        if _is_recording(leaves):
            return cast(Roots, _Recorded.apply(self, wanted, *leaves))  # type: ignore[no-untyped-call]
        return self.kernel(leaves, wanted.dtypes, wanted.shapes)

    def pullback(self, needed: tuple[bool, ...], present: tuple[bool, ...]) -> Pullback | None:
        """What gives the gradients of the leaves that need one, from cotangents of the roots that have one."""
        key = needed, present
        if key not in self._pullbacks:
            self._pullbacks[key] = self._pull_back(needed, present)
        return self._pullbacks[key]

    def _pull_back(self, needed: tuple[bool, ...], present: tuple[bool, ...]) -> Pullback | None:
        places = tuple(i for i, need in enumerate(needed) if need)
        roots = tuple(root for root, has in zip(self.program.roots, present, strict=True) if has)
        if not places or not roots:
            return None
        program = reachable(self.program, roots)
        derived = vjp(program, tuple(self.leaves[i] for i in places))
        return self._derivation(derived, cotangents(program)), places

    def jvp(self, given: tuple[str, ...]) -> Pointwise:
        """(*tangents, *leaves) -> one tangent a root."""
        if given not in self._pushforwards:
            self._pushforwards[given] = self._derivation(jvp(self.program, given), tangents(self.program, given))
        return self._pushforwards[given]

    def _derivation(self, program: Program, seeds: tuple[str, ...]) -> Pointwise:
        return Pointwise(program, (*seeds, *self.leaves), self.backend, self.constants)


Pullback = tuple[Pointwise, tuple[int, ...]]
"""(*cotangents of the roots, *leaves) -> one gradient a wanted leaf; and which leaves these are."""


class _Recorded(torch.autograd.Function):
    """The quick form. It does not know torch.func, whose own form costs 8 microseconds more a call."""

    @staticmethod
    def forward(ctx: Any, pointwise: Pointwise, wanted: Wanted, *leaves: Tensor) -> Roots:
        _remember(ctx, pointwise, wanted, leaves)
        return pointwise.kernel(leaves, wanted.dtypes, wanted.shapes)

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor | None) -> tuple[Tensor | None, ...]:
        leaves: tuple[Tensor, ...] = ctx.saved_tensors
        gradients: list[Tensor | None] = [None] * (2 + len(leaves))
        # A root that nothing depends on has no cotangent. One of zeros would turn infinite partials into NaN.
        given = [cotangent for cotangent in cotangents if cotangent is not None]
        pullback = ctx.pointwise.pullback(ctx.needs_input_grad[2:], tuple([c is not None for c in cotangents]))
        if pullback is None:
            return tuple(gradients)
        derived, places = pullback
        wanted = Wanted(tuple([leaves[i].dtype for i in places]), tuple([leaves[i].shape for i in places]))
        for place, gradient in zip(places, derived.apply((*given, *leaves), wanted), strict=True):
            gradients[2 + place] = gradient
        return tuple(gradients)

    @staticmethod
    def jvp(ctx: Any, _: None, __: None, *tangents: Tensor | None) -> Roots:
        pointwise: Pointwise = ctx.pointwise
        given = tuple(name for name, t in zip(pointwise.leaves, tangents, strict=True) if t is not None)
        seeds = [t for t in tangents if t is not None]
        return pointwise.jvp(given).apply((*seeds, *ctx.saved_tensors), ctx.wanted)


class _Transformed(_Recorded):
    """The form that torch.func can transform."""

    @staticmethod
    def forward(pointwise: Pointwise, wanted: Wanted, *leaves: Tensor) -> Roots:  # type: ignore[override]
        return pointwise.kernel(leaves, wanted.dtypes, wanted.shapes)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        pointwise, wanted, *leaves = inputs
        _remember(ctx, pointwise, wanted, leaves)

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[int | None, ...], pointwise: Pointwise, wanted: Wanted, *leaves: Tensor
    ) -> tuple[Roots, tuple[int, ...]]:
        dims = in_dims[2:]
        rank = max(leaf.dim() - (dim is not None) for leaf, dim in zip(leaves, dims, strict=True))
        batched = [
            leaf if dim is None else _with_rank(leaf.movedim(dim, 0), 1 + rank)
            for leaf, dim in zip(leaves, dims, strict=True)
        ]
        shapes = wanted.shapes or (None,) * len(pointwise.program.roots)
        # A sum keeps the batch, in front of its own dimensions.
        sums = [
            None if shape is None else torch.Size((info.batch_size, *(1,) * (rank - len(shape)), *shape))
            for shape in shapes
        ]
        roots = pointwise.apply(batched, Wanted(wanted.dtypes, tuple(sums)))
        roots = tuple(
            root if shape is None else root.reshape(info.batch_size, *shape)
            for root, shape in zip(roots, shapes, strict=True)
        )
        return roots, (0,) * len(roots)


def _remember(ctx: Any, pointwise: Pointwise, wanted: Wanted, leaves: Iterable[Tensor]) -> None:
    ctx.pointwise, ctx.wanted = pointwise, wanted
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(*leaves)
    ctx.save_for_forward(*leaves)


def _is_recording(leaves: Iterable[Tensor]) -> bool:
    """Whether torch follows this call for derivatives, backwards or forwards."""
    if forward_ad._current_level >= 0:
        return True
    return torch.is_grad_enabled() and any(leaf.requires_grad for leaf in leaves)


def _with_rank(tensor: Tensor, rank: int) -> Tensor:
    """The tensor with dimensions of size 1 after its first one."""
    return tensor[(slice(None), *(None,) * (rank - tensor.dim()))]
