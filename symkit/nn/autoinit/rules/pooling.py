"""Pooling, sums and means, padding (B equations 5.13 to 5.16, 5.24, 5.31, 5.32)."""

from __future__ import annotations

from math import prod
from typing import Any

from torch import Tensor

from symkit.nn.autoinit import formulas, gaussian
from symkit.nn.autoinit.recorder import Call, Rule
from symkit.nn.autoinit.signal import Signal


def average_pooled(dimensions: int, *, adaptive: bool = False) -> Rule:
    """Means over windows."""

    def rule(call: Call) -> Any:
        before, given = call.signal(), call.argument(0, "input")
        result = call.run()
        count = _window(call, given, result, dimensions, adaptive)
        mean, variance = formulas.mean_of((before.mean, before.variance), round(count), before.covariance)
        return call.finish(Signal.normal(mean, variance, before.covariance), before)

    return rule


def largest_pooled(dimensions: int, *, adaptive: bool = False) -> Rule:
    """Maxima over windows, of entries taken as independent."""

    def rule(call: Call) -> Any:
        before, given = call.signal(), call.argument(0, "input")
        result = call.run()
        pooled = result[0] if isinstance(result, tuple) else result
        count = _window(call, given, pooled, dimensions, adaptive)
        origin = before.origin
        mean, variance = gaussian.largest(before.function, origin.mean, origin.variance, round(count))
        after = Signal.normal(mean, variance, before.covariance, "entries of a window taken as independent")
        if pooled is not result:
            call.recorder.record(call.kind, before, after, pooled)
            call.recorder.attach(pooled, after)
            return result
        return call.finish(after, before)

    return rule


def _window(call: Call, given: Tensor, result: Tensor, dimensions: int, adaptive: bool) -> float:
    """Entries of a window."""
    if adaptive:
        return prod(given.shape[-dimensions:]) / max(prod(result.shape[-dimensions:]), 1)
    kernel = call.argument(1, "kernel_size")
    return float(prod(kernel)) if isinstance(kernel, tuple | list) else float(kernel**dimensions)


def averaged(call: Call) -> Any:
    """A mean over some dimensions."""
    before, given = call.signal(), call.argument(0, "input")
    result = call.run()
    pair = before.mean, before.variance
    mean, variance = formulas.mean_of(pair, _share(given, result), _shared(call, before, given))
    return call.finish(Signal.normal(mean, variance, min(before.covariance, variance)), before)


def summed(call: Call) -> Any:
    """A sum over some dimensions."""
    before, given = call.signal(), call.argument(0, "input")
    result = call.run()
    count = _share(given, result)
    mean, variance = formulas.sum_of((before.mean, before.variance), count, _shared(call, before, given))
    return call.finish(Signal.normal(mean, variance), before)


def _share(given: Tensor, result: Tensor) -> int:
    return given.numel() // max(result.numel(), 1)


def _shared(call: Call, before: Signal, given: Tensor) -> float:
    """The covariance of entries that are reduced together: positions of a channel have one, channels have none."""
    where = call.argument(1, "dim")
    dims = [where] if isinstance(where, int) else list(where or [])
    places = [dim % given.dim() for dim in dims]
    return before.covariance if places and all(place >= 2 for place in places) else 0.0


def padded(call: Call) -> Any:
    """Zeros around; other ways of padding repeat entries."""
    before, given = call.signal(), call.argument(0, "input")
    result = call.run()
    if call.argument(2, "mode", "constant") != "constant" or not given.numel():
        return call.finish(before, before)
    if call.argument(3, "value", 0.0):
        return call.unknown()
    share = max(0.0, 1 - given.numel() / result.numel())
    mean, variance = formulas.zero_padded((before.mean, before.variance), share)
    return call.finish(Signal.normal(mean, variance, before.covariance * (1 - share)), before)


RULES: dict[str, Rule] = {
    **{f"avg_pool{n}d": average_pooled(n) for n in (1, 2, 3)},
    **{f"adaptive_avg_pool{n}d": average_pooled(n, adaptive=True) for n in (1, 2, 3)},
    **{f"max_pool{n}d": largest_pooled(n) for n in (1, 2, 3)},
    **{f"boolean_dispatch_max_pool{n}d": largest_pooled(n) for n in (1, 2, 3)},
    **{f"adaptive_max_pool{n}d": largest_pooled(n, adaptive=True) for n in (1, 2, 3)},
    "mean": averaged,
    "sum": summed,
    "pad": padded,
}
