"""Recurrent layers keep their own initialisation; what comes out is sampled (B section 5.4)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from symkit.nn.autoinit.recorder import Call, Rule, measured
from symkit.nn.autoinit.signal import Signal

ASSUMED = "Monte Carlo: run on normal inputs, with weights as they are"


def recurrent(call: Call) -> Any:
    """The layer is run on normal inputs of the predicted mean and variance."""
    before, given = call.signal(), call.argument(0, "input")
    sample = _sample(before, given, call)
    sampled = call.function(sample, *call.args[1:], **call.named)
    results = call.run()
    for found, result in zip(_tensors(sampled), _tensors(results), strict=True):
        after = measured(found).noted(ASSUMED)
        if result is _tensors(results)[0]:
            call.recorder.record(call.kind, before, after, result)
        call.recorder.attach(result, after)
    return results


def _sample(before: Signal, given: Tensor, call: Call) -> Tensor:
    """Normal inputs; those of one sample and feature at different times have the covariance of positions."""
    shape = list(given.shape)
    if len(shape) == 3:
        shape[1 if call.argument(8, "batch_first", False) else 0] = 1
    common, own = (
        torch.randn(size, generator=call.recorder.generator, dtype=torch.float64) for size in (shape, given.shape)
    )
    rest = before.variance - before.covariance
    sample: Tensor = before.mean + before.covariance**0.5 * common + rest**0.5 * own
    return sample.to(given)


def _tensors(results: Any) -> list[Tensor]:
    return [results] if isinstance(results, Tensor) else [found for found in results if isinstance(found, Tensor)]


NAMES = ("lstm", "gru", "rnn_tanh", "rnn_relu", "lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell")

RULES: dict[str, Rule] = dict.fromkeys(NAMES, recurrent)
