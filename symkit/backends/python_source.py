"""Expressions as source that needs only torch: a Python function, and the body of a TorchScript module.

Gradients are torch's own, over forms chosen so that they are symkit's too.
"""

from __future__ import annotations

from collections.abc import Mapping

from symkit.backends.plain import plain_program
from symkit.backends.source import Emitter, python_names
from symkit.ir import Program
from symkit.text import Expression, parse
from symkit.text.printer import number_text
from symkit.transform import stabilise

HALVES = "torch.float16, torch.bfloat16"


def python_source(e: Expression | str) -> str:
    """A module with one function, `f(x, **parameters)` or `f(y, p, **parameters)`, that needs only torch.

    Parameters are tensors or floats that default to their initial values. Halves are computed in float32.

    Raises:
        DomainError: for a constant without a value, such as C.
    """
    expression = parse(e) if isinstance(e, str) else e
    names = python_names((*expression.inputs, *expression.parameters))
    function = names_free_of(expression.name or expression.kind, names)
    arguments = [f"{names[name]}: Tensor" for name in expression.inputs]
    arguments += [f"{names[name]}: Tensor | float = {_literal(value)}" for name, value in expression.parameters.items()]
    like = like_name(expression, names)
    body = [
        f'"""{expression}"""',
        f"dtype = {like}.dtype",
        f"if dtype in ({HALVES}):",
        f"    {like} = {like}.float()",
        *_inputs_like(expression, names, like),
        *(
            f"{names[name]} = torch.as_tensor({names[name]}, dtype={like}.dtype, device={like}.device)"
            for name in expression.program.parameters
        ),
        *function_body(expression, names, like),
    ]
    lines = [
        '"""Written by symkit; needs only torch."""',
        "",
        "import torch",
        "from torch import Tensor",
        "",
        "",
        f"def {function}({', '.join(arguments)}) -> Tensor:",
        *(f"    {line}" for line in body),
    ]
    return "\n".join(lines) + "\n"


def like_name(expression: Expression, names: Mapping[str, str]) -> str:
    """The input whose dtype the result has: the last one, since a target may hold integers."""
    return names[expression.inputs[-1]]


def _inputs_like(expression: Expression, names: Mapping[str, str], like: str) -> list[str]:
    return [f"{names[name]} = {names[name]}.to({like}.dtype)" for name in expression.inputs if names[name] != like]


def function_body(expression: Expression, names: dict[str, str], like: str) -> list[str]:
    """Statements from leaves of one dtype to `return`; the variable `dtype` holds the result's."""
    program = plain_program(stabilise(expression.program), expression.constant_values())
    lines, (root,) = Emitter(program, names, like).emit()
    if not _reaches_all(expression, program):
        shapes = ", ".join(f"{names[name]}.shape" for name in expression.inputs)
        whole = f"torch.broadcast_shapes({shapes})" if len(expression.inputs) > 1 else f"{like}.shape"
        root = f"{root}.expand({whole})"
    return [*lines, f"return {root}.to(dtype)"]


def script_forward(expression: Expression, names: dict[str, str], placed: Mapping[str, str]) -> str:
    """TorchScript source of `forward(self, *inputs)`; `placed` spells each parameter in a shape that broadcasts."""
    like = like_name(expression, names)
    arguments = "".join(f", {names[name]}: Tensor" for name in expression.inputs)
    body = [
        f"dtype = {like}.dtype",
        "if dtype == torch.float16 or dtype == torch.bfloat16:",
        f"    {like} = {like}.float()",
        *_inputs_like(expression, names, like),
        *(f"{names[name]} = {placed[name]}.to({like}.dtype)" for name in expression.program.parameters),
        *function_body(expression, names, like),
    ]
    return f"def forward(self{arguments}) -> Tensor:\n" + "".join(f"    {line}\n" for line in body)


def _reaches_all(expression: Expression, program: Program) -> bool:
    """Whether the result's shape follows from the formula alone."""
    return set(expression.inputs) <= set(program.inputs)


def names_free_of(name: str, taken: Mapping[str, str]) -> str:
    (spelled,) = python_names([name]).values()
    while spelled in taken.values():
        spelled += "_"
    return spelled


def _literal(value: float) -> str:
    text = number_text(value)
    return text if any(c in text for c in ".e") else f"{text}.0"
