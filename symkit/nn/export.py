"""Expressions and layers for other tools."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable

import torch
from torch import nn

from symkit.backends.python_source import python_source, script_forward
from symkit.backends.source import python_names
from symkit.errors import DomainError
from symkit.nn.activation import Activation
from symkit.nn.compile import compile
from symkit.nn.loss import Loss
from symkit.text import Expression, parse
from symkit.text.describe import describe

TEXT_FORMATS: dict[str, Callable[[Expression], str]] = {
    "text": str,
    "latex": Expression.latex,
    "dot": Expression.dot,
    "json": lambda expression: json.dumps(describe(expression), indent=2, ensure_ascii=False),
    "python": python_source,
}
FORMATS = (*TEXT_FORMATS, "torchscript")


def export(e: Expression | Activation | Loss | str, format: str) -> str | torch.jit.ScriptModule:
    """The expression, or a layer with what it has learnt, in another form.

    Args:
        e: an expression, its text, or an `Activation` or `Loss`.
        format: "text", "latex", "dot", "json", "python" (one function that needs only torch) or "torchscript" (a
            ScriptModule: save it, load it where symkit is not installed).

    Returns:
        Text, or for "torchscript" the module. Gradients of the two torch formats are torch's own. They are symkit's
        but where the loser of a min or max is infinite or NaN: there autograd multiplies 0 by infinity.

    Raises:
        DomainError: for an unknown format, or a constant without a value.
    """
    if format not in FORMATS:
        raise DomainError(f"format {format!r} is not one of {', '.join(FORMATS)}")
    if isinstance(e, nn.Module):
        expression = e.expression
        module = e
    else:
        expression = parse(e) if isinstance(e, str) else e
        module = None
    if format in TEXT_FORMATS:
        return TEXT_FORMATS[format](expression if module is None else _with_learnt(module))
    return script_module(module if module is not None else compile(expression))


def _with_learnt(module: Activation | Loss) -> Expression:
    """The module's expression with its scalar parameters as initial values."""
    expression = module.expression
    settings = dict(expression.settings)
    for name, attribute in module.attributes.items():
        value = getattr(module, attribute)
        if value.numel() != 1:
            raise DomainError(
                f"{name} has {value.numel()} values; text holds one. Export as torchscript, or save its state_dict"
            )
        settings[name] = type(settings[name])(value.item(), settings[name].granularity)
    return Expression(
        expression.program,
        expression.kind,
        expression.inputs,
        settings,
        expression.constants,
        expression.table,
        expression.name,
    )


def _holder(module: nn.Module) -> torch.jit.ScriptModule:
    """An empty ScriptModule with a module's parameters and buffers."""

    # torch shares the compiled type of equal Python classes; a class of its own lets each module define forward.
    class Exported(torch.jit.ScriptModule):
        def __init__(self) -> None:
            super().__init__()
            for name, parameter in module.named_parameters():
                setattr(self, name, nn.Parameter(parameter.detach().clone(), parameter.requires_grad))
            for name, buffer in module.named_buffers():
                self.register_buffer(name, buffer.detach().clone())

    return Exported()


def script_module(module: Activation | Loss) -> torch.jit.ScriptModule:
    """A ScriptModule that runs without symkit: `forward(x)`, or `forward(input, target)` with the reduction."""
    expression = module.expression
    if isinstance(module, Loss) and module.constants:
        expression = Expression(
            expression.program,
            expression.kind,
            expression.inputs,
            expression.settings,
            {**expression.constants, **module.constants},
            expression.table,
            expression.name,
        )
    names = python_names((*expression.inputs, *expression.parameters))
    placed = {name: _placed(module, name, names) for name in expression.parameters}
    source = script_forward(expression, names, placed)
    if isinstance(module, Loss):
        source = _as_loss(source, module)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        scripted = _holder(module)
        scripted.define(source)
    return scripted


def _placed(module: Activation | Loss, name: str, names: dict[str, str]) -> str:
    """TorchScript text of a parameter in a shape that broadcasts."""
    text = f"self.{module.attributes[name]}"
    if isinstance(module, Activation) and module.sharing[name] == "channel":
        x = names[module.expression.inputs[0]]
        after = -1 - module.channel_dim if module.channel_dim < 0 else f"{x}.dim() - {1 + module.channel_dim}"
        return f"{text}.reshape([-1] + [1] * ({after}))"
    return text


def _as_loss(source: str, module: Loss) -> str:
    """`forward(input, target)` in torch's order around the pointwise function."""
    inputs = ", ".join("target" if name == "y" else "input" for name in module.expression.inputs)
    reduced = {"none": "losses", "mean": "losses.mean()", "sum": "losses.sum()"}[module.reduction]
    pointwise = source.replace("def forward(self", "def pointwise(self", 1)
    return (
        f"{pointwise}\ndef forward(self, input: Tensor, target: Tensor) -> Tensor:\n"
        f"    losses = self.pointwise({inputs})\n    return {reduced}\n"
    )


__all__ = ["FORMATS", "export", "script_module"]
