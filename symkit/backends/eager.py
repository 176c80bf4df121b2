"""The torch backend: one torch call an operator, on any device torch knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from symkit.backends.forms import has_torch_form, torch_function
from symkit.backends.protocol import Kernel
from symkit.evaluation.truth import fitted, is_truth
from symkit.ir import Kind, Node, Program
from symkit.ops import Operator

Value = Tensor | float


class TorchBackend:
    """Runs a Program node by node."""

    name = "torch"

    def has_form(self, operator: Operator) -> bool:
        return has_torch_form(operator)

    def kernel(self, program: Program, leaves: tuple[str, ...]) -> Kernel:
        return EagerKernel(program, leaves)


class EagerKernel:
    """A Program as a list of torch calls. Values are dropped after their last use."""

    def __init__(self, program: Program, leaves: tuple[str, ...]) -> None:
        self._program = program
        self._slots = {name: position for position, name in enumerate(leaves)}
        self._dead = _last_uses(program)
        self._functions = [None if node.is_leaf else torch_function(node.operator) for node in program.nodes]
        self._plain = [_is_plain(program, node) for node in program.nodes]

    def __call__(self, *leaves: Tensor) -> tuple[Tensor, ...]:
        like = leaves[0]
        shape = torch.broadcast_shapes(*(leaf.shape for leaf in leaves))
        values: list[Any] = []
        for index, node in enumerate(self._program.nodes):
            function = self._functions[index]
            if function is not None and self._plain[index]:
                values.append(function(*[values[i] for i in node.operands]))
            elif function is not None:
                values.append(self._fitted(function, node, values, like))
            elif node.kind is Kind.NUMBER:
                values.append(node.number)
            else:
                values.append(leaves[self._slots[node.name]])
            for dead in self._dead[index]:
                values[dead] = None
        return tuple(_finished(values[root], like, shape) for root in self._program.roots)

    def _fitted(self, function: Callable[..., Any], node: Node, values: list[Any], like: Tensor) -> Value:
        """One operator whose operands mix conditions, literals and tensors."""
        operands = fitted(
            node,
            [values[i] for i in node.operands],
            [is_truth(self._program.nodes[i]) for i in node.operands],
            lambda value: value.to(like.dtype),
            lambda value: value != 0,
        )
        if node.operator.infix is None or not any(isinstance(value, Tensor) for value in operands):
            operands = [_as_tensor(value, like) for value in operands]
        result: Value = function(*operands)
        return result


def _is_plain(program: Program, node: Node) -> bool:
    """Whether a node takes its operands' tensors as they are: no literal, no condition in arithmetic."""
    if node.is_leaf:
        return False
    literals = [program.nodes[i].kind is Kind.NUMBER for i in node.operands]
    if any(literals) and (node.operator.infix is None or all(literals)):
        return False
    wanted = node.operator.takes_truth
    return all((slot in wanted) == is_truth(program.nodes[i]) for slot, i in enumerate(node.operands))


def _as_tensor(value: Any, like: Tensor) -> Tensor:
    if isinstance(value, Tensor):
        return value
    dtype = torch.bool if isinstance(value, bool) else like.dtype
    return torch.full((), value, dtype=dtype, device=like.device)


def _finished(value: Any, like: Tensor, shape: torch.Size) -> Tensor:
    """A result in the kernel's dtype and shape, never one of its operands."""
    tensor = _as_tensor(value, like).to(like.dtype)
    if tensor.shape != shape:
        return tensor.expand(shape).contiguous()
    return tensor


def _last_uses(program: Program) -> list[list[int]]:
    """For each node those whose value nobody needs after it."""
    last: dict[int, int] = {}
    for index, node in enumerate(program.nodes):
        for operand in node.operands:
            last[operand] = index
    for root in program.roots:
        last.pop(root, None)
    dead: list[list[int]] = [[] for _ in program.nodes]
    for operand, index in last.items():
        dead[index].append(operand)
    return dead
