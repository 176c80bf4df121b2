"""export: text that reads well, and torch formats that keep what a layer has learnt."""

from __future__ import annotations

import inspect
import io
import json
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import symkit
from symkit.errors import DomainError, ParseError
from symkit.nn import FORMATS, Activation, Loss, export


def test_an_infinite_loser_does_not_poison_the_gradient_of_an_export() -> None:
    text = "min(x, exp(x)**2)"
    x = torch.tensor([800.0], requires_grad=True)
    assert torch.autograd.grad(symkit.functional(text)(x), x)[0].item() == 1.0
    assert torch.autograd.grad(python_function(text)(x), x)[0].item() == 1.0


# Python source


def python_function(e: Any) -> Callable[..., Tensor]:
    """The function of an export, in a namespace of its own."""
    namespace: dict[str, Any] = {}
    exec(source_of(e), namespace)
    (function,) = (found for found in namespace.values() if inspect.isfunction(found))
    return function


def source_of(e: Any) -> str:
    source = export(e, "python")
    assert isinstance(source, str)
    return source


HEAD = '"""Written by symkit; needs only torch."""\n\nimport torch\nfrom torch import Tensor\n\n\n'
LIKE_X = """\
    dtype = torch.result_type(x, 1.0)
    x = x.to(torch.promote_types(dtype, torch.float32))  # halves are computed in float32
"""

SNAPSHOTS = {
    "elu(x)": f'''\
def activation(x: Tensor) -> Tensor:
    """elu(x)"""
{LIKE_X}\
    t1 = x > 0.0
    return torch.where(t1, x, torch.expm1(torch.where(t1, 0.0, x))).to(dtype)
''',
    "gate(x; lambda = 0.5, b: channel) = max(x**2, lambda)*(1 - b)": f'''\
def gate(x: Tensor, lambda_: Tensor | float = 0.5, b: Tensor | float = 1.0) -> Tensor:
    """gate(x; lambda = 0.5, b: channel) = max(x**2, lambda)*(1 - b)"""
{LIKE_X}\
    lambda_ = torch.as_tensor(lambda_, dtype=x.dtype, device=x.device)
    b = torch.as_tensor(b, dtype=x.dtype, device=x.device)
    return (torch.maximum(x ** 2.0, lambda_) * (1.0 - b)).to(dtype)
''',
    "-y*log(sigmoid(p)) + where(p > y, sqrt(p - y), 0)": '''\
def loss(y: Tensor, p: Tensor) -> Tensor:
    """-y*log(sigmoid(p)) + where(p > y, sqrt(p - y), 0)"""
    dtype = torch.promote_types(y.dtype, torch.result_type(p, 1.0))
    p = p.to(torch.promote_types(dtype, torch.float32))  # halves are computed in float32
    y = y.to(p.dtype)
    t1 = p > y
    t2 = torch.where(t1, torch.sqrt(torch.where(t1, p - y, 1.0)), 0.0)
    return (-y * torch.nn.functional.logsigmoid(p) + t2).to(dtype)
''',
    "relu6(x)": f'''\
def activation(x: Tensor) -> Tensor:
    """relu6(x)"""
{LIKE_X}\
    c1 = torch.scalar_tensor(6.0, dtype=x.dtype, device=x.device)
    return torch.minimum(torch.relu(x), c1).to(dtype)
''',
}


@pytest.mark.parametrize("text", SNAPSHOTS)
def test_python_source_to_the_letter(text: str) -> None:
    assert source_of(text) == HEAD + SNAPSHOTS[text]


@pytest.mark.parametrize("name", ["lambda", "class", "torch", "Tensor", "dtype", "result", "self", "t1", "c1", "None"])
def test_names_that_the_source_uses_itself(name: str) -> None:
    text = f"max(x, 2)*{name} + (x + {name})**2 + exp(x + {name}) + min(3, x)"
    x, value = torch.randn(4), torch.tensor(0.7)
    expected = symkit.functional(text)(x, **{name: value})
    torch.testing.assert_close(python_function(text)(x, value), expected)
    torch.testing.assert_close(scripted(Activation(text, init={name: value}))(x), expected)


@pytest.mark.parametrize("name", ["torch", "lambda", "x", "beta", "Tensor"])
def test_function_names(name: str) -> None:
    f = python_function(f"{name}(x) = beta*x" if name != "x" else "x(x) = beta*x")
    assert f(torch.ones(1), 3.0).item() == 3.0


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_exports_compute_as_symkit_does_in_every_dtype(dtype: torch.dtype) -> None:
    text = "a*log(sigmoid(x))*arcsinh(x)"
    x, a = torch.randn(64).to(dtype), torch.tensor(0.7).to(dtype)
    expected = symkit.functional(text, backend="torch")(x, a=a)
    layer = Activation(text, init={"a": a}, dtype=dtype)
    for found in (python_function(text)(x, a), scripted(layer)(x)):
        assert found.dtype == dtype
        assert torch.equal(found, expected)


def test_exports_take_integers() -> None:
    assert python_function("x/2")(torch.tensor([1, 2])).tolist() == [0.5, 1.0]
    y, p = torch.tensor([0, 1]), torch.tensor([0.5, 0.25])
    assert torch.equal(python_function("(y - p)**2")(y, p), torch.tensor([0.25, 0.5625]))
    assert torch.equal(scripted(Loss("(y - p)**2", reduction="none"))(p, y), torch.tensor([0.25, 0.5625]))


@pytest.mark.parametrize("text", ["one(x)", "a", "x", "pi"])
def test_exports_give_no_view_of_their_input(text: str) -> None:
    e = symkit.parse(text, kind="activation")
    for function in (python_function(e), scripted(Activation(e))):
        x = torch.zeros(2, 3)
        value = function(x)
        assert value.shape == (2, 3)
        value.add_(1)
        assert not x.any()


def test_a_loss_without_its_target_has_the_shape_of_both() -> None:
    y, p = torch.zeros(4, 1), torch.ones(3)
    assert torch.equal(python_function("-p")(y, p), torch.full((4, 3), -1.0))


# What was learnt


def test_learnt_values_are_written_down() -> None:
    layer = Activation("f(x; a = 2, b) = a*x + b", granularity="none", init={"b": 4.0})
    with torch.no_grad():
        layer.a.fill_(0.25)
    x = torch.randn(3)
    assert export(layer, "text") == "f(x; a = 0.25, b = 4) = a*x + b"
    assert json.loads(str(export(layer, "json")))["parameters"] == {"a": 0.25, "b": 4.0}
    torch.testing.assert_close(python_function(layer)(x), layer(x))
    loss = Loss("a*(y - p)**2/C", C=4, init={"a": 3.0})
    assert export(loss, "text") == "f(y, p; a = 3, C = 4) = a*(y - p)**2/C"
    torch.testing.assert_close(python_function(loss)(x, 2 * x), 3 * x**2 / 4)


def test_many_values_do_not_fit_text() -> None:
    layer = Activation("a*x", granularity="channel", num_channels=3)
    with pytest.raises(DomainError, match=r"a has 3 values; text holds one. Export as torchscript, or save its state"):
        export(layer, "python")


# TorchScript


def scripted(module: Any) -> torch.jit.ScriptModule:
    found = export(module, "torchscript")
    assert isinstance(found, torch.jit.ScriptModule)
    return found


def through_file(module: torch.jit.ScriptModule) -> torch.jit.ScriptModule:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        loaded: torch.jit.ScriptModule = torch.jit.load(io.BytesIO(module.save_to_buffer()))
    return loaded


@pytest.mark.parametrize(
    ("settings", "shape"),
    [
        ({}, (2, 4)),
        ({"granularity": "none"}, (2, 4)),
        ({"granularity": "channel", "num_channels": 4}, (2, 4, 3, 3)),
        ({"granularity": "channel", "num_channels": 4}, (2, 4)),
        ({"granularity": "channel", "num_channels": 4, "channel_dim": -1}, (4,)),
        ({"granularity": "channel", "num_channels": 4, "channel_dim": -2}, (2, 4, 3)),
        ({"granularity": "channel", "num_channels": 4, "channel_dim": 0}, (4, 2, 3)),
        ({"granularity": "neuron", "shape": (4, 3)}, (5, 4, 3)),
    ],
)
def test_scripted_layers(settings: dict[str, Any], shape: tuple[int, ...]) -> None:
    layer = Activation("a*x*sigmoid(lambda*x)", **settings)
    with torch.no_grad():
        for value in layer.values().values():
            value.copy_(torch.randn(value.shape))
    loaded = through_file(scripted(layer))
    assert loaded.state_dict().keys() == layer.state_dict().keys()
    assert {n for n, _ in loaded.named_parameters()} == {n for n, _ in layer.named_parameters()}
    x = torch.randn(shape, requires_grad=True)
    for _ in range(3):
        # TorchScript runs differently once it has seen what it is given.
        torch.testing.assert_close(loaded(x), layer(x))
        ours = torch.autograd.grad(layer(x).square().sum(), [x, *layer.parameters()])
        found = torch.autograd.grad(loaded(x).square().sum(), [x, *loaded.parameters()])
        torch.testing.assert_close(found, ours)


def test_a_scripted_layer_is_a_copy_that_trains() -> None:
    layer = Activation("a*x")
    copied = scripted(layer)
    copied(torch.ones(2)).sum().backward()
    with torch.no_grad():
        copied.a.add_(1)
    assert layer.a.item() == 1.0
    assert layer.a.grad is None
    assert copied.a.grad.item() == 2.0
    assert copied.double()(torch.ones(2).double()).dtype == torch.float64
    assert not scripted(Activation("a*x").requires_grad_(False)).a.requires_grad


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("text", ["a*(y - p)**2", "-y*log(p)/C", "-log_abs_eps(p)", "(y - z)**2", "a*p"])
def test_scripted_losses(text: str, reduction: str) -> None:
    loss = Loss(text, reduction=reduction)
    loaded = through_file(scripted(loss))
    p, y = torch.rand(4, 3, requires_grad=True), torch.rand(4, 3)
    torch.testing.assert_close(loaded(p, y), loss(p, y))
    leaves, others = [p, *loss.parameters()], [p, *loaded.parameters()]
    torch.testing.assert_close(
        torch.autograd.grad(loaded(p, y).sum(), others), torch.autograd.grad(loss(p, y).sum(), leaves)
    )


def test_scripted_losses_keep_their_constants() -> None:
    p, y = torch.rand(4, 3), torch.rand(4, 3)
    for loss in (Loss("y*p/C + eps", C=7, eps=0.5), Loss("f(y, p; C = 7, eps = 0.5) = y*p/C + eps")):
        torch.testing.assert_close(scripted(loss)(p, y), (y * p).mean() / 7 + 0.5)


def test_text_and_expressions_can_be_scripted() -> None:
    x = torch.randn(3)
    assert torch.equal(scripted("tanh(x)")(x), x.tanh())
    assert torch.equal(scripted(symkit.parse("tanh(x)"))(x), x.tanh())


# Other formats, and errors


def test_every_format_gives_what_it_says() -> None:
    e = symkit.parse("x*sigmoid(beta*x)")
    assert export(e, "text") == str(e)
    assert export(e, "latex") == e.latex()
    assert str(export(e, "dot")).startswith("digraph")
    described = json.loads(str(export(e, "json")))
    assert symkit.parse(described["text"], kind=described["kind"]) == e
    for format in FORMATS:
        assert isinstance(export(str(e), format), torch.jit.ScriptModule if format == "torchscript" else str)


@pytest.mark.parametrize(
    ("e", "format", "message"),
    [
        ("x", "onnx", r"format 'onnx' is not one of text, latex, dot, json, python, torchscript"),
        ("x", "", r"format '' is not one of text"),
        ("(y - p)/C", "python", r"C \(the number of classes\) has no value; pass C=10, or set it in the header"),
        ("x*y", "torchscript", r"x\*y is neither activation nor loss, its inputs are x, y; functional\(\) runs it"),
        (nn.Linear(2, 2), "python", r"a Linear is no expression; export each Activation and Loss by itself"),
    ],
)
def test_errors_say_what_is_allowed(e: Any, format: str, message: str) -> None:
    with pytest.raises(DomainError, match=message):
        export(e, format)


def test_text_that_does_not_parse() -> None:
    with pytest.raises(ParseError):
        export("x +", "python")
