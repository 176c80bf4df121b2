"""Expressions and layers for other tools."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import nn

from symkit.backends.python_source import python_source, script_method
from symkit.backends.source import python_names
from symkit.backends.torchscript import WARNINGS
from symkit.errors import DomainError, Unsupported
from symkit.nn.activation import Activation
from symkit.nn.compile import compile
from symkit.nn.loss import Loss
from symkit.nn.module import ExpressionModule
from symkit.text import Expression, parse
from symkit.text.describe import describe
from symkit.text.names import FIXED_CONSTANTS, SETTABLE_CONSTANTS

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
        Text, or for "torchscript" the module. The text of a loss is that of one element, without link and reduction.
        Gradients of the two torch formats are torch's own. They are symkit's but where a part of the formula that
        does not count overflows, such as the loser of a min or max: there autograd multiplies 0 by infinity.

    Raises:
        DomainError: for an unknown format, a constant without a value, or text of a layer with many values of a
            parameter.
        Unsupported: for "torchscript" of a loss of logits; torch.export writes it.
    """
    if format not in FORMATS:
        raise DomainError(f"format {format!r} is not one of {', '.join(FORMATS)}")
    if isinstance(e, ExpressionModule):
        return script_module(e) if format == "torchscript" else TEXT_FORMATS[format](_with_learnt(e))
    if isinstance(e, nn.Module):
        raise DomainError(f"a {type(e).__name__} is no expression; export each Activation and Loss by itself")
    expression = parse(e) if isinstance(e, str) else e
    return script_module(compile(expression)) if format == "torchscript" else TEXT_FORMATS[format](expression)


def _with_learnt(module: ExpressionModule) -> Expression:
    """The module's expression with its values as initial values."""
    settings = dict(module.expression.settings)
    for name, value in module.values().items():
        if value.numel() != 1:
            raise DomainError(
                f"{name} has {value.numel()} values; text holds one. Export as torchscript, or save its state_dict"
            )
        settings[name] = replace(settings[name], initial=value.item())
    return replace(module.expression, settings=settings)


def script_module(module: ExpressionModule) -> torch.jit.ScriptModule:
    """A ScriptModule that runs without symkit: `forward(x)`, or `forward(input, target)` with the reduction."""
    source = _loss_source(module) if isinstance(module, Loss) else _activation_source(module)
    with WARNINGS, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        scripted = _holder(module)
        scripted.define(source)
    return scripted


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


def _activation_source(module: ExpressionModule) -> str:
    expression = module.expression
    (x,) = expression.inputs
    names = python_names((x, *expression.parameters))
    values = {name: f"{_placed(module, name, names[x])}.to({names[x]}.dtype)" for name in expression.parameters}
    pointwise = script_method(expression, expression.constant_values(), names, values)
    return f"{pointwise}\ndef forward(self, x: Tensor) -> Tensor:\n    return self.pointwise(x)\n"


def _placed(module: ExpressionModule, name: str, x: str) -> str:
    """A parameter in a shape that broadcasts."""
    text = f"self.{module.attributes[name]}"
    if isinstance(module, Activation) and module.sharing[name] == "channel":
        dim = module.channel_dim
        after = f"[1] * {-1 - dim}" if dim < 0 else f"[1] * ({x}.dim() - {1 + dim})"
        return f"{text}.reshape([-1] + {after})"
    return text


def _loss_source(module: Loss) -> str:
    """`forward` in torch's order around the pointwise function."""
    if module.link != "identity":
        raise Unsupported(
            f"a loss of logits, under link {module.link!r}, has no TorchScript form; "
            "torch.export.export(loss, (logits, target)) writes a program that runs without symkit"
        )
    expression = module.expression
    constants = {**FIXED_CONSTANTS, **_set_constants(expression)}
    unset = [name for name in module.function.constants if name not in constants]
    names = python_names((*expression.inputs, *expression.parameters, *unset))
    p = names[expression.inputs[-1]]
    values = {name: f"self.{attribute}.to({p}.dtype)" for name, attribute in module.attributes.items()}
    # C, the number of classes, is the only constant without a default.
    values |= dict.fromkeys(unset, f"torch.scalar_tensor({p}.shape[1], dtype={p}.dtype, device={p}.device)")
    inputs = ", ".join("target" if name == "y" else "input" for name in expression.inputs)
    reduced = {"none": "losses", "mean": "losses.mean()", "sum": "losses.sum()"}[module.reduction]
    return (
        f"{script_method(expression, constants, names, values)}\n"
        "def forward(self, input: Tensor, target: Tensor) -> Tensor:\n"
        f"    losses = self.pointwise({inputs})\n    return {reduced}\n"
    )


def _set_constants(expression: Expression) -> dict[str, float]:
    """Constants that have a value, by header, call or default."""
    values = {name: expression.constants.get(name, default) for name, default in SETTABLE_CONSTANTS.items()}
    return {name: value for name, value in values.items() if value is not None}


__all__ = ["FORMATS", "export", "script_module"]
