"""Programs on tensors with gradients: one autograd.Function for every Program, derivative and backend.

Only the leaves are saved; the backward pass is the derivative Program, itself such a Function, so it can be
differentiated again, forwards and backwards, as often as one likes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, cast

import torch
from torch import Tensor

from symkit.backends import Backend, Kernel, prepared
from symkit.backends.eager import EagerKernel
from symkit.backends.plain import plain_program
from symkit.ir import Program
from symkit.transform import cotangents, jvp, tangents, vjp

Derivation = Callable[[Program, Sequence[str]], Program]

COMPUTED = {torch.float16: torch.float32, torch.bfloat16: torch.float32}
"""Halves are stored as such and computed in float32."""


class Pointwise:
    """A Program ready to run: backend, calling order and constants settled; derivatives made on first use.

    Args:
        program: the Program; stabilised by the caller if wanted.
        leaves: inputs and parameters in calling order. All of them broadcast.
        backend: what runs it.
        constants: the value of every constant.
    """

    def __init__(
        self, program: Program, leaves: tuple[str, ...], backend: Backend, constants: Mapping[str, float]
    ) -> None:
        self.program = program
        self.leaves = leaves
        self.backend = backend
        self.constants = dict(constants)
        self._derived: dict[tuple[str, tuple[str, ...]], Pointwise] = {}

    def prepare_for_tracing(self) -> None:
        """Compiles what torch.compile and torch.export trace, which they could not do while tracing."""
        self._plain = EagerKernel(plain_program(self.program, self.constants), self.leaves)

    @cached_property
    def kernel(self) -> Kernel:
        return self.backend.kernel(prepared(self.backend, self.program, self.constants), self.leaves)

    def run(self, *leaves: Tensor) -> tuple[Tensor, ...]:
        """The roots without gradients, in the dtype of computation."""
        dtype = computed_dtype(leaves)
        return self.kernel(*(leaf.to(dtype) for leaf in leaves))

    def apply(self, *leaves: Tensor) -> tuple[Tensor, ...]:
        """The roots, in the dtype of computation, differentiable by every leaf."""
        if torch.compiler.is_compiling():
            dtype = computed_dtype(leaves)
            return self._plain(*(leaf.to(dtype) for leaf in leaves))
        if not torch.is_grad_enabled():
            return self.run(*leaves)
        return cast("tuple[Tensor, ...]", _Apply.apply(self, *leaves))

    def vjp(self, wanted: tuple[str, ...]) -> Pointwise:
        """(*cotangents, *leaves) -> one gradient a wanted leaf, of the broadcast shape."""
        return self._derivation("vjp", wanted, vjp, cotangents(self.program))

    def jvp(self, given: tuple[str, ...]) -> Pointwise:
        """(*tangents, *leaves) -> one tangent a root."""
        return self._derivation("jvp", given, jvp, tangents(self.program, given))

    def _derivation(self, kind: str, names: tuple[str, ...], derive: Derivation, seeds: tuple[str, ...]) -> Pointwise:
        key = kind, names
        if key not in self._derived:
            leaves = (*seeds, *self.leaves)
            self._derived[key] = Pointwise(derive(self.program, names), leaves, self.backend, self.constants)
        return self._derived[key]


class _Apply(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(pointwise: Pointwise, *leaves: Tensor) -> tuple[Tensor, ...]:
        return tuple(_own(root, leaves) for root in pointwise.run(*leaves))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        ctx.pointwise, *leaves = inputs
        ctx.save_for_backward(*leaves)
        ctx.save_for_forward(*leaves)

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple[Tensor | None, ...]:
        pointwise: Pointwise = ctx.pointwise
        leaves = ctx.saved_tensors
        needed = ctx.needs_input_grad[1:]
        wanted = tuple(name for name, need in zip(pointwise.leaves, needed, strict=True) if need)
        found = iter(pointwise.vjp(wanted).apply(*cotangents, *leaves))
        gradients = [
            next(found).sum_to_size(leaf.shape).to(leaf.dtype) if need else None
            for leaf, need in zip(leaves, needed, strict=True)
        ]
        return None, *gradients

    @staticmethod
    def jvp(ctx: Any, _pointwise: None, *tangents: Tensor | None) -> tuple[Tensor, ...]:
        pointwise: Pointwise = ctx.pointwise
        given = tuple(name for name, t in zip(pointwise.leaves, tangents, strict=True) if t is not None)
        return pointwise.jvp(given).apply(*(t for t in tangents if t is not None), *ctx.saved_tensors)


def _own(root: Tensor, leaves: tuple[Tensor, ...]) -> Tensor:
    """A root that is a leaf itself becomes a copy: outputs must not alias inputs."""
    return root.clone() if any(root is leaf for leaf in leaves) else root


def computed_dtype(leaves: tuple[Tensor, ...]) -> torch.dtype:
    """float64 if any leaf has it, else float32."""
    dtype = leaves[0].dtype
    for leaf in leaves[1:]:
        dtype = torch.promote_types(dtype, leaf.dtype)
    return COMPUTED.get(dtype, dtype)
