"""export: text that reads well, and torch formats that give symkit's values and gradients where symkit is not."""

from __future__ import annotations

import inspect
import io
import json
import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import symkit
from symkit import zoo
from symkit.errors import DomainError, ParseError
from symkit.nn import FORMATS, Activation, Loss, export
from symkit.text import Expression

ENTRIES = {name: zoo.entry(name).expression for name in zoo if zoo.entry(name).kind in ("activation", "loss", "gan")}
each_entry = pytest.mark.parametrize("name", ENTRIES)

CLASSES = 10.0
"""For the losses that need the number of classes and do not set it."""

LONGEST_LINE = 110


def with_classes(e: Expression) -> Expression:
    """The expression with a value for C, if it needs one."""
    header = f"f({', '.join(e.inputs)}; C = {CLASSES:g}) = "
    return symkit.parse(header + str(e)) if "C" in symkit.functional(e).constants and "C" not in e.constants else e


def points(e: Expression) -> list[Tensor]:
    """Inputs in float64: of an activation moderate numbers and where pieces meet, of a loss pairs."""
    if len(e.inputs) == 1:
        special = [-30.0, -3.0, -2.5, -1.0, -0.0, 0.0, 1.0, 2.5, 3.0, 30.0]
        return [torch.cat([torch.linspace(-6.1, 6.2, 50), torch.tensor(special)]).double()]
    target = torch.tensor([0.0, 0.3, 1.0]).double()
    prediction = torch.tensor([-0.5, 0.0, 0.01, 0.3, 0.5, 0.9, 1.0, 1.7, 6.0]).double()
    return [grid.flatten() for grid in torch.meshgrid(target, prediction, indexing="ij")]


def derivatives(of: Callable[..., Tensor], inputs: list[Tensor], values: list[Tensor]) -> list[Tensor]:
    """The value, and the gradient by each input and parameter; zeros where nothing depends on it."""
    leaves = [tensor.detach().clone().requires_grad_() for tensor in (*inputs, *values)]
    value = of(*leaves)
    found = torch.autograd.grad(value.sum(), leaves, allow_unused=True) if value.requires_grad else [None] * len(leaves)
    return [value.detach(), *(torch.zeros_like(x) if g is None else g for g, x in zip(found, leaves, strict=True))]


def call(e: Expression, *leaves: Tensor) -> Tensor:
    inputs = len(e.inputs)
    return symkit.functional(e)(*leaves[:inputs], **dict(zip(e.parameters, leaves[inputs:], strict=True)))


def settings_away_from_start(e: Expression) -> dict[str, Tensor]:
    return {n: torch.tensor(0.9 * v + 0.2 + 0.01 * i).double() for i, (n, v) in enumerate(e.parameters.items())}


# What the other process does with all of the exports at once.
OTHER_PROCESS = """
import inspect, json, sys
from pathlib import Path
sys.modules["symkit"] = None
import torch

def derivatives(of, inputs, values):
    leaves = [tensor.detach().clone().requires_grad_() for tensor in inputs] + values
    value = of(*leaves[:len(inputs)])
    found = torch.autograd.grad(value.sum(), leaves, allow_unused=True) if value.requires_grad else [None] * len(leaves)
    found = [torch.zeros_like(x) if g is None else g for g, x in zip(found, leaves)]
    # One value a channel takes its share of the gradient of a single value.
    return [value.detach(), *found[:len(inputs)], *(gradient.sum() for gradient in found[len(inputs):])]

def fault(found, expected):
    try:
        for which, (one, other) in enumerate(zip(found, expected, strict=True)):
            torch.testing.assert_close(one, other, rtol=1e-8, atol=1e-10, equal_nan=True)
    except Exception as error:
        return f"{which}: {error}"

folder, faults = Path(sys.argv[1]), {}
for name, (source, inputs, values, expected) in torch.load(folder / "all.pt").items():
    namespace = {}
    exec(source, namespace)
    (function,) = [f for f in namespace.values() if inspect.isfunction(f)]
    values = [value.requires_grad_() for value in values]
    text = fault(derivatives(lambda *inputs: function(*inputs, *values), inputs, values), expected)
    faults[name] = {"python": text}
    if (file := folder / f"{name}.ts").exists():
        scripted = torch.jit.load(file)
        # A module takes the prediction first.
        inputs = inputs[::-1]
        expected = [expected[0], *expected[1:1 + len(inputs)][::-1], *expected[1 + len(inputs):]]
        faults[name]["torchscript"] = fault(derivatives(scripted, inputs, list(scripted.parameters())), expected)
print(json.dumps(faults))
"""


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str | None]]:
    """By name and format, how an export differs in a process that has no symkit."""
    folder = tmp_path_factory.mktemp("exports")
    everything: dict[str, Any] = {}
    for name, entry in ENTRIES.items():
        e = with_classes(entry)
        values = settings_away_from_start(e)
        # Where the value is NaN, so may be the gradients, or not.
        defined = ~call(e, *points(e), *values.values()).isnan()
        inputs = [column[defined] for column in points(e)]
        expected = derivatives(partial(call, e), inputs, list(values.values()))
        everything[name] = (export(e, "python"), inputs, list(values.values()), expected)
        if e.kind == "plain":
            continue
        settings: Any = {"reduction": "none"} if e.kind == "loss" else {"granularity": "layer"}
        if any(own in ("channel", "neuron") for own in e.granularity.values()):
            settings |= {"num_channels": len(inputs[0]), "channel_dim": -1, "shape": inputs[0].shape}
        module = symkit.compile(e, init=values, dtype=torch.float64, **settings)
        scripted = export(module, "torchscript")
        assert isinstance(scripted, torch.jit.ScriptModule)
        scripted.save(str(folder / f"{name}.ts"))
    torch.save(everything, folder / "all.pt")
    done = subprocess.run([sys.executable, "-c", OTHER_PROCESS, folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, str | None]] = json.loads(done.stdout)
    return found


@each_entry
def test_values_and_gradients_where_symkit_is_not(name: str, faults: dict[str, dict[str, str | None]]) -> None:
    formats = ["python"] if ENTRIES[name].kind == "plain" else ["python", "torchscript"]
    assert faults[name] == dict.fromkeys(formats)


@each_entry
def test_python_source_reads_well(name: str) -> None:
    source = export(with_classes(ENTRIES[name]), "python")
    assert isinstance(source, str)
    assert max(len(line) for line in source.splitlines()) <= LONGEST_LINE
    assert re.findall(r"^import .*|^from .*", source, re.MULTILINE) == ["import torch", "from torch import Tensor"]
    assert not re.search(r"where\((\w+), [^()]*, torch.where\(\1,", source), "a select inside one of the same condition"
    assert " 1.0 * " not in source


def test_where_the_gradients_of_an_export_differ() -> None:
    # The loser of the min is infinite: torch multiplies 0 by infinity, symkit masks before it multiplies.
    text = "min(x, exp(x)**2)"
    x = torch.tensor([800.0], requires_grad=True)
    assert torch.autograd.grad(symkit.functional(text)(x), x)[0].item() == 1.0
    assert torch.autograd.grad(python_function(text)(x), x)[0].isnan()


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
