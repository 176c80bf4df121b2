"""The torch backend: one torch call an operator, on any device torch knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from symkit.backends.forms import has_torch_form, takes_literals, torch_function
from symkit.backends.protocol import Kernel, Like, broadcast_shape
from symkit.backends.unfused import Unfused
from symkit.evaluation.truth import fitted, is_truth
from symkit.ir import Kind, Node, Program
from symkit.ops import Operator

Value = Tensor | float


class TorchBackend:
    """Runs a Program node by node."""

    name = "torch"
    fused_on: frozenset[str] = frozenset()

    def has_form(self, operator: Operator) -> bool:
        return has_torch_form(operator)

    def kernel(self, program: Program, leaves: tuple[str, ...], like: Like | None = None) -> Kernel:
        return Unfused(EagerKernel(program, leaves), like)


@dataclass(frozen=True, slots=True)
class _Step:
    """One operator: what to call, on which values, and which of them nobody needs afterwards.

    A step `as_is` takes its operands as they are: no literal to make a tensor of, no condition in arithmetic.
    """

    index: int
    function: Callable[..., Any]
    node: Node
    as_is: bool
    dead: tuple[int, ...]


class EagerKernel:
    """A Program as a list of torch calls."""

    def __init__(self, program: Program, leaves: tuple[str, ...]) -> None:
        self._program = program
        self._literals = [node.number if node.kind is Kind.NUMBER else None for node in program.nodes]
        slots = {name: slot for slot, name in enumerate(leaves)}
        self._leaves = [
            (index, slots[node.name])
            for index, node in enumerate(program.nodes)
            if node.is_leaf and node.kind is not Kind.NUMBER
        ]
        dead = _last_uses(program)
        self._steps = [
            _Step(index, torch_function(node.operator), node, _is_taken_as_is(program, node), dead[index])
            for index, node in enumerate(program.nodes)
            if not node.is_leaf
        ]
        self._has_full_shape = [_depends_on_all(program, root, leaves) for root in program.roots]

    def __call__(self, *leaves: Tensor) -> tuple[Tensor, ...]:
        like = leaves[0]
        values: list[Any] = list(self._literals)
        for index, slot in self._leaves:
            values[index] = leaves[slot]
        for step in self._steps:
            if step.as_is:
                values[step.index] = step.function(*[values[i] for i in step.node.operands])
            else:
                values[step.index] = self._fitted(step, values, like)
            for dead in step.dead:
                values[dead] = None
        return tuple(
            self._finished(root, values[root], full, leaves)
            for root, full in zip(self._program.roots, self._has_full_shape, strict=True)
        )

    def _fitted(self, step: _Step, values: list[Any], like: Tensor) -> Value:
        """One operator whose operands mix conditions, literals and tensors."""
        operator = step.node.operator
        operands = fitted(
            step.node,
            [values[i] for i in step.node.operands],
            [is_truth(self._program.nodes[i]) for i in step.node.operands],
            lambda value: value.to(like.dtype),
            lambda value: value != 0,
        )
        if not takes_literals(operator, [not isinstance(value, Tensor) for value in operands]):
            operands = [_as_tensor(value, like) for value in operands]
        result: Value = step.function(*operands)
        return result

    def _finished(self, root: int, value: Any, has_full_shape: bool, leaves: tuple[Tensor, ...]) -> Tensor:
        """A result in the kernel's dtype and shape that shares no memory with a leaf."""
        like, node = leaves[0], self._program.nodes[root]
        if not has_full_shape:
            tensor = _as_tensor(value, like).to(like.dtype).expand(broadcast_shape(leaves))
            return tensor.clone(memory_format=torch.contiguous_format)
        whole: Tensor = value.to(like.dtype) if is_truth(node) else value
        return whole.clone() if node.is_leaf else whole


def _is_taken_as_is(program: Program, node: Node) -> bool:
    literals = [program.nodes[i].kind is Kind.NUMBER for i in node.operands]
    wanted = node.operator.takes_truth
    return takes_literals(node.operator, literals) and all(
        (slot in wanted) == is_truth(program.nodes[i]) for slot, i in enumerate(node.operands)
    )


def _as_tensor(value: Any, like: Tensor) -> Tensor:
    if isinstance(value, Tensor):
        return value
    dtype = torch.bool if isinstance(value, bool) else like.dtype
    return torch.full((), value, dtype=dtype, device=like.device)


def _depends_on_all(program: Program, root: int, leaves: tuple[str, ...]) -> bool:
    """Whether the root's shape is that of all leaves broadcast, whatever their shapes."""
    found: set[int] = set()
    stack = [root]
    while stack:
        index = stack.pop()
        if index not in found:
            found.add(index)
            stack.extend(program.nodes[index].operands)
    nodes = [program.nodes[i] for i in found]
    return set(leaves) <= {node.name for node in nodes if node.is_leaf and node.kind is not Kind.NUMBER}


def _last_uses(program: Program) -> list[tuple[int, ...]]:
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
    return [tuple(group) for group in dead]
