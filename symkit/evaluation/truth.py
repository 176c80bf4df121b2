"""Where conditions and numbers meet: one rule for every interpreter whose library has a boolean type."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from symkit.ir import Kind, Node

Value = TypeVar("Value")


def is_truth(node: Node) -> bool:
    """Whether a node's value is a condition."""
    return node.kind is Kind.APPLY and node.operator.returns_truth


def fitted(
    node: Node,
    operands: list[Value],
    truths: list[bool],
    to_number: Callable[[Value], Value],
    to_truth: Callable[[Value], Value],
) -> list[Value]:
    """The operands as the node's slots want them: conditions as 0 and 1 in arithmetic, numbers as `!= 0`."""
    wanted = node.operator.takes_truth
    return [
        value if (slot in wanted) == truth else (to_truth(value) if slot in wanted else to_number(value))
        for slot, (value, truth) in enumerate(zip(operands, truths, strict=True))
    ]
