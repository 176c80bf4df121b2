"""Every rule of autoinit: the mean and variance that it predicts are those that are measured on normal inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from symkit.nn import Activation, InitReport, autoinit

IMAGES, LINES, VOLUMES = (8, 16, 14, 14), (16, 32, 60), (4, 16, 7, 7, 7)
TOKENS, ROWS = (16, 40, 64), (400, 100)


class Calls(nn.Module):
    """A function as a model, with the parameters and buffers that it uses."""

    def __init__(self, function: Callable[..., Any], **held: Tensor) -> None:
        super().__init__()
        self.function = function
        for name, value in held.items():
            if isinstance(value, nn.Parameter):
                setattr(self, name, value)
            else:
                self.register_buffer(name, value)

    def forward(self, *inputs: Tensor) -> Any:
        held = {**self._parameters, **self._buffers}
        return self.function(*inputs, **held)


def followed(model: nn.Module | Callable[..., Any], *shapes: tuple[int, ...], **settings: Any) -> InitReport:
    """By analysis alone: what is measured does not correct what is predicted."""
    torch.manual_seed(1)
    made = model if isinstance(model, nn.Module) else Calls(model)
    return autoinit(made, tuple(torch.zeros(shape) for shape in shapes), calibrate=False, **settings)


def check(report: InitReport, rough: float = 0.05) -> None:
    """The last step is as predicted, by so much of its size; and all steps are known."""
    assert report.layers
    assert not report.unknown
    last = report.layers[-1]
    assert last.measured_mean is not None
    assert last.measured_variance is not None
    size = max(last.variance, last.measured_variance, 1e-12)
    assert last.measured_variance == pytest.approx(last.variance, abs=rough * size), last
    # The mean of what was drawn is off by less than its deviation, and by a part of what it is.
    assert abs(last.mean - last.measured_mean) < rough * max(size**0.5, abs(last.mean)), last


MODULES: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "Linear": (lambda: nn.Linear(100, 300), ROWS),
    "Linear without bias": (lambda: nn.Linear(64, 300, bias=False), TOKENS),
    "Conv1d": (lambda: nn.Conv1d(32, 300, 5, padding=2), LINES),
    "Conv1d, strides, dilation": (lambda: nn.Conv1d(32, 300, 3, stride=3, dilation=4), LINES),
    "Conv2d": (lambda: nn.Conv2d(16, 200, 3, padding=1), IMAGES),
    "Conv2d same": (lambda: nn.Conv2d(16, 200, (4, 3), padding="same", dilation=(2, 3)), IMAGES),
    "Conv2d valid": (lambda: nn.Conv2d(16, 200, 5, padding="valid", bias=False), IMAGES),
    "Conv2d reflect": (lambda: nn.Conv2d(16, 200, 3, padding=1, padding_mode="reflect"), IMAGES),
    "Conv2d circular": (lambda: nn.Conv2d(16, 200, 3, padding=2, padding_mode="circular"), IMAGES),
    "Conv2d replicate, stride": (lambda: nn.Conv2d(16, 200, 3, 2, 1, padding_mode="replicate"), IMAGES),
    "Conv2d wide padding": (lambda: nn.Conv2d(16, 200, 3, padding=3), IMAGES),
    "grouped": (lambda: nn.Conv2d(16, 320, 3, padding=1, groups=4), IMAGES),
    "depthwise": (lambda: nn.Conv2d(16, 16 * 40, 3, padding=1, groups=16), IMAGES),
    "Conv3d": (lambda: nn.Conv3d(16, 100, 3, padding=(1, 0, 2), stride=(1, 2, 1)), VOLUMES),
    "ConvTranspose1d": (lambda: nn.ConvTranspose1d(32, 300, 4, stride=2, padding=1), LINES),
    "ConvTranspose2d": (lambda: nn.ConvTranspose2d(16, 200, 3, 2, 1, output_padding=1), IMAGES),
    "ConvTranspose2d, groups, dilation": (lambda: nn.ConvTranspose2d(16, 200, 3, groups=4, dilation=2), IMAGES),
    "ConvTranspose3d": (lambda: nn.ConvTranspose3d(16, 64, 3, stride=2), VOLUMES),
    "Bilinear": (lambda: nn.Bilinear(50, 50, 100), ROWS),
    "BatchNorm1d": (lambda: nn.BatchNorm1d(100), ROWS),
    "BatchNorm2d": (lambda: nn.BatchNorm2d(16), IMAGES),
    "BatchNorm3d": (lambda: nn.BatchNorm3d(16, affine=False), VOLUMES),
    "BatchNorm of no statistics": (lambda: nn.BatchNorm2d(16, track_running_stats=False), IMAGES),
    "LayerNorm": (lambda: nn.LayerNorm(64), TOKENS),
    "LayerNorm of maps": (lambda: nn.LayerNorm([16, 14, 14]), IMAGES),
    "GroupNorm": (lambda: nn.GroupNorm(4, 16), IMAGES),
    "InstanceNorm": (lambda: nn.InstanceNorm2d(16, affine=True), IMAGES),
    "RMSNorm": (lambda: nn.RMSNorm(64), TOKENS),
    "LocalResponseNorm": (lambda: nn.LocalResponseNorm(5), IMAGES),
    "Dropout": (lambda: nn.Dropout(0.3), TOKENS),
    "Dropout2d": (lambda: nn.Dropout2d(0.4), (100, 40, 5, 5)),
    "AlphaDropout": (lambda: nn.AlphaDropout(0.2), TOKENS),
    "FeatureAlphaDropout": (lambda: nn.FeatureAlphaDropout(0.2), (100, 40, 5, 5)),
    "AvgPool1d": (lambda: nn.AvgPool1d(3), LINES),
    "AvgPool2d": (lambda: nn.AvgPool2d((2, 3), stride=1), IMAGES),
    "AvgPool2d padded": (lambda: nn.AvgPool2d(3, 2, 1, count_include_pad=True), IMAGES),
    "AvgPool2d uncounted": (lambda: nn.AvgPool2d(3, 2, 1, count_include_pad=False, ceil_mode=True), IMAGES),
    "AvgPool3d": (lambda: nn.AvgPool3d(2), VOLUMES),
    "AdaptiveAvgPool2d": (lambda: nn.AdaptiveAvgPool2d((7, 2)), (40, 64, 14, 14)),
    "MaxPool1d": (lambda: nn.MaxPool1d(4), LINES),
    "MaxPool2d": (lambda: nn.MaxPool2d(2), IMAGES),
    "MaxPool2d padded": (lambda: nn.MaxPool2d(3, 2, 1), IMAGES),
    "MaxPool3d": (lambda: nn.MaxPool3d(2, return_indices=True), VOLUMES),
    "AdaptiveMaxPool1d": (lambda: nn.AdaptiveMaxPool1d(6), LINES),
    "LPPool2d": (lambda: nn.LPPool2d(2, 2), IMAGES),
    "ZeroPad2d": (lambda: nn.ZeroPad2d((1, 2, 3, 0)), IMAGES),
    "ConstantPad1d": (lambda: nn.ConstantPad1d((4, -2), 1.5), LINES),
    "ReflectionPad2d": (lambda: nn.ReflectionPad2d(2), IMAGES),
    "ReplicationPad1d": (lambda: nn.ReplicationPad1d(3), LINES),
    "CircularPad2d": (lambda: nn.CircularPad2d(2), IMAGES),
    "Upsample nearest": (lambda: nn.Sequential(nn.Upsample(scale_factor=2), nn.Tanh()), IMAGES),
    "Upsample bilinear": (lambda: nn.Upsample(scale_factor=2, mode="bilinear"), IMAGES),
    "PixelShuffle": (lambda: nn.Sequential(nn.PixelShuffle(2), nn.Tanh()), IMAGES),
    "ChannelShuffle": (lambda: nn.Sequential(nn.ChannelShuffle(2), nn.Tanh()), IMAGES),
    "Flatten": (lambda: nn.Sequential(nn.Flatten(), nn.Linear(16 * 14 * 14, 300)), (30, 16, 14, 14)),
    "Identity": (lambda: nn.Sequential(nn.Identity(), nn.Tanh()), ROWS),
    "LSTM": (lambda: nn.LSTM(64, 40, batch_first=True), TOKENS),
    "LSTM both ways": (lambda: nn.LSTM(64, 40, num_layers=2, bidirectional=True), TOKENS),
    "LSTM projected": (lambda: nn.LSTM(64, 40, proj_size=20, batch_first=True), TOKENS),
    "GRU": (lambda: nn.GRU(64, 40), TOKENS),
    "RNN": (lambda: nn.RNN(64, 40, nonlinearity="relu", bidirectional=True), TOKENS),
    "LSTMCell": (lambda: nn.LSTMCell(100, 60), ROWS),
    "GRUCell": (lambda: nn.GRUCell(100, 60), ROWS),
    "RNNCell": (lambda: nn.RNNCell(100, 60), ROWS),
    "Softmax": (lambda: nn.Softmax(dim=-1), ROWS),
    "LogSoftmax": (lambda: nn.LogSoftmax(dim=1), ROWS),
    "GLU": (lambda: nn.GLU(), ROWS),
    "PReLU": (lambda: nn.PReLU(), ROWS),
    "PReLU of channels": (lambda: nn.PReLU(16, init=0.1), IMAGES),
    "RReLU": (lambda: nn.RReLU(), ROWS),
    "Activation": (lambda: Activation("swish(beta*x) + 0.1", init={"beta": 1.5}), ROWS),
    "Activation of channels": (lambda: Activation("swish(beta*x)", granularity="channel", num_channels=16), IMAGES),
}


@pytest.mark.filterwarnings("ignore:LSTM with projections")
@pytest.mark.parametrize("name", MODULES)
def test_modules(name: str) -> None:
    make, shape = MODULES[name]
    torch.manual_seed(0)
    model = make()
    shapes = ((400, 50),) * 2 if name == "Bilinear" else (shape,)
    check(followed(model, *shapes), 0.07)


@pytest.mark.parametrize(
    "module",
    [
        *(nn.ReLU(), nn.ReLU(inplace=True), nn.ReLU6(), nn.LeakyReLU(0.2), nn.ELU(0.7), nn.CELU(2.0), nn.SELU()),
        *(nn.GELU(), nn.GELU("tanh"), nn.SiLU(inplace=True), nn.Mish(), nn.Softplus(), nn.Softplus(2.0), nn.Softsign()),
        *(
            nn.Tanh(),
            nn.Sigmoid(),
            nn.LogSigmoid(),
            nn.Tanhshrink(),
            nn.Softshrink(0.3),
            nn.Hardshrink(),
            nn.Hardtanh(),
        ),
        *(nn.Hardtanh(-0.5, 2.0), nn.Hardswish(), nn.Hardsigmoid(), nn.Threshold(0.1, -3.0), nn.Softmin(dim=1)),
    ],
    ids=str,
)
def test_activations(module: nn.Module) -> None:
    check(followed(module, ROWS))


def _assigned(x: Tensor) -> Tensor:
    y = x * 2
    y += 1
    y -= x
    y *= 0.5
    y /= 2.0
    return y


FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(torch, name) for name in ("abs", "sin", "cos", "exp", "tanh", "sigmoid", "square", "erf", "sign")},
    **{name: getattr(torch, name) for name in ("neg", "expm1", "relu", "sinh", "cosh", "arctan", "asinh", "exp2")},
    "method": lambda x: x.relu(),
    "in place": lambda x: F.relu(x, inplace=True),
    "method in place": lambda x: x.mul_(3).add_(1.0, alpha=2).tanh_(),
    "elu by name": lambda x: F.elu(alpha=0.5, input=x),
    "clamp": lambda x: x.clamp(-0.5, max=1),
    "clamp above": lambda x: torch.clamp(x, max=0.3),
    "clamp_min": lambda x: x.clamp_min(0.2),
    "rrelu in training": lambda x: F.rrelu(x, training=True),
    "add a number": lambda x: x + 3,
    "number less": lambda x: 1.5 - x,
    "divided": lambda x: x / 4,
    "divided by": lambda x: 1 / (x + 10),
    "power": lambda x: x**2,
    "power of": lambda x: 2**x,
    "half power": lambda x: torch.pow(x.abs(), 0.5),
    "alpha": lambda x: torch.add(x, 1.0, alpha=3),
    "names in another order": lambda x: torch.sub(other=x, input=x * 2, alpha=0.5),
    "in place operators": _assigned,
    "0-d tensor": lambda x: x * torch.tensor(2.0) + torch.tensor(1.0),
    "hand-written leaky relu": lambda x: torch.where(x > 0, x, 0.1 * x),
    "times a step": lambda x: x * (x > 0.5).float(),
    "times a step of bool": lambda x: x * (x <= 0.5),
    "masked_fill": lambda x: x.masked_fill(x < 0, -1.0),
    "masked at random": lambda x: x.masked_fill(torch.rand(x.shape) < 0.3, 2.0),
    "swish by hand": lambda x: x * torch.sigmoid(x),
    "x - x + x": lambda x: (x - x) + x,
    "relu of both signs": lambda x: F.relu(x) + F.relu(-x),
    "abs by maximum": lambda x: torch.maximum(x, -x),
    "to float64": lambda x: x.to(torch.float64).tanh(),
    "to bfloat16": lambda x: x.bfloat16().tanh(),
    "detached": lambda x: x.detach().clone().contiguous().tanh(),
    "normalised by hand": lambda x: (x - x.mean(1, keepdim=True)) / x.std(1, keepdim=True),
    "layer norm by hand": lambda x: (
        (x - x.mean(-1, True)) * torch.rsqrt(((x - x.mean(-1, True)) ** 2).mean(-1, keepdim=True) + 1e-5)
    ),
    "halves multiplied": lambda x: torch.mul(*x.chunk(2, dim=1)),
    "halves, one gated": lambda x: x[:, :50] * x[:, 50:].sigmoid(),
    "flipped": lambda x: x + x.flip(1),
    "rows added": lambda x: x[1:] - x[:-1],
    "stacked": lambda x: torch.stack([x, x.abs()], dim=1),
    "concatenated": lambda x: torch.cat((x, F.relu(x), x + 5), 1),
    "einsum of one": lambda x: torch.einsum("bi,bj->bij", x, x.flip(0)),
    "outer product": lambda x: x[:, :, None] * x.flip(0)[:, None, :],
    "Gram matrix": lambda x: x[:200] @ x[200:].T,
    "addcmul": lambda x: torch.addcmul(x, x.tanh(), x, value=0.5),
    "lerp": lambda x: torch.lerp(x, x.flip(0), 0.3),
    "unfolded": lambda x: F.unfold(x[:40, None, :, None], (3, 1)).tanh(),
    "zeros_like": lambda x: x + torch.zeros_like(x),
    "noise": lambda x: x + 0.5 * torch.randn_like(x),
    "through a list": lambda x: sum([part.tanh() for part in [x, 2 * x]]),
}


ALONG: dict[str, Callable[[Tensor], Any]] = {
    "normalize": lambda x: F.normalize(x, dim=1),
    "less its mean": lambda x: x - x[:, :4].tanh().mean(1, keepdim=True),
    "logsumexp": lambda x: torch.logsumexp(x, dim=1),
    "norm": lambda x: x.norm(dim=1),
    "var": lambda x: x.var(dim=1),
    "softmax, dtype": lambda x: torch.softmax(x * 2, dim=-1, dtype=torch.float32),
    "sum": lambda x: x.sum(1),
    "sum, dtype": lambda x: torch.sum(x.tanh(), dim=(-1,), keepdim=True, dtype=torch.float64),
    "largest": lambda x: x.max(1)[0],
    "largest values": lambda x: x.max(dim=1, keepdim=True).values,
    "amax": lambda x: F.relu(x).amax(-1),
    "smallest": lambda x: torch.min(x, 1).values,
    "parts added": lambda x: sum(torch.split(x, 10, dim=1)),
}


@pytest.mark.parametrize("name", ALONG)
def test_functions_of_many_entries(name: str) -> None:
    check(followed(ALONG[name], (6000, 30)), 0.06)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str) -> None:
    torch.manual_seed(0)
    check(followed(FUNCTIONS[name], ROWS))


TWO: dict[str, Callable[..., Any]] = {
    "sum": lambda x, y: x + y,
    "in place": lambda x, y: x.add_(y, alpha=2),
    "difference": lambda x, y: torch.subtract(x, y, alpha=3),
    "product": lambda x, y: (x + 1) * (y - 2),
    "quotient": lambda x, y: x / (y * 0.1 + 3),
    "quotient without end": lambda x, y: x.tanh() / (y.abs() + 0.5),
    "maximum": lambda x, y: torch.maximum(x, y * 2),
    "min": lambda x, y: torch.min(x, y.relu()),
    "logaddexp": lambda x, y: torch.logaddexp(x, y),
    "where": lambda x, y: torch.where(torch.rand_like(x) < 0.25, x + 2, y),
    "lerp": lambda x, y: torch.lerp(x, y, weight=0.25),
    "addcmul": lambda x, y: torch.addcmul(x, y, y.flip(0), value=0.5),
    "gate": lambda x, y: x * torch.sigmoid(y) + y * (1 - torch.sigmoid(y)),
    "matmul": lambda x, y: x @ y.mT,
    "mm": lambda x, y: torch.mm(x, y.t()),
    "einsum": lambda x, y: torch.einsum("ik, jk -> ij", x, y),
    "sum of three": lambda x, y: x + (x + y),
    "deep sums": lambda x, y: (x + y) + ((x + y) - x) + F.relu(x),
    "product of sums": lambda x, y: (x + y) * (x - 2 * y + 1),
}


@pytest.mark.parametrize("name", TWO)
def test_two_inputs(name: str) -> None:
    torch.manual_seed(0)
    check(followed(TWO[name], ROWS, ROWS), 0.06)


DIMENSIONS: dict[str, tuple[Callable[[Tensor], Tensor], tuple[int, ...]]] = {
    "mean of maps": (lambda x: x.mean((2, 3)), (100, 64, 6, 6)),
    "mean, negative": (lambda x: x.tanh().mean(dim=(-1, -2), keepdim=True), (100, 64, 6, 6)),
    "mean of channels": (lambda x: x.mean(1), (100, 6, 8, 8)),
    "bmm": (lambda x: torch.bmm(x, x.flip(0).transpose(1, 2)), TOKENS),
    "einsum of batches": (lambda x: torch.einsum("bij,bkj->bik", x, x.flip(0)), TOKENS),
    "permuted": (lambda x: x.permute(0, 2, 1).reshape(16, -1).tanh(), TOKENS),
    "squeezed": (lambda x: x.unsqueeze(1).squeeze(1).swapaxes(0, 1).exp(), TOKENS),
    "mean of tokens": (lambda x: x.relu().mean(1), (200, 6, 64)),
    "unbound": (lambda x: torch.stack(x.unbind(1)).sum(0), (200, 6, 64)),
}


@pytest.mark.parametrize("name", DIMENSIONS)
def test_dimensions(name: str) -> None:
    function, shape = DIMENSIONS[name]
    check(followed(function, shape))


def _parameter(*shape: int, size: float = 1.0) -> nn.Parameter:
    return nn.Parameter(size * torch.randn(shape, generator=torch.Generator().manual_seed(0)))


WEIGHTS: dict[str, tuple[Callable[..., Any], tuple[int, ...]]] = {
    "x @ W": (lambda x, w: x @ w, (100, 200)),
    "x @ W.T": (lambda x, w: x @ w.T, (200, 100)),
    "x @ W.mT": (lambda x, w: torch.matmul(x, w.mT), (200, 100)),
    "W @ x": (lambda x, w: (w @ x.t()).t(), (200, 100)),
    "mm": (lambda x, w: torch.mm(x, w), (100, 200)),
    "linear of a view": (lambda x, w: F.linear(x, w.t()), (100, 200)),
    "linear of parts": (lambda x, w: torch.cat([F.linear(x, part) for part in w.chunk(2)], 1), (200, 100)),
    "part, transposed": (lambda x, w: x @ w[:150].transpose(0, 1), (200, 100)),
    "einsum": (lambda x, w: torch.einsum("bi,io->bo", x, w), (100, 200)),
    "einsum, reversed": (lambda x, w: torch.einsum("ohi,bi->boh", w, x), (50, 4, 100)),
    "addmm": (lambda x, w: torch.addmm(torch.zeros(200), x, w), (100, 200)),
    "convolution": (lambda x, w: F.conv1d(x[:, None], w, padding=3), (300, 1, 7)),
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_parameters_that_are_weights(name: str) -> None:
    """Of whatever form, they are found, and drawn so that the result has the wanted variance."""
    function, shape = WEIGHTS[name]
    model = Calls(function, w=_parameter(*shape))
    report = followed(model, ROWS, variance=2.0)
    check(report, 0.06)
    assert report.layers[-1].variance == pytest.approx(2.0)
    assert report.untouched == ()
    assert any(layer.weight_std for layer in report.layers)


CONSTANTS: dict[str, tuple[Callable[..., Any], tuple[int, ...]]] = {
    "learnt scale": (lambda x, p: x * p, ()),
    "layer scale": (lambda x, p: F.relu(x) * p, (100,)),
    "offset": (lambda x, p: x + p, (100,)),
    "tempered": (lambda x, p: (x + 1) * p.exp(), ()),
    "clamped": (lambda x, p: x.tanh() - p.clamp(min=0.0), (100,)),
    "made of one": (lambda x, p: x * torch.cat([p[:50], 2 * p[:50]]), (100,)),
}


@pytest.mark.parametrize("trains", [True, False])
@pytest.mark.parametrize("name", CONSTANTS)
def test_parameters_and_buffers_as_constants(name: str, trains: bool) -> None:
    function, shape = CONSTANTS[name]
    value = _parameter(*shape, size=0.5)
    model = Calls(function, p=value if trains else value.detach())
    before = value.detach().clone()
    check(followed(model, (2000, 100)))
    assert torch.equal(value, before)


ATTENTION: dict[str, tuple[Callable[[], nn.Module], tuple[tuple[int, ...], ...]]] = {
    "self": (lambda: nn.MultiheadAttention(64, 4, batch_first=True), ((16, 20, 64),) * 3),
    "sequence first": (lambda: nn.MultiheadAttention(64, 4, bias=False), ((20, 16, 64),) * 3),
    "other widths": (
        lambda: nn.MultiheadAttention(64, 4, kdim=30, vdim=50, batch_first=True),
        ((16, 20, 64), (16, 25, 30), (16, 25, 50)),
    ),
    "more keys": (lambda: nn.MultiheadAttention(64, 2, add_zero_attn=True, dropout=0.1), ((20, 16, 64),) * 3),
}


@pytest.mark.parametrize("name", ATTENTION)
def test_multi_head_attention(name: str) -> None:
    make, shapes = ATTENTION[name]
    report = followed(make(), *shapes)
    check(report, 0.15)
    assert not report.untouched


@pytest.mark.parametrize("causal", [False, True])
def test_dot_product_attention(causal: bool) -> None:
    report = followed(
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v + 1, is_causal=causal), *((8, 4, 20, 32),) * 3
    )
    check(report, 0.04)


def test_attention_by_hand() -> None:
    def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        weights: Tensor = (q @ k.transpose(-2, -1) / 32**0.5).softmax(-1)
        return weights @ (v + 1)

    by_hand = followed(attend, *((8, 4, 20, 32),) * 3)
    check(by_hand, 0.04)
    by_torch = followed(lambda q, k, v: F.scaled_dot_product_attention(q, k, v + 1), *((8, 4, 20, 32),) * 3)
    assert by_hand.layers[-1].variance == pytest.approx(by_torch.layers[-1].variance)


def test_masked_attention() -> None:
    mask = torch.full((20, 20), float("-inf")).triu(1)
    by_hand = followed(
        Calls(lambda q, k, v, mask: F.scaled_dot_product_attention(q, k, v, attn_mask=mask), mask=mask),
        *((8, 4, 20, 32),) * 3,
    )
    check(by_hand, 0.04)


MASKS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "masked_fill": lambda logits, seen: logits.masked_fill(~seen, float("-inf")),
    "masked_fill with a low number": lambda logits, seen: logits.masked_fill(~seen, -1e9),
    "where": lambda logits, seen: torch.where(seen, logits, torch.tensor(float("-inf"))),
    "where not": lambda logits, seen: torch.where(~seen, float("-inf"), logits),
    "added": lambda logits, seen: logits + torch.zeros(20, 20).masked_fill(~seen, float("-inf")),
    "added low numbers": lambda logits, seen: logits + (1.0 - seen.float()) * torch.finfo(torch.float32).min,
}


@pytest.mark.parametrize("name", MASKS)
def test_masks_by_hand(name: str) -> None:
    def attend(q: Tensor, k: Tensor, v: Tensor, seen: Tensor) -> Tensor:
        weights = MASKS[name](q @ k.transpose(-2, -1) / 32**0.5, seen).softmax(-1)
        return F.dropout(weights, 0.1) @ (v + 1)

    model = Calls(attend, seen=torch.ones(20, 20, dtype=torch.bool).tril())
    check(followed(model, *((8, 4, 20, 32),) * 3), 0.06)


def test_embedding() -> None:
    model = nn.Embedding(500, 64, padding_idx=3)
    report = autoinit(model, torch.randint(4, 500, (8, 60)), variance=0.5, calibrate=False)
    check(report)
    assert report.layers[-1].variance == pytest.approx(0.5)
    assert not model.weight[3].any()


NORMALISED_LATER: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "BatchNorm2d": (lambda: nn.BatchNorm2d(16), IMAGES),
    "InstanceNorm2d": (lambda: nn.InstanceNorm2d(16), IMAGES),
    "Dropout": (lambda: nn.Dropout(0.5), ROWS),
    "RReLU": (lambda: nn.RReLU(0.1, 0.5), ROWS),
}


@pytest.mark.parametrize("name", NORMALISED_LATER)
def test_evaluation_mode(name: str) -> None:
    """Statistics so far instead of those of the batch, and nothing by chance."""
    make, shape = NORMALISED_LATER[name]
    torch.manual_seed(0)
    model = nn.Sequential(nn.Identity(), make(), nn.Tanh()).eval()
    module = model[1]
    if isinstance(module, nn.BatchNorm2d):
        module.load_state_dict({**module.state_dict(), "running_mean": torch.full((16,), 0.5)})
        module.load_state_dict({**module.state_dict(), "running_var": torch.full((16,), 4.0)})
    check(followed(model, shape))
    assert not model.training


UNKNOWNS: dict[str, Callable[[Tensor], Any]] = {
    "cumsum": lambda x: x.cumsum(1),
    "sort": lambda x: x.sort(1)[0],
    "lgamma": lambda x: torch.lgamma(x.abs() + 1),
    "setitem": lambda x: torch.zeros_like(x).index_put_((torch.arange(5),), x[:5]),
    "fft": lambda x: torch.fft.rfft(x).abs(),
}


@pytest.mark.parametrize("name", UNKNOWNS)
def test_what_is_not_known_is_measured_and_named(name: str) -> None:
    report = followed(lambda x: UNKNOWNS[name](x) * 2, ROWS)
    assert report.unknown
    last = report.layers[-1]
    assert last.kind == "mul"
    assert last.measured_variance == pytest.approx(last.variance, rel=1e-3)
