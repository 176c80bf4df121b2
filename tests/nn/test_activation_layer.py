"""nn.Activation: parameters of every granularity, and everything one does with a torch module."""

from __future__ import annotations

import copy
import io
import pickle
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import symkit
from symkit.errors import DomainError
from symkit.nn import Activation, act_layer

SWISH = "x*sigmoid(beta*x)"


def swish(x: Tensor, beta: Tensor | float = 1.0) -> Tensor:
    return x * torch.sigmoid(beta * x)


def learnable(layer: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(parameter.shape) for name, parameter in layer.named_parameters()}


# Granularity


def test_one_value_a_layer(backend: str) -> None:
    layer = Activation(SWISH, backend=backend)
    assert learnable(layer) == {"beta": ()}
    x = torch.randn(4, 3)
    torch.testing.assert_close(layer(x), swish(x))
    layer(x).sum().backward()
    assert layer.beta.grad.shape == ()


def test_fixed_values_are_buffers(backend: str) -> None:
    layer = Activation(SWISH, granularity="none", init={"beta": 2.0}, backend=backend)
    assert learnable(layer) == {}
    assert {name: value.item() for name, value in layer.named_buffers()} == {"beta": 2.0}
    assert list(layer.state_dict()) == ["beta"]
    x = torch.randn(5)
    torch.testing.assert_close(layer(x), swish(x, 2.0))


@pytest.mark.parametrize(
    ("shape", "dim"),
    [
        ((4,), 0),
        ((4,), -1),
        ((2, 4), 1),
        ((2, 4), -1),
        ((2, 5, 4), 2),
        ((2, 4, 3, 3), 1),
        ((2, 4, 3, 3), -3),
        ((4, 2, 3), -3),
    ],
)
def test_one_value_a_channel(shape: tuple[int, ...], dim: int, backend: str) -> None:
    beta = torch.tensor([0.5, 1.0, 2.0, -1.0])
    layer = Activation(
        SWISH, granularity="channel", num_channels=4, channel_dim=dim, init={"beta": beta}, backend=backend
    )
    assert learnable(layer) == {"beta": (4,)}
    x = torch.randn(shape)
    last = x.movedim(dim, -1)
    torch.testing.assert_close(layer(x), swish(last, beta).movedim(-1, dim))
    layer(x).sum().backward()
    by_hand = beta.clone().requires_grad_()
    swish(last, by_hand).sum().backward()
    torch.testing.assert_close(layer.beta.grad, by_hand.grad)


@pytest.mark.parametrize(
    ("sample", "batch"), [((), (5,)), ((4,), (2,)), ((4, 3), (2,)), ((4, 3), (2, 6)), ((4, 3), ())]
)
def test_one_value_a_neuron(sample: tuple[int, ...], batch: tuple[int, ...], backend: str) -> None:
    beta = torch.randn(sample)
    layer = Activation(SWISH, granularity="neuron", shape=sample, init={"beta": beta}, backend=backend)
    assert learnable(layer) == {"beta": sample}
    x = torch.randn(*batch, *sample)
    torch.testing.assert_close(layer(x), swish(x, beta))
    layer(x).sum().backward()
    assert layer.beta.grad.shape == sample


def test_the_header_overrides_the_granularity() -> None:
    text = "f(x; a: channel = 0.5, b: layer, c) = a*x + b*x**2 + c"
    layer = Activation(text, granularity="none", num_channels=3)
    assert learnable(layer) == {"a": (3,), "b": ()}
    assert layer.a.tolist() == [0.5, 0.5, 0.5]
    assert [name for name, _ in layer.named_buffers()] == ["c"]
    assert learnable(Activation(text, granularity="neuron", num_channels=3, shape=(3, 2))) == {
        "a": (3,),
        "b": (),
        "c": (3, 2),
    }


def test_a_function_without_parameters() -> None:
    layer = Activation("tanh(x)")
    assert not list(layer.parameters())
    assert not layer.state_dict()
    torch.testing.assert_close(layer(torch.ones(2)), torch.ones(2).tanh())


# Initial values


def test_initial_values() -> None:
    text = "f(x; a = 0.25, b) = a*x + b"
    assert {n: p.item() for n, p in Activation(text).named_parameters()} == {"a": 0.25, "b": 1.0}
    layer = Activation(text, granularity="channel", num_channels=2, init={"a": torch.tensor([3.0, 4.0]), "b": 2})
    assert {n: p.tolist() for n, p in layer.named_parameters()} == {"a": [3.0, 4.0], "b": [2.0, 2.0]}
    assert Activation(text, granularity="channel", num_channels=2, init={"a": torch.tensor(5.0)}).a.tolist() == [
        5.0,
        5.0,
    ]


def test_an_initial_tensor_is_copied() -> None:
    start = torch.tensor([1.0, 2.0])
    layer = Activation(SWISH, granularity="channel", num_channels=2, init={"beta": start})
    start.add_(5)
    assert layer.beta.tolist() == [1.0, 2.0]
    with torch.no_grad():
        layer.beta.add_(7)
    layer.reset_parameters()
    assert layer.beta.tolist() == [1.0, 2.0]


def test_device_and_dtype_of_parameters() -> None:
    layer = Activation(SWISH, device="meta", dtype=torch.float64)
    assert (layer.beta.device.type, layer.beta.dtype) == ("meta", torch.float64)
    layer = layer.to_empty(device="cpu")
    layer.reset_parameters()
    assert layer.beta.item() == 1.0
    assert Activation(SWISH, init={"beta": torch.tensor(2.0, dtype=torch.float64)}).beta.dtype == torch.float64
    assert Activation(SWISH, init={"beta": torch.tensor(2)}).beta.dtype == torch.float32
    with torch.device("meta"):
        assert Activation(SWISH).beta.is_meta


# Names


@pytest.mark.parametrize(
    "name",
    ["training", "expression", "type", "lambda", "forward", "function", "half", "None", "granularity", "attributes"],
)
def test_names_that_a_module_uses_itself(name: str) -> None:
    layer = Activation(f"{name}*x + 1")
    attribute = f"{name}_"
    assert learnable(layer) == {attribute: ()}
    assert layer.attributes == {name: attribute}
    with torch.no_grad():
        getattr(layer, attribute).fill_(3.0)
    assert layer(torch.ones(1)).item() == 4.0
    assert layer.half()(torch.ones(1)).item() == 4.0
    assert copy.deepcopy(layer).eval()(torch.ones(1)).item() == 4.0
    assert Activation(f"{name}*x + 1", init={name: 2.0})(torch.ones(1)).item() == 3.0


def test_names_that_clash_with_each_other() -> None:
    for text in ("type*x + type_", "type_*x + type"):
        layer = Activation(text, init={"type": 2.0, "type_": 5.0})
        assert sorted(learnable(layer)) == ["type_", "type__"]
        assert layer(torch.ones(1)).item() == 7.0


# What one does with a module


def trained(**settings: Any) -> Activation:
    layer = Activation("a*x*sigmoid(b*x)", **settings)
    with torch.no_grad():
        layer.a.fill_(0.3)
        layer.b.fill_(-2.0)
    return layer


def through_pickle(layer: nn.Module) -> nn.Module:
    copied: nn.Module = pickle.loads(pickle.dumps(layer))
    return copied


def through_save(layer: nn.Module) -> nn.Module:
    file = io.BytesIO()
    torch.save(layer, file)
    file.seek(0)
    copied: nn.Module = torch.load(file, weights_only=False)
    return copied


@pytest.mark.parametrize("duplicate", [copy.deepcopy, through_pickle, through_save])
def test_a_copy_has_parameters_of_its_own(duplicate: Callable[[nn.Module], Any], backend: str) -> None:
    layer = trained(granularity="channel", num_channels=3, backend=backend)
    x = torch.randn(2, 3)
    before = layer(x).detach()
    other = duplicate(layer)
    assert torch.equal(other(x), before)
    assert str(other) == str(layer)
    with torch.no_grad():
        other.a.fill_(10.0)
    assert torch.equal(layer(x), before)
    torch.testing.assert_close(other(x), before * (10 / 0.3))
    other(x).sum().backward()
    assert other.a.grad is not None
    assert layer.a.grad is None


def test_state_dict() -> None:
    layer, other = trained(), Activation("a*x*sigmoid(b*x)")
    other.load_state_dict(layer.state_dict())
    x = torch.randn(4)
    assert torch.equal(other(x), layer(x))
    fixed = Activation("a*x*sigmoid(b*x)", granularity="none")
    fixed.load_state_dict(layer.state_dict())
    assert torch.equal(fixed(x), layer(x))


@pytest.mark.parametrize("width", [1, 4])
def test_a_state_of_another_granularity_is_refused(width: int) -> None:
    by_layer = trained()
    by_channel = trained(granularity="channel", num_channels=width)
    for source, target in [(by_layer, by_channel), (by_channel, by_layer)]:
        network = nn.Sequential(nn.Linear(2, 2), copy.deepcopy(target))
        state = {f"1.{name}": value for name, value in source.state_dict().items()}
        before = network[1].a.tolist()
        shapes = f"{tuple(source.a.shape)} in the state and {tuple(target.a.shape)} here"
        message = f"1.a has shape {shapes}, where it is shared by {target.granularity}; build the module with the gran"
        with pytest.raises(RuntimeError, match=re.escape(message)):
            network.load_state_dict(state, strict=False)
        assert network[1].a.tolist() == before


def test_dtype_moves() -> None:
    layer = trained()
    assert layer.double().a.dtype == torch.float64
    assert layer(torch.ones(2, dtype=torch.float64)).dtype == torch.float64
    assert layer.to(torch.bfloat16).a.dtype == torch.bfloat16
    assert layer(torch.ones(2, dtype=torch.bfloat16)).dtype == torch.bfloat16
    assert layer.to("meta").a.is_meta
    assert layer(torch.ones(2, device="meta")).is_meta


def test_autocast(backend: str) -> None:
    network = nn.Sequential(nn.Linear(4, 3), Activation(SWISH, backend=backend), nn.Linear(3, 2))
    x = torch.randn(5, 4)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        hidden = network[1](network[0](x))
        value = network(x)
    assert hidden.dtype == torch.bfloat16
    value.float().sum().backward()
    assert all(
        parameter.grad is not None and parameter.grad.dtype == torch.float32 for parameter in network.parameters()
    )
    torch.testing.assert_close(value.float(), network(x), rtol=0.05, atol=0.05)


def test_an_optimiser_moves_the_parameters(backend: str) -> None:
    layer = Activation(SWISH, granularity="channel", num_channels=2, backend=backend)
    x = torch.randn(64, 2)
    target = swish(x, torch.tensor([2.0, -0.5]))
    optimiser = torch.optim.Adam(layer.parameters(), lr=0.1)
    for _ in range(200):
        optimiser.zero_grad()
        error = (layer(x) - target).square().mean()
        error.backward()
        optimiser.step()
    torch.testing.assert_close(layer.beta.detach(), torch.tensor([2.0, -0.5]), rtol=0.02, atol=0.02)


def test_hooks_and_modes_work() -> None:
    layer = Activation(SWISH)
    seen: list[int] = []
    layer.register_forward_hook(lambda *_: seen.append(1))
    layer.eval()(torch.ones(2))
    assert seen == [1]
    assert not layer.training
    assert layer.requires_grad_(False)(torch.ones(2)).requires_grad is False


def test_the_text_of_a_layer() -> None:
    assert str(Activation("tanh(x)")) == "Activation('tanh(x)')"
    assert str(Activation(SWISH)) == "Activation('x*sigmoid(beta*x)', granularity='layer')"
    channels = Activation(SWISH, granularity="channel", num_channels=3, channel_dim=-1, backend="torch")
    assert channels.extra_repr() == (
        "'x*sigmoid(beta*x)', granularity='channel', num_channels=3, channel_dim=-1, backend='torch'"
    )
    neurons = Activation(SWISH, granularity="neuron", shape=[2, 3])
    assert neurons.extra_repr() == "'x*sigmoid(beta*x)', granularity='neuron', shape=(2, 3)"


# Factories


class Block(nn.Module):
    """What libraries write."""

    def __init__(self, width: int, act_layer: Callable[..., nn.Module] = nn.GELU, **settings: Any) -> None:
        super().__init__()
        self.linear = nn.Linear(width, width)
        self.act = act_layer(**settings)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.act(self.linear(x))
        return found


def test_a_factory_stands_where_a_layer_class_does() -> None:
    make = act_layer(SWISH)
    blocks = [Block(3, act_layer=make), Block(3, act_layer=make, inplace=True), Block(3, act_layer=nn.GELU)]
    first, second = (block.act for block in blocks[:2])
    assert isinstance(first, Activation)
    assert first.beta is not second.beta
    x = torch.randn(2, 3)
    for block in blocks:
        assert block(x).shape == (2, 3)
    before = x.clone()
    second(x)
    assert torch.equal(x, before)


def test_a_factory_keeps_settings_that_a_call_can_override() -> None:
    make = act_layer(symkit.parse(SWISH), granularity="channel", channel_dim=-1, init={"beta": 0.5})
    layer = make(num_channels=4)
    assert layer.beta.tolist() == [0.5] * 4
    assert layer.channel_dim == -1
    assert learnable(make(granularity="layer")) == {"beta": ()}
    assert learnable(pickle.loads(pickle.dumps(make))(num_channels=2)) == {"beta": (2,)}
    with pytest.raises(DomainError, match="one value a channel: pass num_channels"):
        make()


def test_compile_gives_the_module_of_the_kind() -> None:
    layer = symkit.compile(SWISH, granularity="channel", num_channels=3)
    assert isinstance(layer, Activation)
    assert learnable(layer) == {"beta": (3,)}
    assert isinstance(symkit.compile("(y - p)**2", reduction="sum"), symkit.nn.Loss)


# Errors


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        (
            "(y - p)**2",
            {},
            r"'\(y - p\)\*\*2' is no activation but a function of y, p; say what its inputs are in a header",
        ),
        (SWISH, {"granularity": "pixel"}, r"granularity 'pixel' is not one of none, layer, channel, neuron"),
        (SWISH, {"granularity": "channel"}, r"beta has one value a channel: pass num_channels, 1 or more"),
        (SWISH, {"granularity": "channel", "num_channels": 0}, r"beta has one value a channel: pass num_channels"),
        (SWISH, {"granularity": "neuron"}, r"beta has one value a neuron: pass shape, that of one sample"),
        (SWISH, {"init": {"gamma": 1.0}}, r"init sets 'gamma'; the expression has beta"),
        ("tanh(x)", {"init": {"gamma": 1.0}}, r"init sets 'gamma'; the expression has no parameters"),
        (SWISH, {"init": {"beta": float("nan")}}, r"init of beta is nan, which is not finite"),
        (SWISH, {"init": {"beta": "big"}}, r"init of beta must be a number or a tensor, not 'big'"),
        (SWISH, {"init": {"beta": torch.ones(3)}}, r"init of beta has shape \(3,\); it must be \(\) or a number"),
        (SWISH, {"dtype": torch.int64}, r"parameters cannot be torch.int64; allowed are float64"),
        (SWISH, {"backend": "cobol"}, r"backend 'cobol' is not one of"),
        ("x/C", {}, r"C \(the number of classes\) has no value"),
    ],
)
def test_errors_of_making_one(text: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(symkit.errors.SymkitError, match=message):
        Activation(text, **settings)


def test_text_may_leave_out_x_or_use_y() -> None:
    assert Activation("alpha")(torch.zeros(2)).tolist() == [1.0, 1.0]
    assert learnable(Activation("x**p")) == {"p": ()}
    assert learnable(Activation("f(x) = y - p")) == {"y": (), "p": ()}


def test_a_loss_is_no_activation() -> None:
    with pytest.raises(DomainError, match=r"an activation has one input; y - p has kind loss and inputs y, p"):
        Activation(symkit.parse("y - p"))


@pytest.mark.parametrize(
    ("settings", "shape", "message"),
    [
        ({"granularity": "channel", "num_channels": 4}, (2, 5), r"\(2, 5\) has 5 channels in dimension 1; beta has 4"),
        (
            {"granularity": "channel", "num_channels": 4},
            (4,),
            r"\(4,\) has no dimension 1 for channels; set channel_dim",
        ),
        ({"granularity": "channel", "num_channels": 4}, (), r"\(\) has no dimension 1 for channels"),
        ({"granularity": "neuron", "shape": (3, 4)}, (2, 4), r"\(2, 4\) does not end in \(3, 4\), the shape of beta"),
        ({"granularity": "neuron", "shape": (3, 4)}, (4,), r"\(4,\) does not end in \(3, 4\), the shape of beta"),
        ({"granularity": "neuron", "shape": (3, 1)}, (2, 3, 4), r"\(2, 3, 4\) does not end in \(3, 1\)"),
    ],
)
def test_inputs_that_do_not_fit(settings: dict[str, Any], shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(DomainError, match=message):
        Activation(SWISH, **settings)(torch.randn(shape))


def test_integers_are_refused() -> None:
    with pytest.raises(DomainError, match=r"x is torch.int64; it must be float64.*convert with .float\(\)"):
        Activation(SWISH)(torch.tensor([1, 2]))
