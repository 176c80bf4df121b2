"""autoinit on whole networks: signals that depend on each other, and layers that follow each other."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, cast

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bench.autoinit_models import ResNet, all_cnn_c, plain
from symkit.nn import Activation, InitReport, LayerReport, autoinit, functional


class Net(nn.Module):
    """Layers and how they are called."""

    def __init__(self, forward: Callable[..., Any], **layers: nn.Module) -> None:
        super().__init__()
        self._forward = forward
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, *inputs: Any) -> Any:
        return self._forward(self, *inputs)


def analysed(model: nn.Module, example: Any, **settings: Any) -> InitReport:
    """By analysis alone: what is measured does not correct what is predicted."""
    return autoinit(model, example, calibrate=False, **settings)


def last(report: InitReport, kind: str | None = None) -> LayerReport:
    return [layer for layer in report.layers if kind in (None, layer.kind)][-1]


def agrees(layer: LayerReport, rough: float) -> None:
    assert layer.measured_variance == pytest.approx(layer.variance, rel=rough), layer


# -- terms that depend on each other -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "same"),
    [
        (lambda x: x * torch.sigmoid(x), lambda x: F.silu(x)),
        (lambda x: F.relu(x) + F.relu(-x), lambda x: x.abs()),
        (lambda x: x + x, lambda x: 2 * x),
        (lambda x: F.relu(x) - 0.1 * F.relu(-x), lambda x: F.leaky_relu(x, 0.1)),
        (lambda x: torch.where(x > 0, x, torch.expm1(x)), lambda x: F.elu(x)),
        (lambda x: x * torch.tanh(F.softplus(x)), lambda x: F.mish(x)),
        (lambda x: x.clamp(min=0) ** 2, lambda x: F.relu(x) * F.relu(x)),
        (lambda x: 0.5 * x * (1 + torch.erf(x / 2**0.5)), lambda x: F.gelu(x)),
    ],
    ids=["swish", "abs", "double", "leaky relu", "elu", "mish", "squared relu", "gelu"],
)
def test_what_is_made_of_one_tensor_is_one_function(function: Any, same: Any) -> None:
    x = torch.zeros(50, 20)
    by_hand = last(analysed(Net(lambda net, x: function(2 * x + 0.5)), x))
    known = last(analysed(Net(lambda net, x: same(2 * x + 0.5)), x))
    assert (by_hand.mean, by_hand.variance) == pytest.approx((known.mean, known.variance), rel=1e-5)
    assert by_hand.assumption == known.assumption == ""


def test_difference_of_a_tensor_and_itself_is_nothing() -> None:
    layer = last(analysed(Net(lambda net, x: x - x), torch.zeros(20, 20)))
    assert (layer.mean, layer.variance) == (0, 0)
    # What follows it cannot be scaled, and stays.
    net = Net(lambda net, x: net.dense(x - x), dense=nn.Linear(20, 20))
    report = analysed(net, torch.zeros(20, 20))
    assert last(report).weight_std is None
    assert "0 everywhere" in last(report).assumption
    assert report.untouched == ("dense.weight",)


def test_a_function_of_more_parts_than_are_followed_counts_as_normal() -> None:
    def chain(net: Any, x: Tensor) -> Tensor:
        for _ in range(18):
            x = x + 0.1 * torch.tanh(x)
        return x

    layer = last(analysed(Net(chain), torch.zeros(3000, 20)))
    assert layer.measured_variance is not None
    assert layer.variance == pytest.approx(layer.measured_variance, rel=0.5)


def test_sums_remember_what_they_are_sums_of() -> None:
    """x + (c + x) and (x + c) - x, c from weights of its own."""
    dense = nn.Linear(300, 300)
    twice = last(analysed(Net(lambda net, x: x + (net.dense(x) + x), dense=dense), torch.zeros(300, 300)))
    assert twice.variance == pytest.approx(5)
    assert twice.assumption == ""
    agrees(twice, 0.05)
    back = last(analysed(Net(lambda net, x: (net.dense(x) + x) - x, dense=dense), torch.zeros(300, 300)))
    assert back.variance == pytest.approx(1)
    gated = last(analysed(Net(lambda net, x: F.relu(x) + (net.dense(x) + x), dense=dense), torch.zeros(300, 300)))
    # Var relu + 2 + 2 Cov(relu(x), x), which is 1/2.
    assert gated.variance == pytest.approx(0.34085 + 2 + 1, rel=1e-4)
    agrees(gated, 0.05)


def test_independence_is_said_where_it_is_assumed() -> None:
    def said(function: Callable[[Tensor], Tensor]) -> str:
        return last(analysed(Net(lambda net, x: function(x)), torch.zeros(40, 40))).assumption

    assert said(lambda x: x + x.flip(0)) == "terms taken as independent"
    assert said(lambda x: x * x.roll(1, 0)) == "factors taken as independent"
    assert said(lambda x: x @ x.t()) == "factors taken as independent"
    assert said(lambda x: F.relu(x) + x) == ""
    weights = last(analysed(Net(lambda net, x: x + net.dense(x), dense=nn.Linear(40, 40)), torch.zeros(40, 40)))
    assert weights.assumption == ""


def test_dense_connections() -> None:
    def forward(net: Any, x: Tensor) -> Tensor:
        for layer in (net.a, net.b, net.c):
            x = torch.cat([x, F.relu(layer(x))], 1)
        return x

    layers = {name: nn.Linear(100 + 100 * n, 100) for n, name in enumerate("abc")}
    report = analysed(Net(forward, **layers), torch.zeros(500, 100))
    for layer in report.layers:
        agrees(layer, 0.12)
        assert not layer.assumption


# -- what positions have in common ---------------------------------------------------------------------------------


def test_global_average_of_convolutions() -> None:
    torch.manual_seed(0)
    channels = 256

    def forward(net: Any, x: Tensor) -> Tensor:
        for layer in (net.a, net.b, net.c):
            x = F.relu(layer(x))
        return F.adaptive_avg_pool2d(x, 1)

    layers = {name: nn.Conv2d(4 if name == "a" else channels, channels, 3, padding=1) for name in "abc"}
    pooled = last(analysed(Net(forward, **layers), torch.zeros(2, 4, 12, 12)))
    agrees(pooled, 0.25)
    # Without what positions have in common it would be 144 times smaller than what goes in.
    assert pooled.variance > 0.2 * pooled.variance_in


def test_average_of_tokens_and_of_channels() -> None:
    layers = {"a": nn.Linear(64, 256), "b": nn.Linear(256, 256)}
    for dims in (1, (0, 1)):
        net = Net(lambda net, x, dims=dims: net.b(F.relu(net.a(x))).relu().mean(dims), **layers)
        report = analysed(net, torch.zeros(100, 30, 64))
        agrees(last(report), 0.2)


def test_largest_of_what_has_something_in_common() -> None:
    net = Net(
        lambda net, x: F.max_pool2d(net.b(F.relu(net.a(x))), 4),
        a=nn.Conv2d(16, 200, 3, padding=1),
        b=nn.Conv2d(200, 300, 1),
    )
    pooled = last(analysed(net, torch.zeros(4, 16, 16, 16)))
    agrees(pooled, 0.12)
    assert pooled.measured_mean == pytest.approx(pooled.mean, rel=0.08)


def test_attention_over_tokens_with_something_in_common() -> None:
    net = Net(
        lambda net, x: net.c(*(net.b(F.relu(net.a(x))),) * 3)[0],
        a=nn.Linear(32, 400),
        b=nn.Linear(400, 256),
        c=nn.MultiheadAttention(256, 4, batch_first=True),
    )
    agrees(last(analysed(net, torch.zeros(8, 40, 32))), 0.2)


def test_normalisation_keeps_or_takes_off_what_positions_have_in_common() -> None:
    def pooled(norm: nn.Module) -> LayerReport:
        net = Net(
            lambda net, x: net.norm(net.b(F.relu(net.a(x)))).mean((2, 3)),
            a=nn.Conv2d(8, 256, 3, padding=1),
            b=nn.Conv2d(256, 512, 1),
            norm=norm,
        )
        return last(analysed(net, torch.zeros(8, 8, 10, 10)))

    agrees(pooled(nn.GroupNorm(4, 512)), 0.15)
    agrees(pooled(nn.GroupNorm(1, 512)), 0.15)
    for norm in (nn.BatchNorm2d(512), nn.InstanceNorm2d(512), nn.GroupNorm(512, 512)):
        layer = pooled(norm)
        assert layer.measured_variance is not None
        assert layer.measured_variance < 0.03
        assert layer.variance < 0.03


def test_squeeze_and_excitation() -> None:
    def forward(net: Any, x: Tensor) -> Tensor:
        x = net.conv(x)
        gate = torch.sigmoid(net.up(F.relu(net.down(F.relu(x).mean((2, 3))))))
        return (x * gate[:, :, None, None]).mean((2, 3))

    layers = {"conv": nn.Conv2d(8, 256, 3), "down": nn.Linear(256, 64), "up": nn.Linear(64, 256)}
    report = analysed(Net(forward, **layers), torch.zeros(30, 8, 8, 8))
    agrees(last(report, "mul"), 0.1)
    assert not report.unknown


def test_vision_transformer() -> None:
    class Transformer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.patches = nn.Conv2d(3, 128, 4, 4)
            self.first = nn.Parameter(torch.zeros(1, 1, 128))
            self.places = nn.Parameter(0.02 * torch.randn(1, 65, 128))
            self.layers = nn.TransformerEncoder(
                nn.TransformerEncoderLayer(128, 4, 256, activation="gelu", batch_first=True, norm_first=True), 2
            )
            self.head = nn.Linear(128, 200)

        def forward(self, x: Tensor) -> Tensor:
            x = self.patches(x).flatten(2).transpose(1, 2)
            x = torch.cat([self.first.expand(len(x), -1, -1), x], 1) + self.places
            result: Tensor = self.head(self.layers(x)[:, 0])
            return result

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = Transformer()
    report = analysed(model, torch.zeros(8, 3, 32, 32))
    assert not report.unknown
    assert report.untouched == ("first", "places")
    for layer in report.layers:
        # Attention to tokens that are keys and values at once is a part larger than predicted.
        agrees(layer, 0.6)


# -- networks of torch and of others -------------------------------------------------------------------------------


def test_transformer() -> None:
    torch.manual_seed(0)
    model = nn.Transformer(64, 4, 1, 1, 128, batch_first=True)
    mask = nn.Transformer.generate_square_subsequent_mask(12)
    report = analysed(
        Net(lambda net, x, y: net.t(x, y, tgt_mask=mask, tgt_is_causal=True), t=model),
        (
            torch.zeros(16, 20, 64),
            torch.zeros(16, 12, 64),
        ),
    )
    assert not report.unknown
    assert report.untouched == ()
    agrees(last(report), 0.05)
    assert {layer.name for layer in report.layers} >= {"t.encoder.layers.0.self_attn", "t.decoder.layers.0.norm3"}


@pytest.mark.parametrize("trains", [True, False])
def test_residual_network(trains: bool) -> None:
    model = ResNet(20).train(trains)
    report = analysed(model, torch.zeros(8, 3, 32, 32))
    assert not report.unknown
    assert report.untouched == ()
    for layer in report.layers:
        # Pooled channels and ten classes are few samples.
        if layer.kind != "linear":
            agrees(layer, 0.5 if trains else 1.0)


def test_residual_network_without_normalisation() -> None:
    report = analysed(ResNet(20, norm=False), torch.zeros(4, 3, 32, 32))
    blocks = [layer.variance for layer in report.layers if layer.kind == "add"]
    assert blocks[-1] == pytest.approx(4)
    for layer in report.layers:
        if layer.kind == "add":
            agrees(layer, 0.9)


def test_all_convolutional_network_and_dense_layers() -> None:
    model = all_cnn_c(dropout=0.5)
    reports = [analysed(model, torch.zeros(2, 3, 16, 16), seed=seed) for seed in range(4)]
    assert not reports[0].unknown
    for layers in list(zip(*(report.layers for report in reports), strict=True))[:-3]:
        # One network is as far off as its channels are few; on average none is.
        measured = sum(layer.measured_variance or 0.0 for layer in layers) / len(layers)
        assert measured == pytest.approx(layers[0].variance, rel=0.5)
    deep = analysed(plain(lambda: Activation("swish(x)"), depth=8, width=400), torch.zeros(400, 64))
    for layer in deep.layers[:-1]:
        agrees(layer, 0.3)


def test_tied_embedding() -> None:
    def forward(net: Any, ids: Tensor) -> Tensor:
        x = net.embed(ids)
        return F.linear(net.dense(x), net.embed.weight)

    model = Net(forward, embed=nn.Embedding(400, 64), dense=nn.Linear(64, 64))
    report = analysed(model, torch.randint(0, 400, (20, 30)))
    out = last(report)
    assert out.assumption == "weights shared with an earlier layer"
    assert out.variance == pytest.approx(64)
    agrees(out, 0.15)
    assert report.untouched == ()


def test_layers_that_are_used_twice() -> None:
    model = Net(lambda net, x: net.dense(torch.tanh(net.dense(x))), dense=nn.Linear(200, 200))
    report = analysed(model, torch.zeros(200, 200))
    assert [layer.assumption for layer in report.layers] == ["", "", "weights shared with an earlier layer"]
    for layer in report.layers:
        agrees(layer, 0.1)


def test_computed_weights_are_kept_and_told() -> None:
    dense: Any = nn.utils.parametrizations.weight_norm(nn.Linear(100, 200))
    before = dense.weight.detach().clone()
    report = analysed(nn.Sequential(dense, nn.Tanh()), torch.zeros(200, 100))
    assert torch.equal(dense.weight, before)
    assert last(report, "linear").assumption == "weights are computed: as they are"
    agrees(last(report, "linear"), 0.1)
    assert not report.unknown
    assert set(report.untouched) == {
        "0.parametrizations.weight.original0",
        "0.parametrizations.weight.original1",
    }


def test_low_rank_additions_stay() -> None:
    """B @ A of parameters is a computed weight: neither is a layer."""
    model: Any = Net(lambda net, x: F.linear(x, net.base.weight + net.b.weight @ net.a.weight))
    model.base, model.a, model.b = nn.Linear(60, 60), nn.Linear(60, 4), nn.Linear(4, 60)
    nn.init.zeros_(model.b.weight)
    report = analysed(model, torch.zeros(50, 60))
    assert not model.b.weight.any()
    assert [layer.kind for layer in report.layers] == ["linear"]
    assert "computed" in report.layers[0].assumption


def test_frozen_parameters_stay() -> None:
    model: Any = nn.Sequential(nn.Linear(50, 200), nn.ReLU(), nn.Linear(200, 200))
    model[0].requires_grad_(False)
    weight, bias = model[0].weight.clone(), model[0].bias.clone()
    report = analysed(model, torch.zeros(300, 50))
    assert torch.equal(model[0].weight, weight)
    assert torch.equal(model[0].bias, bias)
    assert not model[0].weight.requires_grad
    assert model[2].weight.requires_grad
    assert report.layers[0].assumption == "weights kept as they are"
    agrees(report.layers[0], 0.2)
    agrees(report.layers[2], 0.1)


class Doubled(torch.autograd.Function):
    """Written in Python, of torch's functions."""

    @staticmethod
    def forward(context: Any, x: Tensor) -> Tensor:
        return x * 2

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Tensor:
        return gradients[0] * 2


class Foreign(torch.autograd.Function):
    """That computes outside of torch."""

    @staticmethod
    def forward(context: Any, x: Tensor) -> Tensor:
        import numpy as np

        return torch.from_numpy(np.cumsum(x.numpy(), 1))


def test_functions_of_ones_own() -> None:
    report = analysed(Net(lambda net, x: cast(Any, Doubled).apply(x)), torch.zeros(50, 50))
    assert report.unknown == ()
    assert last(report).variance == 4

    class Layer(nn.Module):
        def forward(self, x: Tensor) -> Any:
            return cast(Any, Foreign).apply(x)

    model = nn.Sequential(nn.Linear(20, 20), Layer(), nn.Linear(20, 300))
    report = analysed(model, torch.zeros(300, 20))
    assert report.unknown == ("1 (Layer)",)
    agrees(last(report), 0.3)


def test_functions_of_symkit() -> None:
    f = functional("swish(x)")
    report = analysed(nn.Sequential(nn.Linear(20, 200), Net(lambda net, x: f(x)), nn.Tanh()), torch.zeros(300, 20))
    assert report.unknown == ("1 (Net)",)
    # Of what is measured the mean and the variance are known, and not that it is no normal variable.
    agrees(last(report), 0.5)


@pytest.mark.filterwarnings("ignore:`torch.jit")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_scripted_modules_are_named() -> None:
    scripted: Any = torch.jit.script(nn.Sequential(nn.Linear(30, 40), nn.ReLU()))
    model = nn.Sequential(nn.Linear(20, 30), scripted, nn.Linear(40, 100))
    report = analysed(model, torch.zeros(100, 20))
    assert report.unknown
    assert all(name.startswith("1") for name in report.unknown)
    assert report.untouched == ("1.0.weight",)
    agrees(last(report), 0.3)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_compiled_modules_run_as_they_are_written() -> None:
    inner: Any = torch.compile(nn.Sequential(nn.Linear(20, 200), nn.ReLU()))
    model = nn.Sequential(inner, nn.Linear(200, 100))
    report = analysed(model, torch.zeros(100, 20))
    assert [layer.kind for layer in report.layers] == ["linear", "relu", "linear"]
    assert report.untouched == ()
    assert not report.unknown


class Causal(nn.Module):
    """Attention and a dense part as language models write them."""

    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList([nn.LayerNorm(size), nn.LayerNorm(size)])
        self.qkv, self.out = nn.Linear(size, 3 * size), nn.Linear(size, size)
        self.up, self.down = nn.Linear(size, 4 * size), nn.Linear(4 * size, size)
        self.register_buffer("mask", torch.tril(torch.ones(64, 64)).bool())

    def forward(self, x: Tensor) -> Tensor:
        batch, length, size = x.shape
        parts = self.qkv(self.norms[0](x)).split(size, dim=2)
        q, k, v = (part.view(batch, length, self.heads, -1).transpose(1, 2) for part in parts)
        logits = (q @ k.transpose(-2, -1)) / k.size(-1) ** 0.5
        weights = F.softmax(logits.masked_fill(~cast(Tensor, self.mask)[:length, :length], float("-inf")), dim=-1)
        x = x + self.out((weights @ v).transpose(1, 2).contiguous().view(batch, length, size))
        return x + cast(Tensor, self.down(F.gelu(self.up(self.norms[1](x)), approximate="tanh")))


class LanguageModel(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(300, 128), nn.Embedding(64, 128)
        self.layers = nn.ModuleList([Causal(128, 4), Causal(128, 4)])
        self.norm, self.head = nn.LayerNorm(128), nn.Linear(128, 300, bias=False)
        self.head.weight = self.tokens.weight

    def forward(self, ids: Tensor, wanted: Tensor) -> dict[str, Tensor]:
        x = self.tokens(ids) + self.places(torch.arange(ids.size(1))[None])
        for layer in self.layers:
            x = layer(x)
        logits = self.head(self.norm(x))
        return {"logits": logits, "loss": F.cross_entropy(logits.view(-1, 300), wanted.view(-1))}


def test_language_model() -> None:
    ids = torch.randint(0, 300, (8, 32))
    report = analysed(LanguageModel(), (ids, ids))
    assert report.unknown == ("(model) (cross_entropy)",)
    assert report.untouched == ()
    assert report.layers[-2].assumption == "weights shared with an earlier layer"
    for layer in report.layers[:-1]:
        agrees(layer, 0.5)


def test_lists_and_dicts_between_modules() -> None:
    def heads(net: Any, features: dict[str, list[Tensor]]) -> tuple[dict[str, Tensor], list[Tensor]]:
        return {"class": net.one(features["x"][0])}, [net.two(features["x"][1])]

    head = Net(heads, one=nn.Linear(20, 10), two=nn.Linear(20, 10))
    model = Net(lambda net, x: net.head({"x": list(net.body(x).chunk(2, 1))}), body=nn.Linear(20, 40), head=head)
    report = analysed(model, torch.zeros(100, 20))
    assert [layer.name for layer in report.layers] == ["body", "head.one", "head.two"]
    assert not report.unknown


def test_embedding_bag_is_measured() -> None:
    model = nn.Sequential(nn.EmbeddingBag(100, 16), nn.Linear(16, 200))
    report = analysed(model, torch.randint(0, 100, (50, 7)))
    assert report.unknown == ("0 (embedding_bag)",)
    assert report.untouched == ("0.weight",)
    agrees(last(report), 0.3)


def test_packed_sequences() -> None:
    def forward(net: Any, x: Tensor) -> Tensor:
        packed = nn.utils.rnn.pack_padded_sequence(x, torch.tensor([20, 12, 5]), batch_first=True)
        result, _ = net.lstm(packed)
        scores: Tensor = net.head(result.data)
        return scores

    model = Net(forward, lstm=nn.LSTM(16, 64, batch_first=True), head=nn.Linear(64, 200))
    report = analysed(model, torch.zeros(3, 20, 16))
    assert not report.unknown
    agrees(last(report), 0.4)
