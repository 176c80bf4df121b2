"""Why a witness fails: the operator whose operands are finite and whose result is not."""

from __future__ import annotations

import math
from collections.abc import Mapping

from symkit.evaluation import evaluate_numpy
from symkit.evaluation.formats import FORMATS, Format
from symkit.ir import Program, lower
from symkit.ops import Operator


def point_text(point: Mapping[str, float], form: Format = FORMATS["float64"]) -> str:
    """`x = 4.48552`, in the shortest digits that a number of the format has."""
    return ", ".join(f"{name} = {form.text(value)}" for name, value in point.items())


def number_text(value: float) -> str:
    """The shortest digits that read back to the float."""
    return FORMATS["float64"].text(value)


def explanation(program: Program, point: Mapping[str, float], constants: Mapping[str, float], form: Format) -> str:
    """One sentence: where it fails, and by which operator."""
    where = f"at {point_text(point, form)}, " if point else ""
    lowered = lower(program, lambda operator: operator.numpy is not None)
    everything = Program(lowered.nodes, range(len(lowered.nodes)))
    arrays = evaluate_numpy(everything, {**point, **constants}, form.computed)
    values = [float(array.reshape(-1)[0]) for array in arrays]
    for root in lowered.roots:
        if not math.isfinite(values[root]):
            origin = _origin(lowered, values, root)
            node = lowered.nodes[origin]
            if node.is_leaf:
                return f"{where}{node.value:g} is more than {form.computed} holds"
            return f"{where}{_cause(node.operator, [values[i] for i in node.operands], values[origin], form)}"
        if abs(values[root]) > form.largest:
            return f"{where}the result {values[root]:g} is more than {form.name} holds"
    return f"{where}the result is not finite"


def _origin(program: Program, values: list[float], index: int) -> int:
    """Where what is not finite came up: the node that all below it are finite for."""
    while True:
        below = [i for i in program.nodes[index].operands if not math.isfinite(values[i])]
        if not below:
            return index
        index = below[0]


def _cause(operator: Operator, operands: list[float], value: float, form: Format) -> str:
    call = _call(operator, operands)
    if math.isnan(value):
        return f"{call} has no real value"
    if _has_pole(operator, operands):
        return f"{call} is infinite"
    return f"{call} is more than {form.computed} holds"


def _has_pole(operator: Operator, operands: list[float]) -> bool:
    """Whether the exact value is infinite too."""
    from symkit.evaluation import evaluate_exact
    from symkit.ir import ProgramBuilder

    builder = ProgramBuilder()
    numbers = tuple(builder.number(operand) for operand in operands)
    (exact,) = evaluate_exact(builder.build([builder.apply(operator, numbers)]), {})
    return math.isinf(float(exact)) and abs(exact) == math.inf


def _call(operator: Operator, operands: list[float]) -> str:
    texts = [f"{operand:.6g}" for operand in operands]
    if operator.infix is None:
        return f"{operator.name}({', '.join(texts)})"
    texts = [f"({text})" if text.startswith("-") else text for text in texts]
    if operator.infix.prefix:
        return f"{operator.infix.symbol}{texts[0]}"
    return f" {operator.infix.symbol} ".join(texts)
