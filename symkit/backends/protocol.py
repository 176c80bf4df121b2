"""What a backend is: the records it has forms for, and kernels of Programs.

Kernels know nothing of gradients: a derivative is a Program like any other. `symkit.nn` joins the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol

from symkit.errors import DomainError
from symkit.ir import Program, bind_constants, lower
from symkit.ops import Operator

if TYPE_CHECKING:
    import torch

Like = tuple[int | None, ...]
"""For every root the leaf whose shape and dtype it takes: the gradient of a leaf that was broadcast is summed."""


class Kernel(Protocol):
    """A Program that runs.

    Args:
        leaves: tensors of any floating dtypes that broadcast.
        dtype: of the roots that are like no leaf; None is that of computation: float64 if a leaf has it, else float32.

    Returns:
        One tensor a root. None shares memory with a leaf.
    """

    def __call__(
        self, leaves: Sequence[torch.Tensor], dtype: torch.dtype | None = None
    ) -> tuple[torch.Tensor, ...]: ...


class Backend(Protocol):
    """A way to run Programs on tensors."""

    name: str

    @property
    def fused_on(self) -> frozenset[str]:
        """Types of devices on which a kernel is one pass over memory: torch.compile keeps it as an operator there."""
        ...

    def has_form(self, operator: Operator) -> bool:
        """Whether the operator runs as it is; others are lowered to their expansions."""
        ...

    def kernel(self, program: Program, leaves: tuple[str, ...], like: Like | None = None) -> Kernel:
        """A kernel of a lowered Program without constants.

        Args:
            leaves: the calling order of inputs and parameters.
            like: the leaf that every root is like; where None, it has the broadcast shape of all leaves.
        """
        ...


def prepared(backend: Backend, program: Program, constants: Mapping[str, float]) -> Program:
    """The Program with what the backend lacks expanded; constants are literals, or inputs if they have no value."""
    return bind_constants(lower(program, backend.has_form), constants)


def broadcast_shape(tensors: Sequence[torch.Tensor]) -> torch.Size:
    """The shape of all together; quick where they agree but for single values."""
    shape = max((tensor.shape for tensor in tensors), key=len)
    if all(tensor.shape == shape or not tensor.dim() for tensor in tensors):
        return shape
    import numpy as np
    import torch

    try:
        # torch's own function imports sympy, which takes a quarter of a second.
        return torch.Size(np.broadcast_shapes(*(tuple(tensor.shape) for tensor in tensors)))
    except ValueError as error:
        shapes = ", ".join(str(tuple(tensor.shape)) for tensor in tensors)
        raise RuntimeError(f"shapes {shapes} do not broadcast") from error


def get_backend(name: str) -> Backend:
    """The backend called `name`; "auto" picks the fastest one there is.

    Raises:
        DomainError: naming what is allowed.
    """
    from symkit.backends.eager import TorchBackend
    from symkit.backends.exact import ExactBackend
    from symkit.backends.native import NativeBackend
    from symkit.backends.torchscript import TorchScriptBackend

    backends: dict[str, Callable[[], Backend]] = {
        "auto": partial(NativeBackend, "auto"),
        "cpu": partial(NativeBackend, "cpu"),
        "cuda": partial(NativeBackend, "cuda"),
        "torch": TorchBackend,
        "torchscript": TorchScriptBackend,
        "exact": ExactBackend,
    }
    if name not in backends:
        raise DomainError(f"backend {name!r} is not one of {', '.join(backends)}")
    return backends[name]()
