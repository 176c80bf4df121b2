"""One function run in several ways, on the same data."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from symkit.nn.functional import functional
from symkit.text import Expression

Roots = tuple[Tensor, ...]


class Contest:
    """An expression with inputs to run it on.

    Targets y are 0 or 1, predictions p between them, other inputs normal with deviation 2. Parameters have their
    initial values.

    Raises DomainError as `functional` does.
    """

    def __init__(self, expression: Expression, elements: int, backward: bool) -> None:
        generator = torch.Generator().manual_seed(0)
        self._expression = expression
        self._backward = backward
        self._inputs = [_input(expression, name, elements, generator) for name in expression.inputs]
        self._parameters = {name: torch.tensor(value) for name, value in expression.parameters.items()}
        self._upstream = torch.randn(elements, generator=generator)
        self._truth = self._run(functional(expression, backend="torch"), torch.float64)()

    def work(self, name: str) -> Callable[[], Roots]:
        """One call: values, and if backward is wanted gradients. Compiles at the first call."""
        return self._run(_function(self._expression, name), torch.float32)

    def error(self, found: Roots) -> float:
        """The largest difference from float64, beside max(1, |exact|), where that is finite; sums do not count."""
        worst = 0.0
        for mine, exact in zip(found, self._truth, strict=True):
            if exact.shape == self._upstream.shape:
                difference = (mine.double() - exact).abs() / exact.abs().clamp(min=1)
                known = difference.where(exact.isfinite(), 0.0)
                worst = max(worst, float(known.nan_to_num(torch.inf).max()))
        return worst

    def _run(self, function: Callable[..., Tensor], dtype: torch.dtype) -> Callable[[], Roots]:
        inputs = [tensor.to(dtype, copy=True) for tensor in self._inputs]
        parameters = {name: tensor.to(dtype, copy=True) for name, tensor in self._parameters.items()}
        if not self._backward:
            return lambda: (function(*inputs, **parameters),)
        # Nobody trains a target.
        wanted = [t for n, t in zip(self._expression.inputs, inputs, strict=True) if n != "y"] or inputs
        leaves = [tensor.requires_grad_() for tensor in (*wanted, *parameters.values())]
        upstream = self._upstream.to(dtype)

        def both() -> Roots:
            result = function(*inputs, **parameters)
            return result.detach(), *torch.autograd.grad(result, leaves, upstream)

        return both


def _function(expression: Expression, name: str) -> Callable[..., Tensor]:
    if name == "torch.compile":
        torch._dynamo.reset()
        return torch.compile(functional(expression, backend="torch"), dynamic=False)
    return functional(expression, backend={"symkit": "auto", "eager": "torch"}.get(name, name))


def _input(expression: Expression, name: str, elements: int, generator: torch.Generator) -> Tensor:
    if expression.kind == "loss" and name == "y":
        return torch.randint(2, (elements,), generator=generator).float()
    if expression.kind == "loss" and name == "p":
        return torch.rand(elements, generator=generator).clamp(0.01, 0.99)
    return 2 * torch.randn(elements, generator=generator)
