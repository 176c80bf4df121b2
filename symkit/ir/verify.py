"""The verifier: what every Program must be. Cheap enough to run after each pass in tests."""

from __future__ import annotations

import math

from symkit.errors import DomainError
from symkit.ir.program import Kind, Program, identity
from symkit.ops import Operator


def verify(program: Program) -> None:
    """Raises DomainError at the first node that breaks a rule."""
    seen: dict[object, int] = {}
    names: dict[str, Kind] = {}
    for index, node in enumerate(program.nodes):
        if node.kind is Kind.APPLY:
            if not isinstance(node.value, Operator):
                _reject(index, f"applies {node.value!r}, which is not an operator")
            if len(node.operands) != node.operator.arity:
                _reject(index, f"{node.operator.name} has {len(node.operands)} operands, not {node.operator.arity}")
        elif node.operands:
            _reject(index, "a leaf has operands")
        elif node.kind is Kind.NUMBER:
            if not isinstance(node.value, float) or not math.isfinite(node.value):
                _reject(index, f"literal {node.value!r} is not a finite float")
        elif not isinstance(node.value, str) or not node.value:
            _reject(index, f"{node.kind.value} name {node.value!r} is not a name")
        elif names.setdefault(node.value, node.kind) is not node.kind:
            _reject(index, f"{node.value!r} is both {names[node.value].value} and {node.kind.value}")
        if any(not 0 <= operand < index for operand in node.operands):
            _reject(index, f"operands {node.operands} do not all come before it")
        key = (node.kind, identity(node.kind, node.value), node.operands)
        if key in seen:
            _reject(index, f"repeats node {seen[key]}")
        seen[key] = index
    if not program.roots or any(not 0 <= root < len(program.nodes) for root in program.roots):
        raise DomainError(f"roots {program.roots} do not name nodes of a program of {len(program.nodes)}")
    unused = [i for i, count in enumerate(program.uses) if count == 0]
    if unused:
        _reject(unused[0], "is neither used nor a root")


def _reject(index: int, problem: str) -> None:
    raise DomainError(f"node {index}: {problem}")
