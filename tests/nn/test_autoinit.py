"""autoinit: its settings, what it leaves as it was, centring, its report and its errors."""

from __future__ import annotations

import copy
import json
import pickle
import random
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules import module as hooks

from symkit.errors import DomainError
from symkit.nn import Activation, Centred, InitReport, LayerReport, autoinit


def network() -> Any:
    return nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.Dropout(0.1),
        nn.Conv2d(32, 64, 3),
        nn.GELU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(256, 100),
    )


def dense(*activations: nn.Module, width: int = 256) -> Any:
    layers: list[nn.Module] = []
    for activation in activations:
        layers += [nn.Linear(width, width), activation]
    return nn.Sequential(*layers, nn.Linear(width, width))


IMAGES = torch.zeros(8, 3, 12, 12)


def state(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


# -- weights -------------------------------------------------------------------------------------------------------


def test_one_seed_gives_the_same_weights() -> None:
    one, two, other = network(), network(), network()
    autoinit(one, IMAGES)
    torch.rand(5)
    autoinit(two, IMAGES)
    autoinit(other, IMAGES, seed=1)
    assert same(state(one), state(two))
    assert not torch.equal(one[0].weight, other[0].weight)


def test_weights_do_not_depend_on_what_they_were() -> None:
    model = network()
    autoinit(model, IMAGES)
    first = state(model)
    autoinit(model, IMAGES)
    assert same(first, state(model))


def test_biases_become_zero_and_gains_stay() -> None:
    model = network()
    nn.init.constant_(model[1].weight, 2.0)
    autoinit(model, IMAGES)
    assert not model[0].bias.any()
    assert torch.all(model[1].weight == 2)


@pytest.mark.parametrize("variance", [0.25, 1.0, 2.0])
def test_wanted_variance(variance: float) -> None:
    report = autoinit(network(), torch.zeros(32, 3, 12, 12), variance=variance)
    assert report.target == variance
    for layer in report.layers:
        if layer.weight_std is not None:
            assert layer.mean == 0
            assert layer.variance == pytest.approx(variance)
            assert layer.measured_variance == pytest.approx(variance, rel=0.15)


@pytest.mark.parametrize("distribution", ["truncated_normal", "normal", "uniform", "orthogonal"])
def test_distributions(distribution: str) -> None:
    model = dense(nn.Tanh())
    report = autoinit(model, torch.zeros(400, 256), distribution=distribution)
    assert report.distribution == distribution
    std = report.layers[0].weight_std or 0.0
    assert std == pytest.approx(1 / 16)
    weight = model[0].weight.detach()
    assert float(weight.std()) == pytest.approx(std, rel=0.02)
    most = {"truncated_normal": 2.3, "uniform": 3**0.5 + 1e-5}.get(distribution, 10.0)
    assert float(weight.abs().max()) < most * std
    if distribution == "orthogonal":
        assert torch.allclose(weight @ weight.T, torch.eye(256), atol=1e-4)


def test_overrides_are_of_all_that_is_in_a_module() -> None:
    model: Any = nn.Sequential(network(), nn.ReLU(), nn.Linear(100, 100))
    kept = model[0][0].weight.clone()
    report = autoinit(
        model,
        torch.zeros(32, 3, 12, 12),
        overrides={
            "0": {"variance": 0.5},
            "0.0": {"keep": True},
            "0.8": {"variance": 3.0, "distribution": "uniform"},
            "2": {"keep": False},
        },
    )
    assert torch.equal(model[0][0].weight, kept)
    found = {layer.name: layer for layer in report.layers if layer.kind in ("conv2d", "linear")}
    assert found["0.0"].assumption == "weights kept as they are"
    assert found["0.4"].variance == pytest.approx(0.5)
    assert found["0.8"].variance == pytest.approx(3.0)
    assert float(model[0][8].weight.detach().abs().max()) <= 3**0.5 * (found["0.8"].weight_std or 0) * 1.0001
    assert found["2"].variance == pytest.approx(1.0)
    assert report.untouched == ("0.0.weight",)


def test_weights_used_twice_are_calibrated_once() -> None:
    layer = nn.Linear(64, 64)

    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = layer

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = self.layer(x)
            return torch.cat([y, self.layer(torch.tanh(y))])

    # Rows that are all alike have few samples of weights: what comes out is not what was predicted.
    rows = torch.randn(1, 64).expand(300, 64) * 3
    report = autoinit(Twice(), rows, data="batch")
    first, second = (layer for layer in report.layers if layer.kind == "linear")
    assert first.weight_std == second.weight_std
    assert float(layer.weight.detach().square().mean()) ** 0.5 == pytest.approx(first.weight_std or 0.0, rel=0.05)


def test_keep_follows_the_weights_as_they_are() -> None:
    model = dense(nn.ReLU(), nn.ReLU())
    before = state(model)
    report = autoinit(model, torch.zeros(400, 256), keep=True)
    assert same(before, state(model))
    assert all(layer.weight_std is None for layer in report.layers)
    # torch's own: a third of 1/fan-in, and biases.
    assert report.layers[0].variance == pytest.approx((1 + 1 / 256) / 3, rel=0.05)


def test_statistics_of_a_batch() -> None:
    batch = 3 + 2 * torch.randn(500, 256)
    before = batch.clone()
    first = autoinit(dense(nn.Tanh()), batch, data="batch").layers[0]
    assert torch.equal(batch, before)
    assert (first.mean_in, first.variance_in) == pytest.approx((3, 4), rel=0.05)
    assert first.measured_variance == pytest.approx(1, rel=0.1)
    assert autoinit(dense(nn.Tanh()), batch).layers[0].mean_in == 0


def test_positions_of_a_batch_have_in_common_what_they_have() -> None:
    batch = torch.randn(200, 64, 1, 1) + torch.randn(200, 64, 5, 5)
    pooled = autoinit(nn.AvgPool2d(5), batch, data="batch").layers[0]
    assert pooled.variance == pytest.approx(1 + 1 / 25, rel=0.1)


# -- inputs --------------------------------------------------------------------------------------------------------


class Two(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(50, 64)
        self.dense = nn.Linear(64, 64)

    def forward(self, ids: Tensor, x: Tensor, scale: float = 1.0) -> dict[str, Tensor]:
        return {"y": self.dense(self.embed(ids) + x * scale)}


def test_inputs_are_a_tensor_a_tuple_or_a_mapping() -> None:
    ids, x = torch.randint(0, 50, (10, 20)), torch.zeros(10, 20, 64)
    one = autoinit(Two(), (ids, x))
    two = autoinit(Two(), {"x": x, "ids": ids})
    assert [layer.kind for layer in one.layers] == [layer.kind for layer in two.layers]
    assert one.layers[-1].variance_in == pytest.approx(2)
    scaled = autoinit(Two(), (ids, x, 3.0))
    assert scaled.layers[-1].variance_in == pytest.approx(10)

    class Nested(nn.Module):
        def forward(self, parts: list[Tensor], named: dict[str, Tensor]) -> Tensor:
            return parts[0] + named["a"]

    nested = autoinit(Nested(), ([torch.zeros(30, 30)], {"a": torch.zeros(30, 30)}))
    assert nested.layers[-1].variance == 2


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_models_of_other_dtypes(dtype: torch.dtype) -> None:
    model = dense(nn.GELU(), Activation("swish(x)")).to(dtype)
    report = autoinit(model, torch.zeros(100, 256, dtype=dtype))
    assert all(p.dtype == dtype for p in model.parameters())
    for layer in report.layers:
        assert layer.measured_variance == pytest.approx(layer.variance, rel=0.2)


# -- what stays ----------------------------------------------------------------------------------------------------


def watched(model: nn.Module, action: Callable[[], Any]) -> Any:
    """What an action returns, once it is found to leave chance, modes, gradients and hooks as they were."""
    of_python = random.getstate()
    before = torch.get_rng_state()
    modes = {name: module.training for name, module in model.named_modules()}
    needs = {name: p.requires_grad for name, p in model.named_parameters()}
    places = [id(p) for p in model.parameters()]
    registered = len(hooks._global_forward_hooks), len(hooks._global_forward_pre_hooks)
    fast = torch.backends.mha.get_fastpath_enabled()
    try:
        return action()
    finally:
        assert of_python == random.getstate()
        assert torch.equal(before, torch.get_rng_state())
        assert {name: module.training for name, module in model.named_modules()} == modes
        assert {name: p.requires_grad for name, p in model.named_parameters()} == needs
        assert [id(p) for p in model.parameters()] == places
        assert (len(hooks._global_forward_hooks), len(hooks._global_forward_pre_hooks)) == registered
        assert torch.backends.mha.get_fastpath_enabled() == fast
        assert torch.is_grad_enabled()
        assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize("trains", [True, False])
def test_statistics_chance_and_modes_stay(trains: bool) -> None:
    model = network().train(trains)
    model[4].requires_grad_(False)
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    report = watched(model, lambda: autoinit(model, IMAGES))
    assert same(buffers, dict(model.named_buffers()))
    assert report.layers
    loss = model(torch.randn(8, 3, 12, 12)).square().mean()
    loss.backward()
    assert model[0].weight.grad is not None


def test_dry_run_changes_nothing() -> None:
    model = network()
    before = state(model)
    dry = watched(model, lambda: autoinit(model, IMAGES, dry_run=True, center=True))
    assert same(before, state(model))
    assert [type(module) for module in model] == [type(module) for module in network()]
    assert autoinit(model, IMAGES, center=True) == dry


class Failing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8))
        self.inner = nn.Sequential(nn.Linear(9, 8))

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.inner(self.first(x))
        return result


def test_a_model_that_fails_is_left_as_it_was() -> None:
    model = Failing()
    before = state(model)
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied") as caught:
        watched(model, lambda: autoinit(model, torch.zeros(4, 8)))
    assert same(before, state(model))
    note = " ".join(caught.value.__notes__)
    assert "(4, 8)" in note
    assert "'inner.0'" in note
    assert "example" in note
    # And afterwards all is well.
    assert autoinit(network(), IMAGES).layers


def test_errors_of_the_model_itself_pass() -> None:
    class Raises(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        autoinit(Raises(), torch.zeros(3))


def test_one_sample_is_enough_for_batch_normalisation() -> None:
    model = nn.Sequential(nn.Linear(8, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 8))
    report = autoinit(model, torch.zeros(1, 8))
    assert [layer.variance for layer in report.layers if layer.kind == "batch_norm"] == pytest.approx([1], rel=1e-3)


# -- centring ------------------------------------------------------------------------------------------------------


def means(model: nn.Module, x: Tensor) -> dict[str, float]:
    """Of what activations put out."""
    found: dict[str, float] = {}
    handles = [
        module.register_forward_hook(lambda module, inputs, result, name=name: found.update({name: result.mean()}))
        for name, module in model.named_modules()
        if isinstance(module, Centred | Activation)
    ]
    with torch.no_grad():
        model(x)
    for handle in handles:
        handle.remove()
    return {name: float(mean) for name, mean in found.items()}


def centred_network() -> Any:
    return dense(nn.ReLU(inplace=True), nn.GELU(), Activation("swish(beta*x)"), nn.PReLU(), nn.Softplus(), nn.Sigmoid())


def test_centred_activations_put_out_mean_0() -> None:
    model = centred_network()
    report = autoinit(model, torch.zeros(1000, 256), center=True)
    assert report.centred == ("1", "3", "5", "7", "9", "11")
    kinds = [type(module) for module in model][1::2]
    assert kinds == [Centred, Centred, Activation, Centred, Centred, Centred]
    found = means(model, torch.randn(1000, 256))
    assert len(found) == 6
    for name, mean in found.items():
        assert abs(mean) < 0.06, name
    for layer in report.layers:
        assert abs(layer.mean) < 1e-6
        assert layer.measured_variance == pytest.approx(layer.variance, rel=0.2)


def test_centred_models_are_copied_stored_and_loaded() -> None:
    model = centred_network().eval()
    autoinit(model, torch.zeros(20, 256), center=True)
    x = torch.randn(5, 256)
    expected = model(x)
    assert torch.equal(copy.deepcopy(model)(x), expected)
    assert torch.equal(pickle.loads(pickle.dumps(model))(x), expected)
    other = centred_network().eval()
    autoinit(other, torch.zeros(20, 256), center=True, seed=5)
    assert not torch.equal(other(x), expected)
    other.load_state_dict(model.state_dict())
    assert torch.allclose(other(x), expected, atol=1e-5)
    assert not any(module.training for module in model.modules())


def test_parameters_of_centred_activations_learn() -> None:
    model = centred_network()
    autoinit(model, torch.zeros(20, 256), center=True)
    model(torch.randn(5, 256)).sum().backward()
    assert model[5].beta.grad is not None
    assert model[7].activation.weight.grad is not None


def test_centring_twice_takes_off_nothing_more() -> None:
    model = centred_network()
    autoinit(model, torch.zeros(20, 256), center=True)
    again = autoinit(model, torch.zeros(500, 256))
    assert again.centred == ()
    assert all(abs(layer.mean) < 1e-6 for layer in again.layers if layer.kind in ("linear", "sub", "Activation"))


def test_what_cannot_be_centred_is_told() -> None:
    class Functional(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.act = nn.ReLU()

        def forward(self, x: Tensor) -> Tensor:
            # The module stands for both of its uses, with the mean of the first.
            result: Tensor = self.act(F.softplus(x)) + self.act(x)
            return result

    report = autoinit(Functional(), torch.zeros(100, 50), center=True)
    told = {layer.kind: layer.assumption for layer in report.layers}
    assert told["softplus"].startswith("not centred")
    assert [layer.assumption for layer in report.layers if layer.kind == "relu"] == [
        "",
        "centred by the mean of its first use",
    ]
    assert report.centred == ("act",)
    alone = autoinit(nn.ReLU(), torch.zeros(100, 50), center=True)
    assert alone.centred == ()
    assert alone.layers[0].assumption.startswith("not centred")


def test_one_activation_in_several_places_is_centred_in_all() -> None:
    shared = nn.ReLU()
    model = nn.Sequential(nn.Linear(20, 20), shared, nn.Linear(20, 20), shared, nn.Linear(20, 20))
    autoinit(model, torch.zeros(20, 20), center=True)
    assert model[1] is model[3]
    assert isinstance(model[1], Centred)
    assert model[1].mean == pytest.approx((2 * torch.pi) ** -0.5)


# -- the report ----------------------------------------------------------------------------------------------------


def test_report_as_text_and_json() -> None:
    model = nn.Sequential(network(), nn.LSTM(100, 10))
    report = autoinit(model, IMAGES, center=True)
    assert isinstance(report, InitReport)
    assert all(isinstance(layer, LayerReport) for layer in report.layers)
    text = str(report)
    assert text.splitlines()[0].split()[:2] == ["layer", "kind"]
    assert len(text.splitlines()) == len(report.layers) + 2
    assert "Left as they were: 1.weight_ih_l0, 1.weight_hh_l0" in text
    data = json.loads(json.dumps(report.to_dict()))
    assert data["target"] == 1
    assert data["unknown"] == []
    assert data["centred"] == ["0.2", "0.5"]
    assert data["layers"][0]["kind"] == "conv2d"
    assert data["layers"][0]["weight_std"] == report.layers[0].weight_std
    assert set(data) >= {"layers", "target", "distribution", "seed", "centred", "untouched", "unknown"}


def test_certified_where_it_is_proved() -> None:
    report = autoinit(dense(nn.GELU(), nn.ReLU()), torch.zeros(10, 256))
    assert all(layer.certified for layer in report.layers)


def test_unknown_steps_are_named() -> None:
    class Sums(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.cumsum(1)

    report = autoinit(nn.Sequential(nn.Linear(10, 20), Sums(), nn.Linear(20, 10)), torch.zeros(50, 10))
    assert report.unknown == ("1 (cumsum)",)
    assert "1 (cumsum)" in str(report)
    assert [layer.is_unknown for layer in report.layers] == [False, True, False]


# -- errors --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"variance": -1.0}, "positive"),
        ({"variance": float("nan")}, "positive"),
        ({"variance": 0}, "positive"),
        ({"distribution": "gamma"}, "truncated_normal"),
        ({"data": "images"}, '"batch"'),
        ({"overrides": {"7": {"keep": True}}}, "no such module"),
        ({"overrides": {"0": {"std": 1}}}, '"variance"'),
        ({"overrides": {"0": {"variance": -2.0}}}, "positive"),
        ({"overrides": {"0": {"distribution": "gamma"}}}, "truncated_normal"),
        ({"overrides": {"0": 2.0}}, "dict"),
    ],
)
def test_errors(settings: dict[str, Any], told: str) -> None:
    model = dense(nn.ReLU())
    before = state(model)
    with pytest.raises(DomainError, match=told):
        autoinit(model, torch.zeros(3, 256), **settings)
    assert same(before, state(model))


def test_what_is_no_model() -> None:
    with pytest.raises(DomainError, match=r"torch\.nn\.Module"):
        autoinit(torch.relu, torch.zeros(3))  # type: ignore[arg-type]


def test_one_who_gives_a_shape_is_told_what_was_run() -> None:
    with pytest.raises(TypeError) as caught:
        autoinit(nn.Linear(3, 3), (5, 3))
    assert "example" in " ".join(caught.value.__notes__)
