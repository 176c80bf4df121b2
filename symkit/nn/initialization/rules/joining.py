"""Several tensors that become one: concatenation and matrix products (B equations 5.22, 5.23, 5.29 and 5.30)."""

from __future__ import annotations

from collections import Counter
from math import prod
from typing import Any

from torch import Tensor

from symkit.nn.initialization import formulas
from symkit.nn.initialization.pairs import INDEPENDENT_FACTORS, joint, mixture
from symkit.nn.initialization.recorder import Call, Rule
from symkit.nn.initialization.rules.weighted import weighted
from symkit.nn.initialization.signal import Signal


def concatenated(call: Call) -> Any:
    """Entries of all inputs side by side: a mixture, taken as normal."""
    tensors = list(call.argument(0, "tensors"))
    signals = [call.recorder.signal(tensor) for tensor in tensors]
    sizes = [tensor.numel() for tensor in tensors]
    channels = [call.recorder.channel(t) for t in tensors if call.recorder.knows(t) and t.dim()]
    call.run()
    channel = channels[0] if channels and call.result.dim() == tensors[-1].dim() else None
    before = signals[0]
    if len({signal.origin for signal in signals}) == 1 and len({signal.function for signal in signals}) == 1:
        return call.finish(before.elsewhere(), before, channel=channel)
    return call.finish(mixture(signals, sizes), before, channel=channel)


def multiplied_matrices(call: Call) -> Any:
    """A product of matrices; a parameter of the model is a layer of weights."""
    first, second = call.argument(0, "input", "self"), call.argument(1, "other", "mat2", "vec", "tensor")
    if call.kind == "rmatmul":
        first, second = second, first
    return _product(call, first, second, None)


def added_matrices(call: Call) -> Any:
    """addmm and baddbmm: an offset and a product."""
    offset, first, second = (
        call.argument(n, *names) for n, names in enumerate((("input",), ("mat1", "batch1"), ("mat2", "batch2")))
    )
    if call.named.get("alpha", 1) != 1 or call.named.get("beta", 1) != 1:
        return call.unknown()
    return _product(call, first, second, offset)


def _product(call: Call, first: Tensor, second: Tensor, offset: Tensor | None) -> Any:
    recorder = call.recorder
    terms = float(first.shape[-1])
    if recorder.parameter(second) is not None and second.dim() > 1:
        channel = max(first.dim(), second.dim()) - 1
        return weighted(call, recorder.signal(first), second.mT, offset, terms, channel=channel)
    if recorder.parameter(first) is not None and first.dim() > 1:
        channel = max(first.dim(), second.dim()) - 2 if second.dim() > 1 else first.dim() - 2
        return weighted(call, recorder.signal(second), first, offset, terms, channel=channel)
    a, b = recorder.signal(first), recorder.signal(second)
    after, channel_after = _independent(call, a, b, first, second)
    if offset is not None:
        own = recorder.signal(offset)
        variance = after.variance + own.variance
        after = Signal.normal(after.mean + own.mean, variance, after.covariance, after.assumption, of=(after, own))
    call.run()
    return call.finish(after, a if recorder.knows(first) else b, channel=channel_after)


def _independent(call: Call, a: Signal, b: Signal, first: Tensor, second: Tensor) -> tuple[Signal, int | None]:
    """Of matrices that are no weights, and where positions of the result with something in common are."""
    terms = first.shape[-1]
    assumption = "" if joint(a, b).known else INDEPENDENT_FACTORS
    mean, variance = formulas.matmul((a.mean, a.variance), (b.mean, b.variance), float(terms))
    if second.dim() < 2:
        return Signal.normal(mean, variance, 0.0, assumption, of=(a, b)), None
    if a.origin.are_shares and a.function is None:
        # Weights that add up to 1: what all values have in common passes.
        share = min(terms * a.second_moment, 1.0)
        return weighted_mean(b, share, terms, assumption, (a, b)), second.dim() - 1
    if call.recorder.channel(second) == second.dim() - 2:
        # Queries times keys: of one query, what keys have in common is in all products.
        shared = terms * (a.second_moment * (b.covariance + b.mean**2) - (a.mean * b.mean) ** 2)
        return Signal.normal(mean, variance, shared, assumption, of=(a, b)), max(first.dim(), second.dim()) - 2
    return Signal.normal(mean, variance, 0.0, assumption, of=(a, b)), second.dim() - 1


def weighted_mean(values: Signal, share: float, count: float, assumption: str, of: tuple[Signal, ...]) -> Signal:
    """Means of values with weights whose squares add up to `share`; two such means have equal weights in common."""
    own = values.variance - values.covariance
    shared = values.covariance + own / count
    return Signal.normal(values.mean, values.covariance + own * share, shared, assumption, of=of)


def summed_products(call: Call) -> Any:
    """einsum of two operands: sums of products over the letters that the result lacks."""
    equation, operands = call.args[0], list(call.args[1:])
    if len(operands) == 1 and isinstance(operands[0], tuple | list):
        operands = list(operands[0])
    if not isinstance(equation, str) or len(operands) != 2:
        return call.unknown(": einsum is followed for two operands")
    parts, _, result = equation.replace(" ", "").replace("...", ".").partition("->")
    letters = parts.split(",")
    if not _ or any(max(Counter(part).values(), default=1) > 1 for part in letters):
        return call.unknown(": einsum is followed with a result and without diagonals")
    sizes: dict[str, int] = {}
    for part, operand in zip(letters, operands, strict=True):
        if "." not in part:
            sizes.update(zip(part, operand.shape, strict=True))
        else:
            start, end = part.split(".")
            sizes.update(zip(start, operand.shape, strict=False))
            sizes.update(zip(reversed(end), reversed(operand.shape), strict=False))
    inner = [letter for letter in sizes if letter not in result]
    if any(letter not in letters[0] or letter not in letters[1] for letter in inner):
        return call.unknown(": einsum is followed where sums are over letters of both operands")
    terms = float(prod(sizes[letter] for letter in inner))
    a, b = (call.recorder.signal(operand) for operand in operands)
    for weight, other in ((1, a), (0, b)):
        if call.recorder.parameter(operands[weight]) is not None and inner:
            own = [letter for letter in result if letter in letters[weight] and letter not in letters[1 - weight]]
            channel = result.index(own[-1]) if own and "." not in result else None
            return weighted(call, other, operands[weight], None, terms, channel=channel)
    mean, variance = formulas.matmul((a.mean, a.variance), (b.mean, b.variance), terms)
    call.run()
    assumption = "" if joint(a, b).known else INDEPENDENT_FACTORS
    known = a if call.recorder.knows(operands[0]) else b
    shares = a.origin.are_shares and a.function is None and inner == [letters[0][-1]]
    if shares:
        return call.finish(weighted_mean(b, min(terms * a.second_moment, 1.0), terms, assumption, (a, b)), known)
    return call.finish(Signal.normal(mean, variance, 0.0, assumption, of=(a, b)), known)


RULES: dict[str, Rule] = {
    **dict.fromkeys(("cat", "concat", "concatenate", "stack", "hstack", "vstack", "dstack"), concatenated),
    **dict.fromkeys(("column_stack", "row_stack"), concatenated),
    **dict.fromkeys(("matmul", "bmm", "mm", "mv", "dot", "rmatmul"), multiplied_matrices),
    **dict.fromkeys(("addmm", "baddbmm"), added_matrices),
    "einsum": summed_products,
}
