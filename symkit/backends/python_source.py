"""Expressions as source that needs only torch: a Python function, and the methods of a TorchScript module.

Gradients are torch's own, over forms chosen so that they are symkit's too.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from symkit.backends.plain import plain_program
from symkit.backends.source import Emitter, number, python_names
from symkit.errors import DomainError
from symkit.ir import Program
from symkit.text import Expression, parse
from symkit.transform import stabilise

LINE = 100
HEAD = '''"""Written by symkit; needs only torch."""

import torch
from torch import Tensor


'''


def python_source(e: Expression | str) -> str:
    """A module with one function, `f(x, **parameters)` or `f(y, p, **parameters)`, that needs only torch.

    Parameters are tensors or numbers that default to their initial values. Halves are computed in float32, integers
    too; the result has the dtype of the inputs.

    Raises:
        DomainError: for a constant without a value, such as C, or an expression without inputs.
    """
    expression = parse(e) if isinstance(e, str) else e
    if not expression.inputs:
        raise DomainError(f"{expression} has no inputs; a function of tensors needs one, such as f(x) = {expression}")
    names = python_names((*expression.inputs, *expression.parameters))
    like = names[expression.inputs[-1]]
    (function,) = python_names([expression.name or expression.kind], taken=names.values()).values()
    arguments = [f"{names[name]}: Tensor" for name in expression.inputs]
    arguments += [f"{names[name]}: Tensor | float = {number(value)}" for name, value in expression.parameters.items()]
    parameters = {
        name: f"torch.as_tensor({names[name]}, dtype={like}.dtype, device={like}.device)"
        for name in expression.parameters
    }
    program = plain_program(stabilise(expression.program), expression.constant_values())
    body = [*_docstring(expression), *_statements(expression, program, names, parameters)]
    return HEAD + _signature(function, arguments) + "".join(f"    {line}\n" for line in body)


def script_method(
    expression: Expression, constants: Mapping[str, float], names: dict[str, str], values: Mapping[str, str]
) -> str:
    """TorchScript source of a method `pointwise(self, *inputs)`.

    Args:
        constants: those that have a value.
        names: the Python spelling of inputs, parameters and other constants.
        values: the text of each parameter and other constant, in a shape that broadcasts.
    """
    program = plain_program(stabilise(expression.program), constants)
    arguments = "".join(f", {names[name]}: Tensor" for name in expression.inputs)
    body = _statements(expression, program, names, values)
    return f"def pointwise(self{arguments}) -> Tensor:\n" + "".join(f"    {line}\n" for line in body)


def _statements(
    expression: Expression, program: Program, names: dict[str, str], values: Mapping[str, str]
) -> list[str]:
    """Statements from inputs of any dtype to `return`."""
    *others, like = (names[name] for name in expression.inputs)
    dtype = f"torch.result_type({like}, 1.0)"
    for other in others:
        dtype = f"torch.promote_types({other}.dtype, {dtype})"
    lines, (root,) = Emitter(program, names, like).emit()
    used = {*program.inputs, *program.parameters}
    if not used >= set(expression.inputs):
        shapes = ", ".join(f"{names[name]}.shape" for name in expression.inputs)
        lines.append(f"result = {root}")
        root = f"result.expand({f'torch.broadcast_shapes({shapes})' if others else shapes}).clone()"
    elif program.nodes[program.root].is_leaf:
        root = f"{root}.clone()"
    return [
        f"dtype = {dtype}",
        f"{like} = {like}.to(torch.promote_types(dtype, torch.float32))  # halves are computed in float32",
        *(f"{names[name]} = {names[name]}.to({like}.dtype)" for name in expression.inputs[:-1] if name in used),
        *(f"{names[name]} = {value}" for name, value in values.items() if name in used),
        *lines,
        f"return {root}.to(dtype)",
    ]


def _signature(function: str, arguments: list[str]) -> str:
    line = f"def {function}({', '.join(arguments)}) -> Tensor:\n"
    if len(line) <= LINE:
        return line
    return f"def {function}(\n" + "".join(f"    {argument},\n" for argument in arguments) + ") -> Tensor:\n"


def _docstring(expression: Expression) -> list[str]:
    lines = textwrap.wrap(str(expression), LINE, break_long_words=False)
    if len(lines) == 1:
        return [f'"""{lines[0]}"""']
    return [f'"""{lines[0]}', *lines[1:], '"""']
