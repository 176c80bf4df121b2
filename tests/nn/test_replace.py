"""replace: other activations throughout a model."""

from __future__ import annotations

import copy
import io
import pickle
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import symkit
from symkit.errors import DomainError
from symkit.nn import Activation, act_layer, replace

CHANNELWISE = "f(x; a: channel = 0.5) = a*relu(x)"


class Block(nn.Module):
    """A residual block whose activation is one module called twice, at two widths."""

    def __init__(self, channels: int, inner: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, inner, 3, padding=1)
        self.norm = nn.BatchNorm2d(inner)
        self.act = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(inner, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2(self.act(self.norm(self.conv1(x))))
        return self.act(x + y)


class Network(nn.Module):
    def __init__(self, inner: int = 4) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
        self.blocks = nn.ModuleList([Block(4, inner), Block(4, inner)])
        self.heads = nn.ModuleDict({"a": nn.Linear(4, 2), "gate": nn.Sigmoid()})

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.heads["gate"](self.heads["a"](F.relu(x).mean((2, 3))))


def images() -> Tensor:
    return torch.randn(2, 3, 6, 6)


def test_every_place_is_found() -> None:
    model = Network()
    assert replace(model, nn.ReLU, "swish(x)") == ["stem.1", "blocks.0.act", "blocks.1.act"]
    assert not [m for m in model.modules() if isinstance(m, nn.ReLU)]
    assert len([m for m in model.modules() if isinstance(m, Activation)]) == 3
    assert isinstance(model.heads["gate"], nn.Sigmoid)
    # Nothing is left to do.
    assert replace(model, nn.ReLU, "swish(x)") == []


def test_the_model_computes_what_is_written() -> None:
    model = Network()
    expected = copy.deepcopy(model)
    replace(expected, nn.ReLU, lambda old, name: nn.SiLU())
    replace(model, nn.ReLU, "swish(x)")
    x = images()
    torch.testing.assert_close(model(x), expected(x))
    model(x).sum().backward()
    expected(x).sum().backward()
    for ours, theirs in zip(model.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad)


def test_the_same_function_changes_nothing() -> None:
    model = Network().eval()
    x = images()
    before = model(x)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    replace(model, nn.ReLU, "relu(x)")
    torch.testing.assert_close(model(x), before)
    assert state.keys() == model.state_dict().keys()
    assert all(torch.equal(state[name], value) for name, value in model.state_dict().items())


def test_types_tuples_and_functions_say_which() -> None:
    assert replace(Network(), (nn.ReLU, nn.Sigmoid), "tanh(x)")[-1] == "heads.gate"
    assert replace(Network(), nn.ReLU | nn.Sigmoid, "tanh(x)")[-1] == "heads.gate"
    assert replace(Network(), lambda m: isinstance(m, nn.ReLU) and m.inplace, "tanh(x)") == [
        "blocks.0.act",
        "blocks.1.act",
    ]
    # What is replaced is not looked into.
    assert replace(Network(), (nn.Sequential, nn.ReLU), "tanh(x)") == ["stem", "blocks.0.act", "blocks.1.act"]


def test_learnable_parameters_are_those_of_each_place() -> None:
    model = Network()
    replace(model, nn.ReLU, "f(x; beta = 0.5) = x*sigmoid(beta*x)")
    names = {"stem.1.beta", "blocks.0.act.beta", "blocks.1.act.beta"}
    assert names <= dict(model.named_parameters()).keys()
    assert len({id(dict(model.named_parameters())[name]) for name in names}) == 3
    model(images()).sum().backward()
    for name in names:
        beta = model.get_parameter(name)
        assert beta.item() == 0.5
        assert beta.grad is not None
        assert beta.grad.item() != 0


def test_state_dict_deepcopy_and_pickle() -> None:
    model = Network()
    replace(model, nn.ReLU, CHANNELWISE, example_input=images())
    model.stem[1].a.data.uniform_()
    x = images()
    model.eval()
    other = Network().eval()
    replace(other, nn.ReLU, CHANNELWISE, example_input=images())
    other.load_state_dict(model.state_dict())
    for again in (other, copy.deepcopy(model), pickle.loads(pickle.dumps(model)), saved_and_loaded(model)):
        torch.testing.assert_close(again(x), model(x))


def saved_and_loaded(model: nn.Module) -> Any:
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


# Shared modules


def test_a_shared_module_stays_shared() -> None:
    act = nn.PReLU()
    model = nn.Sequential(nn.Linear(4, 4), act, nn.Sequential(nn.Linear(4, 4), act), act)
    assert replace(model, nn.PReLU, "a*relu(x)") == ["1", "2.1", "3"]
    assert model[1] is model[2][1] is model[3]
    assert [name for name, _ in model.named_parameters() if name.endswith("a")] == ["1.a"]


def test_a_shared_container_is_one_place() -> None:
    inner = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    model = nn.Sequential(inner, inner)
    assert replace(model, nn.ReLU, "tanh(x)") == ["0.1"]
    assert isinstance(model[1][1], Activation)


def test_a_module_in_a_cycle() -> None:
    inner = nn.Sequential(nn.ReLU())
    model = nn.Sequential(inner)
    inner.add_module("around", inner)
    assert replace(model, nn.ReLU, "tanh(x)") == ["0.0"]


# Sizes


def test_channels_are_counted_by_running_the_model() -> None:
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 5, 3), nn.ReLU(), nn.Flatten(), nn.Linear(20, 7), nn.ReLU()
    )
    replace(model, nn.ReLU, "a*relu(x)", granularity="channel", example_input=torch.randn(1, 3, 6, 6))
    assert [tuple(model[i].a.shape) for i in (1, 3, 6)] == [(8,), (5,), (7,)]
    assert model(torch.randn(2, 3, 6, 6)).shape == (2, 7)


def test_neurons_are_counted_by_running_the_model() -> None:
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(128, 7), nn.ReLU())
    text = "f(x; a: neuron = 1, b: channel = 2, c) = a*relu(x) + b + c"
    replace(model, nn.ReLU, text, example_input=torch.randn(1, 3, 6, 6), init={"c": 0.25})
    assert [tuple(p.shape) for p in model[1].parameters()] == [(8, 4, 4), (8,), ()]
    assert [tuple(p.shape) for p in model[4].parameters()] == [(7,), (7,), ()]
    assert model[1].c.item() == 0.25


def test_channels_in_the_last_dimension() -> None:
    model = nn.Sequential(nn.Linear(4, 6), nn.GELU(), nn.Linear(6, 3), nn.GELU())
    x = torch.randn(2, 5, 4)
    replace(model, nn.GELU, CHANNELWISE, channel_dim=-1, example_input=x)
    assert [tuple(model[i].a.shape) for i in (1, 3)] == [(6,), (3,)]
    assert model(x).shape == (2, 5, 3)


@pytest.mark.parametrize("given", ["tuple", "mapping"])
def test_models_of_several_arguments(given: str) -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second, self.act = nn.Linear(3, 6), nn.Linear(4, 6), nn.ReLU()

        def forward(self, a: Tensor, b: Tensor) -> Tensor:
            return self.act(input=self.first(a) + self.second(b))

    a, b = torch.ones(2, 3), torch.ones(2, 4)
    model = Two()
    replace(model, nn.ReLU, CHANNELWISE, example_input=(a, b) if given == "tuple" else {"b": b, "a": a})
    assert model.act.a.shape == (6,)


def test_running_the_model_leaves_no_trace() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(), nn.ReLU())
    model[2].eval()
    state = copy.deepcopy(model.state_dict())
    chance = torch.random.get_rng_state()
    replace(model, nn.ReLU, CHANNELWISE, example_input=torch.ones(1, 3, 6, 6))
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items() if name in state)
    assert torch.equal(torch.random.get_rng_state(), chance)
    assert [m.training for m in model] == [True, True, False, True]
    assert not any(m._forward_pre_hooks for m in model.modules())


def test_a_size_that_is_the_same_everywhere_needs_no_example() -> None:
    model = Network()
    replace(model, nn.ReLU, CHANNELWISE, num_channels=4)
    assert model.blocks[1].act.a.shape == (4,)
    assert model(images()).shape == (2, 2)


# Device, dtype and mode


def test_the_dtype_is_that_of_the_nearest_parameter_before() -> None:
    model = nn.Sequential(nn.ReLU(), nn.Linear(3, 3).double(), nn.ReLU(), nn.Linear(3, 3), nn.Sequential(nn.ReLU()))
    replace(model, nn.ReLU, "a*relu(x)")
    assert [m.a.dtype for m in model.modules() if isinstance(m, Activation)] == [
        torch.float64,
        torch.float64,
        torch.float32,
    ]
    half = nn.Sequential(nn.Embedding(3, 3), nn.ReLU()).to(torch.bfloat16)
    replace(half, nn.ReLU, "a*relu(x)")
    assert half[1].a.dtype == torch.bfloat16
    chosen = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
    replace(chosen, nn.ReLU, "a*relu(x)", dtype=torch.float64)
    assert chosen[1].a.dtype == torch.float64


def test_the_device_is_that_of_the_nearest_parameter_before() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3, device="meta"), nn.ReLU())
    replace(model, nn.ReLU, "a*relu(x)")
    assert [model[i].a.device.type for i in (1, 3)] == ["cpu", "meta"]


def test_a_parameter_of_the_module_replaced_is_nearest() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.PReLU(3).double())
    replace(model, nn.PReLU, "a*relu(x)")
    assert model[1].a.dtype == torch.float64


def test_a_model_without_parameters() -> None:
    model = nn.Sequential(nn.ReLU(), nn.Flatten())
    assert replace(model, nn.ReLU, "a*relu(x)") == ["0"]
    assert model[0].a.dtype == torch.get_default_dtype()


def test_the_mode_is_kept() -> None:
    model = Network().eval()
    model.blocks[1].train()
    replace(model, nn.ReLU, CHANNELWISE, example_input=images())
    assert [model.stem[1].training, model.blocks[0].act.training, model.blocks[1].act.training] == [False, False, True]
    assert model.blocks[1].training
    assert not model.training


# Factories


def test_a_function_makes_the_modules() -> None:
    seen = []

    def make(old: nn.Module, name: str) -> nn.Module:
        seen.append((type(old), name))
        return old if name == "stem.1" else Activation("tanh(x)")

    model = Network().eval()
    first = model.stem[1]
    assert replace(model, nn.ReLU, make) == ["blocks.0.act", "blocks.1.act"]
    assert seen == [(nn.ReLU, "stem.1"), (nn.ReLU, "blocks.0.act"), (nn.ReLU, "blocks.1.act")]
    assert model.stem[1] is first
    assert not model.blocks[0].act.training


def test_act_layer_is_such_a_function() -> None:
    model = Network()
    assert len(replace(model, nn.ReLU, act_layer("x*sigmoid(beta*x)"))) == 3
    assert model.stem[1].beta.item() == 1


# Models of torch


@pytest.mark.parametrize("training", [True, False])
def test_transformers_compute_the_new_function_in_evaluation_mode_too(training: bool) -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0, activation=nn.ReLU(), batch_first=True)
    model = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False).train(training)
    x = torch.randn(2, 5, 8)
    assert replace(model, nn.ReLU, "0*x", example_input=x) == ["layers.0.activation", "layers.1.activation"]
    for part in model.layers:
        part.linear1.weight.data.mul_(100)
        part.linear2.bias.data.zero_()
    with torch.no_grad():
        # With nothing from the feed-forward half, what is left is attention.
        y = x
        for part in model.layers:
            y = part.norm1(y + part.self_attn(y, y, y, need_weights=False)[0])
            y = part.norm2(y)
        torch.testing.assert_close(model(x), y)


def test_torch_compile_sees_the_new_modules() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
    compiled = torch.compile(model, backend="eager")
    x = torch.randn(2, 3)
    compiled(x)
    replace(model, nn.ReLU, "tanh(x)")
    torch.testing.assert_close(compiled(x), model[0](x).tanh())


# Errors


def test_the_model_itself() -> None:
    with pytest.raises(DomainError, match="the model itself .* ReLU"):
        replace(nn.ReLU(), nn.ReLU, "tanh(x)")


def test_an_example_is_asked_for() -> None:
    model = Network()
    with pytest.raises(DomainError, match=r"shared by channel.* example_input.* num_channels"):
        replace(model, nn.ReLU, CHANNELWISE)
    with pytest.raises(DomainError, match=r"shared by neuron.* example_input.* shape"):
        replace(model, nn.ReLU, "a*relu(x)", granularity="neuron")
    assert isinstance(model.stem[1], nn.ReLU)


def test_one_module_at_several_widths() -> None:
    act = nn.ReLU()
    model = nn.Sequential(nn.Linear(3, 8), act, nn.Linear(8, 2), act)
    with pytest.raises(DomainError, match=r"^1 is one module called several times.* numbers of channels: 2, 8"):
        replace(model, nn.ReLU, CHANNELWISE, example_input=torch.ones(1, 3))
    assert model[1] is act
    assert replace(model, nn.ReLU, "a*relu(x)") == ["1", "3"]


def test_a_module_that_does_not_run() -> None:
    model = Network()
    model.spare = nn.ReLU()
    with pytest.raises(DomainError, match="^spare does not run"):
        replace(model, nn.ReLU, CHANNELWISE, example_input=images())
    assert isinstance(model.stem[1], nn.ReLU)


def test_an_example_that_does_not_fit_leaves_the_model_as_it_was() -> None:
    model = Network()
    with pytest.raises(RuntimeError):
        replace(model, nn.ReLU, CHANNELWISE, example_input=torch.ones(1, 2, 6, 6))
    assert model.training
    assert isinstance(model.stem[1], nn.ReLU)
    assert not any(m._forward_pre_hooks for m in model.modules())


@pytest.mark.parametrize(
    ("which", "e", "settings", "problem"),
    [
        ("ReLU", "tanh(x)", {}, "'ReLU' says not which"),
        (lambda m: None, "tanh(x)", {}, "returned None, not a bool"),
        (nn.ReLU, nn.GELU(), {}, "lambda old, name"),
        (nn.ReLU, nn.GELU, {}, "lambda old, name"),
        (nn.ReLU, lambda old, name: torch.tanh, {}, "for stem.1 .* no module"),
        (nn.ReLU, lambda old, name: nn.GELU(), {"granularity": "layer"}, "^granularity: for an expression only"),
        (nn.ReLU, lambda old, name: nn.GELU(), {"example_input": 1, "init": 2}, "^example_input, init: for an"),
        (nn.ReLU, "tanh(x)", {"granularity": "row"}, "'row' is not one of none, layer, channel, neuron"),
        (nn.ReLU, "(y - p)**2", {}, "no activation"),
        (nn.ReLU, CHANNELWISE, {"example_input": torch.ones(1, 3, 6, 6), "channel_dim": 7}, "no dimension 7"),
    ],
)
def test_what_is_refused(which: Any, e: Any, settings: dict[str, Any], problem: str) -> None:
    model = Network()
    with pytest.raises(DomainError, match=problem):
        replace(model, which, e, **settings)
    assert isinstance(model.stem[1], nn.ReLU)
    assert model.training


def test_it_is_public() -> None:
    assert symkit.nn.replace is replace
