"""Layers of weights: initialised just before they run (B equations 5.5 to 5.8)."""

from __future__ import annotations

from math import prod
from typing import Any

from torch import Tensor

from symkit.nn.initialization import formulas
from symkit.nn.initialization.measuring import measured
from symkit.nn.initialization.recorder import Call, Rule
from symkit.nn.initialization.rules.initialising import calibrated, initialised
from symkit.nn.initialization.signal import Signal
from symkit.nn.initialization.weights import coverage, fan_in


def linear(call: Call) -> Any:
    """A dense layer."""
    weight = call.argument(1, "weight")
    terms = fan_in("linear", weight)
    return weighted(call, call.signal(), weight, call.argument(2, "bias"), terms, channel=call.given.dim() - 1)


def convolution(dimensions: int) -> Rule:
    """A convolution: the padding's zeros are terms of the sum that are missing."""

    def rule(call: Call) -> Any:
        weight, given = call.argument(1, "weight"), call.given
        stride, padding, dilation = (
            _each(call.argument(place, name, default=default), dimensions)
            for place, name, default in ((3, "stride", 1), (4, "padding", 0), (5, "dilation", 1))
        )
        size, kernel = given.shape[-dimensions:], weight.shape[2:]
        result = _sizes(size, kernel, stride, padding, dilation)
        if min(result) < 1:
            return call.run()
        share = coverage(size, result, kernel, stride, padding, dilation)
        groups = int(call.argument(6, "groups", default=1))
        terms = fan_in("conv", weight) * share
        channel = given.dim() - dimensions - 1
        return weighted(call, call.signal(), weight, call.argument(2, "bias"), terms, groups=groups, channel=channel)

    return rule


def transposed(dimensions: int) -> Rule:
    """A transposed convolution."""

    def rule(call: Call) -> Any:
        weight, given = call.argument(1, "weight"), call.given
        stride, padding, extra, dilation = (
            _each(call.argument(place, name, default=default), dimensions)
            for place, name, default in (
                (3, "stride", 1),
                (4, "padding", 0),
                (5, "output_padding", 0),
                (7, "dilation", 1),
            )
        )
        size, kernel = given.shape[-dimensions:], weight.shape[2:]
        settings = zip(size, kernel, stride, padding, extra, dilation, strict=True)
        result = [(n - 1) * s - 2 * p + d * (k - 1) + o + 1 for n, k, s, p, o, d in settings]
        if min(result) < 1:
            return call.run()
        share = coverage(size, result, kernel, stride, padding, dilation, transposed=True)
        terms = fan_in("conv_transpose", weight, call.argument(6, "groups", default=1), stride) * share
        # Outputs take turns with the taps of the kernel.
        same, channel = 1 / prod(stride), given.dim() - dimensions - 1
        return weighted(call, call.signal(), weight, call.argument(2, "bias"), terms, same=same, channel=channel)

    return rule


def _sizes(size: Any, kernel: Any, stride: Any, padding: Any, dilation: Any) -> list[int]:
    """Of the output of a convolution."""
    if padding == "same":
        return list(size)
    around = [0] * len(kernel) if padding == "valid" else padding
    settings = zip(size, kernel, stride, around, dilation, strict=True)
    return [(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in settings]


def _each(value: Any, dimensions: int) -> Any:
    if isinstance(value, str):
        return value
    values = tuple(value) if isinstance(value, tuple | list) else (value,)
    return values * dimensions if len(values) == 1 else values


def weighted(
    call: Call,
    before: Signal,
    weight: Tensor,
    bias: Tensor | None,
    terms: float,
    *,
    same: float = 1.0,
    groups: int = 1,
    channel: int | None = None,
) -> Any:
    """Sets weights and bias, runs the layer, and says what comes out of a sum of so many terms.

    Two positions of a channel are summed with the same weights, or a share `same` of them is.
    """
    std, assumption = initialised(call, weight, bias, terms, before, groups=groups)
    after = summed(call, before, weight, bias, terms, std, same).noted(assumption)
    std = calibrated(call, weight, std, assumption, after, call.run())
    return call.finish(after, before, std, channel)


def summed(
    call: Call, before: Signal, weight: Tensor, bias: Tensor | None, terms: float, std: float | None, same: float = 1.0
) -> Signal:
    """A sum of so many products with weights of this deviation, or as they are, and a bias."""
    mean, variance = 0.0, 0.0
    if std is not None:
        variance = terms * std**2 * before.second_moment
    else:
        own = measured(weight)
        mean = terms * own.mean * before.mean
        variance = terms * (own.second_moment * before.second_moment - (own.mean * before.mean) ** 2)
    offset = call.recorder.signal(bias) if bias is not None else Signal.constant(0.0)
    shared = same * shared_by_weights(before, variance) + offset.variance
    # Weights that were given may depend on what they are applied to.
    of = () if std is not None else (before,)
    return Signal.normal(mean + offset.mean, variance + offset.variance, shared, of=of)


def shared_by_weights(before: Signal, variance: float) -> float:
    """The covariance of two positions that the same weights have summed."""
    second = before.second_moment
    return variance * (before.mean**2 + before.covariance) / second if second else 0.0


def embedding(call: Call) -> Any:
    """Rows of weights: they are the signal."""
    weight, padding = call.argument(1, "weight"), call.argument(2, "padding_idx")
    std, assumption = initialised(call, weight, None, 1.0, Signal.constant(1.0))
    if padding is not None and std is not None:
        weight[padding].zero_()
    own = measured(weight).origin
    call.run()
    # Of one token the same row stands at all its positions; how often tokens recur is not known.
    mean, variance = (own.mean, own.variance) if std is None else (0.0, std**2)
    after = Signal.normal(mean, variance, 0.0, assumption)
    return call.finish(after, Signal.constant(0.0), std, call.result.dim() - 1)


def bilinear(call: Call) -> Any:
    """Products of the entries of two inputs, weighted."""
    first, second = (call.recorder.signal(call.argument(n, f"input{n + 1}")) for n in (0, 1))
    weight = call.argument(2, "weight")
    mean, variance = formulas.multiplied([(first.mean, first.variance), (second.mean, second.variance)])
    shared = (first.covariance + first.mean**2) * (second.covariance + second.mean**2) - mean**2
    joint = Signal.normal(mean, variance, shared, of=(first, second))
    terms = float(weight.shape[1] * weight.shape[2])
    return weighted(call, joint, weight, call.argument(3, "bias"), terms, channel=call.argument(0, "input1").dim() - 1)


RULES: dict[str, Rule] = {
    "linear": linear,
    **{f"conv{n}d": convolution(n) for n in (1, 2, 3)},
    **{f"conv_transpose{n}d": transposed(n) for n in (1, 2, 3)},
    "embedding": embedding,
    "bilinear": bilinear,
}
