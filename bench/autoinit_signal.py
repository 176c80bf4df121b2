"""How far measured variances are from predicted ones, in residual networks without normalisation and in All-CNN-C."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bench.autoinit_models import ResNet, all_cnn_c
from symkit.nn import Activation, InitReport, LayerReport, autoinit

ACTIVATIONS = ("relu", "elu", "selu", "swish", "tanh", "sigmoid", "softplus", "gelu", "leaky_relu")
"""Of All-CNN-C; leaky_relu has slope 0.01."""

IMAGES = 4
"""In a batch; every draw of weights has its own."""


@dataclass(frozen=True)
class Step:
    """The variance of one module's output, for one draw of weights after the other.

    Attributes:
        predicted, measured: means over draws. Measured is the mean square distance of all entries of a new batch from
            the predicted mean. About their own mean the entries of ten channels vary less than they do from draw to
            draw.
        ratio: of measured to what the report of the same draw predicted, the mean over draws.
        error: standard error of that mean.
        lowest, highest: ratios of single draws.
        analysis: the same mean of ratios by analysis alone, without corrections by measurement.
        default, he: mean variances with torch's own initialisation, and with that of He et al. 2015, with biases of 0.
    """

    name: str
    predicted: float
    measured: float
    ratio: float
    error: float
    lowest: float
    highest: float
    analysis: float
    default: float
    he: float


@dataclass(frozen=True)
class Followed:
    """A network's modules in the order in which they run."""

    network: str
    draws: int
    steps: list[Step]

    @property
    def worst(self) -> Step:
        return max(self.steps, key=lambda step: abs(math.log(step.ratio)) if step.ratio > 0 else math.inf)


def followed(draws: int, quick: bool = False) -> Iterator[Followed]:
    """All networks."""
    for depth, version, bottleneck in ((56, 1, False), (56, 2, False), (164, 2, True)):
        name = f"ResNet-{depth}, version {version}"
        make = _resnet(depth, version, bottleneck)
        yield _follow(name, make, lambda model: {f"blocks.{n}": block for n, block in enumerate(model.blocks)}, draws)
    for activation in ACTIVATIONS[: 1 if quick else None]:
        text = "leaky_relu(x, 0.01)" if activation == "leaky_relu" else f"{activation}(x)"
        yield _follow(f"All-CNN-C, {text}", _cnn(text), lambda model: dict(list(model.named_children())[:-2]), draws)


def _resnet(depth: int, version: int, bottleneck: bool) -> Callable[[], nn.Module]:
    return lambda: ResNet(depth, version=version, bottleneck=bottleneck, norm=False)


def _cnn(text: str) -> Callable[[], nn.Module]:
    return lambda: all_cnn_c(lambda: Activation(text))


def _follow(
    network: str, make: Callable[[], nn.Module], modules: Callable[[nn.Module], Mapping[str, nn.Module]], draws: int
) -> Followed:
    model = make()
    watched = modules(model)
    predicted: dict[str, LayerReport] = {}
    kinds = (_autoinit, _analysis, _default, _he)
    found: dict[str, list[list[tuple[float, float]]]] = {name: [[] for _ in kinds] for name in watched}
    for seed in range(draws):
        torch.manual_seed(seed)
        images = torch.randn(IMAGES, 3, 32, 32)
        for kind, initialise in enumerate(kinds):
            report = initialise(model, seed)
            if report is not None:
                predicted = {name: _last(report, name) for name in watched}
            for name, (mean, variance) in _moments(model, watched, images).items():
                shift = mean - predicted[name].mean if report is not None else 0.0
                wanted = predicted[name].variance if report is not None else 1.0
                found[name][kind].append((wanted, variance + shift**2))
    return Followed(network, draws, [_step(name, *found[name]) for name in watched])


def _autoinit(model: nn.Module, seed: int) -> InitReport:
    return autoinit(model, torch.empty(IMAGES, 3, 32, 32), seed=seed)


def _analysis(model: nn.Module, seed: int) -> InitReport:
    return autoinit(model, torch.empty(1, 3, 32, 32), seed=seed, calibrate=False)


def _default(model: nn.Module, seed: int) -> None:
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.reset_parameters()


def _he(model: nn.Module, seed: int) -> None:
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight)
            assert module.bias is not None
            nn.init.zeros_(module.bias)


def _last(report: InitReport, name: str) -> LayerReport:
    """What a module puts out: its last step."""
    return [step for step in report.layers if step.name == name or step.name.startswith(f"{name}.")][-1]


@torch.no_grad()
def _moments(model: nn.Module, watched: Mapping[str, nn.Module], images: Tensor) -> dict[str, tuple[float, float]]:
    """Mean and variance of all entries of each output."""
    found: dict[str, tuple[float, float]] = {}

    def note(name: str) -> Callable[..., None]:
        def keep(module: nn.Module, given: object, output: Tensor) -> None:
            variance, mean = torch.var_mean(output.double(), correction=0)
            found[name] = mean.item(), variance.item()

        return keep

    hooks = [module.register_forward_hook(note(name)) for name, module in watched.items()]
    model(images)
    for hook in hooks:
        hook.remove()
    return found


Draws = Sequence[tuple[float, float]]
"""Predicted and measured variances."""


def _step(name: str, own: Draws, analysis: Draws, default: Draws, he: Draws) -> Step:
    mean = statistics.fmean
    ratios = [measured / predicted for predicted, measured in own]
    error = statistics.stdev(ratios) / math.sqrt(len(ratios)) if len(ratios) > 1 else math.nan
    return Step(
        name,
        predicted=mean(predicted for predicted, _ in own),
        measured=mean(measured for _, measured in own),
        ratio=mean(ratios),
        error=error,
        lowest=min(ratios),
        highest=max(ratios),
        analysis=mean(measured / predicted for predicted, measured in analysis),
        default=mean(measured for _, measured in default),
        he=mean(measured for _, measured in he),
    )
