"""Weights of one layer, drawn just before it runs (B equation 5.6)."""

from __future__ import annotations

import torch
from torch import Tensor

from symkit.nn.initialization import formulas
from symkit.nn.initialization.measuring import contradicts, measured
from symkit.nn.initialization.recorder import Call
from symkit.nn.initialization.signal import Signal
from symkit.nn.initialization.weights import fill

COMPUTED = "weights are computed: as they are"
KEPT = "weights kept as they are"
SHARED = "weights shared with an earlier layer"
NO_INPUT = "its input is 0 everywhere: weights kept as they are"


def initialised(
    call: Call,
    weight: Tensor,
    bias: Tensor | None,
    terms: float,
    before: Signal,
    *,
    rows: slice | None = None,
    groups: int = 1,
) -> tuple[float | None, str]:
    """Fills weights so that the sum of so many terms has the wanted variance; the standard deviation, and a remark.

    Weights that are no parameter of the model nor a view of one, that do not train, or that are to be kept stay as
    they are: None. With `rows`, only these are filled.
    """
    recorder = call.recorder
    part = weight if rows is None else weight[rows]
    found = recorder.parameter(part)
    if found is None:
        return None, COMPUTED
    settings = recorder.settings.of(found.name)
    if not found.parameter.requires_grad or settings["keep"]:
        return None, KEPT
    key = found.name + found.where
    if key in recorder.set:
        return recorder.set[key], SHARED
    if not before.second_moment:
        return None, NO_INPUT
    std = formulas.weight_std(terms, before.mean, before.variance, settings["variance"])
    with torch.no_grad():
        _remember(call, found.name, found.parameter)
        fill(part, std, settings["distribution"], recorder.generator, groups=groups)
        recorder.forget(weight)
        _clear(call, bias)
    recorder.set[key] = std
    return std, ""


def calibrated(
    call: Call, weight: Tensor, std: float | None, assumption: str, after: Signal, result: Tensor
) -> float | None:
    """Scales weights that were just drawn, and what came out, to the predicted variance, where it is another."""
    if std is None or assumption or not call.recorder.settings.calibrate:
        return std
    if not contradicts(result, measured(result), after):
        return std
    square = float(result.square().mean(dtype=torch.float64))
    factor = (after.variance / square) ** 0.5 if square > 0 else 1.0
    if not 0 < factor < float("inf"):
        return std
    weight.mul_(factor)
    result.mul_(factor)
    call.recorder.forget(weight)
    found = call.recorder.parameter(weight)
    assert found is not None
    call.recorder.set[found.name + found.where] = std * factor
    return std * factor


def _clear(call: Call, bias: Tensor | None) -> None:
    """Biases of mean 0 and variance 0."""
    found = call.recorder.parameter(bias)
    if bias is None or found is None or not found.parameter.requires_grad:
        return
    _remember(call, found.name, found.parameter)
    bias.zero_()
    call.recorder.forget(bias)


def _remember(call: Call, name: str, parameter: torch.nn.Parameter) -> None:
    """Should the model fail, it is as it was."""
    if name not in call.recorder.originals:
        call.recorder.originals[name] = (parameter, parameter.detach().clone())
