"""Sums, means and extremes along dimensions, and softmax (B equations 5.13 to 5.16, 5.31 and 5.32)."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from symkit.nn.initialization import formulas, gaussian, layout
from symkit.nn.initialization.pairs import largest_of
from symkit.nn.initialization.recorder import Call, Rule
from symkit.nn.initialization.rules.activations import expression
from symkit.nn.initialization.rules.arithmetic import two
from symkit.nn.initialization.signal import Signal, applied

MOST_COUNTS = 12
"""Numbers of keys that a mask leaves, up to which each is looked at; the rest lie between."""


def averaged(call: Call) -> Any:
    """A mean over some dimensions."""
    return _reduced(call, lambda count: 1.0 / count)


def summed(call: Call) -> Any:
    """A sum over some dimensions."""
    return _reduced(call, lambda count: 1.0)


def _reduced(call: Call, factor: Any) -> Any:
    before, given = call.signal(), call.given
    channel, dims = call.recorder.channel(given), _dims(call, given)
    result = call.run()
    if not isinstance(result, Tensor) or not result.is_floating_point():
        return result
    positions, others = layout.counted(given, dims, channel)
    mean, variance = formulas.mean_of((before.mean, before.variance), positions, before.covariance)
    shared = before.covariance / others
    variance /= others
    average = before.become(mean, variance, shared)
    if result.dim() == given.dim():
        average = average.knowing(average_of=before)
    count = prod(given.shape[dim] for dim in dims)
    scale = factor(max(count, 1)) * count
    after = average if scale == 1 else applied(expression(f"x*({float(scale)!r})"), [average])
    assert after is not None
    keeps = result.dim() == given.dim()
    return call.finish(after, before, channel=layout.after_reducing(dims, channel, keeps=keeps))


def _dims(call: Call, given: Tensor) -> list[int]:
    """Along which a call reduces."""
    where = call.argument(1, "dim", "axis")
    if where is None or isinstance(where, torch.dtype) or (isinstance(where, tuple | list) and not where):
        return list(range(given.dim()))
    dims = [where] if isinstance(where, int) else list(where)
    return [dim % max(given.dim(), 1) for dim in dims]


def extreme(largest: bool) -> Rule:
    """max, min, amax and amin; of two tensors, entry by entry."""
    pairwise = two("max(a, b)" if largest else "min(a, b)")

    def rule(call: Call) -> Any:
        if isinstance(call.argument(1, "other"), Tensor):
            return pairwise(call)
        before, given = call.signal(), call.given
        dims, channel = _dims(call, given), call.recorder.channel(given)
        result = call.run()
        found = result[0] if isinstance(result, tuple) else result
        if not found.is_floating_point():
            return result
        after = _extreme(before, layout.counted(given, dims, channel), largest).noted(ALONG)
        call.recorder.record(call.kind, before, after, found)
        where = layout.after_reducing(dims, channel, keeps=found.dim() == given.dim())
        call.recorder.attach(found, after, where)
        return result

    return rule


ALONG = "entries along dimensions taken as independent, but for what a channel has in common"


def _extreme(before: Signal, counts: tuple[int, int], largest: bool) -> Signal:
    positions, others = counts
    signal = before if largest else _negative(before)
    if others > 1:
        # Channels have nothing in common.
        own = signal.origin
        mean, variance = gaussian.largest(signal.function, own.mean, own.variance, positions * others)
        found = signal.become(mean, variance)
    else:
        found = largest_of(signal, positions)
    return found if largest else _negative(found)


def _negative(signal: Signal) -> Signal:
    found = applied(expression("-x"), [signal])
    assert found is not None
    return found


def mean_share(counts: Sequence[int], logits: float) -> float:
    """Of squares of weights, along rows of so many."""
    known = sorted(set(counts))
    if len(known) > MOST_COUNTS:
        known = sorted({round(count) for count in np.geomspace(known[0], known[-1], MOST_COUNTS)})
    shares = [gaussian.softmax_weights(count, logits) for count in known]
    return float(np.interp(np.log(counts), np.log(known), shares).mean())


def softmax(call: Call) -> Any:
    """Shares of 1; logits are taken as normal, and as independent but for what a channel has in common."""
    before, given = call.signal(), call.given
    dim = call.argument(1, "dim")
    call.run()
    if dim is None:
        return call.unknown(": softmax without a dimension")
    dim = dim % given.dim()
    alike = before.covariance if dim in layout.positions(given, call.recorder.channel(given)) else 0.0
    # Along queries and keys, the report of products says what logits have in common.
    count = given.shape[dim]
    counts = before.origin.seen if before.origin.seen and dim == given.dim() - 1 else (count,)
    share = mean_share(counts, max(before.variance - alike, 0.0))
    variance = max(share / count - 1 / count**2, 0.0)
    after = before.become(1 / count, variance, 0.0, "" if before.function is None else "logits taken as normal")
    return call.finish(after.knowing(are_shares=dim == given.dim() - 1), before)


RULES: dict[str, Rule] = {
    "mean": averaged,
    "sum": summed,
    **dict.fromkeys(("max", "amax"), extreme(True)),
    **dict.fromkeys(("min", "amin"), extreme(False)),
    **dict.fromkeys(("softmax", "_softmax"), softmax),
}
