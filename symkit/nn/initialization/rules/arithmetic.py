"""Arithmetic of two tensors, and choices between them (B equations 5.18 to 5.21)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from symkit.nn.initialization import formulas, layout
from symkit.nn.initialization.measuring import drawn, measured
from symkit.nn.initialization.pairs import product_of, sum_of
from symkit.nn.initialization.recorder import Call, Rule
from symkit.nn.initialization.rules.activations import evaluated, expression
from symkit.nn.initialization.signal import Signal, applied

SUM, DIFFERENCE, PRODUCT, QUOTIENT = "a + b", "a - b", "a*b", "a/b"

SAMPLES = 100_000


def two(text: str, *, reflected: bool = False) -> Rule:
    """Arithmetic of two operands, one of which may be a number."""

    def rule(call: Call) -> Any:
        operands = [call.argument(0, "input", "self"), call.argument(1, "other")]
        signals = [call.recorder.signal(value) for value in operands]
        scale = call.named.get("alpha", 1)
        shapes = [value.shape if isinstance(value, Tensor) else None for value in operands]
        result = call.run()
        if not isinstance(result, Tensor) or not result.is_floating_point():
            return result
        mask = next((value for value in operands if _is_mask(call, value)), None) if text == SUM else None
        if mask is not None:
            rest = signals[0] if mask is operands[1] else signals[1]
            return call.finish(unseen(rest, mask > MASKED), rest)
        first, second = (
            _spread(call, value, shape, signal) for value, shape, signal in zip(operands, shapes, signals, strict=True)
        )
        if scale != 1:
            scaled = applied(expression(f"x*({float(scale)!r})"), [second])
            assert scaled is not None
            second = scaled
        before = first if call.recorder.knows(operands[0]) or not isinstance(operands[1], Tensor) else second
        pair = (second, first) if reflected else (first, second)
        return call.finish(_combined(call, text, *pair), before)

    return rule


MASKED = -1e4
"""Logits below count as masked."""


def _is_mask(call: Call, value: Any) -> bool:
    """Whether a tensor that is added to logits puts some of them out of sight."""
    is_given = isinstance(value, Tensor) and value.is_floating_point() and value.numel() > 1
    if not is_given or call.recorder.parameter(value) is not None:
        return False
    if call.recorder.knows(value) and call.recorder.signal(value).variance < -MASKED:
        return False
    return bool((value.min() < MASKED) & (value.max() == 0))


def unseen(signal: Signal, seen: Tensor) -> Signal:
    """Logits of which those that are not seen are at minus infinity, or as good as there."""
    rows = seen.expand(*seen.shape[:-1], seen.shape[-1]).sum(-1).flatten().sort().values.tolist()
    return signal.flattened().knowing(seen=tuple(count for count in rows if count))


def _spread(call: Call, value: Any, shape: torch.Size | None, signal: Signal) -> Signal:
    """A signal whose entries stand at all positions of a channel, if that is how the operand is broadcast."""
    if shape is None or signal.is_constant or not call.recorder.knows(value) or shape == call.result.shape:
        return signal
    if len(shape) != call.result.dim():
        return signal
    places = layout.positions(call.result, call.recorder.channel(value))
    wide = [dim for dim in places if call.result.shape[dim] > 1]
    return signal.repeated() if wide and all(shape[dim] == 1 for dim in wide) else signal


def _combined(call: Call, text: str, a: Signal, b: Signal) -> Signal:
    if a.is_constant or b.is_constant:
        return evaluated(call, expression(text, ("a", "b")), a, b)
    found = _exact(text, a, b)
    if found is not None:
        return found
    if text == SUM:
        return sum_of(a, b)
    if text == DIFFERENCE:
        return sum_of(a, b, -1.0)
    if text == PRODUCT:
        return product_of(a, b)
    if text == QUOTIENT:
        inverse = evaluated(call, expression("1/x"), b)
        if not inverse.assumption:
            return product_of(a, inverse)
    return _drawn(call, [a, b])


def _exact(text: str, a: Signal, b: Signal) -> Signal | None:
    """Of functions of one variable."""
    if not (a.is_constant or b.is_constant or a.origin is b.origin):
        return None
    found = applied(expression(text, ("a", "b")), [a, b])
    if found is None or not found.is_usable:
        return None
    return found


def _drawn(call: Call, operands: Sequence[Signal]) -> Signal:
    """By Monte Carlo, of independent operands."""
    generator = call.recorder.generator
    values = [drawn(signal, (SAMPLES,), 0, generator) for signal in operands]
    with torch.no_grad():
        found = measured(_plain(call)(*values)).origin
    related = max(signal.correlation for signal in operands)
    assumption = "operands taken as independent: drawn"
    return Signal.normal(found.mean, found.variance, related * found.variance, assumption, of=operands)


def _plain(call: Call) -> Any:
    """The function of numbers in order, and out of place."""
    return DRAWN[call.kind]


DRAWN = {
    **dict.fromkeys(("div", "divide", "true_divide", "rdiv", "addcdiv"), torch.div),
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "fmax": torch.fmax,
    "fmin": torch.fmin,
    "max": torch.maximum,
    "min": torch.minimum,
    "hypot": torch.hypot,
    "logaddexp": torch.logaddexp,
}
"""Functions of two tensors whose values can be drawn."""


def compared(sign: str) -> Rule:
    """1 where a comparison holds, else 0; in the report only once it is used."""
    step = f"where(a {sign} b, 1, 0)"

    def rule(call: Call) -> Any:
        signals = [call.recorder.signal(call.argument(place, name)) for place, name in ((0, "input"), (1, "other"))]
        result = call.run()
        found = _exact(step, *signals) if isinstance(result, Tensor) else None
        if found is not None:
            return call.quietly(found)
        call.recorder.made(result)
        return result

    return rule


def chosen(call: Call) -> Any:
    """where(condition, a, b)."""
    condition, first, second = (call.argument(n, name) for n, name in enumerate(("condition", "input", "other")))
    if len(call.args) + len(call.named) < 3:
        return call.unknown()
    call.run()
    return _chosen(call, condition, first, second)


def filled(call: Call) -> Any:
    """masked_fill: a number where a mask is true."""
    value, before = call.argument(2, "value"), call.signal()
    mask = call.argument(1, "mask")
    call.run()
    if _is_infinite(value):
        return call.finish(unseen(before, ~mask), before)
    return _mixed(call, call.recorder.signal(mask), call.recorder.signal(value), before, before)


def _chosen(call: Call, condition: Tensor, first: Any, second: Any) -> Any:
    a, b = call.recorder.signal(first), call.recorder.signal(second)
    before = a if call.recorder.knows(first) else b
    if _is_infinite(first):
        return call.finish(unseen(b, ~condition), before)
    if _is_infinite(second):
        return call.finish(unseen(a, condition), before)
    return _mixed(call, call.recorder.signal(condition), a, b, before)


def _mixed(call: Call, condition: Signal, a: Signal, b: Signal, before: Signal) -> Any:
    """`a` where the condition holds, else `b`."""
    step = applied(expression("where(c > 0.5, a, b)", ("c", "a", "b")), [condition, a, b])
    if step is not None and step.is_usable:
        return call.finish(step, before)
    share = min(max(condition.mean, 0.0), 1.0)
    mean, variance = formulas.concatenated([(a.mean, a.variance), (b.mean, b.variance)], [share, 1 - share])
    shared = min(share * a.covariance + (1 - share) * b.covariance, variance)
    return call.finish(Signal.normal(mean, variance, shared, "choice taken as independent", of=(a, b)), before)


def _is_infinite(value: Any) -> bool:
    return (not isinstance(value, Tensor) or value.numel() == 1) and float(value) < MASKED


def added_product(call: Call) -> Any:
    """addcmul and addcdiv: input + value*a*b, or a/b."""
    parts = [call.argument(0, "input", "self"), call.argument(1, "tensor1"), call.argument(2, "tensor2")]
    start, a, b = (call.recorder.signal(part) for part in parts)
    scale = float(call.named.get("value", 1))
    call.run()
    product = _combined(call, PRODUCT if call.kind == "addcmul" else QUOTIENT, a, b)
    scaled = applied(expression(f"x*({scale!r})"), [product])
    assert scaled is not None
    return call.finish(_combined(call, SUM, start, scaled), start)


def between(call: Call) -> Any:
    """lerp: a + weight*(b - a)."""
    a, b, weight = (call.recorder.signal(call.argument(n, name)) for n, name in enumerate(("input", "end", "weight")))
    call.run()
    step = _combined(call, PRODUCT, weight, _combined(call, DIFFERENCE, b, a))
    return call.finish(_combined(call, SUM, a, step), a)


RULES: dict[str, Rule] = {
    "add": two(SUM),
    **dict.fromkeys(("sub", "subtract"), two(DIFFERENCE)),
    "rsub": two(DIFFERENCE, reflected=True),
    **dict.fromkeys(("mul", "multiply"), two(PRODUCT)),
    **dict.fromkeys(("div", "divide", "true_divide"), two(QUOTIENT)),
    "rdiv": two(QUOTIENT, reflected=True),
    **dict.fromkeys(("maximum", "fmax"), two("max(a, b)")),
    **dict.fromkeys(("minimum", "fmin"), two("min(a, b)")),
    "hypot": two("hypot(a, b)"),
    "logaddexp": two("logaddexp(a, b)"),
    **{name: compared(sign) for name, sign in (("gt", ">"), ("ge", ">="), ("lt", "<"), ("le", "<="))},
    "where": chosen,
    "masked_fill": filled,
    **dict.fromkeys(("addcmul", "addcdiv"), added_product),
    "lerp": between,
}
