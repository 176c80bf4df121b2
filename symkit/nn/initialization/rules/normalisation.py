"""Normalisation and dropout (B equations 5.11, 5.12, 5.17)."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from symkit.nn.initialization import formulas
from symkit.nn.initialization.measuring import measured
from symkit.nn.initialization.pairs import product_of, sum_of
from symkit.nn.initialization.recorder import Call, Rule
from symkit.nn.initialization.signal import Signal


def by_batch(call: Call) -> Any:
    """Each channel to mean 0 and variance 1 in training, else by the statistics so far."""
    before, given = call.signal(), call.given
    center, spread = call.argument(1, "running_mean"), call.argument(2, "running_var")
    trains = call.argument(5, "training", default=False) or center is None or spread is None
    eps = float(call.argument(7, "eps", default=1e-5))
    try:
        call.run()
    except ValueError:
        if not trains:
            raise
        # One value a channel cannot be normalised in training; what is predicted holds for larger batches.
        call.result = given.clone()
    if trains:
        # What positions of a channel have in common, samples have too: it is taken off.
        normal = before.become(0.0, *_unit(before.variance, 0.0, eps))
    else:
        shift, scale = measured(center), measured(spread)
        normal = _moved_and_scaled(before, shift, scale.mean + eps)
    return call.finish(_scaled(call, normal, 3, 4), before)


def _moved_and_scaled(before: Signal, shift: Signal, square: float) -> Signal:
    """Less a number, divided by the root of another."""
    mean = (before.mean - shift.mean) / square**0.5
    return before.become(mean, (before.variance + shift.variance) / square, before.covariance / square)


def _unit(variance: float, shared: float, eps: float) -> tuple[float, float]:
    """Variance and covariance once divided by the variance."""
    total = variance + eps
    return variance / total, shared / total


def by_instance(call: Call) -> Any:
    """Each channel of each sample to mean 0 and variance 1."""
    before = call.signal()
    eps = float(call.argument(7, "eps", default=1e-5))
    call.run()
    # Positions have less in common than nothing, by one part in their number.
    normal = before.become(0.0, *_unit(before.variance - before.covariance, 0.0, eps))
    return call.finish(_scaled(call, normal, 3, 4), before)


def by_sample(call: Call) -> Any:
    """Layers: the entries of a position, or of a sample, to mean 0 and variance 1."""
    before = call.signal()
    call.run()
    eps = float(call.argument(4, "eps", default=1e-5))
    normal = before.become(0.0, *_unit(before.variance, before.covariance, eps))
    return call.finish(_scaled(call, normal, 2, 3), before)


def by_group(call: Call) -> Any:
    """Groups of channels of a sample to mean 0 and variance 1: the mean of a group takes off what it has in common."""
    before, given = call.signal(), call.given
    each = given.shape[1] // int(call.argument(1, "num_groups"))
    eps = float(call.argument(5, "eps", default=1e-5))
    call.run()
    common = before.covariance / each
    normal = before.become(0.0, *_unit(before.variance - common, before.covariance - common, eps))
    return call.finish(_scaled(call, normal, 2, 3), before)


def by_root_mean_square(call: Call) -> Any:
    """Divided by the root of the mean square: the second moment is 1."""
    before = call.signal()
    second = before.second_moment or 1.0
    call.run()
    normal = before.become(before.mean / second**0.5, before.variance / second, before.covariance / second)
    return call.finish(_scaled(call, normal, 2, None), before)


def _scaled(call: Call, signal: Signal, weight: int, bias: int | None) -> Signal:
    """Times parameters, and shifted by others."""
    scale: Tensor | None = call.argument(weight, "weight")
    offset: Tensor | None = call.argument(bias, "bias") if bias is not None else None
    if scale is not None:
        factor = call.recorder.signal(scale)
        if not factor.is_constant or factor.mean != 1:
            signal = product_of(signal, factor)
    if offset is not None:
        term = call.recorder.signal(offset)
        if not term.is_constant or term.mean != 0:
            # All positions of a channel are shifted alike.
            signal = sum_of(signal, term.repeated())
    return signal


def dropped(call: Call) -> Any:
    """Entries, or whole channels, are 0 by chance and the rest are scaled up; nothing happens in evaluation."""
    before, rate, trains = _settings(call, True)
    if not trains or not rate:
        return call.quietly(before)
    mean, variance = formulas.dropout((before.mean, before.variance), rate)
    shared = before.covariance
    if call.kind != "dropout":
        shared = (before.covariance + rate * before.mean**2) / (1 - rate) if rate < 1 else 0.0
    after = before.become(mean, variance, shared)
    # Shares of 1 still add up to 1, on average.
    return call.finish(after.knowing(are_shares=before.origin.are_shares and before.function is None), before)


def dropped_to_the_limit(call: Call) -> Any:
    """Alpha dropout."""
    before, rate, trains = _settings(call, False)
    if not trains or not rate:
        return call.quietly(before)
    mean, variance = formulas.alpha_dropout((before.mean, before.variance), rate)
    shared = before.correlation * variance
    return call.finish(before.become(mean, variance, shared), before)


def _settings(call: Call, default: bool) -> tuple[Signal, float, bool]:
    before = call.signal()
    rate = float(call.argument(1, "p", default=0.5))
    trains = bool(call.argument(2, "training", "train", default=default))
    call.run()
    return before, rate, trains


RULES: dict[str, Rule] = {
    "batch_norm": by_batch,
    "instance_norm": by_instance,
    "layer_norm": by_sample,
    "group_norm": by_group,
    "rms_norm": by_root_mean_square,
    **dict.fromkeys(("dropout", "dropout1d", "dropout2d", "dropout3d", "feature_dropout"), dropped),
    **dict.fromkeys(("alpha_dropout", "feature_alpha_dropout"), dropped_to_the_limit),
}
