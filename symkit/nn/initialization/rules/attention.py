"""Attention: weighted means of values, the weights a softmax of products of queries and keys."""

from __future__ import annotations

from math import sqrt
from typing import Any

import torch
from torch import Tensor

from symkit.nn.initialization import formulas
from symkit.nn.initialization.pairs import joint
from symkit.nn.initialization.recorder import Call, Rule
from symkit.nn.initialization.rules.initialising import initialised
from symkit.nn.initialization.rules.reductions import mean_share
from symkit.nn.initialization.rules.weighted import summed
from symkit.nn.initialization.signal import Signal

ASSUMED = "queries, keys and values taken as independent"


def dot_product(call: Call) -> Any:
    """softmax(Q K^T / sqrt(d)) V."""
    tensors = [call.argument(place, name) for place, name in enumerate(("query", "key", "value"))]
    queries, keys, values = (call.recorder.signal(tensor) for tensor in tensors)
    size = tensors[0].shape[-1]
    counts = _counts(tensors[1].shape[-2], call.argument(3, "attn_mask"))
    if call.argument(5, "is_causal", default=False):
        counts = list(range(1, tensors[1].shape[-2] + 1))
    scale = call.named.get("scale") or 1 / sqrt(size)
    call.run()
    after = _dropped(attended(queries, keys, values, size, counts, scale), float(call.argument(4, "dropout_p") or 0))
    return call.finish(after, values, channel=tensors[2].dim() - 1)


def attended(queries: Signal, keys: Signal, values: Signal, size: int, counts: list[int], scale: float) -> Signal:
    """Weighted means of so many values; logits are sums of `size` products, scaled."""
    # What all keys have in common moves all logits alike.
    own = keys.variance - keys.covariance
    logits = size * queries.second_moment * own * scale**2
    share = mean_share(counts, logits)
    equal = sum(1 / count for count in counts) / len(counts)
    rest = values.variance - values.covariance
    # Queries with much in common have weights in common.
    alike = equal + (share - equal) * max((queries.covariance + queries.mean**2) / (queries.second_moment or 1.0), 0.0)
    shared = values.covariance + rest * alike
    pairs = ((queries, keys), (keys, values), (queries, values))
    assumption = "" if all(joint(a, b).known for a, b in pairs) else ASSUMED
    return Signal.normal(values.mean, values.covariance + rest * share, shared, assumption, of=(queries, keys, values))


def _counts(count: int, mask: Tensor | None) -> list[int]:
    """How many keys the queries see."""
    if mask is None:
        return [count]
    seen = mask if mask.dtype == torch.bool else mask > -torch.inf
    found = seen.expand(*seen.shape[:-1], count).sum(-1).flatten().sort().values.tolist()
    return [number for number in found if number] or [count]


def _dropped(signal: Signal, rate: float) -> Signal:
    """Of weights: about what dropping values does."""
    if not rate:
        return signal
    mean, variance = formulas.dropout((signal.mean, signal.variance), rate)
    return signal.become(mean, variance, signal.covariance, signal.assumption)


def multi_head(call: Call) -> Any:
    """Projections of queries, keys and values, attention, and a projection of what comes out."""
    named = dict(zip(ARGUMENTS, call.args, strict=False)) | call.named
    recorder = call.recorder
    tensors = [named[name] for name in ("query", "key", "value")]
    inputs = [recorder.signal(tensor) for tensor in tensors]
    size, heads = named["embed_dim_to_check"], named["num_heads"]
    queries, keys, values = (_projected(call, named, place, signal) for place, signal in enumerate(inputs))
    width, count = size // heads, tensors[1].shape[0]
    extra = (named.get("bias_k") is not None) + bool(named.get("add_zero_attn"))
    counts = [number + extra for number in _visible(named, count, heads)]
    inside = attended(queries, keys, values, width, counts, 1 / sqrt(width))
    if named.get("training", True):
        inside = _dropped(inside, float(named.get("dropout_p") or 0))
    out, bias = named["out_proj_weight"], named.get("out_proj_bias")
    std, remark = initialised(call, out, bias, float(size), inside)
    after = summed(call, inside, out, bias, float(size), std).noted(remark or inside.assumption)
    result, weights = call.run()
    recorder.record(call.kind, inputs[0], after, result, std)
    recorder.attach(result, after, result.dim() - 1)
    recorder.made(weights)
    return call.result


ARGUMENTS = (
    *("query", "key", "value", "embed_dim_to_check", "num_heads", "in_proj_weight", "in_proj_bias", "bias_k", "bias_v"),
    *("add_zero_attn", "dropout_p", "out_proj_weight", "out_proj_bias", "training", "key_padding_mask"),
    *("need_weights", "attn_mask", "use_separate_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight"),
)

PARTS = ("q_proj_weight", "k_proj_weight", "v_proj_weight")


def _projected(call: Call, named: dict[str, Any], place: int, before: Signal) -> Signal:
    """Queries, keys or values."""
    size, bias = named["embed_dim_to_check"], named.get("in_proj_bias")
    rows = slice(place * size, (place + 1) * size)
    weight = named[PARTS[place]] if named.get("use_separate_proj_weight") else named["in_proj_weight"][rows]
    terms = float(weight.shape[-1])
    own = None if bias is None else bias[rows]
    std, _ = initialised(call, weight, own, terms, before)
    return summed(call, before, weight, own, terms, std)


def _visible(named: dict[str, Any], count: int, heads: int) -> list[int]:
    """How many keys the queries see, of masks in which what is not seen is true, or minus infinity."""
    mask, padding = named.get("attn_mask"), named.get("key_padding_mask")
    if mask is None and named.get("is_causal"):
        return list(range(1, count + 1))
    if padding is not None:
        return _counts(count, _seen(padding))
    return _counts(count, None if mask is None else _seen(mask))


def _seen(mask: Tensor) -> Tensor:
    return ~mask if mask.dtype == torch.bool else mask > -torch.inf


RULES: dict[str, Rule] = {
    "scaled_dot_product_attention": dot_product,
    "multi_head_attention_forward": multi_head,
}
