"""Normalisation and dropout (B equations 5.11, 5.12, 5.17)."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from symkit.nn.autoinit import formulas
from symkit.nn.autoinit.recorder import Call, Rule
from symkit.nn.autoinit.signal import Signal, product_of, sum_of


def normalised(weight: int, bias: int, *, across_channels: bool) -> Rule:
    """To mean 0 and variance 1, then scaled and shifted by parameters.

    Across channels, what positions of a channel have in common stays; across positions, it is taken off.
    """

    def rule(call: Call) -> Any:
        before = call.signal()
        scale, offset = call.argument(weight, "weight"), call.argument(bias, "bias")
        try:
            call.run()
        except ValueError:
            # One value a channel cannot be normalised in training; what is predicted holds for larger batches.
            call.result = call.argument(0, "input").clone()
        shared = before.covariance / before.variance if across_channels and before.variance else 0.0
        return call.finish(_scaled(call, Signal.normal(0.0, 1.0, shared), scale, offset), before)

    return rule


def root_mean_square(call: Call) -> Any:
    """Divided by the root of the mean square: the second moment is 1."""
    before = call.signal()
    second = before.second_moment or 1.0
    scaled = Signal.normal(before.mean / second**0.5, before.variance / second, before.covariance / second)
    call.run()
    return call.finish(_scaled(call, scaled, call.argument(2, "weight"), None), before)


def _scaled(call: Call, signal: Signal, scale: Tensor | None, offset: Tensor | None) -> Signal:
    if scale is not None:
        signal = product_of(signal, call.recorder.signal(scale)).noted("")
    if offset is not None:
        signal = sum_of(signal, call.recorder.signal(offset)).noted("")
    return signal


def dropped(call: Call) -> Any:
    """Entries, or whole channels, are 0 by chance and the rest are scaled up; nothing happens in evaluation."""
    before = call.signal()
    rate = float(call.argument(1, "p", 0.5))
    trains = bool(call.argument(2, "training", True))
    call.run()
    if not trains or not rate:
        return call.quietly(before)
    mean, variance = formulas.dropout((before.mean, before.variance), rate)
    by_channel = call.kind.startswith("dropout") and call.kind != "dropout"
    shared = (before.covariance + before.mean**2) / (1 - rate) - before.mean**2 if by_channel else before.covariance
    return call.finish(Signal.normal(mean, variance, shared), before)


def dropped_to_the_limit(call: Call) -> Any:
    """Alpha dropout."""
    before = call.signal()
    rate = float(call.argument(1, "p", 0.5))
    trains = bool(call.argument(2, "training", False))
    call.run()
    if not trains or not rate:
        return call.quietly(before)
    mean, variance = formulas.alpha_dropout((before.mean, before.variance), rate)
    return call.finish(Signal.normal(mean, variance, before.covariance), before)


RULES: dict[str, Rule] = {
    "batch_norm": normalised(3, 4, across_channels=False),
    "layer_norm": normalised(2, 3, across_channels=True),
    "group_norm": normalised(2, 3, across_channels=True),
    "instance_norm": normalised(3, 4, across_channels=False),
    "rms_norm": root_mean_square,
    **dict.fromkeys(("dropout", "dropout1d", "dropout2d", "dropout3d", "feature_dropout"), dropped),
    **dict.fromkeys(("alpha_dropout", "feature_alpha_dropout"), dropped_to_the_limit),
}
