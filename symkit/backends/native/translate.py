"""Programs to machine programs: every operator by its native form."""

from __future__ import annotations

from collections.abc import Mapping

from symkit.backends.native.machine import Format, Machine, Value
from symkit.backends.native.maths import FORMS
from symkit.evaluation.truth import fitted, is_truth
from symkit.ir import Kind, Program
from symkit.ops import Operator


def has_native_form(operator: Operator) -> bool:
    return operator.native is not None


def translate(program: Program, format: Format) -> tuple[Machine, list[Value]]:
    """(machine program, the value of every root); leaves are arguments of their own names.

    The Program is lowered to operators with native forms, and its constants are bound.
    """
    machine = Machine(format)
    return machine, instantiate(program, machine, {})


def instantiate(program: Program, machine: Machine, leaves: Mapping[str, Value]) -> list[Value]:
    """The value of every root of such a Program; leaves are what is given for their names, or arguments."""
    values: list[Value] = []
    for node in program.nodes:
        if node.kind is Kind.NUMBER:
            values.append(machine.real(node.number))
        elif node.is_leaf:
            values.append(leaves[node.name] if node.name in leaves else machine.argument(node.name))
        else:
            operands = fitted(
                node,
                [values[i] for i in node.operands],
                [is_truth(program.nodes[i]) for i in node.operands],
                machine.as_real,
                lambda value: value.differs(0.0),
            )
            assert node.operator.native is not None
            values.append(FORMS[node.operator.native](machine, *operands))
    return [machine.as_real(values[r]) if is_truth(program.nodes[r]) else values[r] for r in program.roots]
