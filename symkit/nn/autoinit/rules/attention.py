"""Attention: weighted means of values, the weights a softmax of products of queries and keys."""

from __future__ import annotations

from math import sqrt
from typing import Any

from torch import Tensor

from symkit.nn.autoinit import formulas, gaussian
from symkit.nn.autoinit.recorder import Call, Rule
from symkit.nn.autoinit.rules.weighted import initialised, shared_by_weights, sum_of_weighted
from symkit.nn.autoinit.signal import Signal

ASSUMED = "queries, keys and values taken as independent"


def dot_product(call: Call) -> Any:
    """softmax(Q K^T / sqrt(d)) V."""
    queries, keys, values = (call.signal(place, name) for place, name in enumerate(("query", "key", "value")))
    given, key = call.argument(0, "query"), call.argument(1, "key")
    size, count = given.shape[-1], key.shape[-2]
    scale = call.named.get("scale") or 1 / sqrt(size)
    call.run()
    return call.finish(attended(queries, keys, values, size, count, scale), values)


def attended(queries: Signal, keys: Signal, values: Signal, size: int, count: int, scale: float) -> Signal:
    """The weighted mean of `count` values; logits are sums of `size` products, scaled."""
    # What all keys have in common moves all logits alike.
    own = keys.variance - keys.covariance
    _, logits = formulas.matmul((queries.mean, queries.variance), (0.0, own), float(size))
    share = gaussian.softmax_weights(count, logits * scale**2)
    variance = values.covariance + (values.variance - values.covariance) * share
    return Signal.normal(values.mean, variance, values.covariance, ASSUMED)


def multi_head(call: Call) -> Any:
    """Projections of queries, keys and values, attention, and a projection of what comes out."""
    named = dict(zip(ARGUMENTS, call.args, strict=False)) | call.named
    inputs = [call.recorder.signal(named[name]) for name in ("query", "key", "value")]
    size = named["embed_dim_to_check"]
    heads = named["num_heads"]
    projected = [
        _projected(call, before, *_projection(named, place, size), float(before_size), named.get("in_proj_bias"))
        for place, (before, before_size) in enumerate(zip(inputs, _widths(named), strict=True))
    ]
    count = named["key"].shape[0] if named["key"].dim() == 3 else named["key"].shape[-2]
    width = size // heads
    queries, keys, values = projected
    inside = attended(queries, keys, values, width, count, 1 / sqrt(width))
    if named.get("training", True) and named.get("dropout_p"):
        mean, variance = formulas.dropout((inside.mean, inside.variance), float(named["dropout_p"]))
        inside = Signal.normal(mean, variance, inside.covariance, inside.assumption)
    out = named["out_proj_weight"]
    std, remark = initialised(call, out, named.get("out_proj_bias"), float(size), inside.mean, inside.variance)
    mean, variance = sum_of_weighted(call, out, float(size), std, inside)
    call.run()
    result = call.result[0]
    shared = shared_by_weights(inside, variance)
    signal = Signal.normal(mean, variance, shared, remark or ASSUMED, fresh=std is not None)
    call.recorder.record(call.kind, inputs[0], signal, result, std)
    call.recorder.attach(result, signal)
    return call.result


ARGUMENTS = (
    *("query", "key", "value", "embed_dim_to_check", "num_heads", "in_proj_weight", "in_proj_bias", "bias_k", "bias_v"),
    *("add_zero_attn", "dropout_p", "out_proj_weight", "out_proj_bias", "training"),
)


PARTS = ("q_proj_weight", "k_proj_weight", "v_proj_weight")


def _projection(named: dict[str, Any], place: int, size: int) -> tuple[Tensor, slice | None]:
    """The weights of queries, keys or values, and which rows of them."""
    if named.get("use_separate_proj_weight"):
        return named[PARTS[place]], None
    return named["in_proj_weight"], slice(place * size, (place + 1) * size)


def _widths(named: dict[str, Any]) -> list[int]:
    return [named[name].shape[-1] for name in ("query", "key", "value")]


def _projected(
    call: Call, before: Signal, weight: Tensor, rows: slice | None, terms: float, bias: Tensor | None
) -> Signal:
    std, _ = initialised(call, weight, bias, terms, before.mean, before.variance, rows)
    mean, variance = sum_of_weighted(call, weight if rows is None else weight[rows], terms, std, before)
    return Signal.normal(mean, variance, shared_by_weights(before, variance), fresh=std is not None)


RULES: dict[str, Rule] = {
    "scaled_dot_product_attention": dot_product,
    "multi_head_attention_forward": multi_head,
}
