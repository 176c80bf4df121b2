"""The TorchScript backend: Programs compiled by torch.jit. Kept for compatibility; to deploy, use torch.export."""

from __future__ import annotations

import warnings
from functools import lru_cache
from threading import Lock

import torch
from torch import Tensor

from symkit.backends.forms import has_torch_form
from symkit.backends.protocol import Kernel, Like, broadcast_shape
from symkit.backends.source import Emitter, python_names
from symkit.backends.unfused import Unfused
from symkit.ir import Program
from symkit.ops import Operator

WARNINGS = Lock()
"""Warning filters belong to the process: two threads that change and restore them would mix them up."""


class TorchScriptBackend:
    """Compiles a Program into a TorchScript function."""

    name = "torchscript"
    fused_on: frozenset[str] = frozenset()

    def has_form(self, operator: Operator) -> bool:
        return has_torch_form(operator)

    def kernel(self, program: Program, leaves: tuple[str, ...], like: Like | None = None) -> Kernel:
        function = compile_script(kernel_source(program, leaves)).kernel
        is_leaf = [program.nodes[root].is_leaf for root in program.roots]

        def run(*tensors: Tensor) -> tuple[Tensor, ...]:
            found = function(*tensors)
            shape = broadcast_shape(tensors)
            return tuple(_own(value, shape, copy) for value, copy in zip(found, is_leaf, strict=True))

        return Unfused(run, like)


def _own(value: Tensor, shape: torch.Size, copy: bool) -> Tensor:
    """A result in its full shape that shares no memory with a leaf."""
    if value.shape != shape:
        return value.expand(shape).clone(memory_format=torch.contiguous_format)
    return value.clone() if copy else value


def kernel_source(program: Program, leaves: tuple[str, ...]) -> str:
    """TorchScript source of a function `kernel` from leaves to a list of roots."""
    names = python_names(leaves)
    lines, roots = Emitter(program, names, names[leaves[0]]).emit()
    arguments = ", ".join(f"{names[leaf]}: Tensor" for leaf in leaves)
    body = [*lines, f"return [{', '.join(roots)}]"]
    return f"def kernel({arguments}) -> List[Tensor]:\n" + "".join(f"    {line}\n" for line in body)


@lru_cache(maxsize=256)
def compile_script(source: str) -> torch.jit.CompilationUnit:
    """The compiled source; torch's notice that TorchScript is deprecated is not the user's to act on."""
    with WARNINGS, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return torch.jit.CompilationUnit(source)
