"""Layers of weights: initialised just before they run (B equations 5.5 to 5.8)."""

from __future__ import annotations

from math import prod
from typing import Any

import torch
from torch import Tensor

from symkit.nn.autoinit import formulas
from symkit.nn.autoinit.recorder import Call, Rule, measured
from symkit.nn.autoinit.signal import Signal
from symkit.nn.autoinit.weights import coverage, fan_in, fill


def linear(call: Call) -> Any:
    """A dense layer."""
    before, weight = call.signal(), call.argument(1, "weight")
    return weighted(call, before, weight, call.argument(2, "bias"), fan_in("linear", weight))


def convolution(dimensions: int) -> Any:
    """A convolution: the padding's zeros are terms of the sum that are missing."""

    def rule(call: Call) -> Any:
        before, weight, given = call.signal(), call.argument(1, "weight"), call.argument(0, "input")
        stride, padding, dilation = (
            _each(call.argument(place, name, default), dimensions)
            for place, name, default in ((3, "stride", 1), (4, "padding", 0), (5, "dilation", 1))
        )
        size, kernel = given.shape[-dimensions:], weight.shape[2:]
        result = _sizes(size, kernel, stride, padding, dilation)
        share = coverage(size, result, kernel, stride, padding, dilation)
        return weighted(call, before, weight, call.argument(2, "bias"), fan_in("conv", weight) * share)

    return rule


def transposed(dimensions: int) -> Any:
    """A transposed convolution."""

    def rule(call: Call) -> Any:
        before, weight = call.signal(), call.argument(1, "weight")
        stride = _each(call.argument(3, "stride", 1), dimensions)
        terms = fan_in("conv_transpose", weight, call.argument(6, "groups", 1), stride)
        # Outputs take turns with the taps of the kernel.
        return weighted(call, before, weight, call.argument(2, "bias"), terms, 1 / prod(stride))

    return rule


def _sizes(size: Any, kernel: Any, stride: Any, padding: Any, dilation: Any) -> list[int]:
    """Of the output of a convolution."""
    if padding == "same":
        return list(size)
    around = [0] * len(kernel) if padding == "valid" else padding
    settings = zip(size, kernel, stride, around, dilation, strict=True)
    return [(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in settings]


def _each(value: Any, dimensions: int) -> Any:
    return (
        value if isinstance(value, str) else tuple(value) if isinstance(value, tuple | list) else (value,) * dimensions
    )


def weighted(call: Call, before: Signal, weight: Tensor, bias: Tensor | None, terms: float, same: float = 1.0) -> Any:
    """Sets weights and bias, runs the layer, and says what comes out of a sum of so many terms.

    Two positions of a channel are summed with the same weights, or a share `same` of them is.
    """
    std, assumption = initialised(call, weight, bias, terms, before.mean, before.variance)
    mean, variance = sum_of_weighted(call, weight, terms, std, before)
    offset = call.recorder.signal(bias) if bias is not None else Signal.constant(0.0)
    shared = same * shared_by_weights(before, variance)
    call.run()
    after = Signal.normal(
        *(mean + offset.mean, variance + offset.variance, shared + offset.variance, assumption), fresh=std is not None
    )
    return call.finish(after, before, std)


def shared_by_weights(before: Signal, variance: float) -> float:
    """The covariance of two positions that the same weights have summed."""
    second = before.second_moment
    return variance * (before.mean**2 + before.covariance) / second if second else 0.0


def sum_of_weighted(call: Call, weight: Tensor, terms: float, std: float | None, before: Signal) -> tuple[float, float]:
    """Mean and variance of a sum of so many products; of the weights as they are if `std` is None."""
    if std is not None:
        return 0.0, terms * std**2 * before.second_moment
    own = measured(weight)
    mean = terms * own.mean * before.mean
    return mean, terms * (own.second_moment * before.second_moment - (own.mean * before.mean) ** 2)


def initialised(
    call: Call,
    weight: Tensor,
    bias: Tensor | None,
    terms: float,
    mean: float,
    variance: float,
    rows: slice | None = None,
) -> tuple[float | None, str]:
    """Fills weights so that the sum of so many terms has the wanted variance; the standard deviation, and a remark.

    Weights that are no parameter of the model, that do not train, or that are to be kept stay as they are: None.
    With `rows`, only these are filled.
    """
    recorder = call.recorder
    name = recorder.parameter(weight)
    general = recorder.settings
    settings: dict[str, Any] = {
        "variance": general.variance,
        "distribution": general.distribution,
        "keep": general.keep,
        **general.overrides.get(recorder.place, {}),
    }
    if name is None or not weight.requires_grad or settings["keep"]:
        return None, "weights kept as they are" if name is not None else "weights are computed: as they are"
    key = name if rows is None else f"{name}[{rows.start}:{rows.stop}]"
    if key in recorder.set:
        return recorder.set[key], "weights shared with an earlier layer"
    if mean == 0 and variance == 0:
        return None, "its input is 0 everywhere: weights kept as they are"
    std = formulas.weight_std(terms, mean, variance, settings["variance"])
    with torch.no_grad():
        part = weight if rows is None else weight[rows]
        fill(part, std, settings["distribution"], recorder.generator, groups=_groups(call))
        if bias is not None and recorder.parameter(bias) is not None:
            bias.zero_()
    recorder.set[key] = std
    return std, ""


def _groups(call: Call) -> int:
    """Of a convolution."""
    return int(call.argument(6, "groups", 1)) if call.kind.startswith("conv") else 1


def embedding(call: Call) -> Any:
    """Rows of weights: they are the signal."""
    weight = call.argument(1, "weight")
    std, assumption = initialised(call, weight, None, 1.0, 1.0, 0.0)
    own = measured(weight) if std is None else Signal.normal(0.0, std**2)
    before = Signal.normal(0.0, 0.0)
    call.run()
    # Of one token the same row stands at all its positions; how often tokens recur is not known.
    return call.finish(Signal.normal(own.mean, own.variance, 0.0, assumption, fresh=True), before, std)


def bilinear(call: Call) -> Any:
    """Products of the entries of two inputs, weighted."""
    first, second, weight = call.signal(0, "input1"), call.signal(1, "input2"), call.argument(2, "weight")
    mean, variance = formulas.multiplied([(first.mean, first.variance), (second.mean, second.variance)])
    terms = float(weight.shape[1] * weight.shape[2])
    joint = Signal.normal(mean, variance, assumption="factors taken as independent")
    return weighted(call, joint, weight, call.argument(3, "bias"), terms)


RULES: dict[str, Rule] = {
    "linear": linear,
    **{f"conv{n}d": convolution(n) for n in (1, 2, 3)},
    **{f"conv_transpose{n}d": transposed(n) for n in (1, 2, 3)},
    "embedding": embedding,
    "bilinear": bilinear,
}
