"""Pooling and padding (B equations 5.13 to 5.16 and 5.24)."""

from __future__ import annotations

from collections import Counter
from math import prod
from typing import Any

from torch import Tensor

from symkit.nn.initialization import formulas
from symkit.nn.initialization.pairs import largest_of, mixture
from symkit.nn.initialization.recorder import Call, Rule
from symkit.nn.initialization.rules.sampled import drawn_through


def average_pooled(dimensions: int) -> Rule:
    """Means over windows; those with zeros of the padding in them are drawn."""

    def rule(call: Call) -> Any:
        if any(_each(call.argument(3, "padding", default=0), dimensions)) or call.argument(4, "ceil_mode"):
            return drawn_through(call)
        return _mean_of(call, prod(_each(call.argument(1, "kernel_size"), dimensions)))

    return rule


def adaptively_averaged(dimensions: int) -> Rule:
    """Means over windows that share a map out."""

    def rule(call: Call) -> Any:
        call.run()
        return _mean_of(call, _shared_out(call.given, call.result, dimensions))

    return rule


def _mean_of(call: Call, count: int) -> Any:
    before = call.signal()
    if call.result is None:
        call.run()
    mean, variance = formulas.mean_of((before.mean, before.variance), count, before.covariance)
    # Windows next to each other have no entries in common.
    return call.finish(before.become(mean, variance, before.covariance), before)


def largest_pooled(dimensions: int, *, adaptive: bool = False) -> Rule:
    """Maxima over windows; of the padding nothing counts."""

    def rule(call: Call) -> Any:
        before, given = call.signal(), call.given
        result = call.run()
        pooled = result[0] if isinstance(result, tuple) else result
        counts = (
            Counter([_shared_out(given, pooled, dimensions)]) if adaptive else _windows(call, given, pooled, dimensions)
        )
        parts = [largest_of(before, count) for count in counts]
        after = mixture(parts, list(counts.values())).noted(WINDOWS)
        call.recorder.record(call.kind, before, after, pooled)
        call.recorder.attach(pooled, after, call.recorder.channel(given))
        return result

    return rule


WINDOWS = "entries of a window taken as independent, but for what a channel has in common"


def _windows(call: Call, given: Tensor, pooled: Tensor, dimensions: int) -> Counter[int]:
    """How many entries of the input windows have, and how often; less at the rim."""
    kernel = _each(call.argument(1, "kernel_size"), dimensions)
    strides = _each(call.argument(2, "stride") or kernel, dimensions)
    paddings, dilations = (
        _each(call.argument(n, name, default=n - 3), dimensions) for n, name in ((3, "padding"), (4, "dilation"))
    )
    found = Counter([1])
    settings = zip(
        given.shape[-dimensions:], pooled.shape[-dimensions:], kernel, strides, paddings, dilations, strict=True
    )
    for size, steps, taps, stride, padding, dilation in settings:
        starts = [step * stride - padding for step in range(steps)]
        own = Counter(sum(0 <= start + tap * dilation < size for tap in range(taps)) for start in starts)
        joint: Counter[int] = Counter()
        for count, often in found.items():
            for more, times in own.items():
                joint[count * more] += often * times
        found = joint
    return found


def _shared_out(given: Tensor, result: Tensor, dimensions: int) -> int:
    """Entries of a window of those that share a map out."""
    return max(round(prod(given.shape[-dimensions:]) / max(prod(result.shape[-dimensions:]), 1)), 1)


def _each(value: Any, dimensions: int) -> tuple[int, ...]:
    values = tuple(value) if isinstance(value, tuple | list) else (value,)
    return values * dimensions if len(values) == 1 else values


def padded(call: Call) -> Any:
    """A number around; other ways of padding repeat entries."""
    before, given, sizes = call.signal(), call.given, list(call.argument(1, "pad"))
    result = call.run()
    if call.argument(2, "mode", default="constant") != "constant" or not given.numel():
        return call.finish(before.elsewhere(), before)
    value = float(call.argument(3, "value", default=0.0) or 0.0)
    inside = 1.0
    for place, (low, high) in enumerate(zip(sizes[::2], sizes[1::2], strict=True)):
        size = given.shape[-1 - place]
        inside *= (size + min(low, 0) + min(high, 0)) / (size + low + high)
    # The padding is no random variable, but its entries count as those of one.
    mean, variance = formulas.concatenated([(value, 0.0), (before.mean, before.variance)], [1 - inside, inside])
    after = before.become(mean, variance, before.covariance * inside) if inside < 1 else before.elsewhere()
    return call.finish(after, before, channel=call.recorder.channel(given) if result.dim() == given.dim() else None)


RULES: dict[str, Rule] = {
    **{f"avg_pool{n}d": average_pooled(n) for n in (1, 2, 3)},
    **{f"adaptive_avg_pool{n}d": adaptively_averaged(n) for n in (1, 2, 3)},
    **{f"max_pool{n}d{more}": largest_pooled(n) for n in (1, 2, 3) for more in ("", "_with_indices")},
    **{
        f"adaptive_max_pool{n}d{more}": largest_pooled(n, adaptive=True)
        for n in (1, 2, 3)
        for more in ("", "_with_indices")
    },
    **{f"lp_pool{n}d": drawn_through for n in (1, 2, 3)},
    **dict.fromkeys(("pad", "constant_pad_nd"), padded),
}
