"""Several tensors that become one: concatenation, averages and matrix products (B equations 5.19, 5.22, 5.23, 5.28)."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from symkit.nn.autoinit import formulas
from symkit.nn.autoinit.recorder import Call, Rule
from symkit.nn.autoinit.rules.weighted import weighted
from symkit.nn.autoinit.signal import Signal


def concatenated(call: Call) -> Any:
    """Entries of all inputs side by side: a mixture, taken as normal."""
    tensors = call.argument(0, "tensors")
    signals = [call.recorder.signal(tensor) for tensor in tensors]
    sizes = [tensor.numel() for tensor in tensors]
    call.run()
    if len({signal.origin for signal in signals}) == 1 and len({signal.function for signal in signals}) == 1:
        return call.finish(signals[0], signals[0])
    mean, variance = formulas.concatenated([(signal.mean, signal.variance) for signal in signals], sizes)
    shared = sum(size * signal.covariance for signal, size in zip(signals, sizes, strict=True)) / max(sum(sizes), 1)
    return call.finish(Signal.normal(mean, variance, shared), signals[0])


def multiplied_matrices(call: Call) -> Any:
    """A product of matrices; a parameter of the model is a layer of weights."""
    first, second = call.argument(0, "input"), call.argument(1, _other(call.kind))
    a, b = call.recorder.signal(first), call.recorder.signal(second)
    terms = float(first.shape[-1])
    if isinstance(second, Tensor) and second.dim() == 2 and call.recorder.parameter(second) is not None:
        return weighted(call, a, second, None, terms)
    mean, variance = formulas.matmul((a.mean, a.variance), (b.mean, b.variance), terms)
    call.run()
    assumption = (
        "factors taken as independent" if a.origin is not b.origin else "a product with itself: taken as independent"
    )
    return call.finish(Signal.normal(mean, variance, assumption=assumption), a)


def _other(kind: str) -> str:
    return "mat2" if kind in ("bmm", "mm") else "other"


RULES: dict[str, Rule] = {
    **dict.fromkeys(("cat", "concat", "concatenate", "stack", "hstack", "vstack"), concatenated),
    **dict.fromkeys(("matmul", "bmm", "mm"), multiplied_matrices),
}
