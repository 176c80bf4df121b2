"""The TorchScript backend: Programs compiled by torch.jit. Kept for compatibility; to deploy, use torch.export."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor

from symkit.backends.forms import has_torch_form
from symkit.backends.protocol import Kernel
from symkit.backends.source import Emitter, python_names
from symkit.ir import Program
from symkit.ops import Operator


class TorchScriptBackend:
    """Compiles a Program into a TorchScript function."""

    name = "torchscript"

    def has_form(self, operator: Operator) -> bool:
        return has_torch_form(operator)

    def kernel(self, program: Program, leaves: tuple[str, ...]) -> Kernel:
        function = compile_script(kernel_source(program, leaves)).kernel

        def run(*tensors: Tensor) -> tuple[Tensor, ...]:
            found = function(*tensors)
            shape = torch.broadcast_shapes(*(tensor.shape for tensor in tensors))
            return tuple(value if value.shape == shape else value.expand(shape).contiguous() for value in found)

        return run


def kernel_source(program: Program, leaves: tuple[str, ...]) -> str:
    """TorchScript source of a function `kernel` from leaves to a list of roots."""
    names = python_names(leaves)
    lines, roots = Emitter(program, names, names[leaves[0]]).emit()
    arguments = ", ".join(f"{names[leaf]}: Tensor" for leaf in leaves)
    body = [*lines, f"return [{', '.join(roots)}]"]
    return f"def kernel({arguments}) -> List[Tensor]:\n" + "".join(f"    {line}\n" for line in body)


def compile_script(source: str) -> torch.jit.CompilationUnit:
    """The compiled source; torch's notice that TorchScript is deprecated is not the user's to act on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return torch.jit.CompilationUnit(source)
